"""People, natively: written by identity, searched, sorted, merged and taken apart, restored from history, erased."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.merging import MOST_A_PAGE as MOST_MERGES
from ringbook.core.merging import MOST_AT_ONCE
from ringbook.core.ordering import Position
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import (
    ChangesAnswer,
    Id,
    Name,
    NoQuery,
    PageSize,
    Request,
    Scalar,
    changes_answer,
)
from ringbook.domain.contact import Contact, ContactPhone
from ringbook.domain.criteria import NEWEST, Between
from ringbook.domain.erasure import Receipt
from ringbook.domain.merging import KeptNumber, KeptValue, Merge
from ringbook.domain.page import (
    FIRST,
    LARGEST_ID,
    Cursor,
    decode_cursor,
    decode_text_cursor,
    encode_cursor,
    encode_text_cursor,
)
from ringbook.domain.problems import Invalid, Stale
from ringbook.web import answer, body
from ringbook.web.dialect import AnyOperation, Call, Described, Operation

_TAG = re.compile(r'(?:W/)?"?([^",]*)"?')
_IF_MATCH = Described(headers=("If-Match",))


# ---- Requests


class ContactsQuery(Request, frozen=True):
    """`sort` is -created_at, the newest first, or an attribute's key; with - before it, from the end."""

    cursor: str | None = None
    limit: PageSize = 50
    sort: Name = NEWEST


class ContactBody(Request, frozen=True):
    attributes: dict[str, Any]


class Range(Request, frozen=True):
    """Values from one to another, both included; one of the two may be left out."""

    from_: Scalar = msgspec.field(name="from", default=None)
    to: Scalar = None


class SearchBody(Request, frozen=True):
    """Criteria are by attribute, or `phone`, `name` or `q`: a value, its beginning with * behind it, or a range.

    `sort` as in a list of contacts.
    """

    criteria: dict[str, Scalar | Range]
    cursor: str | None = None
    limit: PageSize = 50
    sort: Name = NEWEST


class DeleteQuery(Request, frozen=True):
    erase: bool = False


class MergeBody(Request, frozen=True):
    """Whom to make part of the contact in the path.

    `fields` says for an attribute what is kept: the id of the contact whose value it is, or that value.
    """

    with_: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)] = msgspec.field(name="with")
    fields: Annotated[Mapping[str, Scalar], Meta(max_length=1000)] = msgspec.field(default_factory=dict)


class UnmergeBody(Request, frozen=True):
    """`contact` is the one that comes out again; without it, the one that was merged last."""

    contact: Id | None = None


class RestoreBody(Request, frozen=True):
    """`change` is an entry of the contact's history: the contact becomes what it was before that."""

    change: Id


class MergesQuery(Request, frozen=True):
    cursor: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_MERGES)] = 20


class HistoryQuery(Request, frozen=True):
    cursor: Id | None = None
    limit: PageSize = 50


# ---- Answers


class ContactAnswer(msgspec.Struct, frozen=True):
    id: int
    attributes: dict[str, Any]
    phones: tuple[ContactPhone, ...]
    version: int
    created_at: datetime
    updated_at: datetime


class ContactsAnswer(msgspec.Struct, frozen=True):
    items: list[ContactAnswer]
    next_cursor: str | None


class FieldAnswer(msgspec.Struct, frozen=True):
    """A value of the merged contact, `from` which contact it is, and what was dropped for it, if anything."""

    key: str
    value: Any
    from_: int = msgspec.field(name="from")
    dropped: Any = None


class NumberAnswer(msgspec.Struct, frozen=True):
    """A number that another one took the place of: the attribute that it `was`, and the one it is `now`, if any."""

    number: str
    from_: int = msgspec.field(name="from")
    was: str
    now: str | None


class Moved(msgspec.Struct, frozen=True):
    list_records: int
    interactions: int
    attempts: int


class MergeAnswer(msgspec.Struct, frozen=True):
    """The contact `merged` became part of `kept`, until `undone_at`."""

    id: int
    kept: int
    merged: int
    merged_at: datetime
    undone_at: datetime | None
    fields: list[FieldAnswer]
    numbers: list[NumberAnswer]
    moved: Moved


class MergesAnswer(msgspec.Struct, frozen=True):
    items: list[MergeAnswer]
    next_cursor: int | None


class MergedAnswer(ContactAnswer, frozen=True):
    """The contact that all have become, and how."""

    merges: list[MergeAnswer]


class PartedAnswer(msgspec.Struct, frozen=True):
    kept: ContactAnswer
    restored: ContactAnswer
    merge: MergeAnswer


class GoneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The contact as it was. Of an erased one only the receipt: how much of what was `reached`, by kind."""

    id: int
    attributes: dict[str, Any] | UnsetType = UNSET
    phones: tuple[ContactPhone, ...] | UnsetType = UNSET
    version: int | UnsetType = UNSET
    created_at: datetime | UnsetType = UNSET
    updated_at: datetime | UnsetType = UNSET
    erased_at: datetime | UnsetType = UNSET
    reached: dict[str, int] | UnsetType = UNSET


# ---- Operations


async def list_contacts(records: Records, call: Call[ContactsQuery, None]) -> Response:
    asked = call.query
    if asked.sort == NEWEST:
        return _page(await records.contacts.page(_cursor(asked.cursor), asked.limit), asked.limit)
    down, key = asked.sort.startswith("-"), asked.sort.removeprefix("-")
    found = await records.ordering.by(key, _position(asked.cursor), asked.limit, down=down)
    return _sorted(found.contacts, found.next)


async def search_contacts(records: Records, call: Call[NoQuery, SearchBody]) -> Response:
    asked = call.body
    criteria = {
        key: Between(each.from_, each.to) if isinstance(each, Range) else each for key, each in asked.criteria.items()
    }
    if asked.sort == NEWEST:
        return _page(await records.contacts.search(criteria, _cursor(asked.cursor), asked.limit), asked.limit)
    found = await records.contacts.search_sorted(criteria, asked.sort, _position(asked.cursor), asked.limit)
    return _sorted(found.contacts, found.next)


async def save_contact(records: Records, call: Call[NoQuery, ContactBody]) -> Response:
    contact, created = await records.contacts.save(call.body.attributes)
    return _contact(contact, 201 if created else 200)


async def get_contact(records: Records, call: Call[NoQuery, None]) -> Response:
    return _contact(await records.contacts.get(id_of(call)))


async def update_contact(records: Records, call: Call[NoQuery, ContactBody]) -> Response:
    version = _if_match(call.request)
    saved = await records.contacts.update(id_of(call), call.body.attributes, version=version)
    return _contact(saved.contact)


async def delete_contact(records: Records, call: Call[DeleteQuery, None]) -> Response:
    version = _if_match(call.request)
    if call.query.erase:
        return answer.json(_erased(await records.erasure.erase(id_of(call), version=version)))
    return _contact(await records.contacts.delete(id_of(call), version=version))


async def merge_contacts(records: Records, call: Call[NoQuery, MergeBody]) -> Response:
    asked = call.body
    merged = await records.merging.merge(id_of(call), asked.with_, asked.fields, version=_if_match(call.request))
    told = contact_answer(merged.contact)
    content = MergedAnswer(**msgspec.structs.asdict(told), merges=[_merge(each) for each in merged.merges])
    return answer.json(content, headers=_tag(merged.contact))


async def unmerge_contact(records: Records, call: Call[NoQuery, UnmergeBody]) -> Response:
    parted = await records.merging.unmerge(id_of(call), call.body.contact, version=_if_match(call.request))
    content = PartedAnswer(contact_answer(parted.kept), contact_answer(parted.restored), _merge(parted.merge))
    return answer.json(content, headers=_tag(parted.kept))


async def list_merges(records: Records, call: Call[MergesQuery, None]) -> Response:
    asked = call.query
    found = await records.merging.of_contact(id_of(call), below=asked.cursor or LARGEST_ID, limit=asked.limit)
    items = [_merge(each) for each in found]
    return answer.json(MergesAnswer(items, items[-1].id if len(items) == asked.limit else None))


async def list_history(records: Records, call: Call[HistoryQuery, None]) -> Response:
    asked = call.query
    found = await records.contacts.history(id_of(call), below=asked.cursor or LARGEST_ID, limit=asked.limit)
    return answer.json(changes_answer(found, asked.limit))


async def restore_contact(records: Records, call: Call[NoQuery, RestoreBody]) -> Response:
    version = _if_match(call.request)
    return _contact(await records.contacts.restore(id_of(call), call.body.change, version=version))


# ---- Rendering


def contact_answer(noun: Contact) -> ContactAnswer:
    return ContactAnswer(noun.id, noun.attributes, noun.phones, noun.version, noun.created_at, noun.updated_at)


def _contact(contact: Contact, status: int = 200) -> Response:
    return answer.json(contact_answer(contact), status, _tag(contact))


def _tag(contact: Contact) -> dict[str, str]:
    return {"etag": f'"{contact.version}"'}


def _page(contacts: Sequence[Contact], limit: int) -> Response:
    last = contacts[-1] if len(contacts) == limit else None
    cursor = None if last is None else encode_cursor(Cursor(last.created_second, last.id))
    return answer.json(ContactsAnswer([contact_answer(c) for c in contacts], cursor))


def _sorted(contacts: Sequence[Contact], behind: Position | None) -> Response:
    cursor = None if behind is None else encode_text_cursor(f"{behind.id}.{behind.folded}")
    return answer.json(ContactsAnswer([contact_answer(c) for c in contacts], cursor))


def _merge(noun: Merge) -> MergeAnswer:
    told = noun.evidence
    return MergeAnswer(
        noun.id,
        noun.kept,
        noun.merged,
        noun.merged_at,
        noun.undone_at,
        [_field(each) for each in told.fields],
        [_number(each) for each in told.numbers],
        Moved(len(told.records), len(told.calls), len(told.attempts)),
    )


def _field(noun: KeptValue) -> FieldAnswer:
    return FieldAnswer(noun.key, noun.value, noun.contact, noun.dropped)


def _number(noun: KeptNumber) -> NumberAnswer:
    return NumberAnswer(noun.raw, noun.contact, noun.was, noun.key)


def _erased(noun: Receipt) -> GoneAnswer:
    return GoneAnswer(id=noun.id, erased_at=noun.at, reached=noun.reached)


# ---- Reading


def decode(raw: bytes, type_: Any) -> Any:
    """A request's body; that of an unmerge may be left out."""
    return body.decode(raw or b"{}" if type_ is UnmergeBody else raw, type_)


