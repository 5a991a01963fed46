"""Read lanes: pinned connections on which the hot statements are prepared once.

Look-ups of one scope (a tenant) that wait while the lanes are busy share one statement, so that a burst costs
PostgreSQL and the driver one round trip instead of many. A hot statement therefore takes its scope's values first
and an array of keys last, and answers with rows whose first column is the position of their key, from 1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from ringbook.domain.problems import Unavailable
from ringbook.store.driver_errors import as_problem

log = structlog.get_logger()

_MOST_TOGETHER = 64
_STATEMENT_SECONDS = 5.0
_RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)

_REFUSALS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    UnicodeError,
)

Rows = list[asyncpg.Record]
_Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


@dataclass(frozen=True, slots=True, eq=False)
class HotStatement:
    """A statement that every lane has prepared."""

    name: str
    sql: str


class _Waiting:
    """The keys of one statement and scope that wait for a lane."""

    __slots__ = ("askers", "scope", "statement")

    def __init__(self, statement: HotStatement, scope: tuple[Any, ...]) -> None:
        self.statement = statement
        self.scope = scope
        self.askers: deque[tuple[str, asyncio.Future[Rows]]] = deque()


class ReadLanes:
    def __init__(self, connect: _Connect, lanes: int, statements: Sequence[HotStatement]) -> None:
        self._connect = connect
        self._count = lanes
        self._statements = tuple(statements)
        self._waiting: dict[tuple[Any, ...], _Waiting] = {}
        self._work: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = 0
        self._up = asyncio.Event()

    async def open(self) -> None:
        """Start all lanes; raises when the first of them cannot connect."""
        first = await self._prepare()
        self._tasks = [asyncio.create_task(self._lane(first))]
        self._tasks += [asyncio.create_task(self._lane(None)) for _ in range(self._count - 1)]
        await self._up.wait()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_waiting()

    def ask(self, statement: HotStatement, scope: tuple[Any, ...], key: str) -> asyncio.Future[Rows]:
        """The statement's rows for `key`, as a future; Unavailable when the database is away."""
        answer: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        if not self._connected and self._tasks:
            answer.set_exception(Unavailable())
            return answer
        name = (statement, *scope)
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = _Waiting(statement, scope)
            self._work.append(waiting)
        waiting.askers.append((key, answer))
        self._wake.set()
        return answer

    async def _lane(self, prepared: _Prepared | None) -> None:
        failures = 0
        while True:
            if prepared is None:
                try:
                    prepared = await self._prepare()
                    failures = 0
                except _REFUSALS as error:
                    log.warning("read lane cannot connect", error=type(error).__name__)
                    await asyncio.sleep(_RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS) - 1)])
                    failures += 1
                    continue
            self._connected += 1
            self._up.set()
            try:
                await self._serve(prepared)
            except Exception:
                log.exception("bug", lane="read")  # the lane goes on: without lanes nobody is looked up
            finally:
                self._connected -= 1
                if not self._connected:
                    self._fail_waiting()
                with suppress(Exception):
                    prepared.connection.terminate()
            prepared = None

    async def _prepare(self) -> _Prepared:
        connection = await self._connect()
        # An idle lane learns at once that it is cut off, and not from the next caller who waits for it.
        connection.add_termination_listener(lambda _: self._wake.set())
        try:
            prepared = {s: await connection.prepare(s.sql) for s in self._statements}
            # Preparing leaves the lane in a transaction that holds its tables; a statement ends it.
            await connection.execute("SELECT 1")
        except BaseException:
            connection.terminate()
            raise
        return _Prepared(connection, prepared)

    async def _serve(self, lane: _Prepared) -> None:
        """Answer what waits until the connection is lost."""
        while True:
            while not self._work and not lane.connection.is_closed():
                self._wake.clear()
                await self._wake.wait()
            if lane.connection.is_closed():
                return  # before it takes what another lane can answer
            statement, scope, batch = self._take()
            try:
                _hand_out(batch, await lane.fetch(statement, scope, [key for key, _ in batch]))
            except _REFUSALS as error:
                if not await self._one_by_one(lane, statement, scope, batch, error):
                    return
                continue
            except BaseException:
                _fail(batch, Unavailable())
                raise

    def _take(self) -> tuple[HotStatement, tuple[Any, ...], list[tuple[str, asyncio.Future[Rows]]]]:
        waiting = self._work.popleft()
        batch = [waiting.askers.popleft() for _ in range(min(len(waiting.askers), _MOST_TOGETHER))]
        if waiting.askers:
            self._work.append(waiting)
        else:
            del self._waiting[(waiting.statement, *waiting.scope)]
        return waiting.statement, waiting.scope, batch

    async def _one_by_one(
        self,
        lane: _Prepared,
        statement: HotStatement,
        scope: tuple[Any, ...],
        batch: list[tuple[str, asyncio.Future[Rows]]],
        error: Exception,
    ) -> bool:
        """Rerun a failed batch so that one bad key fails alone; False when the connection is gone."""
        if lane.connection.is_closed() or isinstance(error, TimeoutError | asyncpg.InternalClientError):
            _fail(batch, Unavailable())
            return False
        for at, (key, answer) in enumerate(batch):
            try:
                rows = await lane.fetch(statement, scope, [key])
            except _REFUSALS as alone:
                if lane.connection.is_closed():
                    _fail(batch[at:], Unavailable())
                    return False
                _fail([(key, answer)], as_problem(alone) or alone)
            else:
                _hand_out([(key, answer)], rows)
        return True

    def _fail_waiting(self) -> None:
        for waiting in self._waiting.values():
            _fail(list(waiting.askers), Unavailable())
        self._waiting.clear()
        self._work.clear()


class _Prepared:
    """A connection with the hot statements prepared on it."""

    __slots__ = ("_statements", "connection")

    def __init__(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        statements: dict[HotStatement, asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]],
    ) -> None:
        self.connection = connection
        self._statements = statements

    async def fetch(self, statement: HotStatement, scope: tuple[Any, ...], keys: list[str]) -> Rows:
        return await self._statements[statement].fetch(*scope, keys, timeout=_STATEMENT_SECONDS)


def _hand_out(batch: list[tuple[str, asyncio.Future[Rows]]], rows: Rows) -> None:
    shares: list[Rows] = [[] for _ in batch]
    for row in rows:
        shares[row[0] - 1].append(row)
    for (_, answer), share in zip(batch, shares, strict=True):
        if not answer.done():
            answer.set_result(share)


def _fail(batch: list[tuple[str, asyncio.Future[Rows]]], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
