"""The answer to a ringing phone: who is calling, what do we know, what happened last."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

MOST = 20
"""At most so many of a kind in one answer; `more` says that there are others."""

How = Literal["same number", "numbering-plan twin", "same digits"]


class Named(msgspec.Struct, frozen=True):
    id: int
    name: str


class FoundPhone(msgspec.Struct, frozen=True):
    raw: str
    e164: str | None
    source: str


class MatchedBy(msgspec.Struct, frozen=True):
    """Why a contact is in the answer: the stored number, where it is stored, and how it equals the one asked."""

    phone: str
    source: str
    how: How


class FoundContact(msgspec.Struct, frozen=True):
    """`attributes` stay the stored JSON: a look-up passes them through without reading them."""

    id: int
    attributes: msgspec.Raw
    phones: list[FoundPhone]
    matched_by: list[MatchedBy]


class FoundDataSet(msgspec.Struct, frozen=True):
    template: str
    number: str
    values: msgspec.Raw
    expires_at: datetime
    ecbt: int | None


class FoundCampaignRecord(msgspec.Struct, frozen=True):
    id: int
    campaign: Named
    list: Named
    status: str
    tries: int
    next_try_at: datetime | None


class FoundLeg(msgspec.Struct, frozen=True):
    actor: str
    direction: str
    agent: str
    team: str
    queue: str
    started_at: datetime | None
    duration_seconds: int | None
    ivr_trail: str
    disposition: str
    outcome: str | None
    wrap_up: str


class FoundInteraction(msgspec.Struct, frozen=True):
    call_id: str
    started_at: datetime
    legs: list[FoundLeg]


class Caller(msgspec.Struct):
    number: str
    contacts: list[FoundContact] = []
    data_sets: list[FoundDataSet] = []
    campaign_records: list[FoundCampaignRecord] = []
    interactions: list[FoundInteraction] = []
    more: bool = False


class LastCall(msgspec.Struct, frozen=True):
    """A contact's last call."""

    call_id: str
    started_at: datetime | None


class Callback(msgspec.Struct, frozen=True):
    """A callback that was registered for a number; `ecbt` is the estimate, in seconds, until it comes."""

    number: str
    ecbt: int
    expires_at: datetime


class Standing(msgspec.Struct, frozen=True):
    """What an agent should know of a contact at once."""

    last_call: LastCall | None
    callbacks: list[Callback]
