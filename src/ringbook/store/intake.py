"""What imports ask and hold in bulk; and what an import wrote: where its rows are, and what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from ringbook.domain.contact import MOST_SHARING
from ringbook.store.identity import lock_identity
from ringbook.store.journal import Change, change_of
from ringbook.store.linking import MOST_OF_A_CUSTOMER

if TYPE_CHECKING:
    from ringbook.store.database import Tx

Inserted = Literal["contact", "list_record"]


@dataclass(frozen=True)
class Asked:
    """Identity keys to be looked up: values of attributes, and numbers, each with the place of the row it is of."""

    values: Sequence[tuple[int, int, str]]
    numbers: Sequence[tuple[int, str]]

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        return (
            [at for at, _, _ in self.values],
            [attribute_id for _, attribute_id, _ in self.values],
            [folded for _, _, folded in self.values],
            [at for at, _ in self.numbers],
            [key for _, key in self.numbers],
        )


async def hold_keys(tx: Tx, tenant_id: int, keys: Iterable[str]) -> None:
    """The same as identity.lock_identity(), for keys of which most are new: three times as fast then.

    A key that another writer is adding is waited for; if one is there already, all go the long way.
    """
    ordered = sorted(set(keys))
    try:
        async with tx.transaction():
            rows = [(tenant_id, key) for key in ordered]
            await tx.copy_records_to_table("identity_key", columns=("tenant_id", "key"), records=rows)
    except asyncpg.UniqueViolationError:
        await lock_identity(tx, tenant_id, ordered)


async def known(tx: Tx, tenant_id: int, asked: Asked) -> Sequence[tuple[int, int]]:
    """By place, the contacts with these keys; of a number, one more than it may identify.

    Indexes: contact_search_pkey, contact_phone_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT k.at, s.contact_id
          FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (at, attribute_id, folded)
         CROSS JOIN LATERAL (
                SELECT s.contact_id
                  FROM contact_search s
                 WHERE s.tenant_id = $1
                   AND s.attribute_id = k.attribute_id
                   AND s.folded = k.folded
                 LIMIT $7
               ) s
         UNION ALL
        SELECT k.at, p.contact_id
          FROM unnest($5::int[], $6::text[]) AS k (at, key)
         CROSS JOIN LATERAL (
                SELECT DISTINCT p.contact_id
                  FROM contact_phone p
                 WHERE p.tenant_id = $1
                   AND p.match_key = k.key
                 LIMIT $8
               ) p
        """,
        tenant_id,
        *asked.columns,
        MOST_OF_A_CUSTOMER,
        MOST_SHARING + 1,
    )
    return [(row["at"], row["contact_id"]) for row in rows]


async def recognised(tx: Tx, tenant_id: int, asked: Asked) -> Sequence[tuple[int, int, str]]:
    """By place, the contacts with these keys: id and attributes, at most two of a key. They are not held.

    Indexes: contact_search_pkey, contact_phone_pkey, contact_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT k.at, c.id, c.attributes
          FROM (
                SELECT k.at, s.contact_id
                  FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (at, attribute_id, folded)
                 CROSS JOIN LATERAL (
                        SELECT s.contact_id
                          FROM contact_search s
                         WHERE s.tenant_id = $1
                           AND s.attribute_id = k.attribute_id
                           AND s.folded = k.folded
                         LIMIT 2
                       ) s
                 UNION ALL
                SELECT k.at, p.contact_id
                  FROM unnest($5::int[], $6::text[]) AS k (at, key)
                 CROSS JOIN LATERAL (
                        SELECT DISTINCT p.contact_id
                          FROM contact_phone p
                         WHERE p.tenant_id = $1
                           AND p.match_key = k.key
                         LIMIT 2
                       ) p
               ) k
         CROSS JOIN LATERAL (
                SELECT c.id, c.attributes
                  FROM live_contact c
                 WHERE c.tenant_id = $1
                   AND c.id = k.contact_id
                 LIMIT 1
               ) c
        """,
        tenant_id,
        *asked.columns,
    )
    return [(row["at"], row["id"], row["attributes"]) for row in rows]


async def note_range(tx: Tx, tenant_id: int, import_id: int, entity: Inserted, ids: Sequence[int]) -> None:
    """Remember between which ids the import has just inserted rows. They are rising."""
    if ids:
        await tx.execute(
            """
            INSERT INTO import_range (tenant_id, import_id, entity, first_id, last_id)
            VALUES ($1, $2, $3, $4, $5)
            """,
            tenant_id,
            import_id,
            entity,
            ids[0],
            ids[-1],
        )


async def inserted(tx: Tx, tenant_id: int, import_id: int, entity: Inserted, after: int, limit: int) -> Sequence[int]:
    """The ids of rows that the import inserted and that are still there, rising, from behind `after` on.

    Indexes: import_range_pkey, and the table's own.
    """
    rows = await tx.fetch(_INSERTED[entity], tenant_id, import_id, entity, after, limit)
    return [row["id"] for row in rows]


_TABLES: Sequence[tuple[Inserted, str]] = (
    ("contact", "(SELECT tenant_id, id, import_id FROM contact WHERE deleted_at IS NULL)"),
    ("list_record", "list_record"),
)
_INSERTED = {
    entity: f"""
        SELECT i.id
          FROM import_range r
         CROSS JOIN LATERAL (
                SELECT e.id
                  FROM {table} e
                 WHERE e.tenant_id = $1
                   AND e.id BETWEEN greatest(r.first_id, $4 + 1) AND r.last_id
                   AND e.import_id = $2
                 ORDER BY e.id
                 LIMIT $5
               ) i
         WHERE r.tenant_id = $1
           AND r.import_id = $2
           AND r.entity = $3
           AND r.last_id > $4
         ORDER BY r.first_id, i.id
         LIMIT $5
    """
    for entity, table in _TABLES
}


async def changed(tx: Tx, tenant_id: int, import_id: int, below: int, limit: int) -> Sequence[Change]:
    """What the import changed of rows that were there before, the newest first, with ids below `below`.

    Index: change_import.
    """
    rows = await tx.fetch(
        """
        SELECT id, at, actor, dialect, entity, entity_id, before, after
          FROM change
         WHERE tenant_id = $1
           AND import_id = $2
           AND id < $3
         ORDER BY id DESC
         LIMIT $4
        """,
        tenant_id,
        import_id,
        below,
        limit,
    )
    return [change_of(row) for row in rows]
