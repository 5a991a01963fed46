"""Two slices of an import abreast: while one is written, the next one begins, if neither is about anybody of the other.

One connection keeps one processor busy. What comes of two at a time is what would come of one after the other: they
are committed in their order, and the next one waits where this one changes somebody who was there before, or brings
somebody of whom a row of the next one has a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from ringbook.core.import_files import Slice
from ringbook.domain.intake import Effect
from ringbook.domain.problems import Unavailable


class Turn:
    """A slice that is being written, `behind` another one."""

    def __init__(self, part: Slice, behind: Turn | None = None) -> None:
        self.part = part
        self.task: asyncio.Task[None]
        self._behind = behind
        self._effect: asyncio.Future[Effect] = asyncio.get_running_loop().create_future()

    def decided(self, effect: Effect) -> None:
        """Say what the slice does; what was said first counts."""
        if not self._effect.done():
            self._effect.set_result(effect)

    async def comes(self) -> None:
        """Wait until the slice before this one is committed; raises what that one has failed with."""
        if self._behind is not None:
            await asyncio.wait([self._behind.task])
            self._behind.task.result()
            self._behind = None

    async def lets_begin(self, part: Slice) -> bool:
        """Whether the next slice may begin before this one is committed, once that can be told."""
        if self.part.prepared is None:
            return False
        either: list[asyncio.Future[Any]] = [self._effect, self.task]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._effect.done() or self._effect.result() == "changes":
            return False
        if self._effect.result() == "nothing":
            return True
        own, others = self.part.read_keys(), part.read_keys()
        return own is not None and others is not None and own.isdisjoint(others)


class Abreast:
    """Slices that are being written, two at most. `patiently` calls again what is unavailable for the moment."""

    def __init__(
        self,
        write: Callable[[Slice, Turn], Coroutine[Any, Any, None]],
        patiently: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]],
    ) -> None:
        self._write = write
        self._patiently = patiently
        self._turns: list[Turn] = []

    async def add(self, part: Slice) -> None:
        """Begin a slice; none of those before the last one is open then."""
        if self._turns and not await self._turns[-1].lets_begin(part):
            await self.finish()
        turn = Turn(part, self._turns[-1] if self._turns else None)
        turn.task = asyncio.create_task(self._write(part, turn))
        self._turns.append(turn)
        while len(self._turns) > 1:
            await self._finish_first()

    async def finish(self) -> None:
        """Wait until all are committed; raises what one has failed with."""
        while self._turns:
            await self._finish_first()

    async def stop(self) -> None:
        """Leave none open: what is not committed is taken back."""
        for turn in self._turns:
            turn.task.cancel()
        await asyncio.gather(*(turn.task for turn in self._turns), return_exceptions=True)

    async def _finish_first(self) -> None:
        try:
            await self._turns[0].task
        except Unavailable:
            # The one behind it falls with it, and holds nothing more. Then they go one after the other.
            again, self._turns = self._turns, []
            await asyncio.gather(*(turn.task for turn in again), return_exceptions=True)
            for turn in again:
                await self._patiently(partial(self._write, turn.part, Turn(turn.part)))
        else:
            del self._turns[0]
