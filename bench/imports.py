"""`python -m bench.imports`: files of contacts and of list records in, end to end, while phones ring.

Each import is the command that people use, on a server that runs; every index is live. What PostgreSQL alone takes for
the same file, into one table without an index, is measured beside it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.data import HERE
from bench.problem import BenchProblem
from bench.servers import Running, ringbook, ringbook_command
from ringbook.store.embedded import EmbeddedServer, open_embedded

_KEY = "bench-imports-native-secret"
_COLUMNS = ("customer_id", "first_name", "last_name", "phone1", "email", "city")
_LIST_COLUMNS = ("id", "first_name", "last_name", "phone1")
_FIRST = ("Maria", "Ada", "José", "Eve", "Kim", "Olga", "Ivy", "Max", "Uta", "Ben")
_ASKED_A_SECOND = 100
_CONNECTIONS = 16
_LONGEST_SECONDS = 3600.0
_QUIET_SECONDS = 20


@dataclass
class Rung:
    """How long look-ups took, in milliseconds."""

    p50: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True)
class Imported:
    """One import: its rate, the most memory of its process, and the look-ups meanwhile."""

    rows: int
    seconds: float
    peak_mb: float
    lookups: Rung

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


@dataclass(frozen=True)
class Imports:
    """Contacts that are new, the same file again, and a list whose people are known, in two campaigns.

    `bound` is how many seconds it takes then to bind the list to two further campaigns.
    """

    copied: float
    """Rows a second that PostgreSQL alone copies from the file of contacts into one table."""
    quiet: Rung
    """Look-ups when all is there, and nothing is imported."""
    new: Imported
    again: Imported
    listed: Imported
    bound: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    place = Path(os.environ.get("RINGBOOK_BENCH_DATA", tempfile.gettempdir()))
    done = measure(parser.parse_args().rows, place)
    print(f"{'raw COPY into one table':32} {done.copied:10,.0f} rows/s")
    for name, one in (
        ("contacts, all new", done.new),
        ("the same again, unchanged", done.again),
        ("a list in two campaigns", done.listed),
    ):
        print(
            f"{name:32} {one.rate:10,.0f} rows/s {one.seconds:8.1f} s {one.rate / done.copied:6.3f} of COPY"
            f" {one.peak_mb:6.0f} MB  lookup p50 {one.lookups.p50:.1f} ms, p99 {one.lookups.p99:.1f} ms"
        )
    print(f"{'nothing is imported':32} {'':54} lookup p50 {done.quiet.p50:.1f} ms, p99 {done.quiet.p99:.1f} ms")
    print(f"{'the list bound to two more':32} {done.bound:.1f} s")
    return 0


def measure(rows: int, place: Path) -> Imports:
    """Import so many rows, in a folder below `place`."""
    with tempfile.TemporaryDirectory(prefix="ringbook-imports-", dir=place) as made:
        folder, contacts, records = Path(made) / "data", Path(made) / "contacts.csv", Path(made) / "records.csv"
        folder.mkdir(mode=0o700)
        _write(contacts, _COLUMNS, rows)
        _write(records, _LIST_COLUMNS, rows)
        with open_embedded(folder, serving=False) as server:
            copied = rows / _copy(server, contacts)
        with ringbook(folder, "--workspace", str(HERE / "imports.toml")) as running:

            def imported(file: Path, *what: str) -> Imported:
                return _import(running, folder, file, what, rows)

            new, again = imported(contacts, "--contacts"), imported(contacts, "--contacts")
            listed = imported(records, "--list", "Prospects")
            bound = _bind(running, "East") + _bind(running, "West")
            return Imports(copied, _quiet(running, rows), new, again, listed, bound)


def _import(running: Running, folder: Path, file: Path, what: Sequence[str], rows: int) -> Imported:
    command = [*ringbook_command("import"), str(file), *what, "--tenant", "bench-imports", "--data", str(folder)]
    with _ringing(running, rows) as rung:
        began = time.monotonic()
        process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchProblem(f"The import failed: {said.decode()[-500:]}")
    return Imported(rows, seconds, usage.ru_maxrss / 1024, rung)


def _bind(running: Running, name: str) -> float:
    """Make a campaign over the list; how long that took."""
    began = time.monotonic()
    request = urllib.request.Request(
        f"{running.url}/v1/campaigns",
        data=json.dumps({"name": name, "lists": ["Prospects"]}).encode(),
        headers={"authorization": f"Bearer {_KEY}", "content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=300).close()
    return time.monotonic() - began


@contextmanager
def _ringing(running: Running, rows: int) -> Iterator[Rung]:
    """Look-ups at a steady rate while the block runs; afterwards, how long they took."""
    port = urlsplit(running.url).port
    told = {"port": port, "rate": _ASKED_A_SECOND, "seconds": _LONGEST_SECONDS, "connections": _CONNECTIONS}
    requests = [_lookup(n * 7919 % rows) for n in range(min(rows, 100_000))]
    rung = Rung()
    with tempfile.TemporaryFile("w+") as file:
        json.dump(told | {"requests": requests}, file)
        file.seek(0)
        asking = subprocess.Popen([sys.executable, "-m", "bench.open_loop"], stdin=file, stdout=subprocess.PIPE)
        try:
            yield rung
        finally:
            asking.terminate()
            answered, _ = asking.communicate()
    found = json.loads(answered)
    if found["bad"]:
        raise BenchProblem(f"{found['bad']:.0f} look-ups were not answered.")
    rung.p50, rung.p99 = found["p50"], found["p99"]


def _quiet(running: Running, rows: int) -> Rung:
    with _ringing(running, rows) as rung:
        time.sleep(_QUIET_SECONDS)
    return rung


def _lookup(n: int) -> str:
    head = f"GET /v1/lookup?phone={_national(n)} HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {_KEY}"
    return f"{head}\r\n\r\n"


def _copy(server: EmbeddedServer, file: Path) -> float:
    columns = ", ".join(f"{name} text" for name in _COLUMNS)
    server.client("psql", "-Xqc", f"CREATE TABLE raw ({columns})")
    began = time.monotonic()
    server.client("psql", "-Xqc", f"\\copy raw FROM '{file}' CSV HEADER")
    took = time.monotonic() - began
    server.client("psql", "-Xqc", "DROP TABLE raw")
    return took


def _write(file: Path, columns: Sequence[str], rows: int) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        for i in range(rows):
            # A file is in no order that an index has.
            n = i * 7919 % rows
            person = {"customer_id": f"C{n}", "first_name": _FIRST[n % 10], "last_name": f"Name{n % 997}"}
            more = {"id": str(n), "phone1": _spelled(n), "email": f"p{n}@example.com", "city": f"City {n % 300}"}
            writer.writerow(person | more)


def _national(n: int) -> str:
    return str(2_122_000_000 + n % 7_000_000 + n // 7_000_000 * 10_000_000)


def _spelled(n: int) -> str:
    digits = _national(n)
    area, office, line = digits[:3], digits[3:6], digits[6:]
    return (digits, f"({area}) {office}-{line}", f"+1 {area} {office} {line}", f"1-{area}-{office}-{line}")[n % 4]


if __name__ == "__main__":
    sys.exit(main())
