"""What PostgreSQL knows of its tables, kept near the truth.

Until a table has statistics, two indexes that begin with the same columns look alike to the planner, and it may take
the one that reads a whole list for a key. PostgreSQL looks every minute whether a table has grown; a first import does
not wait for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import structlog

from ringbook.domain.problems import Problem

if TYPE_CHECKING:
    from ringbook.store.database import Tx

log = structlog.get_logger()

TABLES = "contact, contact_phone, contact_search, list_record, list_record_phone, campaign_record"
_LEAST_GROWTH = 2_000
_GROWN = 0.5
_SETTLE_SECONDS = 0.5
"""A bulk write tells of its rows a moment before it commits them."""


class Statistics:
    """One worker's watch over the tables that bulk writes fill."""

    def __init__(self, reading: Callable[[], AbstractAsyncContextManager[Tx]]) -> None:
        self._reading = reading
        self._grown = 0
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Look at the tables once: after a restore or an upgrade, they have no statistics at all."""
        async with self._reading() as tx:
            unknown = await tx.fetchval(
                "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('list_record') AND reltuples < 0)"
                " AND EXISTS (SELECT FROM list_record)"
            )
        if unknown:
            self._task = asyncio.create_task(self._analyse())

    def grew(self, rows: int) -> None:
        """Told of the records that a bulk write is about to have added."""
        self._grown += rows
        if self._grown >= _LEAST_GROWTH and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._keep_up())

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_up(self) -> None:
        await asyncio.sleep(_SETTLE_SECONDS)
        try:
            async with self._reading() as tx:
                known = await tx.fetchval(
                    "SELECT max(reltuples) FROM pg_class"
                    " WHERE oid IN (to_regclass('list_record'), to_regclass('contact'))"
                )
        except Problem:
            return
        if self._grown >= known * _GROWN:
            self._grown = 0
            await self._analyse()

    async def _analyse(self) -> None:
        try:
            async with self._reading() as tx:
                await tx.execute(f"ANALYZE {TABLES}")
        except Problem as problem:
            log.warning("no fresh statistics", why=type(problem).__name__)
