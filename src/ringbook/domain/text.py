"""How text is compared: folded copies for searching, bounded so that any of them fits an index."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# PostgreSQL refuses a btree entry above 2.7 kB; four bytes a character leaves room for the other columns.
LONGEST_KEY = 400
MOST_WORDS = 32

_SHORT = 64
_MOST_REMEMBERED = 32_768

_WORD = re.compile(r"[^\W_]+")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether the database can hold the text."""
    # Without a search in what most texts are: short and plain.
    return (text.isascii() and text.isprintable()) or not _UNSTORABLE.search(text)


def fold(text: str) -> str:
    """`text` without case, accents and doubled blanks: what two people would call the same spelling."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())


def search_key(text: str) -> str:
    """The folded text, cut to what an index can hold; a long one ends in its hash, so that it stays exact."""
    return _remembered_key(text) if len(text) <= _SHORT else bounded(fold(text))


def plain_search_keys(texts: Sequence[str]) -> Sequence[str] | None:
    """search_key() of each text, for a tenth of what single calls cost; None unless all are plain.

    Plain is a text of printable ASCII that is short, and has no blank at its ends or behind another one.
    """
    flat, together = "".join(texts), "\n".join(texts)
    if not (flat.isascii() and flat.isprintable()) or max(map(len, texts), default=0) > LONGEST_KEY:
        return None
    if together[:1] == " " or together[-1:] == " " or any(blanks in together for blanks in ("  ", "\n ", " \n")):
        return None
    return together.lower().split("\n") if texts else []


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered_key(text: str) -> str:
    """Of a batch, each text is folded several times, and its names and cities return."""
    return bounded(fold(text))


def bounded(text: str, longest: int = LONGEST_KEY) -> str:
    """`text` itself, or for a long one its beginning and its hash."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text[: longest - len(digest) - 1] + "#" + digest


def words(text: str) -> list[str]:
    """The folded words of a name, each once, in order; the first 32."""
    return list(_remembered_words(text) if len(text) <= _SHORT else _words(text))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered_words(text: str) -> Sequence[str]:
    return _words(text)


def _words(text: str) -> Sequence[str]:
    found = dict.fromkeys(word[:64] for word in _WORD.findall(fold(text)))
    return tuple(found)[:MOST_WORDS]
