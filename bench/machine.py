"""What processes cost, as /proc tells it (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """In MB. PSS counts what processes share once, RSS once for each of them."""

    pss: float
    rss: float


@dataclass(frozen=True)
class ProcessorTimes:
    """Of all processors together, in ticks."""

    total: int
    stolen: int

    def stolen_since(self, before: ProcessorTimes) -> float:
        return (self.stolen - before.stolen) / max(1, self.total - before.total)


def processor_times() -> ProcessorTimes:
    fields = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    return ProcessorTimes(sum(map(int, fields)), int(fields[7]))


def tree(root: int, without: Iterable[int] = ()) -> set[int]:
    """A process and its descendants; trees below `without` are left out."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid not in without:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def cpu_seconds(root: int, without: Iterable[int] = ()) -> float:
    """Processor time of a tree so far, also of members that have ended."""
    ticks = 0
    for pid in tree(root, without):
        fields = _stat(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
            if pid == root:
                ticks += int(fields[13]) + int(fields[14])  # children that it has buried
    return ticks / _TICK


def memory(pids: Iterable[int]) -> Memory:
    totals = {"Pss": 0, "Rss": 0}
    for pid in pids:
        try:
            text = (_PROC / str(pid) / "smaps_rollup").read_text()
        except OSError:
            continue
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name in totals:
                totals[name] += int(value.split()[0])
    return Memory(totals["Pss"] / 1024, totals["Rss"] / 1024)


def _stat(pid: int) -> list[str] | None:
    """The fields behind the program's name: state, parent, ..."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
