"""Who a number names, and what a dial plan decides by."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.caller_name import NO_ROUTING, Routing
from ringbook.domain.problems import Invalid
from tests.conftest import make_tenant
from tests.core.cast import NOON, SPRING, agent_leg, move_clock, number, only, save


async def test_a_number_names_who_has_it(records: Records) -> None:
    contact = await save(records, first_name="Ilse", last_name="Brandt", phone1=number(1))
    caller = only(await records.caller_names.of_number("+1 (330) 555-0101"))
    assert (caller.id, caller.created_second, caller.name) == (contact.id, contact.created_second, "Ilse Brandt")
    assert await records.caller_names.of_number(number(2)) == []


async def test_a_numbering_plan_twin_names_the_same_person(core: Core, passwords: Passwords) -> None:
    brazil = await make_tenant(core, passwords, region="BR")
    await save(brazil, first_name="Rita", phone1="+55 11 96123-4567")
    assert only(await brazil.caller_names.of_number("+55 11 6123-4567")).name == "Rita"


@pytest.mark.parametrize("nothing", ["", "  ", "1" * 101])
async def test_no_number_and_an_absurd_one_are_invalid(records: Records, nothing: str) -> None:
    with pytest.raises(Invalid) as told:
        await records.caller_names.of_number(nothing)
    assert told.value.field == "number"


async def test_the_last_agent_is_that_of_the_newest_call_that_had_one(records: Records) -> None:
    await save(records, first_name="Ilse", phone1=number(1))
    caller = only(await records.caller_names.of_number(number(1)))
    assert await records.caller_names.routing(caller, number(1)) == NO_ROUTING
    await agent_leg(records, "c-2", agent="lee", ani=number(1), started_at=NOON + timedelta(hours=1))
    await agent_leg(records, "c-1", agent="kim", ani=number(1), started_at=NOON)
    assert await records.caller_names.routing(caller, number(1)) == Routing("lee", barred=False)


async def test_a_bar_counts_until_it_expires(core: Core, records: Records) -> None:
    await save(records, first_name="Ilse", phone1=number(1))
    caller = only(await records.caller_names.of_number(number(1)))
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    assert (await records.caller_names.routing(caller, number(1))).barred
    async with core.database.transaction() as tx:
        await tx.execute(
            "UPDATE dnc_entry SET expires_at = ringbook_now($1) + interval '1 hour' WHERE tenant_id = $1",
            records.tenant.id,
        )
    assert (await records.caller_names.routing(caller, number(1))).barred
    await move_clock(core, records, timedelta(hours=2))
    assert not (await records.caller_names.routing(caller, number(1))).barred


async def test_a_bar_holds_with_and_without_the_plus(core: Core, passwords: Passwords) -> None:
    berlin = await make_tenant(core, passwords, region="DE")
    await berlin.do_not_call.put("internal", ["15105550999", "+15105550777"])
    for phone, barred in (("+15105550999", True), ("15105550777", True), ("+15105550778", False)):
        await save(berlin, first_name="Ilse", phone1=phone)
        caller = only(await berlin.caller_names.of_number(phone))
        assert (await berlin.caller_names.routing(caller, phone)).barred is barred
        assert await berlin.campaigns.barred_by(SPRING, phone) == ("internal" if barred else None)
