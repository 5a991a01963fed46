"""The journal: who changed what, through which dialect, before and after."""

from __future__ import annotations

import pytest

from ringbook.core.access import Records
from ringbook.domain.problems import Invalid
from tests.core.cast import history, only, save, told


async def test_every_change_of_a_contact_is_told_with_its_author(records: Records) -> None:
    contact = await save(records, city="Akron")
    await records.contacts.update(contact.id, {"city": "Kent"})
    await records.contacts.delete(contact.id)
    changes = await history(records, "contact", contact.id)
    assert [(told(c.before), told(c.after)) for c in changes] == [
        (None, {"city": "Akron"}),
        ({"city": "Akron"}, {"city": "Kent"}),
        ({"city": "Kent"}, None),
    ]
    assert {(c.by, c.dialect) for c in changes} == {("tests", "native")}


async def test_a_refused_write_leaves_no_trace(records: Records) -> None:
    await save(records, customer_number="K-1")
    before = await history(records, "contact")
    with pytest.raises(Exception, match="customer_number"):
        await records.contacts.save({"customer_number": "K-1"})
    assert await history(records, "contact") == before


async def test_the_newest_come_first_and_pages_follow(records: Records) -> None:
    ids = [(await save(records, city=f"c{n}")).id for n in range(5)]
    first = await records.journal.changes(entity="contact", limit=2)
    rest = await records.journal.changes(entity="contact", below=first[-1].id, limit=10)
    assert [c.entity_id for c in (*first, *rest)] == ids[::-1]


async def test_a_contact_that_a_record_made_says_so(records: Records) -> None:
    record = await records.lists.add("Spring", {"customer_id": "900"})
    made = only(await history(records, "contact", record.contact_id))
    assert told(made.after) == {"customer_id": "900", "from record": record.id}


@pytest.mark.parametrize("limit", [0, 501])
async def test_a_page_is_bounded(records: Records, limit: int) -> None:
    with pytest.raises(Invalid):
        await records.journal.changes(limit=limit)
