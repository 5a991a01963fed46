"""Counters over all worker processes, in Prometheus' format.

A worker counts in its own memory and writes its totals to the run's folder now and then; whichever worker is asked adds
up the files of all, also those of workers that are gone. So a request pays for two additions, and nothing is locked.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST

_BOUNDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


class OperationCounts(msgspec.Struct):
    """What one worker has counted of one operation: answers by status, and how many took how long."""

    dialect: str
    operation: str
    by_status: dict[int, int] = {}
    by_duration: list[int] = msgspec.field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0

    def count(self, status: int, seconds: float) -> None:
        self.by_status[status] = self.by_status.get(status, 0) + 1
        self.by_duration[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds


class Metrics:
    """One worker's counts, and the totals of all."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "metrics"
        self._folder.mkdir(exist_ok=True)
        self._file = self._folder / f"{os.getpid()}.json"
        self._counts: list[OperationCounts] = []

    def of(self, dialect: str, operation: str) -> OperationCounts:
        """The counts of an operation, to be kept by who serves it."""
        counts = OperationCounts(dialect, operation)
        self._counts.append(counts)
        return counts

    def flush(self) -> None:
        """Let the other workers see what was counted."""
        whole = self._file.with_suffix(f".{os.getpid()}")
        whole.write_bytes(msgspec.json.encode([c for c in self._counts if c.by_status]))
        whole.replace(self._file)

    def exposition(self) -> bytes:
        self.flush()
        return generate_latest(_Totals(self._folder))


class _Totals(Collector):
    """The counts of all workers as the library's metrics."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "ringbook_requests", "Answered requests.", labels=["dialect", "operation", "status"]
        )
        durations = HistogramMetricFamily(
            "ringbook_request_seconds", "Time from a request to its answer.", labels=["dialect", "operation"]
        )
        for counts in _added_up(self._folder.glob("*.json")):
            for status, number in sorted(counts.by_status.items()):
                requests.add_metric([counts.dialect, counts.operation, str(status)], number)
            durations.add_metric([counts.dialect, counts.operation], list(_buckets(counts)), counts.seconds)
        yield requests
        yield durations


def _added_up(files: Iterable[Path]) -> Iterable[OperationCounts]:
    totals: dict[tuple[str, str], OperationCounts] = {}
    for file in files:
        for counts in msgspec.json.decode(file.read_bytes(), type=list[OperationCounts]):
            total = totals.setdefault(
                (counts.dialect, counts.operation), OperationCounts(counts.dialect, counts.operation)
            )
            for status, number in counts.by_status.items():
                total.by_status[status] = total.by_status.get(status, 0) + number
            total.by_duration = [a + b for a, b in zip(total.by_duration, counts.by_duration, strict=True)]
            total.seconds += counts.seconds
    return totals.values()


def _buckets(counts: OperationCounts) -> Iterator[tuple[str, float]]:
    """The library's cumulative buckets."""
    so_far = 0
    for bound, number in zip((*map(str, _BOUNDS), "+Inf"), counts.by_duration, strict=True):
        so_far += number
        yield bound, so_far
