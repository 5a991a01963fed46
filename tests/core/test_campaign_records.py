"""Records as diallers see them: found, in the order of names, loaded and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import campaign_records as stored
from tests.core.cast import LEADS, NOON, SPRING, attempt, history, lead, number, only, told

SUMMER = 7300
SPRING_OWN = "Spring"


@pytest.fixture
async def summer(records: Records) -> int:
    """A second campaign over the same leads."""
    return (await records.campaigns.create("Summer", campaign_id=SUMMER, lists_to_run=[LEADS])).id


async def load(records: Records, external_id: str | None = None, campaign: int = SPRING, **fields: Any) -> ListedRecord:
    """Add a record to a campaign's own list."""
    named = {"Name": "Bell", "PhoneNumber1": number(1)} | ({} if external_id is None else {"UserData": external_id})
    return await records.campaign_records.load(campaign, named | fields)


async def overwrite(records: Records, external_id: str, **more: Any) -> ListedRecord:
    return await records.campaign_records.load(SPRING, {"UserData": external_id}, over_external_id=external_id, **more)


async def in_order(records: Records, campaign: int | None = None) -> list[ListedRecord]:
    return [one async for part in records.campaign_records.by_name(campaign) for one in part]


async def of_foreign_id(records: Records, external_id: str) -> Sequence[ListedRecord]:
    """All of them, where they are few."""
    first, rest = await records.campaign_records.with_external_id(external_id)
    assert rest is None
    return first


def ids(found: Sequence[ListedRecord]) -> list[int]:
    """Of the campaign records."""
    return [id_of(one) for one in found]


def id_of(found: ListedRecord) -> int:
    assert found.state is not None
    return found.state.id


def campaigns(found: Sequence[ListedRecord]) -> list[int]:
    return [one.state.campaign_id for one in found if one.state]


def names(found: Sequence[ListedRecord]) -> list[str | None]:
    return [one.value("Name", "last_name") for one in found]


# ---- Finding


@pytest.mark.parametrize("spelling", ["330-555-0101", "+1 330 555 0101", "3305550101", "13305550101", "+3305550101"])
async def test_a_number_is_found_in_every_spelling_of_its_digits(records: Records, spelling: str) -> None:
    await records.lists.add(LEADS, lead(1, number(1)))
    await records.lists.add(LEADS, lead(2, number(2)))
    found = only(await records.campaign_records.find(phone=spelling))
    assert (found.record.fields["id"], found.list_name, found.campaign_name) == ("1", LEADS, "Spring")


async def test_a_number_that_came_without_its_plus_is_found_with_and_without_it(records: Records) -> None:
    made = await load(records, PhoneNumber1="573001234567")
    for spelling in ("573001234567", "+573001234567", "+57 300 123 4567", "57-300-123-4567"):
        assert ids(await records.campaign_records.find(phone=spelling)) == [id_of(made)]


async def test_what_is_found_comes_by_campaign_and_then_as_it_was_added(records: Records, summer: int) -> None:
    for key in (3, 1, 2):
        await records.lists.add(LEADS, lead(key, number(1)))
    found = await records.campaign_records.find(phone=number(1))
    assert campaigns(found) == [SPRING] * 3 + [SUMMER] * 3
    assert [one.record.fields["id"] for one in found] == ["3", "1", "2"] * 2
    narrowed = await records.campaign_records.find(phone=number(1), campaign=SUMMER)
    assert [one.record.id for one in narrowed] == [one.record.id for one in found[3:]]


async def test_a_record_with_the_same_number_twice_is_there_once(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), phone2="+1 (330) 555-0101"))
    only(await records.campaign_records.find(phone=number(1)))


async def test_a_customer_is_found_exactly_and_with_a_number_both_must_meet(records: Records, summer: int) -> None:
    await records.lists.add(LEADS, lead(1, number(1), account="900"))
    await records.lists.add(LEADS, lead(2, number(1), account="901"))
    found = await records.campaign_records.find(customer_id="900")
    assert campaigns(found) == [SPRING, SUMMER]
    assert {one.record.fields["id"] for one in found} == {"1"}
    both = await records.campaign_records.find(phone=number(1), customer_id="901", campaign=SPRING)
    assert only(both).record.fields["id"] == "2"
    assert await records.campaign_records.find(customer_id="90") == []
    assert await records.campaign_records.find(customer_id="") == []
    assert await records.campaign_records.find(phone=number(2), customer_id="900") == []


