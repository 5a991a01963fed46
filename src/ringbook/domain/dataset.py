"""Short-lived context for one number: data sets under a template (contracts/mindful.md)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec


class Template(msgspec.Struct, frozen=True):
    """What may be kept for a number, and for how long."""

    id: int
    guid: UUID
    name: str
    retention_seconds: float
    data_keys: tuple[str, ...]


class DataSet(msgspec.Struct, frozen=True):
    """`number` is the digits that were submitted: the search key. `ani` is the number that was detected."""

    id: int
    template: str
    number: str
    ani: str
    values: dict[str, str]
    submitted_at: datetime
    expires_at: datetime
    ecbt: int | None


def expiry(since: datetime, retention_seconds: float, ecbt: int | None = None) -> datetime:
    """When a data set goes: the retention after its submission, or after its callback is due (D-M16)."""
    return since + timedelta(seconds=retention_seconds + (ecbt or 0))


def digits_of(text: str) -> str:
    """The digits alone: how Mindful compares numbers. A country code is never added or removed (D-M10)."""
    return "".join(str(int(c)) for c in text if c.isdecimal())
