"""Keyset paging: a cursor is the sort key of the last record seen, so inserts never shift a page."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from ringbook.domain.problems import Invalid

LARGEST_ID = 2**63 - 1


def fits(id_: int) -> bool:
    """Whether this can be an id at all; one that cannot names a missing record."""
    return 0 < id_ <= LARGEST_ID


class Cursor(NamedTuple):
    """The position of a record in the order of creation, newest first."""

    second: int
    id: int


FIRST = Cursor(2**31 - 1, LARGEST_ID)
"""The position before the newest record."""


def encode_cursor(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(f"{cursor.second}.{cursor.id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The position a cursor stands for; Invalid for a text that we did not hand out."""
    try:
        padded = text + "=" * (-len(text) % 4)
        second, id_ = base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii").split(".")
        cursor = Cursor(int(second), int(id_))
    except (ValueError, binascii.Error, UnicodeError):
        raise Invalid("This cursor was not handed out here.", field="cursor") from None
    if not (0 <= cursor.second <= FIRST.second and 0 <= cursor.id <= LARGEST_ID and encode_cursor(cursor) == text):
        raise Invalid("This cursor was not handed out here.", field="cursor")
    return cursor
