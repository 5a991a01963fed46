"""Limits that hold over the worker processes of one host, without a round trip per request.

A file in shared memory has a column for each worker and in it cells for credentials: a worker writes only its own
column and adds up over all, so no count is lost and no lock is needed. A column belongs to a process; when that has
died, the next one takes it over, empty.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ringbook.domain.access import Credential
from ringbook.domain.problems import TooMany

_SETS = 512
_WAYS = 8  # credentials whose ids fall into one set and that are busy in the same second
_CELL = 3  # the second, the credential's id, and its requests
_SET = _WAYS * _CELL
_COLUMN = 1 + _SETS * _SET  # the owner's pid first
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
            # The mapping keeps the file open, and with it the lock.
            fcntl.flock(file, fcntl.LOCK_UN)

    def take(self, credential: Credential) -> None:
        """Count a request of this credential; TooMany when its second is used up."""
        if credential.per_second is None:
            return
        now = int(time.time())
        self._count(credential.id, now)
        if sum(self._counts(credential.id, now)) > credential.per_second:
            raise TooMany(f"This key may make {credential.per_second} requests a second.")

    def _count(self, credential_id: int, now: int) -> None:
        """Add one to this worker's cell of the credential, or begin one in place of the oldest."""
        cells = self._cells
        ways = _ways(self._own, credential_id)
        at = next((at for at in ways if cells[at + 1] == credential_id), None)
        if at is None:
            at = min(_ways(self._own, credential_id), key=cells.__getitem__)
            cells[at] = 0
            cells[at + 1] = credential_id
        if cells[at] != now:
            # The second comes last: until then, no other worker takes the count for this second's.
            cells[at + 2] = 0
            cells[at] = now
        cells[at + 2] += 1

    def _counts(self, credential_id: int, now: int) -> Iterator[int]:
        cells = self._cells
        for start in self._starts:
            for at in _ways(start, credential_id):
                if cells[at + 1] == credential_id and cells[at] == now:
                    yield cells[at + 2]

    def _take_column(self) -> int:
        """A column whose owner is dead or that never had one. The caller holds the file's lock."""
        start = next((start for start in self._starts if not _lives(self._cells[start])), self._starts[-1])
        self._memory[start * _WORD : (start + _COLUMN) * _WORD] = bytes(_COLUMN * _WORD)
        self._cells[start] = os.getpid()
        return start


def _ways(column: int, credential_id: int) -> range:
    """The cells in which this column may count the credential."""
    first = column + 1 + credential_id % _SETS * _SET
    return range(first, first + _SET, _CELL)


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
