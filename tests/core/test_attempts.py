"""Call attempts: which record they are on, and what they make of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.attempts import AttemptReport
from ringbook.domain.calling_list import ListRecord
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import campaigns
from tests.core.cast import LEADS, NOON, SPRING, agent_leg, attempt, history, lead, number, only

OWN = "Spring"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def listed(records: Records) -> ListRecord:
    """A record with two numbers in the shared list of Spring."""
    return await records.lists.add(LEADS, lead(1, number(1), phone2=number(2)))


# ---- What an attempt does


async def test_an_attempt_is_one_try_more_and_the_record_tells_the_last_outcome(
    records: Records, listed: ListRecord
) -> None:
    next_try = NOON + timedelta(hours=2)
    first = await attempt(records, record_id=listed.id, started_at=NOON, outcome="busy", next_try_at=next_try)
    assert (first.status, first.tries, first.outcome, first.next_try_at) == ("in_progress", 1, "busy", next_try)
    second = await attempt(records, record_id=listed.id, started_at=NOON + MINUTE, disposition="no one there")
    assert (second.tries, second.outcome, second.disposition, second.next_try_at) == (
        2,
        "no_answer",
        "no one there",
        None,
    )
    assert second.last_attempt_at == NOON + MINUTE
    assert len(await history(records, "campaign_record", second.id)) == 2


async def test_tries_count_for_each_number_in_any_spelling(records: Records, listed: ListRecord) -> None:
    await attempt(records, record_id=listed.id, phone="+1 330 555 0102", outcome="busy", cause=17)
    await attempt(records, record_id=listed.id, phone=number(1))
    after = await attempt(records, record_id=listed.id, phone=number(2), outcome="no_answer", cause=19)
    tries = {slot: (t["tries"], t["outcome"], t["cause"]) for slot, t in after.phone_tries.items()}
    assert tries == {"1": (1, "no_answer", None), "2": (2, "no_answer", 19)}


async def test_an_attempt_without_a_number_was_on_the_first(records: Records, listed: ListRecord) -> None:
    made, after, _ = await records.attempts.report(AttemptReport(campaign=SPRING, outcome="busy", record_id=listed.id))
    assert (made.phone, list(after.phone_tries)) == (number(1), ["1"])


async def test_a_number_that_is_none_of_the_records_counts_for_the_record_alone(
    records: Records, listed: ListRecord
) -> None:
    after = await attempt(records, record_id=listed.id, phone=number(77))
    assert (after.tries, after.phone_tries) == (1, {})


async def test_an_attempt_that_is_told_late_counts_and_overwrites_nothing(records: Records, listed: ListRecord) -> None:
    newer = {"outcome": "machine", "disposition": "left a word", "next_try_at": NOON + timedelta(days=1), "cause": 16}
    before = await attempt(records, record_id=listed.id, phone=number(1), started_at=NOON, **newer)
    late = await attempt(
        records, record_id=listed.id, phone=number(1), started_at=NOON - MINUTE, outcome="busy", final=True, cause=17
    )
    assert late.tries == late.phone_tries["1"]["tries"] == 2
    assert (late.phone_tries["1"]["outcome"], late.phone_tries["1"]["cause"]) == ("machine", 16)
    for fact in ("status", "outcome", "disposition", "next_try_at", "completed_at", "last_attempt_at"):
        assert getattr(late, fact) == getattr(before, fact), fact


async def test_an_attempt_on_another_number_is_late_for_the_record_and_not_for_its_number(
    records: Records, listed: ListRecord
) -> None:
    await attempt(records, record_id=listed.id, phone=number(1), started_at=NOON, outcome="busy")
    await attempt(records, record_id=listed.id, phone=number(2), started_at=NOON + 2 * MINUTE, outcome="machine")
    after = await attempt(records, record_id=listed.id, phone=number(1), started_at=NOON + MINUTE, outcome="no_answer")
    assert (after.outcome, after.phone_tries["1"]["outcome"]) == ("machine", "no_answer")


async def test_a_final_outcome_completes_the_record_and_a_later_one_takes_it_up_again(
    records: Records, listed: ListRecord
) -> None:
    done = await attempt(records, record_id=listed.id, started_at=NOON, outcome="answered", final=True)
    assert done.status == "completed"
    assert not (await records.lookup.by_number(number(1))).campaign_records
    late = await attempt(records, record_id=listed.id, started_at=NOON - MINUTE)
    assert (late.status, late.completed_at) == ("completed", done.completed_at)
    again = await attempt(records, record_id=listed.id, started_at=NOON + MINUTE)
    assert (again.status, again.completed_at) == ("in_progress", None)


async def test_attempts_that_are_told_at_once_all_count(records: Records, listed: ListRecord) -> None:
    reports = [
        attempt(records, record_id=listed.id, phone=number(1 + n % 2), started_at=NOON + n * MINUTE) for n in range(24)
    ]
    await asyncio.gather(*reports)
    after = only(await records.campaigns.records_of(listed.id))
    assert (after.tries, after.last_attempt_at) == (24, NOON + 23 * MINUTE)
    assert {slot: t["tries"] for slot, t in after.phone_tries.items()} == {"1": 12, "2": 12}


# ---- Which record it is on


async def test_a_record_is_named_by_its_own_id_or_its_campaign_records(records: Records, listed: ListRecord) -> None:
    campaign_record = only(await records.campaigns.records_of(listed.id))
    for record_id in (listed.id, campaign_record.id):
        assert (await attempt(records, record_id=record_id)).id == campaign_record.id
    assert (await attempt(records, campaign="Spring", record_id=listed.id)).tries == 3


async def test_a_key_without_a_list_means_the_campaigns_own(records: Records, listed: ListRecord) -> None:
    await records.lists.add(OWN, {"customer_id": "900", "tel1": number(3)})
    newest = await records.lists.add(OWN, {"customer_id": "900", "UserData": "crm-7", "tel1": number(4)})
    for key in ({"customer_id": "900"}, {"CUSTOMER_ID": "900"}, {"UserData": "crm-7"}, {"userdata": "crm-7"}):
        assert (await attempt(records, key=key)).record_id == newest.id


async def test_null_in_a_key_is_absent(records: Records) -> None:
    record = await records.lists.add(OWN, {"UserData": "crm-7", "tel1": number(3)})
    assert (await attempt(records, key={"UserData": "crm-7", "customer_id": None})).record_id == record.id
    with pytest.raises(Invalid):
        await attempt(records, key={"customer_id": None})


async def test_a_key_of_a_shared_list_needs_its_name(records: Records, listed: ListRecord) -> None:
    for target in (LEADS, listed.list_id):
        assert (await attempt(records, list=target, key={"id": "1"})).record_id == listed.id
    with pytest.raises(Invalid):
        await attempt(records, key={"id": "1"})


async def test_a_number_alone_names_the_newest_record_that_has_it(records: Records, listed: ListRecord) -> None:
    assert (await attempt(records, phone="(330) 555 0102")).record_id == listed.id
    newest = await records.lists.add(OWN, {"tel2": number(2)})
    assert (await attempt(records, phone=number(2))).record_id == newest.id


@pytest.mark.parametrize(
    "facts",
    [
        {"campaign": "no such"},
        {"campaign": 2**70},
        {"record_id": 1},
        {"record_id": 2**70},
        {"list": "no such", "key": {"id": "1"}},
        {"list": LEADS, "key": {"id": "2"}},
        {"key": {"customer_id": "none"}},
        {"key": {"UserData": "none"}},
        {"phone": number(77)},
    ],
)
async def test_what_is_not_there_is_missing(records: Records, listed: ListRecord, facts: dict[str, Any]) -> None:
    given = facts if set(facts) != {"campaign"} else facts | {"record_id": listed.id}
    with pytest.raises(Missing):
        await attempt(records, **given)
    assert only(await records.campaigns.records_of(listed.id)).tries == 0


async def test_a_record_of_another_campaign_is_missing(records: Records, listed: ListRecord) -> None:
    autumn = await records.campaigns.create("Autumn")
    await records.campaigns.unbind(SPRING, LEADS)
    await records.campaigns.bind(autumn.id, LEADS)
    for facts in ({"record_id": listed.id}, {"list": LEADS, "key": {"id": "1"}}, {"phone": number(1)}):
        with pytest.raises(Missing):
            await attempt(records, **facts)
        assert (await attempt(records, campaign="Autumn", **facts)).record_id == listed.id


@pytest.mark.parametrize("facts", [{}, {"key": {}}, {"phone": ""}, {"phone": " "}, {"phone": "1" * 101}])
async def test_an_attempt_on_nothing_is_invalid(records: Records, facts: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await attempt(records, **facts)


# ---- The history


async def test_an_attempt_is_an_outbound_leg_of_its_contact(records: Records, listed: ListRecord) -> None:
    facts = {"started_at": NOON, "talk_seconds": 30, "agent": "kim", "notes": "call again"}
    await attempt(records, record_id=listed.id, call_id="c-1", outcome="answered", disposition="Product sold", **facts)
    call = await records.interactions.get("c-1")
    assert (call.contact_id, call.started_at) == (listed.contact_id, NOON)
    leg = only(call.legs)
    assert (leg.actor, leg.direction, leg.agent, leg.started_at) == ("AGENT", "OUTBOUND", "kim", NOON)
    assert (leg.duration_seconds, leg.disposition, leg.outcome, leg.notes) == (
        30,
        "Product sold",
        "answered",
        "call again",
    )


async def test_a_call_id_joins_the_calls_tree(records: Records, listed: ListRecord) -> None:
    await agent_leg(records, "c-1", agent="lee", ani=number(1), started_at=NOON - MINUTE)
    await attempt(records, record_id=listed.id, call_id="c-1", agent="kim", started_at=NOON)
    assert [leg.agent for leg in (await records.interactions.get("c-1")).legs] == ["lee", "kim"]


async def test_attempts_without_a_call_id_are_calls_of_their_own(records: Records, listed: ListRecord) -> None:
    for n in range(2):
        await attempt(records, record_id=listed.id, started_at=NOON + n * MINUTE)
    calls = (await records.lookup.by_number(number(1))).interactions
    assert [len(call.legs) for call in calls] == [1, 1]


async def test_a_call_id_that_all_attempts_share_fills_one_call_and_refuses_none(
    records: Records, listed: ListRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbook.core.attempts.MOST_LEGS", 3)
    for n in range(5):
        await attempt(records, record_id=listed.id, call_id="0", agent=f"agent {n}", started_at=NOON + n * MINUTE)
    calls = (await records.lookup.by_number(number(1))).interactions
    assert sorted(len(call.legs) for call in calls) == [1, 1, 3]


async def test_an_attempt_that_its_records_deletion_waited_for_is_history_alone(
    core: Core, records: Records, listed: ListRecord
) -> None:
    tenant_id = records.tenant.id
    async with core.database.transaction() as tx:
        (seen,) = await campaigns.of_record(tx, tenant_id, listed.id)
        held = await campaigns.record(tx, tenant_id, SPRING, seen.id)
        deleting = asyncio.create_task(records.lists.clear(LEADS))
        await asyncio.sleep(0.1)
        await tx.execute(
            """
            INSERT INTO attempt (tenant_id, campaign_id, campaign_record_id, record_id, phone, match_key, started_at,
                                 outcome, disposition, final, agent, call_id, notes, created_at)
            VALUES ($1, $2, $3, $4, '', '', now(), 'busy', '', false, '', '', '', now())
            """,
            tenant_id,
            SPRING,
            held.id,
            listed.id,
        )
    assert await deleting == 1
    async with core.database.reading() as tx:
        rows = await tx.fetch("SELECT campaign_record_id, record_id FROM attempt WHERE tenant_id = $1", tenant_id)
    assert tuple(only(rows)) == (None, None)
