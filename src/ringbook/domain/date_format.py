"""Dates in the formats that a list's fields name with Java's letters, such as `MM/dd/yyyy hh:mm a`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_TOKEN = re.compile(r"'(?:[^']|'')*'|(?P<letters>([A-Za-z])\2*)|.", re.DOTALL)
_ANY_YEAR = 2000
"""The century of a year of two digits."""


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    pattern: str
    render: Callable[[datetime], str]


# By Java's letters. Numbers may be written with or without leading zeros, except where a name has many digits.
_PARTS = {
    "yyyy": _Part("year", r"\d{4}", lambda d: f"{d.year:04}"),
    "yy": _Part("short_year", r"\d{2}", lambda d: f"{d.year % 100:02}"),
    "MM": _Part("month", r"\d{1,2}", lambda d: f"{d.month:02}"),
    "M": _Part("month", r"\d{1,2}", lambda d: str(d.month)),
    "dd": _Part("day", r"\d{1,2}", lambda d: f"{d.day:02}"),
    "d": _Part("day", r"\d{1,2}", lambda d: str(d.day)),
    "HH": _Part("hour", r"\d{1,2}", lambda d: f"{d.hour:02}"),
    "H": _Part("hour", r"\d{1,2}", lambda d: str(d.hour)),
    "hh": _Part("hour12", r"\d{1,2}", lambda d: f"{(d.hour - 1) % 12 + 1:02}"),
    "h": _Part("hour12", r"\d{1,2}", lambda d: str((d.hour - 1) % 12 + 1)),
    "mm": _Part("minute", r"\d{1,2}", lambda d: f"{d.minute:02}"),
    "ss": _Part("second", r"\d{1,2}", lambda d: f"{d.second:02}"),
    "SSS": _Part("millisecond", r"\d{1,3}", lambda d: f"{d.microsecond // 1000:03}"),
    "a": _Part("half", r"[AaPp][Mm]", lambda d: "AM" if d.hour < 12 else "PM"),
}


class DateFormat:
    """A format, or ValueError for letters that it cannot have."""

    def __init__(self, text: str) -> None:
        pattern = ""
        self._renders: list[Callable[[datetime], str]] = []
        names: set[str] = set()
        for match in _TOKEN.finditer(text):
            letters = match["letters"]
            if letters is None:
                literal = match[0][1:-1].replace("''", "'") or "'" if match[0].startswith("'") else match[0]
                pattern += re.escape(literal)
                self._renders.append(lambda _, literal=literal: literal)  # type: ignore[misc]
                continue
            part = _PARTS.get(letters)
            if part is None or part.name in names:
                raise ValueError(f"{letters} is not known in a date's format")
            names.add(part.name)
            pattern += f"(?P<{part.name}>{part.pattern})"
            self._renders.append(part.render)
        self.names = frozenset(names)
        """What it says: year, short_year, month, day, hour, hour12, minute, second, millisecond, half."""
        self._pattern = re.compile(pattern, re.ASCII)

    def matches(self, text: str) -> bool:
        """Whether a text looks like one of this format; what it says may not exist."""
        return self._pattern.fullmatch(text) is not None

    def parse(self, text: str) -> datetime | None:
        """The moment that a text of this format says; None if it says none."""
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        said = {name: value for name, value in match.groupdict().items() if not name.startswith("half")}
        numbers = {name: int(value) for name, value in said.items()}
        if not 1 <= numbers.get("hour12", 12) <= 12:
            return None
        hour = numbers.get("hour", numbers.get("hour12", 0) % 12 + 12 * _is_afternoon(match))
        try:
            return datetime(
                numbers.get("year", _ANY_YEAR + numbers.get("short_year", 0)),
                numbers.get("month", 1),
                numbers.get("day", 1),
                hour,
                numbers.get("minute", 0),
                numbers.get("second", 0),
                numbers.get("millisecond", 0) * 1000,
            )
        except ValueError:
            return None

    def render(self, moment: datetime) -> str:
        return "".join(render(moment) for render in self._renders)


def _is_afternoon(match: re.Match[str]) -> bool:
    return match.groupdict().get("half", "").upper() == "PM"


def letters_of(text: str) -> list[str]:
    """The groups of letters of a format, with an empty text for each character or quotation between them."""
    return [match["letters"] or "" for match in _TOKEN.finditer(text)]


def day_part(text: str) -> str:
    """A format from the first letter of its day to the last, without a time before it or behind it."""
    tokens = list(_TOKEN.finditer(text))
    of_day = [at for at, match in enumerate(tokens) if (match["letters"] or "-")[0] in "yMd"]
    return "".join(match[0] for match in tokens[of_day[0] : of_day[-1] + 1])


@lru_cache(maxsize=200)
def date_format(text: str) -> DateFormat:
    """The format of this text, made once."""
    return DateFormat(text)
