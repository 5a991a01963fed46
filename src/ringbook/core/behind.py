"""Writing behind: the database stores one part of a batch while this process computes the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Behind:
    """Statements of one transaction, one after the other, in the order they are given."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def then(self, statement: Callable[[], Awaitable[None]]) -> None:
        """Begin the statement, once the one before it is done; raises what that one has failed with."""
        await self.done()
        self._running = asyncio.create_task(_awaited(statement))
        # What it has to send is on its way before the next part is computed.
        await asyncio.sleep(0)

    async def done(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running

    async def stop(self) -> None:
        """Leave no statement running: the transaction's end is the next thing on its connection."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)


async def _awaited(statement: Callable[[], Awaitable[None]]) -> None:
    await statement()


@asynccontextmanager
async def writing_behind() -> AsyncIterator[Behind]:
    """All that was begun is done when the block ends, and none of it goes on when it raises."""
    behind = Behind()
    try:
        yield behind
        await behind.done()
    finally:
        await behind.stop()
