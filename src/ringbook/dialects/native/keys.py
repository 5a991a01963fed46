"""Keys, natively: made, bounded, given another secret, ended. A secret is told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.keys import LONGEST_OVERLAP
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import AfterQuery, Moment, Name, NoQuery, Request
from ringbook.domain.access import Credential, KeyDialect, Scope
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation


class KeyBody(Request, frozen=True):
    """`scopes` are for native and cim keys. `per_second` is how many requests are answered; others get a 429.

    What is not given of the limit and the end is that of the key that asks; it can give no more.
    """

    name: Name
    for_: KeyDialect = msgspec.field(name="for", default="native")
    scopes: Annotated[tuple[Scope, ...], Meta(max_length=3)] = ()
    per_second: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    expires_at: Moment | None = None


class RotateBody(Request, frozen=True):
    """For how long the secret before goes on opening; 0 ends it at once."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=LONGEST_OVERLAP)] = 0


class KeyAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`secret` is there in the answer that made it, and never again. `former_until`: when the one before it ends."""

    id: int
    name: str
    for_: str = msgspec.field(name="for")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    per_second: int | None = None
    secret: str | None = None
    former_until: datetime | None = None


class KeysAnswer(msgspec.Struct, frozen=True):
    items: list[KeyAnswer]
    next_cursor: int | None


async def list_keys(records: Records, call: Call[AfterQuery, None]) -> Response:
    asked = call.query
    found = await records.keys.page(asked.cursor or 0, asked.limit)
    return answer.json(KeysAnswer([_key(key) for key in found], found[-1].id if len(found) == asked.limit else None))


async def get_key(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_key(await records.keys.get(id_of(call))))


async def create_key(records: Records, call: Call[NoQuery, KeyBody]) -> Response:
    asked = call.body
    made = await records.keys.create(
        asked.name, asked.for_, scopes=asked.scopes, per_second=asked.per_second, expires_at=asked.expires_at
    )
    return answer.json(_key(made.credential, made.secret), 201)


async def rotate_key(records: Records, call: Call[NoQuery, RotateBody]) -> Response:
    rotated = await records.keys.rotate(id_of(call), overlap_seconds=call.body.overlap_seconds)
    return answer.json(_key(rotated.credential, rotated.secret, rotated.former_until))


async def revoke_key(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_key(await records.keys.revoke(id_of(call))))


def _key(noun: Credential, secret: str | None = None, former_until: datetime | None = None) -> KeyAnswer:
    return KeyAnswer(
        noun.id,
        noun.name,
        noun.dialect,
        sorted(noun.scopes),
        noun.created_at,
        noun.expires_at,
        noun.per_second,
        secret,
        former_until,
    )


OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/keys", list_keys, "The tenant's keys", query=AfterQuery, answer=KeysAnswer),
    Operation(
        "POST",
        "/v1/keys",
        create_key,
        "Make a key; its secret is told once",
        query=NoQuery,
        body=KeyBody,
        answer=KeyAnswer,
        status=201,
    ),
    Operation("GET", "/v1/keys/{id}", get_key, "One key", query=NoQuery, answer=KeyAnswer),
    Operation(
        "POST",
        "/v1/keys/{id}/rotate",
        rotate_key,
        "Another secret, told once; the one before it lives on for a while",
        query=NoQuery,
        body=RotateBody,
        answer=KeyAnswer,
    ),
    Operation("DELETE", "/v1/keys/{id}", revoke_key, "End a key", query=NoQuery, answer=KeyAnswer),
)
