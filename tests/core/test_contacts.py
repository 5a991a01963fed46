"""Contacts: written over, read in pages that never skip, and found by what they have."""

from __future__ import annotations

import asyncio

import pytest

from ringbook.core.access import Records
from ringbook.core.contacts import PhoneTaken
from ringbook.domain.page import FIRST, Cursor
from ringbook.domain.problems import Conflict, Invalid, Missing, Stale
from ringbook.domain.schema import Attribute, AttributeType
from tests.core.cast import everybody, history, number, only, save, told, with_number

TOO_LARGE = 2**70


async def add_attribute(records: Records, key: str, kind: AttributeType = "Text", **facts: object) -> None:
    await records.schema.put(Attribute(id=0, key=key, label=key, type=kind, **facts), kind)  # type: ignore[arg-type]


# ---- Writing


async def test_attributes_are_written_over_and_the_others_stay_in_their_order(records: Records) -> None:
    await save(records, last_name="Bell", phone1=number(1), city="Akron")
    after = await save(records, phone1=number(1), city="Kent", first_name="Ada")
    assert list(after.attributes.items()) == [
        ("last_name", "Bell"),
        ("phone1", number(1)),
        ("city", "Kent"),
        ("first_name", "Ada"),
    ]


async def test_a_version_counts_changes_and_saving_the_same_again_is_none(records: Records) -> None:
    first = await save(records, phone1=number(1), city="Akron")
    same = await save(records, phone1=number(1), city="Akron")
    other = await save(records, phone1=number(1), city="Kent")
    assert (first.version, same.version, other.version) == (0, 0, 1)
    assert len(await history(records, "contact", first.id)) == 2


async def test_an_update_of_a_version_that_is_no_more_is_stale(records: Records) -> None:
    contact = await save(records, city="Akron")
    await records.contacts.update(contact.id, {"city": "Kent"}, version=0)
    with pytest.raises(Stale):
        await records.contacts.update(contact.id, {"city": "Lima"}, version=0)
    assert (await records.contacts.get(contact.id)).attributes["city"] == "Kent"


async def test_of_many_updates_of_one_version_one_wins(records: Records) -> None:
    contact = await save(records, city="Akron")
    updates = [records.contacts.update(contact.id, {"city": f"c{n}"}, version=0) for n in range(8)]
    outcomes = await asyncio.gather(*updates, return_exceptions=True)
    assert sum(isinstance(outcome, Stale) for outcome in outcomes) == 7


@pytest.mark.parametrize("value", ["\0", "a\ud800"])
async def test_text_that_cannot_be_stored_is_invalid(records: Records, value: str) -> None:
    with pytest.raises(Invalid):
        await records.contacts.save({"city": value})
    assert await everybody(records) == []


async def test_a_required_attribute_cannot_be_cleared(records: Records) -> None:
    await add_attribute(records, "tier", required=True)
    with pytest.raises(Invalid, match="tier is required"):
        await records.contacts.save({"city": "Akron"})
    contact = await save(records, tier="gold")
    for nothing in (None, ""):
        with pytest.raises(Invalid, match="tier is required"):
            await records.contacts.update(contact.id, {"tier": nothing})
    await records.contacts.update(contact.id, {"city": "Akron"})


# ---- Unique values


async def test_a_unique_value_belongs_to_one_contact(records: Records) -> None:
    known = await save(records, customer_number="K-1")
    with pytest.raises(Conflict, match="customer_number"):
        await records.contacts.save({"customer_number": " k-1"})
    other = await save(records, customer_number="K-2")
    with pytest.raises(Conflict):
        await records.contacts.update(other.id, {"customer_number": "K-1"})
    assert (await records.contacts.update(known.id, {"customer_number": "k-1"})).contact.version == 1


async def test_a_unique_value_is_free_again_when_its_contact_is_gone(records: Records) -> None:
    await records.contacts.delete((await save(records, customer_number="K-1")).id)
    await save(records, customer_number="K-1")


async def test_a_unique_value_is_free_also_when_its_contact_went_while_the_attribute_was_hidden(
    records: Records,
) -> None:
    contact = await save(records, customer_number="K-1")
    await records.schema.hide("customer_number")
    await records.contacts.delete(contact.id)
    await add_attribute(records, "customer_number", unique=True)
    await save(records, customer_number="K-1")


