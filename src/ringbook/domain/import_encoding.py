"""In which encoding a file is written: by its mark, by its zeros, by whether it is UTF-8 all through.

No statistics of letters: they tell a Spanish file from a Hungarian one only after pages (docs/decisions/0012). Who has
a file in another code page says which.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from ringbook.domain.problems import Invalid

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ANY_ORDER = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}
_SAMPLE = 4096
_MANY = 0.3
"""The share of zeros on one side of every two bytes of UTF-16 in a script that has its letters below 256."""
_MULTIBYTE = re.compile("[^\x00-\x7f\udc80-\udcff]")
_LONE = re.compile("[\udc80-\udcff]")


def encoding_of(blocks: Iterable[bytes]) -> str:
    """The encoding of a file that comes in these blocks, as Python names it: a UTF one, else cp1252.

    A file that is UTF-8 but for some broken rows is UTF-8. What cp1252 has no letter for is nobody's latin-1 either:
    the rows with it are refused, and who has another code page learns so.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    first = True
    for block in blocks:
        if first:
            first = False
            marked = _marked(block)
            if marked:
                return marked
        if block.isascii():
            continue
        text = decoder.decode(block)
        bad += len(_LONE.findall(text))
        good += len(_MULTIBYTE.findall(text))
    return "utf-8" if good >= bad else "cp1252"


def mark_length(encoding: str, head: bytes) -> int:
    """How many bytes at the beginning of a file only say that it is in this encoding."""
    return next((len(mark) for mark, name in _MARKS if name == encoding and head.startswith(mark)), 0)


def checked(encoding: str, head: bytes) -> str:
    """An encoding that somebody named, as Python spells it; Invalid for one that a text file cannot have."""
    try:
        known = codecs.lookup(encoding)
    except (LookupError, ValueError):
        known = None
    if known is None or not getattr(known, "_is_text_encoding", False) or known.name in _NO_FILE:
        raise Invalid(f"There is no encoding {encoding[:40]!r}.", field="encoding")
    if known.name in _ANY_ORDER:
        return _marked(head) or _ANY_ORDER[known.name]
    return known.name


_NO_FILE = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7"})


def _marked(block: bytes) -> str:
    for mark, name in _MARKS:
        if block.startswith(mark):
            return name
    sample = block[:_SAMPLE]
    half = len(sample) / 2
    if sample[1::2].count(0) > half * _MANY:
        return "utf-16-le"
    return "utf-16-be" if sample[0::2].count(0) > half * _MANY else ""
