"""Legs of calls: reported, updated, and made one of where two calls turn out to be the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.interaction import MOST_SUBMITTED, MOST_WRAP_UPS, Leg, LegDraft, leg_identity, merged
from ringbook.domain.problems import Invalid
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

LEG = (
    "id, identity, actor, direction, call_id, agent, team, queue, started_at, duration_seconds, ivr_trail, "
    "disposition, outcome, wrap_up, wrap_ups, notes, supervision, submitted, created_at"
)
"""The columns that leg_of() reads."""


async def put_leg(
    tx: Tx, tenant_id: int, interaction_id: int, root_call_id: str, draft: LegDraft, *, most: int | None = None
) -> tuple[Leg | None, Leg]:
    """Update the leg that this report is about, or append one; it before, if it was there, and after.

    The caller holds the root. Invalid if the call would have more legs than `most`, or the leg too many fields.

    Texts that are not empty overwrite; empty ones do not. A wrap-up that changes is kept in the leg's history.
    """
    known = await _known_leg(tx, tenant_id, interaction_id, leg_identity(root_call_id, draft), draft.start_mark)
    if known is None:
        if most is not None and await _count(tx, tenant_id, interaction_id, most) >= most:
            raise Invalid(f"A call has {most} legs at most.", field="call_id")
        return None, await _insert(tx, tenant_id, interaction_id, root_call_id, draft)
    return leg_of(known), await _merge(tx, tenant_id, known, root_call_id, draft)


async def _count(tx: Tx, tenant_id: int, interaction_id: int, most: int) -> int:
    """How many legs a call has, counted no further than `most`."""
    counted: int = await tx.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM leg WHERE tenant_id = $1 AND interaction_id = $2 LIMIT $3) AS l",
        tenant_id,
        interaction_id,
        most,
    )
    return counted


async def _known_leg(tx: Tx, tenant_id: int, interaction_id: int, identity: str, mark: str) -> asyncpg.Record | None:
    # Several legs of one agent in one call have their start behind the identity. A report without one means the first
    # of them; one with a start means the leg with this start, else the one that has none yet.
    return await tx.fetchrow(
        f"""
        SELECT {LEG}
          FROM leg
         WHERE tenant_id = $1
           AND interaction_id = $2
           AND CASE WHEN $4 = '' THEN identity = $3 OR starts_with(identity, $3 || E'\\x1f')
                    ELSE identity IN ($3, $3 || E'\\x1f' || $4) END
         ORDER BY $4 <> '' AND identity = $3, id
         LIMIT 1
        """,
        tenant_id,
        interaction_id,
        identity,
        mark,
    )


async def _insert(tx: Tx, tenant_id: int, interaction_id: int, root_call_id: str, draft: LegDraft) -> Leg:
    row = await tx.fetchrow(
        f"""
        INSERT INTO leg (tenant_id, created_second, interaction_id, identity, actor, direction, call_id, agent, team,
                         queue, started_at, duration_seconds, ivr_trail, disposition, outcome, wrap_up, wrap_ups, notes,
                         supervision, attempt_id, submitted, created_at, updated_at)
        SELECT $1, floor(extract(epoch FROM now))::int, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
               $16::json, $17, $18, $19, $20::json, now, now
          FROM ringbook_now($1) AS now
        RETURNING {LEG}
        """,
        tenant_id,
        interaction_id,
        _marked(root_call_id, draft),
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
        json_text([draft.wrap_up] if draft.wrap_up else []),
        draft.notes,
        draft.supervision,
        draft.attempt_id,
        json_text(draft.submitted),
    )
    assert row is not None
    return leg_of(row)


def _marked(root_call_id: str, draft: LegDraft) -> str:
    """A leg's identity with its start, if it has one."""
    identity = leg_identity(root_call_id, draft)
    return f"{identity}\x1f{draft.start_mark}" if draft.start_mark else identity


