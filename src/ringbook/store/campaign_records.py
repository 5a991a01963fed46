"""Records as a campaign's dialler sees them: the list record, how far the campaign is, and the last attempt.

Every statement is a way to find (list record, campaign record) pairs and the same reading of each pair; every step is
a LATERAL with a LIMIT, which PostgreSQL neither reorders nor turns around (see lookup.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ringbook.domain.campaign import ListedRecord
from ringbook.domain.page import fits
from ringbook.store.lanes import HotStatement
from ringbook.store.listed_records import listed, listed_record

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST = 60_000
"""Rows that one question brings at most: wolkvox's own limit."""
FEW = 200
"""Records of one foreign id that are told at once; more are read on, some at a time."""

# The layout of a campaign's own list is always the same one, and long: it is not sent along.
READING = """
       r.id AS record_id, r.list_id, r.position, r.fields, r.key_text, r.customer_id, r.external_id, r.contact_id,
       r.link, r.created_at, r.updated_at, l.list_name, l.layout, c.id, c.campaign_id, k.campaign_name,
       k.campaign_type, c.tries, c.phone_tries, c.next_try_at, c.barred, c.outcome, c.disposition, c.completed_at,
       c.last_attempt_at, c.second_disposition, c.record_notes, c.recalls, c.recall,
       a.attempt_id, a.phone, a.started_at, a.ring_seconds, a.talk_seconds, a.attempt_outcome, a.attempt_disposition,
       a.final, a.agent, a.call_id, a.cause, a.attempt_next_try_at, a.notes"""

RECORD = """LATERAL (
        SELECT r.id, r.list_id, r.position, r.fields::text AS fields, r.key_text, r.customer_id, r.external_id,
               r.contact_id, r.link, r.created_at, r.updated_at
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.id = {record}
         LIMIT 1
       ) r"""

CAMPAIGN_RECORD = """LATERAL (
        SELECT c.id, c.campaign_id, c.record_id, c.tries, c.phone_tries::text AS phone_tries, c.next_try_at, c.barred,
               c.outcome, c.disposition, c.completed_at, c.last_attempt_at, c.second_disposition,
               c.notes AS record_notes, c.recalls, c.recall::text AS recall
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND {which}
         LIMIT {limit}
       ) c"""

AROUND = """
 CROSS JOIN LATERAL (
        SELECT l.name AS list_name, CASE WHEN l.campaign_id IS NULL THEN l.fields::text END AS layout
          FROM calling_list l
         WHERE l.tenant_id = $1
           AND l.id = r.list_id
         LIMIT 1
       ) l
  LEFT JOIN LATERAL (
        SELECT k.name AS campaign_name, k.type AS campaign_type
          FROM campaign k
         WHERE k.tenant_id = $1
           AND k.id = c.campaign_id
         LIMIT 1
       ) k ON true
  LEFT JOIN LATERAL (
        SELECT a.id AS attempt_id, a.phone, a.started_at, a.ring_seconds, a.talk_seconds,
               a.outcome AS attempt_outcome, a.disposition AS attempt_disposition, a.final, a.agent, a.call_id,
               a.cause, a.next_try_at AS attempt_next_try_at, a.notes
          FROM attempt a
         WHERE a.tenant_id = $1
           AND a.campaign_record_id = c.id
         ORDER BY a.started_at DESC, a.id DESC
         LIMIT 1
       ) a ON true"""

MOST_CAMPAIGNS = 1000
"""Campaigns that one record is shown in."""

# $2 is the campaign, 0 for any. A key is a number's match keys, joined by E'\x1f'. A record that has several of them
# is there several times. Keys are asked for one by one: with ANY, a table without statistics is read by its tenant.
# Indexes: list_record_phone_match, campaign_record_record, list_record_pkey, attempt_record.
BY_NUMBER = HotStatement(
    "records by number",
    f"""
SELECT q.n::int AS n,{READING}
  FROM unnest($3::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL unnest(string_to_array(q.key, E'\\x1f')) AS m (match_key)
 CROSS JOIN LATERAL (
        SELECT f.record_id
          FROM list_record_phone f
         WHERE f.tenant_id = $1
           AND f.match_key = m.match_key
         ORDER BY f.record_id
         LIMIT {MOST}
       ) f
 CROSS JOIN {
        CAMPAIGN_RECORD.format(
            which="c.record_id = f.record_id AND ($2::bigint = 0 OR c.campaign_id = $2)", limit=MOST_CAMPAIGNS
        )
    }
 CROSS JOIN {RECORD.format(record="c.record_id")}{AROUND}
""",
)

# $2 is the campaign, 0 for any; a key is what the column has.
_BY_COLUMN = """
SELECT q.n::int AS n,{reading}
  FROM unnest($3::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL (
        SELECT r.id
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.{column} = q.key
         ORDER BY r.id
         LIMIT {limit}
       ) f
  {join} JOIN {campaign_record} ON true
 CROSS JOIN {record}{around}
"""


def _by_column(column: str, limit: int, *, listed_only: bool) -> str:
    """Records by a column; with `listed_only` also those of no campaign, so that their number tells of more."""
    which = "c.record_id = f.id AND ($2::bigint = 0 OR c.campaign_id = $2)"
    return _BY_COLUMN.format(
        column=column,
        limit=limit,
        join="LEFT" if listed_only else "INNER",
        reading=READING,
        campaign_record=CAMPAIGN_RECORD.format(which=which, limit=MOST_CAMPAIGNS),
        record=RECORD.format(record="f.id"),
        around=AROUND,
    )


