"""The files that are imported: what form one has, and its rows in slices, from wherever an earlier worker came to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ringbook.domain import import_csv, import_json
from ringbook.domain.exchange import ImportSettings
from ringbook.domain.import_csv import CsvReader
from ringbook.domain.import_encoding import checked, encoding_of, mark_length
from ringbook.domain.import_json import JsonReader
from ringbook.domain.import_lines import lost, text_of
from ringbook.domain.import_sheet import SheetReader, form_of_sheet
from ringbook.domain.import_vcard import COLUMNS, VcardReader
from ringbook.domain.intake import Prepared
from ringbook.domain.table import FileForm, FileFormat, Mark, Reader, Row

BLOCK = 256 * 1024
SLICE = 5000
"""Rows that are written in one transaction."""
_SAMPLE = 256 * 1024


class Examined(NamedTuple):
    """What a file is: its form, where it ends in the count of its marks, its bytes, and the SHA-256 of them."""

    form: FileForm
    extent: int
    size: int
    digest: bytes


@dataclass
class Slice:
    """Some rows of a file: what they say, and as they were; those that nobody could read; and where the next begins."""

    said: list[dict[str, Any]] = field(default_factory=list)
    prepared: Prepared | None = None
    rows: list[Row] = field(default_factory=list)
    unread: list[Row] = field(default_factory=list)
    blank: int = 0
    mark: Mark = field(default_factory=Mark)

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.unread)


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
        return Examined(form_of_sheet(file, settings.header), 0, size, digest)
    encoding = checked(settings.encoding, head) if settings.encoding else encoding_of(_blocks(file, 0))
    sample = head[mark_length(encoding, head) :].decode(encoding, lost(encoding) if len(head) == size else "ignore")
    if kind == "csv":
        form = import_csv.form_of(sample, encoding, settings.delimiter, settings.header)
    else:
        columns = import_json.columns_of(sample) if kind == "jsonl" else COLUMNS
        form = FileForm(kind, encoding, columns=columns)
    return Examined(form, size, size, digest)


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


def slices_of(reader: Reader, said: Callable[[Row], dict[str, Any]]) -> Iterator[Slice]:
    """The rows in slices; a row that says nothing is one that nobody can read."""
    part, blank = Slice(), reader.blank
    for row in reader:
        told = {} if row.fault else said(row)
        if told:
            part.said.append(told)
            part.rows.append(row)
        else:
            row.fault = row.fault or "the row says nothing"
            part.unread.append(row)
        if part.count == SLICE:
            part.mark, part.blank, blank = reader.mark, reader.blank - blank, reader.blank
            yield part
            part = Slice()
    part.mark, part.blank = reader.mark, reader.blank - blank
    yield part


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
