"""Contacts and what they are found by: phones, folded values, words of names, identity keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.contact import Contact, ContactPhone
from ringbook.domain.criteria import NAME_WORD
from ringbook.domain.page import Cursor, fits
from ringbook.domain.phone import Phone
from ringbook.domain.problems import MergedAway, Missing
from ringbook.domain.schema import NAME_KEYS, Schema, searchable_text
from ringbook.domain.text import words
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

Entry = tuple[int, str]
"""A row of contact_search: attribute id and folded text."""


async def insert(tx: Tx, schema: Schema, tenant_id: int, attributes: Mapping[str, Any]) -> Contact:
    """A new contact, found by its attributes' values; its phones are written by put_phones()."""
    row = await tx.fetchrow(
        """
        INSERT INTO contact (tenant_id, created_second, attributes, created_at, updated_at)
        SELECT $1, floor(extract(epoch FROM now))::int, $2::json, now, now
          FROM ringbook_now($1) AS now
        RETURNING id, created_second, attributes, version, created_at, updated_at
        """,
        tenant_id,
        json_text(attributes),
    )
    assert row is not None
    contact = contact_of(row)
    await _put_entries(tx, tenant_id, contact.id, search_entries(schema, contact.attributes))
    return contact


async def update(tx: Tx, schema: Schema, tenant_id: int, before: Contact, attributes: Mapping[str, Any]) -> Contact:
    """`before` with these attributes instead of its own."""
    row = await tx.fetchrow(
        """
        UPDATE contact
           SET attributes = $3::json,
               version = version + 1,
               updated_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        RETURNING id, created_second, attributes, version, created_at, updated_at
        """,
        tenant_id,
        before.id,
        json_text(attributes),
    )
    assert row is not None
    old, new = search_entries(schema, before.attributes), search_entries(schema, attributes)
    await _drop_entries(tx, tenant_id, before.id, old - new)
    await _put_entries(tx, tenant_id, before.id, new - old)
    return contact_of(row)


async def delete(tx: Tx, schema: Schema, tenant_id: int, contact: Contact) -> None:
    """Take the contact out of every look-up. List records and interactions stay, unlinked."""
    await tx.execute(
        "UPDATE contact SET deleted_at = ringbook_now($1) WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        contact.id,
    )
    await _drop_entries(tx, tenant_id, contact.id, search_entries(schema, contact.attributes))
    await tx.execute("DELETE FROM contact_phone WHERE tenant_id = $1 AND contact_id = $2", tenant_id, contact.id)
    await tx.execute(
        "UPDATE list_record SET contact_id = NULL, link = NULL WHERE tenant_id = $1 AND contact_id = $2",
        tenant_id,
        contact.id,
    )
    await tx.execute(
        "UPDATE interaction SET contact_id = NULL, link = NULL WHERE tenant_id = $1 AND contact_id = $2",
        tenant_id,
        contact.id,
    )


async def count(tx: Tx, tenant_id: int, most: int) -> tuple[int, bool]:
    """How many contacts there are, and whether that is exact: above `most` it is an estimate. Index: contact_newest."""
    counted: int = await tx.fetchval(
        """
        SELECT count(*)
          FROM (
                SELECT 1
                  FROM live_contact
                 WHERE tenant_id = $1
                 ORDER BY created_second DESC, id DESC
                 LIMIT $2
               ) AS c
        """,
        tenant_id,
        most + 1,
    )
    if counted <= most:
        return counted, True
    estimated: float | None = await tx.fetchval(
        """
        SELECT t.reltuples * f.share
          FROM pg_class t
          JOIN pg_stats s
            ON s.schemaname = t.relnamespace::regnamespace::text
           AND s.tablename = t.relname
           AND s.attname = 'tenant_id'
         CROSS JOIN LATERAL unnest(s.most_common_vals::text::bigint[], s.most_common_freqs) AS f (tenant_id, share)
         WHERE t.oid = 'contact'::regclass
           AND f.tenant_id = $1
        """,
        tenant_id,
    )
    return max(counted, round(estimated or 0)), False


async def revive(tx: Tx, tenant_id: int, contact_id: int) -> None:
    """Let a deleted contact be there again, as nobody yet: its attributes are the caller's to write."""
    if fits(contact_id):
        await tx.execute(
            """
            UPDATE contact
               SET deleted_at = NULL,
                   attributes = '{}'
             WHERE tenant_id = $1
               AND id = $2
               AND deleted_at IS NOT NULL
               AND merged_into IS NULL
            """,
            tenant_id,
            contact_id,
        )


