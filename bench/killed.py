"""`python -m bench.killed`: a large import killed five times, as a command and as an upload, against one that is not.

What is there in the end, but for ids and times, is the same: no row twice, none lost, and counts that add up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from bench.problem import BenchProblem
from bench.servers import Running, ringbook
from bench.tenants import all_but_ids, check_memory, compare, import_command, import_file, make_tenant, secret_of
from ringbook.store.embedded import open_embedded

_KILLS = 5
_PATIENCE = 3600.0
_UNFINISHED = ("waiting", "running", "interrupted")
Kill = Callable[[], bool]
"""Whether it killed somebody."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.killed", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="ringbook-killed-", dir=os.environ.get("RINGBOOK_BENCH_DATA")) as place:
        folder = Path(place)
        with open_embedded(folder / "data", serving=False) as server:
            kill_imports(folder, folder / "data", server.dsn, rows)
    return 0


def kill_imports(folder: Path, data: Path, dsn: str, rows: int) -> None:
    for slug in ("whole", "command", "upload"):
        make_tenant(data, folder, slug)
    file = folder / "people.csv"
    _write(file, rows)
    whole, seconds = import_file(data, "whole", file)
    print(f"{rows:,} rows in one go: {rows / seconds:,.0f} a second, {whole['counts']}", flush=True)
    asyncio.run(_by_command(data, dsn, file, rows))
    with ringbook(data) as running:
        asyncio.run(_by_upload(running, dsn, file, rows))


def _write(file: Path, rows: int) -> None:
    """People of whom some come up twice, and some do not fit."""
    with file.open("w") as out:
        out.write("customer_id,first_name,last_name,phone1,email\n")
        for n in range(rows):
            mail = "broken" if n % 997 == 0 else f"a{n}@example.com"
            out.write(f"k{n % (rows - rows // 100)},Ann,Lee {n},030 {n:08},{mail}\n")


async def _by_command(data: Path, dsn: str, file: Path, rows: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for kill in range(_KILLS):
            process = await asyncio.create_subprocess_exec(
                *import_command(data, "command", file), stdout=asyncio.subprocess.DEVNULL
            )
            await _kill_at(connection, "command", _moment(kill, rows), partial(_kill_command, process))
            if await process.wait() != -signal.SIGKILL:
                raise BenchProblem("It was over before it could be killed: ask for more --rows.")
        await asyncio.to_thread(import_file, data, "command", file)
        await _told(connection, "command", rows)
    finally:
        await connection.close()


async def _by_upload(running: Running, dsn: str, file: Path, rows: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await asyncio.to_thread(_send, running, file)
        for kill in range(_KILLS):
            await _kill_at(connection, "upload", _moment(kill, rows), partial(_kill_importer, running))
        await _until(
            connection, "upload", lambda job: job["state"] not in _UNFINISHED, lambda: _check_importer(running)
        )
        await _told(connection, "upload", rows)
    finally:
        await connection.close()


async def _told(connection: asyncpg.Connection[Any], slug: str, rows: int) -> None:
    compare(f"Killed as {slug}", await all_but_ids(connection, "whole"), await all_but_ids(connection, slug))
    print(f"{rows:,} rows as {slug}, killed {_KILLS} times: what is there is the same", flush=True)


def _moment(kill: int, rows: int) -> int:
    """Somewhere in its part of the file."""
    return int(rows * (kill + random.uniform(0.05, 0.9)) / (_KILLS + 1))


async def _kill_at(connection: asyncpg.Connection[Any], slug: str, row: int, kill: Kill) -> None:
    await _until(connection, slug, lambda job: job["rows_read"] >= row or job["state"] == "done")
    await asyncio.sleep(random.uniform(0, 0.1))
    await _until(connection, slug, lambda job: kill() or job["state"] == "done")
    job = await _until(connection, slug, lambda job: True)
    if job["state"] == "done":
        raise BenchProblem("It was over before it could be killed: ask for more --rows.")


async def _until(
    connection: asyncpg.Connection[Any],
    slug: str,
    happens: Callable[[Any], bool],
    meanwhile: Callable[[], None] = lambda: None,
) -> Any:
    """The tenant's import once this is so of it."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        job = await connection.fetchrow(
            "SELECT j.* FROM import_job j JOIN tenant t ON t.id = j.tenant_id WHERE t.slug = $1", slug
        )
        if job is not None and happens(job):
            return job
        if job is not None and job["state"] == "failed":
            raise BenchProblem(f"The import of {slug} failed: {job['failure']}")
        meanwhile()
        await asyncio.sleep(0.02)
    raise BenchProblem(f"The import of {slug} does not get any further.")


def _send(running: Running, file: Path) -> None:
    with file.open("rb") as content:
        request = urllib.request.Request(
            f"{running.url}/v1/imports?name=people.csv",
            data=content,
            headers={"authorization": f"Bearer {secret_of('upload')}", "content-length": str(file.stat().st_size)},
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            json.load(answer)


def _kill_command(process: asyncio.subprocess.Process) -> bool:
    process.kill()
    return True


def _importers(running: Running) -> list[int]:
    """The server's importers, among all processes that came from it."""
    found, parents = [], {running.pid}
    processes = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            processes[int(place.name)] = (parent, (place / "cmdline").read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    grew = True
    while grew:
        below = {pid for pid, (parent, _) in processes.items() if parent in parents} - parents
        parents |= below
        grew = bool(below)
        found += [pid for pid in below if b"ringbook.background.imports" in processes[pid][1]]
    return found


def _kill_importer(running: Running) -> bool:
    """Whether there was one: after the last was killed, it takes the server a moment to start another."""
    killed = _importers(running)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return bool(killed)


def _check_importer(running: Running) -> None:
    for pid in _importers(running):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
        check_memory(int(peak.split()[1]) / 1024)


if __name__ == "__main__":
    raise SystemExit(main())
