"""Contacts that are one person: made one with evidence, and taken apart again as if nothing had been."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from ringbook.core import merging
from ringbook.core.access import Core, Records
from ringbook.core.attempts import AttemptReport
from ringbook.domain.contact import Contact
from ringbook.domain.problems import Conflict, Invalid, MergedAway, Missing, Problem, Stale, TooLarge
from ringbook.domain.schema import Attribute
from tests.core.cast import (
    LEADS,
    SPRING,
    agent_leg,
    attempt,
    history,
    lead,
    link_by_hand,
    number,
    only,
    save,
    told,
    with_number,
)

_TABLES = {
    "contact": "id, created_second, attributes::text, created_at, deleted_at, merged_into",
    "contact_phone": "*",
    "contact_search": "*",
    "list_record": "id, contact_id, link, fields::text",
    "interaction": "id, contact_id, link",
    "attempt": "id, contact_id",
}


async def rows_of(core: Core, records: Records) -> dict[str, list[tuple[Any, ...]]]:
    """All that the tenant's people are made of, to the letter, but for versions and the times of writing."""
    async with core.database.reading() as tx:
        return {
            table: sorted((tuple(r) for r in await tx.fetch(_rows(table), records.tenant.id)), key=repr)
            for table in _TABLES
        }


def _rows(table: str) -> str:
    return f"SELECT {_TABLES[table]} FROM {table} WHERE tenant_id = $1"


async def gather(core: Core, records: Records) -> tuple[Contact, Contact]:
    """Two contacts with all that a contact may have."""
    ada = await save(records, first_name="Ada", phone1=number(1), city="Akron", email="ada@example.org")
    await records.contacts.save_profile({"phone1": number(2), "first_name": "Adah", "tier": "gold"}, loose=True)
    other = only(await with_number(records, number(2)))
    await records.contacts.update(other.id, {"city": "Kent", "company": "Bell", "customer_number": "K-1"})
    await records.lists.add(LEADS, lead(1, number(2), last="Bell", phone2=number(3)))
    by_hand = await records.lists.add(LEADS, lead(2, number(4), first="Max"))
    await link_by_hand(core, records, "list_record", by_hand.id, other.id)
    await agent_leg(records, "call-1", ani=number(2))
    await agent_leg(records, "call-2", ani=number(9))
    await records.interactions.link("call-2", other.id)
    await attempt(records, phone=number(2))
    return await records.contacts.get(ada.id), await records.contacts.get(other.id)


# ---- Making one


async def test_a_merged_contact_has_what_each_of_them_had(core: Core, records: Records) -> None:
    ada, other = await gather(core, records)
    merged = await records.merging.merge(ada.id, [other.id])
    assert merged.contact == await records.contacts.get(ada.id)
    assert list(merged.contact.attributes.items()) == [
        ("first_name", "Ada"),
        ("phone1", number(1)),
        ("city", "Akron"),
        ("email", "ada@example.org"),
        ("tier", "gold"),
        ("company", "Bell"),
        ("customer_number", "K-1"),
        ("phone2", number(3)),
        ("last_name", "Bell"),
        ("phone3", number(2)),
    ]
    assert merged.contact.version == ada.version + 1
    for n in (1, 2, 3):
        assert only(await with_number(records, number(n))).id == ada.id, n
    assert only(await records.contacts.search({"customer_number": "k-1"})).id == ada.id
    for key in ({"id": "1"}, {"id": "2"}):
        assert (await records.lists.get(LEADS, key)).contact_id == ada.id
    _, calls = await records.interactions.of_contact(ada.id)
    assert {"call-1", "call-2"} < {call.call_id for call in calls}


