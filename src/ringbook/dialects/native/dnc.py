"""Do-not-call lists, natively: lists, the campaigns that they bar, their entries, and whether somebody is on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.context import LONGEST_NUMBER
from ringbook.core.dnc_lists import MOST_ENTRIES_A_PAGE
from ringbook.core.do_not_call import MOST_AT_ONCE, Fate, NewEntry
from ringbook.dialects.native.calling import ref, reference
from ringbook.dialects.native.errors import ProblemAnswer, told
from ringbook.dialects.native.wire import AfterQuery, Line, Moment, Name, NoQuery, Request
from ringbook.domain.do_not_call import BoundList, Direction, DncType, ListedEntry
from ringbook.domain.page import decode_text_cursor, encode_text_cursor
from ringbook.domain.problems import Invalid
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

Kind = Literal["phone", "postcode", "area_code", "key"]
Entry = Annotated[str, Meta(min_length=1, max_length=LONGEST_NUMBER)]
Campaigns = Annotated[tuple[int | str, ...], Meta(max_length=1000)]

_TYPES: Mapping[Kind, DncType] = {
    "phone": "INTERNAL",
    "postcode": "GEOGRAPHIC_POSTAL",
    "area_code": "AREA_CODES",
    "key": "EXCLUSION",
}
_KINDS: Mapping[DncType, Kind] = {type_: kind for kind, type_ in _TYPES.items()}


class ListBody(Request, frozen=True):
    """`kind` is what its entries are. Without `campaigns`, ids or names, it bars all of them."""

    name: Name
    kind: Kind = "phone"
    campaigns: Campaigns = ()


class CampaignsBody(Request, frozen=True):
    campaigns: Campaigns


class EntriesQuery(Request, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=MOST_ENTRIES_A_PAGE)] = 100
    cursor: str | None = None


class CheckQuery(Request, frozen=True):
    """At least one of `number`, `postcode` and `key`. `campaign` is an id or a name; without it, any counts."""

    number: Entry | None = None
    postcode: Entry | None = None
    key: Entry | None = None
    campaign: Line | None = None


class EntryBody(Request, frozen=True):
    """Numbers in any spelling. Without `expires_at` it is barred for ever."""

    entry: str
    comment: Line = ""
    expires_at: Moment | None = None


class EntriesBody(Request, frozen=True):
    entries: Annotated[tuple[EntryBody, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class RemoveBody(Request, frozen=True):
    entries: Annotated[tuple[Entry, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class ListAnswer(msgspec.Struct, frozen=True):
    """`campaigns` are those that it bars; none: all."""

    id: int
    name: str
    kind: Kind
    campaigns: tuple[int, ...]
    created_at: datetime


class ListsAnswer(msgspec.Struct, frozen=True):
    items: list[ListAnswer]
    next_cursor: int | None


class EntryAnswer(msgspec.Struct, frozen=True):
    entry: str
    direction: Direction
    comment: str
    added_at: datetime
    expires_at: datetime | None


class EntriesAnswer(msgspec.Struct, frozen=True):
    items: list[EntryAnswer]
    next_cursor: str | None


class AddedAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one entry: `status`, or the `problem` with it."""

    entry: str
    status: Fate | Literal["refused"]
    problem: ProblemAnswer | None = None


class AddedAllAnswer(msgspec.Struct, frozen=True):
    """An answer for each entry, in the order of the request."""

    items: list[AddedAnswer]


class RemovedAnswer(msgspec.Struct, frozen=True):
    entry: str
    status: Literal["removed", "missing"]


class RemovedAllAnswer(msgspec.Struct, frozen=True):
    items: list[RemovedAnswer]


class BarAnswer(msgspec.Struct, frozen=True):
    """The list that bars, by which kind of entry, and until when (null: for ever)."""

    list: str
    by: str
    until: datetime | None


class CheckAnswer(msgspec.Struct, frozen=True):
    barred: bool
    by: list[BarAnswer]


async def list_lists(records: Records, call: Call[AfterQuery, None]) -> Response:
    asked = call.query
    found = await records.dnc_lists.page(asked.cursor or 0, asked.limit)
    cursor = found[-1].list.id if len(found) == asked.limit else None
    return answer.json(ListsAnswer([_list(each) for each in found], cursor))


async def create_list(records: Records, call: Call[NoQuery, ListBody]) -> Response:
    asked = call.body
    return answer.json(_list(await records.dnc_lists.create(asked.name, _TYPES[asked.kind], asked.campaigns)), 201)


