"""Contacts by what they have, newest first, over indexes and a bounded number of rows at a time.

Of several criteria the rarest leads: its contacts are read a batch at a time, from the newest on, and the others are
asked of each batch. A beginning that very many names have leads nobody: then contacts themselves are read, newest
first, and most batches have a hit. Newest means the highest id: that is the order of the indexes.

Every search has a budget, so that one that nearly nobody meets does not read a large tenant from end to end.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.contact import Contact, StoredContact
from ringbook.domain.criteria import NAME_WORD, Criterion, Group, Way
from ringbook.domain.schema import NAME_KEYS, Schema, searchable_text
from ringbook.domain.text import fold, words
from ringbook.store.contacts import contact_of, with_phones
from ringbook.store.lanes import HotStatement, Rows

if TYPE_CHECKING:
    from ringbook.store.database import Tx

COMMON = 10_000
"""Rows from which a criterion is common."""
_FIRST_BATCH = 200
_LARGEST_BATCH = 5000
_CHECKED_AT_ONCE = 1000
"""Contacts whose texts are compared before others of this worker have their turn."""
MOST_CHECKED = 20_000
_LONGEST_SECONDS = 1.0
_LAST = "\U0010ffff"

# The newest contacts with a number, for a phone that rings at a CIM desktop. $2 is how many.
# Indexes: contact_phone_pkey, contact_pkey.
WITH_NUMBER = HotStatement(
    "contacts with a number",
    """
