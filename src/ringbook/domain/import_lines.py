"""Lines of a text file that comes in pieces: some can be given back, and the place of each is known in bytes."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from ringbook.domain.table import LONGEST_ROW

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def text_of(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The text of a file. What is not in its encoding stays, as lone surrogates, and can be told row by row."""
    decoder = codecs.getincrementaldecoder(encoding)(lost(encoding))
    for block in blocks:
        yield decoder.decode(block)
    with suppress(UnicodeDecodeError):  # half a character at the end of UTF-16
        yield decoder.decode(b"", True)


def lost(encoding: str) -> str:
    """How to keep what is not in this encoding."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def fault_of(text: str) -> str:
    """What no field may hold, as the end of a sentence; empty where all is well."""
    if not text.isascii() and _LONE.search(text):
        return "the text is not in the file's encoding"
    return "the text contains a control character" if CONTROL.search(text) else ""


def showable(value: Any) -> Any:
    """A value as it can be stored and shown, whatever it was: a byte that is not UTF-8 as the letter it probably is."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _UNSTORABLE.sub(_letter, value)
    if isinstance(value, dict):
        return {showable(name): showable(each) for name, each in value.items()}
    return [showable(each) for each in value] if isinstance(value, list) else value


def _letter(match: re.Match[str]) -> str:
    byte = ord(match[0]) - 0xDC00
    return bytes([byte]).decode("cp1252", "replace") if 0x80 <= byte <= 0xFF else "\ufffd"


class Lines:
    """An iterator of lines with their ends, from an offset on."""

    def __init__(self, pieces: Iterator[str], encoding: str, offset: int, end: str = "\n") -> None:
        self._pieces = pieces
        self._encoding = encoding
        self._offset = offset
        self._held: list[str] = []
        self._rest = ""
        self._end = end
        self._over = False
        self.taken = 0
        """How many of the held lines were given."""
        self.weight = 0
        """How many characters are held."""
        self.suspect = False
        """Whether what is held has characters that no field may have."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.taken == len(self._held) and not self._fill():
            raise StopIteration
        line = self._held[self.taken]
        self.taken += 1
        return line

    def in_blocks(self) -> Iterator[str]:
        """All lines that are not given yet, for who says then how many he has `taken` of those that are held."""
        return chain.from_iterable(self._blocks())

    def _blocks(self) -> Iterator[list[str]]:
        yield self._held[self.taken :]
        while lines := self._fill():
            yield lines

    @property
    def is_over(self) -> bool:
        """Whether all lines were given."""
        return self._over and self.taken == len(self._held)

    @property
    def offset(self) -> int:
        """Where the next line begins, in bytes. What was given until now can no longer be given back."""
        given = "".join(self._held[: self.taken])
        self._offset += len(given) if given.isascii() and self._is_single else len(self._encoded(given))
        del self._held[: self.taken]
        self.weight -= len(given)
        self.taken = 0
        if self.suspect:
            self.suspect = bool(fault_of("".join(self._held) + self._rest))
        return self._offset

    def back_to(self, begin: int) -> str:
        """Give back the lines that were given from this one on but the first, which is returned."""
        self.taken = min(begin + 1, len(self._held))
        return self._held[begin] if begin < len(self._held) else ""

    @property
    def _is_single(self) -> bool:
        """Whether the encoding has a byte for each character of ASCII."""
        return not self._encoding.startswith(("utf-16", "utf-32"))

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._encoding, lost(self._encoding))

    def _fill(self) -> list[str]:
        """Hold more lines; which, none at the end."""
        while not self._over:
            piece = next(self._pieces, None)
            if piece is None:
                self._over = True
                piece, self._rest = self._rest, ""
                lines = [piece] if piece else []
            else:
                lines = self._split(piece)
            if not lines and len(self._rest) > LONGEST_ROW:
                lines, self._rest = [self._rest], ""
            if lines:
                self._held += lines
                self.weight += sum(map(len, lines))
                return lines
        return []

    def _split(self, piece: str) -> list[str]:
        self.suspect = self.suspect or bool(fault_of(piece))
        lines = list(io.StringIO(self._rest + piece, newline=self._end))
        self._rest = "" if lines and lines[-1].endswith(self._end) else lines.pop() if lines else ""
        return lines
