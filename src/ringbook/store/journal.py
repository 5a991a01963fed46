"""The journal: who changed what, through which dialect, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.domain.page import fits
from ringbook.domain.problems import Missing

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Author(msgspec.Struct, frozen=True):
    """Who writes: the tenant's id, the credential's or user's name, and the dialect the request came through."""

    tenant_id: int
    actor: str
    dialect: str


class Change(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str
    dialect: str
    entity: str
    entity_id: int
    before: msgspec.Raw
    after: msgspec.Raw


async def record(tx: Tx, author: Author, entity: str, entity_id: int, before: Any, after: Any) -> None:
    """Note that `entity` went from `before` to `after`; None is "was not there" or "is gone"."""
    await tx.execute(
        """
        INSERT INTO change (tenant_id, at, actor, dialect, entity, entity_id, before, after)
        VALUES ($1, ringbook_now($1), $2, $3, $4, $5, $6::json, $7::json)
        """,
        author.tenant_id,
        author.actor,
        author.dialect,
        entity,
        entity_id,
        _text(before),
        _text(after),
    )


async def record_all(tx: Tx, author: Author, entity: str, changes: Sequence[tuple[int, Any, Any]]) -> None:
    """The same for many of a kind: id, before and after of each."""
    if not changes:
        return
    now = await tx.fetchval("SELECT ringbook_now($1)", author.tenant_id)
    await tx.copy_records_to_table(
        "change",
        columns=("tenant_id", "at", "actor", "dialect", "entity", "entity_id", "before", "after"),
        records=[
            (author.tenant_id, now, author.actor, author.dialect, entity, entity_id, _text(before), _text(after))
            for entity_id, before, after in changes
        ],
    )


async def record_deletion(tx: Tx, author: Author, list_id: int, ids: Sequence[int] | None) -> None:
    """Note the records of a list (None: all) that are about to be deleted, with the fields that bring them back."""
    chosen = "$5::bigint[] IS NULL" if ids is None else "r.id = ANY ($5)"
    await tx.execute(
        f"""
        INSERT INTO change (tenant_id, at, actor, dialect, entity, entity_id, before)
        SELECT r.tenant_id, ringbook_now($1), $2, $3, 'list_record', r.id, r.fields
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.list_id = $4
           AND {chosen}
        """,
        author.tenant_id,
        author.actor,
        author.dialect,
        list_id,
        ids,
    )


async def changes(
    tx: Tx, tenant_id: int, *, entity: str | None, entity_id: int | None, below: int, limit: int
) -> Sequence[Change]:
    """The newest changes first, with ids below `below`."""
    rows = await tx.fetch(
        """
        SELECT id, at, actor, dialect, entity, entity_id, before, after
          FROM change
         WHERE tenant_id = $1
           AND id < $2
           AND ($3::text IS NULL OR entity = $3)
           AND ($4::bigint IS NULL OR entity_id = $4)
         ORDER BY id DESC
         LIMIT $5
        """
        if entity is None or entity_id is None
        else _OF_ONE,
        tenant_id,
        below,
        entity,
        entity_id,
        limit,
    )
    return [
        Change(
            row["id"],
            row["at"],
            row["actor"],
            row["dialect"],
            row["entity"],
            row["entity_id"],
            _raw(row["before"]),
            _raw(row["after"]),
        )
        for row in rows
    ]


async def before(tx: Tx, tenant_id: int, entity: str, entity_id: int, change_id: int) -> dict[str, Any]:
    """What an entity was before this change of it; Missing if it was nothing, or there is no such change."""
    told = None
    if fits(change_id):
        told = await tx.fetchval(
            "SELECT before FROM change WHERE tenant_id = $1 AND id = $2 AND entity = $3 AND entity_id = $4",
            tenant_id,
            change_id,
            entity,
            entity_id,
        )
    if told is None:
        raise Missing
    return msgspec.json.decode(told, type=dict[str, Any])


# Index: change_entity.
_OF_ONE = """
SELECT id, at, actor, dialect, entity, entity_id, before, after
  FROM change
 WHERE tenant_id = $1
   AND entity = $3
   AND entity_id = $4
   AND id < $2
 ORDER BY id DESC
 LIMIT $5
"""


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _raw(text: str | None) -> msgspec.Raw:
    return msgspec.Raw((text or "null").encode())
