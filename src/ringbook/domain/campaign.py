"""Campaigns over calling lists, and the state of one list record in one campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal, cast

import msgspec

from ringbook.domain.attempt import Attempt, Outcome
from ringbook.domain.calling_list import ListRecord
from ringbook.domain.layout import Layout

CampaignType = Literal["predictive", "preview", "progressive"]
CampaignState = Literal["running", "stopped"]
Status = Literal["new", "in_progress", "completed"]
Standing = Literal["ready", "claimed", "waiting", "held", "barred", "completed"]
"""What a claim finds: a record for it, one that another caller has, one whose time will come, one that may not be
called now, one that the campaign leaves out, or one that is over.
"""
Result = Literal["clean", "do_not_call"] | Outcome
"""What a campaign has of a record: the outcome of its last attempt, or why there is none."""

BARRED_NUMBER = "do_not_call"
"""What `CampaignRecord.barred` says of a record with a number on a do-not-call list."""
BARRED_BY_FILTER = "filter"
"""What `CampaignRecord.barred` says of a record that the campaign's filter leaves out."""


class Campaign(msgspec.Struct, frozen=True):
    id: int
    name: str
    description: str
    type: CampaignType
    enabled: bool
    state: CampaignState
    settings: Mapping[str, Any] = {}
    """How it dials, as its owner's API has it: hours, speed, skill, labels, filter."""


def within_hours(settings: Mapping[str, Any], now: time) -> bool:
    """Whether a campaign may call at this time of its day: between `start_time` and `end_time`, where it has them."""
    start, end = settings.get("start_time"), settings.get("end_time")
    return not start or not end or time.fromisoformat(start) <= now <= time.fromisoformat(end)


class Recall(msgspec.Struct, frozen=True):
    """A call that was promised for `next_try_at`: on which number, and for whom if not for anybody."""

    phone: str = ""
    style: str = "auto"
    agent: str = ""


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
    second_disposition: str | None = None
    notes: str | None = None
    recalls: int = 0
    recall: Recall | None = None

    @property
    def result(self) -> Result:
        if self.barred == BARRED_NUMBER:
            return "do_not_call"
        return "clean" if self.outcome is None else cast("Outcome", self.outcome)


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which of a campaign's records are meant: those that meet everything that is given."""

    customers: tuple[str, ...] | None = None
    results: tuple[Result, ...] | None = None
    disposition: str | None = None
    second_disposition: str | None = None


class Counted(msgspec.Struct, frozen=True):
    """Records of one result, and whether a call is promised to them."""

    result: Result
    recall: bool
    records: int


class Pace(msgspec.Struct, frozen=True):
    """When a campaign called last, and how many attempts it made in the last minute."""

    last_at: datetime
    in_last_minute: int


class Tally(msgspec.Struct, frozen=True):
    """How many of a campaign's records have a result, and of these how many are which."""

    campaign_id: int
    result: Result
    records: int
    tried: int
    open: int
    recalls: int


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record of a calling list and, where a campaign runs over it, how far that is: what every dialler's API shows.

    `campaign_name` and `state` are None for a record that the campaign in question does not run over; `last` is None
    before the first attempt. `added_at` is when the record entered its list.
    """

    record: ListRecord
    list_name: str
    layout: Layout
    campaign_name: str | None = None
    campaign_type: CampaignType | None = None
    state: CampaignRecord | None = None
    last: Attempt | None = None
    added_at: datetime | None = None

    def value(self, column: str, attribute: str | None = None) -> str | None:
        """What the record says in a vendor's column, or in the field that is this attribute; see Layout.value()."""
        return self.layout.value(self.record.fields, column, attribute)


@dataclass(frozen=True, slots=True)
class CalledRecord:
    """An attempt, and the record it was on; once that is gone, `known` is what the contact's attributes say."""

    attempt: Attempt
    layout: Layout
    fields: Mapping[str, str]
    known: Mapping[str, Any]
    second_disposition: str | None
    notes: str | None

    def value(self, column: str, attribute: str | None = None) -> str | None:
        """What is known in a vendor's column, or as this attribute."""
        if self.known and attribute:
            return str(self.known.get(attribute, ""))
        return self.layout.value(self.fields, column, attribute)


def status_of(tries: int, completed: bool) -> Status:
    """new until it is tried, completed once an outcome was final, in_progress between."""
    if completed:
        return "completed"
    return "in_progress" if tries else "new"