async def test_of_many_that_bring_a_unique_value_at_once_one_gets_it(records: Records) -> None:
    async def write(n: int) -> object:
        if n % 2:
            return await records.contacts.save({"customer_number": "K-1", "city": str(n)})
        made = await save(records, city=str(n))
        return (await records.contacts.update(made.id, {"customer_number": "K-1"})).contact

    outcomes = await asyncio.gather(*(write(n) for n in range(16)), return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 15
    assert len(await records.contacts.search({"customer_number": "K-1"})) == 1


# ---- Searching


@pytest.mark.parametrize(
    "criteria",
    [
        {"first_name": "ZOË"},
        {"first_name": "zoe"},
        {"last_name": "o'brien  smith"},
        {"name": "zo"},
        {"name": "smith zoe"},
        {"name": "BRI smi"},
        {"email": "zoe@EXAMPLE.org", "city": "akron"},
        {"customer_number": "k-1042"},
        {"phone": "330-555-0142"},
        {"phone": "+1 (330) 555-0142"},
        {"phone": "13305550142"},
        {"phone": "001 330 555 0142"},
        {"phone": "330.555.0142"},
        {"phone1": "330-555-0142", "name": "zoe"},
        {"city": "Akron", "state": "", "name": "  "},
    ],
)
async def test_a_contact_is_found_by_what_it_has(records: Records, criteria: dict[str, str]) -> None:
    zoe = await save(
        records,
        first_name="Zoë",
        last_name="O'Brien Smith",
        email="Zoe@example.org",
        city="Akron",
        customer_number="K-1042",
        phone1=number(42),
    )
    await save(records, first_name="Max", last_name="Muster", city="Kent", phone1=number(43))
    assert only(await records.contacts.search(criteria)).id == zoe.id


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"city": ""},
        {"city": " ", "phone": "", "name": "\t"},
        {"name": "!?"},
        {"name": "!?", "city": "Akron"},
        {"city": "Akr"},
        {"name": "oe"},
        {"name": "ada zoe"},
        {"city": "Akron", "phone": "330-555-0199"},
        {"phone": "555-0142"},
    ],
)
async def test_empty_criteria_never_mean_all_and_every_other_one_counts(
    records: Records, criteria: dict[str, str]
) -> None:
    await save(records, first_name="Zoë", city="Akron", phone1=number(42))
    assert await records.contacts.search(criteria) == []


async def test_a_criterion_that_the_schema_lacks_is_invalid(records: Records) -> None:
    with pytest.raises(Invalid) as told_:
        await records.contacts.search({"shoe_size": "43"})
    assert told_.value.field == "shoe_size"


async def test_a_contact_is_no_longer_found_by_what_it_had(records: Records) -> None:
    contact = await save(records, first_name="Ada", city="Akron", phone1=number(1))
    await records.contacts.update(contact.id, {"first_name": "Eve", "city": None, "phone1": None})
    for criteria in ({"name": "ada"}, {"city": "akron"}, {"phone": number(1)}):
        assert await records.contacts.search(criteria) == []
    assert only(await records.contacts.search({"name": "eve"})).id == contact.id


async def test_a_search_has_pages_from_the_newest_on(records: Records) -> None:
    ids = [(await save(records, city="Akron", first_name=f"a{n}")).id for n in range(5)]
    first = await records.contacts.search({"city": "akron"}, limit=3)
    last = first[-1]
    rest = await records.contacts.search({"city": "akron"}, Cursor(last.created_second, last.id), 3)
    assert [c.id for c in (*first, *rest)] == ids[::-1]


async def test_any_of_the_criteria_can_be_enough(records: Records) -> None:
    ada = await save(records, first_name="Ada", city="Akron")
    eve = await save(records, first_name="Eve", phone1=number(1))
    await save(records, first_name="Max", city="Kent")
    found = await records.contacts.find({"first_name": "Ada", "phone": number(1), "no_such": 1}, any_of=True)
    assert [c.id for c in found.contacts] == [eve.id, ada.id]
    assert found.unknown == ("no_such",)


async def test_the_contacts_of_a_number_come_as_they_are_stored(records: Records) -> None:
    first = await save(records, customer_id="a", phone1=number(1), first_name="Zoë")
    second = await save(records, customer_id="b", phone2=number(1))
    found = await records.contacts.with_number("+1 330 555 0101")
    assert [c.id for c in found] == [second.id, first.id]
    assert told(found[1].attributes) == first.attributes
    assert [c.id for c in await records.contacts.with_number(number(1), limit=1)] == [second.id]
    assert await records.contacts.with_number("") == []


# ---- Profiles


