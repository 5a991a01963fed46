"""What is run, and in which order."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from bench import batches, claims, events, imports, servers, streaming
from bench.batches import Batches
from bench.claims import Claimed
from bench.data import HERE, Database, Size, database
from bench.events import Pops
from bench.imports import Imports
from bench.load import Http, Pgbench, Sample, median, of_file, of_statement, require_programs
from bench.machine import Memory, memory, processor_times, tree
from bench.problem import BenchProblem
from bench.servers import Running
from bench.streaming import Streamed
from ringbook.store.datasets import BY_TEMPLATE
from ringbook.store.lookup import BY_NUMBER
from ringbook.store.programs import EmbeddedProblem, find_binaries

READS = "bench-reads-native-secret"
READS_MINDFUL = "bench-reads-mindful-token"
READS_CIM = "bench-cim-secret"
READS_PASSWORD = "bench-digest-password"
WOLKVOX = "bench-wolkvox-secret-"
JTEL = "bench-jtel-secret"
JTEL_CLIENTS_ID = 7
WRITES = "bench-writes-native-secret"
WRITES_WOLKVOX = "bench-writes-wolkvox-secret"
WRITES_MINDFUL = "bench-writes-mindful-token"
_OPEN_CONNECTIONS = 128
_OPEN_SHARE = 0.5
_WOLKVOX_TOKENS = 16
"""Two requests of a token are answered at once: so many tokens keep 32 connections busy."""
_IDLE_SECONDS = 3.0

Subjects = Mapping[str, Http | Pgbench]


@dataclass(frozen=True)
class Plan:
    size: Size
    rounds: int
    seconds: int


@dataclass(frozen=True)
class Start:
    """How long until the first answer to a look-up, and what an idle Ringbook with its PostgreSQL occupies."""

    first: float
    again: float
    app: Memory
    pg: Memory


@dataclass
class Results:
    plan: Plan
    start: Start
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    open_loop: list[dict[str, float]] = field(default_factory=list)
    batches: Batches | None = None
    claims: Claimed | None = None
    pops: Pops | None = None
    streamed: Streamed | None = None
    imports: Imports | None = None
    stolen: float = 0.0
    """The share of processor time that the machine's host gave to others meanwhile."""

    def of(self, name: str) -> Sample:
        return median(self.samples[name])

    def ratio(self, name: str, to: str) -> float:
        """The median over the rounds: in one round both had the same machine."""
        pairs = zip(self.samples[name], self.samples[to], strict=True)
        return statistics.median(one.rate / other.rate for one, other in pairs)


def measure(plan: Plan, place: Path) -> Results:
    try:
        require_programs(find_binaries() / "pgbench")
        place.mkdir(parents=True, exist_ok=True)
        _tell("starts with a fresh data folder")
        results = Results(plan, _start(place.resolve() / "fresh"))
        _tell("screen pops over two workers")
        results.pops = events.measure(place.resolve() / "fresh", READS, plan.seconds)
        _tell(f"{plan.size.contacts} contacts: made at the first run, kept for the next")
        with database(place.resolve(), plan.size) as made:
            _run_all(made, results)
        _tell("imports")
        results.imports = imports.measure(plan.size.contacts, place.resolve())
    except EmbeddedProblem as problem:
        raise BenchProblem(str(problem)) from problem
    return results


# ---- Starting


