"""Calling lists, their records and campaigns, natively: requests, answers and operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.native.wire import Id, Line, Name, NoQuery, Request, Scalar
from ringbook.domain.calling_list import CallingList, Field, ListRecord
from ringbook.domain.campaign import Campaign, CampaignState, CampaignType
from ringbook.domain.page import LARGEST_ID
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation


class ListBody(Request, frozen=True):
    name: Name
    fields: tuple[Field, ...]


class RecordBody(Request, frozen=True):
    fields: dict[str, Scalar]


class RecordsQuery(Request, frozen=True):
    """`from` is a position: records keep theirs, so a client that reads on skips nothing."""

    from_: Annotated[int, Meta(ge=0, le=LARGEST_ID)] = msgspec.field(name="from", default=0)
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class CampaignBody(Request, frozen=True):
    name: Name
    id: Id | None = None
    type: CampaignType = "predictive"
    description: Line = ""
    enabled: bool = True
    state: CampaignState = "stopped"
    lists: Annotated[tuple[int | str, ...], Meta(max_length=100)] = ()


class ListAnswer(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaign_id: int | None
    fields: tuple[Field, ...]


class ListsAnswer(msgspec.Struct, frozen=True):
    items: list[ListAnswer]


class RecordAnswer(msgspec.Struct, frozen=True):
    id: int
    list_id: int
    position: int
    fields: dict[str, str]
    contact_id: int | None


class RecordsAnswer(msgspec.Struct, frozen=True):
    items: list[RecordAnswer]
    next_from: int | None


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


class CampaignsAnswer(msgspec.Struct, frozen=True):
    items: list[CampaignAnswer]


async def list_lists(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(ListsAnswer([_list(found) for found in await records.lists.all()]))


async def create_list(records: Records, call: Call[NoQuery, ListBody]) -> Response:
    return answer.json(_list(await records.lists.create(call.body.name, call.body.fields)), 201)


async def list_records(records: Records, call: Call[RecordsQuery, None]) -> Response:
    asked = call.query
    found = await records.lists.records(_ref(call), asked.from_, asked.limit)
    more = found[-1].position + 1 if len(found) == asked.limit else None
    return answer.json(RecordsAnswer([_record(each) for each in found], more))


async def add_record(records: Records, call: Call[NoQuery, RecordBody]) -> Response:
    return answer.json(_record(await records.lists.add(_ref(call), call.body.fields)), 201)


async def list_campaigns(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(CampaignsAnswer([await _campaign(records, each) for each in await records.campaigns.all()]))


async def create_campaign(records: Records, call: Call[NoQuery, CampaignBody]) -> Response:
    asked = call.body
    made = await records.campaigns.create(
        asked.name,
        campaign_id=asked.id,
        kind=asked.type,
        description=asked.description,
        enabled=asked.enabled,
        state=asked.state,
        lists_to_run=asked.lists,
    )
    return answer.json(await _campaign(records, made), 201)


async def start_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await _campaign(records, await records.campaigns.update(_ref(call), state="running")))


async def stop_campaign(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await _campaign(records, await records.campaigns.update(_ref(call), state="stopped")))


def _ref(call: Call[Any, Any]) -> int | str:
    """The list or campaign that a path names, by id or by name."""
    text = call.path["id"]
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 19 else text


def _list(noun: CallingList) -> ListAnswer:
    return ListAnswer(noun.id, noun.name, noun.campaign_id, noun.fields)


def _record(noun: ListRecord) -> RecordAnswer:
    return RecordAnswer(noun.id, noun.list_id, noun.position, noun.fields, noun.contact_id)


async def _campaign(records: Records, noun: Campaign) -> CampaignAnswer:
    lists = [BoundList(bound.id, bound.name) for bound in await records.campaigns.lists_of(noun.id)]
    return CampaignAnswer(noun.id, noun.name, noun.description, noun.type, noun.enabled, noun.state, lists)


OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/lists", list_lists, "The calling lists", query=NoQuery, answer=ListsAnswer),
    Operation(
        "POST", "/v1/lists", create_list, "Make a list", query=NoQuery, body=ListBody, answer=ListAnswer, status=201
    ),
    Operation(
        "GET",
        "/v1/lists/{id}/records",
        list_records,
        "A list's records, in the order they were added",
        query=RecordsQuery,
        answer=RecordsAnswer,
    ),
    Operation(
        "POST",
        "/v1/lists/{id}/records",
        add_record,
        "Add a record; it finds or makes its contact",
        query=NoQuery,
        body=RecordBody,
        answer=RecordAnswer,
        status=201,
    ),
    Operation("GET", "/v1/campaigns", list_campaigns, "The campaigns", query=NoQuery, answer=CampaignsAnswer),
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
    Operation(
        "POST", "/v1/campaigns/{id}/start", start_campaign, "Start a campaign", query=NoQuery, answer=CampaignAnswer
    ),
    Operation(
        "POST", "/v1/campaigns/{id}/stop", stop_campaign, "Stop a campaign", query=NoQuery, answer=CampaignAnswer
    ),
)
