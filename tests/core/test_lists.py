"""Calling lists: records by key, campaigns' own lists, and layouts that change under records."""

from __future__ import annotations

import asyncio

import pytest

from ringbook.core.access import Records
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Invalid, Missing
from tests.core.cast import LEADS, SPRING, everybody, history, lead, number, only, told

OWN = "Spring"
KEY, PHONE = Field("id", key=True), Field("Phone", type="PHONE")


# ---- Keys


async def test_a_record_is_read_by_its_key_as_it_was_sent_or_as_it_is_stored(records: Records) -> None:
    await records.lists.create("phones.csv", [Field("Phone", type="PHONE", key=True)])
    made = await records.lists.add("phones.csv", {"Phone": "+1 330-555-0101"})
    for spelling in ("+1 330-555-0101", "13305550101", "1 (330) 555-0101"):
        assert (await records.lists.get("phones.csv", {"Phone": spelling})).id == made.id


async def test_among_unique_keys_the_one_as_it_was_sent_comes_first(records: Records) -> None:
    """What one record was sent as may be what another is stored as: the first is the one that is meant."""
    phone = Field("P", type="PHONE", key=True, remove_prefix="9")
    await records.lists.create("prefixed.csv", [phone, Field("note")])
    await records.campaigns.create("Autumn", lists_to_run=["prefixed.csv"])
    first = await records.lists.add("prefixed.csv", {"P": "9555"})
    second = await records.lists.add("prefixed.csv", {"P": "99555"})
    assert (first.fields["P"], second.fields["P"]) == ("555", "9555")
    assert (await records.lists.update("prefixed.csv", {"P": "9555", "note": "a"})).id == first.id
    third = await records.lists.add("prefixed.csv", {"P": "999777"})
    for sent, meant in (("9555", first), ("555", first), ("99555", second), ("99777", third), ("9-99-777", third)):
        assert (await records.lists.get("prefixed.csv", {"P": sent})).id == meant.id
        shown = await records.campaign_records.in_campaign("prefixed.csv", "Autumn", {"P": sent})
        assert shown.record.id == meant.id


async def test_a_taken_key_is_a_conflict(records: Records) -> None:
    await records.lists.add(LEADS, lead(1))
    with pytest.raises(Conflict, match="A record with this key exists"):
        await records.lists.add(LEADS, lead(" 1 ", number(2)))
    assert len(await everybody(records)) == 1


