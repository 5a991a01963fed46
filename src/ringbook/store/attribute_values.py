"""The values of one attribute over all contacts, a batch at a time: for what changes a schema that is in use.

No index says which contacts hold a key, so a batch walks contacts by id; whoever changes a schema can wait for that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.phone import Phone
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_BATCH = 2000

Attributes = dict[str, Any]


async def carriers(tx: Tx, tenant_id: int, key: str) -> AsyncIterator[dict[int, Attributes]]:
    """The attributes of the live contacts that hold this key, by contact, which are held until the transaction ends."""
    after = 0
    while rows := await tx.fetch(
        """
        SELECT id, attributes
          FROM contact
         WHERE tenant_id = $1
           AND id > $2
           AND deleted_at IS NULL
           AND attributes -> $3 IS NOT NULL
         ORDER BY id
         LIMIT $4
           FOR NO KEY UPDATE
        """,
        tenant_id,
        after,
        key,
        _BATCH,
    ):
        yield _by_contact(rows)
        after = rows[-1]["id"]


async def put_attributes(tx: Tx, tenant_id: int, attributes: Mapping[int, Attributes]) -> None:
    """Write these contacts' attributes. What changes is the schema, not what is known of them: no new version."""
    await tx.execute(
        """
        UPDATE contact c
           SET attributes = v.attributes::json
          FROM unnest($2::bigint[], $3::text[]) AS v (id, attributes)
         WHERE c.tenant_id = $1
           AND c.id = v.id
        """,
        tenant_id,
        list(attributes),
        [json_text(one) for one in attributes.values()],
    )


async def hide(tx: Tx, tenant_id: int, attribute_id: int, values: Mapping[int, Any]) -> None:
    """Keep values by contact until their attribute comes back."""
    await tx.execute(
        """
        INSERT INTO hidden_value (tenant_id, attribute_id, contact_id, value)
        SELECT $1, $2, v.contact_id, v.value::json
          FROM unnest($3::bigint[], $4::text[]) AS v (contact_id, value)
        ON CONFLICT (tenant_id, attribute_id, contact_id) DO UPDATE
           SET value = excluded.value
        """,
        tenant_id,
        attribute_id,
        list(values),
        [json_text(value) for value in values.values()],
    )


async def hidden(tx: Tx, tenant_id: int, attribute_id: int) -> AsyncIterator[dict[int, tuple[Attributes, Any]]]:
    """By live contact, its attributes and the hidden value; the contacts are held until the transaction ends."""
    after = 0
    while rows := await tx.fetch(
        """
        SELECT c.id, c.attributes, h.value
          FROM hidden_value h
          JOIN contact c
            ON c.tenant_id = $1
           AND c.id = h.contact_id
           AND c.deleted_at IS NULL
         WHERE h.tenant_id = $1
           AND h.attribute_id = $2
           AND h.contact_id > $3
         ORDER BY h.contact_id
         LIMIT $4
           FOR NO KEY UPDATE OF c
        """,
        tenant_id,
        attribute_id,
        after,
        _BATCH,
    ):
        yield {row["id"]: (msgspec.json.decode(row["attributes"]), msgspec.json.decode(row["value"])) for row in rows}
        after = rows[-1]["id"]


async def drop_hidden(tx: Tx, tenant_id: int, attribute_id: int) -> None:
    await tx.execute("DELETE FROM hidden_value WHERE tenant_id = $1 AND attribute_id = $2", tenant_id, attribute_id)


async def drop_entries(tx: Tx, tenant_id: int, attribute_id: int) -> None:
    """Nobody is found by this attribute's values any more. Index: contact_search_pkey."""
    await tx.execute("DELETE FROM contact_search WHERE tenant_id = $1 AND attribute_id = $2", tenant_id, attribute_id)


async def put_entries(tx: Tx, tenant_id: int, attribute_id: int, folded: Mapping[int, str]) -> None:
    """Let contacts be found by these folded values of the attribute."""
    await tx.execute(
        """
        INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
        SELECT $1, $2, v.folded, v.contact_id
          FROM unnest($3::bigint[], $4::text[]) AS v (contact_id, folded)
        ON CONFLICT DO NOTHING
        """,
        tenant_id,
        attribute_id,
        list(folded),
        list(folded.values()),
    )


async def duplicates(tx: Tx, tenant_id: int, attribute_id: int, limit: int) -> Sequence[str]:
    """Folded values of the attribute that several contacts have. Index: contact_search_pkey."""
    rows = await tx.fetch(
        """
        SELECT folded
          FROM contact_search
         WHERE tenant_id = $1
           AND attribute_id = $2
         GROUP BY folded
        HAVING count(*) > 1
         ORDER BY folded
         LIMIT $3
        """,
        tenant_id,
        attribute_id,
        limit,
    )
    return [row["folded"] for row in rows]


async def rename_numbers(tx: Tx, tenant_id: int, contact_ids: Iterable[int], before: str, after: str) -> None:
    """Let the numbers of a renamed phone attribute say where they come from. Index: contact_phone_contact."""
    await tx.execute(
        """
        UPDATE contact_phone
           SET source = $4
         WHERE tenant_id = $1
           AND contact_id = ANY ($2::bigint[])
           AND source_id = 0
           AND source = $3
        """,
        tenant_id,
        list(contact_ids),
        before,
        after,
    )


async def put_numbers(
    tx: Tx, tenant_id: int, contact_ids: Iterable[int], key: str, numbers: Mapping[int, Phone]
) -> None:
    """Let these contacts be found by these numbers of a phone attribute, and by no other of it."""
    await tx.execute(
        """
        DELETE FROM contact_phone
         WHERE tenant_id = $1
           AND contact_id = ANY ($2::bigint[])
           AND source_id = 0
           AND source = $3
        """,
        tenant_id,
        list(contact_ids),
        key,
    )
    await tx.executemany(
        """
        INSERT INTO contact_phone (tenant_id, match_key, contact_id, source_id, source, raw, e164, digits)
        VALUES ($1, $2, $3, 0, $4, $5, $6, $7)
        """,
        [
            (tenant_id, phone.match_key, contact_id, key, phone.raw, phone.e164, phone.digits)
            for contact_id, phone in numbers.items()
        ],
    )


def _by_contact(rows: Sequence[asyncpg.Record]) -> dict[int, Attributes]:
    return {row["id"]: msgspec.json.decode(row["attributes"]) for row in rows}