async def bring_back(tx: Tx, schema: Schema, tenant_id: int, contact: Contact) -> Contact:
    """A contact that was part of another one, as itself again: its version and times stay what they were.

    Its phones are written by put_phones(). Its stored text is left alone where its attributes are what they were.
    """
    row = await tx.fetchrow(
        """
        UPDATE contact
           SET deleted_at = NULL,
               merged_into = NULL,
               attributes = CASE WHEN attributes::text = $3 THEN attributes ELSE $3::json END
         WHERE tenant_id = $1
           AND id = $2
        RETURNING id, created_second, attributes, version, created_at, updated_at
        """,
        tenant_id,
        contact.id,
        json_text(contact.attributes),
    )
    assert row is not None
    await _put_entries(tx, tenant_id, contact.id, search_entries(schema, contact.attributes))
    return contact_of(row)


async def get(tx: Tx, tenant_id: int, contact_id: int, *, for_update: bool = False) -> Contact:
    """The contact with its phones; Missing for another tenant's, a deleted and an unknown id alike.

    MergedAway for one that is part of another one now.
    """
    if not fits(contact_id):
        raise Missing
    if for_update:
        await tx.execute("SELECT 1 FROM contact WHERE tenant_id = $1 AND id = $2 FOR UPDATE", tenant_id, contact_id)
    row = await tx.fetchrow(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM live_contact
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        contact_id,
    )
    if row is None:
        raise await _missing(tx, tenant_id, contact_id)
    return (await with_phones(tx, tenant_id, [contact_of(row)]))[0]


async def refuse_unknown(tx: Tx, tenant_id: int, contact_id: int) -> None:
    """Missing unless there is such a contact, or was one that has not been erased. Index: contact_pkey."""
    if not fits(contact_id) or not await tx.fetchval(
        "SELECT true FROM contact WHERE tenant_id = $1 AND id = $2", tenant_id, contact_id
    ):
        raise Missing


async def _missing(tx: Tx, tenant_id: int, contact_id: int) -> Missing:
    """Why a contact is not there: it is part of another one now, or there is none. Index: contact_pkey."""
    row = await tx.fetchrow(
        """
        WITH RECURSIVE chain AS (
                SELECT id, created_second AS asked_second, merged_into, deleted_at
                  FROM contact
                 WHERE tenant_id = $1
                   AND id = $2
                   AND merged_into IS NOT NULL
                 UNION ALL
                SELECT c.id, n.asked_second, c.merged_into, c.deleted_at
                  FROM chain n
                  JOIN contact c
                    ON c.tenant_id = $1
                   AND c.id = n.merged_into
             )
        SELECT id, asked_second
          FROM chain
         WHERE deleted_at IS NULL
        """,
        tenant_id,
        contact_id,
    )
    return Missing() if row is None else MergedAway(merged_into=row["id"], created_second=row["asked_second"])


async def page(tx: Tx, tenant_id: int, after: Cursor, limit: int) -> list[Contact]:
    """Contacts created before `after`, newest first. Index: contact_newest."""
    rows = await tx.fetch(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM live_contact
         WHERE tenant_id = $1
           AND (created_second, id) < ($2, $3)
         ORDER BY created_second DESC, id DESC
         LIMIT $4
        """,
        tenant_id,
        after.second,
        after.id,
        limit,
    )
    return await with_phones(tx, tenant_id, [contact_of(row) for row in rows])


async def with_phones(tx: Tx, tenant_id: int, contacts: Sequence[Contact]) -> list[Contact]:
    """The same contacts with the numbers they are found by. Index: contact_phone_contact."""
    if not contacts:
        return []
    phones: dict[int, list[ContactPhone]] = {}
    for row in await tx.fetch(
        """
        SELECT contact_id, raw, e164, source
          FROM contact_phone
         WHERE tenant_id = $1
           AND contact_id = ANY ($2::bigint[])
         ORDER BY contact_id, source_id, source
        """,
        tenant_id,
        [c.id for c in contacts],
    ):
        phones.setdefault(row["contact_id"], []).append(ContactPhone(row["raw"], row["e164"], row["source"]))
    return [msgspec.structs.replace(c, phones=tuple(phones.get(c.id, ()))) for c in contacts]


async def put_phones(
    tx: Tx,
    tenant_id: int,
    contact_id: int,
    source_id: int,
    phones: Mapping[str, Phone],
    dropped: Iterable[str] = (),
) -> None:
    """Set the numbers of one source (0: the attributes, else a list record), by field; `dropped` fields lose theirs.

    A number that moves within a source is one row less and one row more: the number itself goes with its last row.
    """
    await tx.execute(
        """
        DELETE FROM contact_phone
         WHERE tenant_id = $1
           AND contact_id = $2
           AND source_id = $3
           AND source = ANY ($4::text[])
        """,
        tenant_id,
        contact_id,
        source_id,
        [*phones, *dropped],
    )
    await tx.executemany(
        """
        INSERT INTO contact_phone (tenant_id, match_key, contact_id, source_id, source, raw, e164, digits)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (tenant_id, phone.match_key, contact_id, source_id, source, phone.raw, phone.e164, phone.digits)
            for source, phone in phones.items()
        ],
    )


