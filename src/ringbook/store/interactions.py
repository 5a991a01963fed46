"""Calls and their legs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from ringbook.domain.interaction import Interaction, Leg, LegDraft, leg_identity

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_LEG = (
    "id, identity, actor, direction, call_id, agent, team, queue, started_at, duration_seconds, ivr_trail, "
    "disposition, outcome, wrap_up, wrap_ups, notes, supervision, submitted"
)


async def put_root(
    tx: Tx,
    tenant_id: int,
    call_id: str,
    ani: str,
    match_key: str,
    contact_id: int | None,
    started_at: datetime | None,
) -> int:
    """The id of the call's root, made if it is new; its row is held until the transaction ends.

    A new root is linked to `contact_id`. One that is known and unlinked is linked now; a link that stands stays.
    """
    found: int = await tx.fetchval(
        """
        INSERT INTO interaction AS i (tenant_id, call_id, ani, match_key, contact_id, link, started_at, created_at)
        SELECT $1, $2, $3, $4, $5::bigint, CASE WHEN $5::bigint IS NOT NULL THEN 'phone' END, COALESCE($6, now), now
          FROM ringbook_now($1) AS now
        ON CONFLICT (tenant_id, call_id) DO UPDATE
           SET contact_id = COALESCE(i.contact_id, excluded.contact_id),
               link = COALESCE(i.link, excluded.link),
               started_at = LEAST(i.started_at, excluded.started_at)
        RETURNING id
        """,
        tenant_id,
        call_id,
        ani,
        match_key,
        contact_id,
        started_at,
    )
    return found


async def put_leg(
    tx: Tx, tenant_id: int, interaction_id: int, root_call_id: str, draft: LegDraft
) -> tuple[Leg | None, Leg]:
    """Update the leg that this report is about, or append one; it before, if it was there, and after.

    The caller holds the root.

    Texts that are not empty overwrite; empty ones do not. A wrap-up that changes is kept in the leg's history.
    """
    known = await _known_leg(tx, tenant_id, interaction_id, leg_identity(root_call_id, draft), draft.started_at)
    if known is None:
        return None, await _insert(tx, tenant_id, interaction_id, root_call_id, draft)
    return _leg(known), await _merge(tx, tenant_id, known, draft)


async def _known_leg(
    tx: Tx, tenant_id: int, interaction_id: int, identity: str, started_at: datetime | None
) -> asyncpg.Record | None:
    # Several legs of one agent in one call have the start time behind their identity; without one, the first is meant.
    return await tx.fetchrow(
        f"""
        SELECT {_LEG}
          FROM leg
         WHERE tenant_id = $1
           AND interaction_id = $2
           AND (identity = $3 OR starts_with(identity, $3 || E'\\x1f'))
           AND ($4::timestamptz IS NULL OR started_at IS NULL OR started_at = $4)
         ORDER BY id
         LIMIT 1
        """,
        tenant_id,
        interaction_id,
        identity,
        started_at,
    )


async def _insert(tx: Tx, tenant_id: int, interaction_id: int, root_call_id: str, draft: LegDraft) -> Leg:
    identity = leg_identity(root_call_id, draft)
    if draft.started_at is not None:
        identity += f"\x1f{draft.started_at.isoformat()}"
    row = await tx.fetchrow(
        f"""
        INSERT INTO leg (tenant_id, created_second, interaction_id, identity, actor, direction, call_id, agent, team,
                         queue, started_at, duration_seconds, ivr_trail, disposition, outcome, wrap_up, wrap_ups, notes,
                         supervision, attempt_id, submitted, created_at, updated_at)
        SELECT $1, floor(extract(epoch FROM now))::int, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
               $16::json, $17, $18, $19, $20::json, now, now
          FROM ringbook_now($1) AS now
        RETURNING {_LEG}
        """,
        tenant_id,
        interaction_id,
        identity,
        draft.actor,
        draft.direction,
        draft.call_id,
        draft.agent,
        draft.team,
        draft.queue,
        draft.started_at,
        draft.duration_seconds,
        draft.ivr_trail,
        draft.disposition,
        draft.outcome,
        draft.wrap_up,
        _json([draft.wrap_up] if draft.wrap_up else []),
        draft.notes,
        draft.supervision,
        draft.attempt_id,
        _json(draft.submitted),
    )
    assert row is not None
    return _leg(row)


async def _merge(tx: Tx, tenant_id: int, known: asyncpg.Record, draft: LegDraft) -> Leg:
    before = _leg(known)
    wrap_ups = before.wrap_ups
    if draft.wrap_up and draft.wrap_up != before.wrap_up:
        wrap_ups = [*wrap_ups, draft.wrap_up]
    row = await tx.fetchrow(
        f"""
        UPDATE leg
           SET direction = CASE WHEN $3 = 'UNKNOWN' THEN direction ELSE $3 END,
               team = COALESCE(NULLIF($4, ''), team),
               queue = COALESCE(NULLIF($5, ''), queue),
               started_at = COALESCE(started_at, $6),
               duration_seconds = COALESCE($7, duration_seconds),
               ivr_trail = COALESCE(NULLIF($8, ''), ivr_trail),
               disposition = COALESCE(NULLIF($9, ''), disposition),
               outcome = COALESCE($10, outcome),
               wrap_up = COALESCE(NULLIF($11, ''), wrap_up),
               wrap_ups = $12::json,
               notes = COALESCE(NULLIF($13, ''), notes),
               submitted = $14::json,
               supervision = supervision OR $15,
               attempt_id = COALESCE(attempt_id, $16),
               updated_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {_LEG}
        """,
        tenant_id,
        known["id"],
        draft.direction,
        draft.team,
        draft.queue,
        draft.started_at,
        draft.duration_seconds,
        draft.ivr_trail,
        draft.disposition,
        draft.outcome,
        draft.wrap_up,
        _json(wrap_ups),
        draft.notes,
        _json(before.submitted | {name: text for name, text in draft.submitted.items() if text}),
        draft.supervision,
        draft.attempt_id,
    )
    assert row is not None
    return _leg(row)


async def by_call_id(tx: Tx, tenant_id: int, call_id: str) -> Interaction | None:
    root = await tx.fetchrow(
        "SELECT id, call_id, ani, contact_id, started_at FROM interaction WHERE tenant_id = $1 AND call_id = $2",
        tenant_id,
        call_id,
    )
    if root is None:
        return None
    rows = await tx.fetch(
        f"SELECT {_LEG} FROM leg WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY started_at NULLS LAST, id",
        tenant_id,
        root["id"],
    )
    return Interaction(
        root["id"],
        root["call_id"],
        root["ani"],
        root["contact_id"],
        root["started_at"],
        [_leg(row) for row in rows],
    )


async def link_unknown(tx: Tx, tenant_id: int, match_keys: Sequence[str], contact_id: int) -> None:
    """Give a contact the calls of unknown callers that came from its numbers. Index: interaction_unlinked."""
    await tx.execute(
        """
        UPDATE interaction
           SET contact_id = $3,
               link = 'phone'
         WHERE tenant_id = $1
           AND match_key = ANY ($2::text[])
           AND contact_id IS NULL
        """,
        tenant_id,
        match_keys,
        contact_id,
    )


def _leg(row: asyncpg.Record) -> Leg:
    return Leg(
        id=row["id"],
        actor=row["actor"],
        direction=row["direction"],
        call_id=row["call_id"],
        agent=row["agent"],
        team=row["team"],
        queue=row["queue"],
        started_at=row["started_at"],
        duration_seconds=row["duration_seconds"],
        ivr_trail=row["ivr_trail"],
        disposition=row["disposition"],
        outcome=row["outcome"],
        wrap_up=row["wrap_up"],
        wrap_ups=msgspec.json.decode(row["wrap_ups"]),
        notes=row["notes"],
        supervision=row["supervision"],
        submitted=msgspec.json.decode(row["submitted"]),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
