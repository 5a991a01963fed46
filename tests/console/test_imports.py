"""Imports as somebody runs them from the pages: tried and then done, with settings that are kept, and taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from ringbook.console.imports import undo_until
from ringbook.core import import_run
from ringbook.core.access import Records
from ringbook.domain.imports import Counts, Import, ImportSettings, Undo
from ringbook.domain.schema import Attribute
from tests.console.conftest import Visitor
from tests.core.cast import LEADS, everybody, number, only, save, with_number

PEOPLE = f"Given name,phone1\nUdo,{number(60)}\n"


async def send(visitor: Visitor, text: str, path: str = "new", **fields: Any) -> httpx.Response:
    """Choose a file with this content, and press a button of the form."""
    if not visitor.token:
        await visitor.send("/account/zone", {"time_zone": ""})
    data = {"form_token": visitor.token, "dry_run": "false"} | fields
    sent = {"file": ("people.csv", text, "text/csv")}
    return await visitor.client.post(f"/console/imports/{path}", data=data, files=sent)


async def begin(visitor: Visitor, records: Records, text: str, **fields: Any) -> Import:
    """An import that the form has begun and a worker has carried out."""
    answer = await send(visitor, text, **fields)
    assert answer.status_code == 303, answer.text
    await records.imports.work()
    return await records.imports.get(int(answer.headers["location"].rpartition("/")[2]))


async def test_what_was_tried_is_imported_without_being_sent_again(admin: Visitor, records: Records) -> None:
    tried = await begin(admin, records, PEOPLE, dry_run="true", column=["Given name"], to=["last_name"])
    page = await admin.read(f"/imports/{tried.id}")
    assert "Nothing was changed" in page
    assert "Import for real" in page
    path = await admin.done(f"/imports/{tried.id}/for-real")
    await records.imports.work()
    assert "Undo the import" in await admin.read(path.removeprefix("/console"))
    assert only(await with_number(records, number(60))).attributes["last_name"] == "Udo"
    again = await admin.send(f"/imports/{tried.id}/for-real")
    assert again.status_code == 409
    assert "send it again" in again.text


async def test_where_the_file_is_gone_it_is_asked_for_with_the_same_settings(admin: Visitor, records: Records) -> None:
    places = {"column": ["Given name", "phone1"], "to": ["last_name", "phone1"]}
    tried = await begin(admin, records, PEOPLE, dry_run="true", mode="add", **places)
    await records.rehearsals.for_real(tried.id)
    page = await admin.read(f"/imports/{tried.id}")
    assert f'href="/console/imports/new?like={tried.id}">Import for real</a>' in page
    assert "asked for it again" in page
    form = await admin.read("/imports/new", like=tried.id)
    assert '<option value="add" selected>' in form
    preview = (await send(admin, PEOPLE, "preview", like=str(tried.id))).text
    assert re.search(r'Where Given name goes.*?value="last_name" selected', preview, re.S)


async def test_settings_are_kept_under_a_name_and_used_again(admin: Visitor, records: Records) -> None:
    places = {"column": ["Given name", "phone1"], "to": ["last_name", ""]}
    done = await begin(admin, records, PEOPLE, mode="add", blanks="clear", **places)
    assert await admin.done(f"/imports/{done.id}/profile", {"name": " Monthly "}) == (
        f"/console/imports/{done.id}?said=saved"
    )
    saved = (await records.import_profiles.get("Monthly")).settings
    assert (saved.mode, saved.blanks, saved.dry_run) == ("add", "clear", False)
    assert "new?profile=Monthly" in await admin.read("/imports")
    form = await admin.read("/imports/new", profile="Monthly")
    for chosen in ("add", "clear", "Monthly"):
        assert f'<option value="{chosen}" selected>' in form, chosen
    preview = (await send(admin, "Given name,city\nEva,Rome\n", "preview", profile="Monthly")).text
    assert re.search(r'Where Given name goes.*?value="last_name" selected', preview, re.S)
    assert re.search(r'Where city goes.*?value="city" selected', preview, re.S)
    assert "that this file does not have: phone1." in preview
    await admin.done("/imports/profiles/drop", {"name": "Monthly"})
    assert await records.import_profiles.all() == []
    await admin.done("/imports/profiles/drop", {"name": "Monthly"})
    assert (await admin.get("/imports/new", profile="Monthly")).status_code == 404


async def test_the_form_keeps_its_settings_too(admin: Visitor, records: Records) -> None:
    places = {"column": ["Given name", "phone1"], "to": ["last_name", "phone1"]}
    await begin(admin, records, PEOPLE, dry_run="true", save_as="Weekly", **places)
    kept = (await records.import_profiles.get("Weekly")).settings
    assert kept.mapping == {"Given name": "last_name", "phone1": "phone1"}
    assert not kept.dry_run


async def test_a_lists_settings_are_used_again_for_the_list(admin: Visitor, records: Records) -> None:
    leads = next(one for one in await records.lists.all() if one.name == LEADS)
    text = f"id,Phone\n1,{number(1)}\n"
    done = await begin(admin, records, text, list=str(leads.id), dates="dd.MM.yyyy", decimal=",", key="email")
    assert (done.state, done.counts.added) == ("done", 1)
    await admin.done(f"/imports/{done.id}/profile", {"name": "Leads"})
    assert f'<option value="{leads.id}" selected>' in await admin.read("/imports/new", profile="Leads")
    again = await begin(admin, records, text, list=str(leads.id), profile="Leads")
    assert again.counts == Counts(rows=1, unchanged=1)


async def test_dates_and_numbers_are_read_as_the_form_says(admin: Visitor, records: Records) -> None:
    await records.schema.create(Attribute(0, "birthday", "Birthday", "Date"), "Date")
    await records.schema.create(Attribute(0, "debt", "Debt", "Number"), "Number")
    text = f"birthday;debt;phone1\n31.03.1980;1.234,5;{number(60)}\n"
    done = await begin(admin, records, text, dates="dd.MM.yyyy", decimal=",")
    assert done.counts.added == 1, done.failure
    known = only(await with_number(records, number(60))).attributes
    assert known["birthday"] == "1980-03-31"
    assert float(known["debt"]) == 1234.5
    await admin.done(f"/imports/{done.id}/profile", {"name": "German"})
    form = await admin.read("/imports/new", profile="German")
    assert '<option value="dd.MM.yyyy" selected>' in form
    assert '<option value="," selected>' in form


async def test_a_format_that_only_the_api_names_stays_chosen(admin: Visitor, records: Records) -> None:
    await records.import_profiles.put("Odd", ImportSettings(dates="yyyy.MM.dd"))
    assert '<option value="yyyy.MM.dd" selected>yyyy.MM.dd</option>' in await admin.read("/imports/new", profile="Odd")


@pytest.mark.parametrize(
    "fields",
    [
        {"decimal": "x"},
        {"dates": "nonsense"},
        {"dates": "d" * 300},
        {"mode": "x"},
        {"profile": "none of this name"},
        {"like": "999999999"},
        {"like": "x"},
        {"save_as": "a\0b"},
        {"save_as": "a" * 201},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_said_and_nothing_is_begun(
    admin: Visitor, records: Records, fields: dict[str, str]
) -> None:
    answer = await send(admin, PEOPLE, **fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    preview = await send(admin, PEOPLE, "preview", **{k: v for k, v in fields.items() if k != "save_as"})
    assert ("note bad" in preview.text) == ("save_as" not in fields)
    assert await records.imports.all() == []
    assert await records.import_profiles.all() == []


async def test_an_undo_has_its_own_progress_and_says_what_it_left(admin: Visitor, records: Records) -> None:
    text = PEOPLE + f"Eva,{number(61)}\n"
    done = await begin(admin, records, text)
    eva = only(await with_number(records, number(61)))
    await records.contacts.update(eva.id, {"city": "Rome"})
    await admin.done(f"/imports/{done.id}/undo")
    page = await admin.read(f"/imports/{done.id}")
    assert 'value="0.0" aria-label="How much of the undo is behind"' in page
    assert 'data-refresh="1"' in page
    await records.imports.work()
    page = await admin.read(f"/imports/{done.id}")
    assert "1 deleted, 1 left alone" in page
    assert f'href="/console/contacts/{eva.id}"' in page
    assert "data-refresh" not in page
    assert f"/imports/{done.id}/undo" not in page


async def test_an_undo_moves_from_nothing_to_all_of_it(records: Records) -> None:
    asked = await records.imports.settings(ImportSettings())
    job = await records.imports.upload("x.csv", asked, _nothing())
    job = structs.replace(job, state="undoing", counts=Counts(rows=12, added=6, updated=4, unchanged=2))
    assert structs.replace(job, undo=Undo()).share == 0
    assert structs.replace(job, undo=Undo(restored=3, left=1)).share == 0.4
    assert structs.replace(job, undo=Undo(restored=4, deleted=6)).share == 1


async def test_undoing_is_offered_for_a_week_where_something_was_written(admin: Visitor, records: Records) -> None:
    done = await begin(admin, records, PEOPLE)
    assert done.finished_at is not None
    assert undo_until(done, done.finished_at + timedelta(days=6)) == done.finished_at + timedelta(days=7)
    assert undo_until(done, done.finished_at + timedelta(days=8)) is None
    same = await begin(admin, records, PEOPLE)
    assert same.counts == Counts(rows=1, unchanged=1)
    assert "Undo the import" not in await admin.read(f"/imports/{same.id}")


async def test_why_an_import_ended_is_said(admin: Visitor, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = await begin(admin, records, PEOPLE, column=["no such column"], to=["city"])
    assert "The file has no column no such column." in await admin.read(f"/imports/{failed.id}")
    answer = await send(admin, PEOPLE)
    path = answer.headers["location"].removeprefix("/console")
    assert "waits for its turn" in await admin.read(path)
    await admin.done(f"{path}/cancel")
    page = await admin.read(path)
    assert "Somebody cancelled it. Nothing was changed." in page
    assert "Undo" not in page

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(import_run, "slices_of", broken)
    answer = await send(admin, PEOPLE)
    with pytest.raises(RuntimeError):
        await records.imports.work()
    path = answer.headers["location"].removeprefix("/console")
    assert "Something went wrong in Ringbook itself" in await admin.read(path)


async def test_the_report_is_a_file_under_the_headers_of_a_page(admin: Visitor, records: Records) -> None:
    done = await begin(admin, records, "first_name,email\nUdo,not an address\n")
    assert done.counts.refused == 1
    assert f"/imports/{done.id}/report" in await admin.read(f"/imports/{done.id}")
    report = await admin.get(f"/imports/{done.id}/report")
    assert "not an address" in report.text
    assert report.headers["content-disposition"].endswith(f"refused-{done.id}.csv")
    assert report.headers["cache-control"] == "no-store"
    assert report.headers["x-content-type-options"] == "nosniff"


async def test_an_agent_begins_nothing_and_keeps_nothing(agent: Visitor, records: Records) -> None:
    asked = await records.imports.settings(ImportSettings(dry_run=True))
    tried = await records.imports.upload("people.csv", asked, _nothing())
    await records.imports.work()
    await records.import_profiles.put("Monthly", asked)
    for path, fields in (
        (f"/imports/{tried.id}/for-real", {}),
        (f"/imports/{tried.id}/profile", {"name": "Mine"}),
        ("/imports/profiles/drop", {"name": "Monthly"}),
    ):
        assert (await agent.send(path, fields)).status_code == 403, path
    page = await agent.read(f"/imports/{tried.id}")
    assert "Import for real" not in page
    assert "Save these settings" not in page
    assert [one.name for one in await records.import_profiles.all()] == ["Monthly"]


async def test_another_tenants_imports_and_settings_are_missing(
    admin: Visitor, records: Records, other: Records
) -> None:
    asked = await other.imports.settings(ImportSettings(dry_run=True))
    theirs = await other.imports.upload("people.csv", asked, _nothing())
    await other.import_profiles.put("Theirs", asked)
    assert (await admin.get("/imports/new", like=theirs.id)).status_code == 404
    assert (await admin.get("/imports/new", profile="Theirs")).status_code == 404
    for path in ("for-real", "profile"):
        assert (await admin.send(f"/imports/{theirs.id}/{path}", {"name": "Mine"})).status_code == 404
    assert await records.import_profiles.all() == []
    assert await everybody(records) == []
    assert await save(records, first_name="Ada")


async def _nothing() -> Any:
    yield f"first_name,phone1\nUdo,{number(60)}\n".encode()