async def matching(
    tx: Tx,
    tenant_id: int,
    entries: Sequence[tuple[int, int, str]],
    numbers: Sequence[tuple[int, str]],
    limit: int,
    among: Sequence[int] | None = None,
) -> list[tuple[int, int]]:
    """(condition, contact id) for each condition that a contact meets: (n, attribute id, folded) or (n, match key).

    The newest `limit` contacts of each condition, or of those `among` which it is asked.
    """
    rows = await tx.fetch(
        """
        SELECT k.n, s.contact_id
          FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (n, attribute_id, folded)
         CROSS JOIN LATERAL (
                SELECT s.contact_id
                  FROM contact_search s
                 WHERE s.tenant_id = $1
                   AND s.attribute_id = k.attribute_id
                   AND s.folded = k.folded
                   AND ($8::bigint[] IS NULL OR s.contact_id = ANY ($8))
                 ORDER BY s.contact_id DESC
                 LIMIT $7
               ) s
         UNION
        SELECT k.n, p.contact_id
          FROM unnest($5::int[], $6::text[]) AS k (n, key)
         CROSS JOIN LATERAL (
                SELECT DISTINCT p.contact_id
                  FROM contact_phone p
                 WHERE p.tenant_id = $1
                   AND p.match_key = k.key
                   AND ($8::bigint[] IS NULL OR p.contact_id = ANY ($8))
                 ORDER BY p.contact_id DESC
                 LIMIT $7
               ) p
        """,
        tenant_id,
        [n for n, _, _ in entries],
        [attribute_id for _, attribute_id, _ in entries],
        [folded for _, _, folded in entries],
        [n for n, _ in numbers],
        [key for _, key in numbers],
        limit,
        among,
    )
    return [(row["n"], row["contact_id"]) for row in rows]


async def several(tx: Tx, tenant_id: int, ids: Sequence[int]) -> list[Contact]:
    """The live contacts among `ids`, most recently written first."""
    rows = await tx.fetch(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM live_contact
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
         ORDER BY updated_at DESC, id DESC
        """,
        tenant_id,
        ids,
    )
    return await with_phones(tx, tenant_id, [contact_of(row) for row in rows])


def search_entries(schema: Schema, attributes: Mapping[str, Any]) -> set[Entry]:
    """What a contact with these attributes is found by, besides its phones.

    A word that a name begins with is found by the name: it has no entry of its own.
    """
    entries: set[Entry] = set()
    names: list[str] = []
    found: list[str] = []
    for key, value in attributes.items():
        attribute = schema.by_key.get(key)
        if attribute is None or attribute.type == "Phone":
            continue
        folded = searchable_text(attribute, value)
        if folded is not None:
            entries.add((attribute.id, folded))
            if key in NAME_KEYS and isinstance(value, str):
                names.append(folded)
                found += words(value)
    for word in found:
        if not any(name.startswith(word) for name in names):
            entries.add((NAME_WORD, word))
    return entries


async def _put_entries(tx: Tx, tenant_id: int, contact_id: int, entries: set[Entry]) -> None:
    if entries:
        await tx.execute(
            """
            INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
            SELECT $1, e.attribute_id, e.folded, $2
              FROM unnest($3::bigint[], $4::text[]) AS e (attribute_id, folded)
            ON CONFLICT DO NOTHING
            """,
            tenant_id,
            contact_id,
            [attribute_id for attribute_id, _ in entries],
            [folded for _, folded in entries],
        )


async def _drop_entries(tx: Tx, tenant_id: int, contact_id: int, entries: set[Entry]) -> None:
    if entries:
        await tx.execute(
            """
            DELETE FROM contact_search s
             USING unnest($3::bigint[], $4::text[]) AS e (attribute_id, folded)
             WHERE s.tenant_id = $1
               AND s.contact_id = $2
               AND s.attribute_id = e.attribute_id
               AND s.folded = e.folded
            """,
            tenant_id,
            contact_id,
            [attribute_id for attribute_id, _ in entries],
            [folded for _, folded in entries],
        )


def contact_of(row: asyncpg.Record) -> Contact:
    return Contact(
        id=row["id"],
        created_second=row["created_second"],
        attributes=msgspec.json.decode(row["attributes"]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
