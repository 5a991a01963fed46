"""Campaigns, natively: made, changed, bound to lists, filtered, watched; and the records that they call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.filtering import FILTER
from ringbook.core.progress import Progress
from ringbook.dialects.native.calling import ref, reference
from ringbook.dialects.native.wire import (
    AfterQuery,
    Id,
    Line,
    Moment,
    Name,
    NoQuery,
    RecordStatus,
    Request,
    record_status,
)
from ringbook.domain.calling_list import CallingList
from ringbook.domain.campaign import Campaign, CampaignState, CampaignType, ListedRecord
from ringbook.domain.may_call import CALLING, RETRY, CallingRules, as_setting
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid
from ringbook.domain.record_filter import RecordFilter
from ringbook.domain.retry import RetryRules
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

Which = Literal["new", "in_progress", "completed", "ready", "claimed", "waiting", "held", "barred"]


class CampaignBody(Request, frozen=True):
    """`calling` and `retry` are the campaign's own rules; without `calling`, the tenant's hold."""

    name: Name
    id: Id | None = None
    type: CampaignType = "predictive"
    description: Line = ""
    enabled: bool = True
    state: CampaignState = "stopped"
    lists: Annotated[tuple[int | str, ...], Meta(max_length=100)] = ()
    calling: CallingRules | None = None
    retry: RetryRules | None = None


class CampaignChange(Request, frozen=True):
    """What is not named stays; null takes rules away."""

    name: Name | UnsetType = UNSET
    type: CampaignType | UnsetType = UNSET
    description: Line | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    state: CampaignState | UnsetType = UNSET
    calling: CallingRules | UnsetType | None = UNSET
    retry: RetryRules | UnsetType | None = UNSET


class BindBody(Request, frozen=True):
    list: int | Name


class FilterBody(RecordFilter, frozen=True, forbid_unknown_fields=True):
    """Without conditions, every record is called again."""


class ProgressQuery(Request, frozen=True):
    hours: Annotated[int, Meta(ge=1, le=168)] = 24


class CampaignRecordsQuery(Request, frozen=True):
    """`status` is a record's status or standing. A page may have fewer items than `limit`, and another after it."""

    status: Which | None = None
    cursor: Annotated[int, Meta(ge=0, le=LARGEST_ID)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ArrangeBody(Request, frozen=True):
    """What these campaign records get; what is not given stays."""

    records: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=1000)]
    priority: Annotated[int, Meta(ge=-1000, le=1000)] | None = None
    next_try_at: Moment | None = None


class BoundList(msgspec.Struct, frozen=True):
    id: int
    name: str


class CampaignAnswer(msgspec.Struct, frozen=True):
    id: int
    name: str
    description: str
    type: str
    enabled: bool
    state: str
    lists: list[BoundList]
    calling: CallingRules | None
    retry: RetryRules | None
    filter: RecordFilter | None


class CampaignsAnswer(msgspec.Struct, frozen=True):
    items: list[CampaignAnswer]
    next_cursor: int | None


class FilteredAnswer(msgspec.Struct, frozen=True):
    records: int
    pending: int


class CampaignRecordAnswer(RecordStatus, frozen=True):
    """A campaign record with its list record: `record_id`, its fields, and the contact it belongs to."""

    record_id: int
    fields: dict[str, str]
    contact_id: int | None
    barred: str | None


class CampaignRecordsAnswer(msgspec.Struct, frozen=True):
    items: list[CampaignRecordAnswer]
    next_cursor: int | None


class ArrangedAnswer(msgspec.Struct, frozen=True):
    records: Sequence[int]


async def list_campaigns(records: Records, call: Call[AfterQuery, None]) -> Response:
    asked = call.query
    found = await records.campaigns.page(asked.cursor or 0, asked.limit)
    cursor = found[-1].id if len(found) == asked.limit else None
    return answer.json(CampaignsAnswer([await _campaign(records, each) for each in found], cursor))


async def create_campaign(records: Records, call: Call[NoQuery, CampaignBody]) -> Response:
    asked = call.body
    rules = {CALLING: asked.calling, RETRY: asked.retry}
    made = await records.campaigns.create(
        asked.name,
        campaign_id=asked.id,
        kind=asked.type,
        description=asked.description,
        enabled=asked.enabled,
        state=asked.state,
        settings={name: as_setting(rule) for name, rule in rules.items() if rule is not None},
        lists_to_run=asked.lists,
    )
    return answer.json(await _campaign(records, made), 201)


async def get_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await _campaign(records, await records.campaigns.get(ref(call))))


async def change_campaign(records: Records, call: Call[NoQuery, CampaignChange]) -> Response:
    asked = call.body
    rules = {CALLING: asked.calling, RETRY: asked.retry}
    settings = {name: as_setting(rule) for name, rule in rules.items() if not isinstance(rule, UnsetType)}
    changed = await records.campaigns.update(
        ref(call),
        name=asked.name or None,
        description=None if asked.description is UNSET else asked.description,
        kind=asked.type or None,
        enabled=None if asked.enabled is UNSET else asked.enabled,
        state=asked.state or None,
        settings=settings or None,
    )
    return answer.json(await _campaign(records, changed))


async def drop_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    gone = await records.campaigns.drop(ref(call))
    return answer.json(_told(gone.campaign, gone.lists))


async def start_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await _campaign(records, await records.campaigns.update(ref(call), state="running")))


async def stop_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await _campaign(records, await records.campaigns.update(ref(call), state="stopped")))


