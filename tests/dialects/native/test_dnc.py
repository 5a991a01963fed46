"""/v1/dnc: lists, the campaigns that they bar, their entries, and whether somebody is on one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from tests.core.cast import move_clock

NUMBERS = [f"+1330555010{n}" for n in range(5)]


async def make(native: httpx.AsyncClient, name: str = "internal", **facts: Any) -> dict[str, Any]:
    answer = await native.post("/v1/dnc", json={"name": name, **facts})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def bar(native: httpx.AsyncClient, name: str, *entries: str, **facts: Any) -> list[dict[str, Any]]:
    body = {"entries": [{"entry": entry, **facts} for entry in entries]}
    answer = await native.post(f"/v1/dnc/{name}/entries", json=body)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def check(native: httpx.AsyncClient, **asked: Any) -> list[str]:
    told = (await native.get("/v1/dnc/check", params=asked)).json()
    assert told["barred"] is bool(told["by"])
    return [by["list"] for by in told["by"]]


async def test_a_list_is_made_read_by_id_and_name_and_deleted(native: httpx.AsyncClient) -> None:
    made = await make(native, "codes", kind="area_code", campaigns=["Spring"])
    assert (made["kind"], made["campaigns"]) == ("area_code", [7224])
    for ref in (made["id"], "codes"):
        assert (await native.get(f"/v1/dnc/{ref}")).json() == made
    assert (await native.post("/v1/dnc", json={"name": "codes"})).status_code == 409
    assert (await native.post("/v1/dnc", json={"name": "x", "campaigns": ["none"]})).status_code == 404
    assert (await native.delete("/v1/dnc/codes")).json() == made
    assert (await native.get("/v1/dnc/codes")).status_code == 404
    changes = (await native.get("/v1/changes", params={"entity": "dnc_list"})).json()["items"]
    assert [change["after"] is None for change in changes] == [True, False]


async def test_each_entry_is_answered_for_itself(native: httpx.AsyncClient) -> None:
    await make(native)
    soon = "2035-01-01T00:00:00Z"
    assert [i["status"] for i in await bar(native, "internal", NUMBERS[0], expires_at=soon)] == ["added"]
    items = await bar(native, "internal", "330-555-0100", NUMBERS[1], "", "x" * 101, NUMBERS[1], comment="asked to")
    assert [item["status"] for item in items] == ["prolonged", "added", "refused", "refused", "added"]
    assert items[2]["problem"]["status"] == items[3]["problem"]["status"] == 422
    assert [i["status"] for i in await bar(native, "internal", *NUMBERS[:2])] == ["unchanged", "unchanged"]
    listed = (await native.get("/v1/dnc/internal/entries")).json()["items"]
    assert [(e["entry"], e["comment"], e["expires_at"]) for e in listed] == [
        (NUMBERS[0], "", None),
        (NUMBERS[1], "asked to", None),
    ]


@pytest.mark.parametrize("spelling", ["330-555-0101", "+1 (330) 555-0101", "0013305550101", "13305550101"])
async def test_an_entry_is_removed_in_any_spelling(native: httpx.AsyncClient, spelling: str) -> None:
    await make(native)
    await bar(native, "internal", "(330) 555 0101")
    answer = await native.post("/v1/dnc/internal/remove", json={"entries": [spelling, NUMBERS[4]]})
    assert answer.json()["items"] == [
        {"entry": spelling, "status": "removed"},
        {"entry": NUMBERS[4], "status": "missing"},
    ]
    assert await check(native, number="330-555-0101") == []


async def test_an_entry_ends_when_it_says(core: Core, native: httpx.AsyncClient, records: Records) -> None:
    await make(native)
    await bar(native, "internal", NUMBERS[0])
    await bar(native, "internal", NUMBERS[1], expires_at="2035-01-01T00:00:00Z")
    assert await check(native, number="330 555 0101") == ["internal"]
    await move_clock(core, records, timedelta(days=20 * 365))
    assert await check(native, number=NUMBERS[1]) == []
    assert await check(native, number=NUMBERS[0]) == ["internal"]
    assert len((await native.get("/v1/dnc/internal/entries")).json()["items"]) == 1


async def test_entries_and_lists_come_in_pages(native: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await make(native, name)
    await bar(native, "a", *NUMBERS, "not a number", "ümlaut")
    for path, most in (("/v1/dnc", 3), ("/v1/dnc/a/entries", 7)):
        seen: list[Any] = []
        asked: dict[str, Any] = {"limit": 2}
        while True:
            page = (await native.get(path, params=asked)).json()
            seen += [str(item) for item in page["items"]]
            if page["next_cursor"] is None:
                break
            asked["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen)) == most


async def test_a_bound_list_bars_its_campaigns_alone_until_it_is_unbound(native: httpx.AsyncClient) -> None:
    await make(native)
    await bar(native, "internal", NUMBERS[0])
    await native.post("/v1/campaigns", json={"id": 8, "name": "Autumn"})
    assert await check(native, number=NUMBERS[0], campaign="Autumn") == ["internal"]
    bound = await native.put("/v1/dnc/internal/campaigns", json={"campaigns": [7224]})
    assert bound.json()["campaigns"] == [7224]
    assert await check(native, number=NUMBERS[0], campaign=8) == []
    assert await check(native, number=NUMBERS[0], campaign=7224) == ["internal"]
    await native.put("/v1/dnc/internal/campaigns", json={"campaigns": []})
    assert await check(native, number=NUMBERS[0], campaign=8) == ["internal"]


async def test_other_kinds_bar_by_what_they_are(native: httpx.AsyncClient) -> None:
    await make(native, "zips", kind="postcode")
    await make(native, "codes", kind="area_code")
    await make(native, "keys", kind="key")
    await bar(native, "zips", "44301")
    await bar(native, "codes", "330")
    await bar(native, "keys", "Crm-7")
    assert await check(native, postcode="44301") == ["zips"]
    assert await check(native, number="330-555-0101") == ["codes"]
    assert await check(native, key="crm-7") == ["keys"]
    assert await check(native, number="212-555-0101", postcode="10001", key="x") == []
    assert (await native.get("/v1/dnc/check")).status_code == 422


async def test_another_tenants_list_is_missing(native: httpx.AsyncClient, other: Records) -> None:
    theirs = (await other.dnc_lists.create("theirs", "INTERNAL")).list.id
    for ref in (theirs, "theirs", 1):
        answers = [
            await native.get(f"/v1/dnc/{ref}"),
            await native.get(f"/v1/dnc/{ref}/entries"),
            await native.put(f"/v1/dnc/{ref}/campaigns", json={"campaigns": []}),
            await native.post(f"/v1/dnc/{ref}/entries", json={"entries": [{"entry": NUMBERS[0]}]}),
            await native.post(f"/v1/dnc/{ref}/remove", json={"entries": NUMBERS}),
            await native.delete(f"/v1/dnc/{ref}"),
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1


async def test_what_bars_also_bars_a_claim_and_may_call(native: httpx.AsyncClient) -> None:
    await make(native)
    await bar(native, "internal", NUMBERS[0])
    told = (await native.get("/v1/may-call", params={"number": "330-555-0100"})).json()
    assert (told["allowed"], told["reason"]) == (False, "do_not_call")
