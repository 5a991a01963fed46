"""Counters over all worker processes, in Prometheus' format."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)

_REQUESTS = Counter("ringbook_requests", "Answered requests.", ["dialect", "operation", "status"])
_SECONDS = Histogram(
    "ringbook_request_seconds",
    "Time from a request to its answer.",
    ["dialect", "operation"],
    buckets=_BUCKETS,
)


class OperationMetrics:
    """The counters of one operation, found once instead of by label at each request."""

    __slots__ = ("_by_status", "_dialect", "_operation", "_seconds")

    def __init__(self, dialect: str, operation: str) -> None:
        self._dialect = dialect
        self._operation = operation
        self._seconds = _SECONDS.labels(dialect, operation)
        self._by_status: dict[int, Counter] = {}

    def count(self, status: int, seconds: float) -> None:
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = _REQUESTS.labels(self._dialect, self._operation, str(status))
        counter.inc()
        self._seconds.observe(seconds)


def share(run: Path) -> None:
    """Count into files of this folder from now on, so that any worker can tell what all have counted.

    The library decides where it counts when it is imported, which for a forked worker was in its parent.
    """
    folder = run / "metrics"
    folder.mkdir(exist_ok=True)
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def exposition() -> bytes:
    """All workers' counters together."""
    if _FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
