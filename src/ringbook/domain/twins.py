"""Numbers that a change of numbering plan made two spellings of one telephone.

A contact stored before the change must be found by a call after it, and the other way round. Nothing here
decides whether a number is valid.
"""

from __future__ import annotations

import re

# By the first three characters of the number: what an old spelling looks like, and what it is written as now.
_TWINS = {
    # Argentina: a 9 before the area code marks mobiles. No landline shares their ranges; the key is without.
    "+54": (re.compile(r"\+549(\d{10})"), r"+54\1"),
    # Brazil: mobiles got a ninth digit, 2012 to 2016. Landlines begin with 2 to 5. Trunked radio (70, 77, 78
    # and 79) got none.
    "+55": (re.compile(r"\+55([1-9][1-9])([689]\d{7}|7[1-6]\d{6})"), r"+55\g<1>9\2"),
    # Mexico: +52 1 was the way to a mobile until 2019; 01, 044 and 045 were dialled before the area code.
    "+52": (re.compile(r"\+52(?:1|01|044|045)(\d{10})"), r"+52\1"),
}


def folded(number: str) -> str:
    """The one spelling that a number (plus, calling code, national number) and its twin share."""
    twins = _TWINS.get(number[:3])
    if twins is None:
        return number
    old, present = twins
    match = old.fullmatch(number)
    return match.expand(present) if match else number
