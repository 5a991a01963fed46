"""Sixteen callers share a campaign's records: how fast, and whether each was given once and none forgotten.

`python -m bench.claims` measures on a fresh data folder: once with everybody callable, once with nine tenths of the
records, those at the front, barred by the hour of day.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from bench.data import HERE
from bench.problem import BenchProblem
from bench.servers import Running, ringbook

RECORDS = 100_000
CLAIMERS = 16
_A_CLAIM = 20
_A_LOAD = 10_000
_LEASE = 86_400
_FIRST = 2_312_500
"""Of the numbers, without their area code."""
_BERLIN, _NEW_YORK = "+4930{:07}", "+1212{:07}"
_KEY = "bench-writes-native-secret"
_WOLKVOX = "bench-writes-wolkvox-secret"


@dataclass
class Claimed:
    """What the callers got: records by how often, and seconds of each claim."""

    records: int
    wanted: int
    given: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    first: float = 0.0
    took: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.given) / self.took

    @property
    def twice(self) -> int:
        return sum(1 for times in self.given.values() if times > 1)

    @property
    def forgotten(self) -> int:
        return self.wanted - len(self.given)

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98] * 1000


def measure(server: Running, campaign: int = 1, *, records: int = RECORDS, closed: int = 0) -> Claimed:
    """Load a campaign until it has so many records, `closed` of them (the first) in a zone where it is another hour,
    and have sixteen callers claim all that may be called.
    """
    session = session_of()
    has = _progress(session, server, campaign)["records"]
    near, far, hours = _zones()
    session.patch(
        f"{server.url}/v1/campaigns/{campaign}", json={"calling": {"hours": [hours]} if closed else None}, timeout=30
    ).raise_for_status()
    load(server, campaign, has, records, near=near, far=far, closed=closed)
    session.post(f"{server.url}/v1/campaigns/{campaign}/start", timeout=30).raise_for_status()
    claimed = Claimed(max(records, has), max(records, has) - closed)
    began = time.perf_counter()
    with ThreadPoolExecutor(CLAIMERS) as pool:
        for mine in pool.map(lambda n: _claim_all(server, campaign, f"agent {n}"), range(CLAIMERS)):
            claimed.given.update(mine.given)
            claimed.seconds += mine.seconds
            claimed.first = max(claimed.first, mine.first)
    claimed.took = time.perf_counter() - began
    told = _progress(session, server, campaign)["standings"]
    if told["claimed"] != len(claimed.given):
        raise BenchProblem(f"{len(claimed.given)} records were given, and the campaign says {told}.")
    return claimed


def _claim_all(server: Running, campaign: int, agent: str) -> Claimed:
    """One caller: claims until there is nothing more just now."""
    session, mine = session_of(), Claimed(0, 0)
    started = time.perf_counter()
    while True:
        began = time.perf_counter()
        answer = session.post(
            f"{server.url}/v1/campaigns/{campaign}/claim",
            json={"agent": agent, "lease_seconds": _LEASE, "max": _A_CLAIM},
            timeout=60,
        )
        answer.raise_for_status()
        mine.seconds.append(time.perf_counter() - began)
        told: dict[str, Any] = answer.json()
        mine.given.update(item["id"] for item in told["items"])
        if told["items"]:
            mine.first = mine.first or time.perf_counter() - started
        elif told["next_at"] is None or _is_later(told["next_at"]):
            return mine


def _is_later(moment: str) -> bool:
    return datetime.fromisoformat(moment) > datetime.now().astimezone() + timedelta(seconds=5)


def _zones() -> tuple[str, str, dict[str, str]]:
    """Numbers where it is an hour of calling now, numbers where it is not, and those hours."""
    here = datetime.now(ZoneInfo("Europe/Berlin"))
    near, far = (_BERLIN, _NEW_YORK) if 2 <= here.hour <= 21 else (_NEW_YORK, _BERLIN)
    if near == _NEW_YORK:
        here = here.astimezone(ZoneInfo("America/New_York"))
    first, last = here - timedelta(hours=2), here + timedelta(hours=2)
    return near, far, {"from": f"{first:%H:%M}", "until": f"{last:%H:%M}"}


def session_of() -> requests.Session:
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {_KEY}"
    return session


def _progress(session: requests.Session, server: Running, campaign: int) -> dict[str, Any]:
    told: dict[str, Any] = session.get(f"{server.url}/v1/campaigns/{campaign}/progress", timeout=60).json()
    return told


def load(
    server: Running,
    campaign: int,
    has: int,
    records: int,
    *,
    near: str = _BERLIN,
    far: str = _NEW_YORK,
    closed: int = 0,
) -> None:
    """Have the campaign, which has so many, have `records`; the numbers of the first `closed` are the far ones."""
    path = f"/api/v2/campaign.php?api=add_record&type_campaign=predictive&campaign_id={campaign}"
    for at in range(has, records, _A_LOAD):
        numbers = [(n, far if n < closed else near) for n in range(at, min(at + _A_LOAD, records))]
        rows = [{"customer_id": f"C{n}", "tel1": form.format(_FIRST + n)} for n, form in numbers]
        answer = requests.post(server.url + path, json=rows, headers={"wolkvox-token": _WOLKVOX}, timeout=120)
        if answer.status_code >= 300 or str(len(rows)) not in answer.text:
            raise BenchProblem(f"A load was not taken: {answer.status_code} {answer.text[:200]}")


def _told(name: str, claimed: Claimed) -> str:
    return (
        f"{name}: {len(claimed.given)} of {claimed.wanted} records to {CLAIMERS} callers in {claimed.took:.1f} s, "
        f"{claimed.rate:.0f} a second; {len(claimed.seconds)} claims, p50 {claimed.p50:.1f} ms, "
        f"p99 {claimed.p99:.1f} ms, first record after {claimed.first:.2f} s; {claimed.twice} twice, "
        f"{claimed.forgotten} forgotten"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.claims", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    records = parser.parse_args().records
    bad = 0
    for name, closed in (("everybody callable", 0), ("nine tenths barred by the hour", records * 9 // 10)):
        with tempfile.TemporaryDirectory() as folder:
            with ringbook(Path(folder), "--workspace", str(HERE / "writes.toml")) as server:
                claimed = measure(server, records=records, closed=closed)
            print(_told(name, claimed), flush=True)
            bad += claimed.twice + abs(claimed.forgotten)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
