"""Looking up: any spelling of a number, a name, an id; and the page of the person."""

from __future__ import annotations

from ringbook.core.access import Records
from tests.console.conftest import Visitor
from tests.core.cast import number, save


async def test_any_spelling_of_a_number_shows_the_person_and_why(admin: Visitor, records: Records) -> None:
    await save(records, first_name="Ada", last_name="Byron", phone1=number(1))
    for spelled in (number(1), "+1 330 5550101", "(330) 555-0101"):
        page = await admin.read("", q=spelled)
        assert "<h1>Ada Byron</h1>" in page
        assert "same number" in page
        assert "(330) 555-0101" in page
