"""Read lanes: shared statements, each asker's own rows, and connections that come back by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from ringbook.app import HOT
from ringbook.core.access import Core, Records
from ringbook.core.context import Context
from ringbook.core.lookup import Lookup
from ringbook.domain.problems import Problem, Unavailable
from ringbook.store.database import Connecting, Database
from ringbook.store.journal import Author
from ringbook.store.lanes import HotStatement, ReadLanes
from ringbook.store.lookup import BY_NUMBER

LANE = "ringbook read lane"


def number(n: int) -> str:
    return f"330-555-01{n:02}"


class Worker:
    """A worker of its own, whose lanes may be cut, looking up for one tenant."""

    def __init__(self, dsn: str, records: Records) -> None:
        self.database = Database(Connecting(dsn, pool=2, lanes=3), HOT)
        author = Author(records.tenant.id, "tests", "native")
        self._lookup = Lookup(Context(self.database, records.tenant, author, frozenset({"read"})))
        self.lane_pids: list[int] = []
        self.others: set[int] = set()

    async def look_up(self, n: int) -> list[int]:
        return [contact.id for contact in (await self._lookup.by_number(number(n))).contacts]

    async def cut(self, application: str = LANE) -> None:
        """End this worker's connections, as a restart of the server would."""
        async with self.database.reading() as tx:
            for pid in self.lane_pids if application == LANE else [await tx.fetchval("SELECT pg_backend_pid()")]:
                await tx.execute("SELECT pg_terminate_backend($1)", pid)


@asynccontextmanager
async def one_lane(dsn: str, statement: HotStatement) -> AsyncIterator[ReadLanes]:
    lanes = ReadLanes(lambda: asyncpg.connect(dsn), 1, [statement])
    await lanes.open()
    await asyncio.sleep(0)  # until the lane has begun
    try:
        yield lanes
    finally:
        await lanes.close()


async def lane_pids(dsn: str) -> set[int]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = $1", LANE)
    await connection.close()
    return {row["pid"] for row in rows}


async def new_lanes(dsn: str, besides: set[int]) -> list[int]:
    """The three lanes of a worker, once all are connected and what was cut has ended."""
    for _ in range(500):
        found = await lane_pids(dsn) - besides
        if len(found) == 3:
            return sorted(found)
        await asyncio.sleep(0.01)
    raise AssertionError("the lanes did not connect")


@pytest.fixture
async def people(records: Records) -> list[int]:
    return [(await records.contacts.save({"phone1": number(n)}))[0].id for n in range(8)]


@pytest.fixture
async def worker(dsn: str, records: Records) -> AsyncIterator[Worker]:
    before = await lane_pids(dsn)
    worker = Worker(dsn, records)
    worker.others = before
    await worker.database.open()
    worker.lane_pids = await new_lanes(dsn, before)
    yield worker
    await worker.database.close()


# ---- Sharing


async def test_askers_of_one_moment_get_their_own_rows(worker: Worker, people: list[int]) -> None:
    asked = [n % 10 for n in range(400)]
    found = await asyncio.gather(*(worker.look_up(n) for n in asked))
    assert found == [[people[n]] if n < 8 else [] for n in asked]


async def test_tenants_that_ask_at_once_are_never_mixed(core: Core, records: Records, other: Records) -> None:
    ours = (await records.contacts.save({"phone1": number(1)}))[0]
    theirs = (await other.contacts.save({"phone1": number(1)}))[0]
    asks = [(r, c.id) for r, c in ((records, ours), (other, theirs))] * 100
    found = await asyncio.gather(*(r.lookup.by_number(number(1)) for r, _ in asks))
    assert [[c.id for c in caller.contacts] for caller in found] == [[contact_id] for _, contact_id in asks]


async def test_a_burst_costs_few_statements(dsn: str) -> None:
    """A statement that answers with the time it began: as many times as there were statements."""
    timed = HotStatement(
        "timed",
        """
        SELECT a.n::int, statement_timestamp(), $1::int
          FROM unnest($2::text[]) WITH ORDINALITY AS a (key, n)
        """,
    )
    async with one_lane(dsn, timed) as lanes:
        answers = await asyncio.gather(*(lanes.ask(timed, (1,), str(n)) for n in range(128)))
    assert len({rows[0][1] for rows in answers}) <= 3


