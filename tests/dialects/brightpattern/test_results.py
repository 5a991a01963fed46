"""Status and results: what the last attempt was, page by page, per campaign."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.campaign import Chosen
from ringbook.store import dialling
from tests.core.cast import LEADS, SPRING, attempt, lead, move_clock, number
from tests.dialects.brightpattern.test_records import get

LONG_AGO = "2000-01-01T00:00:00.000"
T = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def tried(records: Records, key: int, **facts: Any) -> None:
    await attempt(records, list=LEADS, key={"id": str(key)}, **facts)


async def completed(client: httpx.AsyncClient, since: str = LONG_AGO, most: int = 1000) -> list[dict[str, Any]]:
    asked = {"fromTime": since, "maxSize": most}
    found = await client.post("/callinglist/getCompleted/leads.csv/Spring", json=asked)
    assert found.status_code == 200, found.text
    told: list[dict[str, Any]] = found.json()
    return told


async def changed(client: httpx.AsyncClient, since: str = LONG_AGO, most: int = 1000) -> list[dict[str, Any]]:
    asked = {"fromTime": since, "maxSize": most}
    found = await client.post("/callinglist/getChanged/leads.csv/Spring", json=asked)
    assert found.status_code == 200, found.text
    told: list[dict[str, Any]] = found.json()
    return told


async def fill(records: Records, count: int) -> None:
    await records.lists.add_many(LEADS, [lead(n, number(n)) for n in range(count)])


# ---- Status


async def test_an_earlier_agent_is_not_carried_over(old: httpx.AsyncClient, records: Records) -> None:
    await fill(records, 1)
    await tried(records, 0, outcome="answered", agent="kim.lee", started_at=T, talk_seconds=30)
    assert (await get(old, "0"))["status"]["lastAgent"] == "kim.lee"
    await tried(records, 0, outcome="no_answer", started_at=T + timedelta(hours=1), ring_seconds=20)
    status = (await get(old, "0"))["status"]
    assert "lastAgent" not in status
    assert (status["lastDisposition"], status["lastCallDuration"], status["totalAttempts"]) == ("No answer", 20, 2)
    assert status["lastDate"] == "2026-03-02T13:00:00.000"


async def test_an_attempt_that_is_told_late_counts_and_is_not_the_last(
    old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 1)
    await tried(records, 0, outcome="busy", started_at=T)
    await tried(records, 0, outcome="machine", started_at=T - timedelta(hours=1))
    status = (await get(old, "0"))["status"]
    assert (status["lastDisposition"], status["totalAttempts"]) == ("Busy", 2)


@pytest.mark.parametrize(
    ("outcome", "disposition"),
    [
        ("answered", "No disposition"),
        ("no_answer", "No answer"),
        ("busy", "Busy"),
        ("machine", "Answering machine"),
        ("abandoned", "Abandoned"),
        ("congestion", "Fast busy"),
        ("unavailable", "Unavailable"),
        ("failed", "System failure"),
        ("refused", "Call refused"),
        ("unknown", "No disposition"),
    ],
)
async def test_an_outcome_without_a_disposition_has_words(
    old: httpx.AsyncClient, records: Records, outcome: str, disposition: str
) -> None:
    await fill(records, 1)
    await tried(records, 0, outcome=outcome)
    assert (await get(old, "0"))["status"]["lastDisposition"] == disposition


@pytest.mark.parametrize(
    ("called", "shown"),
    [("+1 (330) 555-0100", "3305550100"), ("330-555-0100", "3305550100"), ("330-555-0199", "3305550199")],
)
async def test_the_last_phone_is_as_the_record_has_it(
    old: httpx.AsyncClient, records: Records, called: str, shown: str
) -> None:
    await fill(records, 1)
    await tried(records, 0, phone=called)
    assert (await get(old, "0"))["status"]["lastPhone"] == shown


async def test_two_campaigns_show_two_statuses(v2: httpx.AsyncClient, records: Records) -> None:
    await fill(records, 1)
    await records.campaigns.create("Autumn", lists_to_run=[LEADS])
    await tried(records, 0, disposition="Product sold", final=True, outcome="answered")
    assert (await get(v2, "0"))["status"]["completed"] is True
    assert (await get(v2, "0", "leads.csv/Autumn"))["status"] == {"totalAttempts": 0, "completed": False}


async def test_a_call_without_a_guid_has_one_made_of_the_attempt(v2: httpx.AsyncClient, records: Records) -> None:
    await fill(records, 1)
    await tried(records, 0, call_id="crm-17")
    one = (await get(v2, "0"))["status"]["globalInteractionID"]
    assert (await changed(v2))[0]["attempts"][0]["globalInteractionID"] == one
    await tried(records, 0, call_id="crm-18")
    assert (await get(v2, "0"))["status"]["globalInteractionID"] != one


# ---- Completed


async def test_completed_records_come_in_the_order_of_completion(
    core: Core, old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 4)
    for key in (2, 0, 3):
        await tried(records, key, outcome="answered", disposition="Product sold", final=True, talk_seconds=7)
    await tried(records, 1, outcome="busy")
    found = await completed(old)
    assert [one["entry"]["id"] for one in found] == ["2", "0", "3"]
    assert found[0]["status"]["lastDate"] == found[0]["completedTime"]
    assert found[0]["status"]["lastCallDuration"] == 7
    times = [one["completedTime"] for one in found]
    assert times == sorted(times)


async def test_the_moment_is_included_and_a_page_ends_where_it_should(
    core: Core, old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 3)
    for key in range(3):
        await move_clock(core, records, timedelta(hours=key))
        await tried(records, key, outcome="answered", final=True)
    first = await completed(old, most=2)
    assert [one["entry"]["id"] for one in first] == ["0", "1"]
    again = await completed(old, since=first[-1]["completedTime"])
    assert [one["entry"]["id"] for one in again] == ["1", "2"]
    assert await completed(old, since="2999-01-01T00:00:00.000") == []


async def test_a_record_that_is_taken_up_again_is_not_completed(old: httpx.AsyncClient, records: Records) -> None:
    await fill(records, 1)
    await tried(records, 0, outcome="answered", final=True, started_at=T)
    await tried(records, 0, outcome="busy", started_at=T + timedelta(hours=1))
    assert await completed(old) == []


# ---- Changed


async def test_attempts_come_newest_first_over_all_phones(old: httpx.AsyncClient, records: Records) -> None:
    await records.lists.add(LEADS, lead(0, number(0), phone2=number(1)))
    for n in (1, 0, 2):
        phone = number(n % 2)
        await tried(records, 0, phone=phone, started_at=T + timedelta(hours=n), notes=f"try {n}")
    (found,) = await changed(old)
    assert [(a["callNotes"], a["phone"]) for a in found["attempts"]] == [
        ("try 2", "3305550100"),
        ("try 1", "3305550101"),
        ("try 0", "3305550100"),
    ]
    assert found["totalAttempts"] == 3


async def test_only_what_was_tried_has_changed_and_once_each(
    core: Core, old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 3)
    await tried(records, 1, outcome="busy")
    await move_clock(core, records, timedelta(hours=1))
    await tried(records, 0, outcome="busy")
    await tried(records, 1, outcome="busy")
    found = await changed(old)
    assert [(one["entry"]["id"], one["totalAttempts"]) for one in found] == [("0", 1), ("1", 2)]
    soon = (datetime.now(UTC) + timedelta(minutes=30)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    assert len(await changed(old, since=soon)) == 2
    assert await changed(old, since="2999-01-01T00:00:00.000") == []


async def test_completed_records_have_pages_also_where_many_were_completed_at_once(
    old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 30)
    assert await records.dialling.code(SPRING, Chosen(), "Sold out") == 30
    seen: list[str] = []
    since = "2013-03-01T13:15:06.456"
    while True:
        asked = {"fromTime": since, "maxSize": 10}
        page = (await old.post("/callinglist/getCompleted/leads.csv/Spring", json=asked)).json()
        seen += [one["entry"]["id"] for one in page]
        if page[-1]["completedTime"] == since:
            break
        since = page[-1]["completedTime"]
    assert len(set(seen)) == 30


async def test_pages_end_also_where_many_were_told_of_at_once(
    old: httpx.AsyncClient, core: Core, records: Records
) -> None:
    await fill(records, 30)
    assert await records.dialling.code(SPRING, Chosen(), "Sold out") == 30
    async with core.database.reading() as tx:
        told = [
            row["told_at"]
            for row in await tx.fetch(
                "SELECT told_at FROM campaign_record WHERE tenant_id = $1 ORDER BY told_at", records.tenant.id
            )
        ]
    seen: list[str] = []
    for at in range(0, 30, 10):
        since = told[at].astimezone(UTC).replace(tzinfo=None)
        page = await changed(old, since.isoformat(timespec="milliseconds"), most=10)
        seen += [one["entry"]["id"] for one in page]
    assert len(set(seen)) == 30


async def test_a_recall_a_filter_and_a_bar_are_no_results(old: httpx.AsyncClient, core: Core, records: Records) -> None:
    await fill(records, 2)
    await tried(records, 0, outcome="busy")
    await move_clock(core, records, timedelta(hours=2))
    one = (await records.campaign_records.in_campaign(LEADS, "Spring", {"id": "0"})).state
    assert one is not None
    async with core.database.transaction() as tx:
        for change in (
            dialling.bar(tx, records.tenant.id, [one.id]),
            dialling.renew(tx, records.tenant.id, [one.id]),
            dialling.leave_out(tx, records.tenant.id, [one.id], left_out=True),
        ):
            await change
    soon = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    assert await changed(old, since=soon) == []
    assert [one["entry"]["id"] for one in await changed(old)] == ["0"]


async def test_what_was_coded_and_is_taken_up_again_untried_is_no_result(
    old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 1)
    await records.dialling.code(SPRING, Chosen(), "Sold out")
    assert len(await changed(old)) == 1
    await records.dialling.renew(SPRING, Chosen())
    assert await changed(old) == []


# ---- All, page by page


async def test_who_reads_until_a_short_page_gets_each_record_once_in_order_while_others_are_added(
    old: httpx.AsyncClient, records: Records
) -> None:
    await records.lists.add_many(LEADS, [lead(n, number(n % 100)) for n in range(2_500)])

    async def grow() -> None:
        for part in range(20):
            await records.lists.add_many(LEADS, [lead(f"late {part}-{n}", number(n)) for n in range(10)])

    async def walk() -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        while True:
            asked = {"fromIndex": seen[-1]["index"] + 1 if seen else 0, "maxSize": "300"}
            page = (await old.post("/callinglist/getAll/leads.csv/Spring", json=asked)).json()
            seen += page
            if len(page) < 300:
                return seen

    seen, _ = await asyncio.gather(walk(), grow())
    assert [one["index"] for one in seen] == list(range(len(seen)))
    assert [one["entry"]["id"] for one in seen[:2_500]] == [str(n) for n in range(2_500)]
    assert all(one["entry"]["id"].startswith("late") for one in seen[2_500:])


async def test_a_record_that_left_the_campaign_is_listed_without_status(
    old: httpx.AsyncClient, records: Records
) -> None:
    await fill(records, 2)
    one = (await records.campaign_records.in_campaign(LEADS, "Spring", {"id": "0"})).state
    assert one is not None
    await records.campaigns.clear(SPRING, [one.id])
    asked = {"fromIndex": 0, "maxSize": 10}
    page = (await old.post("/callinglist/getAll/leads.csv/Spring", json=asked)).json()
    assert ["status" in one for one in page] == [False, True]
    assert "status" not in await get(old, "0")


@pytest.mark.parametrize("bad", [-1, "-1", "", " ", "1.5", 1.5, True, None, [], "9" * 30])
async def test_a_number_that_is_none_is_refused(old: httpx.AsyncClient, bad: Any) -> None:
    for asked in ({"fromIndex": bad, "maxSize": 10}, {"fromIndex": 0, "maxSize": bad}):
        answer = await old.post("/callinglist/getAll/leads.csv/Spring", json=asked)
        assert answer.status_code == 400
        assert answer.json()["error_description"] == "invalid parameters"


async def test_the_furthest_index_is_empty(old: httpx.AsyncClient) -> None:
    asked = {"fromIndex": "9223372036854775807", "maxSize": 1000}
    assert (await old.post("/callinglist/getAll/leads.csv/Spring", json=asked)).json() == []
