"""Contacts in the order of an attribute: a walk along the index that searches use, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Position(NamedTuple):
    """Where a walk has come to: the folded value of the last contact, and its id."""

    folded: str
    id: int


# Index: contact_search_pkey, in either direction.
_WALK = """
SELECT folded, contact_id
  FROM contact_search
 WHERE tenant_id = $1
   AND attribute_id = $2
   AND (folded, contact_id) {beyond} ($3::text, $4::bigint)
 ORDER BY folded {order}, contact_id {order}
 LIMIT $5
"""
UP = _WALK.format(beyond=">", order="ASC")
DOWN = _WALK.format(beyond="<", order="DESC")
_FIRST_UP, _FIRST_DOWN = Position("", 0), Position("\U0010ffff", 2**63 - 1)


async def walk(
    tx: Tx, tenant_id: int, attribute_id: int, after: Position | None, limit: int, *, down: bool
) -> Sequence[Position]:
    """The next contacts that have a value of the attribute, behind this position."""
    start = after or (_FIRST_DOWN if down else _FIRST_UP)
    rows = await tx.fetch(DOWN if down else UP, tenant_id, attribute_id, start.folded, start.id, limit)
    return [Position(row["folded"], row["contact_id"]) for row in rows]