async def get_list(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_list(await records.dnc_lists.get(ref(call))))


async def bind_list(records: Records, call: Call[NoQuery, CampaignsBody]) -> Response:
    return answer.json(_list(await records.dnc_lists.bind(ref(call), call.body.campaigns)))


async def delete_list(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_list(await records.dnc_lists.drop(ref(call))))


async def list_entries(records: Records, call: Call[EntriesQuery, None]) -> Response:
    asked = call.query
    after = "" if asked.cursor is None else decode_text_cursor(asked.cursor)
    found = await records.dnc_lists.entries(ref(call), after, asked.limit)
    cursor = encode_text_cursor(found[-1].key) if len(found) == asked.limit else None
    return answer.json(EntriesAnswer([_entry(each) for each in found], cursor))


async def add_entries(records: Records, call: Call[NoQuery, EntriesBody]) -> Response:
    asked = [NewEntry(each.entry, each.comment, each.expires_at) for each in call.body.entries]
    fates = await records.dnc_lists.add_each(ref(call), asked)
    items = [_added(each.entry, fate) for each, fate in zip(asked, fates, strict=True)]
    return answer.json(AddedAllAnswer(items))


async def remove_entries(records: Records, call: Call[NoQuery, RemoveBody]) -> Response:
    missing = frozenset((await records.dnc_lists.remove(ref(call), call.body.entries)).missing)
    return answer.json(
        RemovedAllAnswer([RemovedAnswer(e, "missing" if e in missing else "removed") for e in call.body.entries])
    )


async def check(records: Records, call: Call[CheckQuery, None]) -> Response:
    asked = call.query
    campaign = None if asked.campaign is None else reference(asked.campaign)
    by = await records.dnc_lists.check(number=asked.number, postcode=asked.postcode, key=asked.key, campaign=campaign)
    return answer.json(CheckAnswer(bool(by), [BarAnswer(bar.list, bar.by, bar.until) for bar in by]))


def _list(noun: BoundList) -> ListAnswer:
    return ListAnswer(noun.list.id, noun.list.name, _KINDS[noun.list.type], noun.campaigns, noun.created_at)


def _entry(noun: ListedEntry) -> EntryAnswer:
    return EntryAnswer(noun.raw, noun.direction, noun.comment, noun.added_at, noun.expires_at)


def _added(entry: str, fate: Fate | Invalid) -> AddedAnswer:
    return AddedAnswer(entry, "refused", told(fate)) if isinstance(fate, Invalid) else AddedAnswer(entry, fate)


OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/dnc", list_lists, "The do-not-call lists", query=AfterQuery, answer=ListsAnswer),
    Operation(
        "POST",
        "/v1/dnc",
        create_list,
        "Make a do-not-call list",
        query=NoQuery,
        body=ListBody,
        answer=ListAnswer,
        status=201,
    ),
    Operation(
        "GET",
        "/v1/dnc/check",
        check,
        "Whether a number, a postcode or a key is on a list, and on which",
        query=CheckQuery,
        answer=CheckAnswer,
    ),
    Operation("GET", "/v1/dnc/{id}", get_list, "One list, by id or name", query=NoQuery, answer=ListAnswer),
    Operation(
        "DELETE", "/v1/dnc/{id}", delete_list, "Delete a list with its entries", query=NoQuery, answer=ListAnswer
    ),
    Operation(
        "PUT",
        "/v1/dnc/{id}/campaigns",
        bind_list,
        "Have a list bar these campaigns alone; all, if none",
        query=NoQuery,
        body=CampaignsBody,
        answer=ListAnswer,
    ),
    Operation(
        "GET",
        "/v1/dnc/{id}/entries",
        list_entries,
        "What a list bars, in the order of numbers or texts",
        query=EntriesQuery,
        answer=EntriesAnswer,
    ),
    Operation(
        "POST",
        "/v1/dnc/{id}/entries",
        add_entries,
        "Bar numbers, postcodes, area codes or keys; an answer for each",
        query=NoQuery,
        body=EntriesBody,
        answer=AddedAllAnswer,
    ),
    Operation(
        "POST",
        "/v1/dnc/{id}/remove",
        remove_entries,
        "Bar these no more, in any spelling; an answer for each",
        query=NoQuery,
        body=RemoveBody,
        answer=RemovedAllAnswer,
    ),
)
