"""Many contacts or records in one request, each answered for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.native.calling import ref
from ringbook.dialects.native.errors import ProblemAnswer, told
from ringbook.dialects.native.wire import NoQuery, Request, Scalar
from ringbook.domain.problems import Forbidden, Problem, Unavailable
from ringbook.web import answer
from ringbook.web.dialect import MEGABYTE, AnyOperation, Call, Limits, Operation

_LIMITS = Limits(body=64 * MEGABYTE)


class ContactItem(Request, frozen=True):
    attributes: dict[str, Any]


class ContactsBody(Request, frozen=True):
    items: Annotated[tuple[ContactItem, ...], Meta(min_length=1, max_length=500)]


class RecordItem(Request, frozen=True):
    fields: dict[str, Scalar]


class RecordsBody(Request, frozen=True):
    items: Annotated[tuple[RecordItem, ...], Meta(min_length=1, max_length=10_000)]


class ItemAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one item: `status` as if it had come alone; the id of what was made or changed, or a problem."""

    status: int
    id: int | None = None
    problem: ProblemAnswer | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    """An answer for each item, in the order of the request, and how many were refused."""

    items: list[ItemAnswer]
    refused: int


async def save_contacts(records: Records, call: Call[NoQuery, ContactsBody]) -> Response:
    return _batch([await _saved(records, item) for item in call.body.items])


async def add_records(records: Records, call: Call[NoQuery, RecordsBody]) -> Response:
    asked = call.body.items
    added = await records.lists.add_many(ref(call), [item.fields for item in asked])
    refused = {each.at: _refused(each.problem) for each in added.refused}
    ids = iter(added.ids)
    return _batch([refused[at] if at in refused else ItemAnswer(201, next(ids)) for at in range(len(asked))])


async def _saved(records: Records, item: ContactItem) -> ItemAnswer:
    try:
        contact, created = await records.contacts.save(item.attributes)
    except (Forbidden, Unavailable):
        raise  # nobody is helped by a list of answers that all say the same
    except Problem as problem:
        return _refused(problem)
    return ItemAnswer(201 if created else 200, contact.id)


def _refused(problem: Problem) -> ItemAnswer:
    answered = told(problem)
    return ItemAnswer(answered.status, problem=answered)


def _batch(items: list[ItemAnswer]) -> Response:
    return answer.json(BatchAnswer(items, sum(item.problem is not None for item in items)))


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "POST",
        "/v1/contacts/batch",
        save_contacts,
        "Create or change up to 500 contacts; an answer for each",
        query=NoQuery,
        body=ContactsBody,
        answer=BatchAnswer,
        limits=_LIMITS,
    ),
    Operation(
        "POST",
        "/v1/lists/{id}/records/batch",
        add_records,
        "Add up to 10,000 records in one go; an answer for each",
        query=NoQuery,
        body=RecordsBody,
        answer=BatchAnswer,
        limits=_LIMITS,
    ),
)