async def test_a_campaign_alone_means_all_of_it_in_the_order_they_were_added(records: Records) -> None:
    for key in (3, 1, 2):
        await records.lists.add(LEADS, lead(key, number(key)))
    await load(records, "x")
    found = await records.campaign_records.find(campaign=SPRING)
    assert [one.record.fields.get("id") for one in found] == ["3", "1", "2", None]


async def test_a_campaign_is_read_on_from_any_record(core: Core, records: Records) -> None:
    added = [(await records.lists.add(LEADS, lead(key))).id for key in range(5)]
    async with core.database.reading() as tx:
        part = await stored.of_campaign(tx, records.tenant.id, SPRING, added[1], 2)
    assert [one.record.id for one in part] == added[2:4]


async def test_nothing_asked_is_not_everything(records: Records) -> None:
    with pytest.raises(Invalid):
        await records.campaign_records.find()
    with pytest.raises(Invalid):
        await records.campaign_records.find(phone=" ")


async def test_a_campaign_that_is_not_there_is_missing(records: Records) -> None:
    for campaign in (1, 0, -1, LARGEST_ID + 1):
        with pytest.raises(Missing):
            await records.campaign_records.find(phone=number(1), campaign=campaign)


async def test_a_record_is_got_by_its_campaign_record_id(records: Records, summer: int) -> None:
    await records.lists.add(LEADS, lead(1))
    for one in await records.campaign_records.find(phone=number(0)):
        assert await records.campaign_records.get(id_of(one)) == one
    for id_ in (0, -1, LARGEST_ID, LARGEST_ID + 1):
        with pytest.raises(Missing):
            await records.campaign_records.get(id_)


async def test_a_foreign_id_finds_the_records_of_all_campaigns(records: Records, summer: int) -> None:
    made = [await load(records, "kd-1"), await load(records, "kd-1"), await load(records, "kd-1", SUMMER)]
    await load(records, "kd-10")
    await load(records)
    assert ids(await of_foreign_id(records, "kd-1")) == ids(made)
    assert await of_foreign_id(records, "KD-1") == []
    assert await of_foreign_id(records, "") == []


@pytest.mark.parametrize("count", [200, 201, 900])
async def test_of_a_foreign_id_that_very_many_have_every_record_comes_once(records: Records, count: int) -> None:
    added = await records.lists.add_many("Spring", [{"UserData": "kd-1", "Name": "Bell"}] * count)
    first, rest = await records.campaign_records.with_external_id("kd-1")
    assert [one.record.id for one in first] == added.ids[:200]
    assert (rest is None) == (count == 200)
    if rest is not None:
        assert [one.record.id async for part in rest for one in part] == added.ids[200:]


async def test_a_foreign_id_says_nothing_about_who_somebody_is(records: Records) -> None:
    one = await load(records, "kd-1", PhoneNumber1=number(1))
    two = await load(records, "kd-1", PhoneNumber1=number(2))
    assert one.record.contact_id != two.record.contact_id


async def test_another_tenant_sees_none_of_it(records: Records, other: Records) -> None:
    made = await load(records, "kd-1", customer_id="900")
    assert await other.campaign_records.find(phone=number(1)) == []
    assert await other.campaign_records.find(customer_id="900") == []
    assert await of_foreign_id(other, "kd-1") == []
    assert await in_order(other) == []
    with pytest.raises(Missing):
        await other.campaign_records.get(id_of(made))
    for removal in (other.campaign_records.remove(id_of(made)), other.campaign_records.remove_with_external_id("kd-1")):
        with pytest.raises(Missing):
            await removal
    assert await records.campaign_records.get(id_of(made)) == made


async def test_what_was_taken_out_of_a_campaign_is_found_in_the_others(records: Records, summer: int) -> None:
    await records.lists.add(LEADS, lead(1, account="900"))
    spring, summers = await records.campaign_records.find(phone=number(0))
    await records.campaigns.clear(SPRING, [id_of(spring)])
    with pytest.raises(Missing):
        await records.campaign_records.get(id_of(spring))
    for found in (
        await records.campaign_records.find(phone=number(0)),
        await records.campaign_records.find(customer_id="900"),
        await in_order(records),
    ):
        assert ids(found) == [id_of(summers)]
    assert await records.campaign_records.find(campaign=SPRING) == []
    assert await in_order(records, SPRING) == []


