"""`python -m bench.soak`: what takes too long for the suite: a large import killed ten times, a tenant out and in.

It exits 1, and says what differs, where something does. Each half is a program of its own: killed.py, roundtrip.py.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from bench.killed import kill_imports
from bench.roundtrip import round_trip
from ringbook.store.embedded import open_embedded


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the file whose import is killed")
    parser.add_argument("--contacts", type=int, default=100_000, help="that go out and in again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringbook-soak-", dir=os.environ.get("RINGBOOK_BENCH_DATA")) as place:
        folder = Path(place)
        with open_embedded(folder / "data", serving=False) as server:
            kill_imports(folder, folder / "data", server.dsn, asked.rows)
            round_trip(folder, folder / "data", server.dsn, asked.contacts)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
