"""From a screen pop to the agents' screens, over two worker processes: `python -m bench.events` measures that alone."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import servers
from bench.data import HERE
from bench.problem import BenchProblem
from bench.servers import Running

_SCREENS = 40
_PHONES = 4
_PER_SECOND = 40
_CALL = re.compile(rb'"call_id":"(\d+)"')
_WORKER = re.compile(rb"x-request-id: (\w+)-")


@dataclass(frozen=True)
class Pops:
    """Milliseconds from asking for a pop until every screen had it."""

    p50: float
    p99: float
    answer_p50: float
    """The same until the answer to who asked."""
    pops: int


@dataclass
class _Screen:
    """One that listens: which worker it is at, and when which call came."""

    worker: bytes
    writer: asyncio.StreamWriter
    """Kept: who lets go of it hangs up."""
    came: dict[int, float] = field(default_factory=dict)


def measure(folder: Path, secret: str, seconds: int) -> Pops:
    """With a server of its own on a fresh data folder."""
    shutil.rmtree(folder, ignore_errors=True)
    workspace = str(HERE / "reads.toml")
    try:
        with servers.ringbook(folder, "--workers", "2", "--workspace", workspace) as running:
            return asyncio.run(_run(running, secret, seconds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(running: Running, secret: str, seconds: int) -> Pops:
    screens: list[_Screen] = []
    tasks: list[asyncio.Task[None]] = []
    while len(screens) < _SCREENS or len({screen.worker for screen in screens}) < 2:
        reader, screen = await _listen(running, secret)
        screens.append(screen)
        tasks.append(asyncio.create_task(_read(reader, screen)))
    asked: dict[int, float] = {}
    answers: list[float] = []
    phones = [asyncio.create_task(_ring(running, secret, n, seconds, asked, answers)) for n in range(_PHONES)]
    await asyncio.gather(*phones)
    await asyncio.sleep(2)
    for task in tasks:
        task.cancel()
    took = sorted(
        max(screen.came[call] - began for screen in screens)
        for call, began in asked.items()
        if all(call in screen.came for screen in screens)
    )
    if not took:
        raise BenchProblem("No pop came to all screens.")
    missing = sum(call not in screen.came for call in asked for screen in screens)
    if missing:
        raise BenchProblem(f"{missing} screens of {len(screens)} did not get one of {len(asked)} pops.")
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    middle = statistics.median(took), statistics.median(answers)
    return Pops(middle[0] * 1000, p99 * 1000, middle[1] * 1000, len(asked))


async def _listen(running: Running, secret: str) -> tuple[asyncio.StreamReader, _Screen]:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(f"GET /v1/events?types=pop HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
    head = await reader.readuntil(b"retry: ")
    worker = _WORKER.search(head)
    if worker is None:
        raise BenchProblem(f"Nobody may listen: {head[:200]!r}")
    return reader, _Screen(worker[1], writer)


async def _read(reader: asyncio.StreamReader, screen: _Screen) -> None:
    while line := await reader.readline():
        call = _CALL.search(line)
        if call is not None:
            screen.came.setdefault(int(call[1]), time.perf_counter())


async def _ring(
    running: Running, secret: str, phone: int, seconds: int, asked: dict[int, float], answers: list[float]
) -> None:
    """Calls at random moments, over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    chance = random.Random(phone)
    until = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < until:
        await asyncio.sleep(chance.expovariate(_PER_SECOND / _PHONES))
        call = phone * 1_000_000 + number
        number += 1
        body = json.dumps({"ani": f"212200{number % 10_000:04}", "call_id": str(call), "agent": "kim"}).encode()
        head = f"POST /v1/screenpop HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {secret}\r\n"
        began = asked[call] = time.perf_counter()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer)
        if not answer.startswith(b"HTTP/1.1 200") or length is None:
            raise BenchProblem(f"A pop was refused: {answer[:200]!r}")
        await reader.readexactly(int(length[1]))
        answers.append(time.perf_counter() - began)
    writer.close()


def main() -> None:
    pops = measure(HERE.parent / ".bench" / "fresh-events", "bench-reads-native-secret", 10)
    print(
        f"{pops.pops} pops to {_SCREENS} screens at two workers: until all have it p50 {pops.p50:.1f} ms, "
        f"p99 {pops.p99:.1f} ms; until the answer p50 {pops.answer_p50:.1f} ms."
    )


if __name__ == "__main__":
    main()
