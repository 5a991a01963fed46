"""Claims, may-call, rules, postcodes and progress, natively."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "until": "20:00"}]
RULES = {"hours": HOURS, "holidays": ["2026-12-25"], "tries": {"most": 3, "hours": 24}}
RETRY = {"most_tries": 8, "busy": {"after_minutes": 10, "tries": 3}}
SPRING = "/v1/campaigns/Spring"


async def lead(native: httpx.AsyncClient, n: int) -> dict[str, Any]:
    added = await native.post(
        "/v1/lists/leads.csv/records", json={"fields": {"id": n, "First name": "Ada", "Phone": f"330-555-01{n:02}"}}
    )
    assert added.status_code == 201, added.text
    record: dict[str, Any] = added.json()
    return record


async def test_a_claim_has_what_a_caller_needs_and_ends_with_an_attempt(native: httpx.AsyncClient) -> None:
    record = await lead(native, 1)
    answer = await native.post(f"{SPRING}/claim", json={"agent": "kim", "lease_seconds": 60, "max": 5})
    assert answer.status_code == 200
    claimed = answer.json()
    (item,) = claimed["items"]
    assert (claimed["why"], claimed["agent"], item["record_id"]) == ("claimed", "kim", record["id"])
    assert (item["phone"], item["slot"], item["fields"]["First name"]) == ("330-555-0101", 1, "Ada")
    renewed = await native.post(f"{SPRING}/claims/{claimed['claim']}/renew", json={"lease_seconds": 600})
    assert renewed.json()["items"][0]["claimed_until"] > claimed["claimed_until"]
    empty = (await native.post(f"{SPRING}/claim", json={"agent": "sam"})).json()
    assert (empty["items"], empty["why"], empty["claim"]) == ([], "waiting", None)
    assert empty["next_at"] == renewed.json()["items"][0]["claimed_until"]
    report = {"campaign": "Spring", "record_id": item["id"], "outcome": "answered", "final": True, "agent": "kim"}
    told = (await native.post("/v1/attempts", json=report)).json()
    assert told["decision"] == {
        "by": "caller",
        "final": True,
        "next_try_at": None,
        "number_used_up": False,
        "why": "",
    }
    assert (await native.post(f"{SPRING}/claim", json={"agent": "sam"})).json()["why"] == "done"
    gone = await native.post(f"{SPRING}/claims/{claimed['claim']}/release", json={})
    assert gone.status_code == 404


async def test_a_claim_is_given_back(native: httpx.AsyncClient) -> None:
    await lead(native, 1)
    claimed = (await native.post(f"{SPRING}/claim", json={"agent": "kim"})).json()
    released = await native.post(f"{SPRING}/claims/{claimed['claim']}/release", json={})
    assert released.json() == {"records": [claimed["items"][0]["id"]]}
    assert len((await native.post(f"{SPRING}/claim", json={"agent": "sam"})).json()["items"]) == 1
    assert (await native.post(f"{SPRING}/claims/nothing/release", json={})).status_code == 404


async def test_may_call_says_yes_or_why_not_and_when(native: httpx.AsyncClient) -> None:
    asked = {"number": "330-555-0101", "campaign": "7224"}
    assert (await native.get("/v1/may-call", params=asked)).json() == {
        "allowed": True,
        "reason": None,
        "next_allowed_at": None,
        "details": {},
    }
    nobody = {"hours": [{"days": ["mon"], "from": "00:00", "until": "00:01"}]}
    assert (await native.patch(SPRING, json={"calling": nobody})).json()["calling"] == nobody
    refused = (await native.get("/v1/may-call", params=asked)).json()
    assert (refused["allowed"], refused["reason"]) == (False, "hours")
    assert refused["next_allowed_at"]
    assert (await native.get("/v1/may-call", params={"number": "330-555-0101"})).json()["allowed"]
    assert (await native.get("/v1/may-call", params={"number": "1", "campaign": "none"})).status_code == 404


async def test_rules_are_put_and_read(native: httpx.AsyncClient) -> None:
    assert (await native.get("/v1/calling-rules")).json() == {}
    assert (await native.put("/v1/calling-rules", json=RULES)).json() == RULES
    assert (await native.get("/v1/calling-rules")).json() == RULES
    wrong = await native.put("/v1/calling-rules", json={"hours": [{"from": "20:00", "until": "08:00"}]})
    assert wrong.status_code == 422


@pytest.mark.parametrize("as_csv", [True, False])
async def test_postcodes_come_as_a_table_and_are_read_page_by_page(native: httpx.AsyncClient, as_csv: bool) -> None:
    rows = [("SW1A 1AA", "Europe/London"), ("902", "America/Los_Angeles"), ("100", "America/New_York")]
    if as_csv:
        text = "\r\n".join(["postcode,time_zone", *(f'"{code}",{zone}' for code, zone in rows)])
        answer = await native.put("/v1/postcodes", content=text, headers={"content-type": "text/csv; charset=utf-8"})
    else:
        items = [{"postcode": code, "time_zone": zone} for code, zone in rows]
        answer = await native.put("/v1/postcodes", json={"items": items})
    assert answer.json() == {"postcodes": 3}
    page = (await native.get("/v1/postcodes", params={"limit": 2})).json()
    rest = (await native.get("/v1/postcodes", params={"cursor": page["next_cursor"]})).json()
    assert [row["postcode"] for row in page["items"] + rest["items"]] == ["100", "902", "SW1A1AA"]
    assert rest["next_cursor"] is None


async def test_another_table_under_the_same_key_is_refused(native: httpx.AsyncClient) -> None:
    """The key stands for the file, whatever its kind."""
    headers = {"content-type": "text/csv", "Idempotency-Key": "table-1"}
    for text, status in (("1,Europe/London", 200), ("1,Europe/London", 200), ("2,Europe/Paris", 422)):
        answer = await native.put("/v1/postcodes", content=f"postcode,time_zone\n{text}", headers=headers)
        assert answer.status_code == status, answer.text
    assert [row["postcode"] for row in (await native.get("/v1/postcodes")).json()["items"]] == ["1"]


async def test_a_table_is_described_as_json_and_as_csv(native: httpx.AsyncClient) -> None:
    described = (await native.get("/v1/openapi.json")).json()["paths"]["/v1/postcodes"]["put"]["requestBody"]
    assert described["content"]["text/csv"] == {"schema": {"type": "string"}}
    assert described["content"]["application/json"]["schema"]["$ref"].endswith("/PostcodesBody")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("zip,zone\n1,Europe/London", 400),
        ("postcode,time_zone\n1,Europe/London,more", 400),
        ('postcode,time_zone\n"1,Europe/London', 400),
        (b"postcode,time_zone\n\xff,Europe/London", 400),
        ("postcode,time_zone\n1,Nowhere/Land", 422),
        ("", 400),
    ],
)
async def test_a_table_that_is_none_is_refused_whole(native: httpx.AsyncClient, text: str | bytes, status: int) -> None:
    answer = await native.put("/v1/postcodes", content=text, headers={"content-type": "text/csv"})
    assert answer.status_code == status, answer.text
    assert (await native.get("/v1/postcodes")).json()["items"] == []


async def test_a_rule_decides_and_the_answer_says_so(native: httpx.AsyncClient) -> None:
    record = await lead(native, 1)
    assert (await native.patch(SPRING, json={"retry": RETRY})).json()["retry"] == RETRY
    report = {"campaign": "Spring", "record_id": record["id"], "outcome": "busy"}
    told = (await native.post("/v1/attempts", json=report)).json()
    assert (told["decision"]["by"], told["decision"]["why"]) == ("rule", "busy 1 of 3")
    assert told["record"]["next_try_at"] == told["decision"]["next_try_at"] == told["attempt"]["next_try_at"]
    assert (await native.patch(SPRING, json={"retry": None})).json()["retry"] is None


async def test_progress_and_records_of_a_campaign(native: httpx.AsyncClient) -> None:
    for n in range(3):
        await lead(native, n)
    await native.post(
        "/v1/attempts", json={"campaign": 7224, "list": "leads.csv", "key": {"id": "0"}, "outcome": "busy"}
    )
    await native.post(f"{SPRING}/claim", json={"agent": "kim"})
    told = (await native.get(f"{SPRING}/progress")).json()
    assert told["statuses"] == {"new": 2, "in_progress": 1, "completed": 0}
    assert (told["records"], told["standings"]["claimed"], told["outcomes"]) == (3, 1, {"busy": 1})
    page = (await native.get(f"{SPRING}/records", params={"status": "new", "limit": 1})).json()
    assert len(page["items"]) == 1
    rest = (await native.get(f"{SPRING}/records", params={"status": "new", "cursor": page["next_cursor"]})).json()
    assert [item["fields"]["id"] for item in page["items"] + rest["items"]] == ["1", "2"]
    put = await native.patch(f"{SPRING}/records", json={"records": [rest["items"][0]["id"]], "priority": 5})
    assert put.json() == {"records": [rest["items"][0]["id"]]}
    assert (await native.patch(f"{SPRING}/records", json={"records": [1]})).status_code == 422
    assert (await native.get(f"{SPRING}/records", params={"status": "odd"})).status_code == 422


async def test_a_campaign_is_made_with_rules_changed_bound_filtered_and_deleted(native: httpx.AsyncClient) -> None:
    made = (await native.post("/v1/campaigns", json={"name": "Meters", "calling": RULES, "retry": RETRY})).json()
    assert (made["calling"], made["retry"], made["filter"]) == (RULES, RETRY, None)
    path = f"/v1/campaigns/{made['id']}"
    changed = (await native.patch(path, json={"name": "Gas", "type": "preview", "enabled": False})).json()
    assert (changed["name"], changed["type"], changed["enabled"], changed["calling"]) == (
        "Gas",
        "preview",
        False,
        RULES,
    )
    assert (await native.patch(path, json={"calling": None})).json()["calling"] is None
    await lead(native, 1)
    bound = (await native.post(f"{path}/lists", json={"list": "leads.csv"})).json()
    assert [one["name"] for one in bound["lists"]] == ["Gas", "leads.csv"]
    conditions = [{"column": "First name", "operator": "=", "value": "Eve"}]
    filtered = (await native.put(f"{path}/filter", json={"conditions": conditions})).json()
    assert filtered == {"records": 1, "pending": 0}
    assert (await native.get(path)).json()["filter"]["conditions"][0]["value"] == "Eve"
    assert (await native.put(f"{path}/filter", json={})).json() == {"records": 1, "pending": 1}
    unbound = (await native.delete(f"{path}/lists/leads.csv")).json()
    assert [one["name"] for one in unbound["lists"]] == ["Gas"]
    assert (await native.delete(path)).json()["name"] == "Gas"
    assert (await native.get(path)).status_code == 404
