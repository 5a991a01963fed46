"""Requests and answers in Bright Pattern's names and times, for its two generations side by side.

Which attribute of a contact a field is, is the list's own layout: a field's type says so (domain/layout.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict
from uuid import UUID

import msgspec

from ringbook.core.linking import Added
from ringbook.core.results import RunCampaign, Tried
from ringbook.domain.attempt import Attempt, Outcome
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid

MOST_RECORDS = 1000
_LONGEST_ECHO = 200
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_NOT_A_DIGIT = re.compile(r"\D+", re.ASCII)
_SHORTEST_NUMBER = 7
_GUID = 8 << 76 | 2 << 62
"""What makes a number a GUID of version 8, whose content is the maker's own."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What differs between 3.x and v2: names in the layout's case or lower, and a call's id in the status."""

    lower_names: bool
    interaction_ids: bool
    added: int
    """The status of a record that was added or updated."""


OLD = Generation(lower_names=False, interaction_ids=False, added=204)
V2 = Generation(lower_names=True, interaction_ids=True, added=200)


def generation_of(path: str) -> Generation:
    return OLD if path.startswith("/admin/") else V2


Scalar = str | int | float | bool | None
Record = dict[str, Scalar]
Records = list[Record]
DncEntries = list[str | int | float | list[str | int | float]]


class DncKey(TypedDict):
    key: str


DncKeys = list[DncKey]


class Since(msgspec.Struct, frozen=True):
    """From when on, and how many; numbers are also sent as text (B11)."""

    fromTime: str | int | float  # noqa: N815 - the vendor's spelling
    maxSize: str | int  # noqa: N815

    @property
    def moment(self) -> datetime:
        """Invalid in the words of Java's SimpleDateFormat, which neither knows a zone here nor lacks milliseconds."""
        text = str(self.fromTime)
        try:
            if _TIME.fullmatch(text):
                return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            pass
        raise Invalid(f'Unparseable date: "{text[:_LONGEST_ECHO]}"', field="fromTime")

    @property
    def most(self) -> int:
        return _most(self.maxSize)


class From(msgspec.Struct, frozen=True):
    """From which index on, and how many."""

    fromIndex: str | int  # noqa: N815
    maxSize: str | int  # noqa: N815

    @property
    def start(self) -> int:
        start = _integer(self.fromIndex)
        if start < 0:
            raise Invalid("invalid parameters", field="fromIndex")
        return min(start, LARGEST_ID)

    @property
    def most(self) -> int:
        return _most(self.maxSize)


def _most(value: str | int) -> int:
    most = _integer(value)
    if most < 1:
        raise Invalid("invalid parameters", field="maxSize")
    if most > MOST_RECORDS:
        raise Invalid(f"maxSize is too large (no more than {MOST_RECORDS})", field="maxSize")
    return most


def _integer(value: str | int) -> int:
    text = str(value).strip()
    if not _INTEGER.fullmatch(text):
        raise Invalid("invalid parameters")
    return int(text)


# ---- Answers


class Campaign(msgspec.Struct, frozen=True):
    """These keys and no other: a known client builds an object of exactly them (contract 3.1)."""

    name: str
    lists: tuple[str, ...]
    state: str


class CampaignV2(msgspec.Struct, frozen=True):
    name: str
    state: str
    lists: tuple[str, ...]


Entry = dict[str, str]


class Status(TypedDict):
    """How far a campaign is with a record; before the first attempt, the first two alone (B4)."""

    completed: bool
    totalAttempts: int
    lastDisposition: NotRequired[str]
    lastDate: NotRequired[str]
    lastPhone: NotRequired[str]
    lastCallDuration: NotRequired[int]
    lastAgent: NotRequired[str]
    globalInteractionID: NotRequired[str]


class Queried(TypedDict):
    entry: Entry
    status: NotRequired[Status]


class Indexed(Queried):
    index: int


class Completed(TypedDict):
    completedTime: str
    entry: Entry
    status: Status


class Tries(TypedDict):
    """One attempt."""

    call_attempted: bool
    disposition: str
    dispositionCode: str
    date: str
    phone: str
    callNotes: str
    agent: str
    CPAResult: str
    dialingDuration: int
    CPADuration: int
    callDuration: int
    globalInteractionID: str


class Changed(TypedDict):
    entry: Entry
    completed: bool
    recordDisposition: str
    recordDispositionCode: str
    totalAttempts: int
    attempts: list[Tries]


