"""The configurations of examples/pbx ask what Ringbook answers, and read what it says."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as Xml

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.dialects.callerid.wire import NameQuery
from tests.conftest import repository
from tests.core.cast import number, save
from tests.dialects.callerid.promises import CALLERID_KEY

PBX = repository() / "examples" / "pbx"
FILES = sorted(path for path in PBX.rglob("*") if path.is_file())
XML = [path for path in FILES if path.suffix == ".xml"]

_QUESTION = re.compile(r"callerid\?([^\s\"'`<]+)|\| `(number=[^`]+)` \|")


def _name_of(path: Path) -> str:
    return str(path.relative_to(PBX))


def _questions(path: Path) -> Iterator[str]:
    """The query strings of a file, with the caller's number and a key in their places."""
    text = path.read_text("utf-8").replace("&amp;", "&").replace("{{ UrlEncode .Number }}", "[Number]")
    for match in _QUESTION.finditer(text):
        yield (match[1] or match[2]).rstrip("})")


@pytest.mark.parametrize("path", XML, ids=_name_of)
def test_xml_is_well_formed(path: Path) -> None:
    Xml.parse(path)


@pytest.mark.parametrize("system", ["freepbx", "freeswitch", "asterisk", "3cx", "yeastar", "wazo", "kamailio"])
def test_every_system_asks_by_options_that_there_are(system: str) -> None:
    asked = [question for path in FILES if path.parent.name == system for question in _questions(path)]
    assert asked
    for question in asked:
        names = [name for name, _ in parse_qsl(question.split('"')[0], keep_blank_values=True)]
        assert set(names) <= set(NameQuery.__struct_fields__), question
        assert "number" in names or system == "wazo"


@pytest.mark.parametrize(("path", "attribute"), [("3cx/ringbook.xml", "Variable"), ("yeastar/ringbook.xml", "Output")])
async def test_json_paths_lead_to_values(
    path: str, attribute: str, router: httpx.AsyncClient, records: Records
) -> None:
    await save(records, first_name="Ilse", last_name="Brandt", company="Brandt GmbH", phone1=number(1))
    key = CALLERID_KEY.format(slug=records.tenant.slug)
    url = f"http://ringbook.example/callerid?format=json&number={number(1)}"
    found = (await router.get(url, auth=("callerid", key))).json()
    values = {}
    for element in Xml.parse(PBX / path).iter(attribute):
        value: Any = found
        for step in element.attrib["Path"].split("."):
            value = value[step]
        values[element.attrib["Name"]] = value
    assert {values["FirstName"], values["LastName"], values["CompanyName"]} == {"Ilse", "Brandt", "Brandt GmbH"}


async def test_wazo_finds_its_term_in_the_first_matched_column(router: httpx.AsyncClient, records: Records) -> None:
    """What its backend csv_ws does with this source: one parameter a column, lines at line feeds, texts compared."""
    await save(records, first_name="Ilse", last_name="Brandt", phone1=number(1))
    source = json.loads((PBX / "wazo/source.json").read_text("utf-8"))
    url = source["lookup_url"].replace("127.0.0.1:8080", "ringbook.example")
    url = url.replace("change-me", CALLERID_KEY.format(slug=records.tenant.slug))
    for term in ("+13305550101", "3305550101", "(330) 555-0101"):
        asked = httpx.URL(url)
        for column in source["first_matched_columns"]:
            asked = asked.copy_add_param(column, term)
        answer = await router.get(asked)
        lines = csv.reader(answer.text.split("\n"), delimiter=source["delimiter"])
        header = next(lines)
        matched = [row for row in (dict(zip(header, line, strict=False)) for line in lines) if row["number"] == term]
        assert [source["format_columns"]["reverse"].format(**row) for row in matched] == ["Ilse Brandt"]
        assert matched[0][source["unique_column"]]
