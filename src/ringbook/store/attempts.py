"""Call attempts, and what one does to its campaign record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from ringbook.domain.attempt import Attempt, Outcome
from ringbook.domain.campaign import CampaignRecord
from ringbook.store.campaigns import record as campaign_record
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_ATTEMPT = (
    "id, campaign_id, campaign_record_id, phone, started_at, ring_seconds, talk_seconds, outcome, disposition, final, "
    "agent, call_id, cause, next_try_at, notes"
)


async def insert(
    tx: Tx,
    tenant_id: int,
    of: CampaignRecord,
    *,
    contact_id: int | None,
    slot: int | None,
    phone: str,
    match_key: str,
    started_at: datetime | None,
    ring_seconds: int | None,
    talk_seconds: int | None,
    outcome: Outcome,
    disposition: str,
    final: bool,
    agent: str,
    call_id: str,
    cause: int | None,
    next_try_at: datetime | None,
    notes: str,
) -> Attempt:
    """Store an attempt; without a start it started now."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO attempt (tenant_id, campaign_id, campaign_record_id, record_id, contact_id, slot, phone, match_key,
                             started_at, ring_seconds, talk_seconds, outcome, disposition, final, agent, call_id, cause,
                             next_try_at, notes, created_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, COALESCE($9, now), $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, now
          FROM ringbook_now($1) AS now
        RETURNING {_ATTEMPT}
        """,
        tenant_id,
        of.campaign_id,
        of.id,
        of.record_id,
        contact_id,
        slot,
        phone,
        match_key,
        started_at,
        ring_seconds,
        talk_seconds,
        outcome,
        disposition,
        final,
        agent,
        call_id,
        cause,
        next_try_at,
        notes,
    )
    assert row is not None
    return attempt_of(row)


def is_late(attempt: Attempt, of: CampaignRecord) -> bool:
    """Whether a later attempt on the record, as it was before this one, is known."""
    return of.last_attempt_at is not None and of.last_attempt_at > attempt.started_at


async def apply(
    tx: Tx, tenant_id: int, attempt: Attempt, of: CampaignRecord, phone_tries: Mapping[str, Any]
) -> CampaignRecord:
    """The campaign record after this attempt: one try more; its last outcome, unless a later attempt is known.

    A final outcome completes the record; one that is not takes it up again. A claim ends with its attempt, and so does
    a recall; but what is told late was before that claim.
    """
    await tx.execute(
        """
        UPDATE campaign_record
           SET tries = tries + 1,
               phone_tries = $3::json,
               outcome = CASE WHEN late THEN outcome ELSE $5 END,
               disposition = CASE WHEN late THEN disposition ELSE $6 END,
               next_try_at = CASE WHEN late THEN next_try_at ELSE $7 END,
               completed_at = CASE WHEN late THEN completed_at WHEN $8 THEN now END,
               recall = CASE WHEN late THEN recall END,
               last_attempt_at = GREATEST(last_attempt_at, $4),
               claimed_by = CASE WHEN late THEN claimed_by END,
               claim_token = CASE WHEN late THEN claim_token END,
               claimed_until = CASE WHEN late THEN claimed_until END,
               held_until = NULL,
               held_by = NULL,
               changed_at = now,
               told_at = now
          FROM ringbook_now($1) AS now,
               (SELECT last_attempt_at > $4 AS late
                  FROM campaign_record
                 WHERE tenant_id = $1
                   AND id = $2) AS known
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        of.id,
        json_text(phone_tries),
        attempt.started_at,
        attempt.outcome,
        attempt.disposition,
        attempt.next_try_at,
        attempt.final,
    )
    return await campaign_record(tx, tenant_id, of.campaign_id, of.id)


def attempt_of(row: asyncpg.Record) -> Attempt:
    return Attempt(
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
