"""Rows as the text of a CSV file, a part at a time: quoted where it must be, and never a formula."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence, Set
from typing import Any, Protocol

from ringbook.domain.cells import REPORT_COLUMNS, cell_of, defused, undefused
from ringbook.domain.table import FileForm


class Refused(Protocol):
    """A row that was refused."""

    @property
    def row(self) -> int: ...
    @property
    def field(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def content(self) -> dict[str, Any]: ...


def csv_of(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """Rows of cells as UTF-8, each with its line end."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


async def marked(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The text behind the mark of UTF-8, by which a spreadsheet knows its letters. What fails at once still does."""
    yield BOM_UTF8 + await anext(pieces)
    async for piece in pieces:
        yield piece


async def report_of(
    refusals: AsyncGenerator[Sequence[Refused], None], form: FileForm, columns: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    """Refused rows with what was wrong, in these columns and with the delimiter of the file that they come from.

    What a row has beside the columns goes behind them, so that nothing is lost; but for what an earlier report said.
    """
    show = _shown if form.is_textual else cell_of
    delimiter = form.delimiter if form.format == "csv" else ","
    places = form.places or {}
    earlier = {name for name in REPORT_COLUMNS if places.get(name) is None}
    columns = [column for column in columns if column not in earlier]
    yield csv_of([[*map(defused, columns), *REPORT_COLUMNS]], delimiter)
    async for part in refusals:
        yield csv_of([_report_row(columns, earlier, one, show) for one in part], delimiter)


def _shown(cell: Any) -> str:
    """A cell as it came, unless a spreadsheet would run it."""
    return "" if cell is None else defused(undefused(str(cell)))


def _report_row(columns: Sequence[str], earlier: Set[str], one: Refused, show: Callable[[Any], str]) -> list[str]:
    cells = [show(one.content.get(column)) for column in columns]
    more = [show(value) for name, value in one.content.items() if name not in columns and name not in earlier]
    return [*cells, str(one.row), defused(one.field), defused(one.reason), *more]