async def test_the_evidence_says_of_each_value_whose_it_is_and_what_was_dropped(core: Core, records: Records) -> None:
    ada, other = await gather(core, records)
    merge = only((await records.merging.merge(ada.id, [other.id], {"city": other.id})).merges)
    whose = {value.key: (value.value, value.contact, value.dropped) for value in merge.evidence.fields}
    assert whose["first_name"] == ("Ada", ada.id, "Adah")
    assert whose["city"] == ("Kent", other.id, "Akron")
    assert whose["company"] == ("Bell", other.id, None)
    assert whose["phone1"] == (number(1), ada.id, number(2))
    moved = only(merge.evidence.numbers)
    assert (moved.raw, moved.contact, moved.was, moved.key) == (number(2), other.id, "phone1", "phone3")
    assert len(merge.evidence.records) == 2
    assert dict(merge.evidence.records)[(await records.lists.get(LEADS, {"id": "2"})).id] == "hand"
    assert len(merge.evidence.calls) >= 2
    assert len(merge.evidence.attempts) == 1
    assert await records.merging.of_contact(ada.id) == await records.merging.of_contact(other.id) == [merge]


async def test_who_was_merged_is_missing_and_says_where_it_went(records: Records) -> None:
    a, b, c = [await save(records, city=f"c{n}") for n in range(3)]
    await records.merging.merge(b.id, [a.id])
    await records.merging.merge(c.id, [b.id])
    for gone in (a, b):
        for ask in (
            records.contacts.get(gone.id),
            records.contacts.update(gone.id, {"city": "Lima"}),
            records.contacts.delete(gone.id),
            records.merging.merge(gone.id, [c.id]),
            records.contacts.restore(gone.id, (await history(records, "contact", gone.id))[-1].id),
        ):
            with pytest.raises(MergedAway) as away:
                await ask
            assert away.value.facts["merged_into"] == c.id
    await records.contacts.delete(c.id)
    with pytest.raises(Missing) as missing:
        await records.contacts.get(a.id)
    assert type(missing.value) is Missing


async def test_a_record_that_came_along_is_linked_by_hand_and_fills_only_empty_attributes(records: Records) -> None:
    ada = await save(records, first_name="Ada", phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(2), first="Adah"))
    other = only(await with_number(records, number(2)))
    await records.merging.merge(ada.id, [other.id])
    record = await records.lists.update(LEADS, lead(1, number(5), first="Eve", last="Bell"))
    assert (record.contact_id, record.link) == (ada.id, "hand")
    after = await records.contacts.get(ada.id)
    assert (after.attributes["first_name"], after.attributes["last_name"]) == ("Ada", "Bell")


async def test_no_number_is_lost_where_no_attribute_has_room_for_it(records: Records) -> None:
    ada = await save(records, **{f"phone{n}": number(n) for n in range(1, 11)})
    other = await save(records, phone1=number(20))
    other = (await records.contacts.update(other.id, {"phone2": number(1), "phone3": "desk 3"})).contact
    merged = await records.merging.merge(ada.id, [other.id])
    assert merged.contact.attributes == ada.attributes
    assert {phone.raw for phone in merged.contact.phones} == {*(number(n) for n in range(1, 11)), number(20), "desk 3"}
    assert only(await with_number(records, number(20))).id == ada.id
    parted = await records.merging.unmerge(ada.id)
    assert (parted.kept.phones, parted.restored.phones) == (ada.phones, other.phones)


async def test_different_customer_ids_are_merged_only_by_choice(records: Records) -> None:
    a, b = await save(records, customer_id="900"), await save(records, customer_id="901", city="Kent")
    with pytest.raises(Conflict, match="customer ids"):
        await records.merging.merge(a.id, [b.id])
    assert (await records.contacts.get(b.id)) == b
    merged = await records.merging.merge(a.id, [b.id], {"customer_id": b.id})
    assert merged.contact.attributes == {"customer_id": "901", "city": "Kent"}
    assert only(await records.contacts.search({"customer_id": "901"})).id == a.id


