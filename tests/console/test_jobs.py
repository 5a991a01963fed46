"""What each page is there for, by its forms alone: everything works without script."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from ringbook.core import import_files
from ringbook.core.access import Core, Records
from ringbook.domain.imports import OPEN, Counts, Import
from ringbook.web.exchanges import masked
from tests.console.conftest import Visitor, sign_in
from tests.core.cast import LEADS, SPRING, everybody, lead, number, only, save, with_number


async def test_a_contact_is_made_edited_and_restored(admin: Visitor, records: Records) -> None:
    leads_to = await admin.done("/contacts/new", {"first_name": "Ada", "last_name": "Byron", "phone1": number(1)})
    contact = only(await with_number(records, number(1)))
    assert leads_to == f"/console/contacts/{contact.id}?said=created"
    await admin.done(f"/contacts/{contact.id}/edit", {"version": contact.version, "first_name": "", "city": "Ockham"})
    changed = await records.contacts.get(contact.id)
    assert changed.attributes == {"last_name": "Byron", "phone1": number(1), "city": "Ockham"}
    history = await admin.read(f"/contacts/{contact.id}/history")
    assert "Ockham" in history
    change = re.search(r'name="change" value="(\d+)"', history)
    assert change is not None
    await admin.done(f"/contacts/{contact.id}/restore", {"change": change[1]})
    assert (await records.contacts.get(contact.id)).attributes["first_name"] == "Ada"


async def test_who_was_slower_is_told_and_loses_nothing(admin: Visitor, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await records.contacts.update(contact.id, {"city": "London"})
    answer = await admin.send(f"/contacts/{contact.id}/edit", {"version": contact.version, "first_name": "Augusta"})
    assert answer.status_code == 400
    assert "Somebody has changed this contact meanwhile" in answer.text
    assert 'value="Augusta"' in answer.text
    assert (await records.contacts.get(contact.id)).attributes["first_name"] == "Ada"


async def test_what_does_not_fit_is_said_beside_its_field(admin: Visitor) -> None:
    answer = await admin.send("/contacts/new", {"email": "not an address", "first_name": "Ada"})
    assert answer.status_code == 400
    field = re.search(r'<input id="f-email"[^>]*>', answer.text)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert "must be an e-mail address" in answer.text
    assert 'value="Ada"' in answer.text


async def test_a_contact_that_was_deleted_comes_back_from_its_history(admin: Visitor, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await admin.done(f"/contacts/{contact.id}/delete")
    assert (await admin.get(f"/contacts/{contact.id}")).status_code == 404
    history = await admin.read(f"/contacts/{contact.id}/history")
    assert "was taken away" in history
    change = re.search(r'name="change" value="(\d+)"', history)
    assert change is not None
    await admin.done(f"/contacts/{contact.id}/restore", {"change": change[1]})
    assert "<h1>Ada</h1>" in await admin.read(f"/contacts/{contact.id}")


async def test_two_become_one_with_the_values_that_were_chosen_and_two_again(admin: Visitor, records: Records) -> None:
    ada = await save(records, first_name="Ada", city="London", phone1=number(1))
    eve = await save(records, first_name="Augusta", phone1=number(2))
    page = await admin.read(f"/contacts/{ada.id}/merge", other=eve.id)
    assert 'name="keep-first_name"' in page
    await admin.done(f"/contacts/{ada.id}/merge", {"other": eve.id, "keep-first_name": "theirs"})
    one = await records.contacts.get(ada.id)
    assert (one.attributes["first_name"], one.attributes["city"]) == ("Augusta", "London")
    assert "Take apart" in await admin.read(f"/contacts/{ada.id}")
    await admin.done(f"/contacts/{ada.id}/unmerge", {"merged": eve.id})
    assert (await records.contacts.get(ada.id)).attributes["first_name"] == "Ada"
    assert (await records.contacts.get(eve.id)).attributes["first_name"] == "Augusta"


async def test_contacts_are_paged_sorted_and_a_filter_is_kept(admin: Visitor, records: Records) -> None:
    for n in range(60):
        await save(records, first_name="Kim", last_name=f"Poe{n:02}", phone1=f"330-555-{1000 + n}")
    seen: list[str] = []
    path = "/contacts?sort=last_name"
    while path:
        page = await admin.read(path)
        seen += re.findall(r"Kim (Poe\d\d)", page)
        onward = re.search(r'rel="next" href="/console([^"]+)"', page)
        path = onward[1] if onward else ""
    assert seen == [f"Poe{n:02}" for n in range(60)]
    await admin.done("/contacts/filters", {"name": "The Poes", "query": "name=poe0&sort=last_name"})
    page = await admin.read("/contacts")
    kept = re.search(r'href="/console(/contacts\?[^"]+)"[^>]*>The Poes<', page)
    assert kept is not None
    assert len(re.findall(r"Kim Poe\d\d", await admin.read(kept[1]))) == 10
    await admin.done("/contacts/filters/drop", {"name": "The Poes"})
    assert "The Poes" not in await admin.read("/contacts")


async def test_a_campaign_is_started_stopped_and_bound(admin: Visitor, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ada"))
    await admin.done(f"/campaigns/{SPRING}", {"state": "stop"})
    assert (await records.campaigns.get(SPRING)).state == "stopped"
    await admin.done(f"/campaigns/{SPRING}", {"state": "start"})
    assert (await records.campaigns.get(SPRING)).state == "running"
    refused = await admin.send(f"/campaigns/{SPRING}", {"state": "start"})
    assert refused.status_code == 409
    assert "running already" in refused.text
    made = await admin.done("/campaigns/new", {"name": "Summer", "type": "preview"})
    campaign_id = int(made.partition("?")[0].rpartition("/")[2])
    leads = next(one.id for one in await records.lists.all() if one.name == LEADS)
    await admin.done(f"/campaigns/{campaign_id}/bind", {"list": leads})
    assert "Ada" in await admin.read(f"/campaigns/{campaign_id}")
    await admin.done(f"/campaigns/{campaign_id}/unbind", {"list": leads})
    await admin.done(f"/campaigns/{campaign_id}/delete")
    assert (await admin.get(f"/campaigns/{campaign_id}")).status_code == 404


async def test_a_list_is_made_and_shows_its_records(admin: Visitor, records: Records) -> None:
    fields = {"name": "autumn.csv", "key": "id", "phones": "Phone\nMobile", "first_name": "First name"}
    made = await admin.done("/lists/new", fields)
    list_id = int(made.partition("?")[0].rpartition("/")[2])
    await records.lists.add(list_id, {"id": "1", "Phone": number(1), "First name": "Ada"})
    page = await admin.read(f"/lists/{list_id}")
    assert "(330) 555-0101" in page
    await admin.done(f"/lists/{list_id}/clear")
    assert "(330) 555-0101" not in await admin.read(f"/lists/{list_id}")
    await admin.done(f"/lists/{list_id}/delete")


async def test_a_template_is_made_its_token_works_and_is_shown_once(
    admin: Visitor, records: Records, router: httpx.AsyncClient
) -> None:
    answer = await admin.send("/datasets/templates", {"name": "Callback", "hours": "0.5", "data_keys": "AccNum\nName"})
    assert answer.status_code == 200
    token = re.search(r'<code id="token">([^<]+)</code>', answer.text)
    assert token is not None
    assert token[1] not in await admin.read("/datasets/templates")
    body = {"customer_contact_number": number(4), "data_values": {"AccNum": "A-4"}}
    headers = {"authorization": f"Bearer {token[1]}"}
    assert (await router.post("/api/v1/data_sets", json=body, headers=headers)).status_code == 200
    assert "A-4" in await admin.read("/datasets", number=number(4))
    template = next(each.template for each in await records.templates.all() if each.template.name == "Callback")
    rotated = await admin.send(f"/datasets/templates/{template.id}/rotate")
    assert '<code id="token">' in rotated.text
    assert token[1] not in rotated.text
    await admin.done(f"/datasets/templates/{template.id}/disable")
    assert "No token" in await admin.read("/datasets/templates")


async def test_a_number_is_barred_and_who_asks_is_told_why(admin: Visitor, records: Records) -> None:
    assert "(330) 555-0107: yes" in await admin.read("/dnc", number=number(7))
    await admin.done("/dnc", {"name": "internal", "type": "INTERNAL"})
    await admin.done(
        "/dnc/list", {"name": "internal", "entries": f"{number(7)}\n{number(8)}", "comment": "asked us to"}
    )
    page = await admin.read("/dnc", number=number(7))
    assert "(330) 555-0107: no" in page
    assert "internal" in page
    assert "asked us to" in await admin.read("/dnc/list", name="internal")
    await admin.done("/dnc/list/remove", {"name": "internal", "entries": number(7)})
    assert "(330) 555-0107: yes" in await admin.read("/dnc", number=number(7))
    await admin.done("/dnc/list/bind", {"name": "internal", "campaigns": SPRING})
    assert (await records.dnc_lists.get("internal")).campaigns == (SPRING,)
    await admin.done("/dnc/list/delete", {"name": "internal"})


async def test_an_attribute_and_a_condition_are_made_and_tried(admin: Visitor, records: Records) -> None:
    made = {"key": "meter", "label": "Meter", "type": "Text", "unique": "true", "searchable": "true"}
    await admin.done("/schema", made)
    await admin.done("/schema/conditions", {"variable": "callVariable3", "key": "meter"})
    await save(records, first_name="Ada", meter="M-1", phone1=number(1))
    page = await admin.read("/schema", ani=number(9), variables="callVariable3 = M-1")
    assert "One person pops" in page
    assert "callvariable3 is Meter: M-1" in page
    attribute = (await records.schema.attributes()).by_key["meter"]
    await admin.done(f"/schema/{attribute.id}", made | {"key": "meter_number", "label": "Meter number"})
    assert "meter_number" in (await records.schema.attributes()).by_key
    condition = only(await records.schema.conditions())
    await admin.done(f"/schema/conditions/{condition.id}/delete")
    await admin.done(f"/schema/{attribute.id}/hide")
    assert "meter_number" not in (await records.schema.attributes()).by_key


async def test_a_key_is_made_its_secret_works_and_ends(
    admin: Visitor, records: Records, router: httpx.AsyncClient
) -> None:
    answer = await admin.send("/keys", {"name": "crm", "dialect": "native", "scope": "read"})
    secret = re.search(r'<code id="secret">(rb_\w+)</code>', answer.text)
    assert secret is not None
    headers = {"authorization": f"Bearer {secret[1]}"}
    asked = {"params": {"phone": number(1)}, "headers": headers}
    assert (await router.get("/v1/lookup", **asked)).status_code == 200  # type: ignore[arg-type]
    key = next(key for key in await records.keys.all() if key.name == "crm")
    await admin.done(f"/keys/{key.id}/revoke")
    await asyncio.sleep(0.6)
    assert (await router.get("/v1/lookup", **asked)).status_code == 401  # type: ignore[arg-type]


async def test_a_user_is_made_given_a_role_and_shut_out(
    admin: Visitor, core: Core, records: Records, router: httpx.AsyncClient
) -> None:
    weak = await admin.send("/users", {"login": "sue", "password": "short"})
    assert "10 characters or more" in weak.text
    await admin.done("/users", {"login": "sue", "password": "a-long-password", "role": "agent"})
    form = {"slug": records.tenant.slug, "login": "sue", "password": "a-long-password"}
    client = httpx.AsyncClient(transport=router._transport, base_url=router.base_url)
    assert (await client.post("/console/sign-in", data=form)).status_code == 303
    sue = next(user for user in await records.keys.users() if user.login == "sue")
    assert (await client.get("/console/keys")).status_code == 403
    await admin.done(f"/users/{sue.id}", {"role": "admin"})
    assert (await client.get("/console/keys")).status_code == 200
    await admin.done(f"/users/{sue.id}/disable")
    assert (await client.get("/console")).status_code == 303


async def test_the_last_administrator_stays_one(admin: Visitor, records: Records) -> None:
    kim = next(user for user in await records.keys.users() if user.login == "kim.lee")
    for path, fields in ((f"/users/{kim.id}", {"role": "agent"}), (f"/users/{kim.id}/disable", {})):
        answer = await admin.send(path, fields)
        assert answer.status_code == 409
        assert "last administrator" in answer.text


async def test_one_changes_ones_own_password_and_is_signed_out_elsewhere(
    admin: Visitor, core: Core, records: Records, router: httpx.AsyncClient
) -> None:
    elsewhere = await sign_in(router, core, records, "kim.lee")
    old = f"password-of-{records.tenant.slug}"
    wrong = await admin.send("/account/password", {"old": "wrong", "new": "a-new-password", "again": "a-new-password"})
    assert "another one" in wrong.text
    await admin.done("/account/password", {"old": old, "new": "a-new-password", "again": "a-new-password"})
    core.sessions.forget()
    assert (await admin.get("")).status_code == 200
    assert (await elsewhere.get("")).status_code == 303


async def test_times_are_in_the_readers_zone_which_is_named(admin: Visitor, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    assert re.search(r'<span class="zone">E[SD]T</span>', await admin.read(f"/contacts/{contact.id}"))
    await admin.done("/account/zone", {"time_zone": "Asia/Tokyo"})
    assert '<span class="zone">JST</span>' in await admin.read(f"/contacts/{contact.id}")
    assert (await admin.send("/account/zone", {"time_zone": "Mars/Olympus"})).status_code == 400


async def test_a_file_is_previewed_and_imported_with_the_chosen_columns(admin: Visitor, records: Records) -> None:
    content = "Vorname,first_name,phone1\nx,Ada,330-555-0151\ny,Eva,not-a-number\n"
    await admin.read("/account")
    await admin.send("/account/zone", {"time_zone": ""})
    sent = {"file": ("people.csv", content, "text/csv")}
    preview = await admin.client.post("/console/imports/preview", data={"form_token": admin.token}, files=sent)
    assert preview.status_code == 200
    assert 'name="column" value="Vorname"' in preview.text
    fields = {"form_token": admin.token, "dry_run": "false"}
    fields |= {"column": ["Vorname", "first_name", "phone1"], "to": ["", "last_name", "phone1"]}  # type: ignore[dict-item]
    answer = await admin.client.post("/console/imports/new", data=fields, files=sent)
    assert answer.status_code == 303, answer.text
    await records.imports.work()
    path = answer.headers["location"].removeprefix("/console")
    page = await admin.read(path)
    job = await records.imports.get(int(path.rpartition("/")[2]))
    assert job.state not in OPEN
    assert job.counts.added == 2
    assert "Done" in page
    assert only(await with_number(records, "330-555-0151")).attributes["last_name"] == "Ada"
    assert (await admin.get(f"{path}/report")).headers["content-type"].startswith("text/csv")
    await admin.done(f"{path}/undo")
    await records.imports.work()
    assert await with_number(records, "330-555-0151") == []


async def test_an_exported_file_comes_in_through_the_form_and_changes_nothing(admin: Visitor, records: Records) -> None:
    """Two contacts that only their ids tell apart."""
    for _ in range(2):
        await save(records, first_name="Ada")
    before = await everybody(records)
    content = b"".join([piece async for piece in records.exports.pieces("contacts")])
    await admin.read("/account")
    await admin.send("/account/zone", {"time_zone": ""})
    sent = {"file": ("people.csv", content, "text/csv")}
    fields: dict[str, Any] = {"form_token": admin.token, "dry_run": "false"}
    preview = (await admin.client.post("/console/imports/preview", data=fields, files=sent)).text
    columns = re.findall(r'name="column" value="([^"]+)"', preview)
    chosen = [re.search(r'value="([^"]*)" selected', part) for part in preview.split('<select name="to"')[1:]]
    fields |= {"column": columns, "to": [one[1] if one else "" for one in chosen]}
    answer = await admin.client.post("/console/imports/new", data=fields, files=sent)
    await records.imports.work()
    job = await records.imports.get(int(answer.headers["location"].rpartition("/")[2]))
    assert job.counts == Counts(rows=2, unchanged=2)
    assert await everybody(records) == before


async def test_an_import_that_runs_is_cancelled_and_then_undone(
    admin: Visitor, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "SLICE", 100)
    await admin.read("/account")
    await admin.send("/account/zone", {"time_zone": ""})
    content = "customer_id\n" + "".join(f"{n}\n" for n in range(2000))
    fields = {"form_token": admin.token, "dry_run": "false"}
    sent = {"file": ("people.csv", content, "text/csv")}
    answer = await admin.client.post("/console/imports/new", data=fields, files=sent)
    path = answer.headers["location"].removeprefix("/console")
    pressed: list[asyncio.Task[str]] = []

    async def press() -> str:
        assert f"{path}/cancel" in await admin.read(path)
        assert await admin.done(f"{path}/cancel") == f"/console{path}"
        return await admin.read(path)

    def told(job: Import) -> None:
        if not pressed:
            pressed.append(asyncio.create_task(press()))

    assert await records.imports.work(told)
    await pressed[0]
    job = await records.imports.get(int(path.rpartition("/")[2]))
    assert job.state == "cancelled"
    assert 0 < job.counts.added < 2000
    page = await admin.read(path)
    assert f"{path}/cancel" not in page
    await admin.done(f"{path}/undo")
    assert f"{path}/undo" not in await admin.read(path)
    await records.imports.work()
    undone = (await records.imports.get(job.id)).undo
    assert undone is not None
    assert undone.deleted == job.counts.added


async def test_a_file_without_the_token_is_refused(admin: Visitor) -> None:
    sent = {"file": ("people.csv", "first_name\nAda\n", "text/csv")}
    for path in ("preview", "new"):
        answer = await admin.client.post(f"/console/imports/{path}", data={"form_token": "x"}, files=sent)
        assert answer.status_code == 403


async def test_every_dialect_is_described(admin: Visitor) -> None:
    for dialect, path in (("native", "/v1/lookup"), ("mindful", "/api/v1/data_sets"), ("cim", "/saveContact")):
        assert path in await admin.read("/api", dialect=dialect)
    assert (await admin.get("/api", dialect="nobody")).status_code == 404
    assert (await admin.get("/api", dialect="console")).status_code == 404


def test_secrets_are_masked_wherever_they_stand() -> None:
    for text in (
        "GET /callerid?number=1&key=s3cret",
        "grant_type=client_credentials&client_secret=s3cret&client_id=kim",
        '{"name": "crm", "secret": "s3cret"}',
        '{"api_secret":"s3\\"s3cret", "token" : "s3cret"}',
        '{"password": "s3cret',
    ):
        assert "s3cret" not in masked(text), text
    assert masked('{"number": "1", "keys": ["AccNum"]}') == '{"number": "1", "keys": ["AccNum"]}'
