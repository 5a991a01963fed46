"""What lets the streams go on: batches are written once there is something to tell, and hints wake who listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from ringbook.domain.problems import Problem
from ringbook.store import events
from ringbook.store.database import Database

log = structlog.get_logger()

_APART_SECONDS = 0.02
"""A worker gathers, and hints, at most so often: how busy its writers are, nobody else has more to do."""
_MISSED_SECONDS = 1.0
"""What was written by who did not live to gather it waits no longer."""
_RECONNECT_SECONDS = 1.0
_MOST_AT_ONCE = 1000


class Gatherer:
    """Gathers what this worker's transactions have told, right after they have committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[int] = set()
        self._wake = asyncio.Event()
        self._looked = time.monotonic()
        database.committed = self._committed

    def _committed(self, tenant_ids: set[int]) -> None:
        self._told |= tenant_ids
        self._wake.set()

    async def run(self) -> None:
        """Gather until cancelled."""
        while True:
            tenant_ids = await self._next()
            began = time.monotonic()
            try:
                await self.gather(tenant_ids)
            except Problem as problem:
                log.warning("events wait for the database", error=type(problem).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
            except Exception:
                log.exception("bug", work="events")
                await asyncio.sleep(_RECONNECT_SECONDS)
            await asyncio.sleep(began + _APART_SECONDS - time.monotonic())

    async def gather(self, tenant_ids: set[int] | None = None) -> None:
        """Put what has happened to these tenants (None: to all) into batches."""
        async with self._database.reading() as connection:
            if tenant_ids is None:
                tenant_ids = set(await events.tenant_ids(connection))
            self._committed(await events.gather(connection, tenant_ids))

    async def _next(self) -> set[int] | None:
        """Whose events are to be gathered next; None for all, once a second however busy this worker is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._looked + _MISSED_SECONDS - time.monotonic()):
                await self._wake.wait()
        self._wake.clear()
        tenant_ids, self._told = self._told, set()
        if time.monotonic() < self._looked + _MISSED_SECONDS:
            return tenant_ids
        self._looked = time.monotonic()
        return None


async def listen(database: Database, *heard: Callable[[set[int]], None]) -> None:
    """Pass on hints until cancelled. Without them, those who wait look by themselves, a little later."""

    def tell(tenant_ids: set[int]) -> None:
        for each in heard:
            each(tenant_ids)

    while True:
        try:
            await events.listen(database, tell)
        except Problem as problem:
            log.warning("no hints of events", error=type(problem).__name__)
        except Exception:
            log.exception("bug", work="hints of events")
        await asyncio.sleep(_RECONNECT_SECONDS)


async def forget_events(database: Database, kept: timedelta) -> int:
    """Remove events older than this, a bounded number at a time; how many batches. The journal stays."""
    forgotten = 0
    async with database.reading() as connection:
        tenant_ids = await events.tenant_ids(connection)
    for tenant_id in tenant_ids:
        while True:
            async with database.transaction() as tx:
                gone = await events.forget(tx, tenant_id, kept, _MOST_AT_ONCE)
            forgotten += gone
            if gone < _MOST_AT_ONCE:
                break
    return forgotten
