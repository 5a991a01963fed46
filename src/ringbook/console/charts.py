"""Bars and charts as SVG that the server draws: no script, no style attribute, and a table says the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

_WIDTH, _HEIGHT = 720, 180
_LEFT, _BOTTOM, _TOP = 34, 22, 8
_LINE = Markup('<line x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>')


class Part(NamedTuple):
    """A part of a bar: its name, how many, and which of the five colours."""

    name: str
    records: int
    colour: int


class Hour(NamedTuple):
    at: datetime
    attempts: int
    answered: int


def bar(parts: Sequence[Part], label: str) -> Markup:
    """Parts of a whole, side by side; `label` says them in words."""
    whole = sum(part.records for part in parts)
    drawn, x = Markup(), 0.0
    for part in parts:
        width = 1000 * part.records / whole if whole else 0
        if width:
            drawn += Markup('<rect class="s{}" x="{:.1f}" width="{:.1f}" height="10"/>').format(part.colour, x, width)
        x += width
    return Markup(
        '<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, drawn)


def hours(found: Sequence[Hour], first: datetime, count: int) -> Sequence[Hour]:
    """The hours from `first` on, also those in which nothing was."""
    by_hour = {hour.at: hour for hour in found}
    every = (first + timedelta(hours=n) for n in range(count))
    return [by_hour.get(at, Hour(at, 0, 0)) for at in every]


def chart(found: Sequence[Hour], label: str, clock: Sequence[str]) -> Markup:
    """Attempts an hour as bars, of each the answered ones below; `clock` names the hours."""
    most = _round_up(max((hour.attempts for hour in found), default=0))
    height, width = _HEIGHT - _BOTTOM - _TOP, (_WIDTH - _LEFT) / max(len(found), 1)
    drawn = Markup()
    for share in (0, 0.5, 1):
        y = _TOP + height * (1 - share)
        drawn += _LINE.format(_LEFT, _WIDTH, _LEFT - 6, y + 4, round(most * share), y=y)
    for n, hour in enumerate(found):
        x = _LEFT + n * width + width * 0.15
        rect = Markup('<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1"/>')
        for colour, number in ((1, hour.attempts), (2, hour.answered)):
            tall = height * number / most
            if tall:
                drawn += rect.format(colour, x, _TOP + height - tall, width * 0.7, tall)
        if n % (len(found) // 8 or 1) == 0:
            text = Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
            drawn += text.format(x + width * 0.35, _HEIGHT - 6, clock[n])
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, label, drawn
    )


def _round_up(number: int) -> int:
    """The next number that is good on an axis."""
    for step in (2, 4, 10, 20, 40, 60, 100, 200, 400, 600, 1000, 2000, 4000, 10_000):
        if number <= step:
            return step
    return -(-number // 10_000) * 10_000
