"""GET /v1/lookup: who is calling, in the shape that is promised."""

from __future__ import annotations

import httpx
import pytest

from ringbook.core.access import Records
from tests.dialects.native.conftest import Saved

LEG = {"agent", "actor", "direction", "team", "queue", "started_at", "duration_seconds", "ivr_trail", "disposition"}


async def _everything(records: Records, native: httpx.AsyncClient, save: Saved) -> int:
    contact = await save(first_name="Ilse", phone1="330-555-0147")
    await records.lists.add("leads.csv", {"id": "7", "First name": "Ilse", "Phone": "330-555-0147"})
    report = {"campaign": 7224, "phone": "330-555-0147", "outcome": "busy", "call_id": "call-1", "agent": "kim"}
    assert (await native.post("/v1/attempts", json=report)).status_code == 201
    body = {"template": "Inbound IVR context", "number": "330-555-0147", "values": {"Callid": "c-1"}}
    assert (await native.post("/v1/datasets", json=body)).status_code == 201
    contact_id: int = contact["id"]
    return contact_id


async def test_everything_about_a_caller_in_the_promised_shape(
    records: Records, native: httpx.AsyncClient, save: Saved
) -> None:
    contact_id = await _everything(records, native, save)
    found = (await native.get("/v1/lookup", params={"phone": "+13305550147"})).json()
    assert list(found) == ["number", "contacts", "data_sets", "campaign_records", "interactions", "more"]
    assert found["number"] == "+13305550147"
    assert found["more"] is False

    (contact,) = found["contacts"]
    assert list(contact) == ["id", "attributes", "phones", "matched_by"]
    assert contact["id"] == contact_id
    assert contact["attributes"] == {"first_name": "Ilse", "phone1": "330-555-0147"}
    assert contact["phones"][0] == {"raw": "330-555-0147", "e164": "+13305550147", "source": "phone1"}
    assert contact["matched_by"][0] == {"phone": "330-555-0147", "source": "phone1", "how": "same number"}

    (data_set,) = found["data_sets"]
    assert list(data_set) == ["template", "number", "values", "expires_at", "ecbt"]

    (record,) = found["campaign_records"]
    assert list(record) == ["id", "campaign", "list", "status", "tries", "next_try_at"]
    assert record["campaign"] == {"id": 7224, "name": "Spring"}
    assert record["list"]["name"] == "leads.csv"
    assert list(record["list"]) == ["id", "name"]
    assert (record["status"], record["tries"], record["next_try_at"]) == ("in_progress", 1, None)

    (interaction,) = found["interactions"]
    assert list(interaction) == ["call_id", "started_at", "legs"]
    assert interaction["call_id"] == "call-1"
    (leg,) = interaction["legs"]
    assert set(leg) >= LEG
    assert (leg["agent"], leg["outcome"], leg["direction"]) == ("kim", "busy", "OUTBOUND")


async def test_nobody_is_an_empty_answer_and_no_error(native: httpx.AsyncClient) -> None:
    answer = await native.get("/v1/lookup", params={"phone": "330-555-0199"})
    assert answer.status_code == 200
    assert answer.json() == {
        "number": "+13305550199",
        "contacts": [],
        "data_sets": [],
        "campaign_records": [],
        "interactions": [],
        "more": False,
    }


@pytest.mark.parametrize(
    "query",
    [
        "%2B13305550147",
        "+13305550147",
        "%2B1%20(330)%20555-0147",
        "330-555-0147",
        "3305550147",
        "13305550147",
        "011%201%20330%20555%200147",
        "0013305550147",
        "(330)%20555.0147",
        "%E2%80%AA%2B1%20330%20555%200147%E2%80%AC",
    ],
)
async def test_a_number_is_found_however_it_is_spelled(query: str, native: httpx.AsyncClient, save: Saved) -> None:
    contact = await save(first_name="Ilse", phone1="330-555-0147")
    found = (await native.get(f"http://ringbook.example/v1/lookup?phone={query}")).json()
    assert [c["id"] for c in found["contacts"]] == [contact["id"]]
    assert found["contacts"][0]["matched_by"][0]["how"] == "same number"


async def test_beyond_twenty_there_is_more(records: Records, native: httpx.AsyncClient, save: Saved) -> None:
    for n in range(20):
        await save(customer_id=f"c-{n}", phone1="330-555-0147")
    found = (await native.get("/v1/lookup", params={"phone": "3305550147"})).json()
    assert (len(found["contacts"]), found["more"]) == (20, False)
    newest = await save(customer_id="c-20", phone1="330-555-0147")
    found = (await native.get("/v1/lookup", params={"phone": "3305550147"})).json()
    assert (len(found["contacts"]), found["more"]) == (20, True)
    assert found["contacts"][0]["id"] == newest["id"]


async def test_a_record_with_a_final_outcome_is_not_open(records: Records, native: httpx.AsyncClient) -> None:
    await records.lists.add("leads.csv", {"id": "7", "Phone": "330-555-0147"})
    lookup = {"phone": "330-555-0147"}
    (record,) = (await native.get("/v1/lookup", params=lookup)).json()["campaign_records"]
    assert (record["status"], record["tries"]) == ("new", 0)
    report = {"campaign": "Spring", "record_id": record["id"], "outcome": "answered", "final": True}
    assert (await native.post("/v1/attempts", json=report)).status_code == 201
    assert (await native.get("/v1/lookup", params=lookup)).json()["campaign_records"] == []


async def test_another_tenants_caller_is_nobody(native: httpx.AsyncClient, other: Records) -> None:
    await other.contacts.save({"phone1": "330-555-0147"})
    assert (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()["contacts"] == []


@pytest.mark.parametrize("query", ["", "phone=", "phone=%20", "phone=" + "1" * 101, "number=330-555-0147"])
async def test_no_number_is_told(query: str, native: httpx.AsyncClient) -> None:
    answer = await native.get(f"http://ringbook.example/v1/lookup?{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] in ("phone", "number")
