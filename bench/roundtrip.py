"""`python -m bench.roundtrip`: contacts with every type of attribute, out as CSV, JSON lines and vCard, and in again.

Nothing may change: neither what the import counts, nor a row of any table. It exits 1, and says what differs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench.problem import BenchProblem
from bench.tenants import Sums, all_of, compare, export_contacts, import_file, make_tenant
from ringbook.store.embedded import open_embedded

_TEXTS = (
    "=1+1",
    "'=x",
    "'quoted'",
    "'86",
    "true",
    "007",
    "1e5",
    "+49 30 23125-047",
    " blanks ",
    "two\nlines",
    "a\r\nb",
)
_MORE_TEXTS = (
    "\r",
    "",
    'a "quote"',
    "ü€漢",
    "👩 e\u0301",
    "a;b,c\td|e",
    "x" * 1000,
    "\u00a0",
    "-1",
    "@x",
    "null",
    "\\n",
)
_NUMBERS = (0, -5, 5.0, 0.1, -1e-05, 10**20, 1e300, "5", "007", "1e5", " 86 ", "-.5e-3", "", "+1")
_MOMENTS = ("2026-03-02T12:00:00+01:00", "2026-03-02T12:00:00", "2026-03-02 12:00", "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.roundtrip", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    count = parser.parse_args().contacts
    with tempfile.TemporaryDirectory(prefix="ringbook-roundtrip-", dir=os.environ.get("RINGBOOK_BENCH_DATA")) as place:
        folder = Path(place)
        with open_embedded(folder / "data", serving=False) as server:
            round_trip(folder, folder / "data", server.dsn, count)
    return 0


def round_trip(folder: Path, data: Path, dsn: str, count: int) -> None:
    make_tenant(data, folder, "types")
    file = folder / "types.jsonl"
    chance = random.Random(1)
    with file.open("w") as out:
        for n in range(count):
            out.write(json.dumps(_contact(n, chance)) + "\n")
    made, seconds = import_file(data, "types", file)
    if made["counts"]["added"] != count:
        raise BenchProblem(f"Not all came in: {made['counts']}.")
    print(f"{count:,} contacts of every type: in with {count / seconds:,.0f} a second", flush=True)
    before = asyncio.run(_everything(dsn))
    for form in ("csv", "jsonl", "vcard"):
        began = time.monotonic()
        exported = export_contacts(data, folder, "types", form)
        out_seconds = time.monotonic() - began
        job, seconds = import_file(data, "types", exported)
        if job["counts"]["unchanged"] != count or job["counts"]["rows"] != count:
            raise BenchProblem(f"As {form}, something changed: {job['counts']}.")
        compare(f"As {form}", before, asyncio.run(_everything(dsn)))
        print(
            f"{form:5} {exported.stat().st_size / 1e6:6.1f} MB  out {count / out_seconds:8,.0f}  in again"
            f" {count / seconds:8,.0f} contacts a second: nothing has changed",
            flush=True,
        )
        exported.unlink()


async def _everything(dsn: str) -> Sums:
    connection = await asyncpg.connect(dsn)
    try:
        return await all_of(connection, "types")
    finally:
        await connection.close()


def _contact(n: int, chance: random.Random) -> dict[str, Any]:
    """Most have most; numbers of what is no telephone, and numbers that several share, are among them."""
    said: dict[str, Any] = {
        "customer_id": f"t{n}",
        "first_name": f"Ann{n % 1000}",
        "last_name": chance.choice(("Lee", "O'Neil, Jr.", "Müßig", "=Poe")),
        "phone1": f"030 {n:08}",
        "phone2": f"Room {n % 50}",
        "other_phone": chance.choice(("+cmd|x", f"+49 171 {n % 5000:07}", "tel:5", "")),
        "note": chance.choice(_TEXTS + _MORE_TEXTS),
        "score": chance.choice(_NUMBERS),
        "vip": chance.choice((True, False, "true", "false", "")),
        "born": f"19{n % 100:02}-02-03",
        "seen_at": chance.choice(_MOMENTS),
        "site": f"https://example.com/?n={n},x",
        "email": f"a{n}@example.com",
        "other_mail": "=a@example.com",
    }
    return {key: value for key, value in said.items() if key == "customer_id" or chance.random() > 0.1}


if __name__ == "__main__":
    raise SystemExit(main())
