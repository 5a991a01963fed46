"""A call as a tree: one root by call id, legs for IVR and agents (rules: contracts/cim.md 5.3 and 5.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

import msgspec

from ringbook.domain.text import bounded

Actor = Literal["IVR", "AGENT"]
Direction = Literal["INBOUND", "OUTBOUND", "UNKNOWN"]

_INBOUND = frozenset({"INBOUND", "IN", "ACD_IN", "PREROUTE_ACD_IN", "PREROUTE_DIRECT_AGENT", "OTHER_IN", "OVERFLOW_IN"})
_OUTBOUND = frozenset({"OUTBOUND", "OUT", "AGENT_OUT", "AUTO_OUT"})
_SUPERVISION = frozenset(
    {
        "CONSULT",
        "BARGE_IN",
        "BARGEIN",
        "BARGE_IN_CONSULT",
        "SILENT_MONITOR",
        "SILENTMONITOR",
        "SUPERVISOR_MONITOR",
        "SUPERVISE_CALL",
    }
)
_SEPARATORS = re.compile(r"[\s-]+")

MOST_LEGS = 1000
"""Legs of one call."""
MOST_WRAP_UPS = 100
"""Wrap-ups that a leg remembers: the newest; the journal has all."""
MOST_SUBMITTED = 40
"""Fields of a leg that say something, over all reports of it."""
_LONGEST_MARK = 150
"""An identity and this are one index entry."""
_LONGEST_SECONDS = 2**31 - 1
_CLOCK = re.compile(r"(\d{1,5}):([0-5]\d):([0-5]\d)")
_ISO_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:[.,]\d{1,9})?S)?)?", re.I)
_SECONDS_FROM = 10**8
_MILLISECONDS_FROM = 10**11
"""A number of this size counts milliseconds: as seconds it would be the year 5138."""


class LegDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as it is reported. Empty texts mean "nothing said": on an update they overwrite nothing."""

    actor: Actor
    direction: Direction = "UNKNOWN"
    call_id: str = ""
    agent: str = ""
    team: str = ""
    queue: str = ""
    started_at: datetime | None = None
    duration_seconds: int | None = None
    ivr_trail: str = ""
    disposition: str = ""
    outcome: str | None = None
    wrap_up: str = ""
    notes: str = ""
    supervision: bool = False
    attempt_id: int | None = None
    submitted: dict[str, str] = {}
    start_text: str = ""
    """The start as it was reported, where nobody can read it as a time: it still tells legs apart."""

    @property
    def start_mark(self) -> str:
        """What tells this leg from others of its agent in the same call; empty if nothing does."""
        if self.started_at is None:
            return bounded(self.start_text, _LONGEST_MARK)
        return self.started_at.astimezone(UTC).isoformat()


class Step(msgspec.Struct, frozen=True):
    """A station of an IVR's trail: its menu and, where they were reported, what was chosen there and when."""

    menu: str
    selection: str | int | None = None
    timestamp: str | int | float | None = None


_STEPS = msgspec.json.Decoder(list[Step])


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    actor: Actor
    direction: Direction
    call_id: str
    agent: str
    team: str
    queue: str
    started_at: datetime | None
    duration_seconds: int | None
    ivr_trail: str
    disposition: str
    outcome: str | None
    wrap_up: str
    wrap_ups: list[Any]
    notes: str
    supervision: bool
    submitted: dict[str, str]
    created_at: datetime

    @property
    def at(self) -> datetime:
        """When it began; where nobody can tell, when it was reported."""
        return self.started_at or self.created_at

    @property
    def ivr_steps(self) -> list[Step]:
        """The stations of its trail, where that is `a>b>c` or a JSON list of steps; none of any other text."""
        if self.ivr_trail.lstrip().startswith("["):
            try:
                return _STEPS.decode(self.ivr_trail)
            except (msgspec.DecodeError, RecursionError):
                return []
        stations = [station.strip() for station in self.ivr_trail.split(">")]
        return [Step(station) for station in stations if station] if len(stations) > 1 else []


class Interaction(msgspec.Struct, frozen=True):
    id: int
    call_id: str
    ani: str
    contact_id: int | None
    started_at: datetime
    legs: list[Leg]


class LegPosition(msgspec.Struct, frozen=True):
    """Where the legs of a contact go on: behind the leg of this time and id."""

    at: datetime
    id: int


def merged(kept: Leg, other: Leg, *, other_is_later: bool) -> Leg:
    """`kept` with what `other` says of the same leg: what was said last counts, and all wrap-ups are kept."""
    first, last = (kept, other) if other_is_later else (other, kept)
    wrap_ups = list(first.wrap_ups)
    for wrap_up in last.wrap_ups:
        if not wrap_ups or wrap_ups[-1] != wrap_up:
            wrap_ups.append(wrap_up)
    return msgspec.structs.replace(
        kept,
        **{name: getattr(last, name) or getattr(first, name) for name in _TEXTS},
        direction=first.direction if last.direction == "UNKNOWN" else last.direction,
        duration_seconds=first.duration_seconds if last.duration_seconds is None else last.duration_seconds,
        started_at=kept.started_at or other.started_at,
        wrap_ups=wrap_ups[-MOST_WRAP_UPS:],
        supervision=kept.supervision or other.supervision,
        submitted=first.submitted | {name: text for name, text in last.submitted.items() if text},
    )


_TEXTS = ("team", "queue", "ivr_trail", "disposition", "outcome", "wrap_up", "notes")


def leg_identity(root_call_id: str, leg: LegDraft) -> str:
    """What makes two reports the same leg: its call id or the root's, the agent in lower case, IVR or agent.

    The start is part of it only where both sides have one, so it is compared beside this text, not in it.
    """
    return bounded("\x1f".join((leg.call_id or root_call_id, leg.agent.casefold(), leg.actor)))


def direction_of(*texts: str) -> Direction:
    """INBOUND or OUTBOUND by the first text that says so in any vendor's word, else UNKNOWN."""
    for text in texts:
        word = text.strip().upper()
        if word in _INBOUND:
            return "INBOUND"
        if word in _OUTBOUND:
            return "OUTBOUND"
    return "UNKNOWN"


def is_supervision(*texts: str) -> bool:
    """Whether one of the texts says that a supervisor listened in, or an agent asked another one."""
    return any(_SEPARATORS.sub("_", text.strip().upper()) in _SUPERVISION for text in texts)


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """A time as desktops and IVRs write it: ISO 8601, seconds or milliseconds since 1970; None for any other text.

    One that names no zone is in `zone`.
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return _of_epoch(int(text)) if len(text) <= 15 else None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_epoch(count: int) -> datetime | None:
    if count < _SECONDS_FROM:
        return None
    milliseconds = count if count >= _MILLISECONDS_FROM else count * 1000
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def seconds_of(text: str) -> int | None:
    """A duration: seconds, HH:MM:SS or ISO 8601; None for any other text, and for the absurdly long."""
    text = text.strip()
    clock, iso = _CLOCK.fullmatch(text), _ISO_DURATION.fullmatch(text)
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        seconds = int(text)
    elif clock:
        hours, minutes, rest = map(int, clock.groups())
        seconds = (hours * 60 + minutes) * 60 + rest
    elif iso and any(iso.groups()):
        days, hours, minutes, rest = (int(part or 0) for part in iso.groups())
        seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    else:
        return None
    return seconds if seconds <= _LONGEST_SECONDS else None