@pytest.mark.parametrize(
    ("others", "chosen", "field"),
    [([], {}, "with"), (["a"], {}, "with"), (["b", "b"], {}, "with"), (["b"], {"no_such": "b"}, "no_such")],
)
async def test_what_cannot_be_merged_is_refused(
    records: Records, others: list[str], chosen: dict[str, str], field: str
) -> None:
    ids = {"a": (await save(records, city="a")).id, "b": (await save(records, city="b")).id}
    with pytest.raises(Invalid) as refused:
        await records.merging.merge(
            ids["a"], [ids[one] for one in others], {key: ids[one] for key, one in chosen.items()}
        )
    assert refused.value.field == field
    with pytest.raises(Invalid):
        await records.merging.merge(ids["a"], [ids["b"]], {"city": 1})


async def test_another_tenants_contact_is_not_merged(records: Records, other: Records) -> None:
    mine, theirs = await save(records, city="a"), await save(other, city="b")
    for ids in ((mine.id, theirs.id), (theirs.id, mine.id)):
        with pytest.raises(Missing):
            await records.merging.merge(ids[0], [ids[1]])
    assert (await other.contacts.get(theirs.id)) == theirs


async def test_a_version_that_is_no_more_is_merged_with_nobody(records: Records) -> None:
    a, b = await save(records, city="a"), await save(records, city="b")
    await records.contacts.update(a.id, {"city": "c"})
    with pytest.raises(Stale) as stale:
        await records.merging.merge(a.id, [b.id], version=0)
    assert stale.value.facts["version"] == 1
    await records.merging.merge(a.id, [b.id], version=1)


async def test_contacts_with_too_much_behind_them_are_not_merged(
    core: Core, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, other = await gather(core, records)
    monkeypatch.setattr(merging, "MOST_LINKS", 3)
    with pytest.raises(TooLarge):
        await records.merging.merge(ada.id, [other.id])


# ---- Taking apart


async def test_both_are_what_they_were_to_the_letter(core: Core, records: Records) -> None:
    ada, other = await gather(core, records)
    before = await rows_of(core, records)
    await records.merging.merge(ada.id, [other.id], {"city": other.id})
    assert await rows_of(core, records) != before
    parted = await records.merging.unmerge(ada.id)
    assert await rows_of(core, records) == before
    assert await records.contacts.get(other.id) == other == parted.restored
    assert parted.kept == await records.contacts.get(ada.id)
    assert parted.kept.version == ada.version + 2
    assert parted.merge.undone_at is not None
    with pytest.raises(Conflict):
        await records.merging.unmerge(ada.id)


async def test_several_come_apart_in_any_order(core: Core, records: Records) -> None:
    for order in itertools.permutations(range(3)):
        ada = await save(records, customer_id=f"{order}", city="Akron", first_name="Ada")
        others = [await save(records, city=f"c{n}", company=f"b{n}", phone1=number(10 + n), email="") for n in range(3)]
        before = await rows_of(core, records)
        # Each overwrites the city of the one before.
        for one in others:
            await records.merging.merge(ada.id, [one.id], {"city": one.id})
        for at in order:
            await records.merging.unmerge(ada.id, others[at].id)
        assert await rows_of(core, records) == before, order
        for one in others:
            await records.contacts.delete(one.id)


async def test_a_chain_comes_apart_from_its_end(core: Core, records: Records) -> None:
    a, b, c = [await save(records, city=f"c{n}", phone1=number(n), first_name=f"n{n}") for n in range(3)]
    before = await rows_of(core, records)
    await records.merging.merge(b.id, [a.id])
    await records.merging.merge(c.id, [b.id])
    assert only(await with_number(records, number(0))).id == c.id
    with pytest.raises(Conflict) as first:
        await records.merging.unmerge(b.id, a.id)
    assert first.value.facts["merged_into"] == c.id
    assert (await records.merging.unmerge(b.id)).restored.id == b.id
    assert (await records.merging.unmerge(b.id)).restored.id == a.id
    assert await rows_of(core, records) == before


async def test_what_was_written_since_stays_with_the_contact_that_was_kept(core: Core, records: Records) -> None:
    ada, other = await gather(core, records)
    await records.merging.merge(ada.id, [other.id])
    await records.contacts.update(ada.id, {"city": "Lima", "company": "Cox", "phone4": number(7), "email": None})
    await agent_leg(records, "call-3", ani=number(2))
    await records.merging.unmerge(ada.id)
    assert (await records.contacts.get(ada.id)).attributes == {
        "first_name": "Ada",
        "phone1": number(1),
        "city": "Lima",
        "company": "Cox",
        "phone4": number(7),
    }
    assert await records.contacts.get(other.id) == other
    assert (await records.interactions.get("call-3")).contact_id == ada.id
    assert (await records.interactions.get("call-1")).contact_id == other.id


async def test_a_record_that_was_written_since_goes_back_with_its_new_number(core: Core, records: Records) -> None:
    ada = await save(records, phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(2), first="Eve"))
    other = only(await with_number(records, number(2)))
    await records.merging.merge(ada.id, [other.id])
    await records.lists.update(LEADS, lead(1, number(6), first="Eve"))
    await records.merging.unmerge(ada.id)
    record = await records.lists.get(LEADS, {"id": "1"})
    assert (record.contact_id, record.link) == (other.id, "created")
    assert only(await with_number(records, number(6))).id == other.id


