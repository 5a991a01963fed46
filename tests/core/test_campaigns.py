"""Campaigns over lists: what a binding makes, and what clearing, detaching and dropping leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ringbook.core.access import Records
from ringbook.core.campaigns import LARGEST_ID
from ringbook.domain.calling_list import ListRecord
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Invalid, Missing
from tests.core.cast import LEADS, SPRING, attempt, everybody, lead, number, only

OWN = "Spring"


async def campaigns_of(records: Records, record_id: int) -> list[int]:
    return [r.campaign_id for r in await records.campaigns.records_of(record_id)]


# ---- Making


async def test_an_assigned_id_is_above_all_that_exist(records: Records) -> None:
    assert (await records.campaigns.create("A")).id == SPRING + 1
    await records.campaigns.create("B", campaign_id=3)
    assert (await records.campaigns.create("C")).id == SPRING + 2


async def test_campaigns_that_are_made_at_once_have_different_ids(records: Records) -> None:
    made = await asyncio.gather(*(records.campaigns.create(f"C{n}") for n in range(12)))
    assert sorted(c.id for c in made) == list(range(SPRING + 1, SPRING + 13))


async def test_campaigns_over_the_same_lists_in_any_order_are_made_at_once(records: Records) -> None:
    other = await records.lists.create("other.csv", [Field("Phone", type="PHONE")])
    orders: tuple[list[int | str], ...] = ([LEADS, other.id], [other.id, LEADS])
    made = await asyncio.gather(
        *(records.campaigns.create(f"C{n}", campaign_id=n, lists_to_run=orders[n % 2]) for n in range(1, 25))
    )
    for campaign in made:
        bound = [found.name for found in await records.campaigns.lists_of(campaign.id)][1:]
        assert bound == ([LEADS, "other.csv"] if campaign.id % 2 == 0 else ["other.csv", LEADS])


async def test_a_taken_name_or_id_is_a_conflict_and_leaves_no_list(records: Records) -> None:
    with pytest.raises(Conflict, match="of this name"):
        await records.campaigns.create("Spring")
    with pytest.raises(Conflict, match="of this id"):
        await records.campaigns.create("Autumn", campaign_id=SPRING)
    assert only(await records.campaigns.all()).name == "Spring"


@pytest.mark.parametrize("campaign_id", [0, -1, LARGEST_ID + 1, 2**70])
async def test_an_id_is_a_positive_integer(records: Records, campaign_id: int) -> None:
    with pytest.raises(Invalid) as told:
        await records.campaigns.create("Autumn", campaign_id=campaign_id)
    assert told.value.field == "id"


@pytest.mark.parametrize("ref", ["no such", 0, -1, 1, 2**63, 2**70])
async def test_a_campaign_that_is_not_there_is_missing(records: Records, ref: int | str) -> None:
    for call in (
        records.campaigns.get(ref),
        records.campaigns.update(ref, enabled=False),
        records.campaigns.lists_of(ref),
    ):
        with pytest.raises(Missing):
            await call
    with pytest.raises(Missing):
        await records.campaigns.clear(ref)


async def test_updates_of_different_facts_at_once_are_both_kept(records: Records) -> None:
    for running in (True, False) * 4:
        await asyncio.gather(
            records.campaigns.update(SPRING, enabled=not running),
            records.campaigns.update("Spring", state="running" if running else "stopped"),
        )
        after = await records.campaigns.get(SPRING)
        assert (after.enabled, after.state) == (not running, "running" if running else "stopped")


# ---- Binding


async def test_binding_a_list_takes_up_its_records_and_those_that_come_later(records: Records) -> None:
    before = await records.lists.add(LEADS, lead(1))
    autumn = await records.campaigns.create("Autumn")
    assert await records.campaigns.bind("Autumn", LEADS) is True
    assert await records.campaigns.bind(autumn.id, LEADS) is False
    after = await records.lists.add(LEADS, lead(2, number(2)))
    assert await campaigns_of(records, before.id) == await campaigns_of(records, after.id) == [SPRING, autumn.id]


async def test_a_record_that_is_added_while_its_list_is_bound_is_taken_up(records: Records) -> None:
    autumn = await records.campaigns.create("Autumn")
    added = await asyncio.gather(
        *(records.lists.add(LEADS, lead(n, number(n))) for n in range(6)),
        records.campaigns.bind(autumn.id, LEADS),
        *(records.lists.add(LEADS, lead(n, number(n))) for n in range(6, 12)),
    )
    ids = [record.id for record in added if isinstance(record, ListRecord)]
    assert [await campaigns_of(records, n) for n in ids] == [[SPRING, autumn.id]] * 12


async def test_unbinding_takes_the_campaigns_records_and_no_others(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1))
    autumn = await records.campaigns.create("Autumn")
    await records.campaigns.bind(autumn.id, LEADS)
    await records.campaigns.unbind(SPRING, LEADS)
    assert await campaigns_of(records, record.id) == [autumn.id]
    assert [known.name for known in await records.campaigns.lists_of(SPRING)] == ["Spring"]
    with pytest.raises(Conflict):
        await records.campaigns.unbind(SPRING, "Spring")


# ---- Clearing through the campaign


async def test_clearing_deletes_the_own_lists_records_and_detaches_the_shared_ones(records: Records) -> None:
    shared = await records.lists.add(LEADS, lead(1, number(1)))
    await records.lists.add(OWN, {"customer_id": "900", "tel1": number(2)})
    assert await records.campaigns.clear(SPRING) == 2
    assert await records.lists.records(OWN) == []
    assert only(await records.lists.records(LEADS)).id == shared.id
    assert await campaigns_of(records, shared.id) == []
    assert len(await everybody(records)) == 2


async def test_some_records_are_removed_by_their_campaign_record(records: Records) -> None:
    kept = await records.lists.add(LEADS, lead(1, number(1)))
    gone = await records.lists.add(LEADS, lead(2, number(2)))
    own = await records.lists.add(OWN, {"customer_id": "900"})
    ids = [only(await records.campaigns.records_of(r.id)).id for r in (gone, own)]
    assert await records.campaigns.clear(SPRING, [*ids, 1]) == 2
    assert [await campaigns_of(records, r.id) for r in (kept, gone, own)] == [[SPRING], [], []]
    assert await records.campaigns.clear(SPRING, []) == 0


async def test_what_was_detached_is_not_taken_up_again(records: Records) -> None:
    shared = await records.lists.add(LEADS, lead(1))
    await records.campaigns.clear(SPRING)
    await records.lists.update(LEADS, lead(1, number(2)))
    await records.campaigns.bind(SPRING, LEADS)
    assert await campaigns_of(records, shared.id) == []
    await records.campaigns.unbind(SPRING, LEADS)
    await records.campaigns.bind(SPRING, LEADS)
    assert await campaigns_of(records, shared.id) == []


async def test_detaching_from_one_campaign_leaves_the_others(records: Records) -> None:
    shared = await records.lists.add(LEADS, lead(1))
    autumn = await records.campaigns.create("Autumn")
    await records.campaigns.bind(autumn.id, LEADS)
    await records.campaigns.clear(SPRING)
    assert await campaigns_of(records, shared.id) == [autumn.id]


async def test_a_record_that_is_deleted_and_added_again_is_a_new_one(records: Records) -> None:
    await records.lists.add(LEADS, lead(1))
    await records.campaigns.clear(SPRING)
    await records.lists.clear(LEADS)
    again = await records.lists.add(LEADS, lead(1))
    assert await campaigns_of(records, again.id) == [SPRING]


async def test_clearing_through_the_list_reaches_every_campaign(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1))
    autumn = await records.campaigns.create("Autumn")
    await records.campaigns.bind(autumn.id, LEADS)
    await records.lists.clear(LEADS)
    assert await campaigns_of(records, record.id) == []


@pytest.mark.parametrize("way", ["campaign", "list", "unbind", "drop list", "drop campaign", "contact"])
async def test_attempts_stay_in_the_contacts_history_whatever_is_deleted(records: Records, way: str) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    await attempt(records, record_id=record.id, call_id="call-1", agent="kim", disposition="busy signal")
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "campaign": lambda: records.campaigns.clear(SPRING),
        "list": lambda: records.lists.clear(LEADS),
        "unbind": lambda: records.campaigns.unbind(SPRING, LEADS),
        "drop list": lambda: records.lists.drop(LEADS),
        "drop campaign": lambda: records.campaigns.drop(SPRING),
        "contact": lambda: records.contacts.delete(record.contact_id or 0),
    }
    await ways[way]()
    call = only((await records.lookup.by_number(number(1))).interactions)
    assert (call.call_id, only(call.legs).disposition) == ("call-1", "busy signal")


async def test_a_detached_record_begins_without_tries_where_it_is_still_called(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    autumn = await records.campaigns.create("Autumn")
    await records.campaigns.bind(autumn.id, LEADS)
    await attempt(records, record_id=record.id)
    assert [(r.campaign_id, r.tries) for r in await records.campaigns.records_of(record.id)] == [
        (SPRING, 1),
        (autumn.id, 0),
    ]
