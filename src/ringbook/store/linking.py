"""Many list records and their contacts at once: what is read to decide whose they are, and what is written then.

Reading takes arrays and writing copies rows, so that one record and ten thousand go the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.domain.calling_list import CallingList
from ringbook.domain.contact import MOST_SHARING
from ringbook.domain.linking import Entering, Linked, Person, Source, Value
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store.contacts import search_entries

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_MOST_OF_A_CUSTOMER = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """What new rows are given: the tenant's time, and ids that nothing has, ascending."""

    now: datetime
    ids: Sequence[int]


async def moment(tx: Tx, tenant_id: int, ids: int) -> Moment:
    rows = await tx.fetch(
        "SELECT nextval('record_id') AS id, now FROM ringbook_now($1) AS now, generate_series(1, $2)", tenant_id, ids
    )
    return Moment(rows[0]["now"], sorted(row["id"] for row in rows))


async def taken_keys(tx: Tx, tenant_id: int, list_id: int, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a record of the list has. The caller holds the list. Index: list_record_unique."""
    rows = await tx.fetch(
        """
        SELECT k.key
          FROM unnest($3::text[]) AS k (key)
         CROSS JOIN LATERAL (
                SELECT 1
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $2
                   AND r.key_text = k.key
                   AND r.unique_keys
                 LIMIT 1
               ) r
        """,
        tenant_id,
        list_id,
        keys,
    )
    return {row["key"] for row in rows}


async def candidates(
    tx: Tx, schema: Schema, tenant_id: int, customers: Collection[str], match_keys: Collection[str]
) -> set[int]:
    """The contacts with one of these folded customer ids or numbers; of a number, one more than it may identify.

    Indexes: contact_search_pkey, contact_phone_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT s.contact_id
          FROM unnest($3::text[]) AS k (key)
         CROSS JOIN LATERAL (
                SELECT s.contact_id
                  FROM contact_search s
                 WHERE s.tenant_id = $1
                   AND s.attribute_id = $2
                   AND s.folded = k.key
                 LIMIT $5
               ) s
         UNION
        SELECT p.contact_id
          FROM unnest($4::text[]) AS k (key)
         CROSS JOIN LATERAL (
                SELECT DISTINCT p.contact_id
                  FROM contact_phone p
                 WHERE p.tenant_id = $1
                   AND p.match_key = k.key
                 LIMIT $6
               ) p
        """,
        tenant_id,
        schema.by_key[CUSTOMER_ID].id,
        list(customers),
        list(match_keys),
        _MOST_OF_A_CUSTOMER,
        MOST_SHARING + 1,
    )
    return {row["contact_id"] for row in rows}


async def holders(tx: Tx, tenant_id: int, values: Collection[Value]) -> list[tuple[Value, int]]:
    """Who has these values. Index: contact_search_pkey."""
    if not values:
        return []
    rows = await tx.fetch(
        """
        SELECT v.attribute_id, v.folded, s.contact_id
          FROM unnest($2::bigint[], $3::text[]) AS v (attribute_id, folded)
         CROSS JOIN LATERAL (
                SELECT s.contact_id
                  FROM contact_search s
                 WHERE s.tenant_id = $1
                   AND s.attribute_id = v.attribute_id
                   AND s.folded = v.folded
                 LIMIT 2
               ) s
        """,
        tenant_id,
        [attribute_id for attribute_id, _ in values],
        [folded for _, folded in values],
    )
    return [((row["attribute_id"], row["folded"]), row["contact_id"]) for row in rows]


async def persons(tx: Tx, tenant_id: int, ids: Collection[int]) -> list[Person]:
    """These contacts with their numbers, held until the transaction ends, in the order they were last written.

    They are taken by id, as everybody takes several. Indexes: contact_pkey, contact_phone_contact.
    """
    if not ids:
        return []
    rows = await tx.fetch(
        """
        SELECT id, attributes, updated_at
          FROM contact
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
           AND deleted_at IS NULL
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        tenant_id,
        list(ids),
    )
    numbers = await _numbers(tx, tenant_id, ids)
    ordered = sorted(rows, key=lambda row: (row["updated_at"], row["id"]))
    return [_person(row["id"], row["attributes"], numbers.get(row["id"], {}), at) for at, row in enumerate(ordered, 1)]


