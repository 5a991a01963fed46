"""Claims: which records are next, for whom, until when; and what is passed by."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ringbook.background.expire import sweep_numbers
from ringbook.core import claiming
from ringbook.core.access import Core, Records
from ringbook.core.claiming import Claim
from ringbook.domain.calling_hours import Span
from ringbook.domain.campaign import Chosen, Recall
from ringbook.domain.do_not_call import DncType
from ringbook.domain.may_call import CALLING, CallingRules, TriesRule, as_setting
from ringbook.domain.problems import Forbidden, Invalid, Missing
from ringbook.store import dialling
from tests.core.cast import LEADS, SPRING, attempt, lead, move_clock, number, only

LOS_ANGELES, NEW_YORK = "213-555-0101", "212-555-0102"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def add(records: Records, *phones: str) -> list[int]:
    """Records of Spring with these numbers; their ids as campaign records."""
    added = [await records.lists.add(LEADS, lead(n, phone)) for n, phone in enumerate(phones, 100)]
    found = [await records.campaigns.records_of(record.id) for record in added]
    return [next(one.id for one in seats if one.campaign_id == SPRING) for seats in found]


async def claim(records: Records, most: int = 1, agent: str = "kim", lease_seconds: int = 60) -> Claim:
    return await records.claims.claim(SPRING, agent, lease_seconds=lease_seconds, most=most)


def ids(claimed: Claim) -> list[int]:
    return [one.listed.state.id for one in claimed.records if one.listed.state]


async def now(records: Records) -> datetime:
    return await records.dialling.now()


async def rules(records: Records, **said: Any) -> None:
    """Calling rules of the campaign alone."""
    await records.campaigns.update(SPRING, settings={CALLING: as_setting(CallingRules(**said))})


# ---- Who gets what


async def test_each_record_is_given_once_until_its_lease_lapses(core: Core, records: Records) -> None:
    added = await add(records, number(1), number(2), number(3))
    first, second = await claim(records, 2), await claim(records, 2, "sam")
    assert (ids(first), ids(second)) == (added[:2], added[2:])
    assert first.claimed_until is not None
    assert (await claim(records)).next_at == first.claimed_until
    await move_clock(core, records, 59 * timedelta(seconds=1))
    assert (await claim(records)).why == "waiting"
    await move_clock(core, records, 61 * timedelta(seconds=1))
    assert ids(await claim(records, 5)) == added


async def test_a_claim_tells_the_record_and_the_number_to_call(records: Records) -> None:
    await records.lists.add(LEADS, lead("1", number(1), first="Ada", phone2=number(2)))
    one = only((await claim(records)).records)
    assert (one.slot, one.phone, one.listed.record.fields["First name"]) == (1, number(1), "Ada")


async def test_the_higher_priority_then_whose_time_has_come_then_the_older(core: Core, records: Records) -> None:
    added = await add(records, *(number(n) for n in range(6)))
    at = await now(records)
    await records.watching.arrange(SPRING, [added[5]], priority=10)
    await records.watching.arrange(SPRING, [added[4]], next_try_at=at - MINUTE)
    await records.watching.arrange(SPRING, [added[3]], next_try_at=at - 2 * MINUTE)
    await records.watching.arrange(SPRING, [added[0]], next_try_at=at + HOUR)
    assert ids(await claim(records, 10)) == [added[n] for n in (5, 3, 4, 1, 2)]
    await move_clock(core, records, 2 * HOUR)
    assert added[0] in ids(await claim(records, 10))


async def test_a_call_that_was_promised_to_an_agent_is_his(records: Records) -> None:
    added = await add(records, number(1), number(2))
    promised = Recall(agent="sam", phone=number(2))
    at = await now(records) - MINUTE
    async with records.claims._context.database.transaction() as tx:
        await dialling.arrange(tx, records.tenant.id, [(added[1], at, promised)])
    assert ids(await claim(records, 5, "kim")) == added[:1]
    assert ids(await claim(records, 5, "sam")) == added[1:]


async def promise(records: Records, id_: int, phone: str) -> None:
    """A call on this number, now."""
    at = await now(records) - MINUTE
    async with records.claims._context.database.transaction() as tx:
        await dialling.arrange(tx, records.tenant.id, [(id_, at, Recall(phone))])


async def test_a_promised_call_is_on_the_promised_number_also_if_it_is_none_of_the_records(records: Records) -> None:
    added = await add(records, number(1), number(2))
    await promise(records, added[0], number(3))
    await promise(records, added[1], "not a number")
    calls = {one.phone: one for one in (await claim(records, 5)).records}
    assert {phone: one.slot for phone, one in calls.items()} == {number(3): 0, number(2): 1}
    await attempt(records, record_id=added[0], phone=number(3))
    assert [(one.slot, one.phone) for one in (await claim(records)).records] == [(1, number(1))]


async def test_the_promised_numbers_own_hours_and_lists_count(core: Core, records: Records) -> None:
    (far,) = await add(records, LOS_ANGELES)
    await to_wall_clock(core, records, 14)  # 9:30 in New York, 6:30 in Los Angeles
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert not (await claim(records)).records
    await promise(records, far, NEW_YORK)
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [NEW_YORK], expires_at=await now(records) + 90 * MINUTE)
    assert not (await claim(records)).records
    await to_wall_clock(core, records, 16)
    assert only((await claim(records)).records).phone == NEW_YORK


async def test_what_is_promised_to_another_agent_is_no_reason_to_ask_again(records: Records) -> None:
    added = await add(records, number(1))
    at = await now(records) - MINUTE
    async with records.claims._context.database.transaction() as tx:
        await dialling.arrange(tx, records.tenant.id, [(added[0], at, Recall(agent="sam"))])
    empty = await claim(records, 5, "kim")
    assert (empty.why, empty.next_at) == ("waiting", None)
    await attempt(records, record_id=added[0], final=True)
    assert (await claim(records, 5, "kim")).why == "done"


async def test_an_attempt_that_is_told_late_ends_no_claim(records: Records) -> None:
    added = await add(records, number(1), number(1))
    at = await now(records)
    await attempt(records, record_id=added[0], started_at=at - MINUTE, next_try_at=at - MINUTE)
    claimed = await claim(records)
    assert (ids(claimed), claimed.token is None) == (added[:1], False)
    await attempt(records, record_id=added[0], started_at=at - HOUR)
    assert not (await claim(records, 5, "sam")).records, "neither the record nor its number is free"
    assert claimed.token is not None
    assert await records.claims.release(SPRING, claimed.token) == added[:1]


async def test_an_attempt_ends_the_claim_whoever_reports_it(records: Records) -> None:
    added = await add(records, number(1))
    claimed = await claim(records)
    assert claimed.token is not None
    await attempt(records, record_id=added[0], agent="somebody")
    with pytest.raises(Missing):
        await records.claims.renew(SPRING, claimed.token, 60)
    assert ids(await claim(records)) == added
    await attempt(records, record_id=added[0], final=True, outcome="answered")
    assert (await claim(records)).why == "done"


async def test_a_claim_is_renewed_and_given_back(core: Core, records: Records) -> None:
    added = await add(records, number(1), number(2))
    claimed = await claim(records, 2)
    assert claimed.token is not None
    renewed = await records.claims.renew(SPRING, claimed.token, 600, added[:1])
    assert [one.id for one in renewed] == added[:1]
    assert await records.claims.release(SPRING, claimed.token, added[1:]) == added[1:]
    assert ids(await claim(records, 5)) == added[1:]
    await move_clock(core, records, 10 * MINUTE - timedelta(seconds=1))
    await records.claims.renew(SPRING, claimed.token, 2)
    await move_clock(core, records, 11 * MINUTE)
    with pytest.raises(Missing):
        await records.claims.renew(SPRING, claimed.token, 60)
    assert sorted(ids(await claim(records, 5))) == added


async def test_a_number_is_called_by_one_caller_at_a_time_over_all_campaigns(records: Records) -> None:
    await records.campaigns.create("Autumn", state="running", lists_to_run=[LEADS])
    added = await add(records, number(1), number(1), number(2))
    assert ids(await claim(records, 5)) == [added[0], added[2]]
    elsewhere = await records.claims.claim("Autumn", "sam", lease_seconds=60, most=5)
    assert not elsewhere.records
    await attempt(records, record_id=added[0], final=True)
    await attempt(records, record_id=added[2], final=True)
    found = await records.claims.claim("Autumn", "sam", lease_seconds=60, most=5)
    assert not found.records, "looked at again after a minute"


async def test_a_stopped_or_disabled_campaign_gives_nothing_and_says_why(records: Records) -> None:
    await add(records, number(1))
    await records.campaigns.update(SPRING, state="stopped")
    assert (await claim(records)).why == "stopped"
    await records.campaigns.update(SPRING, state="running", enabled=False)
    assert (await claim(records)).why == "disabled"
    await records.campaigns.update(SPRING, enabled=True)
    assert (await claim(records)).why == "claimed"


async def test_its_own_hours_close_a_campaign(core: Core, records: Records) -> None:
    await add(records, number(1))
    await records.campaigns.update(SPRING, settings={"start_time": "00:00:00", "end_time": "00:00:01"})
    await to_wall_clock(core, records, 12)
    assert (await claim(records)).why == "hours"


async def to_wall_clock(core: Core, records: Records, utc_hour: int) -> datetime:
    """Move the tenant's clock to this hour of a Wednesday in March, Greenwich time; the moment it then is."""
    target = datetime(2026, 3, 4, utc_hour, 30, tzinfo=UTC)
    await move_clock(core, records, target - datetime.now(UTC))
    return target


