"""A call attempt: the one vocabulary of outcomes, and the facts a dialler or an agent reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

Outcome = Literal[
    "answered",
    "no_answer",
    "busy",
    "machine",
    "abandoned",
    "congestion",
    "unavailable",
    "failed",
    "refused",
    "unknown",
]
"""Every dialect renders its own words from these; the tables are in their contracts."""


class Attempt(msgspec.Struct, frozen=True):
    id: int
    campaign_id: int
    campaign_record_id: int | None
    phone: str
    started_at: datetime
    ring_seconds: int | None
    talk_seconds: int | None
    outcome: Outcome
    disposition: str
    final: bool
    agent: str
    call_id: str
    cause: int | None
    next_try_at: datetime | None
    notes: str


def next_phone_tries(
    before: dict[str, Any], slot: int | None, attempt: Attempt, *, used_up: bool = False
) -> dict[str, Any]:
    """The tries by phone slot after one more attempt; unchanged when the attempt was on none of the record's phones.

    An attempt that is told late counts, and leaves what a later one on the same phone has said. A phone that is used
    up stays so.
    """
    if slot is None:
        return before
    tried = before.get(str(slot), {"tries": 0, "at": ""})
    at = attempt.started_at.astimezone(UTC).isoformat(timespec="microseconds")
    said = {"outcome": attempt.outcome, "cause": attempt.cause, "disposition": attempt.disposition, "at": at}
    outcomes = tried.get("outcomes", {})
    counted = {
        "tries": tried["tries"] + 1,
        "outcomes": outcomes | {attempt.outcome: outcomes.get(attempt.outcome, 0) + 1},
    }
    spent = {"used_up": True} if used_up else {}
    return before | {str(slot): tried | counted | (said if at >= tried["at"] else {}) | spent}
