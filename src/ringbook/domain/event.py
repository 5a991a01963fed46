"""What happened, as it is told to who listens: an event's type, whom it is about, and its place in the stream."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid

POP = "pop"
ATTEMPT = "attempt.reported"
PROGRESS = "import.progress"
MOST_TYPES = 50
_PUBLISHED = frozenset({POP, ATTEMPT, "attempt", PROGRESS})
"""Types and kinds that no journal entry has."""

_TYPE = re.compile(r"[a-z_]{1,50}(\.[a-z_]{1,50})?")
_PLACE = re.compile(r"(\d{1,19})-(\d{1,19})")


class Place(NamedTuple):
    """A place in a tenant's stream: a batch, and the last event of it that was seen."""

    batch: int
    id: int

    def __str__(self) -> str:
        return f"{self.batch}-{self.id}"


BEGINNING = Place(0, 0)


def parse_place(text: str) -> Place | None:
    """The place that an event's id names; None for a text that is none."""
    match = _PLACE.fullmatch(text.strip())
    place = Place(int(match[1]), int(match[2])) if match else None
    return place if place and place.batch <= LARGEST_ID and place.id <= LARGEST_ID else None


class Told(msgspec.Struct, frozen=True):
    """An event as it is sent: `id` never changes, however often it is sent; `data` depends on the type."""

    id: int
    type: str
    at: datetime
    by: str
    dialect: str
    entity: str
    entity_id: int | None
    contact_ids: list[int]
    agent: str
    data: msgspec.Raw


class Event(msgspec.Struct, frozen=True, dict=True):
    """An event in its place. `subject`: what is about one is told in the order in which it happened."""

    place: Place
    told: Told

    @property
    def type(self) -> str:
        return self.told.type

    @property
    def subject(self) -> str:
        told = self.told
        if len(told.contact_ids) == 1:
            return f"contact {told.contact_ids[0]}"
        return f"{told.entity} {told.id if told.entity_id is None else told.entity_id}"

    @cached_property
    def json(self) -> bytes:
        """What is sent, on one line: encoded once, for how many it ever is."""
        return msgspec.json.encode(self.told).replace(b"\n", b" ").replace(b"\r", b" ")


class Filter(msgspec.Struct, frozen=True):
    """Which events are meant: of these types (none: all), and only those that name this agent, if one is given.

    A type is whole (`contact.changed`) or a kind (`contact`).
    """

    types: frozenset[str] = frozenset()
    agent: str = ""

    @property
    def wants_journal(self) -> bool:
        """Whether journal entries can be meant, and not only what is published beside them."""
        return not self.types or not self.types <= _PUBLISHED

    def wants(self, event: Event) -> bool:
        if self.agent and event.told.agent != self.agent:
            return False
        return not self.types or event.type in self.types or event.type.partition(".")[0] in self.types


def filter_of(types: Sequence[str], agent: str = "") -> Filter:
    """The filter for these types; Invalid for what can be no type."""
    if len(types) > MOST_TYPES:
        raise Invalid(f"At most {MOST_TYPES} types.", field="types")
    for each in types:
        if not _TYPE.fullmatch(each):
            raise Invalid(f"A type is like contact.changed or contact, not {each[:50]!r}.", field="types")
    return Filter(frozenset(types), agent)


class _Change(msgspec.Struct, frozen=True):
    """What of a journal entry's before or after decides what happened."""

    state: Any = None
    agent: Any = None
    expired: Any = None
    merged_into: Any = msgspec.field(default=None, name="merged into")
    merged_with: Any = msgspec.field(default=None, name="merged with")
    parted_from: Any = msgspec.field(default=None, name="parted from")


_NOTHING = _Change()
_ABOUT_CONTACTS = frozenset({"contact", "identity", "erasure"})
"""What is journalled under the contact's own id."""
_change = msgspec.json.Decoder(_Change).decode


def of_change(
    place: Place,
    *,
    at: datetime,
    by: str,
    dialect: str,
    entity: str,
    entity_id: int,
    before: bytes | None,
    after: bytes | None,
    contact_id: int | None = None,
) -> Event:
    """The event that a journal entry is; `contact_id` is whose it was that changed."""
    was, became = _read(before), _read(after)
    agent = became.agent if entity == "interaction" and isinstance(became.agent, str) else ""
    about = entity_id if entity in _ABOUT_CONTACTS else contact_id
    contact_ids = [] if about is None else [about]
    data = {"before": msgspec.Raw(before) if before else None, "after": msgspec.Raw(after) if after else None}
    type_ = f"{entity}.{_verb(entity, was, became, before, after)}"
    told = Told(
        place.id, type_, at, by, dialect, entity, entity_id, contact_ids, agent, msgspec.Raw(msgspec.json.encode(data))
    )
    return Event(place, told)


def _verb(entity: str, was: _Change, became: _Change, before: bytes | None, after: bytes | None) -> str:
    told = "changed"  # also what was blanked, because a person was erased
    if (before is None) != (after is None):
        told = "created" if before is None else "deleted"
    match entity:
        case "data_set" if before is None:
            told = "expired" if became.expired is True else "submitted"
        case "interaction" if after is not None and became.agent is not None:
            told = "leg"
        case "contact" if became.merged_into is not None or became.merged_with is not None:
            told = "merged"
        case "contact" if became.parted_from is not None:
            told = "parted"
        case "campaign" if was.state != became.state and None not in (was.state, became.state):
            told = "started" if became.state == "running" else "stopped"
        case "identity":
            told = "chosen"
    return told


def _read(text: bytes | None) -> _Change:
    if text is None:
        return _NOTHING
    try:
        return _change(text)
    except msgspec.DecodeError:  # not an object
        return _NOTHING
