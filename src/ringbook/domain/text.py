"""How text is compared: folded copies for searching, bounded so that any of them fits an index."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# PostgreSQL refuses a btree entry above 2.7 kB; four bytes a character leaves room for the other columns.
LONGEST_KEY = 400
MOST_WORDS = 32

_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`text` without case, accents and doubled blanks: what two people would call the same spelling."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())


def search_key(text: str) -> str:
    """The folded text, cut to what an index can hold; a long one ends in its hash, so that it stays exact."""
    return bounded(fold(text))


def bounded(text: str, longest: int = LONGEST_KEY) -> str:
    """`text` itself, or for a long one its beginning and its hash."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text[: longest - len(digest) - 1] + "#" + digest


def words(text: str) -> list[str]:
    """The folded words of a name, each once, in order; the first 32."""
    found = dict.fromkeys(word[:64] for word in _WORD.findall(fold(text)))
    return list(found)[:MOST_WORDS]
