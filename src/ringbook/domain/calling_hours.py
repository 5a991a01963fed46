"""Calling hours: spans of a week by the wall clock of whoever is called, and when the next one begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]

_HORIZON = timedelta(days=15)
"""How far ahead the next opening is looked for: past a week and a week of holidays."""
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days of the week, and a time of day from the first minute to the one before `until`."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7)] = DAYS
    from_: Clock = msgspec.field(name="from")
    until: Clock

    def __post_init__(self) -> None:
        if self.from_ >= self.until:
            raise ValueError("A span of calling hours ends after it begins; one over midnight is two")

    def contains(self, wall: datetime) -> bool:
        return DAYS[wall.weekday()] in self.days and self.from_ <= wall.strftime("%H:%M") < self.until


Hours = Annotated[tuple[Span, ...], Meta(max_length=50)]


def is_open(spans: Sequence[Span], holidays: AbstractSet[date], zone: ZoneInfo, at: datetime) -> bool:
    """Whether somebody in this zone may be called at this moment; without any spans, always but on holidays."""
    wall = at.astimezone(zone)
    return wall.date() not in holidays and (not spans or any(span.contains(wall) for span in spans))


def next_open(
    spans: Sequence[Span], holidays: AbstractSet[date], zones: Sequence[ZoneInfo], after: datetime
) -> datetime | None:
    """The first moment, `after` or later, that is open in all of these zones; None if there is none in two weeks."""
    if all(is_open(spans, holidays, zone, after) for zone in zones):
        return after
    for moment in sorted({opening for zone in zones for opening in _openings(spans, zone, after)}):
        if moment > after and all(is_open(spans, holidays, zone, moment) for zone in zones):
            return moment
    return None


def _openings(spans: Sequence[Span], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Every moment in which the zone may open: where a span or a day begins, and where the clock is put."""
    begins = {time.fromisoformat(span.from_) for span in spans} | {time(0)}
    first = after.astimezone(zone).date()
    # The day before: its clock may be put in the evening in Greenwich, which is today further east.
    for n in range(-1, _HORIZON.days):
        day = first + n * _DAY
        for begin in begins:
            # A time that a day has twice opens twice.
            yield datetime.combine(day, begin, zone).astimezone(UTC)
            yield datetime.combine(day, begin, zone).replace(fold=1).astimezone(UTC)
        yield from _put_clocks(zone, datetime.combine(day, time(0), UTC))


def _put_clocks(zone: ZoneInfo, day: datetime) -> Iterator[datetime]:
    """The quarters of an hour of this day of Greenwich's, if the zone's clock is put forward or back in it."""
    if day.astimezone(zone).utcoffset() != (day + _DAY).astimezone(zone).utcoffset():
        yield from (day + n * _QUARTER for n in range(1, 97))
