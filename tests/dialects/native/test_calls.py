"""/v1/attempts, /v1/screenpop, /v1/datasets, /v1/changes: what happens around a call."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from tests.dialects.conftest import rows_of
from tests.dialects.native.conftest import Saved


@pytest.fixture
async def lead(records: Records) -> int:
    """A record of leads.csv with the id 7 and the number 330-555-0147."""
    return (await records.lists.add("leads.csv", {"id": "7", "First name": "Ilse", "Phone": "330-555-0147"})).id


async def test_an_attempt_is_reported_by_key_number_or_id(
    native: httpx.AsyncClient, lead: int, records: Records
) -> None:
    by_key = {"campaign": 7224, "list": "leads.csv", "key": {"id": "7"}, "outcome": "no_answer"}
    by_number = {"campaign": "Spring", "phone": "+1 330 555 0147", "outcome": "busy", "cause": 17, "ring_seconds": 20}
    by_id = {"campaign": "Spring", "record_id": lead, "outcome": "answered", "final": True, "disposition": "Sale"}
    answers = [await native.post("/v1/attempts", json=body) for body in (by_key, by_number, by_id)]
    assert [a.status_code for a in answers] == [201, 201, 201], [a.text for a in answers]
    told = [a.json() for a in answers]
    assert len({t["record"]["id"] for t in told}) == 1
    assert [(t["record"]["status"], t["record"]["tries"]) for t in told] == [
        ("in_progress", 1),
        ("in_progress", 2),
        ("completed", 3),
    ]
    assert told[1]["attempt"]["cause"] == 17
    assert (told[2]["record"]["outcome"], told[2]["record"]["disposition"]) == ("answered", "Sale")
    by_record = {"campaign": 7224, "record_id": told[0]["record"]["id"], "outcome": "busy"}
    assert (await native.post("/v1/attempts", json=by_record)).json()["record"]["tries"] == 4


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"campaign": 7224, "outcome": "busy"}, 422),
        ({"campaign": 7224, "outcome": "sold", "phone": "330-555-0147"}, 422),
        ({"campaign": 1, "outcome": "busy", "phone": "330-555-0147"}, 404),
        ({"campaign": 2**70, "outcome": "busy", "phone": "330-555-0147"}, 404),
        ({"campaign": "Autumn", "outcome": "busy", "phone": "330-555-0147"}, 404),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0199"}, 404),
        ({"campaign": 7224, "outcome": "busy", "record_id": 1}, 404),
        ({"campaign": 7224, "outcome": "busy", "record_id": 2**70}, 404),
        ({"campaign": 7224, "outcome": "busy", "record_id": -(2**70)}, 404),
        ({"campaign": 7224, "outcome": "busy", "list": 2**70, "key": {"id": "7"}}, 404),
        ({"campaign": 7224, "outcome": "busy", "list": "none.csv", "key": {"id": "7"}}, 404),
        ({"campaign": 7224, "outcome": "busy", "list": "leads.csv", "key": {"id": "8"}}, 404),
        ({"campaign": 7224, "outcome": "busy", "list": "leads.csv", "key": {"id": [7]}}, 422),
        ({"campaign": 7224, "outcome": "busy", "key": {"UserData": "crm-7"}}, 404),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "started_at": "2026-01-01T00:00:00"}, 422),
        (
            {"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "started_at": "0001-01-01T00:00:00+14:00"},
            422,
        ),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "started_at": "yesterday"}, 422),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "ring_seconds": -1}, 422),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "cause": 2**31}, 422),
        ({"campaign": 7224, "outcome": "busy", "phone": "1" * 101}, 422),
        ({"campaign": 7224, "outcome": "busy", "phone": "330-555-0147", "call_id": "x" * 1001}, 422),
    ],
)
async def test_an_attempt_that_cannot_be_leaves_nothing(
    body: dict[str, Any], status: int, core: Core, native: httpx.AsyncClient, lead: int, records: Records
) -> None:
    before = await rows_of(core, records.tenant.id)
    answer = await native.post("/v1/attempts", json=body)
    assert answer.status_code == status, answer.text
    (record,) = (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()["campaign_records"]
    assert record["tries"] == 0
    assert await rows_of(core, records.tenant.id) == before


async def test_another_tenants_campaign_is_missing(native: httpx.AsyncClient, lead: int, other: Records) -> None:
    theirs = await other.lists.add("leads.csv", {"id": "7", "Phone": "330-555-0147"})
    foreign = await native.post("/v1/attempts", json={"campaign": 7224, "record_id": theirs.id, "outcome": "busy"})
    missing = await native.post("/v1/attempts", json={"campaign": 7224, "record_id": 1, "outcome": "busy"})
    assert (foreign.status_code, foreign.content) == (404, missing.content)


# ---- The screen pop


async def test_a_screen_pop_finds_one_many_or_none(native: httpx.AsyncClient, save: Saved) -> None:
    one = await save(customer_id="1", first_name="Ilse", phone1="330-555-0147")
    popped = (await native.post("/v1/screenpop", json={"ani": "+13305550147"})).json()
    assert list(popped) == ["match", "candidates", "create", "more", "why"]
    assert (popped["match"], popped["create"]) == ("one", None)
    (candidate,) = popped["candidates"]
    assert candidate["id"] == one["id"]
    assert candidate["matched_by"] == [{"variable": "ani", "key": "phone", "value": "+13305550147"}]

    await save(customer_id="2", first_name="Kim", phone1="330-555-0147")
    assert (await native.post("/v1/screenpop", json={"ani": "3305550147"})).json()["match"] == "many"

    nobody = (await native.post("/v1/screenpop", json={"ani": "330-555-0199"})).json()
    assert (nobody["match"], nobody["candidates"]) == ("none", [])
    assert nobody["create"] == {"attributes": {"phone1": "330-555-0199"}}


async def test_a_mapping_decides_what_a_call_variable_means(
    native: httpx.AsyncClient, save: Saved, records: Records
) -> None:
    await records.schema.add_condition("", "callVariable3", "customer_number", "")
    contact = await save(customer_number="K-1", phone1="330-555-0147")
    await save(phone1="330-555-0148")
    body = {"ani": "330-555-0148", "dnis": "100", "variables": {"callVariable3": "K-1"}}
    popped = (await native.post("/v1/screenpop", json=body)).json()
    assert popped["candidates"][0]["id"] == contact["id"]
    body = {"ani": "330-555-0199", "variables": {"callVariable3": "K-9"}}
    assert (await native.post("/v1/screenpop", json=body)).json()["create"] == {
        "attributes": {"phone1": "330-555-0199", "customer_number": "K-9"}
    }


@pytest.mark.parametrize("body", [{}, {"ani": ""}, {"ani": " ", "variables": {"callVariable3": ""}}])
async def test_a_call_that_carries_nothing_pops_nobody(
    body: dict[str, Any], native: httpx.AsyncClient, save: Saved
) -> None:
    await save(first_name="Ilse", phone1="330-555-0147")
    popped = (await native.post("/v1/screenpop", json=body)).json()
    assert (popped["match"], popped["candidates"]) == ("none", [])


async def test_a_call_carries_a_bounded_number_of_variables(native: httpx.AsyncClient) -> None:
    body = {"ani": "330-555-0147", "variables": {f"id_{n}": "x" for n in range(201)}}
    answer = await native.post("/v1/screenpop", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "variables")


# ---- Data sets


async def test_a_data_set_is_left_and_found(native: httpx.AsyncClient) -> None:
    body = {"template": "Inbound IVR context", "number": "330-555-0147", "values": {"Callid": "c-1"}}
    made = await native.post("/v1/datasets", json=body)
    assert made.status_code == 201
    assert list(made.json()) == ["template", "number", "ani", "values", "expires_at", "ecbt"]
    for spelling in ("+13305550147", "330 555 0147"):
        found = await native.get("/v1/datasets", params={"number": spelling})
        assert found.json() == {"items": [made.json()]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"template": "None such", "number": "330-555-0147"}, 404),
        ({"template": "Inbound IVR context", "number": "unknown"}, 422),
        ({"template": "Inbound IVR context", "number": ""}, 422),
        ({"template": "Inbound IVR context", "number": "330-555-0147", "values": {"Callid": 5}}, 422),
    ],
)
async def test_a_data_set_that_cannot_be_is_told(body: dict[str, Any], status: int, native: httpx.AsyncClient) -> None:
    assert (await native.post("/v1/datasets", json=body)).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"number": "330-555-0147", "ecbt": -1}, 422),
        ({"number": "330-555-0147", "ecbt": 10**9}, 422),
        ({"number": "330-555-0147", "ecbt": 2**70}, 422),
        ({"number": "330-555-0147", "ecbt": "600"}, 422),
        ({"number": "330-555-0147"}, 422),
        ({"number": "", "ecbt": 1}, 422),
        ({"number": "330-555-0147", "ecbt": 1, "new_number": ""}, 422),
        ({"number": "330-555-0147", "ecbt": 1, "new_number": "unknown"}, 422),
        ({"number": "330-555-0199", "ecbt": 1}, 404),
    ],
)
async def test_a_callback_that_cannot_be_changes_nothing(
    body: dict[str, Any], status: int, native: httpx.AsyncClient
) -> None:
    left = {"template": "Inbound IVR context", "number": "330-555-0147", "values": {"Callid": "c-1"}}
    made = (await native.post("/v1/datasets", json=left)).json()
    answer = await native.post("/v1/datasets/callback", json=body)
    assert answer.status_code == status, answer.text
    assert (await native.get("/v1/datasets", params={"number": "330-555-0147"})).json() == {"items": [made]}


# ---- The journal


async def test_the_journal_tells_who_changed_what_newest_first(
    native: httpx.AsyncClient, mindful: httpx.AsyncClient, save: Saved
) -> None:
    contact = await save(first_name="Ilse", phone1="330-555-0147")
    await native.patch(f"/v1/contacts/{contact['id']}", json={"attributes": {"first_name": "Elsa"}})
    changes = (await native.get("/v1/changes", params={"entity": "contact", "id": contact["id"]})).json()
    assert list(changes) == ["items", "next_cursor"]
    changed, made = changes["items"]
    assert list(changed) == ["id", "at", "by", "dialect", "entity", "entity_id", "before", "after"]
    assert (changed["by"], changed["dialect"], changed["entity"]) == ("tests", "native", "contact")
    assert changed["before"]["first_name"] == "Ilse"
    assert changed["after"]["first_name"] == "Elsa"
    assert made["before"] is None

    await mindful.post("/api/v1/data_sets", json={"customer_contact_number": "330-555-0147"})
    (newest,) = (await native.get("/v1/changes", params={"limit": 1})).json()["items"]
    assert (newest["dialect"], newest["entity"]) == ("mindful", "data_set")


async def test_the_journal_is_paged_and_knows_no_other_tenant(
    native: httpx.AsyncClient, save: Saved, other: Records
) -> None:
    foreign = (await other.contacts.save({"first_name": "Theirs"}))[0].id
    made = [(await save(phone1=f"330-555-01{n:02}"))["id"] for n in range(3)]
    first = (await native.get("/v1/changes", params={"entity": "contact", "limit": 2})).json()
    params = {"entity": "contact", "limit": 2, "cursor": first["next_cursor"]}
    second = (await native.get("/v1/changes", params=params)).json()
    assert [c["entity_id"] for c in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    theirs = await native.get("/v1/changes", params={"entity": "contact", "id": foreign})
    assert theirs.json() == {"items": [], "next_cursor": None}
