"""Wrong passwords, counted over the worker processes of one host, so that nobody tries many of them.

A password that a request proves is an MD5 away from the next guess, so it is the number of guesses that is bounded: for
each login from each address, and for an address whatever the login. Who has proven a login on a nonce is not held up
by others who guess: neither is a client that works beside one that has an old password.

Each worker counts in a column of its own; where memory runs out, the count that is least worth is given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from ringbook.domain.problems import TooMany
from ringbook.web.shared_memory import SharedColumns

MOST_WRONG = 30
"""Wrong passwords of one login from one address in a minute."""
MOST_WRONG_OF_ADDRESS = 1000
_OF_MANY = 10
"""How much more is granted where an address stands for many: a proxy that nobody has said to trust."""
_MINUTE = 60
_NONCE_LIFETIME = 600

_SETS = 512
_WAYS = 8
_CELL = 3  # the period, the key, its count
_SET = _WAYS * _CELL


class _Table(NamedTuple):
    """Counts by key in each period of so many seconds, in a part of every column."""

    start: int
    period: int

    def now(self) -> int:
        return int(time.monotonic()) // self.period + 1  # 0 is a cell that nobody has used

    def ways(self, column: int, key: int) -> range:
        first = column + self.start + key % _SETS * _SET
        return range(first, first + _SET, _CELL)


_WRONG = _Table(0, _MINUTE)
_PROVEN = _Table(_SETS * _SET, _NONCE_LIFETIME)


class Guesser(NamedTuple):
    """Who says to be whom: the realm's login, from an address, which may stand for many."""

    realm: str
    login: str
    address: str
    of_many: bool


class SharedGuesses:
    """One worker's view of the guesses of all."""

    def __init__(self, run: Path, workers: int) -> None:
        self._columns = SharedColumns(run / "guesses", workers, 2 * _SETS * _SET)
        self._cells = self._columns.cells

    def check(self, who: Guesser, nonce: str) -> None:
        """TooMany for who has been wrong too often in this minute, unless the login was proven on this nonce."""
        more = _OF_MANY if who.of_many else 1
        wrong = sum(self._counts(_WRONG, _pair(who), _WRONG.now()))
        by_address = sum(self._counts(_WRONG, _key(who.address), _WRONG.now()))
        if (wrong >= MOST_WRONG * more or by_address >= MOST_WRONG_OF_ADDRESS * more) and not self._knows(who, nonce):
            left = _MINUTE - int(time.monotonic()) % _MINUTE
            raise TooMany("Too many wrong passwords: try again later.", left)

    def was_wrong(self, who: Guesser) -> None:
        for key in (_pair(who), _key(who.address)):
            self._add(_WRONG, key)

    def was_right(self, who: Guesser, nonce: str) -> None:
        self._add(_PROVEN, _key(who.realm, who.login, nonce))

    def _knows(self, who: Guesser, nonce: str) -> bool:
        """Whether the login was proven on this nonce, in the time that a nonce lives."""
        key, now = _key(who.realm, who.login, nonce), _PROVEN.now()
        return any(self._counts(_PROVEN, key, now)) or any(self._counts(_PROVEN, key, now - 1))

    def _add(self, table: _Table, key: int) -> None:
        cells, now = self._cells, table.now()
        ways = table.ways(self._columns.own, key)
        at = next((at for at in ways if cells[at + 1] == key), None)
        if at is None:
            at = min(ways, key=lambda at: (cells[at], cells[at + 2]))
            cells[at] = 0
            cells[at + 1] = key
        if cells[at] != now:
            # The period comes last: until then, no other worker takes the count for this period's.
            cells[at + 2] = 0
            cells[at] = now
        cells[at + 2] += 1

    def _counts(self, table: _Table, key: int, period: int) -> Iterator[int]:
        cells = self._cells
        for start in self._columns.starts:
            for at in table.ways(start, key):
                if cells[at + 1] == key and cells[at] == period:
                    yield cells[at + 2]


def _pair(who: Guesser) -> int:
    return _key(who.realm, who.login, who.address)


def _key(*parts: str) -> int:
    """What stands for these texts in a cell: 63 bits, of which nobody finds others with the same."""
    told = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest()) >> 1
