"""Which records a campaign calls: conditions on their fields, all or any of which must hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from ringbook.domain.campaign import ListedRecord
from ringbook.domain.text import search_key

Comparison = Literal["<", ">", ">=", "<=", "!=", "=", "is", "like"]

RESULT = "result"
"""The column of a condition that is not a record's field but what the campaign has of it."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "is": operator.eq,
}


class Condition(msgspec.Struct, frozen=True):
    """A vendor's column, or the field that is this attribute, compared with a value."""

    column: str
    operator: Comparison
    value: str
    attribute: str | None = None

    def holds(self, record: ListedRecord) -> bool:
        """Numbers are compared as numbers where both are; texts without case; `like` takes % for anything."""
        if self.column == RESULT:
            return self._compare("clean" if record.state is None else record.state.result)
        return self._compare(record.value(self.column, self.attribute) or "")

    def _compare(self, has: str) -> bool:
        left, right = search_key(has), search_key(self.value)
        if self.operator == "like":
            return _like(left, right)
        numbers = _number(has), _number(self.value)
        compare = _COMPARE[self.operator]
        return compare(left, right) if None in numbers else compare(*numbers)


class RecordFilter(msgspec.Struct, frozen=True):
    """Without conditions it takes every record."""

    connector: Literal["and", "or"] = "and"
    conditions: tuple[Condition, ...] = ()

    def takes(self, record: ListedRecord) -> bool:
        held = (condition.holds(record) for condition in self.conditions)
        return not self.conditions or (all(held) if self.connector == "and" else any(held))


def _like(text: str, pattern: str) -> bool:
    """Whether the text has the pattern's parts in their order; without any % it must only contain it."""
    if "%" not in pattern:
        return pattern in text
    first, *middle, last = pattern.split("%")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at, len(text) - len(last))
        if found < 0:
            return False
        at = found + len(part)
    return True


def _number(text: str) -> float | None:
    plain = text.strip()
    if not plain.isascii() or len(plain) > 30 or not plain.removeprefix("-").replace(".", "", 1).isdecimal():
        return None
    return float(plain)
