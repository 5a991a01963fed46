"""What was called between two moments: attempts with the records they were on, and counts of records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.attempt import Attempt, Outcome
from ringbook.domain.calling_list import OWN_LAYOUT
from ringbook.domain.campaign import CalledRecord, Counted, Pace
from ringbook.store.campaign_records import MOST
from ringbook.store.dialling import RESULT
from ringbook.store.listed_records import layout_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx

# An attempt whose record is gone is told only where somebody was reached.
_TOLD = "(a.campaign_record_id IS NOT NULL OR a.outcome = 'answered')"
# Never called, and there by the end of the range; or last called in it.
_IN_RANGE = """
                   AND (c.last_attempt_at >= $3 AND c.last_attempt_at < $4
                        OR c.last_attempt_at IS NULL AND c.created_at < $4)"""


async def attempts(
    tx: Tx,
    tenant_id: int,
    campaign_ids: Sequence[int],
    start: datetime,
    end: datetime,
    outcomes: Sequence[Outcome] | None,
) -> list[CalledRecord]:
    """The campaigns' attempts in their order, with what is known of whom they were for.

    Indexes: attempt_campaign, list_record_pkey, contact_pkey, campaign_record_pkey.
    """
    rows = await tx.fetch(
        f"""
        SELECT a.*, r.fields, r.layout, p.attributes, c.second_disposition, c.notes AS record_notes
          FROM (
                SELECT a.id, a.campaign_id, a.campaign_record_id, a.record_id, a.contact_id, a.phone, a.started_at,
                       a.ring_seconds, a.talk_seconds, a.outcome, a.disposition, a.final, a.agent, a.call_id, a.cause,
                       a.next_try_at, a.notes
                  FROM unnest($2::bigint[]) AS k (campaign_id)
                 CROSS JOIN LATERAL (
                        SELECT a.*
                          FROM attempt a
                         WHERE a.tenant_id = $1
                           AND a.campaign_id = k.campaign_id
                           AND a.started_at >= $3
                           AND a.started_at < $4
                           AND ($5::text[] IS NULL OR a.outcome = ANY ($5))
                           AND {_TOLD}
                         ORDER BY a.started_at, a.id
                         LIMIT {MOST}
                       ) a
                 ORDER BY a.started_at, a.id
                 LIMIT {MOST}
               ) a
          LEFT JOIN LATERAL (
                SELECT r.fields::text AS fields,
                       CASE WHEN l.campaign_id IS NULL THEN l.fields::text END AS layout
                  FROM list_record r
                  JOIN calling_list l
                    ON l.tenant_id = $1
                   AND l.id = r.list_id
                 WHERE r.tenant_id = $1
                   AND r.id = a.record_id
                 LIMIT 1
               ) r ON true
          LEFT JOIN LATERAL (
                SELECT p.attributes::text AS attributes
                  FROM live_contact p
                 WHERE p.tenant_id = $1
                   AND p.id = a.contact_id
                   AND r.fields IS NULL
                 LIMIT 1
               ) p ON true
          LEFT JOIN LATERAL (
                SELECT c.second_disposition, c.notes
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.id = a.campaign_record_id
                 LIMIT 1
               ) c ON true
         ORDER BY a.started_at, a.id
        """,
        tenant_id,
        campaign_ids,
        start,
        end,
        outcomes,
    )
    return [_called(row) for row in rows]


async def outcomes(
    tx: Tx, tenant_id: int, campaign_ids: Sequence[int], start: datetime, end: datetime
) -> list[tuple[str, int]]:
    """How many attempts had which outcome. Index: attempt_campaign."""
    rows = await tx.fetch(
        f"""
        SELECT a.outcome, count(*) AS n
          FROM unnest($2::bigint[]) AS k (campaign_id)
         CROSS JOIN LATERAL (
                SELECT a.outcome
                  FROM attempt a
                 WHERE a.tenant_id = $1
                   AND a.campaign_id = k.campaign_id
                   AND a.started_at >= $3
                   AND a.started_at < $4
                   AND {_TOLD}
                OFFSET 0
               ) a
         GROUP BY a.outcome
        """,
        tenant_id,
        campaign_ids,
        start,
        end,
    )
    return [(row["outcome"], row["n"]) for row in rows]


async def results(tx: Tx, tenant_id: int, campaign_ids: Sequence[int], start: datetime, end: datetime) -> list[Counted]:
    """How many records have which result, and whether a call is promised to them.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    rows = await tx.fetch(
        f"""
        SELECT c.result, c.recall, count(*) AS n
          FROM unnest($2::bigint[]) AS k (campaign_id)
         CROSS JOIN LATERAL (
                SELECT {RESULT} AS result, c.recall IS NOT NULL AS recall
                  FROM live_campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = k.campaign_id{_IN_RANGE}
                OFFSET 0
               ) c
         GROUP BY c.result, c.recall
        """,
        tenant_id,
        campaign_ids,
        start,
        end,
    )
    return [Counted(row["result"], row["recall"], row["n"]) for row in rows]


