"""Records of lists: what is decided where the vendor is silent, and what the other dialects see of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.domain.layout import Field
from tests.conftest import workspace_of
from tests.core.cast import LEADS, SPRING, attempt, lead, number, with_number

SPRING_OF_LEADS = "leads.csv/Spring"


async def add(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/callinglist/add/leads.csv", json=fields)


async def get(client: httpx.AsyncClient, key: object, of: str = SPRING_OF_LEADS) -> Any:
    answer = await client.post(f"/callinglist/get/{of}", json={"id": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---- One store


async def test_what_is_added_is_who_calls(old: httpx.AsyncClient, records: Records) -> None:
    await add(old, id="1", Phone=number(1), **{"first NAME": "Ada", "Last name": "Bell"})
    (contact,) = await with_number(records, number(1))
    assert contact.attributes["first_name"] == "Ada"
    await old.post("/callinglist/update/leads.csv", json={"id": "1", "First name": "Eve"})
    (contact,) = await with_number(records, number(1))
    assert contact.attributes["first_name"] == "Eve"


async def test_what_the_other_generation_wrote_is_read(old: httpx.AsyncClient, v2: httpx.AsyncClient) -> None:
    assert (await add(v2, id="1", Phone=number(1))).status_code == 200
    assert (await get(old, "1"))["entry"] == {"id": "1", "Phone": "3305550101"}
    assert (await get(v2, "1"))["entry"] == {"id": "1", "phone": "3305550101"}


async def test_a_change_to_a_list_leaves_its_campaigns_running(old: httpx.AsyncClient, records: Records) -> None:
    await add(old, id="1", Phone=number(1))
    await attempt(records, list=LEADS, key={"id": "1"}, disposition="Busy")
    await old.post("/callinglist/update/leads.csv", json={"id": "1", "Phone": number(2)})
    await add(old, id="2", Phone=number(2))
    assert (await records.campaigns.get(SPRING)).state == "running"
    assert (await get(old, "1"))["status"]["totalAttempts"] == 1


async def test_a_foreign_list_is_a_missing_one(old: httpx.AsyncClient, other: Records) -> None:
    await other.lists.create("theirs.csv", [Field("id", key=True), Field("Phone", type="PHONE")])
    answers = [
        await old.post(f"/callinglist/get/{name}/Spring", json={"id": "1"}) for name in ("theirs.csv", "nobodys.csv")
    ]
    assert answers[0].content == answers[1].content
    assert {answer.status_code for answer in answers} == {404}


# ---- Keys


async def test_of_many_adds_of_one_key_one_wins(old: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(add(old, id="1", Phone=number(n)) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [204] + [500] * 7


async def test_a_phone_key_is_found_in_every_spelling_that_is_stored_alike(
    old: httpx.AsyncClient, records: Records
) -> None:
    phone = Field("Phone", type="PHONE", phone_type="US_CANADA", key=True)
    await records.lists.create("phones.csv", [phone])
    await old.post("/callinglist/add/phones.csv", json={"Phone": "330-555-0101"})
    for spelling in ("330-555-0101", "+1 330 555 0101", "13305550101", 3305550101):
        answer = await old.post("/callinglist/get/phones.csv/x", json={"Phone": spelling})
        assert answer.json() == {"entry": {"Phone": "13305550101"}}, spelling
    for malformed, status in (("12", 404), ("x", 404), (" ", 400), (None, 400), (["1"], 400)):
        answer = await old.post("/callinglist/get/phones.csv/x", json={"Phone": malformed})
        assert answer.status_code == status, malformed
    answer = await old.post("/callinglist/update/phones.csv", json={"Phone": "12"})
    assert (answer.status_code, answer.json()["error_description"]) == (400, "invalid US/Canada phone number")


async def test_every_key_field_must_be_given_and_all_of_them_count(v2: httpx.AsyncClient, records: Records) -> None:
    fields = [Field("a", key=True), Field("b", key=True), Field("Phone", type="PHONE")]
    await records.lists.create("pairs.csv", fields)
    for pair in (("1", "x"), ("1", "y"), ("2", "x")):
        body = dict(zip("ab", pair, strict=True)) | {"Phone": "1"}
        assert (await v2.post("/callinglist/add/pairs.csv", json=body)).status_code == 200
    found = await v2.post("/callinglist/get/pairs.csv/x", json={"A": "1", "B": "y"})
    assert found.json()["entry"]["b"] == "y"
    missing = await v2.post("/callinglist/get/pairs.csv/x", json={"a": "1"})
    assert missing.json()["error_description"] == "missing key: b"
    assert (await v2.post("/callinglist/get/pairs.csv/x", json={"a": "2", "b": "y"})).status_code == 404


# ---- Fields


async def test_a_skipped_field_is_neither_taken_nor_shown(v2: httpx.AsyncClient, records: Records) -> None:
    fields = [Field("id", key=True), Field("Phone", type="PHONE"), Field("secret", skip=True)]
    await records.lists.create("skip.csv", fields)
    await v2.post("/callinglist/add/skip.csv", json={"id": "1", "Phone": "1", "secret": "x"})
    found = await v2.post("/callinglist/get/skip.csv/x", json={"id": "1"})
    assert found.json() == {"entry": {"id": "1", "phone": "1"}}


async def test_names_are_told_in_lower_case_and_found_in_any(v2: httpx.AsyncClient, records: Records) -> None:
    fields = [Field("id", key=True), Field("Phone", type="PHONE"), Field("Straße")]
    await records.lists.create("street.csv", fields)
    await v2.post("/callinglist/add/street.csv", json={"id": "1", "Phone": "1", "STRASSE": "Am Markt"})
    found = await v2.post("/callinglist/get/street.csv/x", json={"id": "1"})
    assert found.json() == {"entry": {"id": "1", "phone": "1", "straße": "Am Markt"}}
    refused = await v2.post("/callinglist/addAll/street.csv", json=[{"ID": "1", "Phone": "1", "Straße": "x"}])
    assert refused.json()["error"] == {"duplicateKey": [{"id": "1", "phone": "1", "straße": "x"}]}


async def test_too_many_entries_are_told_so(old: httpx.AsyncClient, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    answer = await old.post("/donotcalllist/add/internal", json=["1"] * 100_001)
    assert answer.status_code == 413
    assert answer.json() == {
        "error": "payload_too_large",
        "error_description": "No more than 100000 do-not-call entries at once.",
    }


async def test_prefixes_and_country_codes_are_the_fields(v2: httpx.AsyncClient, records: Records) -> None:
    phone = Field("Phone", type="PHONE", remove_prefix="9", default_country_code="49")
    await records.lists.create("de.csv", [Field("id", key=True), phone])
    await v2.post("/callinglist/add/de.csv", json={"id": "1", "Phone": "9 30 23125-000"})
    found = await v2.post("/callinglist/get/de.csv/x", json={"id": "1"})
    assert found.json()["entry"]["phone"] == "493023125000"


async def test_a_list_that_has_got_other_fields_is_read_as_it_is(old: httpx.AsyncClient, records: Records) -> None:
    phone = Field("Phone", type="PHONE")
    await records.lists.put("new.csv", [Field("id", key=True), phone])
    await old.post("/callinglist/add/new.csv", json={"id": "1", "Phone": "1"})
    assert (await get(old, "1", "new.csv/x"))["entry"]["id"] == "1"
    await records.lists.clear("new.csv")
    await records.lists.put("new.csv", [Field("number", key=True, aliases=("id",)), phone])
    await old.post("/callinglist/add/new.csv", json={"number": "2", "Phone": "1"})
    assert (await get(old, "2", "new.csv/x"))["entry"] == {"number": "2", "Phone": "1"}
    await records.lists.drop("new.csv")
    gone = await old.post("/callinglist/get/new.csv/x", json={"id": "2"})
    assert gone.json()["error_description"] == "calling list not found"


@pytest.mark.parametrize("name", ["List 1.csv", "a+b.csv", "ümläut.csv", "100%.csv", "it's.csv"])
async def test_a_list_may_be_named_like_a_file(old: httpx.AsyncClient, records: Records, name: str) -> None:
    await records.lists.create(name, [Field("id", key=True), Field("Phone", type="PHONE")])
    await records.campaigns.create("A & B", lists_to_run=[name])
    quoted = httpx.URL(f"http://x/{name.replace('%', '%25')}").raw_path.decode()
    await old.post(f"/callinglist/add{quoted}", json={"id": "1", "Phone": "1"})
    found = await old.post(f"/callinglist/get{quoted}/A%20%26%20B/", json={"id": "1"})
    assert found.json()["status"] == {"totalAttempts": 0, "completed": False}


# ---- A campaign's own list


async def test_an_own_list_is_one_like_any_other_once_it_has_a_record(old: httpx.AsyncClient, records: Records) -> None:
    async def lists() -> list[str]:
        (spring,) = (await old.get("/campaign/getAll/")).json()
        return list(spring["lists"])

    assert await lists() == [LEADS]
    await records.lists.add("Spring", {"customer_id": "900", "customer_name": "Ada", "tel1": number(1)})
    assert await lists() == ["Spring", LEADS]
    found = await old.post("/callinglist/get/Spring/Spring", json={"customer_id": "900"})
    assert found.json() == {
        "entry": {"customer_name": "Ada", "customer_id": "900", "tel1": number(1)},
        "status": {"totalAttempts": 0, "completed": False},
    }


async def test_a_key_of_several_fields_is_told_whole_where_it_is_taken(v2: httpx.AsyncClient, records: Records) -> None:
    await records.lists.create("two.csv", [Field("Day", key=True), Field("Phone", type="PHONE", key=True)])
    record = {"day": " Monday ", "phone": "+1 510 555-0101"}
    assert (await v2.post("/callinglist/add/two.csv", json=record)).status_code == 200
    taken = await v2.post("/callinglist/add/two.csv", json=record)
    assert taken.status_code == 409
    assert taken.json()["error_description"].endswith('index: f0_1_f1_1 dup key: { : "Monday", : "15105550101" }')


async def test_in_an_own_list_the_newest_answers_and_a_taken_key_is_refused(
    old: httpx.AsyncClient, records: Records
) -> None:
    for name in ("Ada", "Eve"):
        await records.lists.add("Spring", {"customer_id": "900", "customer_name": name})
    found = await old.post("/callinglist/get/Spring/Spring", json={"customer_id": "900"})
    assert found.json()["entry"]["customer_name"] == "Eve"
    taken = await old.post("/callinglist/add/Spring", json={"customer_id": "900"})
    assert taken.status_code == 500
    assert 'dup key: { : "900" }' in taken.json()["error_description"]
    without = await old.post("/callinglist/add/Spring", json={"customer_name": "Ada"})
    assert (without.status_code, without.json()["error_description"]) == (400, "missing key: customer_id")
    many = [{"customer_id": "900"}, {"customer_id": "901"}, {"customer_id": "901"}, {"tel1": "1"}]
    told = await old.post("/callinglist/addAll/Spring", json=many)
    assert told.json() == {
        "added": 1,
        "error": {"missingKey": [{"tel1": "1"}], "duplicateKey": [{"customer_id": "900"}, {"customer_id": "901"}]},
    }
    assert (await old.post("/callinglist/add/Spring", json={"customer_id": "902"})).status_code == 204


# ---- Many


async def test_many_are_added_in_one_go(v2: httpx.AsyncClient) -> None:
    body = [lead(n, f"+1 330 555 {n:04}", first="Ada") for n in range(2000)]
    body[7] = {"Phone": "1"}
    told = await v2.post("/callinglist/addAll/leads.csv", json=body, timeout=60)
    assert told.json() == {"added": 1999, "error": {"missingKey": [{"phone": "1"}]}}
    page = await v2.post("/callinglist/getAll/leads.csv/Spring", json={"fromIndex": 1990, "maxSize": 1000})
    assert [one["index"] for one in page.json()] == list(range(1990, 1999))


async def test_who_wants_the_pages_204_sets_a_switch(
    core: Core, router: httpx.AsyncClient, passwords: Passwords, old: httpx.AsyncClient, records: Records
) -> None:
    text = workspace_of(records.tenant.slug)
    for switch, status in (("204", 204), ("200", 200), ("201", 400)):
        await apply(core, passwords, read_workspace(f"{text}\n[brightpattern]\nadd_all = {switch}\n"))
        await asyncio.sleep(0.6)
        told = await old.post("/callinglist/addAll/leads.csv", json=[lead(switch)])
        assert told.status_code == status
    assert (await get(old, "204"))["entry"]["id"] == "204"


async def test_what_is_sent_is_echoed_as_it_was_sent(v2: httpx.AsyncClient) -> None:
    body = b"[{'Phone': 1.50, 'N': 12345678901234567890123, 'Flag': true, 'Nil': null, 'Deep': [[1, 'x']]}]"
    told = await v2.post("/callinglist/addAll/leads.csv", content=body)
    echoed = b'{"phone":1.50,"n":12345678901234567890123,"flag":true,"nil":null,"deep":[[1,"x"]]}'
    assert told.content == b'{"added":0,"error":{"missingKey":[' + echoed + b"]}}"


async def test_deleting_all_takes_results_along_and_empties_every_campaign(
    old: httpx.AsyncClient, records: Records
) -> None:
    await records.campaigns.create("Autumn", lists_to_run=[LEADS])
    await add(old, id="1", Phone=number(1))
    await attempt(records, list=LEADS, key={"id": "1"}, disposition="Product sold", final=True)
    assert (await old.post("/callinglist/deleteAll/leads.csv")).status_code == 204
    for campaign in ("Spring", "Autumn"):
        asked = {"fromTime": "2000-01-01T00:00:00.000", "maxSize": 10}
        assert (await old.post(f"/callinglist/getCompleted/leads.csv/{campaign}", json=asked)).json() == []
    assert (await old.post("/callinglist/get/leads.csv/Spring", json={"id": "1"})).status_code == 404
    assert len(await with_number(records, number(1))) == 1
    await add(old, id="1", Phone=number(1))
    assert (await get(old, "1"))["status"] == {"totalAttempts": 0, "completed": False}


async def test_a_user_is_in_the_journal(old: httpx.AsyncClient, records: Records) -> None:
    await add(old, id="1", Phone=number(1))
    newest = (await records.journal.changes(entity="list_record", entity_id=None, limit=1))[0]
    assert (newest.by, newest.dialect) == ("kim.lee", "brightpattern")