async def _numbers(tx: Tx, tenant_id: int, contact_ids: Collection[int]) -> dict[int, dict[Source, Phone]]:
    numbers: dict[int, dict[Source, Phone]] = {}
    for row in await tx.fetch(
        """
        SELECT contact_id, source_id, source, raw, e164, digits, match_key
          FROM contact_phone
         WHERE tenant_id = $1
           AND contact_id = ANY ($2::bigint[])
        """,
        tenant_id,
        list(contact_ids),
    ):
        phone = Phone(row["raw"], row["e164"], row["digits"], MatchKey(row["match_key"]), "")
        numbers.setdefault(row["contact_id"], {})[row["source_id"], row["source"]] = phone
    return numbers


def _person(id_: int, attributes: str, numbers: dict[Source, Phone], written: int) -> Person:
    known = msgspec.json.decode(attributes, type=dict[str, Any])
    return Person(id_, known, dict(known), dict(numbers), numbers, written)


# ---- Writing


async def insert_records(
    tx: Tx,
    tenant_id: int,
    target: CallingList,
    first_position: int,
    now: datetime,
    records: Sequence[Entering],
    links: Sequence[Linked],
) -> None:
    """New records with their numbers and their contacts, from this position on."""
    await tx.copy_records_to_table(
        "list_record",
        columns=(
            *("tenant_id", "list_id", "unique_keys", "created_at", "updated_at", "position", "id", "fields"),
            *("key_text", "key_submitted", "customer_id", "external_id", "sort_name", "contact_id", "link"),
        ),
        records=[
            (
                *(tenant_id, target.id, target.unique_keys, now, now, position, r.record_id, _json(r.draft.fields)),
                *(r.draft.key_text, r.draft.key_submitted, r.draft.customer_id, r.draft.external_id),
                *(r.draft.sort_name, linked.contact_id, linked.link),
            )
            for position, (r, linked) in enumerate(zip(records, links, strict=True), first_position)
        ],
    )
    await tx.copy_records_to_table(
        "list_record_phone",
        columns=("tenant_id", "record_id", "slot", "field", "match_key", "raw", "e164", "digits"),
        records=[
            (tenant_id, r.record_id, at.slot, at.field, phone.match_key, phone.raw, phone.e164, phone.digits)
            for r in records
            for at in r.draft.phones
            for phone in (r.phones[at.slot],)
        ],
    )


async def take_up(tx: Tx, tenant_id: int, list_id: int, record_ids: Sequence[int]) -> None:
    """Have the campaigns that run over the list take new records of it up."""
    await tx.execute(
        """
        INSERT INTO campaign_record (tenant_id, campaign_id, list_id, record_id, created_at, changed_at)
        SELECT $1, b.campaign_id, $2, r.id, now, now
          FROM ringbook_now($1) AS now
         CROSS JOIN (
                SELECT DISTINCT campaign_id
                  FROM campaign_list
                 WHERE tenant_id = $1
                   AND list_id = $2
               ) b
         CROSS JOIN unnest($3::bigint[]) WITH ORDINALITY AS r (id, n)
         ORDER BY r.n
        """,
        tenant_id,
        list_id,
        record_ids,
    )


