"""Who owns a field, and which numbers a contact is found by."""

from __future__ import annotations

import msgspec
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.contact import LARGEST_CONTACT
from ringbook.domain.layout import Field
from tests.core.cast import LEADS, agent_leg, everybody, lead, link_by_hand, number, only, save, with_number

# ---- The record keeps its fields


async def test_a_contact_that_is_full_takes_over_no_more_and_the_record_keeps_all(records: Records) -> None:
    notes = {f"note{n}": "x" * 980 for n in range(256)} | {"last": "x" * 980}
    full = (await records.contacts.save_profile({"phone1": number(1)} | notes, loose=True)).contact
    assert LARGEST_CONTACT - 900 < len(msgspec.json.encode(full.attributes)) < LARGEST_CONTACT - 100
    fields = lead(1, number(1), first="y" * 900, last="Bell")
    record = await records.lists.add(LEADS, fields)
    assert record.contact_id == full.id
    assert record.fields["First name"] == "y" * 900
    after = await records.contacts.get(full.id)
    assert after.attributes == full.attributes | {"last_name": "Bell"}
    assert len(msgspec.json.encode(after.attributes)) <= LARGEST_CONTACT


async def test_a_list_record_keeps_its_fields_whatever_becomes_of_its_contact(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, first="Ada"))
    assert record.contact_id is not None
    await records.contacts.update(record.contact_id, {"first_name": "Eve", "phone1": number(9), "last_name": "Bell"})
    await records.contacts.save({"phone1": number(9), "first_name": "Ivy"})
    assert (await records.lists.get(LEADS, {"id": "1"})).fields == record.fields


async def test_one_lists_write_does_not_change_anothers_record(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, first="Ada", account="900"))
    await records.lists.add("Spring", {"customer_id": "900", "customer_name": "Eve"})
    assert (await records.lists.get(LEADS, {"id": "1"})).fields == record.fields
    assert only(await everybody(records)).attributes["first_name"] == "Eve"


# ---- What the contact takes over


async def test_the_contact_that_a_record_made_follows_its_updates(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ada", last="Bell"))
    await records.lists.update(LEADS, lead(1, number(2), first="Eve"))
    assert only(await everybody(records)).attributes == {"first_name": "Eve", "last_name": "Bell", "phone1": number(2)}


async def test_a_contact_found_by_customer_id_follows_too_but_keeps_its_number(records: Records) -> None:
    known = await save(records, customer_id="900", first_name="Ada", phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(2), first="Eve", account="900"))
    assert (await records.contacts.get(known.id)).attributes == {
        "customer_id": "900",
        "first_name": "Eve",
        "phone1": number(1),
    }


async def test_a_contact_found_by_number_gets_its_empties_filled_and_nothing_overwritten(records: Records) -> None:
    known = await save(records, first_name="Ada", phone1=number(1), city="")
    await records.lists.add(LEADS, lead(1, number(1), first="Eve", last="Bell", phone2=number(2)))
    await records.lists.update(LEADS, lead(1, number(1), first="Ivy", last="Cox"))
    assert (await records.contacts.get(known.id)).attributes == {
        "first_name": "Ada",
        "phone1": number(1),
        "city": "",
        "last_name": "Bell",
        "phone2": number(2),
    }


async def test_a_contact_linked_by_hand_is_filled_and_not_overwritten(core: Core, records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    chosen = await save(records, customer_id="c", first_name="Ada")
    await link_by_hand(core, records, "list_record", record.id, chosen.id)
    await records.lists.update(LEADS, lead(1, number(1), first="Eve", last="Bell"))
    attributes = (await records.contacts.get(chosen.id)).attributes
    assert (attributes["first_name"], attributes["last_name"]) == ("Ada", "Bell")


async def test_a_partial_update_leaves_the_contacts_number_as_it_was_written(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, "+49 30 23125-007", first="Ada"))
    await records.lists.update(LEADS, {"id": "1", "First name": "Eve"})
    contact = only(await everybody(records))
    assert contact.attributes == {"first_name": "Eve", "phone1": "+49 30 23125-007"}
    assert {p.e164 for p in contact.phones} == {"+493023125007"}


async def test_a_value_that_fits_no_attribute_stays_in_the_record_alone(records: Records) -> None:
    fields = [Field("id", key=True), Field("Email"), Field("Phone", type="PHONE")]
    await records.lists.create("mail.csv", fields)
    record = await records.lists.add("mail.csv", {"id": "1", "Email": "not an address", "Phone": number(1)})
    assert record.fields["Email"] == "not an address"
    assert only(await everybody(records)).attributes == {"phone1": number(1)}


