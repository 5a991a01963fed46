"""Calls by contact, number, agent and time, the newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from ringbook.domain.interaction import Interaction, Leg
from ringbook.domain.page import TimeCursor
from ringbook.store.legs import LEG, leg_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class CallSearch(NamedTuple):
    """What calls are asked for; None is any. `since` is inclusive, `until` is not."""

    contact_id: int | None = None
    match_key: str | None = None
    agent: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class FoundCall(NamedTuple):
    """A call, with its first legs, whether it has more, and its place in the order of the search."""

    call: Interaction
    more_legs: bool
    place: TimeCursor


_GIVEN = (
    "AND i.contact_id = ${}",
    "AND i.match_key = ${}",
    """AND EXISTS (SELECT FROM leg l
                   WHERE l.tenant_id = $1 AND l.interaction_id = i.id AND lower(l.agent) = lower(${}))""",
)
"""What is asked of a call by the first three parts of a search."""


async def search(
    tx: Tx, tenant_id: int, asked: CallSearch, after: TimeCursor | None, limit: int, legs: int
) -> list[FoundCall]:
    """Calls behind this place, in the order of their beginning; those of an agent alone, of that agent's last leg.

    Indexes: interaction_contact, interaction_number, interaction_time, leg_agent, leg's unique key.
    """
    if asked.agent is not None and asked.contact_id is None and asked.match_key is None:
        rows = await _of_agent(tx, tenant_id, asked, after, limit)
    else:
        rows = await _of_person(tx, tenant_id, asked, after, limit)
    shown = await _legs(tx, tenant_id, [row["id"] for row in rows], legs)
    return [
        FoundCall(
            Interaction(
                row["id"],
                row["call_id"],
                row["ani"],
                row["contact_id"],
                row["started_at"],
                shown.get(row["id"], [])[:legs],
            ),
            len(shown.get(row["id"], ())) > legs,
            TimeCursor(row["at"], row["place"]),
        )
        for row in rows
    ]


async def _of_person(
    tx: Tx, tenant_id: int, asked: CallSearch, after: TimeCursor | None, limit: int
) -> list[asyncpg.Record]:
    given = [(sql, value) for sql, value in zip(_GIVEN, asked[:3], strict=True) if value is not None]
    return await tx.fetch(
        f"""
        SELECT i.id, i.call_id, i.ani, i.contact_id, i.started_at, i.started_at AS at, i.id AS place
          FROM interaction i
         WHERE i.tenant_id = $1
           AND i.started_at >= COALESCE($2::timestamptz, '-infinity')
           AND i.started_at < COALESCE($3::timestamptz, 'infinity')
           AND (i.started_at, i.id) < (COALESCE($4::timestamptz, 'infinity'), COALESCE($5::bigint, 0))
           {" ".join(sql.format(n) for n, (sql, _) in enumerate(given, start=7))}
         ORDER BY i.started_at DESC, i.id DESC
         LIMIT $6
        """,
        tenant_id,
        asked.since,
        asked.until,
        None if after is None else after.at,
        None if after is None else after.id,
        limit,
        *(value for _, value in given),
    )


async def _of_agent(
    tx: Tx, tenant_id: int, asked: CallSearch, after: TimeCursor | None, limit: int
) -> list[asyncpg.Record]:
    # A call in which the agent has several legs stands where the last of them is.
    return await tx.fetch(
        """
        SELECT i.id, i.call_id, i.ani, i.contact_id, i.started_at, COALESCE(l.started_at, l.created_at) AS at,
               l.id AS place
          FROM leg l
          JOIN interaction i
            ON i.tenant_id = $1
           AND i.id = l.interaction_id
         WHERE l.tenant_id = $1
           AND lower(l.agent) = lower($2)
           AND lower(l.agent) <> ''
           AND COALESCE(l.started_at, l.created_at) >= COALESCE($3::timestamptz, '-infinity')
           AND COALESCE(l.started_at, l.created_at) < COALESCE($4::timestamptz, 'infinity')
           AND (COALESCE(l.started_at, l.created_at), l.id)
               < (COALESCE($5::timestamptz, 'infinity'), COALESCE($6::bigint, 0))
           AND NOT EXISTS (
                SELECT FROM leg n
                 WHERE n.tenant_id = $1
                   AND n.interaction_id = l.interaction_id
                   AND lower(n.agent) = lower($2)
                   AND COALESCE(n.started_at, n.created_at) < COALESCE($4::timestamptz, 'infinity')
                   AND (COALESCE(n.started_at, n.created_at), n.id) > (COALESCE(l.started_at, l.created_at), l.id)
               )
         ORDER BY COALESCE(l.started_at, l.created_at) DESC, l.id DESC
         LIMIT $7
        """,
        tenant_id,
        asked.agent,
        asked.since,
        asked.until,
        None if after is None else after.at,
        None if after is None else after.id,
        limit,
    )


async def _legs(tx: Tx, tenant_id: int, ids: Sequence[int], most: int) -> dict[int, list[Leg]]:
    """The first legs of each call, one more than `most` where there are more."""
    found: dict[int, list[Leg]] = {}
    rows = await tx.fetch(
        f"""
        SELECT g.*
          FROM unnest($2::bigint[]) AS i (of)
         CROSS JOIN LATERAL (
                SELECT interaction_id, {LEG}
                  FROM leg
                 WHERE tenant_id = $1
                   AND interaction_id = i.of
                 ORDER BY started_at NULLS LAST, id
                 LIMIT $3
               ) AS g
        """,
        tenant_id,
        ids,
        most + 1,
    )
    for row in rows:
        found.setdefault(row["interaction_id"], []).append(leg_of(row))
    return found
