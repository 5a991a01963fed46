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

_TABLES = ("contact", "contact_phone", "contact_search", "list_record", "list_record_phone", "campaign_record")
_LEAST_GROWTH = 2_000
_SETTLE_SECONDS = 0.5
"""Bulk writes come one after the other."""

# Tables with half as many pages again as when they were last counted, or never counted (-1). An empty one is left
# alone: PostgreSQL reads who was counted as empty from end to end, and who was never counted by some index.
_OUTGROWN = """
SELECT c.relname
  FROM pg_class c
 WHERE c.oid = ANY ($1::text[]::regclass[])
   AND pg_relation_size(c.oid) > 0
   AND (c.reltuples <= 0 OR pg_relation_size(c.oid) / current_setting('block_size')::int >= c.relpages * 1.5)
"""


async def know(tx: Tx) -> None:
    """Have the planner know of tables that were never counted, or counted as empty, and that this transaction fills.

    Otherwise the next one may read them from end to end, for each key again. Who counts one already is not waited for.
    """
    unknown = await tx.fetch(f"{_OUTGROWN} AND c.reltuples <= 0", _TABLES)
    if unknown:
        await tx.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(row['relname'] for row in unknown)}")


class Statistics:
    """One worker's watch over the tables that bulk writes fill."""

    def __init__(self, reading: Callable[[], AbstractAsyncContextManager[Tx]]) -> None:
        self._reading = reading
        self._grown = 0
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Look at the tables once: after a restore or an upgrade, they have no statistics at all."""
        self._task = asyncio.create_task(self._keep_up())

    def grew(self, rows: int) -> None:
        """Told of the rows that a bulk write has added."""
        self._grown += rows
        if self._grown >= _LEAST_GROWTH and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._keep_up(_SETTLE_SECONDS))

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_up(self, settle: float = 0) -> None:
        await asyncio.sleep(settle)
        self._grown = 0
        try:
            async with self._reading() as tx:
                outgrown = await tx.fetch(_OUTGROWN, _TABLES)
                if outgrown:
                    await tx.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(row['relname'] for row in outgrown)}")
        except Problem as problem:
            log.warning("no fresh statistics", why=type(problem).__name__)