# ---- Who is passed by


async def test_who_may_not_be_called_now_is_passed_by_and_called_when_the_hour_has_come(
    core: Core, records: Records
) -> None:
    far, near = await add(records, LOS_ANGELES, NEW_YORK)
    await to_wall_clock(core, records, 14)  # 9:30 in New York, 6:30 in Los Angeles
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert ids(await claim(records, 5)) == [near]
    waiting = await claim(records, 5)
    assert (waiting.why, ids(waiting)) == ("waiting", [])
    await attempt(records, record_id=near, final=True)
    assert (await claim(records)).next_at == datetime(2026, 3, 4, 16, tzinfo=UTC)
    await to_wall_clock(core, records, 16)
    assert ids(await claim(records, 5)) == [far]


async def test_other_hours_count_at_once_for_who_was_passed_by(core: Core, records: Records) -> None:
    far, near = await add(records, LOS_ANGELES, NEW_YORK)
    await to_wall_clock(core, records, 14)
    await records.calling.put_rules(CallingRules(hours=(Span(from_="08:00", until="21:00"),)))
    assert ids(await claim(records, 5)) == [near]
    await records.calling.put_rules(CallingRules(hours=(Span(from_="06:00", until="21:00"),)))
    assert ids(await claim(records, 5)) == [far]


