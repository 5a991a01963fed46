"""/v1/interactions: calls told, found and tied to contacts by hand."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.domain.interaction import LegDraft

LEG = LegDraft(actor="AGENT")


async def tell(native: httpx.AsyncClient, call: str, number: str = "330-555-0101", **leg: Any) -> dict[str, Any]:
    answer = await native.post("/v1/interactions", json={"call_id": call, "number": number, "leg": leg})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def contact(native: httpx.AsyncClient, number: str) -> int:
    answer = await native.post("/v1/contacts", json={"attributes": {"phone1": number}})
    return int(answer.json()["id"])


async def found(native: httpx.AsyncClient, **asked: Any) -> list[str]:
    """The call ids of all pages, two calls a page."""
    calls: list[str] = []
    while True:
        answer = await native.get("/v1/interactions", params={"limit": 2, **asked})
        assert answer.status_code == 200, answer.text
        calls += [item["call_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return calls
        asked["cursor"] = cursor


async def test_a_call_is_told_leg_by_leg_and_read_by_its_id(native: httpx.AsyncClient) -> None:
    first = await tell(native, "c1", actor="IVR", started_at="2026-03-02T12:00:00Z", ivr_trail="1-3")
    second = await tell(native, "c1", agent="kim.lee", started_at="2026-03-02T12:01:00Z", wrap_up="sold")
    assert second["id"] == first["id"]
    assert [leg["actor"] for leg in second["legs"]] == ["IVR", "AGENT"]
    assert (await native.get(f"/v1/interactions/{first['id']}")).json() == second
    assert (await native.get("/v1/interactions", params={"call_id": "c1"})).json()["items"] == [second]
    assert (await native.get("/v1/interactions", params={"call_id": "nobody's"})).json()["items"] == []


async def test_a_leg_shows_the_steps_of_its_trail_and_all_its_wrap_ups(native: httpx.AsyncClient) -> None:
    station = {"menu": "Main", "selection": None, "timestamp": None}
    reported = {"menu": "Billing", "selection": "2", "timestamp": 1741768300000}
    for trail, steps in (
        ("Main > Billing", [station, station | {"menu": "Billing"}]),
        (f"[{json.dumps(reported | {'metadata': {}})}]", [reported]),
        ('["a>b"]', []),
        ("[" * 900, []),
        ("no steps", []),
    ):
        told = await tell(native, f"c{len(trail)}", actor="IVR", ivr_trail=trail)
        assert (told["legs"][0]["ivr_trail"], told["legs"][0]["ivr_steps"]) == (trail, steps)
    for wrap_up in ("sold", "sold", "called back"):
        told = await tell(native, "w", agent="kim.lee", wrap_up=wrap_up)
    assert (told["legs"][0]["wrap_up"], told["legs"][0]["wrap_ups"]) == ("called back", ["sold", "called back"])


async def test_calls_are_found_by_contact_number_agent_and_time(native: httpx.AsyncClient) -> None:
    ann = await contact(native, "330-555-0101")
    for hour in range(5):
        agent = "kim.lee" if hour % 2 else "sam.poe"
        await tell(native, f"a{hour}", agent=agent, started_at=f"2026-03-02T1{hour}:00:00Z")
    await tell(native, "b", "330-555-0102", agent="Kim.Lee", started_at="2026-03-02T20:00:00Z")
    assert await found(native, contact=ann) == ["a4", "a3", "a2", "a1", "a0"]
    assert await found(native, number="+1 (330) 555 0101") == ["a4", "a3", "a2", "a1", "a0"]
    assert await found(native, agent="KIM.LEE") == ["b", "a3", "a1"]
    assert await found(native, agent="kim.lee", contact=ann) == ["a3", "a1"]
    assert await found(native, agent="kim.lee", until="2026-03-02T20:00:00Z") == ["a3", "a1"]
    assert await found(native) == ["b", "a4", "a3", "a2", "a1", "a0"]
    assert await found(native, since="2026-03-02T11:00:00Z", until="2026-03-02T13:00:00Z") == ["a2", "a1"]
    assert await found(native, number="330-555-0199") == []


async def test_a_call_with_several_legs_of_one_agent_is_found_once(native: httpx.AsyncClient) -> None:
    for minute in (1, 2, 3):
        await tell(native, "c", agent="kim.lee", started_at=f"2026-03-02T12:0{minute}:00Z", call_id=f"leg{minute}")
        await tell(native, f"d{minute}", agent="kim.lee", started_at=f"2026-03-02T12:0{minute}:30Z")
    assert await found(native, agent="kim.lee") == ["d3", "c", "d2", "d1"]
    assert await found(native, agent="kim.lee", until="2026-03-02T12:02:15Z") == ["c", "d1"]


async def test_a_page_shows_fifty_legs_of_a_call_and_says_that_there_are_more(native: httpx.AsyncClient) -> None:
    for n in range(51):
        told = await tell(native, "c", agent="kim.lee", call_id=f"leg{n}")
    assert (len(told["legs"]), told["more_legs"]) == (51, False)
    (item,) = (await native.get("/v1/interactions")).json()["items"]
    assert (len(item["legs"]), item["more_legs"]) == (50, True)


async def test_a_hand_made_link_stays_and_can_be_undone(native: httpx.AsyncClient, records: Records) -> None:
    ann, bob = await contact(native, "330-555-0101"), await contact(native, "330-555-0102")
    call = await tell(native, "c")
    assert call["contact_id"] == ann
    path = f"/v1/interactions/{call['id']}"
    assert (await native.post(f"{path}/link", json={"contact_id": bob})).json()["contact_id"] == bob
    assert (await tell(native, "c", agent="kim.lee"))["contact_id"] == bob
    assert (await native.post(f"{path}/unlink")).json()["contact_id"] is None
    assert (await tell(native, "c", agent="kim.lee"))["contact_id"] is None
    changes = await records.journal.changes(entity="interaction", entity_id=call["id"])
    assert len([change for change in changes if b"hand" in bytes(change.after)]) == 2


async def test_missing_and_foreign_calls_and_contacts_are_answered_alike(
    native: httpx.AsyncClient, other: Records
) -> None:
    call = await tell(native, "c")
    foreign, _ = await other.contacts.save({"customer_id": "1"})
    theirs = await other.interactions.save_leg("x", "330-555-0101", LEG)
    answers = [await native.post(f"/v1/interactions/{call['id']}/link", json={"contact_id": foreign.id})]
    call_of_theirs = (await other.interactions.get("x")).id
    assert theirs.id
    answers += [await native.get(f"/v1/interactions/{id_}") for id_ in (call_of_theirs, 1, "x")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("cursor", ["x", "", "MjAyNg", "Li4", "ä"])
async def test_a_cursor_that_was_not_handed_out_is_told(native: httpx.AsyncClient, cursor: str) -> None:
    answer = await native.get("/v1/interactions", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
