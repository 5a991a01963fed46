"""`python -m bench.soak`: what takes too long for the suite: a large import killed five times, a tenant out and in.

Each import is the command that people use. It exits 1, and says what differs, where something does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.problem import BenchProblem
from bench.servers import ringbook_command, run_quietly
from ringbook.store.embedded import open_embedded

_KILLS = 5
_MOST_MB = 300
_WORKSPACE = """
[tenant]
slug = "{slug}"
name = "Soak"
region = "DE"
time_zone = "Europe/Berlin"

[[attributes]]
key = "note"
label = "Note"
type = "Text"

[[attributes]]
key = "score"
label = "Score"
type = "Number"

[[attributes]]
key = "vip"
label = "VIP"
type = "Bool"

[[attributes]]
key = "born"
label = "Born"
type = "Date"

[[attributes]]
key = "seen_at"
label = "Seen at"
type = "DateTime"

[[attributes]]
key = "site"
label = "Site"
type = "URL"
"""
_TOTALS = ("rows", "added", "updated", "unchanged", "refused", "repeated")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--round-trip", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringbook-soak-", dir=os.environ.get("RINGBOOK_BENCH_DATA")) as place:
        folder = Path(place)
        data = folder / "data"
        with open_embedded(data, serving=False):
            for slug in ("killed", "whole", "types"):
                workspace = folder / f"{slug}.toml"
                workspace.write_text(_WORKSPACE.format(slug=slug))
                run_quietly([*ringbook_command("apply"), str(workspace), "--data", str(data)])
            _killed(folder, data, asked.rows)
            _round_trip(folder, data, asked.round_trip)
    return 0


def _killed(folder: Path, data: Path, rows: int) -> None:
    """An import that is killed five times against one that is not."""
    file = folder / "people.csv"
    with file.open("w") as out:
        out.write("customer_id,first_name,last_name,phone1,email\n")
        for n in range(rows):
            mail = "broken" if n % 997 == 0 else f"a{n}@example.com"
            out.write(f"k{n % (rows - rows // 100)},Ann,Lee {n},030 {n:08},{mail}\n")
    whole, seconds = _import(data, "whole", file)
    for kill in range(_KILLS):
        process = subprocess.Popen(_command(data, "killed", file), stdout=subprocess.DEVNULL)
        time.sleep(seconds / (_KILLS + 2) * random.uniform(0.5, 1.2) + 1)
        if process.poll() is not None:
            raise BenchProblem(f"It was over before it could be killed for the {kill + 1}. time: ask for more --rows.")
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed, _ = _import(data, "killed", file)
    if [killed["counts"][name] for name in _TOTALS] != [whole["counts"][name] for name in _TOTALS]:
        raise BenchProblem(f"The counts differ: {killed['counts']} and {whole['counts']}.")
    files = [_exported(data, folder, slug) for slug in ("killed", "whole")]
    if _without_ids(files[0]) != _without_ids(files[1]):
        raise BenchProblem("What is there differs.")
    print(f"{rows:,} rows, killed {_KILLS} times: {killed['counts']}", flush=True)


def _round_trip(folder: Path, data: Path, rows: int) -> None:
    """Contacts with every type of attribute, out and in again."""
    file = folder / "types.jsonl"
    with file.open("w") as out:
        for n in range(rows):
            out.write(json.dumps(_with_every_type(n)) + "\n")
    _import(data, "types", file)
    for form in ("csv", "jsonl", "vcard"):
        job, _ = _import(data, "types", _exported(data, folder, "types", form))
        if job["counts"]["unchanged"] != rows or job["counts"]["rows"] != rows:
            raise BenchProblem(f"As {form}, something changed: {job['counts']}.")
        print(f"{rows:,} contacts out and in as {form}: nothing changed", flush=True)


def _with_every_type(n: int) -> dict[str, Any]:
    texts = ("=1+1", "'=x", "two\nlines", "", " blanks ", 'a "quote"', "ü€漢", "a;b,c\td")
    scores = (n, -n, n / 7, str(n), "007")
    said: dict[str, Any] = {
        "customer_id": f"t{n}",
        "phone1": f"030 {n:08}",
        "phone2": f"Room {n % 50}",
        "note": texts[n % len(texts)],
        "score": scores[n % len(scores)],
        "vip": (True, False, "true", "")[n % 4],
        "born": f"19{n % 100:02}-02-03",
        "seen_at": "2026-03-02T12:00:00+01:00",
        "site": f"https://example.com/?n={n}",
        "email": f"a{n}@example.com",
    }
    return said if n % 3 else {key: value for key, value in said.items() if key != "site"}


def _command(data: Path, slug: str, file: Path) -> Sequence[str]:
    return [*ringbook_command("import"), str(file), "--contacts", "--tenant", slug, "--data", str(data), "--json"]


def _import(data: Path, slug: str, file: Path) -> tuple[dict[str, Any], float]:
    """The finished import, and how long it took."""
    began = time.monotonic()
    process = subprocess.Popen(_command(data, slug, file), stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchProblem(f"The import ended with {process.returncode}: {said.decode()[-500:]}")
    if usage.ru_maxrss / 1024 > _MOST_MB:
        raise BenchProblem(f"The importer took {usage.ru_maxrss // 1024} MB.")
    done: dict[str, Any] = json.loads(said)
    return done, time.monotonic() - began


def _exported(data: Path, folder: Path, slug: str, form: str = "csv") -> Path:
    file = folder / f"{slug}.out.{form}"
    with file.open("wb") as out:
        command = [*ringbook_command("export"), "--contacts", "--tenant", slug, "--data", str(data), "--format", form]
        subprocess.run(command, stdout=out, check=True)
    return file


def _without_ids(file: Path) -> list[str]:
    """The lines of an export in their order, without the ids, which no two imports share."""
    with file.open() as lines:
        return sorted(line.partition(",")[2] for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
