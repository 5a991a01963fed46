"""Many list records and their contacts at once: what is read to decide whose they are, and what is written then.

Reading takes arrays and writing copies rows, so that one record and ten thousand go the same way.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ringbook.domain.apart import Holding
from ringbook.domain.calling_list import CallingList
from ringbook.domain.contact import MOST_SHARING
from ringbook.domain.linking import Entering, Linked, Person, Source, Value, customer_key
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store.contacts import search_entries
from ringbook.store.copying import Texts, escaped
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_OF_A_CUSTOMER = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """What new rows are given: the tenant's time, and ids that nothing has, ascending."""

    now: datetime
    ids: Sequence[int]


async def moment(tx: Tx, tenant_id: int, ids: int) -> Moment:
    row = await tx.fetchrow(
        """
        SELECT now, ARRAY(SELECT nextval('record_id') FROM generate_series(1, $2)) AS ids
          FROM ringbook_now($1) AS now
        """,
        tenant_id,
        ids,
    )
    assert row is not None
    return Moment(row["now"], row["ids"])


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
    """The contacts with one of these folded customer ids or numbers; of a number, one more than it may identify."""
    return {contact_id for _, contact_id in await holdings(tx, schema, tenant_id, list(customers), list(match_keys))}


async def holdings(
    tx: Tx, schema: Schema, tenant_id: int, customers: Sequence[str], match_keys: Sequence[str]
) -> list[Holding]:
    """The same by identity key: each key that somebody has, and who. Keys in their order are found a third faster.

    Indexes: contact_search_pkey, contact_phone_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT k.n, s.contact_id
          FROM json_array_elements_text($3::json) WITH ORDINALITY AS k (key, n)
         CROSS JOIN LATERAL (
                SELECT s.contact_id
                  FROM contact_search s
                 WHERE s.tenant_id = $1
                   AND s.attribute_id = $2
                   AND s.folded = k.key
                 LIMIT $5
               ) s
         UNION ALL
        SELECT -k.n, p.contact_id
          FROM json_array_elements_text($4::json) WITH ORDINALITY AS k (key, n)
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
        json_text(customers),
        json_text(match_keys),
        MOST_OF_A_CUSTOMER,
        MOST_SHARING + 1,
    )
    return [(customer_key(customers[n - 1]) if n > 0 else match_keys[-n - 1], contact_id) for n, contact_id in rows]


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
    """These contacts with their numbers, held until the transaction ends, in the order they were last written."""
    return await persons_of(tx, tenant_id, await held(tx, tenant_id, ids))


class Held(NamedTuple):
    """A contact that nobody else changes until the transaction ends."""

    id: int
    attributes: Mapping[str, Any]
    updated_at: datetime


async def held(tx: Tx, tenant_id: int, ids: Collection[int]) -> list[Held]:
    """These contacts, held. They are taken by id, as everybody takes several. Index: contact_pkey."""
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
    return [Held(id_, _decode(attributes), updated_at) for id_, attributes, updated_at in rows]


async def persons_of(tx: Tx, tenant_id: int, contacts: Sequence[Held]) -> list[Person]:
    """Contacts that are held, with their numbers, in the order they were last written. Index: contact_phone_contact."""
    if not contacts:
        return []
    numbers = await _numbers(tx, tenant_id, [contact.id for contact in contacts])
    ordered = sorted(contacts, key=lambda contact: (contact.updated_at, contact.id))
    return [_person(one.id, one.attributes, numbers.get(one.id, {}), at) for at, one in enumerate(ordered, 1)]


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


def _person(id_: int, known: Mapping[str, Any], numbers: dict[Source, Phone], written: int) -> Person:
    return Person(id_, known, dict(known), dict(numbers), numbers, written)


_decode = msgspec.json.Decoder(dict[str, Any]).decode


# ---- Writing


def record_texts(
    tenant_id: int,
    target: CallingList,
    first: int,
    now: datetime,
    records: Sequence[Entering],
    links: Sequence[Linked],
    import_id: int | None,
) -> Iterator[Texts]:
    """New records, of an import if there is one, with their contacts and numbers, at the positions from `first` on."""
    drafts = [record.draft for record in records]
    saids = map(
        "\t".join,
        zip(
            _nullable([draft.customer_id for draft in drafts]),
            _nullable([draft.external_id for draft in drafts]),
            escaped([draft.key_text for draft in drafts]),
            escaped([draft.key_submitted for draft in drafts]),
            escaped([draft.sort_name for draft in drafts]),
            escaped([json_text(draft.fields) for draft in drafts]),
            strict=True,
        ),
    )
    yield Texts(
        "list_record",
        (
            *("tenant_id", "list_id", "unique_keys", "created_at", "updated_at", "import_id", "position", "id"),
            *("contact_id", "link", "customer_id", "external_id", "key_text", "key_submitted", "sort_name", "fields"),
        ),
        f"{tenant_id}\t{target.id}\t{target.unique_keys:d}\t{now}\t{now}\t{import_id or _NULL}\t",
        [
            f"{position}\t{link.record_id}\t{link.contact_id}\t{link.link}\t{said}"
            for position, link, said in zip(itertools.count(first), links, saids, strict=False)
        ],
    )
    numbers = [
        (record.record_id, at.slot, at.field, record.phones[at.slot])
        for record in records
        for at in record.draft.phones
    ]
    yield Texts(
        "list_record_phone",
        ("tenant_id", "record_id", "slot", "field", *_NUMBER),
        f"{tenant_id}\t",
        [
            f"{record_id}\t{slot}\t{field}\t{number}"
            for (record_id, slot, _, _), field, number in zip(
                numbers, escaped([n[2] for n in numbers]), _number_texts([n[3] for n in numbers]), strict=True
            )
        ],
    )


_NULL = r"\N"
_NUMBER = ("match_key", "raw", "e164", "digits")


def _number_texts(phones: Sequence[Phone]) -> Sequence[str]:
    """What is stored of numbers wherever they are: match key, raw text, E.164 and digits."""
    keys, raws = escaped([phone.match_key for phone in phones]), escaped([phone.raw for phone in phones])
    return [
        f"{key}\t{raw}\t{phone.e164 or _NULL}\t{phone.digits}"
        for phone, key, raw in zip(phones, keys, raws, strict=True)
    ]


def _nullable(texts: Sequence[str | None]) -> Sequence[str]:
    found = escaped([text or "" for text in texts])
    return [_NULL if text is None else here for text, here in zip(texts, found, strict=True)]


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
         ORDER BY b.campaign_id, r.n
        """,
        tenant_id,
        list_id,
        record_ids,
    )


