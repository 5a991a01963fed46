"""How far a campaign is: one reading of its records, one of its latest attempts, and its records page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

from ringbook.domain.campaign import Standing, Status

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_STANDING = """
       CASE WHEN c.completed_at IS NOT NULL THEN 'completed'
            WHEN c.barred IS NOT NULL THEN 'barred'
            WHEN c.claimed_until > $3 THEN 'claimed'
            WHEN c.held_until > $3 AND c.held_until = c.due_at THEN 'held'
            WHEN c.due_at > $3 THEN 'waiting'
            ELSE 'ready'
             END"""
_STATUS = "CASE WHEN c.completed_at IS NOT NULL THEN 'completed' WHEN c.tries > 0 THEN 'in_progress' ELSE 'new' END"
SEEN_A_PAGE = 2000
"""Records that are looked at for one page of those that somebody asks for."""


class Counted(NamedTuple):
    """Records that are alike; `hour` is the one in which those that wait are due."""

    standing: Standing
    status: Status
    outcome: str | None
    held_by: str | None
    hour: datetime | None
    records: int


class Called(NamedTuple):
    hour: datetime
    attempts: int
    answered: int


class Page(NamedTuple):
    """List records, and the one after which to read on; None at the end."""

    record_ids: Sequence[int]
    after: int | None


async def counts(tx: Tx, tenant_id: int, campaign_id: int, now: datetime, ahead: timedelta) -> list[Counted]:
    """The campaign's records by what they are. What is due later than `ahead` has the hour of that.

    Index: campaign_record_tenant_id_campaign_id_record_id_key; it reads all of them.
    """
    rows = await tx.fetch(
        f"""
        SELECT s.standing, s.status, s.outcome, s.held_by, s.hour, count(*) AS records
          FROM (
                SELECT {_STANDING} AS standing, {_STATUS} AS status, c.outcome,
                       CASE WHEN c.held_until > $3 THEN c.held_by END AS held_by,
                       CASE WHEN c.due_at > $3 AND c.completed_at IS NULL AND c.barred IS NULL
                            THEN date_bin('1 hour', LEAST(c.due_at, $4), '2000-01-01 00:00:00+00')
                             END AS hour
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.removed_at IS NULL
               ) s
         GROUP BY 1, 2, 3, 4, 5
        """,
        tenant_id,
        campaign_id,
        now,
        now + ahead,
    )
    return [Counted(*row) for row in rows]


async def attempts_by_hour(tx: Tx, tenant_id: int, campaign_id: int, since: datetime) -> list[Called]:
    """Attempts an hour, the earliest first; hours without any are left out. Index: attempt_campaign."""
    rows = await tx.fetch(
        """
        SELECT date_bin('1 hour', a.started_at, '2000-01-01 00:00:00+00') AS hour, count(*) AS attempts,
               count(*) FILTER (WHERE a.outcome = 'answered') AS answered
          FROM attempt a
         WHERE a.tenant_id = $1
           AND a.campaign_id = $2
           AND a.started_at >= $3
         GROUP BY 1
         ORDER BY 1
        """,
        tenant_id,
        campaign_id,
        since,
    )
    return [Called(*row) for row in rows]


async def page(
    tx: Tx, tenant_id: int, campaign_id: int, now: datetime, after: int, which: Standing | Status | None, limit: int
) -> Page:
    """The campaign's records of a standing or status (None: all), in the order of list records.

    A page looks at so many records and no more: it may have few, or none, and another after it.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    row = await tx.fetchrow(
        f"""
        WITH seen AS MATERIALIZED (
                SELECT c.record_id, $5::text IS NULL OR $5 IN ({_STANDING}, {_STATUS}) AS asked
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.removed_at IS NULL
                   AND c.record_id > $4
                 ORDER BY c.record_id
                 LIMIT {SEEN_A_PAGE}
             )
        SELECT ARRAY(SELECT record_id FROM seen WHERE asked ORDER BY record_id LIMIT $6) AS ids,
               count(*) AS seen, max(record_id) AS last
          FROM seen
        """,
        tenant_id,
        campaign_id,
        now,
        after,
        which,
        limit,
    )
    assert row is not None
    ids = cast("list[int]", row["ids"])
    if len(ids) == limit:
        return Page(ids, ids[-1])
    return Page(ids, row["last"] if row["seen"] == SEEN_A_PAGE else None)


async def arrange(
    tx: Tx,
    tenant_id: int,
    campaign_id: int,
    ids: Sequence[int],
    priority: int | None,
    next_try_at: datetime | None,
) -> list[int]:
    """Give these campaign records another priority or next try, where it is given; which there are.

    They are held in the order of list records. Index: campaign_record_pkey.
    """
    rows = await tx.fetch(
        """
        UPDATE campaign_record c
           SET priority = COALESCE($4, c.priority),
               next_try_at = COALESCE($5, c.next_try_at),
               changed_at = ringbook_now($1)
          FROM (
                SELECT h.id
                  FROM campaign_record h
                 WHERE h.tenant_id = $1
                   AND h.campaign_id = $2
                   AND h.id = ANY ($3::bigint[])
                   AND h.removed_at IS NULL
                 ORDER BY h.record_id
                   FOR UPDATE
               ) h
         WHERE c.tenant_id = $1
           AND c.id = h.id
        RETURNING c.id
        """,
        tenant_id,
        campaign_id,
        ids,
        priority,
        next_try_at,
    )
    return sorted(row["id"] for row in rows)
