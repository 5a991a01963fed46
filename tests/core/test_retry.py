"""Attempts in a campaign that has rules for what comes next."""

from __future__ import annotations

from datetime import timedelta

from ringbook.core.access import Core, Records
from ringbook.core.attempts import AttemptReport, Reported
from ringbook.domain.campaign import Chosen
from ringbook.domain.may_call import RETRY
from tests.core.cast import LEADS, NOON, SPRING, lead, move_clock, number

BUSY_TWICE = {"busy": {"after_minutes": 10, "tries": 2}, "most_tries": 4}
MINUTE = timedelta(minutes=1)


async def rules(records: Records, **said: object) -> None:
    await records.campaigns.update(SPRING, settings={RETRY: said})


async def tried(records: Records, n: int, phone: int = 1, **facts: object) -> Reported:
    """An attempt on the record with two numbers, so many minutes past noon; a busy one unless said otherwise."""
    said = {"campaign": SPRING, "outcome": "busy", "list": LEADS, "key": {"id": "1"}, "phone": number(phone)}
    return await records.attempts.report(AttemptReport(**said | {"started_at": NOON + n * MINUTE} | facts))  # type: ignore[arg-type]


async def test_busy_is_tried_again_then_on_the_next_number_then_no_more(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), phone2=number(2)))
    await rules(records, **BUSY_TWICE | {"most_tries": 10})
    first = await tried(records, 0, ring_seconds=60)
    assert (first.decision.by, first.decision.why) == ("rule", "busy 1 of 2")
    assert first.record.next_try_at == first.attempt.next_try_at == NOON + 11 * MINUTE
    second = await tried(records, 20)
    assert (second.decision.number_used_up, second.record.status) == (True, "in_progress")
    claimed = await records.claims.claim(SPRING, "kim", lease_seconds=60, most=1)
    assert [(one.slot, one.phone) for one in claimed.records] == [(2, number(2))]
    await tried(records, 30, 2)
    last = await tried(records, 50, 2)
    assert (last.decision.final, last.attempt.final, last.record.status) == (True, True, "completed")


async def test_the_last_try_of_all_completes_the_record(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), phone2=number(2)))
    await rules(records, **BUSY_TWICE | {"most_tries": 2})
    await tried(records, 0)
    last = await tried(records, 1, outcome="no_answer")
    assert (last.record.status, last.decision.why) == ("completed", "try 2 of 2")


async def test_what_the_caller_says_comes_before_the_rules(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1)))
    await rules(records, busy={"after_minutes": 10, "tries": 1})
    said = await tried(records, 0, next_try_at=NOON + 90 * MINUTE)
    assert (said.decision.by, said.record.next_try_at, said.record.status) == (
        "caller",
        NOON + 90 * MINUTE,
        "in_progress",
    )
    over = await tried(records, 1, final=True)
    assert (over.decision.by, over.record.status) == ("caller", "completed")


async def test_without_rules_nobody_decides(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1)))
    made = await tried(records, 0)
    assert (made.decision.by, made.record.next_try_at, made.record.status) == ("none", None, "in_progress")


async def test_an_attempt_that_is_told_late_decides_nothing(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1)))
    await rules(records, busy={"after_minutes": 10, "tries": 5})
    known = await tried(records, 30)
    late = await tried(records, 0)
    assert (late.decision.by, late.record.next_try_at) == ("none", known.record.next_try_at)


async def test_a_record_that_is_renewed_has_its_numbers_again(core: Core, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), phone2=number(2)))
    await rules(records, busy={"after_minutes": 10, "tries": 1})
    await tried(records, 0)
    await records.dialling.renew(SPRING, Chosen())
    await move_clock(core, records, 2 * MINUTE)
    claimed = await records.claims.claim(SPRING, "kim", lease_seconds=60, most=1)
    assert [one.slot for one in claimed.records] == [1]