async def test_a_link_that_a_hand_has_made_since_stays(core: Core, records: Records) -> None:
    ada, other = await gather(core, records)
    third = await save(records, first_name="Max")
    await records.merging.merge(ada.id, [other.id])
    await records.interactions.link("call-1", third.id)
    record = await records.lists.get(LEADS, {"id": "2"})
    await link_by_hand(core, records, "list_record", record.id, third.id)
    await records.merging.unmerge(ada.id)
    assert (await records.interactions.get("call-1")).contact_id == third.id
    assert (await records.lists.get(LEADS, {"id": "2"})).contact_id == third.id


async def test_a_unique_value_that_somebody_has_by_now_keeps_them_together(records: Records) -> None:
    ada = await save(records, customer_number="K-1")
    other = await save(records, customer_number="K-2")
    await records.merging.merge(ada.id, [other.id])
    await save(records, customer_number="K-2")
    with pytest.raises(Conflict, match="customer_number"):
        await records.merging.unmerge(ada.id)
    with pytest.raises(MergedAway):
        await records.contacts.get(other.id)


async def test_an_attribute_that_was_renamed_and_one_that_was_retyped_come_back_as_they_are_now(
    records: Records,
) -> None:
    for key in ("tier", "size"):
        await records.schema.put(Attribute(id=0, key=key, label=key, type="Text"), "Text")
    ada = await save(records, city="Akron")
    other = await save(records, tier="gold", size="big", city="Kent")
    await records.merging.merge(ada.id, [other.id])
    await records.contacts.update(ada.id, {"size": "3"})
    schema = await records.schema.attributes()
    await records.schema.change(schema.by_key["tier"].id, {"key": "rank"})
    await records.schema.change(schema.by_key["size"].id, {"type": "Number"})
    parted = await records.merging.unmerge(ada.id)
    assert parted.kept.attributes == {"city": "Akron", "size": "3"}
    assert parted.restored.attributes == {"rank": "gold", "city": "Kent"}
    assert only(await records.contacts.search({"rank": "gold"})).id == other.id


async def test_merging_and_parting_are_in_the_journal_of_both(records: Records) -> None:
    a, b = await save(records, city="Akron"), await save(records, city="Kent", company="Bell")
    await records.merging.merge(a.id, [b.id])
    kept, gone = [(await history(records, "contact", one.id))[-1] for one in (a, b)]
    assert told(kept.after) == {"city": "Akron", "company": "Bell", "merged_with": b.id}
    assert (told(gone.before), told(gone.after)) == (b.attributes, {"merged_into": a.id})
    await records.merging.unmerge(b.id)
    assert told((await history(records, "contact", b.id))[-1].after) == b.attributes | {"parted_from": a.id}


# ---- At once


