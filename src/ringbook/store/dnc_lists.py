"""Do-not-call lists as they are administered: made, bound to campaigns, and read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from ringbook.domain.do_not_call import BoundList, DncList, ListedEntry
from ringbook.domain.page import fits

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_LIST = """
    l.id, l.name, l.type, l.created_at,
    ARRAY(SELECT b.campaign_id
            FROM dnc_binding b
           WHERE b.tenant_id = $1
             AND b.list_id = l.id
           ORDER BY b.campaign_id) AS campaigns
"""


async def page(tx: Tx, tenant_id: int, after: int, limit: int) -> list[BoundList]:
    """Lists with ids above `after`, in the order they were made. Indexes: dnc_list_pkey, dnc_binding_pkey."""
    rows = await tx.fetch(
        f"SELECT {_LIST} FROM dnc_list l WHERE l.tenant_id = $1 AND l.id > $2 ORDER BY l.id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_list(row) for row in rows]


async def get(tx: Tx, tenant_id: int, ref: int | str, *, for_update: bool = False) -> BoundList | None:
    """The list of this id or name, if there is one. Indexes: dnc_list_pkey, dnc_list_tenant_id_name_key."""
    if isinstance(ref, int) and not fits(ref):
        return None
    column = "id" if isinstance(ref, int) else "name"
    lock = "FOR NO KEY UPDATE" if for_update else ""
    row = await tx.fetchrow(
        f"SELECT {_LIST} FROM dnc_list l WHERE l.tenant_id = $1 AND l.{column} = $2 {lock}", tenant_id, ref
    )
    return None if row is None else _list(row)


async def add(tx: Tx, tenant_id: int, name: str, kind: str) -> int:
    """The id of a new list; Conflict if the name is taken."""
    made: int = await tx.fetchval(
        """
        INSERT INTO dnc_list (tenant_id, name, type, created_at)
        VALUES ($1, $2, $3, ringbook_now($1))
        RETURNING id
        """,
        tenant_id,
        name,
        kind,
    )
    return made


async def bind_to(tx: Tx, tenant_id: int, list_id: int, campaign_ids: Sequence[int]) -> None:
    """Have the list bar these campaigns and no other; all, where there are none."""
    await tx.execute("DELETE FROM dnc_binding WHERE tenant_id = $1 AND list_id = $2", tenant_id, list_id)
    await tx.execute(
        """
        INSERT INTO dnc_binding (tenant_id, list_id, campaign_id)
        SELECT $1, $2, c.id
          FROM unnest($3::bigint[]) AS c (id)
         ORDER BY c.id
        """,
        tenant_id,
        list_id,
        campaign_ids,
    )


async def entries(tx: Tx, tenant_id: int, list_id: int, after: str, limit: int) -> list[ListedEntry]:
    """What the list bars, in the order of keys, behind this one. Index: dnc_entry_pkey."""
    rows = await tx.fetch(
        """
        SELECT key, raw, kind, comment, added_at, expires_at
          FROM live_dnc_entry
         WHERE tenant_id = $1
           AND list_id = $2
           AND key > $3
         ORDER BY key
         LIMIT $4
        """,
        tenant_id,
        list_id,
        after,
        limit,
    )
    return [
        ListedEntry(
            row["key"], row["raw"], row["kind"] or "outbound", row["comment"], row["added_at"], row["expires_at"]
        )
        for row in rows
    ]


def _list(row: asyncpg.Record) -> BoundList:
    return BoundList(DncList(row["id"], row["name"], row["type"]), tuple(row["campaigns"]), row["created_at"])
