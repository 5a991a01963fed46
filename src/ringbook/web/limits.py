"""Limits that hold over the worker processes of one host, without a round trip per request.

Each worker counts in a column of shared memory and adds up over all of them, so no count is lost and no lock is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from ringbook.domain.access import Credential
from ringbook.domain.problems import TooMany
from ringbook.web.guesses import SharedGuesses
from ringbook.web.nonces import SharedNonces
from ringbook.web.rations import SharedRations
from ringbook.web.shared_memory import SharedColumns

_SETS = 512
_WAYS = 8  # credentials whose ids fall into one set and that are busy in the same second
_CELL = 3  # the second, the credential's id, and its requests
_SET = _WAYS * _CELL


class SharedLimits:
    """One worker's view of the counts of all."""

    def __init__(self, run: Path, workers: int) -> None:
        self._columns = SharedColumns(run / "limits", workers, _SETS * _SET)
        self._cells = self._columns.cells
        self.rations = SharedRations(run, workers)
        self.nonces = SharedNonces(run, workers)
        self.guesses = SharedGuesses(run, workers)

    def take(self, credential: Credential) -> None:
        """Count a request of this credential; TooMany when its second is used up."""
        if credential.per_second is None:
            return
        now = int(time.time())
        self._count(credential.id, now)
        if sum(self._counts(credential.id, now)) > credential.per_second:
            raise TooMany(f"This key may make {credential.per_second} requests a second.")

    def take_anonymous(self, address: str, per_second: int) -> None:
        """Count a request of who came without a key from this address; TooMany when its second is used up."""
        id_ = _id_of(address)
        now = int(time.time())
        self._count(id_, now)
        if sum(self._counts(id_, now)) > per_second:
            raise TooMany(f"An address without a key may make {per_second} requests a second.")

    def _count(self, credential_id: int, now: int) -> None:
        """Add one to this worker's cell of the credential, or begin one in place of the oldest."""
        cells = self._cells
        ways = _ways(self._columns.own, credential_id)
        at = next((at for at in ways if cells[at + 1] == credential_id), None)
        if at is None:
            at = min(ways, key=cells.__getitem__)
            cells[at] = 0
            cells[at + 1] = credential_id
        if cells[at] != now:
            # The second comes last: until then, no other worker takes the count for this second's.
            cells[at + 2] = 0
            cells[at] = now
        cells[at + 2] += 1

    def _counts(self, credential_id: int, now: int) -> Iterator[int]:
        cells = self._cells
        for start in self._columns.starts:
            for at in _ways(start, credential_id):
                if cells[at + 1] == credential_id and cells[at] == now:
                    yield cells[at + 2]


def _id_of(address: str) -> int:
    """What stands for an address where keys have their ids; below zero, so that it is no key's."""
    return -1 - (int.from_bytes(blake2b(address.encode(), digest_size=8).digest()) >> 1)


def _ways(column: int, credential_id: int) -> range:
    """The cells in which this column may count the credential."""
    first = column + credential_id % _SETS * _SET
    return range(first, first + _SET, _CELL)
