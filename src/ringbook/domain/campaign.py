"""Campaigns over calling lists, and the state of one list record in one campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

CampaignType = Literal["predictive", "preview", "progressive"]
CampaignState = Literal["running", "stopped"]
Status = Literal["new", "in_progress", "completed"]


class Campaign(msgspec.Struct, frozen=True):
    id: int
    name: str
    description: str
    type: CampaignType
    enabled: bool
    state: CampaignState


class CampaignRecord(msgspec.Struct, frozen=True):
    """A list record as one campaign sees it: tries in all and by phone slot, the last outcome, what comes next."""

    id: int
    campaign_id: int
    list_id: int
    record_id: int
    status: Status
    tries: int
    phone_tries: dict[str, Any]
    next_try_at: datetime | None
    barred: str | None
    outcome: str | None
    disposition: str | None
    completed_at: datetime | None
    last_attempt_at: datetime | None


def status_of(tries: int, completed: bool) -> Status:
    """new until it is tried, completed once an outcome was final, in_progress between."""
    if completed:
        return "completed"
    return "in_progress" if tries else "new"
