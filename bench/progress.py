"""How long it takes to say how far a campaign of a million records is, and to read a page of its records.

`python -m bench.progress` measures on a fresh data folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench import claims
from bench.data import HERE
from bench.servers import ringbook

RECORDS = 1_000_000
_CAMPAIGN = 1
_CLAIMED = 500
_PAGES = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.progress", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    records = parser.parse_args().records
    with (
        tempfile.TemporaryDirectory() as folder,
        ringbook(Path(folder), "--workspace", str(HERE / "writes.toml")) as server,
    ):
        session = claims.session_of()
        began = time.perf_counter()
        claims.load(server, _CAMPAIGN, 0, records)
        print(f"{records} records loaded in {time.perf_counter() - began:.0f} s", flush=True)
        url = f"{server.url}/v1/campaigns/{_CAMPAIGN}"
        session.post(f"{url}/start", timeout=30).raise_for_status()
        asked: dict[str, str | int] = {"agent": "kim", "lease_seconds": 3600, "max": _CLAIMED}
        session.post(f"{url}/claim", json=asked, timeout=30).raise_for_status()
        for name in ("counted", "told again"):
            began = time.perf_counter()
            told = session.get(f"{url}/progress", timeout=120).json()
            took = time.perf_counter() - began
            print(f"progress {name}: {took * 1000:.0f} ms, {told['standings']}", flush=True)
        for status in ("ready", "claimed", "completed"):
            times: list[float] = []
            cursor: int | None = 0
            while cursor is not None and len(times) < _PAGES:
                began = time.perf_counter()
                page = session.get(f"{url}/records", params={"status": status, "cursor": cursor}, timeout=60).json()
                times.append(time.perf_counter() - began)
                cursor = page["next_cursor"]
            print(f"records that are {status}: {len(times)} pages, the slowest {max(times) * 1000:.0f} ms", flush=True)
    return 0 if told["standings"]["claimed"] == _CLAIMED and told["records"] == records else 1


if __name__ == "__main__":
    sys.exit(main())