async def test_a_list_bars_at_the_moment_of_the_claim_whatever_was_marked(core: Core, records: Records) -> None:
    added = await add(records, number(1), number(2))
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", ["+1 330 555 0101"])
    assert ids(await claim(records, 5)) == added[1:]
    await records.do_not_call.add("internal", ["330 555 0102"], expires_at=await now(records) + 90 * MINUTE)
    await attempt(records, record_id=added[1])
    assert not (await claim(records, 5)).records
    await move_clock(core, records, 91 * MINUTE)
    assert ids(await claim(records, 5)) == added[1:]


@pytest.mark.parametrize("type_", ["INTERNAL", "AREA_CODES"])
@pytest.mark.parametrize("how", ["remove", "clear", "take", "drop", "drop by id", "bind", "bind by id", "another type"])
async def test_who_comes_off_a_list_is_called_at_once(records: Records, how: str, type_: DncType) -> None:
    added = await add(records, number(1))
    entry = {"INTERNAL": "+1 330 555 0101", "AREA_CODES": "330"}[type_]
    await records.campaigns.create("Autumn")
    await records.do_not_call.put_list("barred", type_)
    await records.do_not_call.add("barred", [entry])
    assert not (await claim(records, 5)).records
    lists, by_id = records.do_not_call, records.dnc_lists
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "remove": lambda: lists.remove("barred", [entry]),
        "clear": lambda: lists.remove("barred"),
        "take": lambda: lists.take("barred", None, "outbound"),
        "drop": lambda: lists.drop_list("barred"),
        "drop by id": lambda: by_id.drop("barred"),
        "bind": lambda: lists.bind("barred", "Autumn"),
        "bind by id": lambda: by_id.bind("barred", ["Autumn"]),
        "another type": lambda: lists.put_list("barred", "EXCLUSION"),
    }
    await ways[how]()
    assert ids(await claim(records, 5)) == added


