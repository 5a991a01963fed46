"""What one request brings or takes of many records: batches in, and a whole list read page by page."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import HTTPDigestAuth

from bench.problem import BenchProblem
from bench.servers import Running

BATCH = 10_000
_PAGE = 1_000
_ENDS = 5
"""Pages at each end of the walk whose median counts."""


@dataclass(frozen=True)
class Batches:
    """Seconds of each batch, medians; and how much longer the walk's last pages took than its first ones."""

    add_all: float
    add_record: float
    pages: int
    last_to_first: float


def measure(ringbook: Running, password: str, token: str, rounds: int) -> Batches:
    """Batches of new numbers into the writes' tenant, and a walk over the reads' list."""
    session = requests.Session()
    session.auth = HTTPDigestAuth("bench", password)
    loads = requests.Session()
    loads.headers["wolkvox-token"] = token
    add_all, add_record = [], []
    for number in range(rounds):
        people = [(f"{number}-{i}", 3_120_000_000 + (number * BATCH + i) * 7 + 2_000_000) for i in range(BATCH)]
        listed = [{"Id": key, "First name": "Maria", "Last name": "Garcia", "Phone": str(n)} for key, n in people]
        add_all.append(_seconds(session, f"{ringbook.url}/admin/ws/t/bench-writes/callinglist/addAll/Batches", listed))
        loaded = [{"customer_id": f"W{key}", "customer_name": "Maria", "tel1": str(n + 3)} for key, n in people]
        path = "/api/v2/campaign.php?api=add_record&type_campaign=predictive&campaign_id=1"
        add_record.append(_seconds(loads, ringbook.url + path, loaded))
    walk = _walk(session, ringbook)
    ends = [statistics.median(part) for part in (walk[-_ENDS:], walk[:_ENDS])]
    return Batches(statistics.median(add_all), statistics.median(add_record), len(walk), ends[0] / ends[1])


def _seconds(session: requests.Session, url: str, rows: list[dict[str, str]]) -> float:
    began = time.perf_counter()
    answer = session.post(url, json=rows, timeout=120)
    took = time.perf_counter() - began
    if answer.status_code >= 300 or str(BATCH) not in answer.text:
        raise BenchProblem(f"A batch was not taken: {answer.status_code} {answer.text[:200]}")
    return took


def _walk(session: requests.Session, ringbook: Running) -> list[float]:
    """The seconds of each page of a list, from its first record to its last."""
    took: list[float] = []
    at = 0
    url = f"{ringbook.url}/admin/ws/t/bench/callinglist/getAll/Renewals/Renewals"
    while True:
        began = time.perf_counter()
        answer = session.post(url, json={"fromIndex": at, "maxSize": _PAGE}, timeout=60)
        rows: list[dict[str, Any]] = answer.json()
        if len(rows) < _PAGE:
            return took
        took.append(time.perf_counter() - began)
        at = rows[-1]["index"] + 1
