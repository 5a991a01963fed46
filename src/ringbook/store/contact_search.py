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
_FIRST = "\x01"
_MOST_NUMBERS = 100
"""Numbers of one contact that count where contacts are asked for one of them."""

_SPANS = ("prefix", "range")
"""Ways that many values meet: in an index they are not in the order of contacts."""

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
    """Ways as a statement's parameters, $2 to $11, each with the number of its criterion."""

    values: list[tuple[int, int, str]]
    spans: list[tuple[int, int, str, str]]
    numbers: list[tuple[int, str, str]]

    @property
    def parameters(self) -> list[list[object]]:
        """The columns of each kind."""
        kinds: tuple[tuple[Sequence[tuple[object, ...]], int], ...] = (
            (self.values, 3),
            (self.spans, 4),
            (self.numbers, 3),
        )
        return [[row[at] for row in rows] for rows, columns in kinds for at in range(columns)]


# The kinds of ways: their parameters, and the rows of contacts that meet one. What is between two texts is a range or
# a beginning.
_KINDS = (
    (
        "unnest($2::int[], $3::bigint[], $4::text[]) AS k (n, attribute_id, folded)",
        "contact_search s WHERE s.tenant_id = $1 AND s.attribute_id = k.attribute_id AND s.folded = k.folded",
    ),
    (
        "unnest($5::int[], $6::bigint[], $7::text[], $8::text[]) AS k (n, attribute_id, low, beyond)",
        "contact_search s WHERE s.tenant_id = $1 AND s.attribute_id = k.attribute_id AND s.folded >= k.low"
        " AND s.folded < k.beyond",
    ),
    (
        "unnest($9::int[], $10::text[], $11::text[]) AS k (n, key, literal)",
        "contact_phone s WHERE s.tenant_id = $1 AND s.match_key = k.key"
        " AND (k.literal = '' OR lower(btrim(s.raw)) = k.literal)",
    ),
)


def _of_each_way(select: str) -> str:
    """Rows of all ways, with their criterion's number: what `select` makes of the `{rows}` that meet each."""
    return " UNION ALL ".join(
        f"SELECT k.n, w.* FROM {ways} CROSS JOIN LATERAL ({select.format(rows=rows)}) AS w" for ways, rows in _KINDS
    )


# Indexes: contact_search_pkey, contact_phone_pkey.
_HOW_COMMON = f"""
SELECT n, sum(rows)::int AS rows
  FROM ({_of_each_way("SELECT count(*) AS rows FROM (SELECT 1 FROM {rows} LIMIT $12) AS r")}) AS counted
 GROUP BY n
"""
# Each way brings its newest, so the newest of all ways are among them.
_NEWEST_OF_ALL = f"""
SELECT DISTINCT contact_id
  FROM ({
    _of_each_way("SELECT DISTINCT s.contact_id FROM {rows} AND s.contact_id < $12 ORDER BY s.contact_id DESC LIMIT $13")
}) AS way
 ORDER BY contact_id DESC
 LIMIT $13
"""
# Indexes: contact_search_pkey, contact_phone_contact.
_MEETING = f"""
SELECT contact_id
  FROM ({_of_each_way("SELECT s.contact_id FROM {rows} AND s.contact_id = ANY ($12::bigint[]) LIMIT $13")}) AS met
 GROUP BY contact_id
HAVING count(DISTINCT n) = $14
"""


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
    """The newest contacts with an id below this one that meet all criteria of one of the groups, with their phones."""
    found = await hits(tx, tenant_id, schema, groups, below, limit)
    return Newest(await with_phones(tx, tenant_id, found.contacts), found.cut)


async def hits(tx: Tx, tenant_id: int, schema: Schema, groups: Sequence[Group], below: int, limit: int) -> Newest:
    """The same without their phones."""
    budget = _Budget()
    found: dict[int, Contact] = {}
    cut = False
    for group in groups:
        contacts, ended = await _of_group(tx, tenant_id, schema, group, below, limit, budget)
        found |= {contact.id: contact for contact in contacts}
        cut = cut or not ended
    chosen = sorted(found.values(), key=lambda contact: contact.id, reverse=True)[:limit]
    return Newest(chosen, cut)


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
    criteria = [_of_text(criterion) for criterion in criteria]
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
    indexed = [criterion for criterion in group if all(way.is_indexed for way in criterion)]
    begun = any(way.kind in _SPANS for criterion in indexed for way in criterion)
    if len(group) == 1 and not begun:
        return group[0], []
    common = await _how_common(tx, tenant_id, indexed)
    first = min(range(len(indexed)), key=lambda n: (common[n], any(way.kind in _SPANS for way in indexed[n])))
    leader = indexed[first]
    if common[first] >= COMMON and any(way.kind in _SPANS for way in leader):
        return None, list(group)
    return leader, [criterion for criterion in group if criterion is not leader]


async def _how_common(tx: Tx, tenant_id: int, criteria: Sequence[Criterion]) -> list[int]:
    """How many rows meet each criterion, counted no further than COMMON."""
    rows = await tx.fetch(_HOW_COMMON, tenant_id, *_ways(criteria).parameters, COMMON)
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
    rows = await tx.fetch(_NEWEST_OF_ALL, tenant_id, *_ways([leader]).parameters, below, size)
    return [row["contact_id"] for row in rows]


async def _meeting(tx: Tx, tenant_id: int, criteria: Sequence[Criterion], ids: Sequence[int]) -> Sequence[int]:
    """Those of the contacts that meet all of these criteria, in their order."""
    if not criteria or not ids:
        return ids
    most = len(ids) * _MOST_NUMBERS
    rows = await tx.fetch(_MEETING, tenant_id, *_ways(criteria).parameters, list(ids), most, len(criteria))
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


def _of_text(criterion: Criterion) -> Criterion:
    """The ways that say it all where the texts themselves are read: names have all of their words then."""
    return tuple(way for way in criterion if way.kind == "prefix" and way.attribute_id == NAME_WORD) or criterion


def _has(schema: Schema, attributes: Mapping[str, str | None], way: Way) -> bool:
    """Whether these texts meet the way."""
    if way.attribute_id == NAME_WORD:
        names = (attributes.get(key) for key in NAME_KEYS)
        return any(word.startswith(way.text) for name in names if name for word in words(name))
    value = attributes.get(way.key)
    if way.kind == "part":
        return way.text in fold(value or "")
    folded = searchable_text(schema.by_key[way.key], value)
    return folded is not None and _is_meant(folded, way)


def _is_meant(folded: str, way: Way) -> bool:
    if way.kind == "prefix":
        return folded.startswith(way.text)
    if way.kind == "range":
        return way.text <= folded and (not way.high or folded <= way.high)
    if way.kind == "amount":
        amount = float(folded)
        return (not way.text or float(way.text) <= amount) and (not way.high or amount <= float(way.high))
    return folded == way.text


def _ways(criteria: Sequence[Criterion]) -> _Ways:
    ways = [(n, way) for n, criterion in enumerate(criteria) for way in criterion]
    return _Ways(
        [(n, way.attribute_id, way.text) for n, way in ways if way.kind == "value"],
        [(n, way.attribute_id, way.text, _beyond(way)) for n, way in ways if way.kind in ("prefix", "range")],
        [(n, way.text, way.literal) for n, way in ways if way.kind == "number"],
    )


def _beyond(way: Way) -> str:
    """The first text behind all that a beginning or a range means."""
    if way.kind == "prefix":
        return way.text + _LAST
    return way.high + _FIRST if way.high else _LAST