async def test_of_many_adds_of_one_key_one_wins(records: Records) -> None:
    adds = [records.lists.add(LEADS, lead(1, number(n))) for n in range(12)]
    outcomes = await asyncio.gather(*adds, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 11
    assert len(await records.lists.records(LEADS)) == len(await everybody(records)) == 1


async def test_a_key_that_no_record_has_is_missing(records: Records) -> None:
    for call in (records.lists.get(LEADS, {"id": "1"}), records.lists.update(LEADS, lead(1))):
        with pytest.raises(Missing):
            await call


async def test_several_fields_make_one_key(records: Records) -> None:
    await records.lists.create("pairs.csv", [KEY, Field("area", key=True), PHONE])
    await records.lists.add("pairs.csv", {"id": "1", "area": "a", "Phone": number(1)})
    second = await records.lists.add("pairs.csv", {"id": "1", "area": "b", "Phone": number(2)})
    assert (await records.lists.get("pairs.csv", {"id": "1", "area": "b"})).id == second.id
    with pytest.raises(Invalid) as told_:
        await records.lists.get("pairs.csv", {"id": "1"})
    assert told_.value.facts["fault"] == "missingKey"


async def test_a_list_without_key_fields_takes_any_record(records: Records) -> None:
    await records.lists.create("loose.csv", [PHONE])
    for n in range(2):
        await records.lists.add("loose.csv", {"Phone": number(n)})
    assert len(await records.lists.records("loose.csv")) == 2
    with pytest.raises(Invalid):
        await records.lists.add("loose.csv", {"Phone": ""})


async def test_a_list_is_named_by_id_or_name_and_else_missing(records: Records) -> None:
    made = await records.lists.add(LEADS, lead(1))
    assert (await records.lists.get(made.list_id, {"id": "1"})).id == made.id
    for ref in ("no such list", 0, 1, 2**63, 2**80):
        with pytest.raises(Missing):
            await records.lists.records(ref)


# ---- Positions


async def test_records_have_their_order_of_insertion_from_zero_on(records: Records) -> None:
    await asyncio.gather(*(records.lists.add(LEADS, lead(n, number(n))) for n in range(12)))
    assert [r.position for r in await records.lists.records(LEADS)] == list(range(12))
    assert [r.position for r in await records.lists.records(LEADS, start=5, limit=3)] == [5, 6, 7]


async def test_a_deleted_record_leaves_its_position_empty(records: Records) -> None:
    ids = [(await records.lists.add(LEADS, lead(n, number(n)))).id for n in range(3)]
    assert await records.lists.clear(LEADS, ids[:1]) == 1
    await records.lists.add(LEADS, lead(3, number(3)))
    assert [r.position for r in await records.lists.records(LEADS)] == [1, 2, 3]


# ---- Own lists


async def test_an_own_list_is_named_as_its_campaign(records: Records) -> None:
    assert [known.name for known in await records.campaigns.lists_of(SPRING)] == ["Spring", LEADS]


async def test_an_own_list_whose_name_is_taken_says_that_it_is_own(records: Records) -> None:
    await records.lists.create("Autumn", [KEY, PHONE])
    campaign = await records.campaigns.create("Autumn")
    assert only(await records.campaigns.lists_of(campaign.id)).name == "Autumn (own)"
    await records.lists.create("Winter (own)", [KEY, PHONE])
    await records.lists.create("Winter", [KEY, PHONE])
    with pytest.raises(Conflict):
        await records.campaigns.create("Winter")
    assert "Winter" not in [c.name for c in await records.campaigns.all()]


async def test_an_own_list_appears_once_it_has_a_record(records: Records) -> None:
    assert [known.name for known in await records.lists.all()] == [LEADS]
    await records.lists.add(OWN, {"customer_id": "900", "tel1": number(1)})
    assert [known.name for known in await records.lists.all()] == ["Spring", LEADS]


async def test_an_own_list_understands_wolkvox_and_jtel(records: Records) -> None:
    wolkvox = {
        "customer_name": "Ada",
        "customer_last_name": "Bell",
        "state": "Ohio",
        "tel1": number(1),
        "tel6": number(2),
    }
    jtel = {"firstname": "Ada", "Name": "Bell", "Region": "Ohio", "PhoneNumber1": number(1), "PhoneNumber6": number(2)}
    one, other = await records.lists.add(OWN, wolkvox), await records.lists.add(OWN, jtel)
    assert one.fields == other.fields == wolkvox
    assert one.contact_id == other.contact_id


async def test_an_own_lists_key_is_not_unique_and_the_newest_record_answers(records: Records) -> None:
    await records.lists.add(OWN, {"customer_id": "900", "opt1": "old"})
    await records.lists.add(OWN, {"customer_id": "900", "opt1": "new"})
    assert (await records.lists.get(OWN, {"customer_id": "900"})).fields["opt1"] == "new"
    await records.lists.update(OWN, {"customer_id": "900", "opt1": "newer"})
    assert [r.fields["opt1"] for r in await records.lists.records(OWN)] == ["old", "newer"]


@pytest.mark.parametrize("key", [{}, {"customer_id": None}, {"customer_id": " "}, {"opt1": "x"}])
async def test_an_empty_key_means_no_record(records: Records, key: dict[str, str | None]) -> None:
    await records.lists.add(OWN, {"opt1": "x", "tel1": number(1)})
    with pytest.raises(Invalid):
        await records.lists.get(OWN, key)


async def test_an_own_list_has_a_fixed_layout_and_goes_with_its_campaign(records: Records) -> None:
    with pytest.raises(Conflict, match="own list"):
        await records.lists.put(OWN, [KEY, PHONE])
    with pytest.raises(Conflict, match="goes with its campaign"):
        await records.lists.drop(OWN)
    await records.lists.add(OWN, {"customer_id": "900"})
    await records.campaigns.drop(SPRING)
    assert [known.name for known in await records.lists.all()] == [LEADS]


# ---- Layouts


async def test_putting_a_list_creates_it_then_changes_it_then_nothing(records: Records) -> None:
    assert await records.lists.put("new.csv", [KEY, PHONE]) is True
    assert await records.lists.put("new.csv", [KEY, PHONE, Field("note")]) is False
    assert await records.lists.put("new.csv", [KEY, PHONE, Field("note")]) is False
    made = next(known for known in await records.lists.all() if known.name == "new.csv")
    assert [f.name for f in made.fields] == ["id", "Phone", "note"]
    assert len(await history(records, "list", made.id)) == 2


async def test_the_key_fields_of_a_list_with_records_stay(records: Records) -> None:
    await records.lists.put("new.csv", [KEY, PHONE])
    record = await records.lists.add("new.csv", {"id": "1", "Phone": number(1)})
    with pytest.raises(Conflict, match="its key fields cannot change"):
        await records.lists.put("new.csv", [KEY, Field("Phone", type="PHONE", key=True)])
    await records.lists.clear("new.csv", [record.id])
    await records.lists.put("new.csv", [KEY, Field("Phone", type="PHONE", key=True)])


@pytest.mark.parametrize("fields", [[], [KEY], [KEY, PHONE, PHONE]])
async def test_a_layout_that_cannot_be_is_invalid(records: Records, fields: list[Field]) -> None:
    with pytest.raises(Invalid) as told_:
        await records.lists.create("bad.csv", fields)
    assert told_.value.field == "fields"


async def test_a_taken_name_is_a_conflict(records: Records) -> None:
    with pytest.raises(Conflict, match="A list of this name exists"):
        await records.lists.create(LEADS, [KEY, PHONE])


# ---- Journal


async def test_a_record_that_is_deleted_can_be_brought_back_from_the_journal(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, first="Ada"))
    await records.lists.update(LEADS, lead(1, first="Eve"))
    await records.lists.clear(LEADS)
    entries = [(told(c.before), told(c.after)) for c in await history(records, "list_record", record.id)]
    first, second = record.fields, record.fields | {"First name": "Eve"}
    assert entries == [(None, first), (first, second), (second, None)]


async def test_clearing_nothing_clears_nothing_and_says_so(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1))
    assert await records.lists.clear(LEADS, []) == 0
    assert await records.lists.clear(LEADS, [record.id + 1]) == 0
    assert told((await history(records, "list", record.list_id))[-2].before) == {"records": []}
    assert len(await records.lists.records(LEADS)) == 1
