"""The two generators of load: wrk for HTTP, pgbench for PostgreSQL. Both keep every connection busy (closed loop)."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data import HERE, Database
from bench.machine import cpu_seconds
from bench.problem import BenchProblem
from bench.servers import Running
from ringbook.store.database import PLANNED_ONCE
from ringbook.store.lanes import HotStatement

_LEAST_SECONDS = 2
"""pgbench connects within its time."""


@dataclass(frozen=True)
class Sample:
    """One run. Times are milliseconds, processor time is microseconds a request."""

    rate: float
    p50: float | None = None
    p99: float | None = None
    app_us: float | None = None
    pg_us: float | None = None
    bad: int = 0


def median(samples: Sequence[Sample]) -> Sample:
    """Each figure's median; what went wrong is added up."""

    def middle(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    return Sample(
        rate=statistics.median(s.rate for s in samples),
        p50=middle([s.p50 for s in samples]),
        p99=middle([s.p99 for s in samples]),
        app_us=middle([s.app_us for s in samples]),
        pg_us=middle([s.pg_us for s in samples]),
        bad=sum(s.bad for s in samples),
    )


@dataclass(frozen=True)
class Http:
    """wrk against one server. `kind` is one of load.lua's; a token may have to be asked for anew in each run."""

    made: Database
    server: Running
    kind: str
    token: str | Callable[[Running], str] = "none"
    connections: int = 32
    threads: int = 1

    def run(self, seconds: int) -> Sample:
        token = self.token if isinstance(self.token, str) else self.token(self.server)
        arguments = [self.kind, token, str(self.made.size.step), str(self._count())]
        postmaster = self.made.server.pid or 0
        app, pg = cpu_seconds(self.server.pid, [postmaster]), cpu_seconds(postmaster)
        told = self._wrk(seconds, arguments)
        app, pg = cpu_seconds(self.server.pid, [postmaster]) - app, cpu_seconds(postmaster) - pg
        requests = max(1, int(told["requests"]))
        return Sample(
            rate=requests / told["seconds"],
            p50=told["p50"],
            p99=told["p99"],
            app_us=app / requests * 1e6,
            pg_us=pg / requests * 1e6,
            bad=int(told["bad"]),
        )

    def _count(self) -> int:
        """How many there are to ask for."""
        size = self.made.size
        records = dict.fromkeys(("brightpattern", "wolkvox", "jtel"), size.contacts)
        return ({"data_set": size.data_sets} | records).get(self.kind, size.numbers)

    def _wrk(self, seconds: int, arguments: Sequence[str]) -> dict[str, float]:
        script = str(HERE / "load.lua")
        size = [f"-t{self.threads}", f"-c{self.connections}", f"-d{seconds}s"]
        command = ["wrk", *size, "-s", script, self.server.url, "--", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            raise BenchProblem(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
        told: dict[str, float] = json.loads(lines[-1])
        return told


@dataclass(frozen=True)
class Pgbench:
    """Prepared statements by as many connections over the same socket, planned as Ringbook's read lanes plan."""

    made: Database
    script: str
    connections: int = 32

    def run(self, seconds: int) -> Sample:
        postmaster = self.made.server.pid or 0
        pg = cpu_seconds(postmaster)
        told = self._pgbench(max(seconds, _LEAST_SECONDS))
        pg = cpu_seconds(postmaster) - pg
        rate = re.search(r"tps = ([\d.]+)", told)
        number = re.search(r"transactions actually processed: (\d+)", told)
        if rate is None or number is None:
            raise BenchProblem(
                "pgbench did nothing in its time, so busy is this machine: give it longer with --seconds."
            )
        return Sample(rate=float(rate[1]), pg_us=pg / int(number[1]) * 1e6)

    def _pgbench(self, seconds: int) -> str:
        planned = " ".join(f"-c {name}={value}" for name, value in {**PLANNED_ONCE, "jit": "off"}.items())
        threads = min(2, self.connections)
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(self.script)
            file.flush()
            size = ["-c", str(self.connections), "-j", str(threads), "-T", str(seconds)]
            command = ["env", f"PGOPTIONS={planned}", str(self.made.server.programs.folder / "pgbench")]
            where = self.made.server.connection
            reach = ["-h", where["host"], "-p", str(where["port"]), "-U", where["user"]]
            done = subprocess.run(
                [*command, "-n", "-M", "prepared", *size, *reach, "-f", file.name, where["database"]],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise BenchProblem(f"pgbench failed: {done.stderr.strip()}")
        return done.stdout


def of_statement(made: Database, statement: HotStatement, scope: Sequence[int], key: str) -> str:
    """pgbench's script for a hot statement: scope as constants, and an array of one key that is made of :n.

    The key stays something that PostgreSQL cannot look into while it plans, as it is for Ringbook.
    """
    sql = statement.sql
    for at, value in enumerate(scope, 1):
        sql = sql.replace(f"${at}", str(value))
    sql = sql.replace(f"${len(scope) + 1}::text[]", f"('{{' || {key} || '}}')::text[]")
    return f"{made.size.pgbench}{' '.join(sql.split())};\n"


def of_file(made: Database, name: str, **values: int) -> str:
    """A script of this folder with these values as constants."""
    script = (HERE / name).read_text()
    for key, value in values.items():
        script = re.sub(rf"(?<!:):{key}\b", str(value), script)
    return script


def require_programs(pgbench: Path) -> None:
    if shutil.which("wrk") is None:
        raise BenchProblem("wrk is missing, which makes the HTTP load: install it (Debian, Ubuntu: apt install wrk).")
    if not pgbench.exists():
        raise BenchProblem(f"pgbench is missing in {pgbench.parent}: install PostgreSQL's client programs.")