# A key is a customer id, exactly as it is stored.
# Indexes: list_record_customer, campaign_record_record, list_record_pkey, attempt_record.
BY_CUSTOMER = HotStatement("records by customer id", _by_column("customer_id", MOST, listed_only=False))

# A key is a foreign system's id (jtel's UserData). Records of no campaign come too: their number tells of more.
# Indexes: list_record_external, campaign_record_record, list_record_pkey, attempt_record.
BY_EXTERNAL_ID = HotStatement("records by external id", _by_column("external_id", FEW + 1, listed_only=True))

# A key is a campaign record's id, in decimal digits. Indexes: campaign_record_pkey, list_record_pkey, attempt_record.
BY_ID = HotStatement(
    "record by campaign record id",
    f"""
SELECT q.n::int AS n,{READING}
  FROM unnest($2::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN {CAMPAIGN_RECORD.format(which="c.id = q.key::bigint", limit=1)}
 CROSS JOIN {RECORD.format(record="c.record_id")}{AROUND}
""",
)

# $2 is the list, $3 the campaign's name. A key is a record's key as it would be stored and as it was sent, joined by
# E'\x1f'. Which record is meant says lists.by_key(); it is there also where the campaign does not run over it.
# IS TRUE keeps the campaign out of the choice of an index: without statistics it may be one over a whole campaign.
# Indexes: list_record_unique, list_record_key, list_record_submitted, campaign_record_record, attempt_record.
BY_KEY = HotStatement(
    "record by key",
    f"""
SELECT q.n::int AS n,{READING}
  FROM unnest($4::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL (
        SELECT f.id
          FROM (
                (
                SELECT r.id, CASE WHEN r.key_text = split_part(q.key, E'\\x1f', 1) THEN 2 ELSE 3 END AS rank
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $2
                   AND r.key_text = ANY (string_to_array(q.key, E'\\x1f'))
                   AND r.unique_keys
                 LIMIT 2
                )
                 UNION ALL
                (
                SELECT r.id, 0
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $2
                   AND r.key_text = split_part(q.key, E'\\x1f', 1)
                   AND NOT r.unique_keys
                 ORDER BY r.id DESC
                 LIMIT 1
                )
                 UNION ALL
                (
                SELECT r.id, CASE WHEN r.unique_keys THEN 1 ELSE 0 END
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $2
                   AND r.key_submitted = split_part(q.key, E'\\x1f', 2)
                 ORDER BY r.id DESC
                 LIMIT 1
                )
               ) f
         ORDER BY f.rank, f.id DESC
         LIMIT 1
       ) f
 CROSS JOIN {RECORD.format(record="f.id")}
  LEFT JOIN LATERAL (
        SELECT k.id
          FROM campaign k
         WHERE k.tenant_id = $1
           AND k.name = $3
         LIMIT 1
       ) named ON true
  LEFT JOIN {
        CAMPAIGN_RECORD.format(which="c.record_id = r.id AND (c.campaign_id = named.id) IS TRUE", limit=1)
    } ON true{AROUND}
""",
)

HOT: Sequence[HotStatement] = (BY_NUMBER, BY_CUSTOMER, BY_EXTERNAL_ID, BY_ID, BY_KEY)


async def of_campaign(
    tx: Tx, tenant_id: int, campaign_id: int, after_record_id: int = 0, limit: int = MOST
) -> list[ListedRecord]:
    """The campaign's records in the order they were added, after this list record.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    rows = await tx.fetch(
        f"""
        SELECT {READING}
          FROM (
                SELECT c.id, c.campaign_id, c.record_id, c.tries, c.phone_tries::text AS phone_tries, c.next_try_at,
                       c.barred, c.outcome, c.disposition, c.completed_at, c.last_attempt_at, c.second_disposition,
                       c.notes AS record_notes, c.recalls, c.recall::text AS recall
                  FROM live_campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.record_id > $3
                 ORDER BY c.record_id
                 LIMIT $4
               ) c
         CROSS JOIN {RECORD.format(record="c.record_id")}{AROUND}
         ORDER BY c.record_id
        """,
        tenant_id,
        campaign_id,
        after_record_id,
        limit,
    )
    return listed(rows)


async def external_after(tx: Tx, tenant_id: int, external_id: str, after_record_id: int, limit: int) -> list[int]:
    """The list records of a foreign id in the order they were added, after this one. Index: list_record_external."""
    rows = await tx.fetch(
        """
        SELECT id
          FROM list_record
         WHERE tenant_id = $1
           AND external_id = $2
           AND id > $3
         ORDER BY id
         LIMIT $4
        """,
        tenant_id,
        external_id,
        after_record_id,
        limit,
    )
    return [row["id"] for row in rows]


async def of_records(tx: Tx, tenant_id: int, record_ids: Sequence[int], campaign_id: int) -> list[ListedRecord]:
    """These list records in the campaign, or (0) in all of theirs.

    Indexes: campaign_record_record, list_record_pkey, attempt_record.
    """
    rows = await tx.fetch(
        f"""
        SELECT {READING}
          FROM unnest($2::bigint[]) AS q (record_id)
         CROSS JOIN {
            CAMPAIGN_RECORD.format(
                which="c.record_id = q.record_id AND ($3::bigint = 0 OR c.campaign_id = $3)", limit=MOST_CAMPAIGNS
            )
        }
         CROSS JOIN {RECORD.format(record="c.record_id")}{AROUND}
        """,
        tenant_id,
        record_ids,
        campaign_id,
    )
    return [listed_record(row) for row in rows]


def id_key(id_: int) -> str | None:
    """The key of BY_ID; None for what cannot be an id."""
    return str(id_) if fits(id_) else None
