"""Exports: what goes out can come in again, and then nothing has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.core.access import Records
from ringbook.core.exports import ExportFormat
from ringbook.domain.cells import cell_of, defused, kept, undefused, value_of
from ringbook.domain.imports import Counts
from ringbook.domain.schema import Attribute, AttributeType, fault_of
from tests.core.cast import LEADS, SPRING, agent_leg, attempt, everybody, lead, number, only, save
from tests.core.importing import run

TEXTS = [
    *("=1+1", "'=1", "'t Hart", "'quoted'", "'86", "true", "007", "1e5", "-0", "+49 30 23125-047", "@x", "-1", "\t=x"),
    *(" blanks ", "\u00a0", "a;b,c|d\te", '"no"', '"', "two\nlines", "a\r\nb", "\r", "\n", "ü€漢"),
    *("👩‍👩‍👧 e\u0301", "\u2028"),
    *("x" * 1000, '"' * 1000, "null", "#N/A", "\ufeff", "BEGIN:VCARD", "\\n\\,;:", "a  b"),
]  # fmt: skip
TYPED: dict[str, tuple[AttributeType, list[Any]]] = {
    "nickname": ("Text", TEXTS),
    "other_phone": ("Phone", [number(9), "Room 12", "+49 30 23125-047", "+cmd|x", " 030 ", "tel:5"]),
    "other_mail": ("Email", ["a@example.com", "=a@example.com"]),
    "born": ("Date", ["2001-02-03"]),
    "called_at": ("DateTime", ["2026-03-02T12:00:00+01:00", "2026-03-02T12:00:00", "2026-03-02 12:00", "20260302"]),
    "site": ("URL", ["https://example.com/?a=b,c"]),
    "vip": ("Bool", [True, False, "true", "false", ""]),
    "score": ("Number", [
        *(0, -5, 5, 5.0, 0.1, -1e-05, 10**20, 1e300, 2**53 + 1),
        *("5", "-5", "007", "1e5", " 86 ", "+1", ".5", "-.5e-3", "1e300", "", "-0", -0.0),
    ]),
}  # fmt: skip
STORABLE = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)
VALUE = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30)
NUMBER_LIKE = st.from_regex(r"'?\s?[+-]?[0-9]{0,4}\.?[0-9]{0,3}(e[+-]?[0-9]{1,2})?\s?", fullmatch=True)


async def exported(records: Records, of: Any, ref: Any = None, form: ExportFormat = "csv") -> bytes:
    return b"".join([piece async for piece in records.exports.pieces(of, ref, form=form)])


async def with_every_type(records: Records) -> None:
    for key, (kind, _) in TYPED.items():
        await records.schema.put(Attribute(0, key, key, kind), kind)
    longest = max(len(values) for _, values in TYPED.values())
    for n in range(longest):
        said = {key: values[n] for key, (_, values) in TYPED.items() if n < len(values)}
        await save(records, customer_id=str(n), first_name="Ann", phone1=number(n), phone2=number(0), email="", **said)
    await save(records, first_name="Nobody", last_name="without a number")
    await save(records, first_name="Nobody", last_name="without a number")
    await save(records, phone1=number(77))
    await save(records, company="Example")


@pytest.mark.parametrize("form", ["csv", "jsonl", "vcard"])
async def test_contacts_of_every_type_go_out_and_in_and_nothing_changes(
    records: Records, tmp_path: Path, form: ExportFormat
) -> None:
    await with_every_type(records)
    before = await everybody(records)
    job = await run(records, tmp_path / "out", await exported(records, "contacts", form=form))
    assert job.counts == Counts(rows=len(before), unchanged=len(before))
    assert await everybody(records) == before


@pytest.mark.parametrize(("form", "counts"), [
    ("csv", Counts(rows=3, refused=3)),
    ("jsonl", Counts(rows=3, unchanged=3)),
    ("vcard", Counts(rows=3, unchanged=3)),
])  # fmt: skip
async def test_a_control_character_has_no_place_in_a_table_and_changes_nothing(
    records: Records, tmp_path: Path, form: ExportFormat, counts: Counts
) -> None:
    for text in ("\x07", "a\x0bb", "\x7f"):
        await save(records, customer_id=text + "x", first_name=text)
    before = await everybody(records)
    job = await run(records, tmp_path / "out", await exported(records, "contacts", form=form))
    assert job.counts == counts
    assert await everybody(records) == before


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_list_goes_out_and_in_and_nothing_changes(records: Records, tmp_path: Path, form: ExportFormat) -> None:
    for n in range(20):
        await records.lists.add(LEADS, lead(n, number(n), first="=Ann", last="Lee, Jr."))
    before = await records.lists.records(LEADS)
    job = await run(records, tmp_path / "out", await exported(records, "list", LEADS, form), LEADS)
    assert job.counts == Counts(rows=20, unchanged=20)
    assert await records.lists.records(LEADS) == before


async def test_no_cell_is_a_formula(records: Records) -> None:
    await save(records, customer_id="1", first_name="=HYPERLINK(1)", last_name="+SUM(1)", company="@x", city="-1+1")
    _, row = (await exported(records, "contacts")).decode().splitlines()
    assert not [cell for cell in row.split(",") if cell.strip('"')[:1] in ("=", "+", "@", "-")]
    assert "'=HYPERLINK(1)" in row


@given(VALUE)
def test_a_defused_text_comes_back(text: str) -> None:
    assert undefused(defused(text)) == text


@given(
    st.sampled_from(["Text", "Phone", "Number", "Bool", "Email", "URL", "Date", "DateTime"]),
    VALUE
    | NUMBER_LIKE
    | st.sampled_from(["true", "false", "True"])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.booleans(),
)
def test_a_cell_changes_nothing_where_it_comes_from(kind: AttributeType, value: Any) -> None:
    attribute = Attribute(1, "key", "Key", kind)
    if value == "" or fault_of(attribute, value):
        return
    back = kept(attribute, value, value_of(attribute, cell_of(value)))
    assert (back, type(back)) == (value, type(value))


async def test_a_text_in_an_attribute_of_numbers_is_a_number_in_a_sheet(records: Records, tmp_path: Path) -> None:
    """A column can be summed, whoever wrote it; and what an edited cell says is what it looks like."""
    for key, kind in (("score", "Number"), ("vip", "Bool")):
        await records.schema.put(Attribute(0, key, key, cast("AttributeType", kind)), kind)
    contact = await save(records, customer_id="1", score="86", vip="true")
    text = (await exported(records, "contacts")).decode()
    assert text.splitlines()[1].endswith(",86,true")
    job = await run(records, tmp_path / "out", text.replace(",86,", ",87,"))
    assert job.counts == Counts(rows=1, updated=1)
    after = (await records.contacts.get(contact.id)).attributes
    assert (after["score"], after["vip"]) == (87, "true")


async def test_a_campaigns_results_go_out(records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ann"))
    await records.lists.add(LEADS, lead(2, number(2)))
    await attempt(
        records,
        list=LEADS,
        key={"id": "1"},
        phone=number(1),
        outcome="answered",
        disposition="Sold",
        final=True,
        agent="kim",
    )
    heads, *rows = (await exported(records, "campaign", SPRING)).decode().splitlines()
    assert heads.startswith("record_id,list,status,outcome,disposition")
    assert [row.split(",")[1:5] for row in rows] == [[LEADS, "completed", "answered", "Sold"], [LEADS, "new", "", ""]]
    told = [msgspec.json.decode(line) for line in (await exported(records, "campaign", "Spring", "jsonl")).splitlines()]
    assert told[0]["fields"]["First name"] == "Ann"
    assert (told[0]["last_agent"], told[1]["tries"]) == ("kim", 0)


async def test_calls_and_changes_go_out(records: Records) -> None:
    contact = await save(records, customer_id="1", phone1=number(1))
    await agent_leg(records, "call-1", ani=number(1), notes="=x")
    call = msgspec.json.decode(only((await exported(records, "interactions", form="jsonl")).splitlines()))
    assert (call["call_id"], int(call["ringbook_id"][8:], 16), len(call["legs"])) == ("call-1", contact.id, 1)
    assert (await exported(records, "interactions")).decode().splitlines()[1].endswith("'=x")
    changes = [msgspec.json.decode(line) for line in (await exported(records, "changes", form="jsonl")).splitlines()]
    assert changes[0]["id"] > changes[-1]["id"]
    assert [one["entity_id"] for one in changes if one["entity"] == "contact"] == [contact.id]
