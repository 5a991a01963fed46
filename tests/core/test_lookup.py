"""A number rings: who it is, why, what is known, what happened last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.problems import Invalid
from tests.conftest import make_tenant
from tests.core.cast import LEADS, NOON, agent_leg, attempt, lead, number, only, save, told


async def test_one_look_up_brings_everything(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1), first="Ada"))
    await records.datasets.submit("Inbound IVR context", number(1), {"AccNum": "7"})
    await agent_leg(records, "c-1", ani=number(1), started_at=NOON, team="Billing")
    await attempt(records, record_id=record.id, started_at=NOON + timedelta(hours=1), call_id="c-2")
    caller = await records.lookup.by_number("+1 (330) 555-0101")
    contact = only(caller.contacts)
    assert caller.number == "+13305550101"
    assert (contact.id, told(contact.attributes)) == (record.contact_id, {"phone1": number(1), "first_name": "Ada"})
    assert {(m.phone, m.source, m.how) for m in contact.matched_by} == {
        (number(1), "phone1", "same number"),
        (number(1), "Phone", "same number"),
    }
    assert told(only(caller.data_sets).values) == {"AccNum": "7"}
    waiting = only(caller.campaign_records)
    assert (waiting.campaign.name, waiting.list.name, waiting.status, waiting.tries) == (
        "Spring",
        LEADS,
        "in_progress",
        1,
    )
    assert [(call.call_id, len(call.legs)) for call in caller.interactions] == [("c-2", 1), ("c-1", 1)]
    assert caller.more is False


@pytest.mark.parametrize(
    "spelling", ["330-555-0101", "+13305550101", "1 330 555 0101", "001 330 555-0101", "(330)5550101"]
)
async def test_a_caller_is_found_in_any_spelling(records: Records, spelling: str) -> None:
    contact = await save(records, first_name="Ilse", phone1=number(1))
    assert only((await records.lookup.by_number(spelling)).contacts).id == contact.id


async def test_twins_of_a_numbering_plan_find_one_another_and_say_so(core: Core, passwords: Passwords) -> None:
    brazil = await make_tenant(core, passwords, region="BR")
    contact = await save(brazil, phone1="+55 11 96123-4567")
    found = only((await brazil.lookup.by_number("+55 11 6123-4567")).contacts)
    assert (found.id, only(found.matched_by).how) == (contact.id, "numbering-plan twin")


async def test_a_number_that_nobody_has_has_an_empty_answer(records: Records) -> None:
    caller = await records.lookup.by_number(number(1))
    assert (caller.contacts, caller.data_sets, caller.campaign_records, caller.interactions) == ([], [], [], [])


async def test_the_calls_of_an_unknown_caller_are_there_before_the_caller_is(records: Records) -> None:
    await agent_leg(records, "c-1", ani=number(1))
    assert only((await records.lookup.by_number(number(1))).interactions).call_id == "c-1"


async def test_twenty_of_a_kind_are_told_and_that_there_are_more(records: Records) -> None:
    for n in range(21):
        await save(records, customer_id=f"c{n}", phone1=number(1))
    caller = await records.lookup.by_number(number(1))
    assert (len(caller.contacts), caller.more) == (20, True)


@pytest.mark.parametrize("nothing", ["", "  ", "1" * 101])
async def test_no_number_and_an_absurd_one_are_invalid(records: Records, nothing: str) -> None:
    with pytest.raises(Invalid) as told_:
        await records.lookup.by_number(nothing)
    assert told_.value.field == "phone"


async def test_an_open_record_is_found_behind_many_that_are_done(records: Records) -> None:
    for n in range(105):
        record = await records.lists.add(LEADS, lead(n, number(1)))
        if n != 100:
            await attempt(records, record_id=record.id, final=True)
    caller = await records.lookup.by_number(number(1))
    assert [(found.status, found.tries) for found in caller.campaign_records] == [("new", 0)]
