"""Records of a list read column by column: drafted as Layout.draft() would, for a fraction of what that costs.

Plain is a record that lacks nothing and whose cells all fit. All others are left to the layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ringbook.domain.cells import undefused
from ringbook.domain.layout import (
    EXTERNAL_ID_FIELD,
    LONGEST_VALUE,
    PHONE_ATTRIBUTES,
    Field,
    Layout,
    RecordDraft,
    RecordPhone,
    normalised,
)
from ringbook.domain.problems import Invalid
from ringbook.domain.text import bounded

_DIGIT = re.compile(r"\d")
_encode = msgspec.json.Encoder().encode


class _Column(NamedTuple):
    """A field's cells as they were given, without blanks around them, and as they are stored; empty for nothing."""

    given: Sequence[str]
    bare: Sequence[str]
    stored: Sequence[str]


def plain_drafts(layout: Layout, columns: Mapping[str, Sequence[str]], count: int) -> Mapping[int, RecordDraft]:
    """The plain ones of `count` records, by place, whose cells stand by field. A list that is not strict has none."""
    fields = [field for field in layout.fields if field.name in columns and not field.skip]
    carried = [field.attribute for field in fields if field.attribute]
    if not layout.strict or len(fields) < len(columns) or len({*carried}) < len(carried):
        return {}
    odd: set[int] = set()
    read = {field.name: _column(field, columns[field.name], odd) for field in fields}
    for name in (*layout.key_names, *layout.required):
        odd.update(_blank(read[name].bare) if name in read else range(count))
    phones = {slot: (name, read[name].bare) for slot, name in layout.slots if name in read}
    odd.update(_without_digit([cells for _, cells in phones.values()], count))
    drafts = enumerate(_drafts(layout, read, phones, count))
    return {at: draft for at, draft in drafts if at not in odd} if odd else dict(drafts)


def _column(field: Field, cells: Sequence[str], odd: set[int]) -> _Column:
    """A column; the places of cells that are not plain are `odd`."""
    if "\n'" in "\n".join(("", *cells)):
        # An apostrophe at the beginning may be one that an export put there.
        cells = [undefused(cell) for cell in cells]
    bare = [cell.strip() for cell in cells]
    if max(map(len, cells), default=0) > LONGEST_VALUE:
        odd.update(at for at, cell in enumerate(cells) if len(cell) > LONGEST_VALUE)
    stored = [_stored(field, text) for text in bare] if field.is_formed else bare
    if bare.count("") > cells.count("") or stored.count("") > bare.count(""):
        # What is blank, and yet said, is stored as such.
        odd.update(at for at, cell in enumerate(cells) if cell and not stored[at])
    return _Column(cells, bare, stored)


def _stored(field: Field, text: str) -> str:
    """A value as the list stores it; empty, too, where it has no such form."""
    try:
        return normalised(field, text)
    except Invalid:
        return ""


def _blank(cells: Sequence[str]) -> Iterable[int]:
    return (at for at, cell in enumerate(cells) if not cell) if "" in cells else ()


def _without_digit(columns: Sequence[Sequence[str]], count: int) -> Iterable[int]:
    """The places of records of which no number has a digit."""
    without: Iterable[int] = range(count)
    for cells in columns:
        without = [at for at in without if not _DIGIT.search(cells[at])]
    return without


def _drafts(
    layout: Layout, read: Mapping[str, _Column], phones: Mapping[int, tuple[str, Sequence[str]]], count: int
) -> Iterable[RecordDraft]:
    nothing = [None] * count
    stored = {name: column.stored for name, column in read.items()}
    keys = _keys([column.stored for name, column in read.items() if name in layout.key_names], count)
    given = [column.given for name, column in read.items() if name in layout.key_names]
    said = {f"phone{slot}": cells for slot, (_, cells) in phones.items() if slot <= PHONE_ATTRIBUTES}
    said |= {layout.carried[name]: cells for name, cells in stored.items() if name in layout.carried}
    numbers = [
        [RecordPhone(slot, name, text) if text else None for text in cells] for slot, (name, cells) in phones.items()
    ]
    return map(
        RecordDraft,
        _objects(stored, count),
        keys,
        _keys(given, count),
        [tuple(filter(None, row)) for row in zip(*numbers, strict=True)] if numbers else [()] * count,
        [cell or None for cell in stored[layout.account]] if layout.account in stored else nothing,
        [cell or None for cell in stored[EXTERNAL_ID_FIELD]] if EXTERNAL_ID_FIELD in stored else nothing,
        _objects(said, count),
    )


def _keys(columns: Sequence[Sequence[str]], count: int) -> Sequence[str]:
    """The keys of records, as Layout.key_of() writes them."""
    if not columns:
        return ["[]"] * count
    return [bounded(_encode(row).decode()) for row in zip(*columns, strict=True)]


def _objects(columns: Mapping[str, Sequence[str]], count: int) -> Sequence[dict[str, str]]:
    """What each record says, in the order of the columns."""
    if not columns:
        return [{} for _ in range(count)]
    rows = zip(*columns.values(), strict=True)
    if any("" in column for column in columns.values()):
        return [{name: cell for name, cell in zip(columns, row, strict=True) if cell} for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]
