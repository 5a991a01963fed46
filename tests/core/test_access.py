"""The door: who comes in, and that nobody is kept waiting at it by those inside."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from ringbook.app import HOT
from ringbook.core.access import Core, Records
from ringbook.domain.problems import Unauthenticated
from ringbook.store.database import Connecting, Database
from tests.conftest import NATIVE_KEY


async def test_a_crowd_of_writers_keeps_nobody_at_the_door(core: Core, records: Records, dsn: str) -> None:
    crowded = Core(Database(Connecting(dsn, pool=2, lanes=1), HOT))
    await crowded.database.open()
    try:
        async with AsyncExitStack() as writers:
            for _ in range(2):
                await writers.enter_async_context(crowded.database.transaction())
            began = time.monotonic()
            async with asyncio.timeout(2):
                admitted = await crowded.authenticate("native", NATIVE_KEY.format(slug=records.tenant.slug))
                assert await crowded.database.ready()
            assert admitted.tenant == records.tenant
            assert time.monotonic() - began < 2
    finally:
        await crowded.database.close()


async def test_a_neighbour_is_let_in_by_its_address_alone_until_the_network_is_withdrawn(
    core: Core, records: Records
) -> None:
    async def answer(networks: list[str]) -> None:
        async with core.database.transaction() as tx:
            await tx.execute("UPDATE tenant SET cim = false WHERE cim")  # another test's tenant may have it
            await tx.execute(
                "UPDATE tenant SET cim = true, cim_anonymous_networks = $2 WHERE id = $1", records.tenant.id, networks
            )

    await answer(["192.0.2.0/24", "2001:db8::/32"])
    for address in ("192.0.2.1", "2001:db8::1"):
        assert (await core.admit_neighbour(address)).tenant.id == records.tenant.id
    for address in ("198.51.100.1", "2001:db9::1"):
        with pytest.raises(Unauthenticated):
            await core.admit_neighbour(address)
    await answer([])
    await asyncio.sleep(0.6)
    with pytest.raises(Unauthenticated):
        await core.admit_neighbour("192.0.2.1")
