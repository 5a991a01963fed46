"""Where a number may be: the time zones of its digits, and of a postcode that a tenant has said more about."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from ringbook.domain.phone import MatchKey

LONGEST_POSTCODE = 20


def zones_of(key: MatchKey, by_postcode: Collection[str], otherwise: str) -> tuple[str, ...]:
    """The names of all zones in which the person may be.

    A postcode says which of the number's zones it is. Where it is none of them, the person may be at either place.
    Where neither says anything, `otherwise` is taken.
    """
    by_number = zones_of_number(key)
    both = tuple(name for name in by_number if name in by_postcode)
    return both or (*by_number, *by_postcode) or (otherwise,)


def zones_of_number(key: MatchKey) -> tuple[str, ...]:
    """The zones of its digits alone; none where they say nothing."""
    return _zones_of_digits(key[1 : 1 + TIMEZONE_LONGEST_PREFIX]) if key.startswith("+") else ()


def prefixes_of(postcode: str) -> list[str]:
    """The ways in which a postcode begins, the longest first, as a table of postcodes has them."""
    folded = folded_postcode(postcode)
    return [folded[:n] for n in range(len(folded), 0, -1)]


def folded_postcode(text: str) -> str:
    """A postcode without what people put between its characters: `sw1a-1aa` and `SW1A 1AA` are one."""
    return "".join(c for c in text[:100].upper() if c.isalnum())[:LONGEST_POSTCODE]


@lru_cache(maxsize=1000)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=20_000)
def _zones_of_digits(digits: str) -> tuple[str, ...]:
    """What libphonenumber's table says of the longest beginning that it has, of zones that have a clock here."""
    for length in range(len(digits), 0, -1):
        names = TIMEZONE_DATA.get(digits[:length])
        if names is not None:
            return tuple(name for name in names if is_zone(name))
    return ()
