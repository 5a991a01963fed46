"""Calls as they are read: one by an id of it, or those of a contact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ringbook.domain.interaction import Interaction, Leg, LegPosition
from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.store.legs import LEG, leg_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def by_call_id(tx: Tx, tenant_id: int, call_id: str) -> Interaction | None:
    root = await tx.fetchrow(
        """
        SELECT id, call_id, ani, contact_id, started_at
          FROM interaction
         WHERE tenant_id = $1
           AND id = COALESCE(
                   (SELECT id FROM interaction WHERE tenant_id = $1 AND call_id = $2),
                   (SELECT interaction_id FROM call_alias WHERE tenant_id = $1 AND call_id = $2)
               )
        """,
        tenant_id,
        call_id,
    )
    if root is None:
        return None
    rows = await tx.fetch(
        f"SELECT {LEG} FROM leg WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY started_at NULLS LAST, id",
        tenant_id,
        root["id"],
    )
    return Interaction(
        root["id"],
        root["call_id"],
        root["ani"],
        root["contact_id"],
        root["started_at"],
        [leg_of(row) for row in rows],
    )


_ROOT = "id, call_id, ani, contact_id, started_at"
_SHOWN = """
    ($7 OR EXISTS (SELECT FROM leg
                    WHERE leg.tenant_id = $1
                      AND leg.interaction_id = interaction.id
                      AND NOT leg.supervision))
"""


async def of_contact(
    tx: Tx,
    tenant_id: int,
    contact_id: int,
    match_keys: Sequence[str],
    *,
    before: datetime | None,
    after: LegPosition | None = None,
    supervision: bool,
    calls: int,
    legs: int,
) -> list[Interaction]:
    """The newest calls of a contact, and those of nobody from its numbers, with the newest legs of all of them.

    Without `supervision`, a call that has only such legs is not there.
    `before`: of what began before; `after`: of the legs behind this one.
    Indexes: interaction_contact, interaction_unlinked, leg's unique key.
    """
    roots = await tx.fetch(
        f"""
        SELECT {_ROOT}
          FROM (
                (SELECT {_ROOT}
                   FROM interaction
                  WHERE tenant_id = $1
                    AND contact_id = $2
                    AND started_at < COALESCE($4::timestamptz, 'infinity')
                    AND started_at <= COALESCE($6::timestamptz, 'infinity')
                    AND {_SHOWN}
                  ORDER BY started_at DESC, id DESC
                  LIMIT $5)
                 UNION ALL
                SELECT i.*
                  FROM unnest($3::text[]) AS k (key)
                 CROSS JOIN LATERAL (
                        SELECT {_ROOT}
                          FROM interaction
                         WHERE tenant_id = $1
                           AND match_key = k.key
                           AND contact_id IS NULL
                           AND link IS NULL
                           AND started_at < COALESCE($4::timestamptz, 'infinity')
                           AND started_at <= COALESCE($6::timestamptz, 'infinity')
                           AND {_SHOWN}
                         ORDER BY started_at DESC, id DESC
                         LIMIT $5
                       ) i
               ) AS i
         ORDER BY started_at DESC, id DESC
         LIMIT $5
        """,
        tenant_id,
        contact_id,
        list(dict.fromkeys(match_keys)),
        before,
        calls,
        None if after is None else after.at,
        supervision,
    )
    found: dict[int, list[Leg]] = {}
    for row in await tx.fetch(
        f"""
        SELECT interaction_id, {LEG}
          FROM unnest($2::bigint[]) AS i (of)
         CROSS JOIN LATERAL (
                SELECT interaction_id, {LEG}
                  FROM leg
                 WHERE tenant_id = $1
                   AND interaction_id = i.of
                   AND (NOT supervision OR $4)
                   AND COALESCE(started_at, created_at) < COALESCE($3::timestamptz, 'infinity')
                   AND ($6::timestamptz IS NULL OR (COALESCE(started_at, created_at), id) < ($6, $7))
               ) AS g
         ORDER BY COALESCE(started_at, created_at) DESC, id DESC
         LIMIT $5
        """,
        tenant_id,
        [root["id"] for root in roots],
        before,
        supervision,
        legs,
        None if after is None else after.at,
        None if after is None else after.id,
    ):
        found.setdefault(row["interaction_id"], []).append(leg_of(row))
    return [
        Interaction(r["id"], r["call_id"], r["ani"], r["contact_id"], r["started_at"], found.get(r["id"], []))
        for r in roots
    ]


async def by_id(tx: Tx, tenant_id: int, interaction_id: int) -> Interaction:
    """One call with all its legs; Missing if there is none. Indexes: interaction_pkey, leg's unique key."""
    call_id = None
    if fits(interaction_id):
        call_id = await tx.fetchval(
            "SELECT call_id FROM interaction WHERE tenant_id = $1 AND id = $2", tenant_id, interaction_id
        )
    found = None if call_id is None else await by_call_id(tx, tenant_id, call_id)
    if found is None:
        raise Missing
    return found
