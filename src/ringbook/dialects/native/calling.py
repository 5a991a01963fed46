"""Calling lists and their records, natively: requests, answers and operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.native.wire import AfterQuery, Name, NoQuery, Request, Scalar
from ringbook.domain.calling_list import CallingList, ListRecord
from ringbook.domain.layout import Field
from ringbook.domain.page import LARGEST_ID
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation


class ListBody(Request, frozen=True):
    name: Name
    fields: tuple[Field, ...]


class LayoutBody(Request, frozen=True):
    fields: tuple[Field, ...]


class RecordBody(Request, frozen=True):
    fields: dict[str, Scalar]


class RecordsQuery(Request, frozen=True):
    """`from` is a position: records keep theirs, so a client that reads on skips nothing."""

    from_: Annotated[int, Meta(ge=0, le=LARGEST_ID)] = msgspec.field(name="from", default=0)
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ListAnswer(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaign_id: int | None
    fields: tuple[Field, ...]


class ListsAnswer(msgspec.Struct, frozen=True):
    items: list[ListAnswer]
    next_cursor: int | None


class RecordAnswer(msgspec.Struct, frozen=True):
    id: int
    list_id: int
    position: int
    fields: dict[str, str]
    contact_id: int | None


class RecordsAnswer(msgspec.Struct, frozen=True):
    items: list[RecordAnswer]
    next_from: int | None


async def list_lists(records: Records, call: Call[AfterQuery, None]) -> Response:
    asked = call.query
    found = await records.lists.page(asked.cursor or 0, asked.limit)
    return answer.json(
        ListsAnswer([_list(each) for each in found], found[-1].id if len(found) == asked.limit else None)
    )


async def create_list(records: Records, call: Call[NoQuery, ListBody]) -> Response:
    return answer.json(_list(await records.lists.create(call.body.name, call.body.fields)), 201)


async def get_list(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_list(await records.lists.named(ref(call))))


async def lay_out_list(records: Records, call: Call[NoQuery, LayoutBody]) -> Response:
    return answer.json(_list(await records.lists.lay_out(ref(call), call.body.fields)))


async def drop_list(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_list(await records.lists.drop(ref(call))))


async def list_records(records: Records, call: Call[RecordsQuery, None]) -> Response:
    asked = call.query
    found = await records.lists.records(ref(call), asked.from_, asked.limit)
    more = found[-1].position + 1 if len(found) == asked.limit else None
    return answer.json(RecordsAnswer([_record(each) for each in found], more))


async def add_record(records: Records, call: Call[NoQuery, RecordBody]) -> Response:
    return answer.json(_record(await records.lists.add(ref(call), call.body.fields)), 201)


def ref(call: Call[Any, Any]) -> int | str:
    """The list or campaign that a path names, by id or by name."""
    return reference(call.path["id"])


def reference(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 19 else text


def _list(noun: CallingList) -> ListAnswer:
    return ListAnswer(noun.id, noun.name, noun.campaign_id, noun.fields)


def _record(noun: ListRecord) -> RecordAnswer:
    return RecordAnswer(noun.id, noun.list_id, noun.position, noun.fields, noun.contact_id)


OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/lists", list_lists, "The calling lists", query=AfterQuery, answer=ListsAnswer),
    Operation(
        "POST", "/v1/lists", create_list, "Make a list", query=NoQuery, body=ListBody, answer=ListAnswer, status=201
    ),
    Operation("GET", "/v1/lists/{id}", get_list, "One list", query=NoQuery, answer=ListAnswer),
    Operation(
        "PUT",
        "/v1/lists/{id}",
        lay_out_list,
        "Give a list another layout; key fields stay while it has records",
        query=NoQuery,
        body=LayoutBody,
        answer=ListAnswer,
    ),
    Operation(
        "DELETE",
        "/v1/lists/{id}",
        drop_list,
        "Delete a list with its records; contacts stay",
        query=NoQuery,
        answer=ListAnswer,
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
)
