"""Claims: a campaign's next records, each held for one caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from ringbook.domain.campaign import Recall
from ringbook.domain.phone import MatchKey
from ringbook.domain.retry import TriedPhone
from ringbook.store import claimed_numbers

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_OPEN = "c.completed_at IS NULL AND c.removed_at IS NULL AND c.barred IS NULL"
_OF_CAMPAIGN = f"c.tenant_id = $1 AND c.campaign_id = $2 AND {_OPEN}"
# The priorities of what is open, the highest first: an index entry each.
_LEVELS = f"""
WITH RECURSIVE levels AS (
        (SELECT c.priority
           FROM campaign_record c
          WHERE {_OF_CAMPAIGN}
          ORDER BY c.priority DESC
          LIMIT 1)
         UNION ALL
        SELECT (SELECT c.priority
                  FROM campaign_record c
                 WHERE {_OF_CAMPAIGN}
                   AND c.priority < l.priority
                 ORDER BY c.priority DESC
                 LIMIT 1)
          FROM levels l
         WHERE l.priority IS NOT NULL
     )"""
_CANDIDATE = "c.id, c.record_id, c.phone_tries::text AS phone_tries, c.recall::text AS recall"
# The numbers of a candidate's list record.
_NUMBERS = """ARRAY(SELECT p.match_key
                       FROM list_record_phone p
                      WHERE p.tenant_id = $1
                        AND p.record_id = n.record_id
                        AND p.digits <> ''
                      ORDER BY p.slot
                      LIMIT 100) AS numbers"""


def _for_agent(agent: str) -> str:
    """What was promised to nobody, or to this agent."""
    return f"(c.recall IS NULL OR COALESCE(c.recall ->> 'agent', '') IN ('', {agent}))"


def _held(due: str) -> str:
    """Open records of one priority, in their order, which nobody else is about to claim."""
    return f"""
                SELECT {_CANDIDATE}
                  FROM campaign_record c
                 WHERE {_OF_CAMPAIGN}
                   AND c.priority = l.priority
                   AND {due}
                   AND {_for_agent("$4")}
                 ORDER BY c.due_at, c.id
                 LIMIT $5
                   FOR UPDATE SKIP LOCKED"""


class Candidate(NamedTuple):
    """A campaign record that may be next; held until the transaction ends."""

    id: int
    record_id: int
    phone_tries: Mapping[str, TriedPhone]
    recall: Recall | None
    numbers: Sequence[MatchKey]


class Due(NamedTuple):
    """Whether anything of a campaign is open, and whether a claim would look at some of it now or at some time."""

    open: bool
    now: bool
    at: datetime | None


class Leased(NamedTuple):
    id: int
    claimed_until: datetime


async def candidates(
    tx: Tx, tenant_id: int, campaign_id: int, now: datetime, agent: str, limit: int
) -> list[Candidate]:
    """The next records: by priority; in each, those whose time has come, the earliest first, then those that have
    none, as they were added. What was promised to another agent stays his.

    Indexes: campaign_record_next, read no further than the limit: nothing above LIMIT sorts; list_record_phone_pkey.
    """
    rows = await tx.fetch(
        f"""{_LEVELS}
        SELECT n.id, n.record_id, n.phone_tries, n.recall, {_NUMBERS}
          FROM levels l
         CROSS JOIN LATERAL (
                SELECT * FROM ({_held("c.due_at <= $3")}) due
                 UNION ALL
                SELECT * FROM ({_held("c.due_at IS NULL")}) fresh
               ) n
         WHERE l.priority IS NOT NULL
         LIMIT $5
        """,
        tenant_id,
        campaign_id,
        now,
        agent,
        limit,
    )
    return [_candidate(row) for row in rows]


async def scattered(
    tx: Tx, tenant_id: int, campaign_id: int, now: datetime, agent: str, places: int
) -> list[Candidate]:
    """Records at so many random places of the campaign, of those that are due: by priority and time.

    Indexes: campaign_record_tenant_id_campaign_id_record_id_key, campaign_record_pkey, list_record_phone_pkey.
    """
    rows = await tx.fetch(
        f"""
        WITH ends AS MATERIALIZED (
                SELECT (SELECT c.record_id
                          FROM campaign_record c
                         WHERE c.tenant_id = $1
                           AND c.campaign_id = $2
                         ORDER BY c.record_id
                         LIMIT 1) AS first,
                       (SELECT c.record_id
                          FROM campaign_record c
                         WHERE c.tenant_id = $1
                           AND c.campaign_id = $2
                         ORDER BY c.record_id DESC
                         LIMIT 1) AS last
             ),
             places AS MATERIALIZED (
                SELECT e.first + floor(random() * (e.last - e.first + 1))::bigint AS record_id
                  FROM ends e, generate_series(1, $5)
             )
        SELECT n.id, n.record_id, n.phone_tries, n.recall, {_NUMBERS}
          FROM (
                SELECT DISTINCT s.id
                  FROM places p
                 CROSS JOIN LATERAL (
                        SELECT s.id
                          FROM campaign_record s
                         WHERE s.tenant_id = $1
                           AND s.campaign_id = $2
                           AND s.record_id >= p.record_id
                         ORDER BY s.record_id
                         LIMIT 1
                       ) s
               ) s
         CROSS JOIN LATERAL (
                SELECT {_CANDIDATE}, c.priority, c.due_at
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.id = s.id
                   AND {_OPEN}
                   AND (c.due_at IS NULL OR c.due_at <= $3)
                   AND {_for_agent("$4")}
                 LIMIT 1
                   FOR UPDATE SKIP LOCKED
               ) n
         ORDER BY n.priority DESC, n.due_at, n.id
        """,
        tenant_id,
        campaign_id,
        now,
        agent,
        places,
    )
    return [_candidate(row) for row in rows]


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        row["id"],
        row["record_id"],
        msgspec.json.decode(row["phone_tries"], type=dict[str, TriedPhone]),
        None if row["recall"] is None else msgspec.json.decode(row["recall"], type=Recall),
        row["numbers"],
    )


async def next_due(tx: Tx, tenant_id: int, campaign_id: int, agent: str) -> Due:
    """When a claim of this agent will look at the first of what is open, if ever. Index: campaign_record_next."""
    rows = await tx.fetch(
        f"""{_LEVELS}
        SELECT EXISTS (SELECT 1
                         FROM campaign_record c
                        WHERE {_OF_CAMPAIGN}
                          AND c.priority = l.priority
                          AND c.due_at IS NULL
                          AND {_for_agent("$3")}) AS now,
               (SELECT c.due_at
                  FROM campaign_record c
                 WHERE {_OF_CAMPAIGN}
                   AND c.priority = l.priority
                   AND c.due_at IS NOT NULL
                   AND {_for_agent("$3")}
                 ORDER BY c.due_at
                 LIMIT 1) AS due_at
          FROM levels l
         WHERE l.priority IS NOT NULL
        """,
        tenant_id,
        campaign_id,
        agent,
    )
    times = [row["due_at"] for row in rows if row["due_at"] is not None]
    return Due(bool(rows), any(row["now"] for row in rows), min(times, default=None))


async def take(tx: Tx, tenant_id: int, ids: Sequence[int], agent: str, token: UUID, until: datetime) -> None:
    """Give these campaign records to an agent. Index: campaign_record_pkey."""
    await tx.execute(
        """
        UPDATE campaign_record
           SET claimed_by = $3,
               claim_token = $4,
               claimed_until = $5,
               held_until = NULL,
               held_by = NULL
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
        """,
        tenant_id,
        ids,
        agent,
        token,
        until,
    )


async def renew(
    tx: Tx, tenant_id: int, campaign_id: int, token: UUID, ids: Sequence[int] | None, until: datetime, now: datetime
) -> list[Leased]:
    """Hold these records of a claim (None: all) until then, if they have not lapsed. Index: campaign_record_claim."""
    rows = await tx.fetch(
        """
        UPDATE campaign_record c
           SET claimed_until = $5
          FROM (
                SELECT c.id
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.claim_token = $3
                   AND c.claimed_until > $6
                   AND ($4::bigint[] IS NULL OR c.id = ANY ($4))
                 ORDER BY c.record_id
                   FOR UPDATE
               ) held
         WHERE c.tenant_id = $1
           AND c.id = held.id
        RETURNING c.id, c.claimed_until
        """,
        tenant_id,
        campaign_id,
        token,
        ids,
        until,
        now,
    )
    found = [Leased(*row) for row in rows]
    await claimed_numbers.keep(tx, tenant_id, token, [one.id for one in found], until)
    return found


async def release(tx: Tx, tenant_id: int, campaign_id: int, token: UUID, ids: Sequence[int] | None) -> list[int]:
    """Give these records of a claim (None: all) back to the campaign. Index: campaign_record_claim."""
    rows = await tx.fetch(
        """
        UPDATE campaign_record c
           SET claimed_by = NULL,
               claim_token = NULL,
               claimed_until = NULL
          FROM (
                SELECT c.id
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.claim_token = $3
                   AND ($4::bigint[] IS NULL OR c.id = ANY ($4))
                 ORDER BY c.record_id
                   FOR UPDATE
               ) held
         WHERE c.tenant_id = $1
           AND c.id = held.id
        RETURNING c.id
        """,
        tenant_id,
        campaign_id,
        token,
        ids,
    )
    found = [row["id"] for row in rows]
    await claimed_numbers.free(tx, tenant_id, found)
    return sorted(found)
