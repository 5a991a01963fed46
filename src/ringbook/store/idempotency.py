"""Answers that are kept for who asks the same thing again: written in the transaction of what they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from ringbook.domain.problems import InFlight

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_PATIENCE = "50ms"
"""How long the second of two that come together waits for the first before it is sent away."""


class Kept(NamedTuple):
    """What was asked, and what was answered: None where that is not told again."""

    request: bytes
    answer: bytes | None


async def claim(tx: Tx, tenant_id: int, holder: str, key: bytes, request: bytes) -> Kept | None:
    """Take the key for this request, until the transaction ends: None. Or what was kept under it within a day.

    InFlight while another transaction has it. Index: kept_answer_pkey.
    """
    usual = await tx.fetchval(
        """
        WITH usual AS MATERIALIZED (SELECT current_setting('lock_timeout') AS patience)
        SELECT patience, set_config('lock_timeout', $1, true) FROM usual
        """,
        _PATIENCE,
    )
    try:
        claimed = await tx.fetchval(
            """
            INSERT INTO kept_answer AS k (tenant_id, holder, key, request, created_at)
            VALUES ($1, $2, $3, $4, ringbook_now($1))
            ON CONFLICT (tenant_id, holder, key) DO UPDATE
               SET request = excluded.request,
                   answer = NULL,
                   created_at = excluded.created_at
             WHERE k.created_at <= excluded.created_at - interval '1 day'
            RETURNING true
            """,
            tenant_id,
            holder,
            key,
            request,
        )
    except asyncpg.LockNotAvailableError:
        raise InFlight from None
    if not claimed:
        return await _kept(tx, tenant_id, holder, key)
    await tx.execute("SELECT set_config('lock_timeout', $1, true)", usual)
    return None


async def _kept(tx: Tx, tenant_id: int, holder: str, key: bytes) -> Kept | None:
    row = await tx.fetchrow(
        "SELECT request, answer FROM kept_answer WHERE tenant_id = $1 AND holder = $2 AND key = $3",
        tenant_id,
        holder,
        key,
    )
    if row is None:
        raise InFlight  # it has just been swept: the next try begins anew
    return Kept(*row)


async def keep(tx: Tx, tenant_id: int, holder: str, key: bytes, answer: bytes | None) -> None:
    """Keep the answer under the key that this transaction has claimed. Index: kept_answer_pkey."""
    await tx.execute(
        "UPDATE kept_answer SET answer = $4 WHERE tenant_id = $1 AND holder = $2 AND key = $3",
        tenant_id,
        holder,
        key,
        answer,
    )


async def forget_answers(tx: Tx, tenant_id: int) -> None:
    """Have nothing told again of what this tenant was answered; none of it is carried out again all the same.

    A row that is held is passed over: it is being claimed anew or swept, and loses its answer either way.
    Index: kept_answer_pkey.
    """
    await tx.execute(
        """
        UPDATE kept_answer k
           SET answer = NULL
          FROM (
                SELECT holder, key
                  FROM kept_answer
                 WHERE tenant_id = $1
                   AND answer IS NOT NULL
                   FOR UPDATE SKIP LOCKED
               ) told
         WHERE k.tenant_id = $1
           AND k.holder = told.holder
           AND k.key = told.key
        """,
        tenant_id,
    )


async def sweep(tx: Tx, limit: int) -> int:
    """Remove up to `limit` of any tenant that are older than a day; how many. Index: kept_answer_age."""
    gone = await tx.fetch(
        """
        DELETE FROM kept_answer k
         USING (
                SELECT e.tenant_id, e.holder, e.key
                  FROM tenant t
                 CROSS JOIN LATERAL (
                        SELECT e.tenant_id, e.holder, e.key
                          FROM kept_answer e
                         WHERE e.tenant_id = t.id
                           AND e.created_at <= ringbook_now(t.id) - interval '1 day'
                         ORDER BY e.created_at
                         LIMIT $1
                           FOR UPDATE SKIP LOCKED
                       ) e
                 LIMIT $1
               ) old
         WHERE k.tenant_id = old.tenant_id
           AND k.holder = old.holder
           AND k.key = old.key
        RETURNING k.tenant_id
        """,
        limit,
    )
    return len(gone)