def _start(folder: Path) -> Start:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        first, app, pg = _first_answer(folder)
        again, *_ = _first_answer(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Start(first, again, app, pg)


def _first_answer(folder: Path) -> tuple[float, Memory, Memory]:
    began = time.monotonic()
    with servers.ringbook(folder, "--workspace", str(HERE / "reads.toml")) as running:
        running.get("/v1/lookup?phone=2122000000", READS)
        took = time.monotonic() - began
        time.sleep(_IDLE_SECONDS)
        postmaster = int(next(folder.glob("postgres-*/postmaster.pid")).read_text().split()[0])
        return took, memory(tree(running.pid, [postmaster])), memory(tree(postmaster))


# ---- Load


def _run_all(made: Database, results: Results) -> None:
    with ExitStack() as stack:
        ringbook = stack.enter_context(servers.ringbook(made.folder))
        constant = stack.enter_context(servers.constant())
        reads, writes = made.tenant("bench"), made.tenant("bench-writes")
        usual = stack.enter_context(servers.usual(_sqlalchemy(made), reads))
        _look_once(made, ringbook, usual)
        made.forget_writes(writes)  # of a run that was cut short
        stack.callback(made.forget_writes, writes)
        subjects = {
            **_reading(made, reads, ringbook, constant, usual),
            **_writing(made, writes, ringbook),
        }
        if results.plan.rounds > 1:
            for subject in subjects.values():
                subject.run(1)
        before = processor_times()
        for number in range(results.plan.rounds):
            _tell(f"round {number + 1} of {results.plan.rounds}")
            for name, subject in subjects.items():
                results.samples.setdefault(name, []).append(subject.run(results.plan.seconds))
            rate = results.samples["lookup"][-1].rate * _OPEN_SHARE
            results.open_loop.append(_open(made, ringbook, rate, results.plan.seconds))
        _tell("batches")
        results.batches = batches.measure(ringbook, READS_PASSWORD, WRITES_WOLKVOX, results.plan.rounds)
        _tell("claims")
        results.claims = claims.measure(ringbook, records=results.plan.size.contacts // 10)
        _tell("one answer with everything")
        results.streamed = streaming.measure(made, ringbook, JTEL, JTEL_CLIENTS_ID)
        results.stolen = processor_times().stolen_since(before)


def _look_once(made: Database, ringbook: Running, usual: Running) -> None:
    """Both find the people that they will be asked about."""
    path = f"/v1/lookup?phone={made.size.national(0)}"
    for server in (ringbook, usual):
        if len(json.loads(server.get(path, READS))["contacts"]) != 1:
            raise BenchProblem(f"The server {server.name} does not find the number {made.size.national(0)}.")


def _reading(made: Database, tenant: int, ringbook: Running, constant: Running, usual: Running) -> Subjects:
    template = made.template(tenant)
    one_table = f"SELECT contact_id FROM contact_phone WHERE tenant_id = {tenant} AND match_key = '+1' || :n;\n"
    number = made.size.pgbench.replace(f"random(0, {made.size.numbers - 1})", f"random(0, {made.size.data_sets - 1})")
    data_set = of_statement(made, BY_TEMPLATE, (tenant, template), ":n").replace(made.size.pgbench, number)
    return {
        "pgbench lookup": Pgbench(made, of_statement(made, BY_NUMBER, (tenant,), "'+1' || :n")),
        "lookup": Http(made, ringbook, "lookup", READS),
        "pgbench one table": Pgbench(made, made.size.pgbench + one_table),
        "usual": Http(made, usual, "lookup", READS),
        "cim": Http(made, ringbook, "cim", READS_CIM),
        "bright pattern": Http(made, ringbook, "brightpattern", _digest),
        "wolkvox": Http(made, ringbook, "wolkvox", WOLKVOX, threads=_WOLKVOX_TOKENS),
        "jtel": Http(made, ringbook, "jtel", JTEL),
        "constant": Http(made, constant, "constant"),
        "pgbench data set": Pgbench(made, data_set),
        "data set": Http(made, ringbook, "data_set", READS_MINDFUL),
        "lookup, 1 connection": Http(made, ringbook, "lookup", READS, connections=1),
        "data set, 1 connection": Http(made, ringbook, "data_set", READS_MINDFUL, connections=1),
    }


def _digest(ringbook: Running) -> str:
    """What load.lua needs for Digest: the user's HA1, and a nonce of now."""
    ha1 = hashlib.md5(f"bench:bench:{READS_PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    challenge = ringbook.challenge("/admin/ws/t/bench/campaign/getAll")
    nonce = re.search(r'nonce="([^"]+)"', challenge)
    if nonce is None:
        raise BenchProblem(f"The server {ringbook.name} asks for no Digest: {challenge!r}.")
    return f"{ha1}:{nonce[1]}"


def _writing(made: Database, tenant: int, ringbook: Running) -> Subjects:
    template = made.template(tenant)
    return {
        "pgbench contact": Pgbench(made, of_file(made, "contact.pgbench", tenant=tenant), connections=8),
        "contact": Http(made, ringbook, "contact", WRITES, connections=8),
        "pgbench submit": Pgbench(
            made, of_file(made, "submit.pgbench", tenant=tenant, template=template), connections=8
        ),
        "submit": Http(made, ringbook, "submit", WRITES_MINDFUL, connections=8),
    }


def _open(made: Database, ringbook: Running, rate: float, seconds: int) -> dict[str, float]:
    spelled: tuple[Callable[[str], str], ...] = (str, str, str, str, str, _e164, _e164, _e164, _dashed, _dashed)
    asked = {
        "port": ringbook.port,
        "requests": [
            f"GET /v1/lookup?phone={spelled[i % 10](made.size.national(i * 7919 % made.size.numbers))} HTTP/1.1\r\n"
            f"Host: bench\r\nAuthorization: Bearer {READS}\r\n\r\n"
            for i in range(50_000)
        ],
        "rate": rate,
        "seconds": seconds,
        "connections": _OPEN_CONNECTIONS,
    }
    with tempfile.TemporaryFile("w+") as file:
        json.dump(asked, file)
        file.seek(0)
        done = subprocess.run([sys.executable, "-m", "bench.open_loop"], stdin=file, capture_output=True, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _e164(national: str) -> str:
    return f"%2B1{national}"


def _dashed(national: str) -> str:
    return f"{national[:3]}-{national[3:6]}-{national[6:]}"


def _sqlalchemy(made: Database) -> str:
    where = made.server.connection
    reach = f"host={quote(where['host'], safe='')}&port={where['port']}"
    return f"postgresql+asyncpg://{where['user']}@/{where['database']}?{reach}"


def _tell(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
