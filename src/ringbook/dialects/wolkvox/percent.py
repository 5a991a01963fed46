"""Shares of a whole, as wolkvox prints them."""

from __future__ import annotations


def percent(part: int, whole: int) -> str:
    """`34.64 %`; of nothing, 0."""
    return f"{100 * part / whole if whole else 0:.2f} %"
