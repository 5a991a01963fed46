"""What imports ask and hold in bulk; and what an import wrote: where its rows are, and what it changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Literal, NamedTuple

import asyncpg

from ringbook.domain.contact import MOST_SHARING
from ringbook.domain.plain_rows import Keys
from ringbook.store.copying import Texts, copy_texts, escaped
from ringbook.store.identity import lock_identity
from ringbook.store.journal import Change, change_of
from ringbook.store.json_text import json_text
from ringbook.store.linking import MOST_OF_A_CUSTOMER

if TYPE_CHECKING:
    from ringbook.store.database import Tx

Inserted = Literal["contact", "list_record"]


class Asked:
    """Identity keys to be looked up, each with the place of the row it is of: values of an attribute, or numbers."""

    def __init__(self) -> None:
        self._kinds: dict[int | None, tuple[list[int], list[str]]] = {}

    def add(self, attribute_id: int | None, place: int, key: str) -> None:
        """A key of a row; None is the attribute of numbers."""
        places, keys = self._kinds.setdefault(attribute_id, ([], []))
        places.append(place)
        keys.append(key)

    def add_all(self, columns: Iterable[Keys], places: Sequence[int]) -> None:
        """The keys of rows that stand in columns."""
        for attribute_id, _, column in columns:
            of, keys = self._kinds.setdefault(attribute_id, ([], []))
            there = [key is not None for key in column]
            of += compress(places, there)
            keys += [key for key in column if key is not None]

    def __iter__(self) -> Iterator[tuple[int | None, Sequence[int], Sequence[str]]]:
        """Of each kind, the places and the keys, in the order of the keys: an index is read a third faster so."""
        for attribute_id, (places, keys) in self._kinds.items():
            order = sorted(range(len(keys)), key=keys.__getitem__)
            if order:
                yield attribute_id, [places[at] for at in order], [keys[at] for at in order]


async def hold_keys(tx: Tx, tenant_id: int, keys: Iterable[str]) -> None:
    """The same as identity.lock_identity(), for keys of which most are new: several times as fast then.

    A key that another writer is adding is waited for; if one is there already, all go the long way.
    """
    ordered = sorted(set(keys))
    try:
        async with tx.transaction():
            await copy_texts(tx, Texts("identity_key", ("tenant_id", "key"), f"{tenant_id}\t", escaped(ordered)))
    except asyncpg.UniqueViolationError:
        await lock_identity(tx, tenant_id, ordered)


async def known(tx: Tx, tenant_id: int, asked: Asked) -> Sequence[tuple[int, int]]:
    """By place, the contacts with these keys; of a number, one more than it may identify.

    Keys travel as JSON: the driver takes ten times as long over an array. Indexes: contact_search_pkey,
    contact_phone_pkey.
    """
    found: list[tuple[int, int]] = []
    for attribute_id, places, keys in asked:
        rows = await tx.fetch(
            f"""
            SELECT k.n, p.contact_id
              FROM json_array_elements_text($2::json) WITH ORDINALITY AS k (key, n)
             CROSS JOIN LATERAL ({_with_key(attribute_id, 4)}) AS p
            """,
            tenant_id,
            json_text(keys),
            MOST_SHARING + 1 if attribute_id is None else MOST_OF_A_CUSTOMER,
            *(() if attribute_id is None else (attribute_id,)),
        )
        found += [(places[row["n"] - 1], row["contact_id"]) for row in rows]
    return found


class Recognised(NamedTuple):
    """Contacts that rows may be about, by the place of the row: who says what the row says to the letter, and the
    attributes, as JSON, of the others.
    """

    same: Sequence[tuple[int, int]]
    others: Sequence[tuple[int, int, str]]


async def recognised(tx: Tx, tenant_id: int, asked: Asked, documents: Mapping[int, str]) -> Recognised:
    """The contacts with these keys, at most two of a key; they are not held.

    Indexes: contact_search_pkey, contact_phone_pkey, contact_pkey.
    """
    same: list[tuple[int, int]] = []
    others: list[tuple[int, int, str]] = []
    for attribute_id, places, keys in asked:
        # Most are the same: told in one row, they cost the driver next to nothing.
        rows = await tx.fetch(
            f"""
            SELECT k.attributes, array_agg(k.n::int) AS places, array_agg(k.id) AS ids
              FROM (
                    SELECT k.n, c.id,
                           CASE WHEN c.attributes::text <> k.document::text THEN c.attributes::text END AS attributes
                      FROM ROWS FROM (json_array_elements_text($2::json), json_array_elements($4::json))
                           WITH ORDINALITY AS k (key, document, n)
                     CROSS JOIN LATERAL ({_with_key(attribute_id, 5)}) AS p
                     CROSS JOIN LATERAL (
                            SELECT c.id, c.attributes
                              FROM live_contact c
                             WHERE c.tenant_id = $1
                               AND c.id = p.contact_id
                             LIMIT 1
                           ) c
                   ) k
             GROUP BY k.attributes
            """,
            tenant_id,
            json_text(keys),
            2,
            f"[{','.join([documents.get(place, 'null') for place in places])}]",
            *(() if attribute_id is None else (attribute_id,)),
        )
        for attributes, at, ids in rows:
            if attributes is None:
                same += zip([places[n - 1] for n in at], ids, strict=True)
            else:
                others += [(places[n - 1], id_, attributes) for n, id_ in zip(at, ids, strict=True)]
    return Recognised(same, others)


def _with_key(attribute_id: int | None, last: int) -> str:
    """The contacts with the key k.key, $3 at most; the `last` parameter is the attribute, if it is one's value."""
    if attribute_id is None:
        return """
            SELECT DISTINCT p.contact_id
              FROM contact_phone p
             WHERE p.tenant_id = $1
               AND p.match_key = k.key
             LIMIT $3"""
    return f"""
            SELECT s.contact_id
              FROM contact_search s
             WHERE s.tenant_id = $1
               AND s.attribute_id = ${last}
               AND s.folded = k.key
             LIMIT $3"""