async def bind_list(records: Records, call: Call[NoQuery, BindBody]) -> Response:
    await records.campaigns.bind(ref(call), call.body.list)
    return answer.json(await _campaign(records, await records.campaigns.get(ref(call))))


async def unbind_list(records: Records, call: Call[NoQuery, None]) -> Response:
    await records.campaigns.unbind(ref(call), reference(call.path["list"]))
    return await get_campaign(records, call)


async def filter_campaign(records: Records, call: Call[NoQuery, FilterBody]) -> Response:
    asked = call.body
    filtered = await records.dialling.filter(ref(call), asked if asked.conditions else None)
    return answer.json(FilteredAnswer(filtered.records, filtered.pending))


async def tell_progress(records: Records, call: Call[ProgressQuery, None]) -> Response:
    return answer.json(await records.watching.progress(ref(call), call.query.hours))


async def list_campaign_records(records: Records, call: Call[CampaignRecordsQuery, None]) -> Response:
    asked = call.query
    page = await records.watching.records(ref(call), which=asked.status, after=asked.cursor, limit=asked.limit)
    return answer.json(
        CampaignRecordsAnswer([CampaignRecordAnswer(**record_facts(one)) for one in page.records], page.after)
    )


async def arrange_records(records: Records, call: Call[NoQuery, ArrangeBody]) -> Response:
    asked = call.body
    if asked.priority is None and asked.next_try_at is None:
        raise Invalid("Say a priority, a next_try_at, or both.", field="priority")
    arranged = await records.watching.arrange(
        ref(call), asked.records, priority=asked.priority, next_try_at=asked.next_try_at
    )
    return answer.json(ArrangedAnswer(arranged))


def record_facts(noun: ListedRecord) -> dict[str, Any]:
    """What is told of a campaign record, by the names of CampaignRecordAnswer."""
    assert noun.state is not None, "these are a campaign's records"
    return {
        **msgspec.structs.asdict(record_status(noun.state)),
        "record_id": noun.record.id,
        "fields": noun.record.fields,
        "contact_id": noun.record.contact_id,
        "barred": noun.state.barred,
    }


async def _campaign(records: Records, noun: Campaign) -> CampaignAnswer:
    return _told(noun, await records.campaigns.lists_of(noun.id))


def _told(noun: Campaign, lists: Sequence[CallingList]) -> CampaignAnswer:
    return CampaignAnswer(
        noun.id,
        noun.name,
        noun.description,
        noun.type,
        noun.enabled,
        noun.state,
        [BoundList(bound.id, bound.name) for bound in lists],
        _setting(noun, CALLING, CallingRules),
        _setting(noun, RETRY, RetryRules),
        _setting(noun, FILTER, RecordFilter),
    )


def _setting(noun: Campaign, name: str, type_: type[Any]) -> Any:
    return msgspec.convert(noun.settings[name], type_) if name in noun.settings else None


OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/campaigns", list_campaigns, "The campaigns", query=AfterQuery, answer=CampaignsAnswer),
    Operation(
        "POST",
        "/v1/campaigns",
        create_campaign,
        "Make a campaign, with a list of its own",
        query=NoQuery,
        body=CampaignBody,
        answer=CampaignAnswer,
        status=201,
    ),
    Operation("GET", "/v1/campaigns/{id}", get_campaign, "One campaign", query=NoQuery, answer=CampaignAnswer),
    Operation(
        "PATCH",
        "/v1/campaigns/{id}",
        change_campaign,
        "Change what is named; null takes a campaign's own rules away",
        query=NoQuery,
        body=CampaignChange,
        answer=CampaignAnswer,
    ),
    Operation(
        "DELETE",
        "/v1/campaigns/{id}",
        drop_campaign,
        "Delete a campaign with its own list; attempts stay in the history",
        query=NoQuery,
        answer=CampaignAnswer,
    ),
    Operation(
        "POST", "/v1/campaigns/{id}/start", start_campaign, "Start a campaign", query=NoQuery, answer=CampaignAnswer
    ),
    Operation(
        "POST", "/v1/campaigns/{id}/stop", stop_campaign, "Stop a campaign", query=NoQuery, answer=CampaignAnswer
    ),
    Operation(
        "POST",
        "/v1/campaigns/{id}/lists",
        bind_list,
        "Run the campaign over a list too",
        query=NoQuery,
        body=BindBody,
        answer=CampaignAnswer,
    ),
    Operation(
        "DELETE",
        "/v1/campaigns/{id}/lists/{list}",
        unbind_list,
        "Stop running over a list; its records stay",
        query=NoQuery,
        answer=CampaignAnswer,
    ),
    Operation(
        "PUT",
        "/v1/campaigns/{id}/filter",
        filter_campaign,
        "Call only the records that meet conditions; without any, all again",
        query=NoQuery,
        body=FilterBody,
        answer=FilteredAnswer,
    ),
    Operation(
        "GET",
        "/v1/campaigns/{id}/progress",
        tell_progress,
        "How far a campaign is: counts, next tries, attempts an hour",
        query=ProgressQuery,
        answer=Progress,
    ),
    Operation(
        "GET",
        "/v1/campaigns/{id}/records",
        list_campaign_records,
        "The campaign's records, of a status if it is named",
        query=CampaignRecordsQuery,
        answer=CampaignRecordsAnswer,
    ),
    Operation(
        "PATCH",
        "/v1/campaigns/{id}/records",
        arrange_records,
        "Give campaign records another priority or next try",
        query=NoQuery,
        body=ArrangeBody,
        answer=ArrangedAnswer,
    ),
)
