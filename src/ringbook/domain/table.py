"""A file of records as a table: what form it has, and its rows one after the other, good or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from ringbook.domain.problems import Invalid

FileFormat = Literal["csv", "jsonl", "vcard", "xlsx"]
DecimalSign = Literal[".", ","]
"""What is before a fraction."""
FORMATS: tuple[FileFormat, ...] = ("csv", "jsonl", "vcard", "xlsx")

MOST_COLUMNS = 1000
LONGEST_ROW = 1_000_000
"""Characters of one row. What is longer is a quote that was never closed, or no table."""


class FileForm(msgspec.Struct, frozen=True):
    """How a file is to be read. `columns` are its own names, in order; a format without a header has none.

    `places` says where each column goes, once that is settled. `dates` and `decimal` are how texts write dates (None:
    ISO 8601) and numbers.
    """

    format: FileFormat
    encoding: str = "utf-8"
    delimiter: str = ","
    header: bool = True
    line_end: str = "\n"
    columns: tuple[str, ...] = ()
    places: dict[str, str | None] | None = None
    dates: str | None = None
    decimal: DecimalSign = "."

    @property
    def is_textual(self) -> bool:
        """Whether cells are texts as somebody typed them, of which an empty one says nothing."""
        return self.format in ("csv", "xlsx")

    @property
    def told(self) -> str:
        """How it is read, for people."""
        parts = [self.format, self.encoding]
        if self.format == "csv":
            parts.append(
                f"“{self.delimiter}” between columns" if self.delimiter.isprintable() else "tabs between columns"
            )
        if self.is_textual:
            parts.append("with a header" if self.header else "without a header")
        if self.dates is not None:
            parts.append(f"dates as {self.dates}")
        if self.decimal == ",":
            parts.append("a decimal comma")
        return ", ".join(parts)


class Mark(msgspec.Struct, frozen=True):
    """A place between two rows: where the next one begins, in the format's own count, and how many are before it."""

    offset: int = 0
    row: int = 0


@dataclass(slots=True)
class Row:
    """One row: its number as a spreadsheet shows it, from 1, and what it holds by column.

    A row with a `fault` could not be read; its values are then as much of it as can be shown.
    """

    number: int
    values: Mapping[str, Any]
    fault: str = ""


class TableRows(NamedTuple):
    """Rows of a table, each with a cell for every column: their numbers and their cells, and the rows between them that
    could not be read.
    """

    numbers: Sequence[int]
    rows: Sequence[Sequence[str]]
    unread: Sequence[Row]


class Reader(Protocol):
    """The rows of a file from a mark on. `mark` is behind the row that was given last; `blank` rows held nothing."""

    blank: int

    @property
    def mark(self) -> Mark: ...

    def __iter__(self) -> Iterator[Row]: ...


def no_rows(header: bool) -> Invalid:
    """What is told of a file that holds nothing, or nothing but a header."""
    return Invalid(f"The file has no rows{': its only line is its header' if header else ''}.")


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Column names, each once: an empty one is named by its place, and a second of a name gets its number."""
    seen: dict[str, int] = {}
    told: list[str] = []
    for place, name in enumerate(names, 1):
        plain = " ".join(name.split()) or f"column {place}"
        seen[plain] = seen.get(plain, 0) + 1
        told.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return tuple(told)


def by_place(count: int) -> tuple[str, ...]:
    """The names of columns that have none."""
    return tuple(f"column {place}" for place in range(1, count + 1))


def named(columns: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    """Cells by column, however many there are."""
    if len(cells) <= len(columns):
        return dict(zip(columns, cells, strict=False))
    return dict(zip((*columns, *by_place(len(cells))[len(columns) :]), cells, strict=True))
