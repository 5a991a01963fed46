"""May this number be called? Lists, hours, tries; and what a tenant says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.calling_hours import Span
from ringbook.domain.may_call import CALLING, CallingRules, TriesRule
from ringbook.domain.problems import Forbidden, Invalid, Missing
from tests.core.cast import LEADS, SPRING, attempt, history, lead, move_clock, number

LOS_ANGELES, NEW_YORK, TOLL_FREE = "213-555-0101", "212-555-0102", "800-555-0199"
OFFICE = (Span(from_="08:00", until="21:00"),)
WEDNESDAY = datetime(2026, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def at(core: Core, records: Records, hour: float) -> None:
    """Move the tenant's clock to this hour of a Wednesday in March, Greenwich time."""
    await move_clock(core, records, WEDNESDAY + hour * HOUR - datetime.now(UTC))


async def test_without_rules_and_lists_everybody_may_be_called(records: Records) -> None:
    assert (await records.calling.may_call(number(1))).allowed
    assert (await records.calling.may_call("4711", SPRING)).allowed
    with pytest.raises(Invalid):
        await records.calling.may_call("Ann")


async def test_hours_are_those_of_the_numbers_own_zone(core: Core, records: Records) -> None:
    await at(core, records, 14)
    await records.calling.put_rules(CallingRules(hours=OFFICE))
    assert (await records.calling.may_call(NEW_YORK)).allowed
    far = await records.calling.may_call(LOS_ANGELES)
    assert (far.allowed, far.reason, far.next_allowed_at) == (False, "hours", WEDNESDAY + 16 * HOUR)
    assert far.details["zones"] == {"America/Los_Angeles": "2026-03-04T06:00-08:00"}


async def test_a_postcode_says_where_a_number_of_no_place_is(core: Core, records: Records) -> None:
    await at(core, records, 14)
    await records.calling.put_rules(CallingRules(hours=OFFICE))
    assert not (await records.calling.may_call(TOLL_FREE)).allowed
    await records.contacts.save({"phone1": TOLL_FREE, "postal_code": "10001-2345"})
    await records.calling.replace_postcodes([("1", "America/Los_Angeles"), ("100", "America/New_York")])
    assert (await records.calling.may_call(TOLL_FREE)).allowed
    await records.calling.replace_postcodes([("1", "America/Los_Angeles")])
    assert (await records.calling.may_call(TOLL_FREE)).next_allowed_at == WEDNESDAY + 16 * HOUR


async def test_a_campaigns_own_hours_replace_the_tenants(core: Core, records: Records) -> None:
    await at(core, records, 14)
    await records.calling.put_rules(CallingRules(hours=OFFICE, holidays=(date(2026, 3, 5),)))
    early = {CALLING: {"hours": [{"from": "06:00", "until": "07:00"}]}}
    await records.campaigns.update(SPRING, settings=early)
    assert (await records.calling.may_call(LOS_ANGELES, SPRING)).allowed
    near = await records.calling.may_call(NEW_YORK, "Spring")
    assert near.next_allowed_at == WEDNESDAY + (2 * 24 + 11) * HOUR, "tomorrow is a holiday of the tenant's"
    await records.campaigns.update(SPRING, settings={CALLING: None})
    assert (await records.calling.may_call(NEW_YORK, SPRING)).allowed


async def test_a_list_with_an_expiry_bars_until_then_and_one_without_for_ever(core: Core, records: Records) -> None:
    await at(core, records, 14)
    await records.calling.put_rules(CallingRules(hours=OFFICE))
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [NEW_YORK], expires_at=WEDNESDAY + 30 * HOUR)
    barred = await records.calling.may_call("+1 (212) 555-0102")
    assert (barred.reason, barred.details) == ("do_not_call", {"list": "internal", "by": "number"})
    assert barred.next_allowed_at == WEDNESDAY + 37 * HOUR, "at eight, once it is over"
    await records.do_not_call.add("internal", [NEW_YORK])
    assert (await records.calling.may_call(NEW_YORK)).next_allowed_at is None


async def test_a_bound_list_bars_its_campaigns_alone(records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    await records.campaigns.create("Autumn")
    await records.do_not_call.bind("internal", "Autumn")
    assert (await records.calling.may_call(number(1), SPRING)).allowed
    assert (await records.calling.may_call(number(1))).allowed
    assert not (await records.calling.may_call(number(1), "Autumn")).allowed


async def test_tries_count_over_all_campaigns_in_a_rolling_window(core: Core, records: Records) -> None:
    await records.campaigns.create("Autumn", lists_to_run=[LEADS])
    record = await records.lists.add(LEADS, lead(1, number(1)))
    await records.calling.put_rules(CallingRules(tries=TriesRule(most=2, hours=24)))
    now = await records.dialling.now()
    await attempt(records, record_id=record.id, started_at=now - 20 * HOUR)
    assert (await records.calling.may_call(number(1))).allowed
    await attempt(records, campaign="Autumn", record_id=record.id, started_at=now - HOUR)
    full = await records.calling.may_call(number(1))
    assert (full.reason, full.details) == ("tries", {"tries": 2, "hours": 24})
    assert full.next_allowed_at == now + 4 * HOUR
    await move_clock(core, records, 4 * HOUR + timedelta(minutes=1))
    assert (await records.calling.may_call(number(1))).allowed


async def test_rules_and_postcodes_are_journalled_and_put_once(records: Records) -> None:
    rules = CallingRules(hours=OFFICE, holidays=(date(2026, 12, 25),), tries=TriesRule(most=3, hours=24))
    assert await records.calling.put_rules(rules)
    assert not await records.calling.put_rules(rules)
    assert await records.calling.rules() == rules
    await records.calling.replace_postcodes([("SW1A 1AA", "Europe/London"), ("90", "America/Los_Angeles")])
    assert await records.calling.postcodes() == [("90", "America/Los_Angeles"), ("SW1A1AA", "Europe/London")]
    assert await records.calling.postcodes("90", 10) == [("SW1A1AA", "Europe/London")]
    assert len(await history(records, "calling_rules")) == len(await history(records, "postcodes")) == 1


async def test_what_cannot_be_is_refused(core: Core, records: Records) -> None:
    for table in ([("9", "Mars/Olympus")], [("-", "Europe/London")], [("9", "Europe/London"), ("9", "Europe/Paris")]):
        with pytest.raises(Invalid):
            await records.calling.replace_postcodes(table)
    with pytest.raises(Invalid):
        await records.calling.may_call(" ")
    with pytest.raises(Missing):
        await records.calling.may_call(number(1), "nowhere")
    writer = await core.authenticate("native", (await records.keys.create("w", "native", scopes=("write",))).secret)
    with pytest.raises(Forbidden):
        await writer.calling.put_rules(CallingRules())
    with pytest.raises(Forbidden):
        await writer.calling.replace_postcodes([])


async def test_another_tenants_rules_postcodes_and_tries_do_not_count(records: Records, other: Records) -> None:
    record = await other.lists.add(LEADS, lead(1, number(1)))
    await attempt(other, record_id=record.id)
    await other.calling.put_rules(CallingRules(tries=TriesRule(most=1, hours=24)))
    await other.calling.replace_postcodes([("9", "Europe/London")])
    assert await records.calling.rules() == CallingRules()
    assert await records.calling.postcodes() == []
    await records.calling.put_rules(CallingRules(tries=TriesRule(most=1, hours=24)))
    assert (await records.calling.may_call(number(1))).allowed
    assert not (await other.calling.may_call(number(1))).allowed
