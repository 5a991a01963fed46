"""JSON lines: an object a line, as an export writes them or anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ringbook.domain.import_lines import Lines
from ringbook.domain.table import FileForm, Mark, Row

_WRAPPED = ("attributes", "fields")
"""Under these names an export has what a record says, beside what is known of it."""
_SHOWN = 1000


class JsonReader:
    """The objects of a JSON lines file, from a mark on."""

    def __init__(self, form: FileForm, pieces: Iterator[str], at: Mark) -> None:
        self.blank = 0
        self._lines = Lines(pieces, form.encoding, at.offset)
        self._row = at.row

    @property
    def mark(self) -> Mark:
        return Mark(self._lines.offset, self._row)

    def __iter__(self) -> Iterator[Row]:
        for line in self._lines:
            self._row += 1
            text = line.strip()
            if not text:
                self.blank += 1
                continue
            yield _row(self._row, text)


def _row(number: int, text: str) -> Row:
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return Row(number, {"line": text[:_SHOWN]}, f"the line is no JSON object ({error})"[:200])
    for name in _WRAPPED:
        inner = said.get(name)
        if isinstance(inner, dict):
            said = {key: value for key, value in said.items() if key == "ringbook_id"} | inner
    # Another control character than this was written on purpose, as an escape.
    unstorable = any("\0" in value for value in said.values() if isinstance(value, str))
    return Row(number, said, "the text contains a control character" if unstorable else "")


def columns_of(sample: str) -> tuple[str, ...]:
    """The names that the first objects of a file have, in the order they come up."""
    rows = (_row(at, line) for at, line in enumerate(sample.splitlines(), 1) if line.strip())
    return tuple(dict.fromkeys(name for row in rows if not row.fault for name in row.values))
