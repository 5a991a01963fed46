"""Each format as its reader takes it apart."""

from __future__ import annotations

import csv
from datetime import timedelta
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as Xml

import pytest

from ringbook.core.access import Records
from ringbook.domain.object_id import ObjectId
from ringbook.domain.schema import Attribute
from tests.core.cast import NOON, agent_leg, number, save
from tests.dialects.callerid.conftest import Pbx

RAW = f"number={number(1)}"
NOBODY = {"text": "", "hash": "", "json": '{"found":false}', "csv": "number,id,name,first_name,last_name,company"}


async def test_a_hash_for_asterisk_has_what_a_dial_plan_decides_by(pbx: Pbx, records: Records) -> None:
    contact = await save(records, first_name="Ilse", last_name="Brandt & Söhne", phone1=number(1))
    answer = await pbx.asks(f"{RAW}&format=hash")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    id_ = str(ObjectId(contact.created_second, contact.id))
    assert answer.text == f"name=Ilse%20Brandt%20%26%20S%C3%B6hne&id={id_}&vip=0&last_agent=&dnc=0"


async def test_a_hash_tells_of_the_last_agent_the_bar_and_the_privilege(pbx: Pbx, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    await records.schema.put(Attribute(id=0, key="vip", label="VIP", type="Bool"), "Bool")
    await save(records, first_name="Ilse", vip=True, phone1=number(1))
    await agent_leg(records, "c-1", agent="kim", ani=number(1), started_at=NOON)
    await agent_leg(records, "c-2", agent="a.meier", ani=number(1), started_at=NOON + timedelta(days=1))
    await agent_leg(records, "c-3", agent="", ani=number(1), started_at=NOON + timedelta(days=2))
    told = dict(parse_qsl((await pbx.asks(f"{RAW}&format=hash")).text))
    del told["id"]
    assert told == {"name": "Ilse", "vip": "1", "last_agent": "a.meier", "dnc": "1"}


async def test_a_list_for_one_campaign_bars_nobody_for_good(pbx: Pbx, records: Records) -> None:
    await records.do_not_call.put_list("spring", "INTERNAL")
    await records.do_not_call.bind("spring", 7224)
    await records.do_not_call.add("spring", [number(1)])
    await save(records, first_name="Ilse", phone1=number(1))
    assert (await pbx.asks(f"{RAW}&format=hash")).text.endswith("&dnc=0")


async def test_json_names_the_caller(pbx: Pbx, records: Records) -> None:
    contact = await save(records, first_name="Ilse", last_name="Brandt", email="i@example.com", phone1=number(1))
    answer = await pbx.asks(f"{RAW}&format=json&max=6")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "found": True,
        "name": "Ilse B",
        "contact": {
            "id": str(ObjectId(contact.created_second, contact.id)),
            "first_name": "Ilse",
            "last_name": "Brandt",
            "company": "",
        },
        "candidates": 1,
    }


@pytest.mark.parametrize("term", ["330-555-0101", "+13305550101", "(330) 555-0101", " 1 330 555 0101"])
async def test_csv_repeats_the_number_in_the_asked_column(pbx: Pbx, records: Records, term: str) -> None:
    """wazo-dird's first_match: it takes lines apart at line feeds and compares the column with its own term."""
    await save(records, first_name="Ilse", last_name="Brandt, the elder", phone1=number(1))
    for column in ("number", "phone", "mobile"):
        encoded = term.replace("+", "%2B").replace(" ", "%20")
        answer = await pbx.asks(f"format=csv&{column}={encoded}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        reader = csv.reader(answer.text.split("\n"))
        header = next(reader)
        (row,) = (dict(zip(header, values, strict=True)) for values in reader)
        assert unquote(encoded).strip() in (row[column], row[column].lstrip("+"))
        assert (row["name"], row["first_name"]) == ("Ilse Brandt, the elder", "Ilse")


async def test_csv_has_a_row_a_candidate_and_every_asked_column(pbx: Pbx, records: Records) -> None:
    await save(records, customer_id="1", first_name="Anna", phone1=number(1))
    await save(records, customer_id="2", first_name="Thomas", phone1=number(1))
    text = (await pbx.asks(f"format=csv&phone={number(1)}&mobile={number(1)}")).text
    rows = list(csv.DictReader(text.split("\n")))
    assert [row["name"] for row in rows] == ["Thomas", "Anna"]
    assert {(row["phone"], row["mobile"]) for row in rows} == {(number(1), number(1))}


@pytest.mark.parametrize(
    ("variant", "root"),
    [
        ("", "CiscoIPPhoneDirectory"),
        ("&variant=cisco", "CiscoIPPhoneDirectory"),
        ("&variant=yealink", "YealinkIPPhoneDirectory"),
        ("&variant=snom", "SnomIPPhoneDirectory"),
        ("&variant=other", "CiscoIPPhoneDirectory"),
    ],
)
async def test_xml_is_a_phone_book(pbx: Pbx, records: Records, variant: str, root: str) -> None:
    await save(records, first_name="Brandt & Söhne", phone1=number(1))
    answer = await pbx.asks(f"{RAW}&format=xml{variant}")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    book = Xml.fromstring(answer.content)
    assert book.tag == root
    assert [entry.findtext("Name") for entry in book.findall("DirectoryEntry")] == ["Brandt & Söhne"]
    assert [entry.findtext("Telephone") for entry in book.findall("DirectoryEntry")] == [number(1)]
    nobody = Xml.fromstring((await pbx.asks(f"number={number(2)}&format=xml{variant}")).content)
    assert (nobody.tag, nobody.findall("DirectoryEntry")) == (root, [])


@pytest.mark.parametrize("format_", NOBODY)
async def test_nobody_is_told_in_the_format_and_every_failure_alike(pbx: Pbx, records: Records, format_: str) -> None:
    unknown = await pbx.asks(f"{RAW}&format={format_}")
    assert unknown.text == NOBODY[format_]
    for query in (f"{RAW}&key=", "number=%00", "number=%FF", "number=" + "9" * 200):
        failed = await pbx.asks(f"{query}&format={format_}")
        assert (failed.content, failed.headers["content-type"]) == (unknown.content, unknown.headers["content-type"])
    pbx.key = "wrong"
    refused = await pbx.asks(f"{RAW}&format={format_}")
    assert (refused.content, refused.headers["content-type"]) == (unknown.content, unknown.headers["content-type"])


async def test_an_answer_is_kept_by_nobody_on_the_way(pbx: Pbx) -> None:
    assert (await pbx.asks(RAW)).headers["cache-control"] == "no-store"
