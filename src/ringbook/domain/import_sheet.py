"""XLSX: the first sheet of a workbook that can be seen, read row by row. A cell becomes the text that it would show.

Of a formula that is what it last came to, as the workbook keeps it; where it keeps nothing, the row cannot be read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from ringbook.domain.cell_forms import PLAIN_FORMS, CellForms, cell_forms
from ringbook.domain.import_lines import fault_of
from ringbook.domain.problems import Invalid
from ringbook.domain.sheet_formulas import NO_RESULT, without_results
from ringbook.domain.table import MOST_COLUMNS, FileForm, Mark, Row, by_place, named, no_rows, told_apart

_LARGEST_STRINGS = 100_000_000
"""Bytes of the texts that a workbook keeps in one place: they are held in memory all at once."""
_LARGEST = 2_000_000_000
_UNREADABLE = (
    AttributeError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    OSError,
    EOFError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged workbook may end in."""
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
"""What a formula comes to that has failed."""


class SheetReader:
    """The rows of a workbook's first sheet, from a mark on, whose offset is its row."""

    def __init__(self, form: FileForm, file: Path, at: Mark) -> None:
        self.blank = 0
        self._form = form
        self._forms = cell_forms(form.dates, form.decimal)
        self._file = file
        self._row = at.row

    @property
    def mark(self) -> Mark:
        return Mark(self._row, self._row)

    def __iter__(self) -> Iterator[Row]:
        columns = self._form.columns
        skip_header = self._form.header and self._row == 0
        for cells in cells_of(self._file, self._row, self._forms, formulas=True):
            self._row += 1
            if not any(cells):
                self.blank += 1
            elif skip_header:
                skip_header = False
            else:
                yield _row(self._row, columns, cells)


def form_of_sheet(file: Path, header: bool | None = None) -> FileForm:
    """The form of a workbook: its first row that holds something names the columns, unless `header` is false."""
    filled = (cells for cells in cells_of(file) if any(cells))
    first = next(filled, [])
    if not first or (header is not False and next(filled, None) is None):
        raise no_rows(header=bool(first))
    while not first[-1]:
        first.pop()
    if len(first) > MOST_COLUMNS:
        raise Invalid(f"A file has {MOST_COLUMNS} columns at most.")
    named_there = header is not False
    return FileForm("xlsx", header=named_there, columns=told_apart(first) if named_there else by_place(len(first)))


def cells_of(
    file: Path, after: int = 0, forms: CellForms = PLAIN_FORMS, *, formulas: bool = False
) -> Iterator[list[str]]:
    """The rows of the first sheet as texts, without the first `after` ones; Invalid for what is no workbook.

    Its own dates and numbers are written in these forms, as its texts are said to be. `formulas`: one without a result
    is looked for, and shown as that.
    """
    _check(file)
    opened = file.open("rb")  # whatever its name ends in
    try:
        book = load_workbook(opened, read_only=True, data_only=True)
    except _UNREADABLE as error:
        opened.close()
        raise Invalid("The file is not a workbook that can be read.") from error
    try:
        sheet = _sheet_of(book)
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        # The library has no public name for the part of the workbook that a sheet is.
        unknown = without_results(file, sheet._worksheet_path) if formulas else {}
        for number, cells in enumerate(sheet.iter_rows(min_row=after + 1, values_only=True), after + 1):
            texts = [_text(cell, forms) for cell in cells]
            if number in unknown:
                texts[unknown[number] - 1] = NO_RESULT
            yield texts
    except _UNREADABLE as error:
        raise Invalid("The workbook is damaged.") from error
    finally:
        book.close()
        opened.close()


def extent_of_sheet(file: Path) -> int:
    """How many rows the first sheet says that it has; 0 where it does not."""
    with file.open("rb") as opened, closing(load_workbook(opened, read_only=True)) as book:
        return _sheet_of(book).max_row or 0


def _sheet_of(book: Workbook) -> Any:
    seen = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not seen:
        raise Invalid("The workbook has no sheet that can be seen.")
    return seen[0]


def _check(file: Path) -> None:
    """Invalid for a workbook that would become too large when it is unpacked."""
    try:
        with zipfile.ZipFile(file) as packed:
            sizes = {part.filename: part.file_size for part in packed.infolist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise Invalid("The file is not a workbook.") from error
    strings = sum(size for name, size in sizes.items() if name.endswith("sharedStrings.xml"))
    if strings > _LARGEST_STRINGS or sum(sizes.values()) > _LARGEST:
        raise Invalid("The workbook is too large: save it as CSV.")


def _row(number: int, columns: tuple[str, ...], cells: list[str]) -> Row:
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    cells += [""] * (len(columns) - len(cells))
    fault = fault_of("".join(cells))
    failed = next((cell for cell in cells if cell in _ERRORS), None)
    if failed:
        fault = f"a formula has failed ({failed})"
    if NO_RESULT in cells:
        fault = "a formula has no result: open the workbook in a spreadsheet program and save it"
    if len(cells) > len(columns):
        fault = f"the row has {len(cells)} cells and not {len(columns)}"
    return Row(number, named(columns, cells), fault)


def _text(cell: Any, forms: CellForms) -> str:
    """A cell as somebody would type it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        shown = f"{cell:.15g}"  # a spreadsheet has no more digits
        whole = cell.is_integer() and abs(cell) < 1e21
        return str(int(Decimal(shown))) if whole else forms.number_shown(repr(float(shown)))
    if isinstance(cell, date) and forms.dates is not None:
        return forms.dates.shown(cell if isinstance(cell, datetime) else datetime.combine(cell, time()))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