def _cursor(text: str | None) -> Cursor:
    return FIRST if text is None else decode_cursor(text)


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    id_, point, folded = decode_text_cursor(text).partition(".")
    if not (point and id_.isascii() and id_.isdecimal() and len(id_) <= 19 and int(id_) <= LARGEST_ID):
        raise Invalid("This cursor was not handed out here.", field="cursor")
    return Position(folded, int(id_))


def _if_match(request: HttpRequest) -> int | None:
    """The version that the client has read; None if it does not say. `*` means any; no tag but ours matches."""
    text = request.headers.get("if-match", "*").strip()
    if text == "*":
        return None
    tag = _TAG.fullmatch(text)
    if tag is None:
        raise Invalid('If-Match holds one version, such as "3".', field="If-Match")
    version = tag[1]
    if not (version.isascii() and version.isdecimal() and len(version) <= 9):
        raise Stale("No version has this tag.")
    return int(version)


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/contacts",
        list_contacts,
        "Contacts, newest first or by an attribute",
        query=ContactsQuery,
        answer=ContactsAnswer,
    ),
    Operation(
        "POST",
        "/v1/contacts",
        save_contact,
        "Create a contact, or change the one it is about (200)",
        query=NoQuery,
        body=ContactBody,
        answer=ContactAnswer,
        status=201,
        described=Described(also=(200,)),
    ),
    Operation(
        "POST",
        "/v1/contacts/search",
        search_contacts,
        "Contacts that meet all criteria",
        query=NoQuery,
        body=SearchBody,
        answer=ContactsAnswer,
        reads=True,
    ),
    Operation("GET", "/v1/contacts/{id}", get_contact, "One contact", query=NoQuery, answer=ContactAnswer),
    *(
        Operation(
            method,
            "/v1/contacts/{id}",
            update_contact,
            summary,
            query=NoQuery,
            body=ContactBody,
            answer=ContactAnswer,
            described=_IF_MATCH,
        )
        for method, summary in (
            ("PATCH", "Write attributes over a contact's; null clears one"),
            ("PUT", "The same as PATCH: what is not named stays"),
        )
    ),
    Operation(
        "DELETE",
        "/v1/contacts/{id}",
        delete_contact,
        "Take a contact away; with erase=true, take the person out of everything, for good",
        query=DeleteQuery,
        answer=GoneAnswer,
        described=_IF_MATCH,
    ),
    Operation(
        "POST",
        "/v1/contacts/{id}/merge",
        merge_contacts,
        "Make other contacts part of this one",
        query=NoQuery,
        body=MergeBody,
        answer=MergedAnswer,
        described=_IF_MATCH,
    ),
    Operation(
        "POST",
        "/v1/contacts/{id}/unmerge",
        unmerge_contact,
        "Undo a merge: both contacts are what they were",
        query=NoQuery,
        body=UnmergeBody,
        answer=PartedAnswer,
        described=_IF_MATCH,
    ),
    Operation(
        "GET",
        "/v1/contacts/{id}/merges",
        list_merges,
        "What was merged into a contact, or took it in, with the evidence",
        query=MergesQuery,
        answer=MergesAnswer,
    ),
    Operation(
        "GET",
        "/v1/contacts/{id}/history",
        list_history,
        "A contact's changes, newest first",
        query=HistoryQuery,
        answer=ChangesAnswer,
    ),
    Operation(
        "POST",
        "/v1/contacts/{id}/restore",
        restore_contact,
        "Make a contact what it was before a change; a deleted one is there again",
        query=NoQuery,
        body=RestoreBody,
        answer=ContactAnswer,
        described=_IF_MATCH,
    ),
)
