"""The way to PostgreSQL: a pool for transactions, read lanes for what a ringing phone waits for.

The driver's errors end here: what leaves this module is a row or a Problem.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from ringbook.domain.problems import Busy, Problem
from ringbook.store.driver_errors import as_problem
from ringbook.store.giving_way import give_way
from ringbook.store.lanes import HotStatement, ReadLanes
from ringbook.store.statistics import Statistics

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Tx = PoolConnectionProxy[asyncpg.Record]
    """An open transaction. Store functions take one as their first argument."""

log = structlog.get_logger()

_to_tell: ContextVar[set[int] | None] = ContextVar("to_tell", default=None)
"""The tenants of which the transaction under way has something to tell."""
_growth: ContextVar[list[int] | None] = ContextVar("growth", default=None)
"""The rows that the transaction under way has added in bulk."""

# How lanes plan: once, since planning costs more than running, and from index to index whatever the statistics say.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"} | dict.fromkeys(
    (
        "enable_seqscan",
        "enable_bitmapscan",
        "enable_hashjoin",
        "enable_mergejoin",
        "enable_material",
        "enable_memoize",
    ),
    "off",
)

_ALIVE = HotStatement("alive", "SELECT a.n::int FROM unnest($1::text[]) WITH ORDINALITY AS a (key, n)")

_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
# Who waits for a lock for longer gives way, so that one long change does not take the connections of everybody. It is
# longer than many that load records into one list make each other wait.
_LOCK_TIMEOUT = "5s"


@dataclass(frozen=True, slots=True)
class Connecting:
    """How to reach a server: one DSN, and how many connections a worker keeps.

    What runs on connections that are `modest` gives way to all else on a machine that the server shares with us.
    """

    dsn: str
    pool: int = 8
    lanes: int = 3
    modest: bool = False


def tell(tenant_id: int) -> None:
    """Say that the transaction under way, once it has committed, is something that happened to this tenant."""
    to_tell = _to_tell.get()
    if to_tell is not None:
        to_tell.add(tenant_id)


class Database:
    """One worker's connections. `committed` is called with the tenants to whom something has just happened."""

    committed: Callable[[set[int]], None] = staticmethod(lambda tenant_ids: None)

    def __init__(self, connecting: Connecting, hot: tuple[HotStatement, ...]) -> None:
        self._connecting = connecting
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._statistics = Statistics(self.reading)
        self.lanes = ReadLanes(self._connect_lane, connecting.lanes, (_ALIVE, *hot))

    async def open(self) -> None:
        """Connect, or raise Unavailable."""
        with as_problems():
            self._pool = await asyncpg.create_pool(
                self._connecting.dsn,
                min_size=1,
                max_size=self._connecting.pool,
                init=self._give_way if self._connecting.modest else None,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
                # A transaction always ends in ours; the pool's own reset would be a round trip each.
                reset=_keep,
                # For a tenant that the statistics have not seen, a plan for its very id is a scan of all it has.
                server_settings={
                    "application_name": "ringbook",
                    "jit": "off",
                    "plan_cache_mode": "force_generic_plan",
                    "lock_timeout": _LOCK_TIMEOUT,
                },
            )
            await self.lanes.open()
        await self._statistics.begin()

    async def _give_way(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        give_way(self._connecting.dsn, connection.get_server_pid())

    async def close(self) -> None:
        await self._statistics.end()
        await self.lanes.close()
        if self._pool is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._pool.close(), timeout=5)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        outer, to_tell = _to_tell.get(), set[int]()
        outer_growth, growth = _growth.get(), list[int]()
        _to_tell.set(to_tell)
        _growth.set(growth)
        try:
            with as_problems():
                async with self._connection() as connection, connection.transaction():
                    yield connection
        finally:
            _to_tell.set(outer)
            _growth.set(outer_growth)
        if to_tell:
            self.committed(to_tell)
        if growth:
            self._statistics.grew(sum(growth))

    def grew(self, rows: int) -> None:
        """Told of rows that a bulk write has added: once they are committed, the planner is to know of them."""
        growth = _growth.get()
        if growth is not None:
            growth.append(rows)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection for single statements that each see their own moment."""
        with as_problems():
            async with self._connection() as connection:
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Tx]:
        """A connection of the pool; Busy where all are in use for too long."""
        assert self._pool is not None, "the database is not open"
        taken = self._pool.acquire(timeout=_CONNECT_SECONDS)
        try:
            connection = await taken
        except TimeoutError:
            if self._pool.get_size() < self._pool.get_max_size():
                raise  # it was a new one that could not be made
            raise Busy("All connections are in use. Try again shortly.") from None
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def dedicated(self, name: str) -> AsyncIterator[tuple[asyncpg.Connection[asyncpg.Record], asyncio.Event]]:
        """A connection outside the pool, for who must keep one, and an event that tells of its loss."""
        with as_problems():
            connection = await asyncpg.connect(
                self._connecting.dsn, timeout=_CONNECT_SECONDS, server_settings={"application_name": name}
            )
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            try:
                yield connection, lost
            finally:
                connection.terminate()

    async def ready(self) -> bool:
        """Whether the database answers within a second."""
        try:
            async with asyncio.timeout(1):
                return bool(await self.lanes.ask(_ALIVE, (), ""))
        except (Problem, TimeoutError):
            return False

    async def _connect_lane(self) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            self._connecting.dsn,
            timeout=_CONNECT_SECONDS,
            server_settings={"application_name": "ringbook read lane", "jit": "off"} | PLANNED_ONCE,
        )


class as_problems:  # noqa: N801 - reads as a verb in a with statement
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if error is None or isinstance(error, Problem):
            return
        problem = as_problem(error)
        if problem is not None:
            # Not the error's text, which may quote what was refused.
            log.warning("database refused", error=type(error).__name__, at=getattr(error, "constraint_name", None))
            raise problem from error


async def _keep(connection: object) -> None:
    return None
