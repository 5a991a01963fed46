"""Requests at once and requests a day, over several views of the same shared memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.access import Credential
from ringbook.web.rations import _POOLS, BLOCK, DayUsedUp, Place, Rations, SharedRations, TooManyAtOnce
from tests.conftest import make_tenant
from tests.core.cast import move_clock

KEY, OTHER_KEY = 7, 8


def credential(id_: int) -> Credential:
    return Credential(id_, 1, "wolkvox", "tests", frozenset(), datetime.now(UTC))


class Host:
    """Requests through the workers of one host."""

    def __init__(self, core: Core, records: Records, run: Path, workers: int, a_day: int | None) -> None:
        self._core = core
        self.tenant = records.tenant
        self.workers = [SharedRations(run, workers) for _ in range(workers)]
        self.rations = Rations(2, lambda tenant: a_day)

    def enter(
        self, stack: AsyncExitStack, worker: int = 0, key: int = KEY, counted: bool = True
    ) -> asyncio.Future[Place]:
        place = self.workers[worker].place(self._core, self.rations, self.tenant, credential(key), counted)
        return asyncio.ensure_future(stack.enter_async_context(place))

    async def granted(self, requests: int, worker: int = 0, key: int = KEY, counted: bool = True) -> int:
        """How many of so many requests, one after the other, are granted."""
        done = 0
        for _ in range(requests):
            try:
                async with self.workers[worker].place(self._core, self.rations, self.tenant, credential(key), counted):
                    done += 1
            except DayUsedUp:
                pass
        return done

    async def close(self) -> None:
        for worker in self.workers:
            await worker.close(self._core)


MakeHost = Callable[[int, int | None], Host]


@pytest.fixture
def host(core: Core, records: Records, tmp_path: Path) -> MakeHost:
    """Makes a host with so many workers, for a tenant with so many requests a day."""
    return lambda workers, a_day: Host(core, records, tmp_path, workers, a_day)


# ---- At once


async def test_a_third_request_at_once_is_refused_whatever_the_worker(host: MakeHost) -> None:
    one = host(2, None)
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as first:
            await one.enter(first, worker=0)
            await one.enter(stack, worker=1)
            for worker in (0, 1):
                with pytest.raises(TooManyAtOnce):
                    await one.enter(stack, worker)
        await one.enter(stack, worker=0)
        with pytest.raises(TooManyAtOnce):
            await one.enter(stack, worker=1)


async def test_keys_do_not_take_each_others_places(host: MakeHost) -> None:
    one = host(2, None)
    async with AsyncExitStack() as stack:
        for n in range(200):
            for worker in (0, 1):
                await one.enter(stack, worker, key=KEY + n)


async def test_a_refused_request_takes_nothing_of_the_day(host: MakeHost) -> None:
    one = host(1, 3)
    async with AsyncExitStack() as stack:
        await one.enter(stack)
        await one.enter(stack)
        for _ in range(5):
            with pytest.raises(TooManyAtOnce):
                await one.enter(stack)
    assert await one.granted(5) == 1


async def test_a_request_that_fails_leaves_its_place(host: MakeHost) -> None:
    one = host(1, None)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            async with AsyncExitStack() as stack:
                await one.enter(stack)
                raise ZeroDivisionError
    async with AsyncExitStack() as stack:
        await one.enter(stack)
        await one.enter(stack)


_DYING_WORKER = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from ringbook.domain.access import Credential
from ringbook.web.rations import Rations, SharedRations

async def main():
    rations = SharedRations(Path(sys.argv[1]), 2)
    key = Credential(7, 1, "wolkvox", "tests", frozenset(), datetime.now(UTC))
    places = [rations.place(None, Rations(2, lambda tenant: None), None, key, True) for _ in range(2)]
    for place in places:
        await place.__aenter__()
    print("in progress", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
def dying_worker(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker of the same host that has two requests of KEY in progress."""
    command = [sys.executable, "-c", _DYING_WORKER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "in progress\n"
        yield worker
        worker.kill()


async def test_the_places_of_a_killed_worker_are_free_at_once(
    host: MakeHost, dying_worker: subprocess.Popen[str]
) -> None:
    one = host(2, None)
    async with AsyncExitStack() as stack:
        with pytest.raises(TooManyAtOnce):
            await one.enter(stack)
        dying_worker.kill()
        await asyncio.sleep(0.1)  # nobody has waited for the process: it is still there, dead, and does not count
        await one.enter(stack)
        await one.enter(stack)
        with pytest.raises(TooManyAtOnce):
            await one.enter(stack)


# ---- A day


@pytest.mark.parametrize("a_day", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
async def test_exactly_the_days_requests_are_granted(host: MakeHost, a_day: int) -> None:
    one = host(3, a_day)
    granted = await asyncio.gather(
        *(one.granted(a_day, worker, key) for worker in range(3) for key in (KEY, OTHER_KEY))
    )
    assert sum(granted) == a_day
    assert await one.granted(3) == 0


async def test_as_long_as_there_are_requests_left_none_is_refused(host: MakeHost) -> None:
    one = host(2, 2 * BLOCK)
    granted = await asyncio.gather(
        *(one.granted(BLOCK // 2, worker, key) for worker in (0, 1) for key in (KEY, OTHER_KEY))
    )
    assert granted == [BLOCK // 2] * 4


async def test_who_dies_while_it_leases_holds_up_nobody(
    host: MakeHost, core: Core, records: Records, tmp_path: Path
) -> None:
    columns = SharedRations(tmp_path, 2)._columns
    free = next(start for start in columns.starts if start != columns.own)
    pool = _POOLS.put(columns.cells, records.tenant.id)
    columns.cells[pool + 4] = free
    one = host(2, 3)  # of its workers, one takes over the column of the one that died
    async with asyncio.timeout(5):
        assert [await one.granted(1, worker) for worker in (0, 1)] == [1, 1]


async def test_what_is_not_counted_takes_nothing(host: MakeHost) -> None:
    one = host(1, 2)
    assert await one.granted(5, counted=False) == 5
    assert await one.granted(5) == 2
    assert await one.granted(5, counted=False) == 5


async def test_the_next_day_has_its_own(host: MakeHost, core: Core, records: Records) -> None:
    one = host(1, 3)
    assert await one.granted(5) == 3
    await move_clock(core, records, timedelta(days=1))
    await asyncio.sleep(0.6)  # a used up day is believed for half a second
    assert await one.granted(5) == 3


async def test_what_a_host_did_not_need_it_gives_back(
    host: MakeHost, core: Core, records: Records, tmp_path: Path
) -> None:
    one = host(2, BLOCK + 10)
    assert await one.granted(3) == 3
    await one.close()
    (tmp_path / "next").mkdir()
    after = Host(core, records, tmp_path / "next", 1, BLOCK + 10)
    assert await after.granted(2 * BLOCK) == BLOCK + 7


async def test_tenants_have_days_of_their_own(host: MakeHost, core: Core, passwords: Passwords, tmp_path: Path) -> None:
    one = host(1, 3)
    other = Host(core, await make_tenant(core, passwords), tmp_path, 1, 4)
    assert await one.granted(9) == 3
    assert await other.granted(9, key=9) == 4


async def test_usage_tells_the_keys_and_the_days_share(host: MakeHost, core: Core, records: Records) -> None:
    one = host(2, 200)
    await one.granted(BLOCK + 4, worker=0, key=KEY)
    await one.granted(7, worker=1, key=OTHER_KEY)
    async with AsyncExitStack() as stack:
        usage = await (await one.enter(stack, key=KEY)).usage()
    assert usage == (200, BLOCK + 12, BLOCK + 5)
    await one.close()
    async with AsyncExitStack() as stack:
        assert await (await one.enter(stack, key=OTHER_KEY)).usage() == (200, BLOCK + 13, 8)
