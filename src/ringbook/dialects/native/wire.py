"""The native API's requests and answers. Most answers are the nouns themselves: this API is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from ringbook.core.attempts import AttemptReport
from ringbook.core.contacts import MOST_A_PAGE
from ringbook.core.journal import Change
from ringbook.domain.attempt import Attempt
from ringbook.domain.campaign import CampaignRecord
from ringbook.domain.dataset import DataSet, Values
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.retry import Decision

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its offset: without one, nobody knows whose clock is meant."""
PageSize = Annotated[int, Meta(ge=1, le=MOST_A_PAGE)]
Id = Annotated[int, Meta(ge=1, le=LARGEST_ID)]
Seconds = Annotated[int, Meta(ge=0, le=7 * 86400)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=1000)]
Notes = Annotated[str, Meta(max_length=10_000)]
Variables = Annotated[dict[str, str], Meta(max_length=200)]
Scalar = str | int | float | bool | None


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: a name that is not known is told, not ignored."""


class NoQuery(Request, frozen=True):
    """An operation without parameters."""


class LookupQuery(Request, frozen=True):
    phone: str


class PageQuery(Request, frozen=True):
    cursor: str | None = None
    limit: PageSize = 50


class AfterQuery(Request, frozen=True):
    """`cursor` is the id behind which a page begins."""

    cursor: Id | None = None
    limit: PageSize = 50


class ChangesQuery(Request, frozen=True):
    entity: str | None = None
    id: Id | None = None
    limit: PageSize = 50
    cursor: Id | None = None


class NumberQuery(Request, frozen=True):
    number: str


class DialectQuery(Request, frozen=True):
    dialect: str = "native"


class DataSetBody(Request, frozen=True):
    template: Line
    number: Line
    values: Variables = {}


class CallbackBody(Request, frozen=True):
    number: Line
    ecbt: int | None
    new_number: Line | None = None
    callback_id: Line | None = None


class AttemptBody(AttemptReport, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attempt as it is reported (core/attempts.py), with what bounds it on the wire."""

    key: Mapping[str, Scalar] | None = None
    started_at: Moment | None = None
    ring_seconds: Seconds | None = None
    talk_seconds: Seconds | None = None
    disposition: Line = ""
    agent: Line = ""
    call_id: Line = ""
    cause: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    next_try_at: Moment | None = None
    notes: Notes = ""


class RecordStatus(msgspec.Struct, frozen=True):
    id: int
    campaign_id: int
    list_id: int
    status: str
    tries: int
    next_try_at: datetime | None
    outcome: str | None
    disposition: str | None
    completed_at: datetime | None


class AttemptAnswer(msgspec.Struct, frozen=True):
    """`decision` is what comes next, and whether the caller or the campaign's rules said so."""

    attempt: Attempt
    record: RecordStatus
    decision: Decision


class DataSetAnswer(msgspec.Struct, frozen=True):
    template: str
    number: str
    ani: str
    values: Values
    expires_at: datetime
    ecbt: int | None


class DataSetsAnswer(msgspec.Struct, frozen=True):
    items: list[DataSetAnswer]


class ChangeAnswer(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str
    dialect: str
    entity: str
    entity_id: int
    before: msgspec.Raw
    after: msgspec.Raw


class ChangesAnswer(msgspec.Struct, frozen=True):
    items: list[ChangeAnswer]
    next_cursor: int | None


def changes_answer(changes: Sequence[Change], limit: int) -> ChangesAnswer:
    """A page of the journal that was asked for with this limit."""
    items = [ChangeAnswer(c.id, c.at, c.by, c.dialect, c.entity, c.entity_id, c.before, c.after) for c in changes]
    return ChangesAnswer(items, items[-1].id if len(items) == limit else None)


def record_status(noun: CampaignRecord) -> RecordStatus:
    return RecordStatus(
        noun.id,
        noun.campaign_id,
        noun.list_id,
        noun.status,
        noun.tries,
        noun.next_try_at,
        noun.outcome,
        noun.disposition,
        noun.completed_at,
    )


def data_set(noun: DataSet) -> DataSetAnswer:
    return DataSetAnswer(noun.template, noun.number, noun.ani, noun.values, noun.expires_at, noun.ecbt)
