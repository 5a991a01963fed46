"""Ids as CIM's clients know them: 24 hex digits that sort as created (contracts/cim.md 0.4)."""

from __future__ import annotations

import re
from typing import Protocol

from ringbook.domain.object_id import ObjectId, parse_object_id
from ringbook.domain.page import FIRST, Cursor
from ringbook.domain.problems import Invalid, Missing

_HEX = re.compile(r"[0-9A-Fa-f]{24}")


class _Made(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def created_second(self) -> int: ...


def object_id(made: _Made) -> str:
    return str(ObjectId(made.created_second, made.id))


def asked_id(text: str, field: str) -> ObjectId:
    """The id in a path: Invalid for a text of another form, Missing for one of this form that nothing can have."""
    _check(text, field)
    found = parse_object_id(text)
    if found is None:
        raise Missing
    return found


def asked_position(text: str, field: str) -> Cursor:
    """Where a list goes on behind the record of this id, whether that is still there or not.

    Ids of another origin are positions, too: clients of a system that was moved here hold some.
    """
    _check(text, field)
    return Cursor(min(int(text[:8], 16), FIRST.second), min(int(text[8:], 16), FIRST.id))


def _check(text: str, field: str) -> None:
    if not _HEX.fullmatch(text):
        raise Invalid("An id has 24 hex digits.", field=field)
