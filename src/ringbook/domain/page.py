"""Keyset paging: a cursor is the sort key of the last record seen, so inserts never shift a page."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
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


class TimeCursor(NamedTuple):
    """The position of what happened in the order of time, newest first."""

    at: datetime
    id: int


def encode_time_cursor(cursor: TimeCursor) -> str:
    return _armoured(f"{cursor.at.isoformat()}.{cursor.id}")


def decode_time_cursor(text: str) -> TimeCursor:
    """The position a cursor stands for; Invalid for a text that we did not hand out."""
    try:
        at, _, id_ = _bare(text).rpartition(".")
        cursor = TimeCursor(datetime.fromisoformat(at), int(id_))
    except (ValueError, OverflowError, binascii.Error, UnicodeError):
        raise Invalid("This cursor was not handed out here.", field="cursor") from None
    if cursor.at.tzinfo is None or not fits(cursor.id) or encode_time_cursor(cursor) != text:
        raise Invalid("This cursor was not handed out here.", field="cursor")
    return cursor


def encode_cursor(cursor: Cursor) -> str:
    return _armoured(f"{cursor.second}.{cursor.id}")


def decode_cursor(text: str) -> Cursor:
    """The position a cursor stands for; Invalid for a text that we did not hand out."""
    try:
        second, id_ = _bare(text).split(".")
        cursor = Cursor(int(second), int(id_))
    except (ValueError, binascii.Error, UnicodeError):
        raise Invalid("This cursor was not handed out here.", field="cursor") from None
    if not (0 <= cursor.second <= FIRST.second and 0 <= cursor.id <= LARGEST_ID and encode_cursor(cursor) == text):
        raise Invalid("This cursor was not handed out here.", field="cursor")
    return cursor


def encode_text_cursor(text: str) -> str:
    """The position behind a text, in an order of texts."""
    return _armoured(text)


def decode_text_cursor(cursor: str) -> str:
    """The text a cursor stands for; Invalid for one that we did not hand out."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error, UnicodeError):
        raise Invalid("This cursor was not handed out here.", field="cursor") from None
    if not text or "\0" in text or _armoured(text) != cursor:
        raise Invalid("This cursor was not handed out here.", field="cursor")
    return text


def _armoured(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _bare(text: str) -> str:
    padded = text + "=" * (-len(text) % 4)
    return base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii")
