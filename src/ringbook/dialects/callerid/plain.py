"""Text that is safe in a SIP header, a dial plan, a CSV file and on a small display."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

# What would end a quoted display name (RFC 3261, 25.1), or be an address or a tag.
_REMOVED = frozenset('"\\<>')
_LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "ı": "i", "’": "'", "‘": "'", "–": "-", "—": "-",  # noqa: RUF001 - that is the point
    }
)  # fmt: skip


def line(text: str, longest: int, *, ascii: bool) -> str:
    """The text as one line of at most so many characters, without what a telephone system could take for markup."""
    if ascii:
        folded = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        text = "".join(character for character in folded if character.isascii())
    kept = (_kept(character) for character in text)
    return " ".join("".join(kept).split())[:longest].rstrip()


def csv(rows: Sequence[Sequence[str]]) -> str:
    """Lines that end in a line feed alone, and the last in none: that is how wazo-dird takes them apart."""
    return "\n".join(",".join(_quoted(value) for value in row) for row in rows)


def is_broken(text: str) -> bool:
    """Whether the text has what no line may hold."""
    return any(unicodedata.category(character)[0] in "CZ" and character != " " for character in text)


def _kept(character: str) -> str:
    if character in _REMOVED:
        return ""
    if character.isascii():
        return character if character.isprintable() else " "
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category[0] == "C" else character


def _quoted(value: str) -> str:
    value = " ".join(value.split("\n"))
    return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ',"\r') else value