@pytest.mark.parametrize("bad", ["\ud800", "a\0b"])
async def test_a_bad_key_fails_alone(core: Core, records: Records, people: list[int], bad: str) -> None:
    scope = (records.tenant.id,)
    keys = [f"+133055501{n:02}" for n in range(8)]
    asks = [core.database.lanes.ask(BY_NUMBER, scope, key) for key in [*keys[:4], bad, *keys[4:]]]
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    assert isinstance(outcomes[4], Exception)
    assert not isinstance(outcomes[4], Unavailable)
    good = [rows for rows in outcomes if not isinstance(rows, BaseException)]
    assert [rows[0]["id"] for rows in good] == people


@pytest.mark.parametrize("number_", ["\ud800", "a\0b", "\0", "\ud800\udfff 330-555-0101"])
async def test_a_number_that_cannot_be_stored_is_nobodys(records: Records, people: list[int], number_: str) -> None:
    callers = await asyncio.gather(*(records.lookup.by_number(n) for n in (number(1), number_, number(2))))
    assert [[c.id for c in caller.contacts] for caller in (callers[0], callers[2])] == [[people[1]], [people[2]]]


async def test_an_asker_who_goes_away_takes_nobody_along(worker: Worker, people: list[int]) -> None:
    asks = [asyncio.ensure_future(worker.look_up(n)) for n in range(8)]
    await asyncio.sleep(0)
    asks[3].cancel()
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    assert isinstance(outcomes.pop(3), asyncio.CancelledError)
    assert outcomes == [[people[n]] for n in range(8) if n != 3]


# ---- Losing connections


async def test_a_lane_that_is_lost_is_replaced_and_nobody_gets_a_wrong_answer(
    dsn: str, worker: Worker, people: list[int]
) -> None:
    async def ask(n: int) -> list[int] | None:
        try:
            return await worker.look_up(n)
        except Unavailable:
            return None

    cutting = asyncio.create_task(worker.cut())
    answers = []
    while not cutting.done():
        answers += await asyncio.gather(*(ask(n) for n in range(8)))
        await asyncio.sleep(0)
    assert all(answer in (None, [people[n % 8]]) for n, answer in enumerate(answers))
    assert await back(worker) == [people[0]]
    assert not set(worker.lane_pids) & set(await new_lanes(dsn, worker.others))
    assert await asyncio.gather(*(worker.look_up(n) for n in range(8))) == [[person] for person in people]


async def test_lanes_that_are_cut_while_nobody_asks_come_back_before_somebody_does(
    dsn: str, worker: Worker, people: list[int]
) -> None:
    await worker.cut()
    await new_lanes(dsn, worker.others | set(worker.lane_pids))
    assert await back(worker) == [people[0]]


async def back(worker: Worker) -> list[int]:
    """The first answer after a loss, which comes within seconds and without anybody's doing."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await worker.look_up(0)
            except Unavailable:
                await asyncio.sleep(0.02)


async def test_a_lost_connection_of_the_pool_is_replaced(worker: Worker) -> None:
    with pytest.raises(Unavailable):
        await worker.cut("the pool's")
    assert await worker.database.ready()


async def test_closed_lanes_leave_nobody_waiting(dsn: str) -> None:
    slow = HotStatement("slow", "SELECT 1, pg_sleep(0.04), $1::int FROM unnest($2::text[]) AS a (key)")
    async with one_lane(dsn, slow) as lanes:
        asks = [lanes.ask(slow, (n,), "x") for n in range(4)]
        await asyncio.sleep(0.005)
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)


async def test_a_lane_outlives_a_bug(dsn: str) -> None:
    sick = HotStatement("sick", "SELECT $1::int, key FROM unnest($2::text[]) AS a (key)")
    async with one_lane(dsn, sick) as lanes:
        with pytest.raises(Unavailable):
            await lanes.ask(sick, (9,), "a position that nobody asked from")
        for _ in range(100):
            await asyncio.sleep(0.02)  # until the lane is back
            with suppress(Unavailable):
                assert len(await lanes.ask(sick, (1,), "x")) == 1
                return
    raise AssertionError("the lane is gone for good")


async def test_lanes_that_cannot_connect_say_so_at_once() -> None:
    database = Database(Connecting("postgresql://nobody@127.0.0.1:1/none"), HOT)
    with pytest.raises(Problem) as told:
        await database.open()
    assert isinstance(told.value, Unavailable)


async def test_an_idle_lane_holds_no_transaction(worker: Worker, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    open_since = await connection.fetch(
        "SELECT state FROM pg_stat_activity WHERE pid = ANY ($1::int[]) AND state LIKE 'idle in transaction%'",
        list(worker.lane_pids),
    )
    await connection.close()
    assert not open_since, "it would keep migrations and dumps waiting"
