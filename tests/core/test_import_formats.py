"""Files as people send them: whatever they are written in, each row is read or told."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from ringbook.core.access import Records
from ringbook.domain.imports import Counts, ImportSettings
from ringbook.domain.schema import Attribute
from tests.core.cast import LEADS, everybody, lead, number, only
from tests.core.importing import reasons, run, write


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_a_file_is_read_whatever_it_is_written_in(
    records: Records, file: Path, encoding: str, delimiter: str
) -> None:
    rows = [
        ["Kundennummer", "Nachname", "Telefon"],
        ["1", "Müßig\r\nGroß", number(1)],
        ["2", f"a{delimiter}b", number(2)],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    job = await run(records, file, text.getvalue().encode(encoding))
    assert job.counts == Counts(rows=2, added=2)
    assert [one.attributes["last_name"] for one in await everybody(records)] == [f"a{delimiter}b", "Müßig\r\nGroß"]


async def test_a_comma_in_each_amount_is_no_delimiter(records: Records, file: Path) -> None:
    rows = [f"{n};Doe {n};{number(n)};{n},50" for n in range(60)]
    job = await run(records, file, "\n".join(["Kundennummer;Nachname;Telefon;Betrag", *rows]))
    assert job.counts == Counts(rows=60, added=60)


async def test_a_comma_in_the_header_as_well_cuts_less_than_what_cuts_most(records: Records, file: Path) -> None:
    rows = [f"{n};Doe;{number(n)};{n},50" for n in range(60)]
    job = await run(records, file, "\n".join(["Kundennummer;Nachname;Telefon;Betrag, EUR", *rows, "short"]))
    assert job.counts == Counts(rows=61, added=60, refused=1)


async def test_a_file_of_which_no_column_goes_anywhere_fails(records: Records, file: Path) -> None:
    write(file, "Farbe|Form\nrot|rund\n")
    job = await records.imports.carry_out(file, file.name, await records.imports.settings(ImportSettings()), print)
    assert job.state == "failed"
    assert job.failure == (
        "Read as csv, utf-8, “|” between columns, with a header, "
        "the file has no column that goes anywhere: Farbe, Form."
    )


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_list_is_not_replaced_by_a_file_of_which_nothing_could_be_taken(
    records: Records, file: Path, dry_run: bool
) -> None:
    await records.lists.add(LEADS, lead(1))
    write(file, f"Rechnung,Phone\n1,{number(1)}\n2,{number(2)}\n")
    settings = await records.imports.settings(ImportSettings(dry_run=dry_run), LEADS, mode="replace")
    job = await records.imports.carry_out(file, file.name, settings, print)
    assert (job.state, job.counts) == ("failed", Counts(rows=2, refused=2))
    assert job.failure == "No row of the file could be taken, so the list keeps its records."
    assert len(await records.lists.records(LEADS)) == 1


async def test_truth_is_said_in_the_words_of_a_spreadsheets_country(records: Records, file: Path) -> None:
    await records.schema.put(Attribute(0, "paperless", "Paperless", "Bool"), "Bool")
    words = ["true", "JA", "wahr", "1", "oui", "sí", "FALSE", "nein", "FALSCH", "0", "non", "no", "vielleicht"]
    job = await run(records, file, "customer_id,paperless\n" + "".join(f"{n},{w}\n" for n, w in enumerate(words)))
    assert [row for row, _, _ in await reasons(records, job)] == [14]
    told = {one.attributes["customer_id"]: one.attributes["paperless"] for one in await everybody(records)}
    assert told == {str(n): n < 6 for n in range(12)}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_lines_end_in_any_way_and_blank_ones_are_no_rows(records: Records, file: Path, end: str) -> None:
    text = end.join(["customer_id,first_name", "1,Ann", "", "2,Bo", "", ""])
    job = await run(records, file, text)
    assert (job.counts.rows, job.counts.added) == (2, 2)
    assert await reasons(records, job) == []


async def test_a_file_without_a_header_is_mapped_by_place(records: Records, file: Path) -> None:
    text = f"Ann,{number(1)},ann@example.com\nBo,{number(2)},\n"
    mapping: dict[str, str | None] = {"column 1": "first_name", "column 2": "phone1", "column 3": None}
    job = await run(records, file, text, mapping=mapping)
    assert job.counts == Counts(rows=2, added=2)
    assert (await everybody(records))[0].attributes == {"first_name": "Bo", "phone1": number(2)}


async def test_a_quote_that_is_never_closed_costs_its_own_row_alone(records: Records, file: Path) -> None:
    text = 'customer_id,first_name\n1,Ann\n2,"Bo\n3,Cy\n4,Di\n'
    job = await run(records, file, text)
    assert job.counts == Counts(rows=4, added=3, refused=1)
    assert await reasons(records, job) == [(3, "", "A quote is not closed.")]


async def test_json_lines_keep_their_types(records: Records, file: Path) -> None:
    await records.schema.put(Attribute(0, "score", "Score", "Number"), "Number")
    text = '{"customer_id": "1", "score": 5, "first_name": ""}\n\nno json\n{"customer_id": "1", "score": null}\n[1]\n'
    job = await run(records, file, text)
    assert job.counts == Counts(rows=4, added=1, updated=1, refused=2, repeated=1, blank=1)
    assert only(await everybody(records)).attributes == {"customer_id": "1", "first_name": ""}
    assert [row for row, _, _ in await reasons(records, job)] == [3, 5]


CARDS = """BEGIN:VCARD
VERSION:3.0
FN:Ann Lee
N:Lee;Ann;;;
TEL;TYPE=cell:{0}
item1.TEL;TYPE=work:{1}
EMAIL:ann@example.com
ORG:Example\\, Inc.;Sales
ADR;TYPE=home:;;1 Main St;Akron;OH;44301;USA
NOTE:two\\nlines
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Café Zoë
TEL;VALUE=uri;TYPE="voice,home":tel:+13305550102
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Without an end
BEGIN:VCARD
VERSION:4.0
FN:Bo
END:VCARD
"""


async def test_vcards_of_both_versions_become_contacts(records: Records, file: Path) -> None:
    job = await run(records, file, CARDS.format(number(0), number(1)))
    assert job.counts == Counts(rows=4, added=3, refused=1)
    bo, cafe, ann = (contact.attributes for contact in await everybody(records))
    assert (bo, cafe) == ({"last_name": "Bo"}, {"last_name": "Café Zoë", "phone1": "+13305550102"})
    assert ann == {
        "phone1": number(0),
        "phone2": number(1),
        "email": "ann@example.com",
        "company": "Example, Inc.",
        "address": "1 Main St",
        "city": "Akron",
        "state": "OH",
        "country": "USA",
        "postal_code": "44301",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    assert await reasons(records, job) == [(3, "", "The card has no END:VCARD.")]


def photo(lines: int) -> str:
    return "PHOTO;ENCODING=b;TYPE=JPEG:\n" + (" " + "A" * 74 + "\n") * lines


HARD_CARDS: dict[str, tuple[str, dict[str, str]]] = {
    "2.1 in quoted-printable": (
        "VERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\n=C3=9Fig;J=C3=B6rg;;;\nTEL;CELL:+13305550101\n",
        {"first_name": "Jörg", "last_name": "Müßig", "phone1": "+13305550101"},
    ),
    "2.1 in another encoding": (
        "VERSION:2.1\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Gro=DF;J=F6rg\n",
        {"first_name": "Jörg", "last_name": "Groß"},
    ),
    "a large photo": (
        f"VERSION:3.0\nN:Poe;Ed;;;\n{photo(20_000)}EMAIL:ed@example.com\n",
        {"first_name": "Ed", "last_name": "Poe", "email": "ed@example.com"},
    ),
    "a large photo on one line": (
        f"VERSION:3.0\nN:Poe;Ed;;;\nitem1.PHOTO;ENCODING=b:{'A' * 1_500_000}\nTEL:+13305550101\n",
        {"first_name": "Ed", "last_name": "Poe", "phone1": "+13305550101"},
    ),
    "groups, and several of everything": (
        "VERSION:3.0\nN:Poe;Ed;;;\nitem1.EMAIL:a@example.com\nEMAIL:b@example.com\nitem2.TEL:+13305550101\n"
        "item2.X-ABLabel:Desk\nTEL:+13305550102\nADR;TYPE=HOME:;;1 Main St;Akron;;;\nADR:;;2 Main St;Kent;;;\n",
        {"first_name": "Ed", "last_name": "Poe", "email": "a@example.com", "other_mail": "b@example.com",
         "phone1": "+13305550101", "phone2": "+13305550102", "address": "1 Main St", "city": "Akron"},
    ),
    "a birthday": ("VERSION:4.0\nFN:Ed\nBDAY:19960415\n", {"last_name": "Ed", "birthday": "1996-04-15"}),
}  # fmt: skip


@pytest.mark.parametrize("case", HARD_CARDS)
async def test_a_card_is_read_whatever_it_carries(records: Records, file: Path, case: str) -> None:
    await records.schema.put(Attribute(0, "other_mail", "Email 2", "Email"), "Email")
    await records.schema.put(Attribute(0, "birthday", "Birthday", "Date"), "Date")
    card, attributes = HARD_CARDS[case]
    text = f"BEGIN:VCARD\n{card}END:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:Bo\nEND:VCARD\n"
    job = await run(records, file, text, mapping={"email2": "other_mail"})
    assert job.counts == Counts(rows=2, added=2)
    bo, first = (contact.attributes for contact in await everybody(records))
    assert (bo, first) == ({"last_name": "Bo"}, attributes)


async def test_a_preview_of_cards_shows_what_they_say(records: Records, file: Path) -> None:
    write(file, "BEGIN:VCARD\nVERSION:3.0\nN:Poe;Ed;;;\nX-CUSTOM:1\nTEL:1\nEND:VCARD\n")
    seen = await records.imports.preview(file, ImportSettings())
    assert seen.mapping == {"x-custom": None, "phone1": "phone1", "first_name": "first_name", "last_name": "last_name"}
    assert seen.rows == [{"x-custom": "1", "phone1": "1", "first_name": "Ed", "last_name": "Poe"}]


async def test_a_card_that_is_too_long_costs_itself_alone(records: Records, file: Path) -> None:
    text = "BEGIN:VCARD\nVERSION:3.0\nFN:A\n" + "NOTE:x\n" * 200_000 + "END:VCARD\nBEGIN:VCARD\nFN:Bo\nEND:VCARD\n"
    job = await run(records, file, text)
    assert job.counts == Counts(rows=2, added=1, refused=1)
    assert await reasons(records, job) == [(1, "", "The card is too long.")]


def workbook(*rows: list[Any], book: Workbook | None = None) -> bytes:
    book = book or Workbook()
    for row in rows:
        book.worksheets[-1].append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def test_cells_become_the_texts_that_they_show(records: Records, file: Path) -> None:
    shown = {
        date(2001, 2, 3): "2001-02-03",
        datetime(2001, 2, 3, 4, 5): "2001-02-03T04:05:00",
        time(4, 5): "04:05:00",
        True: "true",
        3305550101.0: "3305550101",
        1234567890123450000.0: "1234567890123450000",
        0.1 + 0.2: "0.3",
        -2: "-2",
    }
    rows = [[f"c{n}", cell] for n, cell in enumerate(shown)]
    job = await run(records, file, workbook(["customer_id", "first_name"], *rows))
    assert job.counts.added == len(shown)
    assert [one.attributes["first_name"] for one in reversed(await everybody(records))] == list(shown.values())


async def test_a_formula_is_what_it_last_came_to_and_one_that_failed_is_told(records: Records, file: Path) -> None:
    content = workbook(["customer_id", "first_name"], ["1", "=CHANGED"], ["2", "#N/A"])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(changed, "w") as again:
        for name in packed.namelist():
            kept = packed.read(name).replace(b"<f>CHANGED</f><v></v>", b"<f>UPPER(A1)</f><v>5</v>")
            kept = kept.replace(b"<f>CHANGED</f><v />", b"<f>UPPER(A1)</f><v>5</v>")
            again.writestr(name, kept)
    job = await run(records, file, changed.getvalue())
    assert job.counts == Counts(rows=2, added=1, refused=1)
    assert only(await everybody(records)).attributes == {"customer_id": "1", "first_name": "5"}
    assert await reasons(records, job) == [(3, "", "A formula has failed (#N/A).")]


async def test_a_formula_without_a_result_is_told_and_one_that_came_to_nothing_is_empty(
    records: Records, file: Path
) -> None:
    content = workbook(["customer_id", "first_name"], *([f"c{n}", "=CHANGED"] for n in range(4)), ["c4", "Ann"])
    changed = io.BytesIO()
    cells = [
        b'<c r="B2"><f>1+1</f></c>',
        b'<c r="B3"><f>1+1</f><v/></c>',
        b'<c r="B4" t="str"><f>1+1</f><v></v></c>',
        b'<c r="B5"><f>1+1</f><v>2</v></c>',
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(changed, "w") as again:
        for name in packed.namelist():
            kept = packed.read(name)
            for at, cell in enumerate(cells, 2):
                kept = re.sub(rb"<c r=.B%d.*?</c>" % at, lambda _, cell=cell: cell, kept)  # type: ignore[misc]
            again.writestr(name, kept)
    job = await run(records, file, changed.getvalue())
    assert job.counts == Counts(rows=5, added=3, refused=2)
    assert [one.attributes for one in reversed(await everybody(records))] == [
        {"customer_id": "c2"},
        {"customer_id": "c3", "first_name": "2"},
        {"customer_id": "c4", "first_name": "Ann"},
    ]
    fault = "A formula has no result: open the workbook in a spreadsheet program and save it."
    assert await reasons(records, job) == [(2, "", fault), (3, "", fault)]


NOTHING: dict[str, str | bytes] = {
    "only a header": "customer_id,first_name\n",
    "only blank lines": "\n\n",
    "only a mark": b"\xef\xbb\xbf",
}


@pytest.mark.parametrize("case", [*NOTHING, "a workbook's header", "an empty workbook"])
async def test_a_file_without_rows_fails_and_empties_no_list(records: Records, file: Path, case: str) -> None:
    rows = [["id", "Phone"]] if case == "a workbook's header" else []
    write(file, NOTHING[case] if case in NOTHING else workbook(*rows))
    await records.lists.add(LEADS, lead(1))
    settings = await records.imports.settings(ImportSettings(), LEADS, mode="replace")
    job = await records.imports.carry_out(file, "x", settings, lambda job: None)
    told = ": its only line is its header" if "header" in case else ""
    assert (job.state, job.failure) == ("failed", f"The file has no rows{told}.")
    assert len(await records.lists.records(LEADS)) == 1


async def test_the_first_sheet_that_can_be_seen_is_read_however_far_it_reaches(records: Records, file: Path) -> None:
    book = Workbook()
    hidden = book.worksheets[0]
    hidden.append(["customer_id"])
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    seen = book.create_sheet("seen")
    book.active = 1
    seen.append(["customer_id", "first_name"])
    seen.append(["1", "Ann"])
    seen.cell(100_000, 2, "far")
    seen.cell(2, 3000).font = Font(bold=True)
    job = await run(records, file, workbook(book=book))
    assert (job.counts.rows, job.counts.added, job.extent) == (2, 2, 100_000)
    assert [one.attributes.get("customer_id") for one in await everybody(records)] == [None, "1"]


async def test_a_damaged_workbook_fails_and_is_not_tried_again(records: Records, file: Path) -> None:
    content = workbook(["customer_id"], *([f"c{n}"] for n in range(500)))
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(changed, "w") as again:
        for name in packed.namelist():
            again.writestr(name, packed.read(name).replace(b'<c r="A400"', b'<<c r="A400"'))
    write(file, changed.getvalue())
    job = await records.imports.carry_out(file, "x", await records.imports.settings(ImportSettings()), lambda job: None)
    assert (job.state, job.failure) == ("failed", "The workbook is damaged.")
    assert not await records.imports.work()


async def test_a_workbooks_first_sheet_becomes_contacts(records: Records, file: Path) -> None:
    await records.schema.put(Attribute(0, "born", "Born", "Date"), "Date")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["customer_id", "Phone", "born"], [7, 3305550101.0, date(2001, 2, 3)], [], [8, None, "soon"]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    job = await run(records, file, content.getvalue())
    assert job.counts == Counts(rows=2, added=1, refused=1, blank=1)
    attributes = {"customer_id": "7", "phone1": "3305550101", "born": "2001-02-03"}
    assert only(await everybody(records)).attributes == attributes
    assert await reasons(records, job) == [(4, "born", "born must be a date, YYYY-MM-DD.")]
