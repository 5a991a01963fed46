"""Contacts that were made one: what moves from one to the other, and back. The evidence is one row a merge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.contact import Contact
from ringbook.domain.merging import Evidence, Merge
from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.store.contacts import contact_of
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_MERGE = "id, kept_id, merged_id, evidence, merged_at, undone_at"


class Moved(NamedTuple):
    """What came along with a contact that was made part of another one."""

    records: list[tuple[int, str | None]]
    calls: list[int]
    attempts: list[int]
    sources: list[int]


async def hold_records(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> None:
    """Hold the contacts' list records, as a writer of one does before it takes its contact.

    Index: list_record_contact.
    """
    await tx.execute(
        "SELECT 1 FROM list_record WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE",
        tenant_id,
        list(contact_ids),
    )


async def hold_calls(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> None:
    """Hold the contacts' calls in the order of their ids, as who joins some does. Index: interaction_contact."""
    await tx.execute(
        "SELECT 1 FROM interaction WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE",
        tenant_id,
        list(contact_ids),
    )


async def count_links(tx: Tx, tenant_id: int, contact_ids: Sequence[int], most: int) -> int:
    """How many records, calls and attempts these contacts have, counted no further than `most` of a kind.

    Indexes: list_record_contact, interaction_contact, attempt_contact.
    """
    counted: int = await tx.fetchval(
        """
        SELECT (SELECT count(*)
                  FROM (SELECT 1
                          FROM list_record
                         WHERE tenant_id = $1
                           AND contact_id = ANY ($2::bigint[])
                         LIMIT $3) AS r)
             + (SELECT count(*)
                  FROM (SELECT 1
                          FROM interaction
                         WHERE tenant_id = $1
                           AND contact_id = ANY ($2::bigint[])
                         LIMIT $3) AS i)
             + (SELECT count(*)
                  FROM (SELECT 1
                          FROM attempt
                         WHERE tenant_id = $1
                           AND contact_id = ANY ($2::bigint[])
                         LIMIT $3) AS a)
        """,
        tenant_id,
        list(contact_ids),
        most,
    )
    return counted


async def move(tx: Tx, tenant_id: int, merged_id: int, kept_id: int) -> Moved:
    """Give one contact's records, calls, attempts and their numbers to another one.

    The records are linked by hand from now on: who merges says whose they are, and no rule undoes it.
    Indexes: list_record_contact, interaction_contact, attempt_contact, contact_phone_contact.
    """
    records = await tx.fetch(
        """
        UPDATE list_record r
           SET contact_id = $3,
               link = 'hand'
          FROM (SELECT id, link
                  FROM list_record
                 WHERE tenant_id = $1
                   AND contact_id = $2) AS was
         WHERE r.tenant_id = $1
           AND r.id = was.id
        RETURNING r.id, was.link
        """,
        tenant_id,
        merged_id,
        kept_id,
    )
    calls = await tx.fetch(
        "UPDATE interaction SET contact_id = $3 WHERE tenant_id = $1 AND contact_id = $2 RETURNING id",
        tenant_id,
        merged_id,
        kept_id,
    )
    attempts = await tx.fetch(
        "UPDATE attempt SET contact_id = $3 WHERE tenant_id = $1 AND contact_id = $2 RETURNING id",
        tenant_id,
        merged_id,
        kept_id,
    )
    sources = await tx.fetch(
        """
        UPDATE contact_phone
           SET contact_id = $3
         WHERE tenant_id = $1
           AND contact_id = $2
           AND source_id <> 0
        RETURNING source_id
        """,
        tenant_id,
        merged_id,
        kept_id,
    )
    return Moved(
        sorted((row["id"], row["link"]) for row in records),
        sorted(row["id"] for row in calls),
        sorted(row["id"] for row in attempts),
        sorted({row["source_id"] for row in sources}),
    )


async def move_back(tx: Tx, tenant_id: int, merge: Merge) -> None:
    """Give what a merge moved back, as far as the kept contact still has it.

    Indexes: list_record_contact, interaction_contact, attempt_contact, contact_phone_contact.
    """
    told = merge.evidence
    await tx.execute(
        """
        UPDATE list_record r
           SET contact_id = $3,
               link = was.link
          FROM unnest($4::bigint[], $5::text[]) AS was (id, link)
         WHERE r.tenant_id = $1
           AND r.id = was.id
           AND r.contact_id = $2
        """,
        tenant_id,
        merge.kept,
        merge.merged,
        [id_ for id_, _ in told.records],
        [link for _, link in told.records],
    )
    for table, ids in (("interaction", told.calls), ("attempt", told.attempts)):
        await tx.execute(
            f"""
            UPDATE {table}
               SET contact_id = $3
             WHERE tenant_id = $1
               AND contact_id = $2
               AND id = ANY ($4::bigint[])
            """,
            tenant_id,
            merge.kept,
            merge.merged,
            ids,
        )
    await tx.execute(
        """
        UPDATE contact_phone
           SET contact_id = $3
         WHERE tenant_id = $1
           AND contact_id = $2
           AND source_id = ANY ($4::bigint[])
        """,
        tenant_id,
        merge.kept,
        merge.merged,
        told.sources,
    )