async def note_range(tx: Tx, tenant_id: int, import_id: int, entity: Inserted, ids: Sequence[int]) -> None:
    """Remember between which ids the import has just inserted rows. They are rising."""
    if ids:
        await tx.execute(
            """
            INSERT INTO import_range (tenant_id, import_id, entity, first_id, last_id)
            VALUES ($1, $2, $3, $4, $5)
            """,
            tenant_id,
            import_id,
            entity,
            ids[0],
            ids[-1],
        )


async def inserted(tx: Tx, tenant_id: int, import_id: int, entity: Inserted, after: int, limit: int) -> Sequence[int]:
    """The ids of rows that the import inserted and that are still there, rising, from behind `after` on.

    Indexes: import_range_pkey, and the table's own.
    """
    rows = await tx.fetch(_INSERTED[entity], tenant_id, import_id, entity, after, limit)
    return [row["id"] for row in rows]


_TABLES: Sequence[tuple[Inserted, str]] = (
    ("contact", "(SELECT tenant_id, id, import_id FROM contact WHERE deleted_at IS NULL)"),
    ("list_record", "list_record"),
)
_INSERTED = {
    entity: f"""
        SELECT i.id
          FROM import_range r
         CROSS JOIN LATERAL (
                SELECT e.id
                  FROM {table} e
                 WHERE e.tenant_id = $1
                   AND e.id BETWEEN greatest(r.first_id, $4 + 1) AND r.last_id
                   AND e.import_id = $2
                 ORDER BY e.id
                 LIMIT $5
               ) i
         WHERE r.tenant_id = $1
           AND r.import_id = $2
           AND r.entity = $3
           AND r.last_id > $4
         ORDER BY r.first_id, i.id
         LIMIT $5
    """
    for entity, table in _TABLES
}


async def changed(tx: Tx, tenant_id: int, import_id: int, below: int, limit: int) -> Sequence[Change]:
    """What the import changed of rows that were there before, the newest first, with ids below `below`.

    Index: change_import.
    """
    rows = await tx.fetch(
        """
        SELECT id, at, actor, dialect, entity, entity_id, before, after
          FROM change
         WHERE tenant_id = $1
           AND import_id = $2
           AND id < $3
         ORDER BY id DESC
         LIMIT $4
        """,
        tenant_id,
        import_id,
        below,
        limit,
    )
    return [change_of(row) for row in rows]
