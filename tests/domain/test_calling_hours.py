"""Calling hours by the wall clock of whoever is called, also when that clock is put forward or back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbook.domain.calling_hours import DAYS, Span, is_open, next_open

BERLIN, NEW_YORK, LOS_ANGELES = (ZoneInfo(n) for n in ("Europe/Berlin", "America/New_York", "America/Los_Angeles"))
OFFICE = (Span(from_="08:00", until="21:00"),)
MINUTE = timedelta(minutes=1)
# Half an hour off, quarters off, half an hour of summer time, no summer time, the other side of the year and the world.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/Los_Angeles",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Auckland",
        "Pacific/Honolulu",
        "Africa/Casablanca",
    )
]


@pytest.mark.parametrize(
    ("at", "zone", "opens"),
    [
        ("2026-03-04T07:59+01:00", BERLIN, "2026-03-04T08:00+01:00"),
        ("2026-03-04T08:00+01:00", BERLIN, "2026-03-04T08:00+01:00"),
        ("2026-03-04T20:59+01:00", BERLIN, "2026-03-04T20:59+01:00"),
        ("2026-03-04T21:00+01:00", BERLIN, "2026-03-05T08:00+01:00"),
        # The nights in which clocks are put forward and back.
        ("2026-03-28T21:00+01:00", BERLIN, "2026-03-29T08:00+02:00"),
        ("2026-10-24T21:00+02:00", BERLIN, "2026-10-25T08:00+01:00"),
        ("2026-03-07T22:00-05:00", NEW_YORK, "2026-03-08T08:00-04:00"),
    ],
)
def test_people_are_called_by_their_own_clock(at: str, zone: ZoneInfo, opens: str) -> None:
    assert next_open(OFFICE, frozenset(), [zone], datetime.fromisoformat(at)) == datetime.fromisoformat(opens)


def test_a_clock_that_is_put_on_the_day_before_in_greenwich_opens_too() -> None:
    # In Auckland, Sunday's half past two is left out: three o'clock comes first, while it is Saturday in Greenwich.
    early = (Span(from_="02:30", until="12:00"),)
    at = datetime.fromisoformat("2026-09-27T01:00+12:00")
    opens = datetime.fromisoformat("2026-09-27T03:00+13:00")
    assert next_open(early, frozenset(), [ZoneInfo("Pacific/Auckland")], at) == opens


def test_who_may_be_in_several_zones_is_called_when_all_are_open() -> None:
    at = datetime.fromisoformat("2026-03-04T09:00-05:00")
    assert next_open(OFFICE, frozenset(), [NEW_YORK, LOS_ANGELES], at) == at.replace(hour=11)


def test_days_and_holidays_are_the_persons_own() -> None:
    week = (Span(days=("mon", "tue", "wed", "thu", "fri"), from_="09:00", until="17:00"),)
    friday = datetime.fromisoformat("2026-04-30T17:00+02:00")
    holidays = frozenset({date(2026, 5, 1)})
    assert next_open(week, holidays, [BERLIN], friday) == datetime.fromisoformat("2026-05-04T09:00+02:00")
    assert next_open((), holidays, [BERLIN], friday + 10 * 60 * MINUTE) == datetime.fromisoformat(
        "2026-05-02T00:00+02:00"
    )


def test_who_is_on_both_sides_of_the_world_may_never_be_called() -> None:
    noon = (Span(from_="12:00", until="13:00"),)
    assert next_open(noon, frozenset(), [BERLIN, LOS_ANGELES], datetime(2026, 3, 4, tzinfo=UTC)) is None


def test_a_time_that_a_night_leaves_out_opens_when_the_clock_is_put() -> None:
    early = (Span(from_="02:30", until="03:30"),)
    night = datetime.fromisoformat("2026-03-29T01:59+01:00")
    assert next_open(early, frozenset(), [BERLIN], night) == datetime.fromisoformat("2026-03-29T03:00+02:00")


@st.composite
def _spans(draw: st.DrawFn) -> Sequence[Span]:
    def span() -> Span:
        first = draw(st.integers(0, 24 * 60 - 1))
        last = draw(st.integers(first + 1, 24 * 60))
        days = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))
        return Span(
            days=tuple(days), from_=f"{first // 60:02}:{first % 60:02}", until=f"{last // 60:02}:{last % 60:02}"
        )

    return tuple(span() for _ in range(draw(st.integers(1, 3))))


# The half-years' ends, so that many examples are near a night in which some clock is put.
_MOMENTS = st.sampled_from(
    [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))]
).flatmap(lambda day: st.integers(-3 * 24 * 60, 2 * 24 * 60).map(lambda n: day + n * MINUTE))


@settings(max_examples=60, deadline=None)
@given(_spans(), _MOMENTS, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True), st.booleans())
def test_the_next_opening_is_open_and_no_minute_before_it_is(
    spans: Sequence[Span], at: datetime, zones: list[ZoneInfo], holiday: bool
) -> None:
    holidays = frozenset({at.date()}) if holiday else frozenset()
    found = next_open(spans, holidays, zones, at)
    last = at + timedelta(days=2)
    minute = at
    while minute < min(found or last, last):
        assert not all(is_open(spans, holidays, zone, minute) for zone in zones), minute
        minute += MINUTE
    if found is not None:
        assert all(is_open(spans, holidays, zone, found) for zone in zones)


@pytest.mark.parametrize(
    "said",
    [
        {"from": "8:00", "until": "21:00"},
        {"from": "08:00", "until": "25:00"},
        {"from": "21:00", "until": "08:00"},
        {"from": "08:00", "until": "08:00"},
        {"from": "08:00", "until": "21:00", "days": []},
        {"from": "08:00", "until": "21:00", "days": ["monday"]},
        {"from": "08:00"},
    ],
)
def test_what_is_no_span_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Span)