async def test_a_record_whose_number_is_corrected_does_not_wait(core: Core, records: Records) -> None:
    far = only(await add(records, LOS_ANGELES))
    await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert not (await claim(records)).records
    await records.lists.update(LEADS, lead("100", NEW_YORK))
    assert ids(await claim(records)) == [far]


@pytest.mark.parametrize(
    ("type_", "entry"), [("AREA_CODES", "330"), ("EXCLUSION", "100"), ("GEOGRAPHIC_POSTAL", "44301")]
)
async def test_area_codes_keys_and_postcodes_bar_too(records: Records, type_: Any, entry: str) -> None:
    await records.contacts.save({"phone1": number(1), "postal_code": "44301-1234", "customer_id": "c1"})
    await records.lists.add(LEADS, lead("100", number(1), account="c1"))
    await records.do_not_call.put_list("barred", type_)
    await records.do_not_call.add("barred", [entry])
    assert not (await claim(records)).records


async def test_a_number_that_was_tried_often_enough_rests(core: Core, records: Records) -> None:
    added = await add(records, number(1))
    await rules(records, tries=TriesRule(most=2, hours=24))
    for _ in range(2):
        assert ids(await claim(records)) == added
        await attempt(records, record_id=added[0])
    resting = await claim(records)
    assert resting.why == "waiting"
    await move_clock(core, records, 24 * HOUR + MINUTE)
    assert ids(await claim(records)) == added


async def test_the_second_number_is_called_where_the_first_may_not_be(core: Core, records: Records) -> None:
    await records.lists.add(LEADS, lead("1", LOS_ANGELES, phone2=NEW_YORK))
    await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert [one.slot for one in (await claim(records)).records] == [2]


async def test_what_the_filter_leaves_out_and_what_has_no_number_is_not_given(records: Records) -> None:
    await records.lists.add("Spring", {"customer_id": "1"})
    barred = only(await add(records, number(1)))
    await records.dialling.bar(SPRING, Chosen())
    assert not (await claim(records)).records
    assert barred


# ---- A crowd


async def test_sixteen_callers_share_thousands_and_forget_none(records: Records) -> None:
    rows = [{"customer_id": f"{n}", "tel1": f"+1{212 + n % 3}{2000000 + n:07}"} for n in range(2000)]
    added = await records.lists.add_many("Spring", rows)
    assert added.count == len(rows)

    async def caller(n: int) -> list[int]:
        mine: list[int] = []
        while True:
            got = await claim(records, 20, f"agent {n}", 3600)
            if got.why == "done" or (got.next_at and got.next_at > await now(records)):
                return mine
            mine += ids(got)

    taken = await asyncio.gather(*(caller(n) for n in range(16)))
    counted = Counter(id_ for mine in taken for id_ in mine)
    assert (len(counted), set(counted.values())) == (len(rows), {1})


