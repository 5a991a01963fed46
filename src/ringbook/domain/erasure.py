"""What a person is known by, in whatever text it stands: what has to go when the person is erased."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from ringbook.domain.phone import Phone

_TAIL = 8
"""The last digits of a number, by which its spellings are found: what stands before them is written or not."""
_FEWEST_DIGITS = 7
"""Fewer digits are an extension or a code that many texts have by chance."""
_LONGEST_NUMBER = 100
_NOT_DIGITS = re.compile(r"\D+")

ERASED_LIST = "erased persons"
"""The do-not-call list of the numbers of who was erased; it has keyed hashes and nobody's number."""
_HASHED = "h:"


def hashed_key(signature: bytes) -> str:
    """The entry that a number of who was erased has, in the place of its match key."""
    return f"{_HASHED}{signature.hex()}"


class Receipt(msgspec.Struct, frozen=True):
    """That a contact was erased, and how much was reached, by what it is; nothing of the person."""

    id: int
    at: datetime
    reached: dict[str, int]


@dataclass(frozen=True)
class Traces:
    """The numbers (by match key) and e-mail addresses of a person, and how the tenant reads a number."""

    keys: Collection[str]
    emails: Collection[str]
    reading: Callable[[str], Phone]

    @cached_property
    def tails(self) -> list[str]:
        """The ends of the numbers, of which every spelling of one has its."""
        digits = (_NOT_DIGITS.sub("", key) for key in self.keys)
        return sorted({each[-_TAIL:] for each in digits if len(each) >= _FEWEST_DIGITS})

    @cached_property
    def folded_emails(self) -> list[str]:
        return sorted({email.strip().lower() for email in self.emails if "@" in email})

    def are_in(self, text: str) -> bool:
        """Whether the text has one of them, also among other words."""
        lowered = text.lower()
        if any(email in lowered for email in self.folded_emails):
            return True
        digits = _NOT_DIGITS.sub("", text)
        if not any(tail in digits for tail in self.tails):
            return False
        phone = self.reading(text) if len(text) <= _LONGEST_NUMBER else None
        # Another number may end alike; in a longer text nobody can tell.
        return phone is None or not phone.identifies or phone.match_key in self.keys

    def without(self, value: Any) -> Any:
        """JSON with null in the place of every text that has one of them."""
        if isinstance(value, str):
            return None if self.are_in(value) else value
        if isinstance(value, dict):
            return {key: self.without(inner) for key, inner in value.items() if not self.are_in(key)}
        return [self.without(inner) for inner in value] if isinstance(value, list) else value


def without_texts(value: Any, texts: Collection[str]) -> Any:
    """JSON with null in the place of every one of these texts."""
    if isinstance(value, str):
        return None if value in texts else value
    if isinstance(value, dict):
        return {key: without_texts(inner, texts) for key, inner in value.items()}
    return [without_texts(inner, texts) for inner in value] if isinstance(value, list) else value


def telling(values: Iterable[Any]) -> list[str]:
    """Those of the values that are texts and say something."""
    return [value for value in values if isinstance(value, str) and value.strip()]
