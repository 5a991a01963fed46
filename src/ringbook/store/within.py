"""A database whose transactions are all parts of one that is open: what several use cases do is done whole or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ringbook.store.database import Database, as_problems
from ringbook.store.lanes import HotStatement, ReadLanes, Rows

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Within(Database):
    """`whole`, seen from within a transaction of it: what it has written is read, by everything that reads."""

    def __init__(self, whole: Database, tx: Tx) -> None:
        self._whole = whole
        self._tx = tx
        self.lanes = _OneLane(tx)

    def grew(self, rows: int) -> None:
        self._whole.grew(rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A savepoint: what fails is undone alone, and says so as it would in a transaction of its own."""
        with as_problems():
            async with self._tx.transaction():
                yield self._tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        with as_problems():
            yield self._tx


class _OneLane(ReadLanes):
    """The hot statements on the transaction's own connection."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def ask(self, statement: HotStatement, scope: tuple[Any, ...], key: str) -> asyncio.Future[Rows]:
        return asyncio.ensure_future(self._tx.fetch(statement.sql, *scope, [key]))
