"""Numbers that are being called: nobody else is given one meanwhile, in whatever campaign.

Whoever touches several takes them in their order, so that no two wait for one another in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from ringbook.domain.phone import MatchKey

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Wanted(NamedTuple):
    """A campaign record, and the number on which it would be called."""

    id: int
    key: MatchKey


async def take(
    tx: Tx, tenant_id: int, token: UUID, wanted: Sequence[Wanted], now: datetime, until: datetime
) -> Mapping[MatchKey, datetime]:
    """Claim these numbers, each for one record; of those that somebody else has, until when.

    Two claims that want the same wait for one another. Index: claimed_number_pkey.
    """
    ordered = sorted(wanted, key=lambda one: one.key)
    got = await tx.fetch(
        """
        INSERT INTO claimed_number AS n (tenant_id, match_key, campaign_record_id, claim_token, until)
        SELECT $1, q.key, q.id, $2, $6
          FROM unnest($3::text[], $4::bigint[]) WITH ORDINALITY AS q (key, id, n)
         ORDER BY q.n
        ON CONFLICT (tenant_id, match_key) DO UPDATE
           SET campaign_record_id = excluded.campaign_record_id,
               claim_token = excluded.claim_token,
               until = excluded.until
         WHERE n.until <= $5
        RETURNING match_key
        """,
        tenant_id,
        token,
        [one.key for one in ordered],
        [one.id for one in ordered],
        now,
        until,
    )
    refused = {one.key for one in ordered} - {row["match_key"] for row in got}
    if not refused:
        return {}
    rows = await tx.fetch(
        "SELECT match_key, until FROM claimed_number WHERE tenant_id = $1 AND match_key = ANY ($2::text[])",
        tenant_id,
        list(refused),
    )
    return {row["match_key"]: row["until"] for row in rows}


async def keep(tx: Tx, tenant_id: int, token: UUID, ids: Sequence[int], until: datetime) -> None:
    """Have the numbers of these campaign records until then, as long as a claim has. Index: claimed_number_record."""
    await tx.execute(
        """
        UPDATE claimed_number n
           SET until = $4
          FROM (
                SELECT h.match_key
                  FROM claimed_number h
                 WHERE h.tenant_id = $1
                   AND h.campaign_record_id = ANY ($2::bigint[])
                   AND h.claim_token = $3
                 ORDER BY h.match_key
                   FOR UPDATE
               ) held
         WHERE n.tenant_id = $1
           AND n.match_key = held.match_key
        """,
        tenant_id,
        ids,
        token,
        until,
    )


async def free(tx: Tx, tenant_id: int, ids: Sequence[int]) -> None:
    """Let others call the numbers that these campaign records were claimed with. Index: claimed_number_record."""
    await tx.execute(
        """
        DELETE FROM claimed_number n
         USING (
                SELECT h.match_key
                  FROM claimed_number h
                 WHERE h.tenant_id = $1
                   AND h.campaign_record_id = ANY ($2::bigint[])
                 ORDER BY h.match_key
                   FOR UPDATE
               ) held
         WHERE n.tenant_id = $1
           AND n.match_key = held.match_key
        """,
        tenant_id,
        ids,
    )


async def forget(tx: Tx, tenant_id: int, keys: Collection[str]) -> None:
    """Know nothing of these numbers any more. Index: claimed_number_pkey."""
    await tx.execute(
        """
        DELETE FROM claimed_number n
         USING (
                SELECT h.match_key
                  FROM claimed_number h
                 WHERE h.tenant_id = $1
                   AND h.match_key = ANY ($2::text[])
                 ORDER BY h.match_key
                   FOR UPDATE
               ) held
         WHERE n.tenant_id = $1
           AND n.match_key = held.match_key
        """,
        tenant_id,
        list(keys),
    )


async def sweep(tx: Tx, batch: int) -> int:
    """Remove at most so many whose leases have lapsed; how many. It reads them all: they are those of one lease."""
    # Whom somebody claims at this moment is left to the next time.
    done = await tx.execute(
        """
        DELETE FROM claimed_number n
         USING (
                SELECT h.tenant_id, h.match_key
                  FROM claimed_number h
                 WHERE h.until <= ringbook_now(h.tenant_id)
                 LIMIT $1
                   FOR UPDATE SKIP LOCKED
               ) lapsed
         WHERE n.tenant_id = lapsed.tenant_id
           AND n.match_key = lapsed.match_key
        """,
        batch,
    )
    return int(done.removeprefix("DELETE "))
