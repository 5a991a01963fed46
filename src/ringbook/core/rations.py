"""Leasing the requests of a tenant's day to the hosts that grant them, a block at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ringbook.domain.access import Tenant
from ringbook.store import rations as stored
from ringbook.store.database import Database


class Lease(NamedTuple):
    """Requests that the host may grant within so many seconds: until the tenant's day ends."""

    units: int
    ends_in: float


class DayUse(NamedTuple):
    """Of the tenant's day: what was leased of it, and what this key has used."""

    leased: int
    by_key: int


async def lease(database: Database, tenant: Tenant, most: int, wanted: int, used: Mapping[int, int]) -> Lease:
    """Up to `wanted` of the `most` requests of the tenant's day; `used` is what keys used since it was last told."""
    async with database.transaction() as tx:
        day, ends_in = await stored.today(tx, tenant.id)
        await stored.tell_use(tx, tenant.id, day, used)
        return Lease(await stored.lease(tx, tenant.id, day, most, wanted), ends_in)


async def give_back(database: Database, tenant_id: int, units: int, used: Mapping[int, int]) -> None:
    """Return what the host does not need any more, and tell what was used."""
    async with database.transaction() as tx:
        day, _ = await stored.today(tx, tenant_id)
        await stored.tell_use(tx, tenant_id, day, used)
        await stored.give_back(tx, tenant_id, day, units)


async def day_use(database: Database, tenant: Tenant, credential_id: int) -> DayUse:
    async with database.transaction() as tx:
        day, _ = await stored.today(tx, tenant.id)
        return DayUse(await stored.leased(tx, tenant.id, day), await stored.used_by(tx, tenant.id, day, credential_id))
