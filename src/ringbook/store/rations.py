"""The day's rations: requests that hosts lease in blocks, and what each key has used of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_KEPT_DAYS = 31


class Day(NamedTuple):
    """A tenant's day, and in how many seconds it ends."""

    day: date
    ends_in: float


async def today(tx: Tx, tenant_id: int) -> Day:
    """The tenant's day, by its own clock and time zone."""
    row = await tx.fetchrow(
        """
        SELECT n.day, EXTRACT(epoch FROM (n.day + 1)::timestamp AT TIME ZONE n.zone - n.now)::float8 AS ends_in
          FROM (
                SELECT t.time_zone AS zone, ringbook_now($1) AS now,
                       (ringbook_now($1) AT TIME ZONE t.time_zone)::date AS day
                  FROM tenant t
                 WHERE t.id = $1
               ) n
        """,
        tenant_id,
    )
    assert row is not None
    return Day(row["day"], row["ends_in"])


async def lease(tx: Tx, tenant_id: int, day: date, most: int, wanted: int) -> int:
    """Take up to `wanted` of the day's `most` requests; how many there were. Index: daily_ration_pkey."""
    await tx.execute(
        "INSERT INTO daily_ration (tenant_id, day, leased) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", tenant_id, day
    )
    leased: int = await tx.fetchval(
        "SELECT leased FROM daily_ration WHERE tenant_id = $1 AND day = $2 FOR UPDATE", tenant_id, day
    )
    if leased == 0:
        await _forget_before(tx, tenant_id, day)
    granted = max(0, min(wanted, most - leased))
    await tx.execute(
        "UPDATE daily_ration SET leased = leased + $3 WHERE tenant_id = $1 AND day = $2", tenant_id, day, granted
    )
    return granted


async def give_back(tx: Tx, tenant_id: int, day: date, units: int) -> None:
    """Return leased requests that nobody made."""
    await tx.execute(
        "UPDATE daily_ration SET leased = GREATEST(leased - $3, 0) WHERE tenant_id = $1 AND day = $2",
        tenant_id,
        day,
        units,
    )


async def tell_use(tx: Tx, tenant_id: int, day: date, used: Mapping[int, int]) -> None:
    """Add to what keys have used, by credential."""
    await tx.execute(
        """
        INSERT INTO daily_ration_use AS u (tenant_id, day, credential_id, used)
        SELECT $1, $2, k.credential_id, k.used
          FROM unnest($3::bigint[], $4::int[]) AS k (credential_id, used)
         WHERE k.used > 0
         ORDER BY k.credential_id
        ON CONFLICT (tenant_id, day, credential_id) DO UPDATE
           SET used = u.used + excluded.used
        """,
        tenant_id,
        day,
        list(used),
        list(used.values()),
    )


async def leased(tx: Tx, tenant_id: int, day: date) -> int:
    found: int | None = await tx.fetchval(
        "SELECT leased FROM daily_ration WHERE tenant_id = $1 AND day = $2", tenant_id, day
    )
    return found or 0


async def used_by(tx: Tx, tenant_id: int, day: date, credential_id: int) -> int:
    """What a key has used, as far as its hosts have told. Index: daily_ration_use_pkey."""
    found: int | None = await tx.fetchval(
        "SELECT used FROM daily_ration_use WHERE tenant_id = $1 AND day = $2 AND credential_id = $3",
        tenant_id,
        day,
        credential_id,
    )
    return found or 0


async def _forget_before(tx: Tx, tenant_id: int, day: date) -> None:
    for table in ("daily_ration", "daily_ration_use"):
        await tx.execute(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND day < $2::date - $3::int", tenant_id, day, _KEPT_DAYS
        )