async def mark_merged(tx: Tx, tenant_id: int, merged_id: int, kept_id: int) -> None:
    """Say of a contact that was taken away what it has become a part of."""
    await tx.execute(
        "UPDATE contact SET merged_into = $3 WHERE tenant_id = $1 AND id = $2", tenant_id, merged_id, kept_id
    )


async def merged_away(tx: Tx, tenant_id: int, contact_id: int, *, hold: bool = True) -> Contact:
    """A contact that was taken away by a merge, as it was then; Missing if there is none of this id."""
    row = await tx.fetchrow(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM contact
         WHERE tenant_id = $1
           AND id = $2
           AND merged_into IS NOT NULL
        """
        + ("FOR UPDATE" if hold else ""),
        tenant_id,
        contact_id,
    )
    if row is None:
        raise Missing
    return contact_of(row)


async def add(tx: Tx, tenant_id: int, kept_id: int, merged_id: int, evidence: Evidence) -> Merge:
    row = await tx.fetchrow(
        f"""
        INSERT INTO contact_merge (tenant_id, kept_id, merged_id, evidence, merged_at)
        VALUES ($1, $2, $3, $4::json, ringbook_now($1))
        RETURNING {_MERGE}
        """,
        tenant_id,
        kept_id,
        merged_id,
        json_text(evidence),
    )
    assert row is not None
    return _merge(row)


async def standing(
    tx: Tx, tenant_id: int, contact_id: int, merged_id: int | None, *, hold: bool = True
) -> Merge | None:
    """The merge that undoing is about: of `merged_id` into this contact; else the one that took this contact away, or
    else the newest into it.

    Indexes: contact_merge_kept, contact_merge_merged.
    """
    if not fits(contact_id) or not (merged_id is None or fits(merged_id)):
        return None
    row = await tx.fetchrow(
        f"""
        SELECT {_MERGE}
          FROM contact_merge
         WHERE tenant_id = $1
           AND merged_id = COALESCE($3::bigint, $2)
           AND ($3::bigint IS NULL OR kept_id = $2)
           AND undone_at IS NULL
         ORDER BY id DESC
         LIMIT 1
        """
        + ("FOR UPDATE" if hold else ""),
        tenant_id,
        contact_id,
        merged_id,
    )
    if row is None and merged_id is None:
        row = await tx.fetchrow(
            f"""
            SELECT {_MERGE}
              FROM contact_merge
             WHERE tenant_id = $1
               AND kept_id = $2
               AND undone_at IS NULL
             ORDER BY id DESC
             LIMIT 1
            """,
            tenant_id,
            contact_id,
        )
    return None if row is None else _merge(row)


async def later(tx: Tx, tenant_id: int, merge: Merge) -> list[Merge]:
    """The merges into the same contact that came after and stand. Index: contact_merge_kept."""
    rows = await tx.fetch(
        f"""
        SELECT {_MERGE}
          FROM contact_merge
         WHERE tenant_id = $1
           AND kept_id = $2
           AND id > $3
           AND undone_at IS NULL
         ORDER BY id
           FOR UPDATE
        """,
        tenant_id,
        merge.kept,
        merge.id,
    )
    return [_merge(row) for row in rows]


async def put_evidence(tx: Tx, tenant_id: int, merge_id: int, evidence: Evidence) -> None:
    await tx.execute(
        "UPDATE contact_merge SET evidence = $3::json WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        merge_id,
        json_text(evidence),
    )


async def undo(tx: Tx, tenant_id: int, merge_id: int) -> Merge:
    row = await tx.fetchrow(
        f"""
        UPDATE contact_merge
           SET undone_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {_MERGE}
        """,
        tenant_id,
        merge_id,
    )
    assert row is not None
    return _merge(row)


async def of_contact(tx: Tx, tenant_id: int, contact_id: int, below: int, limit: int) -> list[Merge]:
    """The merges into or of a contact, also undone ones, newest first.

    Indexes: contact_merge_kept, contact_merge_merged.
    """
    if not fits(contact_id):
        return []
    rows = await tx.fetch(
        f"""
        SELECT {_MERGE}
          FROM (
                SELECT {_MERGE} FROM contact_merge WHERE tenant_id = $1 AND kept_id = $2 AND id < $3
                 UNION ALL
                SELECT {_MERGE} FROM contact_merge WHERE tenant_id = $1 AND merged_id = $2 AND id < $3
               ) AS m
         ORDER BY id DESC
         LIMIT $4
        """,
        tenant_id,
        contact_id,
        below,
        limit,
    )
    return [_merge(row) for row in rows]


def _merge(row: asyncpg.Record) -> Merge:
    evidence = msgspec.json.decode(row["evidence"], type=Evidence)
    return Merge(row["id"], row["kept_id"], row["merged_id"], row["merged_at"], row["undone_at"], evidence)
