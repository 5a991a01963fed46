"""wolkvox's limits on a server of two worker processes: two requests at once, and the day's pool."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Ringbook
from tests.cli.running import PATIENCE, Running, until

_WORKSPACE = """
[tenant]
slug = "rationed"
name = "An operation with one licence"
region = "US"
time_zone = "America/Bogota"
wolkvox_licences = 1

[[keys]]
name = "one"
for = "wolkvox"
secret = "token-one"

[[keys]]
name = "two"
for = "wolkvox"
secret = "token-two"

[[campaigns]]
id = 7224
name = "Spring"
"""
_FIND = "/api/v2/campaign.php?api=find_record&customer_id=1"
_LOAD = "/api/v2/campaign.php?api=add_record&campaign_id=7224"
_AT_ONCE = "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"
_USED_UP = "TOKEN LIMIT EXCEEDED"


@pytest.fixture
def running(folder: Path, ringbook: Ringbook) -> Running:
    """A server with the workspace above."""
    file = folder / "rationed.toml"
    file.write_text(_WORKSPACE)
    assert ringbook("apply", file, "--data", folder / "data").code == 0
    return Running(folder, "--workers", "2")


def client(running: Running, token: str = "token-one") -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=running.url, headers={"wolkvox-token": token}, timeout=PATIENCE)


@asynccontextmanager
async def in_progress(running: Running, requests: int) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """So many requests whose bodies have not arrived yet, each on a connection of its own; their answers afterwards."""
    arrived = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b'[{"customer_id": '
        await arrived.wait()
        yield b'"1"}]'

    async def load() -> httpx.Response:
        async with client(running) as own:
            return await own.post(_LOAD, content=body())

    tasks = []
    for _ in range(requests):
        tasks.append(asyncio.create_task(load()))
        await asyncio.sleep(0.2)
    yield tasks
    arrived.set()


async def test_a_third_request_at_once_is_refused_on_every_worker(running: Running) -> None:
    async with in_progress(running, 2) as loading:
        for _ in range(20):
            async with client(running) as own, client(running, "token-two") as others:
                refused = await own.get(_FIND)
                assert (refused.status_code, refused.json()["msg"]) == (403, _AT_ONCE)
                assert (await others.get(_FIND)).status_code == 404
    assert [(await load).status_code for load in loading] == [201, 201]
    async with client(running) as own:
        assert (await own.get(_FIND)).json()["msg"] == "2 records were found"
    assert running.end() == 0


async def test_a_killed_worker_frees_the_places_of_its_requests(running: Running) -> None:
    async with in_progress(running, 2), client(running) as own:
        assert (await own.get(_FIND)).status_code == 403
        for worker in workers(running):
            os.kill(worker, signal.SIGKILL)
        for _ in range(500):
            try:
                answer = await own.get(_FIND)
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
        assert (answer.status_code, answer.json()["msg"]) == (404, "0 records were found")
    assert running.end() == 0


async def test_exactly_the_days_pool_is_granted_to_all_tokens_on_all_workers_also_over_a_restart(
    running: Running, folder: Path
) -> None:
    assert await answers(running, 245) == {"0 records were found": 980}
    assert running.end() == 0
    again = Running(folder, "--workers", "2")
    assert await answers(again, 10) == {"0 records were found": 20, _USED_UP: 20}
    async with client(again) as own:
        unknown = await own.get("/api/v2/campaign.php?api=no_such_api")
        assert (unknown.status_code, unknown.json()["msg"]) == (403, _USED_UP)
    assert again.end() == 0


async def answers(running: Running, requests: int) -> Counter[str]:
    """What is told to two clients with each token, of so many requests each."""
    told: Counter[str] = Counter()

    async def ask(token: str) -> None:
        for at in range(requests):
            if at % 50 == 0:
                own = client(running, token)  # a connection of its own, for the kernel to give to any worker
            told[(await own.get(_FIND)).json()["msg"]] += 1
            if at % 50 == 49 or at == requests - 1:
                await own.aclose()

    await asyncio.gather(*(ask(token) for token in ("token-one", "token-one", "token-two", "token-two")))
    return told


def workers(running: Running) -> list[int]:
    """The pids of the processes that answer requests."""
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    until(lambda: children)
    return [int(pid) for pid in children if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
