"""Who is it: the rule by which every way in finds the contact it is about (design.md, 3)."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from ringbook.background.expire import sweep_keys
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.contact import MOST_SHARING
from ringbook.store import identity as identities
from tests.conftest import make_tenant
from tests.core.cast import LEADS, everybody, history, lead, link_by_hand, number, only, save, told, with_number

# ---- By customer id, then by number


async def test_customer_id_beats_phone(records: Records) -> None:
    known = await save(records, customer_id="900", phone1=number(1))
    await save(records, phone1=number(2))
    found, created = await records.contacts.save({"customer_id": "900", "phone1": number(2)})
    assert (found.id, created) == (known.id, False)


async def test_a_customer_id_has_neither_case_nor_accents(records: Records) -> None:
    known = await save(records, customer_id="Müller-1")
    assert (await save(records, customer_id="MULLER-1 ")).id == known.id


@pytest.mark.parametrize(
    "spelling",
    ["330-555-0107", "(330) 555 0107", "1 330 555 0107", "+13305550107", "001-330-555-0107", "011 1 330 555 0107"],
)
async def test_a_number_in_any_spelling_is_the_same_person(records: Records, spelling: str) -> None:
    known = await save(records, phone1=number(7))
    assert (await save(records, phone3=spelling)).id == known.id


async def test_the_tenants_region_reads_a_national_number(core: Core, passwords: Passwords) -> None:
    berlin = await make_tenant(core, passwords, region="DE")
    known = await save(berlin, phone1="030 23125-004")
    assert (await save(berlin, phone1="+49 30 23125004")).id == known.id


@pytest.mark.parametrize("text", ["4711", "anonymous", "555-01", "000000"])
async def test_what_is_no_valid_number_is_found_and_identifies_nobody(records: Records, text: str) -> None:
    one, other = await save(records, phone1=text), await save(records, phone1=text)
    assert one.id != other.id
    assert {c.id for c in await with_number(records, text)} == {one.id, other.id}


async def test_a_contact_with_another_customer_id_is_somebody_else(records: Records) -> None:
    father = await save(records, customer_id="900", phone1=number(1))
    son = await save(records, customer_id="901", phone1=number(1))
    assert son.id != father.id
    assert {c.id for c in await with_number(records, number(1))} == {father.id, son.id}


async def test_a_record_of_another_customer_makes_another_contact(records: Records) -> None:
    father = await save(records, customer_id="900", phone1=number(1))
    record = await records.lists.add(LEADS, lead(1, number(1), account="901"))
    assert (record.link, record.contact_id != father.id) == ("created", True)


async def test_a_contact_without_customer_id_gets_the_one_that_its_number_brings(records: Records) -> None:
    known = await save(records, phone1=number(1))
    record = await records.lists.add(LEADS, lead(1, number(1), account="900"))
    assert (record.contact_id, record.link) == (known.id, "phone")
    assert (await records.contacts.get(known.id)).attributes["customer_id"] == "900"


async def test_two_records_with_one_account_belong_to_one_contact(records: Records) -> None:
    one = await records.lists.add(LEADS, lead(1, number(1), account="900"))
    other = await records.lists.add(LEADS, lead(2, number(2), account="900"))
    assert (one.link, other.link) == ("created", "customer_id")
    contact = only(await everybody(records))
    assert contact.id == one.contact_id == other.contact_id
    assert {p.raw for p in contact.phones} == {number(1), number(2)}


async def test_a_key_field_is_no_customer_id(records: Records) -> None:
    await save(records, customer_id="900")
    record = await records.lists.add(LEADS, lead("900", number(1)))
    assert record.link == "created"


async def test_jtels_user_data_is_no_customer_id(records: Records) -> None:
    await save(records, customer_id="crm-7")
    record = await records.lists.add("Spring", {"UserData": "crm-7", "PhoneNumber1": number(1)})
    assert (record.link, record.customer_id) == ("created", None)


# ---- Among several


async def share_a_number(records: Records, people: int) -> list[int]:
    return [(await save(records, customer_id=f"c{n}", phone1=number(50))).id for n in range(people)]


async def test_a_number_that_twenty_share_still_identifies(records: Records) -> None:
    ids = await share_a_number(records, MOST_SHARING)
    assert (await save(records, phone1=number(50))).id == ids[-1]


async def test_a_number_that_more_than_twenty_share_identifies_nobody(records: Records) -> None:
    ids = await share_a_number(records, MOST_SHARING + 1)
    assert (await save(records, phone1=number(50))).id not in ids


async def test_a_switchboard_does_not_hide_a_persons_own_number(records: Records) -> None:
    await share_a_number(records, MOST_SHARING + 1)
    own = await save(records, customer_id="own", phone1=number(50), phone2=number(51))
    assert (await save(records, phone1=number(50), phone2=number(51))).id == own.id


async def test_the_most_recently_written_wins_and_the_choice_is_journalled(records: Records) -> None:
    first = await save(records, customer_id="900", phone1=number(1))
    second = await save(records, customer_id="901", phone1=number(1))
    await records.contacts.update(first.id, {"city": "Akron"})
    found = await save(records, phone1=number(1), state="Ohio")
    assert found.id == first.id
    choice = only(await history(records, "identity", first.id))
    assert told(choice.after) == {"chosen": first.id, "by": "phone", "among": [first.id, second.id]}


async def test_a_plain_match_is_no_choice(records: Records) -> None:
    await save(records, phone1=number(1))
    await save(records, phone1=number(1))
    assert not await history(records, "identity")


# ---- A link that stands


async def test_a_link_made_by_hand_is_never_overwritten(core: Core, records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    chosen = await save(records, phone1=number(2))
    await save(records, customer_id="900")
    await link_by_hand(core, records, "list_record", record.id, chosen.id)
    after = await records.lists.update(LEADS, lead(1, number(3), account="900"))
    assert (after.contact_id, after.link) == (chosen.id, "hand")


async def test_a_number_does_not_move_a_linked_record(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    await save(records, phone1=number(2))
    after = await records.lists.update(LEADS, lead(1, number(2)))
    assert (after.contact_id, after.link) == (record.contact_id, "created")


async def test_a_customer_id_moves_a_linked_record(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1)))
    customer = await save(records, customer_id="900")
    after = await records.lists.update(LEADS, lead(1, number(1), account="900"))
    assert (after.contact_id, after.link) == (customer.id, "customer_id")
    assert record.contact_id != customer.id


async def test_a_record_that_names_another_customer_leaves_the_one_it_was_linked_to(records: Records) -> None:
    customer = await save(records, customer_id="900", first_name="Ada")
    await records.lists.add(LEADS, lead(1, number(1), account="900"))
    after = await records.lists.update(LEADS, lead(1, number(1), account="901", first="Eve"))
    assert after.contact_id != customer.id
    assert (await records.contacts.get(customer.id)).attributes == {
        "customer_id": "900",
        "first_name": "Ada",
        "phone1": number(1),
    }


async def test_the_contact_that_a_record_made_follows_its_customer_id(records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1), account="900"))
    after = await records.lists.update(LEADS, lead(1, number(1), account="901"))
    assert after.contact_id == record.contact_id
    assert only(await everybody(records)).attributes["customer_id"] == "901"


# ---- Many writers


async def test_sixty_four_writers_of_eight_numbers_make_eight_contacts(records: Records) -> None:
    dice = random.Random(8)
    writers = []
    for n in range(64):
        first, second = 2 * (n % 8), 2 * (n % 8) + 1
        phones = [number(first), number(second)]
        dice.shuffle(phones)
        writers.append(
            records.lists.add(LEADS, lead(n, phones[0], phone2=phones[1]))
            if n % 2
            else records.contacts.save({"phone1": phones[0], "phone2": phones[1], "city": f"Akron {n}"})
        )
    dice.shuffle(writers)
    await asyncio.gather(*writers)
    people = await everybody(records)
    assert len(people) == 8
    assert sorted(len({p.e164 for p in c.phones}) for c in people) == [2] * 8


async def test_writers_that_meet_in_other_peoples_numbers_do_not_wait_in_a_circle(records: Records) -> None:
    dice = random.Random(4)
    for n in range(8):
        await save(records, customer_id=f"c{n}", phone1=number(n))

    def write(n: int) -> dict[str, str]:
        phones = dice.sample([number(m) for m in range(8)], 3)
        return {"customer_id": f"c{n % 8}", "phone2": phones[0], "phone3": phones[1], "phone4": phones[2]}

    await asyncio.gather(*(records.contacts.save(write(n)) for n in range(64)))
    assert len(await everybody(records)) == 8


async def test_a_customer_id_that_many_bring_at_once_makes_one_contact(records: Records) -> None:
    await asyncio.gather(
        *(records.contacts.save({"customer_id": "900", "city": str(n)}) for n in range(8)),
        *(records.lists.add(LEADS, lead(n, number(n), account="900")) for n in range(8)),
    )
    assert only(await everybody(records)).attributes["customer_id"] == "900"


async def test_deleting_and_writing_one_person_at_once_neither_blocks_nor_fails(records: Records) -> None:
    async def delete(contact_id: int) -> None:
        await records.contacts.delete(contact_id)

    for n in range(6):
        record = await records.lists.add(LEADS, lead(n, number(n)))
        assert record.contact_id is not None
        await asyncio.gather(
            records.lists.update(LEADS, lead(n, number(n), first="Ada")),
            delete(record.contact_id),
            records.contacts.save({"phone1": number(n)}),
            records.lists.add(LEADS, lead(f"{n}-again", number(n))),
        )
        assert len(await with_number(records, number(n))) <= 1


# ---- Keys that are swept away


async def keys_of(core: Core, records: Records) -> list[str]:
    async with core.database.reading() as tx:
        rows = await tx.fetch("SELECT key FROM identity_key WHERE tenant_id = $1", records.tenant.id)
    return sorted(row["key"] for row in rows)


async def test_no_key_outlives_its_person_and_who_needs_one_makes_it_again(core: Core, records: Records) -> None:
    contact = await save(records, customer_id="900", phone1=number(1))
    await records.contacts.delete(contact.id)
    assert len(await keys_of(core, records)) == 2, "they are there for other writers"
    await sweep_keys(core.database)
    assert await keys_of(core, records) == []
    again = await save(records, phone1=number(1))
    await sweep_keys(core.database)
    assert (await save(records, phone1=number(1))).id == again.id


async def test_a_sweep_of_many_keys_goes_on_to_the_last(core: Core, records: Records, other: Records) -> None:
    for of in (records, other):
        async with core.database.transaction() as tx:
            await identities.lock_identity(tx, of.tenant.id, [f"c:{n}" for n in range(1500)])
    assert await sweep_keys(core.database) >= 3000
    assert await keys_of(core, records) == await keys_of(core, other) == []


async def test_a_held_key_is_left_alone_and_its_holder_is_not_disturbed(core: Core, records: Records) -> None:
    async with core.database.transaction() as tx:
        await identities.lock_identity(tx, records.tenant.id, ["c:free", "c:held"])
    async with core.database.transaction() as tx:
        await identities.lock_identity(tx, records.tenant.id, ["c:held"])
        async with asyncio.timeout(2):
            await sweep_keys(core.database)
        assert await keys_of(core, records) == ["c:held"]


class Interrupted:
    """A transaction in which a sweep comes between any two statements."""

    def __init__(self, tx: Any, core: Core) -> None:
        self._tx = tx
        self._core = core

    async def execute(self, *statement: Any) -> Any:
        done = await self._tx.execute(*statement)
        await sweep_keys(self._core.database)
        return done


@pytest.mark.parametrize("there", [False, True])
async def test_no_sweep_lets_two_writers_pass_each_other(core: Core, records: Records, there: bool) -> None:
    if there:
        async with core.database.transaction() as tx:
            await identities.lock_identity(tx, records.tenant.id, ["c:900"])

    async def write() -> None:
        async with core.database.transaction() as tx:
            await identities.lock_identity(tx, records.tenant.id, ["c:900"])

    async with core.database.transaction() as tx:
        await identities.lock_identity(Interrupted(tx, core), records.tenant.id, ["c:900"])  # type: ignore[arg-type]
        second = asyncio.create_task(write())
        assert not (await asyncio.wait([second], timeout=0.2))[0], "it waits for the first"
    await second


@pytest.mark.parametrize("there", [False, True])
async def test_writers_that_wait_for_a_sweep_still_pass_one_by_one(core: Core, records: Records, there: bool) -> None:
    passing: list[int] = []
    most = 0

    async def write() -> None:
        nonlocal most
        async with core.database.transaction() as tx:
            await identities.lock_identity(tx, records.tenant.id, ["c:900", "c:901"])
            passing.append(1)
            most = max(most, len(passing))
            await asyncio.sleep(0.01)
            passing.pop()

    if there:
        await write()
        most = 0
    async with core.database.transaction() as sweeping:
        gone = await identities.forget_keys(sweeping, identities.HeldKey(records.tenant.id, ""), 2)
        assert len(gone) == 2 * there
        writers = [asyncio.create_task(write()) for _ in range(4)]
        await asyncio.sleep(0.1)
        assert most == (0 if there else 1)
    await asyncio.gather(*writers)
    assert most == 1


async def test_writers_and_sweeps_at_once_make_each_person_once(core: Core, records: Records) -> None:
    ended = asyncio.Event()

    async def sweep() -> None:
        while not ended.is_set():
            await sweep_keys(core.database)

    sweeping = asyncio.create_task(sweep())
    await asyncio.gather(*(records.contacts.save({"phone1": number(n % 8), "city": str(n)}) for n in range(96)))
    ended.set()
    await sweeping
    assert len(await everybody(records)) == 8
