"""A call as a tree: one root by call id, legs for IVR and agents (rules: contracts/cim.md 5.3 and 5.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Actor = Literal["IVR", "AGENT"]
Direction = Literal["INBOUND", "OUTBOUND", "UNKNOWN"]

_INBOUND = frozenset({"INBOUND", "IN", "ACD_IN", "PREROUTE_ACD_IN", "PREROUTE_DIRECT_AGENT", "OTHER_IN", "OVERFLOW_IN"})
_OUTBOUND = frozenset({"OUTBOUND", "OUT", "AGENT_OUT", "AUTO_OUT"})


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


class Interaction(msgspec.Struct, frozen=True):
    id: int
    call_id: str
    ani: str
    contact_id: int | None
    started_at: datetime
    legs: list[Leg]


def leg_identity(root_call_id: str, leg: LegDraft) -> str:
    """What makes two reports the same leg: its call id or the root's, the agent in lower case, IVR or agent.

    The start time is part of it only where both sides have one, so it is compared beside this text, not in it.
    """
    return "\x1f".join((leg.call_id or root_call_id, leg.agent.casefold(), leg.actor))


def direction_of(*texts: str) -> Direction:
    """INBOUND or OUTBOUND by the first text that says so in any vendor's word, else UNKNOWN."""
    for text in texts:
        word = text.strip().upper()
        if word in _INBOUND:
            return "INBOUND"
        if word in _OUTBOUND:
            return "OUTBOUND"
    return "UNKNOWN"