async def test_who_is_behind_many_that_are_closed_is_found_before_they_are_all_looked_at(
    core: Core, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_LONG_LOOK", 10)
    rows = [{"customer_id": f"{n}", "tel1": f"+1{213 if n < 900 else 212}{2000000 + n:07}"} for n in range(1000)]
    await records.lists.add_many("Spring", rows)
    await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert len((await claim(records, 5)).records) == 5
    assert (await records.watching.progress(SPRING)).standings["held"] < 450


async def test_a_claim_of_many_who_are_all_closed_ends_in_time_and_says_to_ask_again(
    core: Core, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_PATIENCE", 0.0)
    await add(records, *(f"213-555-01{n:02}" for n in range(5)))
    moment = await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    found = await claim(records, 2)
    assert found.why == "waiting"
    assert found.next_at is not None
    assert found.next_at < moment + MINUTE
    assert (await records.watching.progress(SPRING)).held == {"hours": 2}


async def test_more_who_are_barred_than_one_look_judges_are_all_passed_by_in_one_claim(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_JUDGED", 5)
    await add(records, *(number(n) for n in range(20)))
    await records.do_not_call.put_list("area", "AREA_CODES")
    await records.do_not_call.add("area", ["330"])
    assert (await claim(records)).why == "waiting"
    assert (await records.watching.progress(SPRING)).held == {"do_not_call": 20}


async def test_a_claim_gives_fewer_than_are_wanted_rather_than_hold_them_while_it_looks_on(
    core: Core, records: Records
) -> None:
    _, near, other = await add(records, LOS_ANGELES, NEW_YORK, "212-555-0103")
    await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    assert ids(await claim(records, 2)) == [near]
    assert ids(await claim(records, 2)) == [other]


async def test_numbers_of_claims_that_have_lapsed_are_swept(core: Core, records: Records) -> None:
    await add(records, number(1), number(2))
    await claim(records, lease_seconds=60)
    await claim(records, lease_seconds=600)
    await move_clock(core, records, 2 * MINUTE)
    await sweep_numbers(core.database)
    async with core.database.reading() as tx:
        left = await tx.fetch("SELECT match_key FROM claimed_number WHERE tenant_id = $1", records.tenant.id)
    assert [row["match_key"] for row in left] == ["+13305550102"]


async def test_callers_of_the_same_numbers_never_wait_in_a_circle(records: Records) -> None:
    """Two campaigns over one list, claimed and given back at once: their numbers come in two orders."""
    phones = [number(n) for n in range(40)]
    await records.campaigns.create("Autumn", state="running", lists_to_run=[LEADS])
    for n, phone in enumerate(phones):
        await records.lists.add(LEADS, lead(n, phone))

    async def caller(campaign: str, agent: str) -> None:
        for _ in range(12):
            got = await records.claims.claim(campaign, agent, lease_seconds=60, most=30)
            if got.token is not None:
                await records.claims.renew(campaign, got.token, 120)
                await records.claims.release(campaign, got.token)
            await records.campaigns.update(campaign, settings={CALLING: {"tries": {"most": 5, "hours": 1}}})
            await records.campaigns.update(campaign, settings={CALLING: None})

    await asyncio.gather(*(caller(name, f"{name} {n}") for n in range(3) for name in ("Spring", "Autumn")))


async def test_many_at_the_front_who_may_not_be_called_are_passed_by_and_remembered(
    core: Core, records: Records
) -> None:
    rows = [{"customer_id": f"{n}", "tel1": f"+1213{2000000 + n:07}"} for n in range(1500)]
    await records.lists.add_many("Spring", rows)
    near = await add(records, NEW_YORK)
    moment = await to_wall_clock(core, records, 14)
    await rules(records, hours=(Span(from_="08:00", until="21:00"),))
    given: list[int] = []
    while (
        (claimed := await claim(records, lease_seconds=7200)).records
        or claimed.next_at is None
        or claimed.next_at < moment + HOUR
    ):
        given += ids(claimed)
    assert given == near
    told = await records.watching.progress(SPRING)
    assert (told.standings["held"], told.held["hours"]) == (len(rows), len(rows))


# ---- What is refused


async def test_bounds_and_scopes(core: Core, records: Records) -> None:
    for most, lease_seconds in ((0, 60), (501, 60), (1, 0), (1, 86401)):
        with pytest.raises(Invalid):
            await claim(records, most, lease_seconds=lease_seconds)
    with pytest.raises(Missing):
        await records.claims.release(SPRING, uuid4())
    with pytest.raises(Missing):
        await records.claims.claim("nowhere", "kim", lease_seconds=1, most=1)
    made = await records.keys.create("reader", "native", scopes=("read",))
    reader = await core.authenticate("native", made.secret)
    with pytest.raises(Forbidden):
        await claim(reader)


async def test_another_tenants_claim_is_not_there(records: Records, other: Records) -> None:
    await add(records, number(1))
    claimed = await claim(records)
    assert claimed.token is not None
    with pytest.raises(Missing):
        await other.claims.release(SPRING, claimed.token)
    with pytest.raises(Missing):
        await other.claims.renew(SPRING, claimed.token, 60)
    assert not (await claim(other)).records
