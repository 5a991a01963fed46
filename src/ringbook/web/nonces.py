"""Nonces that are handed out without being stored, and used once for each count, over all worker processes of a host.

A nonce carries when it was made and a signature, so any worker knows it again; the key is drawn by the first worker of
a run and lies in the memory that all share. Which counts of a nonce were used is kept by each worker in a column of its
own: a worker that is shown a count notes it, and then looks whether another has noted it too.

Of each nonce a window of its latest counts is kept, so that requests sent in parallel may arrive in any order. Where
memory runs out, the oldest nonce is forgotten, and with it goes everything that is as old: those are no longer fresh,
never again new.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from pathlib import Path

from ringbook.web.shared_memory import SharedColumns

LIFETIME_SECONDS = 600

_MADE_BYTES = 8
_RANDOM_BYTES = 8
_SIGNATURE_BYTES = 16
_KEY_WORDS = 4
_TAG_BYTES = 7  # fits into a signed word

_BITS = 62  # of a signed word
_WORDS = 16
WINDOW = _BITS * _WORDS
"""How far behind the highest count of its nonce a request may arrive."""

_SETS = 1024
_WAYS = 8
_CELL = 3 + _WORDS  # the nonce's tag, when it was made, its highest count, and which of the last counts were used
_SET = 1 + _WAYS * _CELL  # when the youngest nonce that was forgotten in this set was made, and the cells


class SharedNonces:
    """One worker's view of the nonces of all."""

    def __init__(self, run: Path, workers: int) -> None:
        self._columns = SharedColumns(run / "nonces", workers, _SETS * _SET, everybodys=_KEY_WORDS)
        self._cells = self._columns.cells
        with self._columns.locked():
            if not any(self._cells[:_KEY_WORDS]):
                for at in range(_KEY_WORDS):
                    self._cells[at] = secrets.randbits(63)
            self._key = bytes(self._cells[:_KEY_WORDS])
        # What the last owner of the column had noted is gone with it, and so is the freshness of all it may have seen.
        for start in range(self._columns.own, self._columns.own + _SETS * _SET, _SET):
            self._cells[start] = _now()

    def make(self, realm: str) -> str:
        """A new nonce for this realm."""
        made = _now().to_bytes(_MADE_BYTES, "big") + secrets.token_bytes(_RANDOM_BYTES)
        return base64.urlsafe_b64encode(made + self._signature(realm, made)).decode()

    def use(self, realm: str, nonce: str, count: int) -> bool:
        """Whether this is one of ours for the realm, fresh, and used with this count for the first time."""
        opened = self._opened(realm, nonce)
        return opened is not None and _is_young(opened[0]) and count > 0 and self._use(*opened, count)

    def is_fresh(self, realm: str, nonce: str) -> bool:
        """Whether this is one of ours for the realm, and not too old."""
        opened = self._opened(realm, nonce)
        return opened is not None and _is_young(opened[0])

    def _opened(self, realm: str, nonce: str) -> tuple[int, int] | None:
        """When the nonce was made, and the number it is kept under; None for one that is not ours."""
        try:
            raw = base64.urlsafe_b64decode(nonce)
        except (ValueError, binascii.Error):
            return None
        made, signature = raw[: _MADE_BYTES + _RANDOM_BYTES], raw[_MADE_BYTES + _RANDOM_BYTES :]
        if not hmac.compare_digest(signature, self._signature(realm, made)):
            return None
        return int.from_bytes(made[:_MADE_BYTES], "big"), int.from_bytes(signature[:_TAG_BYTES], "big") + 1

    def _signature(self, realm: str, made: bytes) -> bytes:
        return hmac.digest(self._key, realm.encode("utf-8", "surrogatepass") + made, "sha256")[:_SIGNATURE_BYTES]

    def _use(self, made: int, tag: int, count: int) -> bool:
        at = self._own_cell(tag, made)
        if at is None or not self._note(at, count):
            return False
        others = (start for start in self._columns.starts if start != self._columns.own)
        return all(self._is_unused_in(start, tag, made, count) for start in others)

    def _own_cell(self, tag: int, made: int) -> int | None:
        """This worker's cell of the nonce, begun in place of the oldest one's; None if it may have been forgotten."""
        cells = self._cells
        first = self._columns.own + tag % _SETS * _SET
        ways = range(first + 1, first + _SET, _CELL)
        for at in ways:
            if cells[at] == tag:
                return at
        if made <= cells[first]:
            return None
        at = min(ways, key=lambda way: cells[way + 1])
        if made < cells[at + 1]:
            return None  # it would be the next to be forgotten
        cells[first] = max(cells[first], cells[at + 1])
        cells[at] = 0
        for word in range(at + 2, at + _CELL):
            cells[word] = 0
        cells[at + 1] = made
        cells[at] = tag
        return at

    def _note(self, at: int, count: int) -> bool:
        """Note the count in this worker's cell; False if it is there, or too far behind."""
        cells = self._cells
        highest = cells[at + 2]
        if count > highest:
            for passed in range(max(highest + 1, count - WINDOW), count):
                word, bit = divmod(passed % WINDOW, _BITS)
                cells[at + 3 + word] &= ~(1 << bit)
        elif count <= highest - WINDOW:
            return False
        word, bit = divmod(count % WINDOW, _BITS)
        if count <= highest and cells[at + 3 + word] >> bit & 1:
            return False
        cells[at + 3 + word] |= 1 << bit
        cells[at + 2] = max(highest, count)
        return True

    def _is_unused_in(self, start: int, tag: int, made: int, count: int) -> bool:
        """Whether the worker whose column begins here has neither noted the count nor forgotten the nonce."""
        cells = self._cells
        first = start + tag % _SETS * _SET
        for at in range(first + 1, first + _SET, _CELL):
            if cells[at] == tag:
                highest = cells[at + 2]
                word, bit = divmod(count % WINDOW, _BITS)
                used = count <= highest and cells[at + 3 + word] >> bit & 1
                return not used and count > highest - WINDOW
        return made > cells[first]


def _now() -> int:
    """Milliseconds of the clock that all processes of this host share and that nobody sets back."""
    return int(time.monotonic() * 1000)


def _is_young(made: int) -> bool:
    return _now() < made + LIFETIME_SECONDS * 1000
