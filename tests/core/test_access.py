"""The door: who comes in, and that nobody is kept waiting at it by those inside."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from ringbook.app import HOT
from ringbook.core.access import Core, Records
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
