"""Calls in CIM's words: which fact of a leg each of its fields is, and back (contracts/cim.md 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypedDict

import msgspec

from ringbook.domain.interaction import (
    Interaction,
    Leg,
    LegDraft,
    LegPosition,
    direction_of,
    is_supervision,
    moment_of,
    seconds_of,
)
from ringbook.domain.page import fits
from ringbook.domain.problems import Invalid

FIELDS = (
    "type",
    "agentId",
    "start_time",
    "call_duration",
    "ivr_trail",
    "call_id",
    "call_disposition",
    "team_name",
    "csq",
    "interaction_type",
    "wrap_up",
)
"""The fields of a leg, in the page's order. All are texts, and all are answered."""
RELATED = ("secondary_id", "secondaryId", "related_call_id")
"""Where a desktop says which call this one was before a transfer; Finesse calls it secondaryId."""

_OUTCOMES = {
    "HANDLED": "answered",
    "TRANSFER": "answered",
    "ABANDONED": "abandoned",
    "RONA": "no_answer",
}
"""What a disposition says of the outcome; DIALOG_ENDED says nothing."""

_LONGEST: Mapping[str, int] = {"ivr_trail": 20_000}
_CURSOR = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,19})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_FIELD = 1000
_MOST_FIELDS = 40

Scalar = str | int | float | bool | None


class LegBody(TypedDict, total=False):
    type: Scalar
    agentId: Scalar
    start_time: Scalar
    call_duration: Scalar
    ivr_trail: Scalar
    call_id: Scalar
    call_disposition: Scalar
    team_name: Scalar
    csq: Scalar
    interaction_type: Scalar
    wrap_up: Scalar


class InteractionBody(TypedDict, total=False):
    """A leg, the call's id as in the path, and the caller's number."""

    interaction: LegBody
    call_Id: Scalar
    ani: Scalar


LegAnswer: Any = msgspec.defstruct("LegAnswer", [(name, str) for name in FIELDS], forbid_unknown_fields=True)
"""The eleven documented fields, all of them text."""


class InteractionsAnswer(TypedDict):
    interactions: list[LegAnswer]
    call_Id: str
    phone_number: str


def text_of(value: Any, field: str) -> str:
    """A field as text: null is empty, numbers and booleans are their JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise Invalid(f"{field} must be a text.", field=field)
    text = str(value)
    longest = _LONGEST.get(field, _LONGEST_FIELD)
    if len(text) > longest:
        raise Invalid(f"{field} has {longest} characters at most.", field=field)
    return text


def leg_of(interaction: Any, zone: tzinfo) -> tuple[LegDraft, str]:
    """A leg as it is reported, and the call that it was before a transfer, if it says so.

    Fields that the vendor's page does not know are kept with the leg.
    """
    if not isinstance(interaction, dict):
        raise Invalid("interaction must be an object.", field="interaction")
    if len(interaction) > _MOST_FIELDS:
        raise Invalid(f"interaction has {_MOST_FIELDS} fields at most.", field="interaction")
    said = {name: text_of(interaction.get(name), name) for name in FIELDS}
    further = {name[:64]: text_of(value, name[:64]) for name, value in interaction.items() if name not in said}
    kinds = (said["type"], said["interaction_type"])
    is_ivr = any(kind.strip().upper() == "IVR" for kind in kinds) or bool(said["ivr_trail"].strip())
    started_at = moment_of(said["start_time"], zone)
    draft = LegDraft(
        actor="IVR" if is_ivr else "AGENT",
        direction=direction_of(*kinds),
        call_id=said["call_id"],
        agent=said["agentId"],
        team=said["team_name"],
        queue=said["csq"],
        started_at=started_at,
        duration_seconds=seconds_of(said["call_duration"]),
        ivr_trail=said["ivr_trail"],
        disposition=said["call_disposition"],
        outcome=_OUTCOMES.get(said["call_disposition"].strip().upper()),
        wrap_up=said["wrap_up"],
        supervision=is_supervision(*kinds),
        submitted=said | further,
        start_text=said["start_time"].strip() if started_at is None else "",
    )
    return draft, next((further[name] for name in RELATED if further.get(name)), "")


def leg(noun: Leg) -> dict[str, str]:
    """A leg as it was sent. One that another system reported is told in CIM's fields."""
    own = {
        "type": "" if noun.direction == "UNKNOWN" else noun.direction,
        "agentId": noun.agent,
        "start_time": "" if noun.started_at is None else noun.started_at.isoformat().replace("+00:00", "Z"),
        "call_duration": "" if noun.duration_seconds is None else str(noun.duration_seconds),
        "ivr_trail": noun.ivr_trail,
        "call_id": noun.call_id,
        "call_disposition": noun.disposition or (noun.outcome or "").upper(),
        "team_name": noun.team,
        "csq": noun.queue,
        "interaction_type": noun.actor,
        "wrap_up": noun.wrap_up,
    }
    sent = noun.submitted
    return {name: sent.get(name, "") for name in FIELDS} if any(name in sent for name in FIELDS) else own


def as_one(phone: str, calls: Sequence[Interaction]) -> InteractionsAnswer:
    """All calls as one object: the legs of all, newest first, and the newest call's id and number, or else `phone`.

    A leg without a call id of its own is of that call, unless a leg of another one is shown: then each says its own.
    """
    pairs = [(noun, call) for call in calls for noun in call.legs]
    pairs.sort(key=lambda pair: (pair[0].at, pair[0].id), reverse=True)
    several = any(call.id != calls[0].id for _, call in pairs)
    return {
        "interactions": [_of_call(leg(noun), call) if several else leg(noun) for noun, call in pairs],
        "call_Id": calls[0].call_id if calls else "",
        "phone_number": calls[0].ani if calls else phone,
    }


def one_each(calls: Sequence[Interaction]) -> list[InteractionsAnswer]:
    """An object for each call that has a leg to show."""
    return [
        {"interactions": [leg(noun) for noun in call.legs], "call_Id": call.call_id, "phone_number": call.ani}
        for call in calls
        if call.legs
    ]


def cursor(calls: Sequence[Interaction], limit: int) -> dict[str, str]:
    """The header by which loadInteractions goes on behind the last leg; none where there are no more."""
    told = sorted((noun.at, noun.id) for call in calls for noun in call.legs)
    if len(told) < limit:
        return {}
    at, id_ = told[0]
    return {"x-cim-cursor": f"{(at - _EPOCH) // _MICROSECOND}.{id_}"}


def position(text: str) -> LegPosition | None:
    """The leg that a cursor of ours stands for."""
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    with suppress(OverflowError):
        if found is not None and fits(int(found[2])):
            return LegPosition(_EPOCH + int(found[1]) * _MICROSECOND, int(found[2]))
    raise Invalid("This cursor was not handed out here.", field="cursor")


def _of_call(told: dict[str, str], call: Interaction) -> dict[str, str]:
    """A leg that says which call it is of, where legs of many calls are together."""
    return told | {"call_id": told["call_id"] or call.call_id}