# ---- By key


async def test_a_record_is_named_by_its_key_and_shown_as_the_named_campaign_sees_it(
    records: Records, summer: int
) -> None:
    await records.lists.add(LEADS, lead(" 1 "))
    await records.lists.add(LEADS, lead(2))
    for key in ("1", " 1 "):
        for campaign, id_ in (("Spring", SPRING), ("Summer", SUMMER)):
            found = await records.campaign_records.in_campaign(LEADS, campaign, {"id": key})
            assert (found.record.fields["id"], campaigns([found])) == ("1", [id_])


async def test_a_campaign_that_does_not_run_over_the_list_has_no_state_of_its_record(records: Records) -> None:
    await records.lists.add(LEADS, lead(1))
    await records.campaigns.create("Elsewhere")
    for campaign in ("Elsewhere", "No such"):
        found = await records.campaign_records.in_campaign(LEADS, campaign, {"id": "1"})
        assert (found.record.fields["id"], found.state, found.campaign_name, found.last) == ("1", None, None, None)


async def test_of_an_own_lists_records_with_one_key_the_newest_is_meant(records: Records) -> None:
    await load(records, customer_id="900", Name="Older")
    await load(records, customer_id="900", Name="Newer")
    found = await records.campaign_records.in_campaign("Spring", "Spring", {"customer_id": "900"})
    assert found.value("Name") == "Newer"


async def test_a_key_that_names_nothing(records: Records) -> None:
    await records.lists.add(LEADS, lead(1))
    with pytest.raises(Missing):
        await records.campaign_records.in_campaign("no such", "Spring", {"id": "1"})
    with pytest.raises(Missing):
        await records.campaign_records.in_campaign(LEADS, "Spring", {"id": "2"})
    with pytest.raises(Invalid):
        await records.campaign_records.in_campaign(LEADS, "Spring", {"Phone": number(0)})


# ---- What is said of one


async def test_a_record_brings_its_state_and_the_attempt_that_was_last(records: Records) -> None:
    made = await load(records)
    assert made.state
    assert (made.state.status, made.state.tries, made.last) == ("new", 0, None)
    for minutes, outcome in ((0, "busy"), (60, "answered"), (30, "no_answer")):
        at = NOON + timedelta(minutes=minutes)
        await attempt(records, record_id=id_of(made), outcome=outcome, started_at=at, cause=minutes, agent="kim")
    found = await records.campaign_records.get(id_of(made))
    assert found.state
    assert found.last
    assert (found.state.tries, found.state.outcome, found.state.phone_tries["1"]["tries"]) == (3, "answered", 3)
    assert (found.last.outcome, found.last.cause, found.last.agent) == ("answered", 60, "kim")
    assert only(await records.campaign_records.find(campaign=SPRING)) == found
    assert only(await in_order(records)) == found


async def test_a_vendors_column_is_read_by_its_name_or_as_the_attribute_it_is(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), last="Bell", phone2=number(2)))
    shared = only(await records.campaign_records.find(phone=number(1)))
    own = await load(records, PhoneNumber2=number(2), Comment="none")
    for found in (shared, own):
        assert found.value("Name", "last_name") == "Bell"
        assert (found.value("PhoneNumber2", "phone2") or "").replace("-", "") == "3305550102"
        assert found.value("PhoneNumber3", "phone3") is None
        assert found.value("no such") is None
    assert (shared.value("Comment"), own.value("Comment")) == (None, "none")
    assert own.added_at is not None


# ---- In the order of names


async def test_all_lists_of_all_campaigns_are_one_sequence_by_name(records: Records, summer: int) -> None:
    for key, name in enumerate(["Zorn", "abel", "Ärlig", "Bell"]):
        await records.lists.add(LEADS, lead(key, last=name))
    await load(records, Name="Moor")
    await load(records, Name="Åse", campaign=SUMMER)
    found = await in_order(records)
    assert names(found) == ["abel", "abel", "Ärlig", "Ärlig", "Åse", "Bell", "Bell", "Moor", "Zorn", "Zorn"]
    assert names(await in_order(records, SUMMER)) == ["abel", "Ärlig", "Åse", "Bell", "Zorn"]