def contact_texts(
    schema: Schema, tenant_id: int, now: datetime, people: Sequence[Person], import_id: int | None
) -> Iterator[Texts]:
    """The contacts that are new, of an import if there is one, and what any of these people is found by from now on.

    In the order of the indexes they go into: many at once cost a third less so.
    """
    made = [person for person in people if person.before is None]
    yield Texts(
        "contact",
        ("tenant_id", "created_second", "created_at", "import_id", "id", "version", "updated_at", "attributes"),
        f"{tenant_id}\t{int(now.timestamp())}\t{now}\t{import_id or _NULL}\t",
        [
            f"{person.id}\t{person.writes}\t{_written_at(now, person)}\t{attributes}"
            for person, attributes in zip(made, escaped([json_text(p.attributes) for p in made]), strict=True)
        ],
    )
    entries = sorted([(*entry, p.id) for p in made for entry in search_entries(schema, p.attributes)])
    folded = escaped([entry[1] for entry in entries])
    yield Texts(
        "contact_search",
        ("tenant_id", "attribute_id", "folded", "contact_id"),
        f"{tenant_id}\t",
        [f"{id_}\t{text}\t{contact_id}" for (id_, _, contact_id), text in zip(entries, folded, strict=True)],
    )
    yield number_texts(
        tenant_id,
        [
            (p.id, source, phone)
            for p in people
            for source, phone in p.numbers.items()
            if not _same(phone, p.numbers_before.get(source))
        ],
    )


def number_texts(tenant_id: int, numbers: Sequence[tuple[int, Source, Phone]]) -> Texts:
    """Numbers that contacts are found by from now on, each with where it comes from."""
    ordered = sorted(numbers, key=lambda number: (number[2].match_key, number[0]))
    sources = escaped([source for _, (_, source), _ in ordered])
    return Texts(
        "contact_phone",
        ("tenant_id", "contact_id", "source_id", "source", *_NUMBER),
        f"{tenant_id}\t",
        [
            f"{contact_id}\t{source_id}\t{source}\t{number}"
            for (contact_id, (source_id, _), _), source, number in zip(
                ordered, sources, _number_texts([phone for _, _, phone in ordered]), strict=True
            )
        ],
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
        [json_text(person.attributes) for person in changed],
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