async def write_persons(tx: Tx, schema: Schema, tenant_id: int, now: datetime, people: Sequence[Person]) -> None:
    """Store what has become of these contacts, and what each of them is found by from now on."""
    made = [person for person in people if person.before is None]
    changed = [person for person in people if person.before is not None and person.changed]
    await _insert_contacts(tx, schema, tenant_id, now, made)
    if changed:
        await _update_contacts(tx, tenant_id, changed)
        old = {(p.id, entry) for p in changed for entry in search_entries(schema, p.before or {})}
        new = {(p.id, entry) for p in changed for entry in search_entries(schema, p.attributes)}
        await _drop_entries(tx, tenant_id, old - new)
        await _put_entries(tx, tenant_id, new - old)
    gone = [(p.id, at) for p in people for at, phone in p.numbers_before.items() if not _same(phone, p.numbers.get(at))]
    await _drop_numbers(tx, tenant_id, gone)
    await tx.copy_records_to_table(
        "contact_phone",
        columns=("tenant_id", "contact_id", "source_id", "source", "match_key", "raw", "e164", "digits"),
        records=[
            (tenant_id, p.id, *source, phone.match_key, phone.raw, phone.e164, phone.digits)
            for p in people
            for source, phone in p.numbers.items()
            if not _same(phone, p.numbers_before.get(source))
        ],
    )


def _same(one: Phone, other: Phone | None) -> bool:
    return other is not None and (one.raw, one.match_key) == (other.raw, other.match_key)


async def _insert_contacts(tx: Tx, schema: Schema, tenant_id: int, now: datetime, made: Sequence[Person]) -> None:
    second = int(now.timestamp())
    await tx.copy_records_to_table(
        "contact",
        columns=("tenant_id", "id", "created_second", "attributes", "created_at", "updated_at"),
        records=[(tenant_id, person.id, second, _json(person.attributes), now, now) for person in made],
    )
    await tx.copy_records_to_table(
        "contact_search",
        columns=("tenant_id", "attribute_id", "folded", "contact_id"),
        records=[(tenant_id, *entry, p.id) for p in made for entry in search_entries(schema, p.attributes)],
    )


async def _update_contacts(tx: Tx, tenant_id: int, changed: Sequence[Person]) -> None:
    await tx.execute(
        """
        UPDATE contact c
           SET attributes = p.attributes,
               version = version + 1,
               updated_at = ringbook_now($1)
          FROM unnest($2::bigint[], $3::json[]) AS p (id, attributes)
         WHERE c.tenant_id = $1
           AND c.id = p.id
        """,
        tenant_id,
        [person.id for person in changed],
        [_json(person.attributes) for person in changed],
    )


async def _put_entries(tx: Tx, tenant_id: int, entries: Collection[tuple[int, Value]]) -> None:
    if entries:
        await tx.execute(
            """
            INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
            SELECT $1, e.*
              FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS e
            ON CONFLICT DO NOTHING
            """,
            tenant_id,
            *_columns(entries),
        )


async def _drop_entries(tx: Tx, tenant_id: int, entries: Collection[tuple[int, Value]]) -> None:
    if entries:
        await tx.execute(
            """
            DELETE FROM contact_search s
             USING unnest($2::bigint[], $3::text[], $4::bigint[]) AS e (attribute_id, folded, contact_id)
             WHERE s.tenant_id = $1
               AND s.attribute_id = e.attribute_id
               AND s.folded = e.folded
               AND s.contact_id = e.contact_id
            """,
            tenant_id,
            *_columns(entries),
        )


def _columns(entries: Collection[tuple[int, Value]]) -> tuple[list[int], list[str], list[int]]:
    ordered = sorted(entries, key=lambda entry: (entry[1], entry[0]))
    return [value[0] for _, value in ordered], [value[1] for _, value in ordered], [id_ for id_, _ in ordered]


async def _drop_numbers(tx: Tx, tenant_id: int, numbers: Collection[tuple[int, Source]]) -> None:
    if numbers:
        await tx.execute(
            """
            DELETE FROM contact_phone p
             USING unnest($2::bigint[], $3::bigint[], $4::text[]) AS g (contact_id, source_id, source)
             WHERE p.tenant_id = $1
               AND p.contact_id = g.contact_id
               AND p.source_id = g.source_id
               AND p.source = g.source
            """,
            tenant_id,
            [contact_id for contact_id, _ in numbers],
            [source_id for _, (source_id, _) in numbers],
            [source for _, (_, source) in numbers],
        )


def _json(value: Mapping[str, Any]) -> str:
    return _encode(value).decode()


_encode = msgspec.json.Encoder().encode