async def test_who_has_the_same_name_comes_by_id_whatever_the_list(records: Records) -> None:
    await records.campaigns.create("Late", campaign_id=SUMMER)
    for key in range(3):
        await records.lists.add(LEADS, lead(key, last="Bell"))
        await load(records, Name="Bell", campaign=SUMMER)
    await records.campaigns.bind(SUMMER, LEADS)  # whose campaign records are the newest, of older records
    found = await in_order(records)
    assert len(found) == 9
    assert ids(found) == sorted(ids(found))
    assert await in_order(records, SPRING) == [one for one in found if campaigns([one]) == [SPRING]]


async def test_many_come_in_parts_and_every_one_once(records: Records) -> None:
    for at, list_ref in enumerate(("Spring", LEADS)):
        rows = [{"id": n, "Last name": f"n{n % 7}", "Name": f"n{n % 7}", "Phone": number(at)} for n in range(600)]
        await records.lists.add_many(list_ref, rows)
    parts = [part async for part in records.campaign_records.by_name()]
    found = [one for part in parts for one in part]
    assert max(map(len, parts)) < 600
    assert len(set(ids(found))) == 1200
    assert [(name, id_) for name, id_ in zip(names(found), ids(found), strict=True)] == sorted(
        zip(names(found), ids(found), strict=True)
    )


async def test_what_is_gone_by_the_time_it_is_its_turn_is_left_out(records: Records) -> None:
    await records.lists.add_many("Spring", [{"Name": f"n{n:04}", "PhoneNumber1": number(1)} for n in range(1000)])
    parts = records.campaign_records.by_name()
    first = await anext(parts)
    assert len(first) < 1000
    await records.campaigns.clear(SPRING)
    read_before = 1  # the last of a part waits for others of its name
    assert len([one async for part in parts for one in part]) == read_before


async def test_an_order_of_a_campaign_that_is_not_there_is_missing_at_once(records: Records) -> None:
    with pytest.raises(Missing):
        await anext(records.campaign_records.by_name(1))


# ---- Loading


async def test_what_is_loaded_is_in_the_campaigns_own_list_and_has_its_contact(records: Records) -> None:
    made = await load(records, "kd-1", FirstName="Ilse")
    assert (made.list_name, made.campaign_name) == ("Spring", "Spring")
    contact = only((await records.lookup.by_number(number(1))).contacts)
    assert contact.id == made.record.contact_id


async def test_a_load_without_a_foreign_id_to_write_over_adds(records: Records) -> None:
    first = await load(records, "kd-1")
    second = await load(records, "kd-1")
    third = await records.campaign_records.load(SPRING, {"Name": "Moor"}, over_external_id="kd-2")
    assert len({id_of(first), id_of(second), id_of(third)}) == 3


async def test_the_first_of_several_is_written_over_and_keeps_what_is_not_said(records: Records) -> None:
    first = await load(records, "kd-1", City="Berlin", Email="a@example.org", PhoneNumber2=number(2))
    second = await load(records, "kd-1", City="Hamburg")
    await attempt(records, record_id=id_of(first))
    written = await records.campaign_records.load(
        SPRING,
        {"UserData": "kd-1", "Name": "Moor"},
        over_external_id="kd-1",
        cleared=["Email", "PhoneNumber2", "no such"],
    )
    assert id_of(written) == id_of(first)
    assert written.state
    assert written.state.tries == 1
    assert (written.value("Name"), written.value("City")) == ("Moor", "Berlin")
    assert (written.value("Email"), written.value("PhoneNumber2")) == (None, None)
    assert await records.campaign_records.find(phone=number(2)) == []
    assert (await records.campaign_records.get(id_of(second))).value("City") == "Hamburg"


async def test_only_the_target_campaigns_own_records_are_written_over(records: Records, summer: int) -> None:
    elsewhere = await load(records, "kd-1", SUMMER)
    written = await overwrite(records, "kd-1")
    assert campaigns([written]) == [SPRING]
    assert await records.campaign_records.get(id_of(elsewhere)) == elsewhere


