"""The 24-hex form of an id: 8 digits of the second it was created in, 16 of the id itself.

Mongo-era clients expect this layout and sort by it (contracts/cim.md 0.4). It is reversible without a table; a
text whose second does not match the record's own is a missing record, which the store checks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ringbook.domain.page import LARGEST_ID

_LARGEST_SECOND = 2**31 - 1
_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{24}")


class ObjectId(NamedTuple):
    second: int
    id: int

    def __str__(self) -> str:
        return f"{self.second:08x}{self.id:016x}"


def parse_object_id(text: str) -> ObjectId | None:
    """The parts of a 24-hex id, or None for a text that cannot be one."""
    if not _OBJECT_ID.fullmatch(text):
        return None
    second, id_ = int(text[:8], 16), int(text[8:], 16)
    return ObjectId(second, id_) if second <= _LARGEST_SECOND and id_ <= LARGEST_ID else None
