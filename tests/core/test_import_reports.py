"""The report of an import: what was refused can be mended there and fed in again, whatever the file was."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from ringbook.core import import_files
from ringbook.core.access import Records
from ringbook.domain.imports import Counts, Import
from ringbook.domain.schema import Attribute
from tests.core.cast import LEADS, everybody, lead, number
from tests.core.importing import run

ROWS = [
    {"customer_id": "1", "first_name": "=Ann", "email": "a@example.com"},
    {"customer_id": "2", "first_name": 'B"o\nX', "email": "nobody"},
    {"customer_id": "3", "first_name": "Cy", "score": "many"},
    {"customer_id": "4", "first_name": "+49 30", "score": "4"},
]
COLUMNS = ["customer_id", "first_name", "email", "score"]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("cp1252")


def as_json(rows: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_vcards(rows: list[dict[str, str]]) -> bytes:
    def line(key: str, value: str) -> str:
        text = value.replace("\n", "\\n")
        return f"X-RINGBOOK;X-ATTRIBUTE={key}:{text}"

    cards = [
        "\n".join(["BEGIN:VCARD", "VERSION:3.0", *(line(k, v) for k, v in row.items()), "END:VCARD"]) for row in rows
    ]
    return "\n".join(cards).encode()


def as_workbook(rows: list[dict[str, str]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.append(COLUMNS)
    for row in rows:
        book.active.append([None] * len(COLUMNS))
        for place, name in enumerate(COLUMNS, 1):
            cell = book.active.cell(book.active.max_row + (place == 1), place)
            cell.value, cell.data_type = row.get(name), "s"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def report_of(records: Records, job: Import) -> str:
    return b"".join([piece async for piece in records.imports.report(job.id)]).decode()


@pytest.mark.parametrize("written", [as_csv, as_json, as_vcards, as_workbook])
async def test_refused_rows_are_mended_and_fed_in_again(
    records: Records, tmp_path: Path, written: Callable[[list[dict[str, str]]], bytes]
) -> None:
    await records.schema.put(Attribute(0, "score", "Score", "Number"), "Number")
    job = await run(records, tmp_path / "x", written(ROWS))
    assert (job.counts.added, job.counts.refused) == (2, 2)
    report = await report_of(records, job)
    told = list(csv.DictReader(io.StringIO(report), delimiter=";" if written is as_csv else ","))
    assert [(row["import_column"], row["import_reason"]) for row in told] == [
        ("email", "email must be an e-mail address."),
        ("score", "score must be a number."),
    ]
    again = await run(records, tmp_path / "report", report.replace("nobody", "b@example.com").replace("many", "3"))
    assert again.counts == Counts(rows=2, added=2)
    whole = {one.attributes["customer_id"]: one.attributes for one in await everybody(records)}
    assert whole["1"]["first_name"] == "=Ann"
    assert whole["2"] == {"customer_id": "2", "first_name": 'B"o\nX', "email": "b@example.com"}
    assert whole["3"]["score"] == 3
    assert (await report_of(records, again)).count("\n") == 1


# ---- A dry run tells what the import does, also of rows that come up again in another slice


def rows_of_contacts(n: int) -> str:
    """Persons who come up up to four times, in this slice and in later ones, and some who do not fit."""
    mail = "nobody" if n % 17 == 0 else f"a{n % 40}@example.com"
    return f"{n % 60},Ann{n % 7},{number(n % 45)},{mail}"


@pytest.mark.parametrize("mode", ["add", "update", "upsert"])
@pytest.mark.parametrize("key", [None, "email", "phone1"])
async def test_a_dry_run_over_slices_counts_contacts_as_the_import_does(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, key: str | None
) -> None:
    monkeypatch.setattr(import_files, "SLICE", 25)
    text = "customer_id,first_name,phone1,email\n" + "".join(rows_of_contacts(n) + "\n" for n in range(0, 200, 3))
    await run(records, tmp_path / "before", text)
    text = "customer_id,first_name,phone1,email\n" + "".join(rows_of_contacts(n) + "\n" for n in range(200))
    await compare(records, tmp_path, text, None, mode=mode, key=key)


@pytest.mark.parametrize("mode", ["add", "update", "upsert", "replace"])
async def test_a_dry_run_over_slices_counts_list_records_as_the_import_does(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(import_files, "SLICE", 25)
    for n in range(0, 60, 3):
        await records.lists.add(LEADS, lead(n, number(n % 45), first="Ann"))
    rows = (f"{'' if n % 31 == 5 else n % 50},{number(n % 45)},Ann{n % 5}" for n in range(80))
    await compare(records, tmp_path, "id,Phone,First name\n" + "\n".join(rows) + "\n", LEADS, mode=mode)


async def compare(records: Records, tmp_path: Path, text: str, list_ref: str | None, **settings: Any) -> None:
    rehearsed = await run(records, tmp_path / "x", text, list_ref, dry_run=True, **settings)
    done = await run(records, tmp_path / "x", text, list_ref, **settings)
    assert done.counts == rehearsed.counts
    assert done.counts.rows == text.count("\n") - 1
    assert await report_of(records, done) == await report_of(records, rehearsed)


async def test_a_report_that_is_refused_again_says_so_once(records: Records, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    first = await report_of(records, await run(records, file, "customer_id,email\n1,nobody\n2,a@example.com\n3,none\n"))
    mended = first.replace("nobody", "b@example.com")
    second = await report_of(records, await run(records, file, mended))
    assert second.splitlines() == [
        "customer_id,email,import_row,import_column,import_reason",
        "3,none,3,email,email must be an e-mail address.",
    ]
