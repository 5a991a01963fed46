"""Calling lists and their records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from ringbook.domain.calling_list import CallingList, ListRecord
from ringbook.domain.layout import Field, RecordDraft
from ringbook.domain.page import fits
from ringbook.domain.phone import Phone
from ringbook.domain.problems import Missing
from ringbook.store.campaigns import leave_attempts
from ringbook.store.json_text import json_text
from ringbook.store.lanes import HotStatement, Rows

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_LIST = "id, name, campaign_id, fields, unique_keys"
_RECORD = "r.id, r.list_id, r.position, r.fields, r.key_text, r.customer_id, r.contact_id, r.link, r.updated_at"


async def add_list(
    tx: Tx, tenant_id: int, name: str, fields: Sequence[Field], *, campaign_id: int | None, unique_keys: bool
) -> CallingList:
    row = await tx.fetchrow(
        f"""
        INSERT INTO calling_list (tenant_id, name, campaign_id, fields, unique_keys, created_at)
        VALUES ($1, $2, $3, $4::json, $5, ringbook_now($1))
        RETURNING {_LIST}
        """,
        tenant_id,
        name,
        campaign_id,
        json_text(fields),
        unique_keys,
    )
    assert row is not None
    return _list(row)


async def put_fields(
    tx: Tx, tenant_id: int, list_id: int, fields: Sequence[Field], *, unique_keys: bool
) -> CallingList:
    row = await tx.fetchrow(
        f"""
        UPDATE calling_list
           SET fields = $3::json,
               unique_keys = $4
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {_LIST}
        """,
        tenant_id,
        list_id,
        json_text(fields),
        unique_keys,
    )
    assert row is not None
    return _list(row)


async def get(tx: Tx, tenant_id: int, list_id: int) -> CallingList:
    if not fits(list_id):
        raise Missing("There is no such list.", of="list")
    row = await tx.fetchrow(f"SELECT {_LIST} FROM calling_list WHERE tenant_id = $1 AND id = $2", tenant_id, list_id)
    if row is None:
        raise Missing("There is no such list.", of="list")
    return _list(row)


# A key is a list's name. Index: calling_list_tenant_id_name_key.
BY_NAME = HotStatement(
    "list by name",
    """
