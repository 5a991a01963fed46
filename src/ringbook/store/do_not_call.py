"""Do-not-call lists and what they bar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def put_list(tx: Tx, tenant_id: int, name: str, kind: str) -> int:
    """The id of the do-not-call list of this name, which is made where it is missing."""
    found: int = await tx.fetchval(
        """
        INSERT INTO dnc_list (tenant_id, name, type, created_at)
        VALUES ($1, $2, $3, ringbook_now($1))
        ON CONFLICT (tenant_id, name) DO UPDATE
           SET type = excluded.type
        RETURNING id
        """,
        tenant_id,
        name,
        kind,
    )
    return found


async def list_kinds(tx: Tx, tenant_id: int) -> dict[str, str]:
    rows = await tx.fetch("SELECT name, type FROM dnc_list WHERE tenant_id = $1", tenant_id)
    return {row["name"]: row["type"] for row in rows}


async def list_names(tx: Tx, tenant_id: int) -> dict[str, int]:
    rows = await tx.fetch("SELECT name, id FROM dnc_list WHERE tenant_id = $1", tenant_id)
    return {row["name"]: row["id"] for row in rows}


async def drop_list(tx: Tx, tenant_id: int, list_id: int) -> None:
    await tx.execute("DELETE FROM dnc_entry WHERE tenant_id = $1 AND list_id = $2", tenant_id, list_id)
    await tx.execute("DELETE FROM dnc_list WHERE tenant_id = $1 AND id = $2", tenant_id, list_id)


async def bind(tx: Tx, tenant_id: int, list_id: int, campaign_id: int) -> None:
    """From now on the list bars only the campaigns it is bound to."""
    await tx.execute(
        "INSERT INTO dnc_binding (tenant_id, list_id, campaign_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        tenant_id,
        list_id,
        campaign_id,
    )


async def add(
    tx: Tx, tenant_id: int, list_id: int, entries: Sequence[tuple[str, str]], expires_at: datetime | None
) -> int:
    """Bar these (key, raw text); how many were not barred by this list before. An expired entry counts as new.

    One that stands is never shortened: barring for ever what is barred for an hour bars for ever.
    """
    unique = dict(entries)
    rows = await tx.fetch(
        """
        INSERT INTO dnc_entry AS e (tenant_id, list_id, key, raw, added_at, expires_at)
        SELECT $1, $2, k.key, k.raw, ringbook_now($1), $5
          FROM unnest($3::text[], $4::text[]) AS k (key, raw)
         ORDER BY k.key COLLATE "C"
        ON CONFLICT (tenant_id, list_id, key) DO UPDATE
           SET raw = CASE WHEN e.expires_at <= excluded.added_at THEN excluded.raw ELSE e.raw END,
               added_at = CASE WHEN e.expires_at <= excluded.added_at THEN excluded.added_at ELSE e.added_at END,
               expires_at = CASE
                            WHEN excluded.expires_at IS NOT NULL THEN GREATEST(e.expires_at, excluded.expires_at)
                            END
         WHERE e.expires_at IS NOT NULL
        RETURNING added_at = ringbook_now($1) AS added
        """,
        tenant_id,
        list_id,
        list(unique),
        list(unique.values()),
        expires_at,
    )
    return sum(row["added"] for row in rows)


async def barring(tx: Tx, tenant_id: int, campaign_id: int | None, key: str) -> str | None:
    """The name of a list that bars this key from the campaign (None: from any), if one does. Index: dnc_entry_key."""
    name: str | None = await tx.fetchval(
        """
        SELECT l.name
          FROM live_dnc_entry e
          JOIN dnc_list l
            ON l.tenant_id = $1
           AND l.id = e.list_id
         WHERE e.tenant_id = $1
           AND e.key = $3
           AND (NOT EXISTS (SELECT 1 FROM dnc_binding b WHERE b.tenant_id = $1 AND b.list_id = e.list_id)
                OR EXISTS (SELECT 1
                             FROM dnc_binding b
                            WHERE b.tenant_id = $1
                              AND b.list_id = e.list_id
                              AND b.campaign_id = $2))
         ORDER BY l.name
         LIMIT 1
        """,
        tenant_id,
        campaign_id,
        key,
    )
    return name
