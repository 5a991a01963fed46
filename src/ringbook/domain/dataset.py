"""Short-lived context for one number: data sets under a template (contracts/mindful.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from ringbook.domain.problems import Invalid

Values = Mapping[str, str | None]
"""Texts by data key, in the order they were submitted; null where null was."""

_NOT_DIGITS = re.compile("[^0-9]+")

LONGEST_RETENTION = 48 * 3600

FIXED_KEYS = frozenset(
    {
        "organization",
        "customer_contact_number",
        "ani",
        "ecbt",
        "data_set_template_id",
        "data_set_template_name",
        "time_to_expire",
    }
)
"""Names that an answer about a data set uses itself: no data key may have one (D-M6)."""


class Template(msgspec.Struct, frozen=True):
    """What may be kept for a number, and for how long."""

    id: int
    guid: UUID
    name: str
    retention_seconds: float
    data_keys: tuple[str, ...]
    description: str = ""


class DataSet(msgspec.Struct, frozen=True):
    """`number` is the digits that were submitted: the search key. `ani` is the number that was detected."""

    id: int
    template: str
    number: str
    ani: str
    values: Values
    submitted_at: datetime
    expires_at: datetime
    ecbt: int | None


def digits_of(text: str) -> str:
    """The digits alone: how Mindful compares numbers. A country code is never added or removed (D-M10)."""
    if text.isascii():
        return text if text.isdigit() else _NOT_DIGITS.sub("", text)
    return "".join(str(int(c)) for c in text if c.isdecimal())


def check_template(name: str, retention_seconds: float, data_keys: Sequence[str]) -> None:
    """Invalid for a template that could not be answered for."""
    if not 0 < retention_seconds <= LONGEST_RETENTION:
        raise Invalid(f"{name}: retention_hours is above 0 and at most 48.", field="retention_hours")
    if len(set(data_keys)) != len(data_keys):
        raise Invalid(f"{name}: a data key is there twice.", field="data_keys")
    taken = FIXED_KEYS & set(data_keys)
    if taken:
        raise Invalid(f"{name}: {min(taken)} is a fixed key of every data set.", field="data_keys")