# ---- Numbers and their sources


async def test_a_contact_is_found_by_the_numbers_of_its_records(records: Records) -> None:
    known = await save(records, customer_id="900", phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(2), account="900", phone2=number(3)))
    for n in (1, 2, 3):
        assert only(await with_number(records, number(n))).id == known.id


async def test_a_number_goes_with_the_attribute_it_came_from(records: Records) -> None:
    known = await save(records, phone1=number(1), phone2=number(2))
    await records.contacts.update(known.id, {"phone1": number(3), "phone2": None})
    assert [bool(await with_number(records, number(n))) for n in (1, 2, 3)] == [False, False, True]


async def test_a_number_stays_while_another_attribute_has_it(records: Records) -> None:
    known = await save(records, phone1=number(1), phone2="(330) 555 0101")
    await records.contacts.update(known.id, {"phone1": None})
    assert only(await with_number(records, number(1))).id == known.id


async def test_a_number_goes_with_the_record_it_came_from(records: Records) -> None:
    await save(records, customer_id="900", phone1=number(1))
    record = await records.lists.add(LEADS, lead(1, number(2), account="900", phone2=number(1)))
    await records.contacts.update(record.contact_id or 0, {"phone2": None})
    assert await with_number(records, number(2))
    await records.lists.clear(LEADS, [record.id])
    assert not await with_number(records, number(2))
    assert await with_number(records, number(1))


async def test_a_number_goes_when_its_record_is_given_another(records: Records) -> None:
    await save(records, customer_id="900", phone1=number(1), phone2=number(9))
    await records.lists.add(LEADS, lead(1, number(2), account="900", phone2=number(3)))
    await records.lists.update(LEADS, {"id": "1", "Phone": number(4)})
    assert [bool(await with_number(records, number(n))) for n in (1, 2, 3, 4)] == [True, False, True, True]


async def test_a_number_moves_with_a_record_that_is_relinked(records: Records) -> None:
    one = await save(records, customer_id="900", phone1=number(1), phone2=number(8))
    await records.lists.add(LEADS, lead(1, number(2), account="900"))
    other = await save(records, customer_id="901", phone1=number(3), phone2=number(9))
    await records.lists.update(LEADS, {"id": "1", "Account": "901"})
    assert only(await with_number(records, number(2))).id == other.id
    assert {p.raw for p in (await records.contacts.get(one.id)).phones} == {number(1), number(8)}


async def test_phone_fields_that_change_places_in_the_layout_keep_their_numbers(records: Records) -> None:
    key, one, other = Field("id", key=True), Field("Home", type="PHONE"), Field("Work", type="PHONE")
    await records.lists.create("two.csv", [key, one, other])
    await records.lists.add("two.csv", {"id": "1", "Home": number(1), "Work": number(2)})
    await records.lists.put("two.csv", [key, other, one])
    await records.lists.update("two.csv", {"id": "1", "Work": number(3)})
    assert {p.source: p.raw for p in only(await everybody(records)).phones if p.source in ("Home", "Work")} == {
        "Home": number(1),
        "Work": number(3),
    }


@pytest.mark.parametrize("phones", [{"phone1": number(1)}, {"phone1": number(1), "phone10": number(2)}])
async def test_each_number_tells_its_source(records: Records, phones: dict[str, str]) -> None:
    known = await save(records, **phones)
    assert {p.source: p.raw for p in known.phones} == phones


# ---- Deleting


async def test_a_deleted_contact_is_gone_and_its_records_wait_for_their_next_write(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1), first="Ada"))
    await agent_leg(records, "call-1", ani=number(1))
    await records.contacts.delete(record.contact_id or 0)
    assert not await with_number(records, number(1))
    assert (await records.lists.get(LEADS, {"id": "1"})).contact_id is None
    assert (await records.interactions.get("call-1")).contact_id is None
    again = await records.lists.update(LEADS, {"id": "1", "Last name": "Bell"})
    assert again.link == "created"
    contact = only(await with_number(records, number(1)))
    assert contact.attributes == {"phone1": number(1), "first_name": "Ada", "last_name": "Bell"}
    assert (await records.interactions.get("call-1")).contact_id == contact.id


async def test_no_deletion_of_a_list_deletes_a_contact(records: Records) -> None:
    for n in range(3):
        await records.lists.add(LEADS, lead(n, number(n)))
    await records.lists.clear(LEADS)
    assert len(await everybody(records)) == 3
    await records.lists.drop(LEADS)
    await records.campaigns.drop("Spring")
    assert len(await everybody(records)) == 3
