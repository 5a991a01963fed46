"""Everything that one server process is told, as one frozen object that is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve.

    `run` is a folder of this run alone, which the worker processes share: limits, counters, who is ready.
    """

    dsn: str
    host: str
    port: int
    workers: int
    run: Path
    log_descriptor: int | None = 2