SELECT q.n::int AS n, c.id, c.created_second, c.attributes, c.version, c.created_at, c.updated_at
  FROM unnest($3::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL (
        SELECT DISTINCT p.contact_id
          FROM contact_phone p
         WHERE p.tenant_id = $1
           AND p.match_key = q.key
         ORDER BY p.contact_id DESC
         LIMIT $2
       ) p
 CROSS JOIN LATERAL (
        SELECT c.id, c.created_second, c.attributes::text AS attributes, c.version, c.created_at, c.updated_at
          FROM live_contact c
         WHERE c.tenant_id = $1
           AND c.id = p.contact_id
         LIMIT 1
       ) c
""",
)

HOT: Sequence[HotStatement] = (WITH_NUMBER,)


def stored_contacts(rows: Rows) -> list[StoredContact]:
    """The contacts of WITH_NUMBER's rows for one number, newest first."""
    if len(rows) > 1:
        rows = sorted(rows, key=lambda row: row[1], reverse=True)
    return [StoredContact(row[1], row[2], msgspec.Raw(row[3].encode()), row[4], row[5], row[6]) for row in rows]


class _Ways(NamedTuple):
    """Ways as a statement's parameters, each with the number of its criterion."""

    values: list[tuple[int, int, str]]
    prefixes: list[tuple[int, int, str]]
    numbers: list[tuple[int, str, str]]

    @property
    def parameters(self) -> list[list[object]]:
        """The columns of each kind."""
        kinds: tuple[Sequence[tuple[object, ...]], ...] = (self.values, self.prefixes, self.numbers)
        return [[row[at] for row in rows] for rows in kinds for at in range(3)]


@dataclass(slots=True)
class _Budget:
    """What a search may still spend."""

    candidates: int = field(default_factory=lambda: MOST_CHECKED)
    until: float = field(default_factory=lambda: time.monotonic() + _LONGEST_SECONDS)

    @property
    def is_spent(self) -> bool:
        return self.candidates <= 0 or time.monotonic() >= self.until


class Newest(NamedTuple):
    """What a search has found, and whether it was `cut` short: others may meet it, too."""

    contacts: list[Contact]
    cut: bool


async def newest(tx: Tx, tenant_id: int, schema: Schema, groups: Sequence[Group], below: int, limit: int) -> Newest:
    """The newest contacts with an id below this one that meet all criteria of one of the groups."""
    budget = _Budget()
    found: dict[int, Contact] = {}
    cut = False
    for group in groups:
        contacts, ended = await _of_group(tx, tenant_id, schema, group, below, limit, budget)
        found |= {contact.id: contact for contact in contacts}
        cut = cut or not ended
    chosen = sorted(found.values(), key=lambda contact: contact.id, reverse=True)[:limit]
    return Newest(await with_phones(tx, tenant_id, chosen), cut)


async def _of_group(
    tx: Tx, tenant_id: int, schema: Schema, group: Group, below: int, limit: int, budget: _Budget
) -> tuple[list[Contact], bool]:
    """The newest contacts that meet the group, and whether they are all that were asked for or there are."""
    leader, others = await _led(tx, tenant_id, group)
    asked = [criterion for criterion in others if all(way.kind in ("value", "number") for way in criterion)]
    checked = [criterion for criterion in others if criterion not in asked]
    found: list[Contact] = []
    size = max(_FIRST_BATCH, limit) if asked or checked else limit
    while len(found) < limit:
        if budget.is_spent:
            return found, False
        size = min(size, max(budget.candidates, limit))
        ids = await _batch(tx, tenant_id, leader, below, size)
        budget.candidates -= len(ids) if asked or checked else 0
        meeting = await _meeting(tx, tenant_id, asked, ids)
        for at in range(0, len(meeting), _CHECKED_AT_ONCE):
            some = meeting[at : at + _CHECKED_AT_ONCE]
            met = await _checked(tx, tenant_id, schema, checked, some)
            found += await _several(tx, tenant_id, met[: limit - len(found)])
            if len(found) >= limit:
                break
            if budget.is_spent and at + len(some) < len(meeting):
                return found, False
        if len(ids) < size:
            break
        below, size = ids[-1], min(size * 4, _LARGEST_BATCH)
    return found, True


async def _checked(
    tx: Tx, tenant_id: int, schema: Schema, criteria: Sequence[Criterion], ids: Sequence[int]
) -> Sequence[int]:
    """Those of the contacts that meet what no index says of one contact: beginnings and parts of texts.

    Only the attributes that are asked about are read. Index: contact_pkey.
    """
    if not criteria or not ids:
        return ids
    ways = [way for criterion in criteria for way in criterion]
    keys = sorted({key for way in ways for key in (NAME_KEYS if way.attribute_id == NAME_WORD else (way.key,))})
    rows = await tx.fetch(
        """
        SELECT c.id,
               ARRAY(SELECT c.attributes ->> k.key
                       FROM unnest($3::text[]) WITH ORDINALITY AS k (key, n)
                      ORDER BY n) AS texts
          FROM live_contact c
         WHERE c.tenant_id = $1
           AND c.id = ANY ($2::bigint[])
        """,
        tenant_id,
        list(ids),
        keys,
    )
    known = {row["id"]: dict(zip(keys, row["texts"], strict=True)) for row in rows}
    return [
        id_
        for id_ in ids
        if id_ in known and all(any(_has(schema, known[id_], way) for way in criterion) for criterion in criteria)
    ]


async def _led(tx: Tx, tenant_id: int, group: Group) -> tuple[Criterion | None, list[Criterion]]:
    """The criterion that the fewest contacts meet (None: contacts themselves lead), and the others."""
    indexed = [criterion for criterion in group if all(way.kind != "part" for way in criterion)]
    begun = any(way.kind == "prefix" for criterion in indexed for way in criterion)
    if len(group) == 1 and not begun:
        return group[0], []
    common = await _how_common(tx, tenant_id, indexed)
    first = min(range(len(indexed)), key=lambda n: (common[n], any(way.kind == "prefix" for way in indexed[n])))
    leader = indexed[first]
    if common[first] >= COMMON and any(way.kind == "prefix" for way in leader):
        return None, list(group)
    return leader, [criterion for criterion in group if criterion is not leader]


async def _how_common(tx: Tx, tenant_id: int, criteria: Sequence[Criterion]) -> list[int]:
    """How many rows meet each criterion, counted no further than COMMON.

    Indexes: contact_search_pkey, contact_phone_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT n, sum(rows)::int AS rows
          FROM (
                SELECT k.n, s.rows
                  FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (n, attribute_id, folded)
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS rows
                          FROM (
                                SELECT 1
                                  FROM contact_search s
                                 WHERE s.tenant_id = $1
                                   AND s.attribute_id = k.attribute_id
                                   AND s.folded = k.folded
                                 LIMIT $11
                               ) s
                       ) s
                 UNION ALL
                SELECT k.n, s.rows
                  FROM unnest($5::int[], $6::bigint[], $7::text[]) AS k (n, attribute_id, prefix)
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS rows
                          FROM (
                                SELECT 1
                                  FROM contact_search s
                                 WHERE s.tenant_id = $1
                                   AND s.attribute_id = k.attribute_id
                                   AND s.folded >= k.prefix
                                   AND s.folded < k.prefix || $12
                                 LIMIT $11
                               ) s
                       ) s
                 UNION ALL
                SELECT k.n, p.rows
                  FROM unnest($8::int[], $9::text[], $10::text[]) AS k (n, key, literal)
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS rows
                          FROM (
                                SELECT 1
                                  FROM contact_phone p
                                 WHERE p.tenant_id = $1
                                   AND p.match_key = k.key
                                   AND (k.literal = '' OR lower(btrim(p.raw)) = k.literal)
                                 LIMIT $11
                               ) p
                       ) p
               ) AS counted
         GROUP BY n
        """,
        tenant_id,
        *_ways(criteria).parameters,
        COMMON,
        _LAST,
    )
    counted = {row["n"]: row["rows"] for row in rows}
    return [counted.get(n, 0) for n in range(len(criteria))]


