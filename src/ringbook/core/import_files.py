"""The files that are imported: what form one has, and its rows in slices, from wherever an earlier worker came to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ringbook.domain import import_csv, import_json, import_vcard
from ringbook.domain.cells import RINGBOOK_ID
from ringbook.domain.drafting import Drafting, Drafts
from ringbook.domain.import_csv import CsvReader
from ringbook.domain.import_encoding import checked, encoding_of, mark_length
from ringbook.domain.import_json import JsonReader
from ringbook.domain.import_lines import lost, text_of
from ringbook.domain.import_plan import Plan
from ringbook.domain.import_sheet import SheetReader, extent_of_sheet, form_of_sheet
from ringbook.domain.import_vcard import VcardReader
from ringbook.domain.imports import ImportSettings
from ringbook.domain.intake import Prepared, Preparing, prepare, prepared
from ringbook.domain.plain_records import plain_drafts
from ringbook.domain.plain_rows import plain_rows
from ringbook.domain.schema import Schema
from ringbook.domain.table import FileForm, FileFormat, Mark, Reader, Row, TableRows, no_rows

BLOCK = 256 * 1024
SLICE = 20_000
"""Rows that are written in one transaction."""
_FIRST = 2_000
"""Rows of the first slice: before many have come, the planner knows the tables (store/statistics.py)."""
HEAVIEST = 6_000_000
"""Characters after which a slice is full."""
_SAMPLE = 256 * 1024


class Examined(NamedTuple):
    """What a file is: its form, where it ends in the count of its marks, its bytes, and the SHA-256 of them."""

    form: FileForm
    extent: int
    size: int
    digest: bytes


@dataclass
class Slice:
    """Some rows of a file: those that can be read, by place, and those that cannot; and where the next slice begins.

    What rows say stands in `said`, for records of a list as `drafts` too, or, of contacts that are not named by ids, is
    `prepared`.
    """

    rows: Sequence[Row]
    unread: Sequence[Row]
    count: int
    said: Sequence[Mapping[str, Any]] = ()
    prepared: Prepared | None = None
    drafts: Drafts | None = None
    blank: int = 0
    mark: Mark = field(default_factory=Mark)

    _keys: Set[str] | None = None

    def read_keys(self) -> Set[str] | None:
        """Who its rows may be about, read once; None where that cannot be told beforehand."""
        if self._keys is None and self.prepared is not None:
            self._keys = self.prepared.keys()
        return self._keys


def digest_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def examine(file: Path, settings: ImportSettings) -> Examined:
    """What a file is, by what was said of it and else by what is in it; Invalid where it cannot be that."""
    size = file.stat().st_size
    digest = digest_of(file)
    with file.open("rb") as opened:
        head = opened.read(_SAMPLE)
    kind = settings.format or _format_of(head)
    if kind == "xlsx":
        form = _written(form_of_sheet(file, settings.header), settings)
        return Examined(form, extent_of_sheet(file), size, digest)
    encoding = checked(settings.encoding, head) if settings.encoding else encoding_of(_blocks(file, 0))
    sample = head[mark_length(encoding, head) :].decode(encoding, lost(encoding) if len(head) == size else "ignore")
    if kind == "csv":
        form = _written(import_csv.form_of(sample, encoding, settings.delimiter, settings.header), settings)
    else:
        columns = (import_json if kind == "jsonl" else import_vcard).columns_of(sample)
        form = FileForm(kind, encoding, columns=columns)
    if next(iter(reader_of(file, form, Mark())), None) is None:
        raise no_rows(form.header and bool(form.columns))
    return Examined(form, size, size, digest)


def _written(form: FileForm, settings: ImportSettings) -> FileForm:
    """With how its texts write dates and numbers."""
    return msgspec.structs.replace(form, dates=settings.dates, decimal=settings.decimal)


def reader_of(file: Path, form: FileForm, at: Mark) -> Reader:
    """The rows of a file from a mark on."""
    if form.format == "xlsx":
        return SheetReader(form, file, at)
    with file.open("rb") as opened:
        start = at.offset or mark_length(form.encoding, opened.read(4))
    pieces = text_of(_blocks(file, start), form.encoding)
    return _TEXTS[form.format](form, pieces, Mark(start, at.row))


_TEXTS: Mapping[str, Callable[[FileForm, Iterator[str], Mark], Reader]] = {
    "csv": CsvReader,
    "jsonl": JsonReader,
    "vcard": VcardReader,
}


def slices_of(
    reader: Reader, plan: Plan, how: Preparing | Drafting, brings_strangers: Callable[[], bool] = lambda: False
) -> Iterator[Slice]:
    """The rows in slices, prepared in this way if they are contacts; those of a table by columns where that can be.

    A row that says nothing is one that nobody can read. Who brings strangers will be asked for all keys: they are read
    here then, beside the slice that is being written.
    """
    rows = iter(reader)
    over, most = False, min(_FIRST, SLICE)
    while not over:
        blank = reader.blank
        part = None
        if isinstance(reader, CsvReader) and plan.is_by_column:
            table = reader.table(most, HEAVIEST)
            if table is not None:
                part, over = _of_table(table, plan, how), reader.is_over
        if part is None:
            part, over = _of_rows(rows, plan, how, most)
        most = SLICE
        part.mark, part.blank = reader.mark, reader.blank - blank
        if brings_strangers():
            part.read_keys()
        yield part


def _of_table(table: TableRows, plan: Plan, how: Preparing | Drafting) -> Slice:
    return _contacts_of(table, plan, how) if isinstance(how, Preparing) else _records_of(table, plan, how)


def _contacts_of(table: TableRows, plan: Plan, how: Preparing) -> Slice:
    rows = _TableRows(plan.form.columns, table)
    plain = plain_rows(Schema(how.attributes), how.region, how.sought, plan.columns(table.rows), len(rows))
    said: list[tuple[int, Mapping[str, Any]]] = []
    unread = list(table.unread)
    for place in sorted(set(range(len(rows))).difference(plain.places)):
        if told := _told(row := rows[place], plan):
            said.append((place, told))
        else:
            unread.append(row)
    apart = prepared(how, said)
    count = len(rows) + len(table.unread)
    return Slice(rows, unread, count, prepared=Prepared(how, apart.arrivals, apart.refused, plain))


def _records_of(table: TableRows, plan: Plan, how: Drafting) -> Slice:
    rows = _TableRows(plan.form.columns, table)
    plain = plain_drafts(how.layout, plan.columns(table.rows), len(rows))
    said: list[tuple[int, Mapping[str, Any]]] = []
    silent: dict[int, Row] = {}
    for place in range(len(rows)):
        if place not in plain:
            if told := _told(row := rows[place], plan):
                said.append((place, told))
            else:
                silent[place] = row
    if silent:
        return _records_of(_without(table, silent), plan, how)
    drafts = Drafts(how).add(said).with_plain(plain)
    return Slice(rows, table.unread, len(rows) + len(table.unread), _Said(rows, plan), drafts=drafts)


def _without(table: TableRows, silent: Mapping[int, Row]) -> TableRows:
    """The table without rows that say nothing, which nobody can read: places count the others alone."""
    there = [place for place in range(len(table.rows)) if place not in silent]
    return TableRows(
        [table.numbers[place] for place in there],
        [table.rows[place] for place in there],
        [*table.unread, *silent.values()],
    )


def _of_rows(rows: Iterator[Row], plan: Plan, how: Preparing | Drafting, most: int) -> tuple[Slice, bool]:
    """The next slice, of half as many rows as `most`, and whether it is the last one."""
    readable: list[Row] = []
    said: list[Mapping[str, Any]] = []
    unread: list[Row] = []
    over, weight = True, 0
    for row in rows:
        if told := _told(row, plan):
            said.append(told)
            readable.append(row)
        else:
            unread.append(row)
        weight += sum(len(value) for value in row.values.values() if isinstance(value, str))
        # A row that is read by itself takes several times as much memory.
        if len(readable) + len(unread) >= most // 2 or weight > HEAVIEST // 4:
            over = False
            break
    part = Slice(readable, unread, len(readable) + len(unread), said)
    if isinstance(how, Drafting):
        part.drafts = Drafts(how).add(enumerate(said))
    elif not any(RINGBOOK_ID in told for told in said):
        part.prepared = prepare(how, said)
    return part, over


def _told(row: Row, plan: Plan) -> Mapping[str, Any]:
    """What a row says; nothing where it cannot be read, which it has as its fault then."""
    told = {} if row.fault else plan.said(row)
    if not told:
        row.fault = row.fault or "the row says nothing"
    return told


class _TableRows(Sequence[Row]):
    """The rows of a table, each made when it is asked for."""

    def __init__(self, columns: Sequence[str], table: TableRows) -> None:
        self._columns = columns
        self._table = table

    def __len__(self) -> int:
        return len(self._table.rows)

    def __getitem__(self, place: int) -> Row:  # type: ignore[override]
        cells = self._table.rows[place]
        return Row(self._table.numbers[place], dict(zip(self._columns, cells, strict=True)))


class _Said(Sequence[Mapping[str, Any]]):
    """What rows say, each read when it is asked for."""

    def __init__(self, rows: Sequence[Row], plan: Plan) -> None:
        self._rows = rows
        self._plan = plan

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Mapping[str, Any]:  # type: ignore[override]
        return self._plan.said(self._rows[place])


def _format_of(head: bytes) -> FileFormat:
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    begins = head[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if begins[:11].upper() == b"BEGIN:VCARD":
        return "vcard"
    return "jsonl" if begins.startswith(b"{") else "csv"


def _blocks(file: Path, offset: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(offset)
        while block := opened.read(BLOCK):
            yield block