SELECT q.n::int AS n, l.id, l.name, l.campaign_id, l.fields, l.unique_keys
  FROM unnest($2::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL (
        SELECT l.id, l.name, l.campaign_id, l.fields::text AS fields, l.unique_keys
          FROM calling_list l
         WHERE l.tenant_id = $1
           AND l.name = q.key
         LIMIT 1
       ) l
""",
)

HOT: Sequence[HotStatement] = (BY_NAME,)


def named(rows: Rows) -> CallingList:
    """The list that BY_NAME has found; Missing if it found none."""
    if not rows:
        raise Missing("There is no such list.", of="list")
    return _list(rows[0])


async def by_name(tx: Tx, tenant_id: int, name: str) -> CallingList | None:
    row = await tx.fetchrow(f"SELECT {_LIST} FROM calling_list WHERE tenant_id = $1 AND name = $2", tenant_id, name)
    return None if row is None else _list(row)


async def own_list(tx: Tx, tenant_id: int, campaign_id: int) -> CallingList:
    """The list that wolkvox and jtel load into."""
    row = await tx.fetchrow(
        f"SELECT {_LIST} FROM calling_list WHERE tenant_id = $1 AND campaign_id = $2", tenant_id, campaign_id
    )
    if row is None:
        raise Missing
    return _list(row)


async def all_lists(tx: Tx, tenant_id: int) -> list[CallingList]:
    """Every list but the campaigns' own ones that have no record yet."""
    rows = await tx.fetch(
        f"""
        SELECT {_LIST}
          FROM calling_list
         WHERE tenant_id = $1
           AND (campaign_id IS NULL OR next_position > 0)
         ORDER BY name
        """,
        tenant_id,
    )
    return [_list(row) for row in rows]


async def page(tx: Tx, tenant_id: int, after: int, limit: int) -> list[CallingList]:
    """The same in the order they were made, with ids above `after`. Index: calling_list_pkey."""
    rows = await tx.fetch(
        f"""
        SELECT {_LIST}
          FROM calling_list
         WHERE tenant_id = $1
           AND id > $2
           AND (campaign_id IS NULL OR next_position > 0)
         ORDER BY id
         LIMIT $3
        """,
        tenant_id,
        after,
        limit,
    )
    return [_list(row) for row in rows]


async def lock(tx: Tx, tenant_id: int, list_id: int, positions: int = 0) -> int:
    """Hold the list against other writers and take `positions` of its positions; the first of them."""
    first: int | None = await tx.fetchval(
        """
        UPDATE calling_list
           SET next_position = next_position + $3
         WHERE tenant_id = $1
           AND id = $2
        RETURNING next_position - $3
        """,
        tenant_id,
        list_id,
        positions,
    )
    if first is None:
        raise Missing
    return first


async def update_record(
    tx: Tx, tenant_id: int, record_id: int, draft: RecordDraft, phones: Mapping[int, Phone]
) -> ListRecord:
    """The record with the draft's fields and numbers instead of its own."""
    row = await tx.fetchrow(
        f"""
        UPDATE list_record r
           SET fields = $3::json,
               customer_id = $4,
               external_id = $5,
               key_submitted = CASE WHEN key_text = $6 THEN key_submitted ELSE $7 END,
               key_text = $6,
               sort_name = $8,
               updated_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {_RECORD}
        """,
        tenant_id,
        record_id,
        json_text(draft.fields),
        draft.customer_id,
        draft.external_id,
        draft.key_text,
        draft.key_submitted,
        draft.sort_name,
    )
    assert row is not None
    await tx.execute("DELETE FROM list_record_phone WHERE tenant_id = $1 AND record_id = $2", tenant_id, record_id)
    await _put_phones(tx, tenant_id, record_id, draft, phones)
    return _record(row)


async def link(tx: Tx, tenant_id: int, record_id: int, contact_id: int, by: str) -> None:
    await tx.execute(
        "UPDATE list_record SET contact_id = $3, link = $4 WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        record_id,
        contact_id,
        by,
    )


async def by_key(tx: Tx, tenant_id: int, target: CallingList, key: str, submitted: str) -> ListRecord | None:
    """The record of the list whose key, as stored or as it was sent, is the one asked for in either form.

    Where keys are unique, the record that was sent so comes first, then the one that is stored as this would be, then
    the one that is stored so. Elsewhere the newest is meant.
    """
    return (await by_keys(tx, tenant_id, target, [(key, submitted)])).get(0)


async def by_keys(
    tx: Tx, tenant_id: int, target: CallingList, keys: Sequence[tuple[str, str]]
) -> dict[int, ListRecord]:
    """The same for many keys, each as stored and as it was sent: by place, the records that there are.

    Indexes: list_record_unique or list_record_key, list_record_submitted, list_record_pkey.
    """
    # Only ids, each from the whole of its index: of an empty table, others seem as good that read the whole list, and
    # such a plan is kept while the list fills.
    if target.unique_keys:
        own, newest, ranks = "r.unique_keys", "", (1, 2, 3)
    else:
        own, newest, ranks = "NOT r.unique_keys", "ORDER BY r.id DESC", (0, 0, 0)
    by_key = f"""
                SELECT r.id
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $2
                   AND {own}
                   AND r.key_text = {{key}}
                 {newest}
                 LIMIT 1
    """
    rows = await tx.fetch(
        f"""
        SELECT k.n::int - 1 AS n, f.id
          FROM ROWS FROM (json_array_elements_text($3::json), json_array_elements_text($4::json))
               WITH ORDINALITY AS k (key, submitted, n)
         CROSS JOIN LATERAL (
                SELECT f.id
                  FROM (
                        (
                        SELECT r.id, {ranks[0]} AS rank
                          FROM list_record r
                         WHERE r.tenant_id = $1
                           AND r.list_id = $2
                           AND r.key_submitted = k.submitted
                         ORDER BY r.id DESC
                         LIMIT 1
                        )
                         UNION ALL
                        SELECT s.id, {ranks[1]} FROM ({by_key.format(key="k.key")}) s
                         UNION ALL
                        SELECT s.id, {ranks[2]} FROM ({by_key.format(key="k.submitted")}) s WHERE k.submitted <> k.key
                       ) f
                 ORDER BY f.rank, f.id DESC
                 LIMIT 1
               ) f
        """,
        tenant_id,
        target.id,
        json_text([key for key, _ in keys]),
        json_text([submitted for _, submitted in keys]),
    )
    found = await _several(tx, tenant_id, {row["id"] for row in rows}) if rows else {}
    return {row["n"]: found[row["id"]] for row in rows if row["id"] in found}


async def _several(tx: Tx, tenant_id: int, ids: Collection[int]) -> dict[int, ListRecord]:
    rows = await tx.fetch(
        f"SELECT {_RECORD} FROM list_record r WHERE tenant_id = $1 AND id = ANY ($2::bigint[])", tenant_id, list(ids)
    )
    return {row["id"]: _record(row) for row in rows}


async def taken_loose_keys(tx: Tx, tenant_id: int, list_id: int, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a record has, in a list whose keys are not unique. Index: list_record_key."""
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
                   AND NOT r.unique_keys
                 LIMIT 1
               ) r
        """,
        tenant_id,
        list_id,
        keys,
    )
    return {row["key"] for row in rows}


async def by_external_id(tx: Tx, tenant_id: int, list_id: int, external_id: str) -> ListRecord | None:
    """The newest record of the list with this id of a foreign system. Index: list_record_external."""
    row = await tx.fetchrow(
        f"""
        SELECT {_RECORD}
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.external_id = $3
           AND r.list_id = $2
         ORDER BY r.id DESC
         LIMIT 1
        """,
        tenant_id,
        list_id,
        external_id,
    )
    return None if row is None else _record(row)


async def contact_of_external_id(tx: Tx, tenant_id: int, external_id: str) -> int | None:
    """The contact behind the newest record with this foreign id. Index: list_record_external."""
    found: int | None = await tx.fetchval(
        """
        SELECT contact_id
          FROM list_record
         WHERE tenant_id = $1
           AND external_id = $2
           AND contact_id IS NOT NULL
         ORDER BY id DESC
         LIMIT 1
        """,
        tenant_id,
        external_id,
    )
    return found


async def record(tx: Tx, tenant_id: int, record_id: int, *, for_update: bool = False) -> ListRecord:
    if not fits(record_id):
        raise Missing
    row = await tx.fetchrow(
        f"SELECT {_RECORD} FROM list_record r WHERE tenant_id = $1 AND id = $2" + (" FOR UPDATE" if for_update else ""),
        tenant_id,
        record_id,
    )
    if row is None:
        raise Missing
    return _record(row)


async def records(tx: Tx, tenant_id: int, list_id: int, start: int, limit: int) -> list[ListRecord]:
    """Records from a position on. Index: list_record_position."""
    rows = await tx.fetch(
        f"""
        SELECT {_RECORD}
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.list_id = $2
           AND r.position >= $3
         ORDER BY r.position
         LIMIT $4
        """,
        tenant_id,
        list_id,
        start,
        limit,
    )
    return [_record(row) for row in rows]


async def numbers(tx: Tx, tenant_id: int, record_id: int) -> dict[str, str]:
    """The record's numbers as they were written, by field."""
    rows = await tx.fetch(
        "SELECT field, raw FROM list_record_phone WHERE tenant_id = $1 AND record_id = $2", tenant_id, record_id
    )
    return {row["field"]: row["raw"] for row in rows}


async def numbers_of(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """The same of many records. Index: list_record_phone_pkey."""
    numbers: dict[int, dict[str, str]] = {id_: {} for id_ in record_ids}
    for row in await tx.fetch(
        "SELECT record_id, field, raw FROM list_record_phone WHERE tenant_id = $1 AND record_id = ANY ($2::bigint[])",
        tenant_id,
        record_ids,
    ):
        numbers[row["record_id"]][row["field"]] = row["raw"]
    return numbers


async def hold_of_contact(tx: Tx, tenant_id: int, contact_id: int) -> None:
    """Hold the contact's records until the transaction ends, as a writer of one does before it takes its contact."""
    await tx.execute(
        "SELECT 1 FROM list_record WHERE tenant_id = $1 AND contact_id = $2 ORDER BY id FOR UPDATE",
        tenant_id,
        contact_id,
    )


async def hold_called(tx: Tx, tenant_id: int, campaign_id: int, record_or_own_id: int) -> None:
    """Let nobody change or delete the list record behind a campaign record until the transaction ends.

    Indexes: campaign_record_pkey, campaign_record_record, list_record_pkey.
    """
    if fits(record_or_own_id):
        await tx.execute(
            """
            SELECT 1
              FROM list_record
             WHERE tenant_id = $1
               AND id IN (
                       SELECT record_id
                         FROM campaign_record
                        WHERE tenant_id = $1
                          AND campaign_id = $2
                          AND (id = $3 OR record_id = $3)
                     )
               FOR SHARE
            """,
            tenant_id,
            campaign_id,
            record_or_own_id,
        )


async def phones(tx: Tx, tenant_id: int, record_id: int) -> dict[int, tuple[str, str]]:
    """The record's numbers by slot: match key and raw text."""
    rows = await tx.fetch(
        "SELECT slot, match_key, raw FROM list_record_phone WHERE tenant_id = $1 AND record_id = $2",
        tenant_id,
        record_id,
    )
    return {row["slot"]: (row["match_key"], row["raw"]) for row in rows}


async def places(tx: Tx, tenant_id: int, list_id: int, start: int, limit: int) -> list[tuple[int, int]]:
    """Position and id of records from a position on. Index: list_record_position."""
    rows = await tx.fetch(
        """
        SELECT position, id
          FROM list_record
         WHERE tenant_id = $1
           AND list_id = $2
           AND position >= $3
         ORDER BY position
         LIMIT $4
        """,
        tenant_id,
        list_id,
        start,
        limit,
    )
    return [(row["position"], row["id"]) for row in rows]


async def delete_records(tx: Tx, tenant_id: int, list_id: int, ids: Sequence[int]) -> int:
    """Delete these records of the list everywhere; how many. Contacts and their history stay."""
    gone = await tx.fetch(
        """
        DELETE FROM list_record
         WHERE tenant_id = $1
           AND list_id = $2
           AND id = ANY ($3::bigint[])
        RETURNING id, contact_id
        """,
        tenant_id,
        list_id,
        ids,
    )
    record_ids = [row["id"] for row in gone]
    await tx.execute(
        "DELETE FROM list_record_phone WHERE tenant_id = $1 AND record_id = ANY ($2::bigint[])", tenant_id, record_ids
    )
    await tx.execute(
        """
        DELETE FROM contact_phone p
         USING unnest($2::bigint[], $3::bigint[]) AS g (record_id, contact_id)
         WHERE p.tenant_id = $1
           AND p.contact_id = g.contact_id
           AND p.source_id = g.record_id
        """,
        tenant_id,
        record_ids,
        [row["contact_id"] for row in gone],
    )
    await _delete_campaign_records(tx, tenant_id, record_ids)
    return len(record_ids)


async def _delete_campaign_records(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> None:
    # The records first: an attempt that is being reported holds its record, and is seen once that is gone.
    gone = await tx.fetch(
        "DELETE FROM campaign_record WHERE tenant_id = $1 AND record_id = ANY ($2::bigint[]) RETURNING id",
        tenant_id,
        record_ids,
    )
    await leave_attempts(tx, tenant_id, [row["id"] for row in gone])


async def drop_list(tx: Tx, tenant_id: int, list_id: int) -> None:
    """Delete the list, whose records are gone."""
    await tx.execute("DELETE FROM calling_list WHERE tenant_id = $1 AND id = $2", tenant_id, list_id)


async def _put_phones(tx: Tx, tenant_id: int, record_id: int, draft: RecordDraft, phones: Mapping[int, Phone]) -> None:
    await tx.executemany(
        """
        INSERT INTO list_record_phone (tenant_id, record_id, slot, field, match_key, raw, e164, digits)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (tenant_id, record_id, p.slot, p.field, phone.match_key, phone.raw, phone.e164, phone.digits)
            for p in draft.phones
            for phone in (phones[p.slot],)
        ],
    )


def _list(row: asyncpg.Record) -> CallingList:
    return CallingList(
        row["id"],
        row["name"],
        row["campaign_id"],
        _fields(row["fields"]),
        row["unique_keys"],
    )


@lru_cache(maxsize=1000)
def _fields(text: str) -> tuple[Field, ...]:
    """A list's fields, read once: the text is its own key, so that changed ones are others."""
    return msgspec.json.decode(text, type=tuple[Field, ...])


def _record(row: asyncpg.Record) -> ListRecord:
    return ListRecord(
        id=row["id"],
        list_id=row["list_id"],
        position=row["position"],
        fields=msgspec.json.decode(row["fields"], type=dict[str, str]),
        key_text=row["key_text"],
        customer_id=row["customer_id"],
        contact_id=row["contact_id"],
        link=row["link"],
        updated_at=row["updated_at"],
    )
