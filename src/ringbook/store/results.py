"""What campaigns have made of a list's records, page by page: by position, by completion, by when it was told of.

A page begins at a key of its index, so the thousandth costs what the first costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from ringbook.domain.attempt import Attempt
from ringbook.domain.campaign import ListedRecord
from ringbook.store.attempts import attempt_of
from ringbook.store.campaign_records import AROUND, CAMPAIGN_RECORD, READING, RECORD
from ringbook.store.listed_records import listed_record

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_MOST_ATTEMPTS = 1000
"""Attempts that are told of one record."""


class RunCampaign(NamedTuple):
    """A campaign and the names of the lists it runs over, in its order."""

    name: str
    state: str
    lists: tuple[str, ...]


async def enabled_campaigns(tx: Tx, tenant_id: int) -> list[RunCampaign]:
    """The enabled campaigns by name. A campaign's own list is one of its lists once it has had a record."""
    rows = await tx.fetch(
        """
        SELECT c.name, c.state, b.lists
          FROM campaign c
         CROSS JOIN LATERAL (
                SELECT COALESCE(array_agg(l.name ORDER BY b.position, b.id), '{}') AS lists
                  FROM campaign_list b
                  JOIN calling_list l
                    ON l.tenant_id = $1
                   AND l.id = b.list_id
                 WHERE b.tenant_id = $1
                   AND b.campaign_id = c.id
                   AND (l.campaign_id IS NULL OR l.next_position > 0)
               ) b
         WHERE c.tenant_id = $1
           AND c.enabled
         ORDER BY c.name
        """,
        tenant_id,
    )
    return [RunCampaign(row["name"], row["state"], tuple(dict.fromkeys(row["lists"]))) for row in rows]


async def runs_over(tx: Tx, tenant_id: int, campaign_id: int, list_id: int) -> bool:
    """Whether the campaign is bound to the list. Index: campaign_list_pkey."""
    found: bool = await tx.fetchval(
        """
        SELECT EXISTS (
                SELECT 1
                  FROM campaign_list
                 WHERE tenant_id = $1
                   AND campaign_id = $2
                   AND list_id = $3
               )
        """,
        tenant_id,
        campaign_id,
        list_id,
    )
    return found


async def from_position(
    tx: Tx, tenant_id: int, campaign_id: int, list_id: int, start: int, limit: int
) -> list[ListedRecord]:
    """The list's records from a position on, each with how far the campaign is.

    Indexes: list_record_position, list_record_pkey, campaign_record_record, attempt_record.
    """
    rows = await tx.fetch(
        f"""
        SELECT {READING}
          FROM (
                SELECT r.id
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = $3
                   AND r.position >= $4
                 ORDER BY r.position
                 LIMIT $5
               ) f
         CROSS JOIN {RECORD.format(record="f.id")}
          LEFT JOIN {CAMPAIGN_RECORD.format(which="c.campaign_id = $2 AND c.record_id = r.id", limit=1)} ON true{AROUND}
         ORDER BY r.position
        """,
        tenant_id,
        campaign_id,
        list_id,
        start,
        limit,
    )
    return [listed_record(row) for row in rows]


async def completed_since(
    tx: Tx, tenant_id: int, campaign_id: int, list_id: int, since: datetime, limit: int
) -> list[ListedRecord]:
    """The list's records that the campaign has completed at this moment or later, in that order.

    Indexes: campaign_record_completed, campaign_record_pkey, list_record_pkey, attempt_record.
    """
    return await _since(tx, "completed_at", tenant_id, campaign_id, list_id, since, limit)


async def changed_since(
    tx: Tx, tenant_id: int, campaign_id: int, list_id: int, since: datetime, limit: int
) -> list[ListedRecord]:
    """The list's records that the campaign has tried or completed, by when it was told of it, from this moment on.

    Indexes: campaign_record_told, campaign_record_pkey, list_record_pkey, attempt_record.
    """
    return await _since(tx, "told_at", tenant_id, campaign_id, list_id, since, limit)


async def _since(
    tx: Tx, by: str, tenant_id: int, campaign_id: int, list_id: int, since: datetime, limit: int
) -> list[ListedRecord]:
    rows = await tx.fetch(
        f"""
        SELECT {READING}
          FROM (
                SELECT c.id, c.{by} AS moment
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.list_id = $3
                   AND c.removed_at IS NULL
                   AND c.{by} IS NOT NULL
                   AND c.{by} >= $4
                 ORDER BY c.{by}, c.id
                 LIMIT $5
               ) f
         CROSS JOIN {CAMPAIGN_RECORD.format(which="c.id = f.id", limit=1)}
         CROSS JOIN {RECORD.format(record="c.record_id")}{AROUND}
         ORDER BY f.moment, f.id
        """,
        tenant_id,
        campaign_id,
        list_id,
        since,
        limit,
    )
    return [listed_record(row) for row in rows]


async def attempts_of(tx: Tx, tenant_id: int, campaign_record_ids: Sequence[int]) -> Mapping[int, Sequence[Attempt]]:
    """The attempts on each of these campaign records, the newest first. Index: attempt_record."""
    rows: list[asyncpg.Record] = await tx.fetch(
        f"""
        SELECT a.*
          FROM unnest($2::bigint[]) AS q (id)
         CROSS JOIN LATERAL (
                SELECT a.id, a.campaign_id, a.campaign_record_id, a.phone, a.started_at, a.ring_seconds,
                       a.talk_seconds, a.outcome, a.disposition, a.final, a.agent, a.call_id, a.cause, a.next_try_at,
                       a.notes
                  FROM attempt a
                 WHERE a.tenant_id = $1
                   AND a.campaign_record_id = q.id
                 ORDER BY a.started_at DESC, a.id DESC
                 LIMIT {_MOST_ATTEMPTS}
               ) a
         ORDER BY a.started_at DESC, a.id DESC
        """,
        tenant_id,
        campaign_record_ids,
    )
    found: dict[int, list[Attempt]] = {id_: [] for id_ in campaign_record_ids}
    for row in rows:
        found[row["campaign_record_id"]].append(attempt_of(row))
    return found