async def dispositions(
    tx: Tx, tenant_id: int, campaign_ids: Sequence[int], start: datetime, end: datetime
) -> list[tuple[str, int]]:
    """How many records were given which disposition by who called them, or by hand.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    rows = await tx.fetch(
        """
        SELECT c.disposition, count(*) AS n
          FROM unnest($2::bigint[]) AS k (campaign_id)
         CROSS JOIN LATERAL (
                SELECT c.disposition
                  FROM live_campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = k.campaign_id
                   AND c.disposition <> ''
                   AND COALESCE(c.last_attempt_at, c.completed_at) >= $3
                   AND COALESCE(c.last_attempt_at, c.completed_at) < $4
                OFFSET 0
               ) c
         GROUP BY c.disposition
         ORDER BY c.disposition
        """,
        tenant_id,
        campaign_ids,
        start,
        end,
    )
    return [(row["disposition"], row["n"]) for row in rows]


async def numbers_called(tx: Tx, tenant_id: int, campaign_record_ids: Sequence[int]) -> dict[int, list[str]]:
    """The numbers on which each of these records was called, in their order. Index: attempt_record."""
    rows = await tx.fetch(
        """
        SELECT a.campaign_record_id, array_agg(a.phone ORDER BY a.started_at, a.id) AS phones
          FROM attempt a
         WHERE a.tenant_id = $1
           AND a.campaign_record_id = ANY ($2::bigint[])
         GROUP BY a.campaign_record_id
        """,
        tenant_id,
        campaign_record_ids,
    )
    return {row["campaign_record_id"]: row["phones"] for row in rows}


async def paces(tx: Tx, tenant_id: int, campaign_ids: Sequence[int]) -> dict[int, Pace]:
    """When each campaign called last, and how much in the last minute, of those that ever did.

    Index: attempt_campaign.
    """
    rows = await tx.fetch(
        """
        SELECT k.campaign_id, a.started_at, m.n
          FROM unnest($2::bigint[]) AS k (campaign_id)
         CROSS JOIN LATERAL (
                SELECT a.started_at
                  FROM attempt a
                 WHERE a.tenant_id = $1
                   AND a.campaign_id = k.campaign_id
                 ORDER BY a.started_at DESC, a.id DESC
                 LIMIT 1
               ) a
         CROSS JOIN LATERAL (
                SELECT count(*) AS n
                  FROM attempt m
                 WHERE m.tenant_id = $1
                   AND m.campaign_id = k.campaign_id
                   AND m.started_at > ringbook_now($1) - interval '1 minute'
                   AND m.started_at <= ringbook_now($1)
               ) m
        """,
        tenant_id,
        campaign_ids,
    )
    return {row["campaign_id"]: Pace(row["started_at"], row["n"]) for row in rows}


def _called(row: asyncpg.Record) -> CalledRecord:
    fields: dict[str, str] = {} if row["fields"] is None else msgspec.json.decode(row["fields"])
    known: dict[str, Any] = {} if row["attributes"] is None else msgspec.json.decode(row["attributes"])
    attempt = Attempt(
        id=row["id"],
        campaign_id=row["campaign_id"],
        campaign_record_id=row["campaign_record_id"],
        phone=row["phone"],
        started_at=row["started_at"],
        ring_seconds=row["ring_seconds"],
        talk_seconds=row["talk_seconds"],
        outcome=row["outcome"],
        disposition=row["disposition"],
        final=row["final"],
        agent=row["agent"],
        call_id=row["call_id"],
        cause=row["cause"],
        next_try_at=row["next_try_at"],
        notes=row["notes"],
    )
    layout = OWN_LAYOUT if row["layout"] is None else layout_of(row["layout"])
    return CalledRecord(attempt, layout, fields, known, row["second_disposition"], row["record_notes"])
