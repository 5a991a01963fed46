"""What two writers of one person meet at, and whom a customer id or a number means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ringbook.domain.contact import MOST_SHARING, Contact, Identity
from ringbook.domain.phone import SPELLED
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.domain.text import search_key
from ringbook.store.contacts import Entry, contact_of
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def lock_identity(tx: Tx, tenant_id: int, keys: Iterable[str]) -> None:
    """Hold these identity keys until the transaction ends, so that two writers of one person meet.

    Keys are taken in sorted order: two writers that share several keys cannot wait for each other in a circle. One
    that is there is held by the same step that finds it there, so that none can be swept away in between.
    """
    ordered = sorted(set(keys))
    if not ordered:
        return
    await tx.execute(
        """
        INSERT INTO identity_key AS held (tenant_id, key)
        SELECT $1, key
          FROM json_array_elements_text($2::json) AS k (key)
         ORDER BY key COLLATE "C"
        ON CONFLICT (tenant_id, key) DO UPDATE
           SET key = held.key
         WHERE false
        """,
        tenant_id,
        json_text(ordered),
    )


async def are_there(tx: Tx, tenant_id: int, keys: Sequence[str]) -> bool:
    """Whether one of these keys is there already. Index: identity_key_pkey."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT 1 FROM identity_key WHERE tenant_id = $1 AND key = ANY ($2::text[]))", tenant_id, keys
    )
    return found


class HeldKey(NamedTuple):
    """A key's place among all keys of all tenants."""

    tenant_id: int
    key: str


FIRST_KEY = HeldKey(0, "")
"""The place before all."""


async def forget_keys(tx: Tx, after: HeldKey, limit: int) -> list[HeldKey]:
    """Remove the next keys that no writer holds, at most so many; which they were, in their order.

    A key is only a place to meet: who needs one that is not there makes it, also after a crash, which leaves none.
    Index: identity_key_pkey.
    """
    rows = await tx.fetch(
        """
        WITH free AS MATERIALIZED (
                SELECT tenant_id, key
                  FROM identity_key
                 WHERE (tenant_id, key) > ($1, $2)
                 ORDER BY tenant_id, key
                 LIMIT $3
                   FOR UPDATE SKIP LOCKED
             ), gone AS (
                DELETE FROM identity_key k
                 USING free f
                 WHERE k.tenant_id = f.tenant_id
                   AND k.key = f.key
             )
        SELECT tenant_id, key
          FROM free
         ORDER BY tenant_id, key
        """,
        *after,
        limit,
    )
    return [HeldKey(*row) for row in rows]


async def identify(
    tx: Tx, schema: Schema, tenant_id: int, customer_id: str | None, match_keys: Sequence[str]
) -> Identity:
    """The contact that a customer id or identifying numbers mean; the most recently written of several.

    A contact that has another customer id is somebody else, whatever its numbers. A number that more than 20
    contacts share identifies nobody.
    """
    if customer_id:
        found = await _with_customer_id(tx, schema, tenant_id, customer_id)
        if found:
            return Identity(found[0], "customer_id", tuple(c.id for c in found[1:]))
    found = [c for c in await sharing(tx, tenant_id, match_keys) if not c.is_somebody_else(customer_id)]
    return Identity(found[0], "phone", tuple(c.id for c in found[1:])) if found else Identity()


async def sharing(tx: Tx, tenant_id: int, match_keys: Sequence[str]) -> list[Contact]:
    """The contacts with one of these numbers, the most recently written first. One that too many share is nobody's.

    Digits in a text, `Room 12`, are no number.
    """
    if not match_keys:
        return []
    rows = await tx.fetch(
        """
        SELECT c.id, c.created_second, c.attributes, c.version, c.created_at, c.updated_at
          FROM (
                SELECT p.contact_id
                  FROM unnest($2::text[]) AS k (key)
                 CROSS JOIN LATERAL (
                        SELECT array_agg(contact_id) AS ids
                          FROM (
                                SELECT DISTINCT p.contact_id
                                  FROM contact_phone p
                                  JOIN live_contact c
                                    ON c.tenant_id = $1
                                   AND c.id = p.contact_id
                                 WHERE p.tenant_id = $1
                                   AND p.match_key = k.key
                                   AND (starts_with(p.match_key, '+') OR p.raw ~* $4)
                                 LIMIT $3 + 1
                               ) p
                       ) sharing
                 CROSS JOIN LATERAL unnest(sharing.ids) AS p (contact_id)
                 WHERE cardinality(sharing.ids) <= $3
                 GROUP BY p.contact_id
               ) p
          JOIN live_contact c
            ON c.tenant_id = $1
           AND c.id = p.contact_id
         ORDER BY c.updated_at DESC, c.id DESC
        """,
        tenant_id,
        match_keys,
        MOST_SHARING,
        f"^({SPELLED})$",
    )
    return [contact_of(row) for row in rows]


async def _with_customer_id(tx: Tx, schema: Schema, tenant_id: int, customer_id: str) -> list[Contact]:
    rows = await tx.fetch(
        """
        SELECT c.id, c.created_second, c.attributes, c.version, c.created_at, c.updated_at
          FROM contact_search s
          JOIN live_contact c
            ON c.tenant_id = $1
           AND c.id = s.contact_id
         WHERE s.tenant_id = $1
           AND s.attribute_id = $2
           AND s.folded = $3
         ORDER BY c.updated_at DESC, c.id DESC
         LIMIT 21
        """,
        tenant_id,
        schema.by_key[CUSTOMER_ID].id,
        search_key(customer_id),
    )
    return [contact_of(row) for row in rows]


async def holder_of(tx: Tx, tenant_id: int, entry: Entry, besides: int) -> int | None:
    """The contact other than `besides` that has this value, if any."""
    found: int | None = await tx.fetchval(
        """
        SELECT s.contact_id
          FROM contact_search s
          JOIN live_contact c
            ON c.tenant_id = $1
           AND c.id = s.contact_id
         WHERE s.tenant_id = $1
           AND s.attribute_id = $2
           AND s.folded = $3
           AND s.contact_id <> $4
         LIMIT 1
        """,
        tenant_id,
        *entry,
        besides,
    )
    return found
