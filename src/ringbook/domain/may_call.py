"""Whether a number may be called now: yes, or no with the reason and the next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from ringbook.domain.calling_hours import Hours, next_open
from ringbook.domain.zones import zone

Reason = Literal["do_not_call", "hours", "tries"]
HeldBy = Literal["do_not_call", "hours", "tries", "in_call", "no_number"]
"""Why a claim passes a record by: also because its number is being called, or it has none."""


_NEVER = datetime.max.replace(tzinfo=UTC)


class Hold(NamedTuple):
    """Why a record is passed by, and until when."""

    by: HeldBy
    until: datetime


CALLING = "calling"
"""Where a campaign's settings have its own rules."""
RETRY = "retry"
"""Where they have what comes after which outcome."""


class TriesRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Call a number so often at most in so many hours, over all campaigns."""

    most: Annotated[int, Meta(ge=1, le=1000)]
    hours: Annotated[float, Meta(gt=0, le=366 * 24)]

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.hours)


class CallingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When people may be called, by their own clocks, and how often. None: what is said elsewhere, or nothing."""

    hours: Hours | None = None
    holidays: Annotated[tuple[date, ...], Meta(max_length=1000)] | None = None
    tries: TriesRule | None = None

    def over(self, other: CallingRules) -> CallingRules:
        """These, and where they say nothing, the other's."""
        return CallingRules(
            hours=other.hours if self.hours is None else self.hours,
            holidays=other.holidays if self.holidays is None else self.holidays,
            tries=other.tries if self.tries is None else self.tries,
        )


def as_setting(rules: msgspec.Struct | None) -> Any:
    """Rules as a campaign's settings have them, which are JSON."""
    return None if rules is None else msgspec.json.decode(msgspec.json.encode(rules))


class Bar(msgspec.Struct, frozen=True):
    """A do-not-call list that bars somebody, what of them is on it, and until when (None: for ever)."""

    list: str
    by: Literal["number", "area_code", "postcode", "key"]
    until: datetime | None


class MayCall(msgspec.Struct, frozen=True):
    """`next_allowed_at` is None while nobody knows a next time: what is on a do-not-call list stays there."""

    allowed: bool
    reason: Reason | None = None
    next_allowed_at: datetime | None = None
    details: Mapping[str, Any] = {}


ALLOWED = MayCall(True)


class OpeningHours:
    """When the rules are open next for somebody in these zones; asked often about the same few."""

    def __init__(self, rules: CallingRules, now: datetime) -> None:
        self._spans = rules.hours or ()
        self._holidays = frozenset(rules.holidays or ())
        self._now = now
        self._known: dict[tuple[str, ...], MayCall] = {}
        self._closed: dict[tuple[str, ...], datetime | None] = {}

    def now(self, zones: tuple[str, ...]) -> MayCall:
        """Whether all of these zones are open."""
        known = self._known.get(zones)
        if known is None:
            known = self._known[zones] = self._judged(zones)
        return known

    def closed_until(self, zones: tuple[str, ...]) -> datetime | None:
        """When the first of these zones opens (at the end of time, if nobody knows); None while one is, or without any.

        Until then it matters to nobody in which of them somebody is.
        """
        if zones not in self._closed:
            said = [self.now((name,)) for name in zones]
            closed = bool(said) and not any(one.allowed for one in said)
            self._closed[zones] = min(one.next_allowed_at or _NEVER for one in said) if closed else None
        return self._closed[zones]

    def next(self, zones: Sequence[str], after: datetime) -> datetime | None:
        """The first open moment, `after` or later; None if there is none in two weeks."""
        if not self._spans and not self._holidays:
            return after
        return next_open(self._spans, self._holidays, [zone(name) for name in zones], after)

    def _judged(self, zones: tuple[str, ...]) -> MayCall:
        opens = self.next(zones, self._now)
        if opens == self._now:
            return ALLOWED
        clocks = {name: self._now.astimezone(zone(name)).isoformat(timespec="minutes") for name in zones}
        return MayCall(False, "hours", opens, {"zones": clocks})


def judge(
    rules: CallingRules,
    opening: OpeningHours,
    zones: tuple[str, ...],
    bars: Sequence[Bar],
    tries_full_since: datetime | None,
) -> MayCall:
    """What is to be said of one number: that it is barred before that it was tried too often, and that before hours.

    `tries_full_since` is when the oldest of as many tries as are allowed was, if there were as many.
    """
    if bars:
        ends = [bar.until for bar in bars]
        until = None if None in ends else max(end for end in ends if end is not None)
        details = {"list": bars[0].list, "by": bars[0].by}
        return MayCall(False, "do_not_call", None if until is None else opening.next(zones, until), details)
    if rules.tries is not None and tries_full_since is not None:
        again = opening.next(zones, tries_full_since + rules.tries.window)
        return MayCall(False, "tries", again, {"tries": rules.tries.most, "hours": rules.tries.hours})
    return opening.now(zones)
