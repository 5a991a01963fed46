"""CSV as people send it: any sane delimiter, quotes with line ends inside, a header or none, and broken rows.

A row that cannot be read costs itself alone: after a quote that is never closed, reading goes on at the next line.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from ringbook.domain.import_lines import Lines, fault_of, showable
from ringbook.domain.problems import Invalid
from ringbook.domain.table import LONGEST_ROW, MOST_COLUMNS, FileForm, Mark, Row, TableRows, by_place, named, told_apart

DELIMITERS = ",;\t|"
_LOOKED_AT = 100
_LOOKS_LIKE_DATA = re.compile(r"[+(]?\d[\d\s()./-]*|[^\s@]+@[^\s@]+\.[^\s@]+")
_FAULTS = {
    "unexpected end of data": "a quote is not closed",
    "new-line character seen in unquoted field": "a line ends within a field without quotes",
    "field larger": "a quote is not closed",
}

_SOME = 100

csv.field_size_limit(LONGEST_ROW)


def form_of(sample: str, encoding: str, delimiter: str | None = None, header: bool | None = None) -> FileForm:
    """The form of a file that begins with `sample`: what is not said is found out."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise Invalid("A delimiter is one character.", field="delimiter")
    delimiter = delimiter or _delimiter_of(sample)
    rows = _first_rows(sample, delimiter)
    line_end = "\r" if "\r" in sample and "\n" not in sample else "\n"
    if not rows:
        return FileForm("csv", encoding, delimiter, header=bool(header))
    first = rows[0]
    if len(first) > MOST_COLUMNS:
        raise Invalid(f"A file has {MOST_COLUMNS} columns at most.")
    if header is None:
        header = not any(_LOOKS_LIKE_DATA.fullmatch(cell.strip()) for cell in first) and any(c.strip() for c in first)
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    columns = told_apart([showable(name) for name in first]) if header else by_place(usual)
    return FileForm("csv", encoding, delimiter, header, line_end, columns)


def _delimiter_of(sample: str) -> str:
    """The character that cuts most, in rows that it cuts as it cuts the first one; a comma where none cuts that.

    A comma in each amount of money is none: the first row, mostly a header, has no such.
    """
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _first_rows(sample, delimiter)]
        cuts = (widths[0] - 1) * widths.count(widths[0]) / len(widths) if widths else 0.0
        if cuts > most:
            best, most = delimiter, cuts
    return best


def _first_rows(sample: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(_lines(sample), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _LOOKED_AT:
                break
    except csv.Error:
        return rows
    return rows


def _lines(text: str) -> list[str]:
    end = "\r" if "\r" in text and "\n" not in text else "\n"
    return [line + end for line in text.split(end)]


class CsvReader:
    """The rows of a CSV file whose text comes in pieces, from a mark on; offsets count the file's bytes."""

    def __init__(self, form: FileForm, pieces: Iterator[str], at: Mark) -> None:
        self.blank = 0
        self._columns = form.columns
        self._delimiter = form.delimiter
        self._lines = Lines(pieces, form.encoding, at.offset, form.line_end)
        self._row = at.row
        self._skip_header = form.header and at.row == 0

    @property
    def mark(self) -> Mark:
        return Mark(self._lines.offset, self._row)

    @property
    def is_over(self) -> bool:
        return self._lines.is_over

    def __iter__(self) -> Iterator[Row]:
        columns, lines = self._columns, self._lines
        width = len(columns)
        while True:
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            begin = lines.taken
            try:
                for cells in reader:
                    self._row += 1
                    if not cells:
                        self.blank += 1
                    elif self._skip_header:
                        self._skip_header = False
                    elif len(cells) == width and not lines.suspect:
                        yield Row(self._row, dict(zip(columns, cells, strict=True)))
                    else:
                        yield self._judged(cells)
                    begin = lines.taken
                return
            except csv.Error as error:
                self._row += 1
                line = lines.back_to(begin)
                cells = line.rstrip("\r\n").split(self._delimiter)
                yield Row(self._row, named(columns, [c.strip('"') for c in cells]), _fault(str(error)))

    def table(self, most: int, heaviest: int) -> TableRows | None:
        """The next rows, `most` of them, and not many more characters than the `heaviest`.

        None, and all is to be read still, where something among them is so odd that it has to be read row by row.
        """
        reader = csv.reader(self._lines.in_blocks(), delimiter=self._delimiter, strict=True)
        rows: list[Sequence[str]] = []
        try:
            while some := list(islice(reader, min(_SOME, most - len(rows)))):
                rows += some
                if self._lines.weight > heaviest:
                    break
        except csv.Error:
            return None
        if self._lines.suspect:
            return None
        self._lines.taken = reader.line_num
        return self._sorted_out(rows)

    def _sorted_out(self, rows: Sequence[Sequence[str]]) -> TableRows:
        first, width = self._row + 1, len(self._columns)
        self._row += len(rows)
        if not self._skip_header and all(len(cells) == width for cells in rows):
            return TableRows(range(first, first + len(rows)), rows, ())
        numbers: list[int] = []
        whole: list[Sequence[str]] = []
        unread: list[Row] = []
        for number, cells in enumerate(rows, first):
            if not cells:
                self.blank += 1
            elif self._skip_header:
                self._skip_header = False
            elif (fault := self._misfit(cells)) is not None:
                unread.append(Row(number, named(self._columns, cells), fault))
            else:
                numbers.append(number)
                whole.append(cells[:width])
        return TableRows(numbers, whole, unread)

    def _judged(self, cells: Sequence[str]) -> Row:
        """A row with another number of cells than the header, or from a part of the file with odd characters."""
        misfit = self._misfit(cells)
        if misfit is None:
            cells = cells[: len(self._columns)]
        return Row(self._row, named(self._columns, cells), misfit or fault_of("".join(cells)))

    def _misfit(self, cells: Sequence[str]) -> str | None:
        """What is wrong with the number of cells. Blank ones at the end are none."""
        width, given = len(self._columns), len(cells)
        while given > width and not cells[given - 1].strip():
            given -= 1
        return None if given == width else f"the row has {given} cells and not {width}"


def _fault(error: str) -> str:
    for beginning, told in _FAULTS.items():
        if error.startswith(beginning):
            return told
    return "the quotes are wrong" if "expected after" in error else error
