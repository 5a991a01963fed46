"""Calls as trees of legs (contracts/cim.md 5.3, rules 2 to 4 and 8), also when many report at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringbook.core.access import Core, Records
from ringbook.domain.interaction import Interaction, LegDraft
from ringbook.domain.problems import Invalid, Missing
from tests.core.cast import LEADS, NOON, agent_leg, history, lead, link_by_hand, number, only, save, told

MINUTE = timedelta(minutes=1)


async def legs_of(records: Records, call_id: str) -> list[Any]:
    return list((await records.interactions.get(call_id)).legs)


# ---- The root


async def test_a_call_is_linked_to_the_contact_of_its_number_in_any_spelling(records: Records) -> None:
    contact = await save(records, phone1=number(1))
    await agent_leg(records, "c-1", ani="+1 (330) 555 0101")
    call = await records.interactions.get("c-1")
    assert (call.contact_id, call.ani) == (contact.id, "+1 (330) 555 0101")


async def test_the_call_of_an_unknown_caller_is_linked_when_the_caller_is_saved(records: Records) -> None:
    await agent_leg(records, "c-1", ani=number(1))
    await agent_leg(records, "c-2", ani=number(2))
    assert (await records.interactions.get("c-1")).contact_id is None
    contact = await save(records, phone5="1 330 555 0101")
    assert (await records.interactions.get("c-1")).contact_id == contact.id
    assert (await records.interactions.get("c-2")).contact_id is None
    record = await records.lists.add(LEADS, lead(1, number(2)))
    assert (await records.interactions.get("c-2")).contact_id == record.contact_id


async def test_a_later_number_of_a_contact_brings_its_calls(records: Records) -> None:
    contact = await save(records, phone1=number(1))
    await agent_leg(records, "c-1", ani=number(2))
    await records.contacts.update(contact.id, {"phone2": number(2)})
    assert (await records.interactions.get("c-1")).contact_id == contact.id


async def test_a_number_that_is_not_valid_links_nobody(records: Records) -> None:
    await agent_leg(records, "c-1", ani="4711")
    await save(records, phone1="4711")
    await agent_leg(records, "c-2", ani="4711")
    assert [(await records.interactions.get(c)).contact_id for c in ("c-1", "c-2")] == [None, None]


async def test_a_link_made_by_hand_is_never_overwritten(core: Core, records: Records) -> None:
    await save(records, phone1=number(1))
    await agent_leg(records, "c-1", ani=number(1))
    call = await records.interactions.get("c-1")
    chosen = await save(records, city="Akron")
    await link_by_hand(core, records, "interaction", call.id, chosen.id)
    await agent_leg(records, "c-1", agent="lee", ani=number(1))
    await save(records, phone1=number(1), city="Kent")
    assert (await records.interactions.get("c-1")).contact_id == chosen.id


async def test_callers_and_their_contacts_that_come_at_once_find_one_another(records: Records) -> None:
    work: list[Coroutine[Any, Any, object]] = []
    for n in range(16):
        work.append(agent_leg(records, f"c-{n}", ani=number(n)))
        work.append(save(records, phone1=number(n)) if n % 2 else records.lists.add(LEADS, lead(n, number(n))))
    await asyncio.gather(*work[::2], *work[1::2])
    for n in range(16):
        known = only((await records.lookup.by_number(number(n))).contacts)
        assert (await records.interactions.get(f"c-{n}")).contact_id == known.id


async def test_an_earlier_leg_moves_the_calls_beginning(records: Records) -> None:
    await agent_leg(records, "c-1", started_at=NOON)
    await agent_leg(records, "c-1", agent="lee", started_at=NOON - MINUTE)
    await agent_leg(records, "c-1", agent="max", started_at=NOON + MINUTE)
    call = await records.interactions.get("c-1")
    assert call.started_at == NOON - MINUTE
    assert [leg.agent for leg in call.legs] == ["lee", "kim", "max"]


async def test_a_hand_ties_a_call_for_good_and_the_journal_has_it(records: Records) -> None:
    by_number = await save(records, phone1=number(1))
    await agent_leg(records, "c-1", ani=number(1))
    chosen = await save(records, city="Akron")
    call = await records.interactions.link("c-1", chosen.id)
    assert call.contact_id == chosen.id
    last = (await history(records, "interaction", call.id))[-1]
    assert told(last.before) == {"contact_id": by_number.id}
    await records.interactions.link("c-1", None)
    await agent_leg(records, "c-1", agent="lee", ani=number(1))
    await records.contacts.update(by_number.id, {"phone2": number(1)})
    assert (await records.interactions.get("c-1")).contact_id is None


async def test_a_call_without_a_number_gets_that_of_a_later_report(records: Records) -> None:
    contact = await save(records, phone1=number(1))
    await agent_leg(records, "c-1", ani="")
    await agent_leg(records, "c-1", agent="lee", ani=number(1))
    call = await records.interactions.get("c-1")
    assert (call.ani, call.contact_id) == (number(1), contact.id)


async def test_the_halves_of_a_transferred_call_are_one_under_both_ids(records: Records) -> None:
    contact = await save(records, phone1=number(1))
    await agent_leg(records, "old", ani=number(1), started_at=NOON)
    await agent_leg(records, "new", ani="", agent="lee", started_at=NOON - MINUTE)
    await records.interactions.save_leg(
        "new", "", LegDraft(actor="AGENT", agent="max", started_at=NOON + MINUTE), related_call_id="old"
    )
    for call_id in ("old", "new"):
        call = await records.interactions.get(call_id)
        assert (call.call_id, call.contact_id, call.started_at) == ("old", contact.id, NOON - MINUTE)
        assert [leg.agent for leg in call.legs] == ["lee", "kim", "max"]


async def test_the_calls_of_a_contact_are_those_of_its_numbers_too(records: Records) -> None:
    contact = await save(records, phone1="4711", phone2=number(1))
    await agent_leg(records, "c-1", ani="4711", started_at=NOON)
    await agent_leg(records, "c-2", ani=number(1), started_at=NOON + MINUTE)
    await agent_leg(records, "c-3", ani=number(2), started_at=NOON)
    found, calls = await records.interactions.of_contact(contact.id)
    assert found.id == contact.id
    assert [call.call_id for call in calls] == ["c-2", "c-1"]
    _, earlier = await records.interactions.of_contact(contact.id, before=NOON + MINUTE)
    assert [call.call_id for call in earlier] == ["c-1"]
    with pytest.raises(Missing):
        await records.interactions.of_contact(contact.id, created_second=contact.created_second - 1)


@pytest.mark.parametrize("call_id", ["", "x" * 256])
async def test_a_call_id_has_bounds(records: Records, call_id: str) -> None:
    with pytest.raises(Invalid) as told:
        await agent_leg(records, call_id)
    assert told.value.field == "call_id"


async def test_a_call_that_is_not_there_is_missing(records: Records) -> None:
    with pytest.raises(Missing):
        await records.interactions.get("no such")


# ---- Legs


async def test_the_same_leg_is_updated_and_another_appended(records: Records) -> None:
    first = await agent_leg(records, "c-1", agent="kim")
    assert (await agent_leg(records, "c-1", agent="KIM", team="Billing")).id == first.id
    assert (await agent_leg(records, "c-1", agent="kim", call_id="c-1")).id == first.id
    others = [
        await agent_leg(records, "c-1", agent="lee"),
        await agent_leg(records, "c-1", agent="kim", call_id="c-2"),
        await records.interactions.save_leg("c-1", number(0), LegDraft(actor="IVR", agent="kim")),
    ]
    assert len({first.id, *(leg.id for leg in others)}) == len(await legs_of(records, "c-1")) == 4


async def test_the_start_tells_legs_apart_only_where_both_have_one(records: Records) -> None:
    first = await agent_leg(records, "c-1")
    assert (await agent_leg(records, "c-1", started_at=NOON)).id == first.id
    second = await agent_leg(records, "c-1", started_at=NOON + MINUTE)
    assert second.id != first.id
    same_moment = datetime.fromisoformat("2026-03-02T21:00:00+09:00")
    assert same_moment == NOON
    assert (await agent_leg(records, "c-1", started_at=same_moment)).id == first.id
    assert (await agent_leg(records, "c-1")).id == first.id
    assert len(await legs_of(records, "c-1")) == 2


async def test_empty_texts_overwrite_nothing(records: Records) -> None:
    said: dict[str, Any] = {"team": "Billing", "queue": "Q1", "disposition": "HANDLED", "wrap_up": "sent", "notes": "n"}
    known: dict[str, Any] = {"direction": "INBOUND", "started_at": NOON, "duration_seconds": 90, "outcome": "answered"}
    await agent_leg(records, "c-1", submitted={"call_duration": "90", "csq": ""}, ivr_trail="a>b", **said, **known)
    leg = await agent_leg(records, "c-1", submitted={"call_duration": "", "csq": "Q1"})
    for fact, value in (said | known).items():
        assert getattr(leg, fact) == value, fact
    assert (leg.ivr_trail, leg.submitted) == ("a>b", {"call_duration": "90", "csq": "Q1"})


async def test_the_last_wrap_up_wins_and_all_are_kept(records: Records) -> None:
    for wrap_up in ("first", "", "second", "second"):
        leg = await agent_leg(records, "c-1", wrap_up=wrap_up)
    other = await agent_leg(records, "c-1", agent="lee", wrap_up="third")
    assert (leg.wrap_up, leg.wrap_ups) == ("second", ["first", "second"])
    assert other.wrap_ups == ["third"]


async def test_a_leg_that_comes_days_later_is_taken(records: Records) -> None:
    await agent_leg(records, "c-1", started_at=NOON)
    await agent_leg(records, "c-1", agent="lee", started_at=NOON + timedelta(days=9))
    assert len(await legs_of(records, "c-1")) == 2


async def test_the_same_report_twice_changes_nothing_and_is_journalled_once(records: Records) -> None:
    first = await agent_leg(records, "c-1", team="Billing", wrap_up="sent", started_at=NOON)
    again = await agent_leg(records, "c-1", team="Billing", wrap_up="sent", started_at=NOON)
    assert again == first
    assert only(await legs_of(records, "c-1")) == first
    assert len(await history(records, "interaction")) == 1


reports = st.lists(
    st.builds(
        LegDraft,
        actor=st.sampled_from(["IVR", "AGENT"]),
        agent=st.sampled_from(["", "kim", "Kim", "lee"]),
        call_id=st.sampled_from(["", "root", "other"]),
        team=st.sampled_from(["", "Billing"]),
        wrap_up=st.sampled_from(["", "sent", "called"]),
        started_at=st.sampled_from([None, NOON, NOON.astimezone(timezone(MINUTE * 90)), NOON + MINUTE]),
    ),
    min_size=1,
    max_size=6,
)
_calls = iter(range(10_000))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports)
async def test_repeating_the_last_report_never_changes_a_call(records: Records, drafts: list[LegDraft]) -> None:
    call_id = f"call-{next(_calls)}"

    async def tell(draft: LegDraft) -> Interaction:
        await records.interactions.save_leg(call_id, number(0), draft, started_at=NOON)
        return await records.interactions.get(call_id)

    for draft in drafts:
        once = await tell(draft)
        assert await tell(draft) == once


# ---- Many at once


async def test_eighty_reports_of_ten_legs_make_ten_legs(records: Records) -> None:
    reports = [agent_leg(records, "c-1", agent=f"a{n % 10}", team="x" * (n // 10)) for n in range(80)]
    await asyncio.gather(*reports)
    assert sorted(leg.agent for leg in await legs_of(records, "c-1")) == [f"a{n}" for n in range(10)]


async def test_reports_of_many_calls_from_few_numbers_at_once_lose_none(records: Records) -> None:
    reports = [agent_leg(records, f"c-{n % 8}", agent=f"a{n}", ani=number(n % 3)) for n in range(48)]
    await asyncio.gather(*reports)
    assert [len(await legs_of(records, f"c-{n}")) for n in range(8)] == [6] * 8