class Faults(TypedDict, total=False):
    """Records as they were sent, but for the case of their names, by what was wrong with them."""

    missingRequired: list[dict[str, Any]]
    missingKey: list[dict[str, Any]]
    duplicateKey: list[dict[str, Any]]
    formatError: list[dict[str, Any]]


class AddedAnswer(TypedDict):
    added: int
    error: NotRequired[Faults]


class DncAdded(TypedDict):
    added: int


class NotFound(TypedDict):
    keyNotFound: list[DncKey]


class DncDeleted(TypedDict):
    deleted: int
    error: NotRequired[NotFound]


class TokenForm(msgspec.Struct, frozen=True):
    """The client-credentials grant; who sends the credentials as Basic leaves them out here."""

    grant_type: Literal["client_credentials"]
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    tenant: str = ""


class Token(TypedDict):
    access_token: str
    token_type: str
    expires_in: str
    scope: NotRequired[str]


def campaigns(of: Generation, found: Sequence[RunCampaign]) -> list[Any]:
    kind = CampaignV2 if of is V2 else Campaign
    return [kind(name=one.name, lists=one.lists, state=one.state.upper()) for one in found]


def entry(of: Generation, listed: ListedRecord) -> dict[str, str]:
    """The record's fields, by the names of the layout, in lower case for v2 (B10)."""
    fields = listed.record.fields
    skipped = listed.layout.skipped
    shown = {name: value for name, value in fields.items() if name not in skipped} if skipped else fields
    return {name.lower(): value for name, value in shown.items()} if of.lower_names else shown


def queried(of: Generation, listed: ListedRecord) -> dict[str, Any]:
    """The answer to a query: the status only where the campaign runs over the record (B2)."""
    found: dict[str, Any] = {"entry": entry(of, listed)}
    if listed.state is not None:
        found["status"] = _status(of, listed, _ring_and_talk)
    return found


def taken(listed: ListedRecord) -> str:
    """What the v2 server passed on from its database of a key that a record has (contract 6.2; its index, 2.1)."""
    keys = [(at, field.name) for at, field in enumerate(listed.layout.fields) if field.key]
    index = "_".join(f"f{at}_1" for at, _ in keys)
    values = ", ".join(f': "{listed.record.fields.get(name, "")}"' for _, name in keys)
    return f"E11000 duplicate key error collection: {listed.list_name} index: {index} dup key: {{ {values} }}"


def indexed(of: Generation, listed: ListedRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"index": listed.record.position, "entry": entry(of, listed)}
    if listed.state is not None:
        found["status"] = _status(of, listed, _talk)
    return found


def completed(of: Generation, listed: ListedRecord) -> dict[str, Any]:
    """A completed record; its last date is when it was completed (contract 3.7)."""
    assert listed.state is not None
    assert listed.state.completed_at is not None
    moment = time(listed.state.completed_at)
    status = _status(of, listed, _talk)
    if "lastDate" in status:
        status["lastDate"] = moment
    return {"completedTime": moment, "entry": entry(of, listed), "status": status}


def changed(of: Generation, tried: Tried) -> dict[str, Any]:
    """A record with its attempts. The record's own disposition is there once it is completed (contract 2.2)."""
    state = tried.listed.state
    assert state is not None
    done = state.completed_at is not None
    return {
        "entry": entry(of, tried.listed),
        "completed": done,
        "recordDisposition": _disposition(state.disposition, state.outcome) if done else "",
        "recordDispositionCode": "",
        "totalAttempts": state.tries,
        "attempts": [_attempt(tried.listed, attempt) for attempt in tried.attempts],
    }


def _attempt(listed: ListedRecord, attempt: Attempt) -> dict[str, Any]:
    return {
        "call_attempted": True,
        "disposition": _disposition(attempt.disposition, attempt.outcome),
        "dispositionCode": "",
        "date": time(attempt.started_at),
        "phone": _phone(listed, attempt),
        "callNotes": attempt.notes,
        "agent": attempt.agent,
        "CPAResult": _CPA_RESULTS.get(attempt.outcome, ""),
        "dialingDuration": attempt.ring_seconds or 0,
        "CPADuration": 0,
        "callDuration": _talk(attempt),
        "globalInteractionID": interaction_id(attempt),
    }


