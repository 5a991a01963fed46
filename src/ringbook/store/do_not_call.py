"""Do-not-call lists and what they bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ringbook.domain.do_not_call import Direction, DncEntry, DncList, DncType

if TYPE_CHECKING:
    from ringbook.store.database import Tx


MOST_LISTS = 1000
"""Do-not-call lists that have one number."""


class StoredEntry(NamedTuple):
    key: str
    raw: str
    comment: str
    plain: bool
    """Whether it bars outbound calls alone, for ever."""

    def bars_as(self, raw: str, comment: str) -> bool:
        """Whether adding this to an empty list would make the same entry."""
        return self.plain and (self.raw, self.comment) == (raw, comment)


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


async def hold(tx: Tx, tenant_id: int, name: str) -> DncList | None:
    """The list of this name, held against other writers; None if there is none."""
    row = await tx.fetchrow(
        "SELECT id, name, type FROM dnc_list WHERE tenant_id = $1 AND name = $2 FOR NO KEY UPDATE", tenant_id, name
    )
    return None if row is None else DncList(row["id"], row["name"], row["type"])


async def kind_of(tx: Tx, tenant_id: int, name: str) -> DncType | None:
    found: DncType | None = await tx.fetchval(
        "SELECT type FROM dnc_list WHERE tenant_id = $1 AND name = $2", tenant_id, name
    )
    return found


async def add(
    tx: Tx,
    tenant_id: int,
    list_id: int,
    entries: Mapping[str, tuple[str, str]],
    direction: Direction,
    expires_at: datetime | None,
) -> set[str]:
    """Bar these (by key: raw text and comment) in a direction; the keys of those that are written.

    An expired entry begins anew. One that stands keeps its text, and bars no less than before: what is barred in the
    other direction is barred in both, and barring for ever what is barred for an hour bars for ever.
    """
    rows = await tx.fetch(
        """
        INSERT INTO dnc_entry AS e (tenant_id, list_id, key, raw, comment, added_at, expires_at, kind)
        SELECT $1, $2, k.key, k.raw, k.comment, ringbook_now($1), $6, $7
          FROM unnest($3::text[], $4::text[], $5::text[]) AS k (key, raw, comment)
         ORDER BY k.key COLLATE "C"
        ON CONFLICT (tenant_id, list_id, key) DO UPDATE
           SET raw = CASE WHEN e.expires_at <= excluded.added_at THEN excluded.raw ELSE e.raw END,
               comment = CASE WHEN e.expires_at <= excluded.added_at THEN excluded.comment ELSE e.comment END,
               kind = CASE
                      WHEN e.expires_at <= excluded.added_at OR e.kind = excluded.kind THEN excluded.kind
                      ELSE 'both'
                      END,
               added_at = CASE WHEN e.expires_at <= excluded.added_at THEN excluded.added_at ELSE e.added_at END,
               expires_at = CASE
                            WHEN e.expires_at IS NOT NULL AND excluded.expires_at IS NOT NULL
                            THEN GREATEST(e.expires_at, excluded.expires_at)
                            END
         WHERE e.expires_at IS NOT NULL
            OR e.kind NOT IN (excluded.kind, 'both')
        RETURNING key
        """,
        tenant_id,
        list_id,
        list(entries),
        [raw for raw, _ in entries.values()],
        [comment for _, comment in entries.values()],
        expires_at,
        "" if direction == "outbound" else direction,
    )
    return {row["key"] for row in rows}


async def rows(tx: Tx, tenant_id: int, list_id: int) -> list[StoredEntry]:
    """All that the list has, also what has expired. Index: dnc_entry_pkey."""
    found = await tx.fetch(
        """
        SELECT key, raw, comment, kind = '' AND expires_at IS NULL AS plain
          FROM dnc_entry
         WHERE tenant_id = $1
           AND list_id = $2
        """,
        tenant_id,
        list_id,
    )
    return [StoredEntry(*row) for row in found]


async def remove(tx: Tx, tenant_id: int, list_id: int, keys: Sequence[str] | None) -> list[tuple[str, str]]:
    """Take these entries (None: all) off the list: key and raw text of those that stood. Index: dnc_entry_pkey."""
    chosen = "$3::text[] IS NULL" if keys is None else "key = ANY ($3::text[])"
    rows = await tx.fetch(
        f"""
        DELETE FROM dnc_entry
         WHERE tenant_id = $1
           AND list_id = $2
           AND {chosen}
        RETURNING key, raw, COALESCE(expires_at > ringbook_now($1), true) AS stood
        """,
        tenant_id,
        list_id,
        keys,
    )
    return [(row["key"], row["raw"]) for row in rows if row["stood"]]


async def directions(tx: Tx, tenant_id: int, list_id: int, keys: Sequence[str] | None) -> dict[str, Direction]:
    """In which direction the list bars each of these keys (None: all that it has). Index: dnc_entry_pkey."""
    chosen = "$3::text[] IS NULL" if keys is None else "key = ANY ($3::text[])"
    rows = await tx.fetch(
        f"""
        SELECT key, kind
          FROM live_dnc_entry
         WHERE tenant_id = $1
           AND list_id = $2
           AND {chosen}
        """,
        tenant_id,
        list_id,
        keys,
    )
    return {row["key"]: row["kind"] or "outbound" for row in rows}


async def turn(tx: Tx, tenant_id: int, list_id: int, keys: Sequence[str], direction: Direction) -> None:
    """Have these entries bar in this direction alone. Index: dnc_entry_pkey."""
    await tx.execute(
        """
        UPDATE dnc_entry
           SET kind = $4
         WHERE tenant_id = $1
           AND list_id = $2
           AND key = ANY ($3::text[])
        """,
        tenant_id,
        list_id,
        keys,
        "" if direction == "outbound" else direction,
    )


async def entries(tx: Tx, tenant_id: int, list_id: int, limit: int) -> list[DncEntry]:
    """What the list bars, in the order it came. Index: dnc_entry_pkey."""
    rows = await tx.fetch(
        """
        SELECT raw, kind, added_at, expires_at
          FROM live_dnc_entry
         WHERE tenant_id = $1
           AND list_id = $2
         ORDER BY added_at, key
         LIMIT $3
        """,
        tenant_id,
        list_id,
        limit,
    )
    return [DncEntry(row["raw"], row["kind"] or "outbound", row["added_at"], row["expires_at"]) for row in rows]


async def has_entries(tx: Tx, tenant_id: int) -> bool:
    """Whether anything is on any list, or was until it expired. Index: dnc_entry_key."""
    row = await tx.fetchrow("SELECT key FROM dnc_entry WHERE tenant_id = $1 ORDER BY key LIMIT 1", tenant_id)
    return row is not None
