"""What says whether somebody may be called: rules, postcodes, do-not-call lists, and tries so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ringbook.domain.do_not_call import DncType
from ringbook.domain.may_call import CallingRules, TriesRule
from ringbook.store.do_not_call import MOST_LISTS
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_CONTACTS = 20
"""Contacts of one number whose postcodes are looked at."""


class Asked(NamedTuple):
    """What may be on a do-not-call list of a type, for whoever `who` stands for."""

    who: int
    type: DncType
    key: str


class Barred(NamedTuple):
    who: int
    list: str
    type: DncType
    until: datetime | None


async def rules(tx: Tx, tenant_id: int) -> CallingRules:
    """What the tenant says for all campaigns. Index: calling_rules_pkey."""
    found = await tx.fetchval("SELECT rules FROM calling_rules WHERE tenant_id = $1", tenant_id)
    return CallingRules() if found is None else msgspec.json.decode(found, type=CallingRules)


async def put_rules(tx: Tx, tenant_id: int, new: CallingRules) -> None:
    await tx.execute(
        """
        INSERT INTO calling_rules (tenant_id, rules)
        VALUES ($1, $2::json)
        ON CONFLICT (tenant_id) DO UPDATE
           SET rules = excluded.rules
        """,
        tenant_id,
        json_text(new),
    )


async def dnc_types(tx: Tx, tenant_id: int) -> set[str]:
    """The types of do-not-call lists that the tenant has. Index: dnc_list_tenant_id_name_key."""
    rows = await tx.fetch("SELECT DISTINCT type FROM dnc_list WHERE tenant_id = $1", tenant_id)
    return {row["type"] for row in rows}


async def barring(tx: Tx, tenant_id: int, campaign_id: int | None, asked: Sequence[Asked]) -> list[Barred]:
    """Which do-not-call lists bar whom from the campaign (None: from any).

    Indexes: dnc_entry_key, dnc_list_pkey, dnc_binding_pkey.
    """
    # Each step is a LATERAL with a LIMIT, which PostgreSQL does not turn around: most questions meet no entry at all.
    rows = await tx.fetch(
        f"""
        SELECT q.who, l.name, l.type, e.expires_at
          FROM unnest($3::bigint[], $4::text[], $5::text[]) AS q (who, type, key)
         CROSS JOIN LATERAL (
                SELECT e.list_id, e.expires_at
                  FROM live_dnc_entry e
                 WHERE e.tenant_id = $1
                   AND e.key = q.key
                   AND e.kind <> 'inbound'
                 LIMIT {MOST_LISTS}
               ) e
         CROSS JOIN LATERAL (
                SELECT l.name, l.type
                  FROM dnc_list l
                 WHERE l.tenant_id = $1
                   AND l.id = e.list_id
                   AND l.type = q.type
                 LIMIT 1
               ) l
         WHERE NOT EXISTS (SELECT 1 FROM dnc_binding b WHERE b.tenant_id = $1 AND b.list_id = e.list_id)
            OR EXISTS (SELECT 1
                         FROM dnc_binding b
                        WHERE b.tenant_id = $1
                          AND b.list_id = e.list_id
                          AND b.campaign_id = $2)
        """,
        tenant_id,
        campaign_id,
        [one.who for one in asked],
        [one.type for one in asked],
        [one.key for one in asked],
    )
    return [Barred(row["who"], row["name"], row["type"], row["expires_at"]) for row in rows]


async def full_since(
    tx: Tx, tenant_id: int, keys: Sequence[str], rule: TriesRule, now: datetime
) -> Mapping[str, datetime]:
    """For each of these numbers that was tried as often as the rule allows: when the oldest of these tries was.

    Index: attempt_number, read for as many attempts as the rule allows.
    """
    rows = await tx.fetch(
        """
        SELECT q.key, a.started_at
          FROM unnest($2::text[]) AS q (key)
         CROSS JOIN LATERAL (
                SELECT a.started_at
                  FROM attempt a
                 WHERE a.tenant_id = $1
                   AND a.match_key = q.key
                   AND a.started_at > $4
                   AND a.started_at <= $5
                 ORDER BY a.started_at DESC
                OFFSET $3 - 1
                 LIMIT 1
               ) a
        """,
        tenant_id,
        keys,
        rule.most,
        now - rule.window,
        now,
    )
    return {row["key"]: row["started_at"] for row in rows}


async def postcodes_of_number(tx: Tx, tenant_id: int, match_key: str) -> list[str]:
    """The postcodes of the contacts with this number. Indexes: contact_phone_pkey, contact_pkey."""
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT t.attributes ->> 'postal_code' AS postcode
          FROM (
                SELECT contact_id
                  FROM contact_phone
                 WHERE tenant_id = $1
                   AND match_key = $2
                 LIMIT {MOST_CONTACTS}
               ) p
          JOIN live_contact t
            ON t.tenant_id = $1
           AND t.id = p.contact_id
        """,
        tenant_id,
        match_key,
    )
    return [row["postcode"] for row in rows if row["postcode"]]


async def zones_of_prefixes(tx: Tx, tenant_id: int, prefixes: Sequence[str]) -> Mapping[str, str]:
    """The time zones of those of these beginnings of postcodes that the tenant has said. Index: postcode_pkey."""
    rows = await tx.fetch(
        "SELECT prefix, time_zone FROM postcode WHERE tenant_id = $1 AND prefix = ANY ($2::text[])",
        tenant_id,
        prefixes,
    )
    return {row["prefix"]: row["time_zone"] for row in rows}


async def postcodes(tx: Tx, tenant_id: int, after: str, limit: int) -> list[tuple[str, str]]:
    """Beginnings of postcodes with their time zones, in their order. Index: postcode_pkey."""
    rows = await tx.fetch(
        """
        SELECT prefix, time_zone
          FROM postcode
         WHERE tenant_id = $1
           AND prefix > $2
         ORDER BY prefix
         LIMIT $3
        """,
        tenant_id,
        after,
        limit,
    )
    return [(row["prefix"], row["time_zone"]) for row in rows]


async def replace_postcodes(tx: Tx, tenant_id: int, table: Iterable[tuple[str, str]]) -> int:
    """These and no others; how many there were."""
    # Two who replace it at once come one after the other.
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
    gone = await tx.execute("DELETE FROM postcode WHERE tenant_id = $1", tenant_id)
    await tx.copy_records_to_table(
        "postcode",
        columns=["tenant_id", "prefix", "time_zone"],
        records=[(tenant_id, prefix, time_zone) for prefix, time_zone in table],
    )
    return int(gone.removeprefix("DELETE "))