def _status(of: Generation, listed: ListedRecord, duration: Any) -> dict[str, Any]:
    """How far the campaign is. Before the first attempt, only that there was none (B4)."""
    state, last = listed.state, listed.last
    assert state is not None
    done = state.completed_at is not None
    final = {"lastDisposition": _disposition(state.disposition, state.outcome)} if done else {}
    if last is None:
        return {"totalAttempts": state.tries, "completed": done, **{k: v for k, v in final.items() if v}}
    status: dict[str, Any] = {
        "completed": done,
        "lastDisposition": _disposition(last.disposition, last.outcome),
        "lastDate": time(last.started_at),
        "lastPhone": _phone(listed, last),
        "lastCallDuration": duration(last),
        "totalAttempts": state.tries,
        **final,
    }
    if last.agent and last.outcome == "answered":
        status["lastAgent"] = last.agent
    if of.interaction_ids:
        status["globalInteractionID"] = interaction_id(last)
    return status


def _ring_and_talk(attempt: Attempt) -> int:
    return (attempt.ring_seconds or 0) + (attempt.talk_seconds or 0)


def _talk(attempt: Attempt) -> int:
    return attempt.talk_seconds or 0


# An attempt without a disposition of its own shows one for its outcome. Those of the vendor's own folders (contract
# 2.2) where one fits; "Busy", "Call refused" and "Unavailable" are ours.
_DISPOSITIONS: Mapping[Outcome, str] = {
    "answered": "No disposition",
    "no_answer": "No answer",
    "busy": "Busy",
    "machine": "Answering machine",
    "abandoned": "Abandoned",
    "congestion": "Fast busy",
    "unavailable": "Unavailable",
    "failed": "System failure",
    "refused": "Call refused",
    "unknown": "No disposition",
}

# "Voice" is the vendor's word; what its analysis says of the others is not documented.
_CPA_RESULTS: Mapping[str, str] = {"answered": "Voice", "machine": "Answering machine"}


def _disposition(said: str | None, outcome: Any) -> str:
    return said or _DISPOSITIONS.get(outcome, "")


def _phone(listed: ListedRecord, attempt: Attempt) -> str:
    """The number as the record has it, if it is one of the record's; else the digits that were called."""
    called = _NOT_A_DIGIT.sub("", attempt.phone)
    for field in listed.layout.phones:
        stored = listed.record.fields.get(field.name, "")
        if stored == attempt.phone or (called and _is_same(called, _NOT_A_DIGIT.sub("", stored))):
            return stored
    return called or attempt.phone


def _is_same(one: str, other: str) -> bool:
    """Whether two spellings end in the same subscriber's number: one with its country code, one without."""
    short, long = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return len(short) >= _SHORTEST_NUMBER and long.endswith(short)


def interaction_id(attempt: Attempt) -> str:
    """The call's id, if it is a GUID; else one made of the attempt's own id."""
    try:
        return str(UUID(attempt.call_id)).upper()
    except ValueError:
        return str(UUID(int=_GUID | attempt.id)).upper()


def time(moment: datetime) -> str:
    """UTC, to the millisecond, without a zone."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")


def added(submitted: Sequence[Mapping[str, Any]], told: Added) -> dict[str, Any]:
    """How many were added, and the others by what was wrong, as they were sent but for the case of their names."""
    by_fault: dict[str, list[dict[str, Any]]] = {}
    for one in told.refused:
        problem = one.problem
        fault = "duplicateKey" if isinstance(problem, Conflict) else problem.facts.get("fault", "formatError")
        by_fault.setdefault(fault, []).append({name.lower(): v for name, v in submitted[one.at].items()})
    answer: dict[str, Any] = {"added": told.count}
    if by_fault:
        answer["error"] = {fault: by_fault[fault] for fault in _FAULTS if fault in by_fault}
    return answer


_FAULTS = ("missingRequired", "missingKey", "duplicateKey", "formatError")

encode = msgspec.json.Encoder(decimal_format="number").encode
"""As JSON, numbers spelled as they were sent."""


# ---- Do-not-call lists


def dnc_entries(body: Sequence[Any]) -> list[tuple[str, str]]:
    """Keys and comments, of `["key", …]` and of `[["key", "comment"], …]`; an empty pair is none (B8)."""
    entries = [_pair(one) if isinstance(one, list) else (_text(one), "") for one in body]
    return [(key, comment) for key, comment in entries if key.strip()]


def _pair(one: list[Any]) -> tuple[str, str]:
    key, comment = [*(_text(value) for value in one[:2]), "", ""][:2]
    return key, comment


def dnc_keys(body: Sequence[DncKey]) -> list[str]:
    return [_text(one.get("key")) for one in body]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    raise Invalid("Expected a string but was BEGIN_ARRAY" if isinstance(value, list) else "Expected a string")
