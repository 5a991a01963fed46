"""What bars a number from being called."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

DncType = Literal["INTERNAL", "GEOGRAPHIC_POSTAL", "AREA_CODES", "EXCLUSION"]

Direction = Literal["outbound", "inbound", "both"]
"""Which calls an entry bars. Campaigns ask only about those that go out."""

WOLKVOX_LIST = "wolkvox"
"""The one list that wolkvox's own operations write and empty."""


class DncList(msgspec.Struct, frozen=True):
    """A do-not-call list: its entries are numbers (INTERNAL), or else texts."""

    id: int
    name: str
    type: DncType


class BoundList(msgspec.Struct, frozen=True):
    """A list with the campaigns that it bars; none: it bars all."""

    list: DncList
    campaigns: tuple[int, ...]
    created_at: datetime


class ListedEntry(msgspec.Struct, frozen=True):
    """An entry in the order of a list: by `key`, which is what it is compared by."""

    key: str
    raw: str
    direction: Direction
    comment: str
    added_at: datetime
    expires_at: datetime | None


class DncEntry(msgspec.Struct, frozen=True):
    raw: str
    direction: Direction
    added_at: datetime
    expires_at: datetime | None
