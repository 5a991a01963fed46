"""The journal: who changed what, through which dialect, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.store.database import tell
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Author(msgspec.Struct, frozen=True):
    """Who writes: the tenant's id, the credential's or user's name, the dialect it came through, and which import."""

    tenant_id: int
    actor: str
    dialect: str
    import_id: int | None = None


class Change(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str
    dialect: str
    entity: str
    entity_id: int
    before: msgspec.Raw
    after: msgspec.Raw


# Whose these entities are, by kind: what is about one contact is told in order. Indexes: interaction_pkey,
# list_record_pkey, campaign_record_pkey.
_WHOSE = {
    "interaction": "SELECT e.id, e.contact_id FROM interaction e WHERE e.tenant_id = $1",
    "list_record": "SELECT e.id, e.contact_id FROM list_record e WHERE e.tenant_id = $1",
    "campaign_record": """
        SELECT e.id, r.contact_id
          FROM campaign_record e
          JOIN list_record r
            ON r.tenant_id = e.tenant_id
           AND r.id = e.record_id
         WHERE e.tenant_id = $1
        """,
}


async def record(tx: Tx, author: Author, entity: str, entity_id: int, before: Any, after: Any) -> None:
    """Note that `entity` went from `before` to `after`; None is "was not there" or "is gone"."""
    tell(author.tenant_id)
    whose = f"SELECT w.contact_id FROM ({_WHOSE[entity]} AND e.id = $5) w" if entity in _WHOSE else "NULL"
    await tx.execute(
        f"""
        INSERT INTO change (tenant_id, at, actor, dialect, entity, entity_id, before, after, import_id, contact_id)
        VALUES ($1, ringbook_now($1), $2, $3, $4, $5, $6::json, $7::json, $8, ({whose}))
        """,
        author.tenant_id,
        author.actor,
        author.dialect,
        entity,
        entity_id,
        _text(before),
        _text(after),
        author.import_id,
    )


async def record_all(tx: Tx, author: Author, entity: str, changes: Sequence[tuple[int, Any, Any]]) -> None:
    """The same for many of a kind: id, before and after of each."""
    if not changes:
        return
    tell(author.tenant_id)
    now = await tx.fetchval("SELECT ringbook_now($1)", author.tenant_id)
    whose = await _whose(tx, author.tenant_id, entity, [entity_id for entity_id, _, _ in changes])
    told = (author.tenant_id, now, author.actor, author.dialect, author.import_id, entity)
    await tx.copy_records_to_table(
        "change",
        columns=(
            *("tenant_id", "at", "actor", "dialect", "import_id", "entity"),
            *("entity_id", "before", "after", "contact_id"),
        ),
        records=[
            (*told, entity_id, _text(before), _text(after), whose.get(entity_id))
            for entity_id, before, after in changes
        ],
    )


async def record_deletion(tx: Tx, author: Author, list_id: int, ids: Sequence[int]) -> None:
    """Note the records of a list that are about to be deleted, with the fields that bring them back."""
    tell(author.tenant_id)
    await tx.execute(
        """
        INSERT INTO change (tenant_id, at, actor, dialect, entity, entity_id, before, import_id, contact_id)
        SELECT r.tenant_id, ringbook_now($1), $2, $3, 'list_record', r.id, r.fields, $6, r.contact_id
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.list_id = $4
           AND r.id = ANY ($5::bigint[])
        """,
        author.tenant_id,
        author.actor,
        author.dialect,
        list_id,
        ids,
        author.import_id,
    )


async def changes(
    tx: Tx, tenant_id: int, *, entity: str | None, entity_id: int | None, below: int, limit: int
) -> Sequence[Change]:
    """The newest changes first, with ids below `below`.

    Indexes: change_of for those of an id, change_kind for those of a kind, else change_pkey.
    """
    # Each question has a statement of its own: what is not asked for would hide the index from it.
    asked = (("entity", entity), ("entity_id", entity_id))
    given = [(column, value) for column, value in asked if value is not None]
    rows = await tx.fetch(
        f"""
        SELECT id, at, actor, dialect, entity, entity_id, before, after
          FROM change
         WHERE tenant_id = $1
           AND id < $2
           {" ".join(f"AND {column} = ${n}" for n, (column, _) in enumerate(given, start=4))}
         ORDER BY id DESC
         LIMIT $3
        """,
        tenant_id,
        below,
        limit,
        *(value for _, value in given),
    )
    return [change_of(row) for row in rows]


def change_of(row: asyncpg.Record) -> Change:
    return Change(
        row["id"],
        row["at"],
        row["actor"],
        row["dialect"],
        row["entity"],
        row["entity_id"],
        _raw(row["before"]),
        _raw(row["after"]),
    )


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


async def _whose(tx: Tx, tenant_id: int, entity: str, ids: Sequence[int]) -> Mapping[int, int | None]:
    """The contacts to whom these entities belong."""
    if entity not in _WHOSE:
        return {}
    return {
        row["id"]: row["contact_id"] for row in await tx.fetch(f"{_WHOSE[entity]} AND e.id = ANY ($2)", tenant_id, ids)
    }


def _text(value: Any) -> str | None:
    return None if value is None else json_text(value)


def _raw(text: str | None) -> msgspec.Raw:
    return msgspec.Raw((text or "null").encode())