async def test_a_profile_replaces_the_one_with_its_number_and_can_be_restored(records: Records) -> None:
    before = await save(records, phone1=number(1), first_name="Ada", customer_number="K-1")
    saved = await records.contacts.save_profile({"phone2": number(1), "first_name": "Eve"})
    assert (saved.result, saved.contact.id) == ("overwritten", before.id)
    assert saved.contact.attributes == {"phone2": number(1), "first_name": "Eve"}
    last = (await history(records, "contact", before.id))[-1]
    assert (await records.contacts.restore(before.id, last.id)).attributes == before.attributes
    assert only(await records.contacts.search({"customer_number": "k-1"})).id == before.id


async def test_nothing_is_restored_from_what_is_no_change_of_the_contact(records: Records) -> None:
    contact, other = await save(records, city="Akron"), await save(records, city="Kent")
    made = only(await history(records, "contact", contact.id))
    await records.contacts.update(other.id, {"city": "Lima"})
    change = (await history(records, "contact", other.id))[-1]
    for change_id in (made.id, change.id, 0, TOO_LARGE):
        with pytest.raises(Missing):
            await records.contacts.restore(contact.id, change_id)


async def test_a_profile_of_a_customer_id_is_that_customers(records: Records) -> None:
    known = await save(records, customer_id="a", phone1=number(1))
    other = await records.contacts.save_profile({"customer_id": "b", "phone1": number(1)})
    assert other.result == "created"
    same = await records.contacts.save_profile({"customer_id": "A", "phone1": number(2)})
    assert (same.result, same.contact.id) == ("overwritten", known.id)


async def test_a_known_number_can_be_refused_or_merged(records: Records) -> None:
    known = await save(records, phone1=number(1), first_name="Ada", city="Akron")
    with pytest.raises(PhoneTaken) as refused:
        await records.contacts.save_profile({"phone1": number(1)}, known="reject")
    assert refused.value.facts["contact"].id == known.id
    merged = await records.contacts.save_profile({"phone1": number(1), "city": "", "company": "Bell"}, known="merge")
    assert merged.result == "merged"
    assert merged.contact.attributes == {"phone1": number(1), "first_name": "Ada", "city": "Akron", "company": "Bell"}


async def test_loose_keys_are_kept_and_become_an_attributes_values(records: Records) -> None:
    saved = await records.contacts.save_profile({"city": "Akron", "tier": "gold"}, loose=True)
    assert saved.unknown == ("tier",)
    with pytest.raises(Invalid):
        await records.contacts.save_profile({"tier": "gold"})
    await add_attribute(records, "tier", unique=True)
    assert only(await records.contacts.search({"tier": "GOLD"})).id == saved.contact.id


async def test_contacts_are_counted_exactly_up_to_a_point(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        await save(records, city=f"c{n}")
    assert await records.contacts.count() == (3, True)
    monkeypatch.setattr("ringbook.core.contacts.MOST_COUNTED", 2)
    count, exact = await records.contacts.count()
    assert count >= 3
    assert not exact


# ---- Pages


async def test_pages_skip_and_repeat_nothing_while_others_insert_and_delete(records: Records) -> None:
    ids = [(await save(records, city=f"c{n}")).id for n in range(9)]
    seen: list[int] = []
    position = FIRST
    while page := await records.contacts.page(position, 2):
        seen += [c.id for c in page]
        position = Cursor(page[-1].created_second, page[-1].id)
        await save(records, city="inserted")
        if len(seen) == 4:
            await records.contacts.delete(seen[0])  # one that was seen
            await records.contacts.delete(ids[0])  # one that was not
    assert seen == ids[:0:-1]


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_has_a_bounded_size(records: Records, limit: int) -> None:
    with pytest.raises(Invalid) as told_:
        await records.contacts.page(limit=limit)
    assert told_.value.field == "limit"


# ---- Ids and deletion


@pytest.mark.parametrize("contact_id", [0, -1, 1, 2**63 - 1, 2**63, TOO_LARGE])
async def test_an_id_that_nobody_has_is_missing_also_when_it_fits_no_column(records: Records, contact_id: int) -> None:
    for call in (records.contacts.get(contact_id), records.contacts.delete(contact_id)):
        with pytest.raises(Missing):
            await call
    with pytest.raises(Missing):
        await records.contacts.update(contact_id, {"city": "Akron"})


async def test_a_deleted_contact_is_missing_and_the_journal_has_it_whole(records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await records.contacts.delete(contact.id)
    with pytest.raises(Missing):
        await records.contacts.delete(contact.id)
    last = (await history(records, "contact", contact.id))[-1]
    assert (told(last.before), told(last.after)) == (contact.attributes, None)
    assert await with_number(records, number(1)) == []
