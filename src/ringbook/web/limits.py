"""Limits that hold over the worker processes of one host, without a round trip per request.

A file in shared memory has a column for each worker and in it a cell for each credential: a worker writes only its
own column and adds up the row, so no count is lost and no lock is needed. A column belongs to a process; when that has
died, the next one takes it over, empty.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from pathlib import Path

from ringbook.domain.access import Credential
from ringbook.domain.problems import TooMany

_ROWS = 4096
_CELL = 2  # the second, and the requests in it
_COLUMN = 1 + _ROWS * _CELL  # the owner's pid first
_WORD = 8


class SharedLimits:
    """One worker's view of the counts of all."""

    def __init__(self, run: Path, workers: int) -> None:
        columns = workers + 1  # a worker that is being replaced may still be there
        with (run / "limits").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.truncate(columns * _COLUMN * _WORD)
            self._memory = mmap.mmap(file.fileno(), columns * _COLUMN * _WORD)
            self._cells = memoryview(self._memory).cast("q")
            self._starts = range(0, columns * _COLUMN, _COLUMN)
            self._own = self._take_column()

    def take(self, credential: Credential) -> None:
        """Count a request of this credential; TooMany when its second is used up."""
        if credential.per_second is None:
            return
        now = int(time.time())
        cell = 1 + (credential.id % _ROWS) * _CELL
        own = self._own + cell
        if self._cells[own] != now:
            self._cells[own] = now
            self._cells[own + 1] = 0
        self._cells[own + 1] += 1
        cells = (start + cell for start in self._starts)
        if sum(self._cells[at + 1] for at in cells if self._cells[at] == now) > credential.per_second:
            raise TooMany(f"This key may make {credential.per_second} requests a second.")

    def _take_column(self) -> int:
        """A column whose owner is dead or that never had one. The caller holds the file's lock."""
        start = next((start for start in self._starts if not _lives(self._cells[start])), self._starts[-1])
        self._memory[start * _WORD : (start + _COLUMN) * _WORD] = bytes(_COLUMN * _WORD)
        self._cells[start] = os.getpid()
        return start


def _lives(pid: int) -> bool:
    if pid == 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