async def test_a_record_can_begin_anew_while_its_attempts_stay_history(records: Records) -> None:
    made = await load(records, "kd-1")
    await attempt(records, record_id=id_of(made), outcome="answered", final=True, disposition="sold", call_id="c-1")
    again = await overwrite(records, "kd-1", anew=True)
    assert again.state
    assert (again.state.status, again.state.tries, again.state.phone_tries, again.last) == ("new", 0, {}, None)
    assert (again.state.outcome, again.state.disposition, again.state.completed_at) == (None, None, None)
    caller = await records.lookup.by_number(number(1))
    assert only(caller.campaign_records).id == id_of(made), "it is open again"
    assert [call.call_id for call in caller.interactions] == ["c-1"]
    last = (await history(records, "campaign_record", id_of(made)))[-1]
    assert (told(last.before)["tries"], told(last.after)["tries"]) == (1, 0)


async def test_many_that_load_one_foreign_id_at_once_leave_one_record(records: Records) -> None:
    await asyncio.gather(*(overwrite(records, "kd-1") for _ in range(8)))
    only(await of_foreign_id(records, "kd-1"))


async def test_loading_into_a_campaign_that_is_not_there_is_missing(records: Records) -> None:
    for ref in (1, "No such", LARGEST_ID + 1):
        with pytest.raises(Missing):
            await records.campaign_records.load(ref, {"Name": "Bell"})


# ---- Removing


async def test_a_removed_record_of_the_own_list_is_gone_everywhere(records: Records) -> None:
    made = await load(records, "kd-1")
    await attempt(records, record_id=id_of(made), call_id="c-1")
    await records.campaign_records.remove(id_of(made))
    with pytest.raises(Missing):
        await records.campaign_records.get(id_of(made))
    assert await records.lists.records("Spring") == []
    caller = await records.lookup.by_number(number(1))
    assert caller.campaign_records == []
    assert [call.call_id for call in caller.interactions] == ["c-1"], "the history stays"
    with pytest.raises(Missing):
        await records.campaign_records.remove(id_of(made))
    entry = (await history(records, "campaign", SPRING))[-1]
    assert (told(entry.before), told(entry.after)) == ({"records": [id_of(made)]}, {"removed": 1})
    assert told((await history(records, "list_record", made.record.id))[-1].before)["UserData"] == "kd-1"


async def test_a_removed_record_of_a_shared_list_only_leaves_the_campaign(records: Records, summer: int) -> None:
    await records.lists.add(LEADS, lead(1))
    spring, summers = await records.campaign_records.find(phone=number(0))
    await records.campaign_records.remove(id_of(spring))
    with pytest.raises(Missing):
        await records.campaign_records.get(id_of(spring))
    assert len(await records.lists.records(LEADS)) == 1
    assert await records.campaign_records.get(id_of(summers)) == summers
    await records.campaigns.unbind(SPRING, LEADS)
    await records.campaigns.bind(SPRING, LEADS)
    assert ids(await records.campaign_records.find(phone=number(0))) == [id_of(summers)], "and stays out of it"


async def test_of_several_with_a_foreign_id_the_lowest_is_removed(records: Records, summer: int) -> None:
    made = [await load(records, "kd-1", SUMMER), await load(records, "kd-1"), await load(records, "kd-1")]
    for left in (made[1:], made[2:], []):
        await records.campaign_records.remove_with_external_id("kd-1")
        assert sorted(ids(await of_foreign_id(records, "kd-1"))) == ids(left)
    with pytest.raises(Missing):
        await records.campaign_records.remove_with_external_id("kd-1")


async def test_two_that_remove_the_same_record_remove_it_once(records: Records) -> None:
    made = await load(records, "kd-1")
    removals = [records.campaign_records.remove(id_of(made)) for _ in range(4)]
    failed = [e for e in await asyncio.gather(*removals, return_exceptions=True) if e is not None]
    assert [type(e) for e in failed] == [Missing] * 3


@pytest.mark.parametrize("id_", [0, -1, LARGEST_ID, LARGEST_ID + 1])
async def test_removing_what_is_not_there_is_missing(records: Records, id_: int) -> None:
    with pytest.raises(Missing):
        await records.campaign_records.remove(id_)
