"""Many list records and their contacts at once: what is read to decide whose they are, and what is written then.

Reading takes arrays and writing copies rows, so that one record and ten thousand go the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ringbook.domain.calling_list import CallingList
from ringbook.domain.contact import MOST_SHARING
from ringbook.domain.linking import Entering, Linked, Person, Source, Value
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store.contacts import search_entries

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_OF_A_CUSTOMER = 100
_TURN = 1_000


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
        MOST_OF_A_CUSTOMER,
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


class Rows(NamedTuple):
    """What is to be copied into a table."""

    table: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


async def copy(tx: Tx, several: Iterable[Rows]) -> None:
    """Store rows; now and then, others on this worker are let in."""
    for one in several:
        if one.rows:
            await tx.copy_records_to_table(one.table, columns=one.columns, records=_in_turn(one.rows))


async def _in_turn(rows: Sequence[Sequence[Any]]) -> AsyncIterator[Sequence[Any]]:
    for at, row in enumerate(rows, 1):
        yield row
        if at % _TURN == 0:
            await asyncio.sleep(0)


def record_rows(
    tenant_id: int,
    target: CallingList,
    positions: Iterator[int],
    now: datetime,
    records: Sequence[Entering],
    links: Sequence[Linked],
    import_id: int | None,
) -> Sequence[Rows]:
    """New records, of an import if there is one, with their numbers and their contacts, at the next positions."""
    return (
        Rows(
            "list_record",
            (
                *("tenant_id", "list_id", "unique_keys", "created_at", "updated_at", "position", "id", "fields"),
                *("key_text", "key_submitted", "customer_id", "external_id", "sort_name", "contact_id", "link"),
                "import_id",
            ),
            [
                (
                    *(tenant_id, target.id, target.unique_keys, now, now, next(positions), r.record_id),
                    *(_json(r.draft.fields), r.draft.key_text, r.draft.key_submitted, r.draft.customer_id),
                    *(r.draft.external_id, r.draft.sort_name, linked.contact_id, linked.link, import_id),
                )
                for r, linked in zip(records, links, strict=True)
            ],
        ),
        Rows(
            "list_record_phone",
            ("tenant_id", "record_id", "slot", "field", "match_key", "raw", "e164", "digits"),
            [
                (tenant_id, r.record_id, at.slot, at.field, phone.match_key, phone.raw, phone.e164, phone.digits)
                for r in records
                for at in r.draft.phones
                for phone in (r.phones[at.slot],)
            ],
        ),
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


def contact_rows(
    schema: Schema, tenant_id: int, now: datetime, people: Sequence[Person], import_id: int | None
) -> Iterator[Rows]:
    """The contacts that are new, of an import if there is one, and what any of these people is found by from now on.

    In the order of the indexes they go into: many at once cost a third less so.
    """
    second = int(now.timestamp())
    made = [person for person in people if person.before is None]
    yield Rows(
        "contact",
        ("tenant_id", "id", "created_second", "attributes", "version", "created_at", "updated_at", "import_id"),
        [(tenant_id, p.id, second, _json(p.attributes), p.writes, now, _written_at(now, p), import_id) for p in made],
    )
    yield Rows(
        "contact_search",
        ("tenant_id", "attribute_id", "folded", "contact_id"),
        sorted([(tenant_id, *entry, p.id) for p in made for entry in search_entries(schema, p.attributes)]),
    )
    numbers = [
        (tenant_id, phone.match_key, p.id, *source, phone.raw, phone.e164, phone.digits)
        for p in people
        for source, phone in p.numbers.items()
        if not _same(phone, p.numbers_before.get(source))
    ]
    yield Rows(
        "contact_phone",
        ("tenant_id", "match_key", "contact_id", "source_id", "source", "raw", "e164", "digits"),
        sorted(numbers, key=itemgetter(1, 2)),
    )


async def write_changes(tx: Tx, schema: Schema, tenant_id: int, now: datetime, people: Sequence[Person]) -> None:
    """Store what has become of those contacts that were there before, and what they are found by no more."""
    changed = [person for person in people if person.before is not None and person.changed]
    if changed:
        await _update_contacts(tx, tenant_id, now, changed)
        old = {(p.id, entry) for p in changed for entry in search_entries(schema, p.before or {})}
        new = {(p.id, entry) for p in changed for entry in search_entries(schema, p.attributes)}
        await _drop_entries(tx, tenant_id, old - new)
        await _put_entries(tx, tenant_id, new - old)
    gone = [(p.id, at) for p in people for at, phone in p.numbers_before.items() if not _same(phone, p.numbers.get(at))]
    await _drop_numbers(tx, tenant_id, gone)


def _same(one: Phone, other: Phone | None) -> bool:
    return other is not None and (one.raw, one.match_key) == (other.raw, other.match_key)


def _written_at(now: datetime, person: Person) -> datetime:
    """When a person was written, among the others of now: the most recently written is who a number means."""
    return now + timedelta(microseconds=person.written)


async def _update_contacts(tx: Tx, tenant_id: int, now: datetime, changed: Sequence[Person]) -> None:
    await tx.execute(
        """
        UPDATE contact c
           SET attributes = p.attributes,
               version = version + p.writes,
               updated_at = p.updated_at
          FROM unnest($2::bigint[], $3::json[], $4::int[], $5::timestamptz[]) AS p (id, attributes, writes, updated_at)
         WHERE c.tenant_id = $1
           AND c.id = p.id
        """,
        tenant_id,
        [person.id for person in changed],
        [_json(person.attributes) for person in changed],
        [person.writes for person in changed],
        [_written_at(now, person) for person in changed],
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
