"""Which name is shown, and in what form."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from tests.conftest import make_tenant
from tests.core.cast import LEADS, lead, number, save
from tests.dialects.callerid.conftest import Pbx

RAW = f"number={number(1)}"


@pytest.mark.parametrize(
    "spelling",
    [
        "330-555-0101",
        "3305550101",
        "13305550101",
        "%2B13305550101",
        "+13305550101",
        "%2013305550101",
        "%203305550101",
        "0013305550101",
        "01113305550101",
        "(330)%20555.0101",
        "+1%20330%20555%200101",
        "%2B1+330+555+0101",
    ],
)
async def test_a_caller_is_named_in_any_spelling(pbx: Pbx, records: Records, spelling: str) -> None:
    await save(records, first_name="Ilse", last_name="Brandt", phone1=number(1))
    assert await pbx.shows(f"number={spelling}") == "Ilse Brandt"


@pytest.mark.parametrize(
    "spelling", ["+493023125047", "493023125047", "00493023125047", "03023125047", "%20030%2023125047"]
)
async def test_a_caller_in_berlin_is_named_in_any_spelling(
    router: httpx.AsyncClient, core: Core, passwords: Passwords, spelling: str
) -> None:
    berlin = await make_tenant(core, passwords, region="DE")
    await save(berlin, first_name="Ilse", last_name="Brandt", phone1="030 23125-047")
    assert await Pbx(router, berlin).shows(f"number={spelling}") == "Ilse Brandt"


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({"first_name": "Ilse", "last_name": "Brandt", "company": "Brandt GmbH"}, "Ilse Brandt"),
        ({"last_name": "Brandt"}, "Brandt"),
        ({"company": "Brandt GmbH"}, "Brandt GmbH"),
        ({"first_name": "  ", "last_name": "", "company": "Brandt GmbH"}, "Brandt GmbH"),
        ({"email": "ilse@example.com"}, ""),
        ({"first_name": 'Ilse "Die\r\nFlinke"', "last_name": "<Brandt>\\"}, "Ilse Die Flinke Brandt"),
        ({"first_name": "Ilse\u202e\u2028\u200b", "last_name": "Brandt\ttab"}, "Ilse Brandt tab"),
        ({"first_name": "Aoife", "last_name": "O'Brien"}, "Aoife O'Brien"),
        ({"first_name": "Jürgen", "last_name": "Müller"}, "Jürgen Müller"),
        ({"first_name": "x" * 79, "last_name": "y"}, "x" * 79),
    ],
)
async def test_what_is_shown(pbx: Pbx, records: Records, attributes: dict[str, Any], shown: str) -> None:
    await save(records, phone1=number(1), **attributes)
    assert await pbx.shows(RAW) == shown


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("max=15", "Jürgen Großmüll"),
        ("max=7", "Jürgen"),
        ("max=0", "Jürgen Großmüller-Øst"),
        ("max=lots", "Jürgen Großmüller-Øst"),
        ("max=[Max]", "Jürgen Großmüller-Øst"),
        ("max=99999999999999999999", "Jürgen Großmüller-Øst"),
        ("ascii=1", "Jurgen Grossmuller-Ost"),
        ("ascii=true&max=15", "Jurgen Grossmul"),
        ("ascii=0", "Jürgen Großmüller-Øst"),
        ("format=opencnam", "Jürgen Großmüller-Øst"),
        ("format=", "Jürgen Großmüller-Øst"),
        ("unknown=option", "Jürgen Großmüller-Øst"),
    ],
)
async def test_options(pbx: Pbx, records: Records, options: str, shown: str) -> None:
    await save(records, first_name="Jürgen", last_name="Großmüller-Øst", phone1=number(1))
    assert await pbx.shows(f"{RAW}&{options}") == shown


async def test_folding_makes_no_quote_of_another(pbx: Pbx, records: Records) -> None:
    await save(records, first_name="\uff02Ilse\uff02", last_name="\uff1cBrandt\uff1e", phone1=number(1))
    assert await pbx.shows(f"{RAW}&ascii=1") == "Ilse Brandt"


async def test_of_several_the_most_recently_written_is_shown_and_who_has_no_name_never(
    pbx: Pbx, records: Records
) -> None:
    anna = await save(records, customer_id="1", first_name="Anna", phone1=number(1))
    await save(records, customer_id="2", first_name="Thomas", phone1=number(1))
    await save(records, customer_id="3", email="x@example.com", phone1=number(1))
    assert await pbx.shows(RAW) == "Thomas"
    await records.contacts.update(anna.id, {"city": "Akron"})
    assert await pbx.shows(RAW) == "Anna"
    assert (await pbx.asks(f"{RAW}&format=json")).json()["candidates"] == 3


async def test_a_switchboard_names_nobody(pbx: Pbx, records: Records) -> None:
    for n in range(20):
        await save(records, customer_id=str(n), first_name=f"Clerk {n}", phone1=number(1))
    assert await pbx.shows(RAW) == "Clerk 19"
    await save(records, customer_id="20", first_name="Clerk 20", phone1=number(1))
    assert await pbx.shows(RAW) == ""


async def test_a_number_from_a_list_is_named_and_a_contact_that_is_deleted_no_more(pbx: Pbx, records: Records) -> None:
    record = await records.lists.add(LEADS, lead(1, number(1), first="Ada", last="King"))
    assert await pbx.shows(RAW) == "Ada King"
    assert record.contact_id is not None
    await records.contacts.delete(record.contact_id)
    assert await pbx.shows(RAW) == ""


async def test_another_tenants_caller_is_nobody(pbx: Pbx, other: Records) -> None:
    await save(other, first_name="Ilse", phone1=number(1))
    assert await pbx.shows(RAW) == ""


@pytest.mark.parametrize(
    "query",
    [
        "",
        "number=",
        "number=%20",
        "number=+",
        "number=anonymous",
        "number=[NUMBER]",
        "number=${caller_id_number}",
        "number=" + "9" * 101,
        "number=" + "9" * 5000,
        "number=%00",
        "number=%FF",
        "number=%0D%0A%3Chtml%3E",
        "number=';DROP%20TABLE%20contact;--",
        "number=330-555-0101%0A",
        "&".join(f"p{n}=1" for n in range(200)),
    ],
)
async def test_garbage_is_nobody(pbx: Pbx, records: Records, query: str) -> None:
    await save(records, first_name="Ilse", phone1=number(2))
    assert await pbx.shows(query) == ""