async def test_of_many_that_merge_the_same_two_one_does(records: Records) -> None:
    a, b = await save(records, phone1=number(1)), await save(records, phone1=number(2))

    async def merge(n: int) -> object:
        pair = (a.id, b.id) if n % 2 else (b.id, a.id)
        return await records.merging.merge(pair[0], [pair[1]])

    outcomes = await asyncio.gather(*(merge(n) for n in range(8)), return_exceptions=True)
    assert all(isinstance(one, Problem | merging.Merged) for one in outcomes), outcomes
    assert sum(isinstance(one, merging.Merged) for one in outcomes) == 1


async def test_records_that_enter_while_contacts_are_merged_and_parted_have_a_contact_that_is_there(
    core: Core, records: Records
) -> None:
    a, b = await save(records, phone1=number(1)), await save(records, phone1=number(2))
    await records.lists.add(LEADS, lead("r", number(2)))

    async def back_and_forth() -> None:
        for _ in range(6):
            await records.merging.merge(a.id, [b.id])
            await records.merging.unmerge(a.id)

    async def load(n: int) -> None:
        for m in range(8):
            await records.lists.add(LEADS, lead(f"{n}-{m}", number(1 + m % 2)))
            await records.lists.update(LEADS, lead("r", number(2), first=f"{n}-{m}"))

    await asyncio.gather(back_and_forth(), load(0), load(1))
    async with core.database.reading() as tx:
        lost = await tx.fetch(
            """
            SELECT r.id
              FROM list_record r
              LEFT JOIN live_contact c ON c.tenant_id = r.tenant_id AND c.id = r.contact_id
             WHERE r.tenant_id = $1
               AND c.id IS NULL
            """,
            records.tenant.id,
        )
        strays = await tx.fetch(
            """
            SELECT p.contact_id
              FROM contact_phone p
              LEFT JOIN live_contact c ON c.tenant_id = p.tenant_id AND c.id = p.contact_id
             WHERE p.tenant_id = $1
               AND c.id IS NULL
            """,
            records.tenant.id,
        )
    assert (lost, strays) == ([], [])


@pytest.mark.parametrize("what", ["an attempt", "a call"])
async def test_what_happens_while_two_are_merged_is_the_kept_ones(what: str, core: Core, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(7), first="Ada"))
    merged = only(await with_number(records, number(7)))
    kept = await save(records, customer_id="900")

    async def happen() -> None:
        if what == "an attempt":
            await attempt(records, phone=number(7))
        else:
            await agent_leg(records, "call-7", ani=number(7))

    # The record's number is in no attribute: it is held all the same.
    await records.contacts.update(merged.id, {"phone1": None})
    async with core.database.transaction() as tx:
        await records.within(tx).merging.merge(kept.id, [merged.id])
        happening = asyncio.create_task(happen())
        await asyncio.sleep(0.2)
        assert not happening.done()
    await happening
    async with core.database.reading() as tx:
        tied = await tx.fetch(
            """
            SELECT contact_id FROM attempt WHERE tenant_id = $1
             UNION
            SELECT contact_id FROM interaction WHERE tenant_id = $1
            """,
            records.tenant.id,
        )
    assert [row["contact_id"] for row in tied] == [kept.id]


async def test_an_attempt_that_is_reported_while_its_person_is_erased_is_nobodys(core: Core, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(7), first="Ada"))
    erased = only(await with_number(records, number(7)))
    going, done = asyncio.Event(), asyncio.Event()

    async def report() -> None:
        async with core.database.transaction() as tx:
            await records.within(tx).attempts.report(
                AttemptReport(campaign=SPRING, outcome="no_answer", phone=number(7), notes="Ada")
            )
            going.set()
            await done.wait()

    reporting = asyncio.create_task(report())
    await going.wait()
    erasing = asyncio.create_task(records.erasure.erase(erased.id))
    await asyncio.sleep(0.2)
    done.set()
    await reporting
    await erasing
    async with core.database.reading() as tx:
        told = await tx.fetch("SELECT phone, notes, contact_id FROM attempt WHERE tenant_id = $1", records.tenant.id)
    assert [tuple(row) for row in told] == [("", "", None)]
