"""How far a campaign is: counts that add up, and its records by what they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringbook.core import progress
from ringbook.core.access import Core, Records
from ringbook.domain.campaign import Chosen, Standing
from ringbook.domain.problems import Forbidden, Missing
from ringbook.store import progress as stored
from tests.core.cast import LEADS, SPRING, attempt, history, lead, number, only

HOUR = timedelta(hours=1)


@pytest.fixture
async def busy(records: Records) -> Records:
    """Spring with a record of every standing, and two that are ready."""
    for n in range(7):
        await records.lists.add(LEADS, lead(n, number(n), account=f"c{n}"))
    now = await records.dialling.now()
    await attempt(records, list=LEADS, key={"id": "0"}, outcome="answered", final=True, started_at=now - HOUR)
    await attempt(records, list=LEADS, key={"id": "1"}, next_try_at=now + 3 * HOUR, started_at=now - HOUR)
    await attempt(records, list=LEADS, key={"id": "2"}, outcome="busy", started_at=now)
    await records.dialling.bar(SPRING, Chosen(customers=("c3",)))
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(4)])
    claimed = await records.claims.claim(SPRING, "kim", lease_seconds=60, most=3)
    assert len(claimed.records) == 2, "one is barred"
    assert claimed.token is not None
    given_back = claimed.records[0].listed.state
    assert given_back is not None
    await records.claims.release(SPRING, claimed.token, [given_back.id])
    return records


async def test_every_record_counts_once_by_status_and_by_standing(busy: Records) -> None:
    found = await busy.watching.progress(SPRING)
    assert found.records == 7
    assert found.statuses == {"new": 4, "in_progress": 2, "completed": 1}
    assert found.standings == {"ready": 2, "claimed": 1, "waiting": 1, "held": 1, "barred": 1, "completed": 1}
    assert found.held == {"do_not_call": 1}
    assert found.outcomes == {"answered": 1, "no_answer": 1, "busy": 1}


async def test_attempts_and_next_tries_are_told_by_the_hour(busy: Records) -> None:
    found = await busy.watching.progress(SPRING)
    assert sum(hour.attempts for hour in found.attempts) == 3
    assert sum(hour.answered for hour in found.attempts) == 1
    assert sum(hour.records for hour in found.next_tries) == 2, "the one that waits and the one that is held"
    hours = [one.hour for one in found.attempts] + [one.hour for one in found.next_tries]
    assert all(hour.minute == 0 for hour in hours)


async def test_what_takes_long_to_count_is_told_again(busy: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_WORTH_KEEPING", 0.0)
    monkeypatch.setattr(progress, "_KEPT_FOR", 10_000)
    before = await busy.watching.progress(SPRING)
    await attempt(busy, list=LEADS, key={"id": "6"}, final=True)
    assert await busy.watching.progress(SPRING) == before
    assert (await busy.watching.progress(SPRING, hours=2)).as_of > before.as_of


@pytest.mark.parametrize("which", ["new", "in_progress", "completed", "ready", "claimed", "waiting", "held", "barred"])
async def test_records_are_listed_as_they_are_counted(busy: Records, which: Standing) -> None:
    found = await busy.watching.progress(SPRING)
    counted = dict(found.statuses) | dict(found.standings)
    page = await busy.watching.records(SPRING, which=which)
    assert (len(page.records), page.after) == (counted[which], None)


async def test_pages_read_on(busy: Records) -> None:
    first = await busy.watching.records(SPRING, limit=4)
    rest = await busy.watching.records(SPRING, after=first.after or 0, limit=4)
    assert [one.record.fields["id"] for one in [*first.records, *rest.records]] == [str(n) for n in range(7)]
    assert rest.after is None


async def test_a_rare_kind_is_not_looked_for_without_end(records: Records) -> None:
    await records.lists.add_many("Spring", [{"customer_id": f"{n}"} for n in range(stored.SEEN_A_PAGE + 1)])
    await attempt(records, list="Spring", key={"customer_id": f"{stored.SEEN_A_PAGE}"})
    none_yet = await records.watching.records(SPRING, which="in_progress")
    assert not none_yet.records
    assert none_yet.after is not None
    found = await records.watching.records(SPRING, which="in_progress", after=none_yet.after)
    assert (len(found.records), found.after) == (1, None)


async def test_records_get_another_priority_and_next_try(busy: Records) -> None:
    page = await busy.watching.records(SPRING)
    last = page.records[-1].state
    assert last is not None
    at = await busy.dialling.now() + HOUR
    assert await busy.watching.arrange(SPRING, [last.id, 1], next_try_at=at) == [last.id]
    seat = only(await busy.campaigns.records_of(last.record_id))
    assert seat.next_try_at == at
    assert (await history(busy, "campaign", SPRING))[-1].after is not None
    with pytest.raises(Missing):
        await busy.watching.arrange(SPRING, [1], priority=1)


async def test_another_tenants_records_are_not_counted_nor_arranged(busy: Records, other: Records) -> None:
    assert (await other.watching.progress(SPRING)).records == 0
    mine = (await busy.watching.records(SPRING)).records[0].state
    assert mine is not None
    with pytest.raises(Missing):
        await other.watching.arrange(SPRING, [mine.id], priority=9)


async def test_who_only_reads_arranges_nothing(core: Core, busy: Records) -> None:
    reader = await core.authenticate("native", (await busy.keys.create("r", "native", scopes=("read",))).secret)
    assert (await reader.watching.progress(SPRING)).records == 7
    with pytest.raises(Forbidden):
        await reader.watching.arrange(SPRING, [1], priority=1)
