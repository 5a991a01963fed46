"""Numbers that the worker processes of one host share, in a file that each of them maps.

A file begins with cells that are everybody's, and goes on with a column for each worker. A worker writes only its own
column and reads all of them, so that no count is lost without a lock. A column belongs to a process; when that has
died, the next one takes it over, empty. What has to be read and written as one is done under `locked()`.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WORD = 8
_OWNER = 2
"""The first cells of a column: the owner's pid, and when it was started."""


class SharedColumns:
    """One worker's view of the columns of all: `cells` are the file's numbers, of 64 bits each.

    `starts` are the places in `cells` where each worker's own numbers begin, `own` is this worker's; the cells that
    are everybody's begin at 0.
    """

    def __init__(self, path: Path, workers: int, column: int, everybodys: int = 0) -> None:
        columns = workers + 1  # a worker that is being replaced may still be there
        whole = _OWNER + column
        size = (everybodys + columns * whole) * _WORD
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._column = column
        with self.locked():
            os.truncate(self._descriptor, size)
            self._memory = mmap.mmap(self._descriptor, size)
            self.cells = memoryview(self._memory).cast("q")
            self.starts = range(everybodys + _OWNER, everybodys + columns * whole, whole)
            self.own = self._take_column()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all workers of this host, for microseconds: nothing may be awaited here."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def lives(self, start: int) -> bool:
        """Whether the worker whose column begins here is still there."""
        pid, started = self.cells[start - _OWNER], self.cells[start - 1]
        return pid != 0 and _started(pid) == started

    def empty(self, start: int) -> None:
        """Forget what a worker has left in its column."""
        self._memory[start * _WORD : (start + self._column) * _WORD] = bytes(self._column * _WORD)

    def _take_column(self) -> int:
        """A column whose owner is dead or that never had one. The caller holds the lock."""
        start = next((start for start in self.starts if not self.lives(start)), self.starts[-1])
        self.empty(start)
        self.cells[start - _OWNER] = os.getpid()
        self.cells[start - 1] = _started(os.getpid())
        return start


def _started(pid: int) -> int:
    """When the process was started, by the kernel's clock; -1 for one that is dead, also if nobody buried it yet.

    A pid alone may by now be somebody else's. Where the system does not tell when (no /proc), it is 0.
    """
    try:
        # The program's name, in brackets, may itself contain blanks and brackets.
        state, *rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return -1 if state in (b"Z", b"X") else int(rest[18])
    except (FileNotFoundError, ProcessLookupError):
        return -1 if Path("/proc/self/stat").exists() or not _answers(pid) else 0


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