async def _batch(tx: Tx, tenant_id: int, leader: Criterion | None, below: int, size: int) -> list[int]:
    """The highest ids below this one of contacts that meet the criterion, or of all."""
    if leader is None:
        rows = await tx.fetch(
            "SELECT id FROM live_contact WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            tenant_id,
            below,
            size,
        )
        return [row["id"] for row in rows]
    # Each way brings its newest, so the newest of all ways are among them.
    rows = await tx.fetch(
        """
        SELECT DISTINCT contact_id
          FROM (
                SELECT s.contact_id
                  FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (n, attribute_id, folded)
                 CROSS JOIN LATERAL (
                        SELECT s.contact_id
                          FROM contact_search s
                         WHERE s.tenant_id = $1
                           AND s.attribute_id = k.attribute_id
                           AND s.folded = k.folded
                           AND s.contact_id < $11
                         ORDER BY s.contact_id DESC
                         LIMIT $12
                       ) s
                 UNION ALL
                SELECT s.contact_id
                  FROM unnest($5::int[], $6::bigint[], $7::text[]) AS k (n, attribute_id, prefix)
                 CROSS JOIN LATERAL (
                        SELECT DISTINCT s.contact_id
                          FROM contact_search s
                         WHERE s.tenant_id = $1
                           AND s.attribute_id = k.attribute_id
                           AND s.folded >= k.prefix
                           AND s.folded < k.prefix || $13
                           AND s.contact_id < $11
                         ORDER BY s.contact_id DESC
                         LIMIT $12
                       ) s
                 UNION ALL
                SELECT p.contact_id
                  FROM unnest($8::int[], $9::text[], $10::text[]) AS k (n, key, literal)
                 CROSS JOIN LATERAL (
                        SELECT DISTINCT p.contact_id
                          FROM contact_phone p
                         WHERE p.tenant_id = $1
                           AND p.match_key = k.key
                           AND (k.literal = '' OR lower(btrim(p.raw)) = k.literal)
                           AND p.contact_id < $11
                         ORDER BY p.contact_id DESC
                         LIMIT $12
                       ) p
               ) AS way
         ORDER BY contact_id DESC
         LIMIT $12
        """,
        tenant_id,
        *_ways([leader]).parameters,
        below,
        size,
        _LAST,
    )
    return [row["contact_id"] for row in rows]


async def _meeting(tx: Tx, tenant_id: int, criteria: Sequence[Criterion], ids: Sequence[int]) -> Sequence[int]:
    """Those of the contacts that meet all of these criteria, in their order."""
    if not criteria or not ids:
        return ids
    ways = _ways(criteria)
    rows = await tx.fetch(
        """
        SELECT contact_id
          FROM (
                SELECT k.n, s.contact_id
                  FROM unnest($2::int[], $3::bigint[], $4::text[]) AS k (n, attribute_id, folded)
                 CROSS JOIN LATERAL (
                        SELECT s.contact_id
                          FROM contact_search s
                         WHERE s.tenant_id = $1
                           AND s.attribute_id = k.attribute_id
                           AND s.folded = k.folded
                           AND s.contact_id = ANY ($8::bigint[])
                         LIMIT $9
                       ) s
                 UNION
                SELECT k.n, p.contact_id
                  FROM unnest($5::int[], $6::text[], $7::text[]) AS k (n, key, literal)
                 CROSS JOIN LATERAL (
                        SELECT p.contact_id
                          FROM contact_phone p
                         WHERE p.tenant_id = $1
                           AND p.match_key = k.key
                           AND (k.literal = '' OR lower(btrim(p.raw)) = k.literal)
                           AND p.contact_id = ANY ($8::bigint[])
                       ) p
               ) AS met
         GROUP BY contact_id
        HAVING count(DISTINCT n) = $10
        """,
        tenant_id,
        *ways.parameters[:3],
        *ways.parameters[6:],
        list(ids),
        len(ids),
        len(criteria),
    )
    met = {row["contact_id"] for row in rows}
    return [contact_id for contact_id in ids if contact_id in met]


async def _several(tx: Tx, tenant_id: int, ids: Sequence[int]) -> list[Contact]:
    """The live contacts among `ids`, newest first."""
    if not ids:
        return []
    rows: list[asyncpg.Record] = await tx.fetch(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM live_contact
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
         ORDER BY id DESC
        """,
        tenant_id,
        list(ids),
    )
    return [contact_of(row) for row in rows]


def _has(schema: Schema, attributes: Mapping[str, str | None], way: Way) -> bool:
    """Whether these texts meet the way."""
    if way.attribute_id == NAME_WORD:
        names = (attributes.get(key) for key in NAME_KEYS)
        return any(word.startswith(way.text) for name in names if name for word in words(name))
    value = attributes.get(way.key)
    if way.kind == "part":
        return way.text in fold(value or "")
    folded = searchable_text(schema.by_key[way.key], value) or ""
    return folded.startswith(way.text) if way.kind == "prefix" else folded == way.text


def _ways(criteria: Sequence[Criterion]) -> _Ways:
    ways = [(n, way) for n, criterion in enumerate(criteria) for way in criterion]
    return _Ways(
        [(n, way.attribute_id, way.text) for n, way in ways if way.kind == "value"],
        [(n, way.attribute_id, way.text) for n, way in ways if way.kind == "prefix"],
        [(n, way.text, way.literal) for n, way in ways if way.kind == "number"],
    )
