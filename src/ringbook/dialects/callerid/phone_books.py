"""Phone books as desk telephones read them: Cisco's XML, and what Yealink and Snom made of it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_ROOTS = {
    "cisco": "CiscoIPPhoneDirectory",
    "yealink": "YealinkIPPhoneDirectory",
    "snom": "SnomIPPhoneDirectory",
}


def directory(variant: str, names: Sequence[str], number: str) -> str:
    """A phone book with an entry a name, all of them at the number that was asked; Cisco's for an unknown variant."""
    root = _ROOTS.get(variant, _ROOTS["cisco"])
    entries = "".join(
        f"<DirectoryEntry><Name>{escape(name)}</Name><Telephone>{escape(number)}</Telephone></DirectoryEntry>"
        for name in names
    )
    # Yealink's has no title.
    title = "" if variant == "yealink" else "<Title>Ringbook</Title><Prompt>Caller</Prompt>"
    return f"{_HEAD}<{root}>{title}{entries}</{root}>"