async def _merge(tx: Tx, tenant_id: int, known: asyncpg.Record, root_call_id: str, draft: LegDraft) -> Leg:
    before = leg_of(known)
    wrap_ups = before.wrap_ups
    if draft.wrap_up and draft.wrap_up != before.wrap_up:
        wrap_ups = [*wrap_ups, draft.wrap_up][-MOST_WRAP_UPS:]
    submitted = before.submitted | {name: text for name, text in draft.submitted.items() if text}
    if _said(submitted) > max(MOST_SUBMITTED, _said(before.submitted)):
        raise Invalid(f"A leg has {MOST_SUBMITTED} fields at most.", field="interaction")
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
               identity = CASE WHEN identity = $17 THEN $18 ELSE identity END,
               updated_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {LEG}
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
        json_text(wrap_ups),
        draft.notes,
        json_text(submitted),
        draft.supervision,
        draft.attempt_id,
        leg_identity(root_call_id, draft),
        _marked(root_call_id, draft),
    )
    assert row is not None
    return leg_of(row)


def _said(submitted: Mapping[str, str]) -> int:
    return sum(1 for text in submitted.values() if text)


class Twin(NamedTuple):
    """A leg that two calls told of: the one that stays, before and after, and the one that is gone."""

    before: Leg
    gone: Leg
    after: Leg


async def absorb_twins(tx: Tx, tenant_id: int, gone: int, kept: int) -> list[Twin]:
    """Make one of each leg that both calls tell of: what was told last is written over the rest.

    The caller holds both calls.
    """
    rows = await tx.fetch(
        """
        SELECT g.id AS gone, k.id AS kept, g.updated_at >= k.updated_at AS is_later
          FROM leg g
          JOIN leg k
            ON k.tenant_id = $1
           AND k.interaction_id = $3
           AND k.identity = g.identity
         WHERE g.tenant_id = $1
           AND g.interaction_id = $2
         ORDER BY g.id
        """,
        tenant_id,
        gone,
        kept,
    )
    if not rows:
        return []
    told = await tx.fetch(
        f"SELECT {LEG} FROM leg WHERE tenant_id = $1 AND id = ANY ($2::bigint[])",
        tenant_id,
        [row[which] for row in rows for which in ("gone", "kept")],
    )
    legs = {row["id"]: leg_of(row) for row in told}
    twins = []
    for row in rows:
        other, before = legs[row["gone"]], legs[row["kept"]]
        after = merged(before, other, other_is_later=row["is_later"])
        await _absorb_twin(tx, tenant_id, other.id, after)
        twins.append(Twin(before, other, after))
    return twins


async def _absorb_twin(tx: Tx, tenant_id: int, gone: int, after: Leg) -> None:
    await tx.execute(
        """
        UPDATE leg k
           SET direction = $4,
               team = $5,
               queue = $6,
               started_at = $7,
               duration_seconds = $8,
               ivr_trail = $9,
               disposition = $10,
               outcome = $11,
               wrap_up = $12,
               wrap_ups = $13::json,
               notes = $14,
               submitted = $15::json,
               supervision = $16,
               attempt_id = COALESCE(k.attempt_id, g.attempt_id),
               updated_at = GREATEST(k.updated_at, g.updated_at)
          FROM leg g
         WHERE k.tenant_id = $1
           AND k.id = $3
           AND g.tenant_id = $1
           AND g.id = $2
        """,
        tenant_id,
        gone,
        after.id,
        after.direction,
        after.team,
        after.queue,
        after.started_at,
        after.duration_seconds,
        after.ivr_trail,
        after.disposition,
        after.outcome,
        after.wrap_up,
        json_text(after.wrap_ups),
        after.notes,
        json_text(after.submitted),
        after.supervision,
    )
    await tx.execute("DELETE FROM leg WHERE tenant_id = $1 AND id = $2", tenant_id, gone)


def leg_of(row: asyncpg.Record) -> Leg:
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
        created_at=row["created_at"],
    )
