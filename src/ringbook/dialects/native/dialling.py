"""Dialling, natively: claims of a campaign's next records, whether a number may be called, and what decides that."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.claiming import LONGEST_LEASE, MOST_A_CLAIM, Claim
from ringbook.core.may_call import MOST_POSTCODES
from ringbook.dialects.native.calling import ref, reference
from ringbook.dialects.native.campaigns import CampaignRecordAnswer, record_facts
from ringbook.dialects.native.wire import Id, Name, NoQuery, Request
from ringbook.domain.may_call import CallingRules, MayCall
from ringbook.domain.problems import Malformed, TooLarge
from ringbook.domain.zones import LONGEST_POSTCODE
from ringbook.web import answer, body
from ringbook.web.dialect import MEGABYTE, AnyOperation, Call, Described, Limits, Operation

Lease = Annotated[int, Meta(ge=1, le=LONGEST_LEASE)]
SomeRecords = Annotated[tuple[Id, ...], Meta(min_length=1, max_length=MOST_A_CLAIM)]

_TABLE = Limits(body=16 * MEGABYTE, seconds=60.0)
_CSV = "text/csv"
_COLUMNS = ["postcode", "time_zone"]


class ClaimBody(Request, frozen=True):
    """Who will call, how long a record is kept for that, and how many at most."""

    agent: Name
    lease_seconds: Lease = 300
    max: Annotated[int, Meta(ge=1, le=MOST_A_CLAIM)] = 1


class RenewBody(Request, frozen=True):
    """Some of a claim's records, or all."""

    lease_seconds: Lease = 300
    records: SomeRecords | None = None


class ReleaseBody(Request, frozen=True):
    """Some of a claim's records, or all."""

    records: SomeRecords | None = None


class MayCallQuery(Request, frozen=True):
    number: str
    campaign: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class PostcodesQuery(Request, frozen=True):
    cursor: Annotated[str, Meta(max_length=LONGEST_POSTCODE)] = ""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Postcode(Request, frozen=True):
    """A postcode, or how several begin: the longest beginning counts."""

    postcode: Annotated[str, Meta(min_length=1, max_length=100)]
    time_zone: Annotated[str, Meta(min_length=1, max_length=100)]


class PostcodesBody(Request, frozen=True):
    items: Annotated[tuple[Postcode, ...], Meta(max_length=MOST_POSTCODES)]


class ClaimedAnswer(CampaignRecordAnswer, frozen=True):
    """A record with the number to call, and which of the record's it is: 0 is another that a call was promised on."""

    slot: int
    phone: str


class ClaimAnswer(msgspec.Struct, frozen=True):
    """`why` is `claimed`, or what has to change first; `next_at` is when to ask again."""

    claim: UUID | None
    why: str
    agent: str
    claimed_until: datetime | None
    next_at: datetime | None
    items: list[ClaimedAnswer]


class LeasedAnswer(msgspec.Struct, frozen=True):
    id: int
    claimed_until: datetime


class RenewedAnswer(msgspec.Struct, frozen=True):
    items: list[LeasedAnswer]


class ReleasedAnswer(msgspec.Struct, frozen=True):
    records: Sequence[int]


class CountedAnswer(msgspec.Struct, frozen=True):
    postcodes: int


class PostcodeAnswer(msgspec.Struct, frozen=True):
    postcode: str
    time_zone: str


class PostcodesAnswer(msgspec.Struct, frozen=True):
    items: list[PostcodeAnswer]
    next_cursor: str | None


async def claim(records: Records, call: Call[NoQuery, ClaimBody]) -> Response:
    asked = call.body
    made = await records.claims.claim(ref(call), asked.agent, lease_seconds=asked.lease_seconds, most=asked.max)
    return answer.json(_claim(made))


async def renew(records: Records, call: Call[NoQuery, RenewBody]) -> Response:
    asked = call.body
    held = await records.claims.renew(ref(call), _token(call), asked.lease_seconds, asked.records)
    return answer.json(RenewedAnswer([LeasedAnswer(*one) for one in held]))


async def release(records: Records, call: Call[NoQuery, ReleaseBody]) -> Response:
    return answer.json(ReleasedAnswer(await records.claims.release(ref(call), _token(call), call.body.records)))


async def may_call(records: Records, call: Call[MayCallQuery, None]) -> Response:
    asked = call.query
    campaign = None if asked.campaign is None else reference(asked.campaign)
    return answer.json(await records.calling.may_call(asked.number, campaign))


async def get_rules(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await records.calling.rules())


async def put_rules(records: Records, call: Call[NoQuery, CallingRules]) -> Response:
    await records.calling.put_rules(call.body)
    return answer.json(call.body)


async def list_postcodes(records: Records, call: Call[PostcodesQuery, None]) -> Response:
    asked = call.query
    found = await records.calling.postcodes(asked.cursor, asked.limit)
    cursor = found[-1][0] if len(found) == asked.limit else None
    return answer.json(PostcodesAnswer([PostcodeAnswer(*row) for row in found], cursor))


async def put_postcodes(records: Records, call: Call[NoQuery, PostcodesBody]) -> Response:
    table = ((row.postcode, row.time_zone) for row in call.body.items)
    return answer.json(CountedAnswer(await records.calling.replace_postcodes(table)))


def _table(request: HttpRequest, raw: bytes) -> PostcodesBody:
    """The table of a request, which is JSON or CSV."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _CSV:
        return PostcodesBody(items=tuple(_csv_rows(raw)))
    told: PostcodesBody = body.decode(raw, PostcodesBody)
    return told


def _csv_rows(raw: bytes) -> Iterator[Postcode]:
    """The rows of a CSV file with the columns postcode and time_zone."""
    try:
        rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        if [name.strip().lower() for name in next(rows, [])] != _COLUMNS:
            raise Malformed(f"The first line names the columns {','.join(_COLUMNS)}.")
        for row in rows:
            if len(row) not in (0, len(_COLUMNS)):
                raise Malformed(f"Line {rows.line_num} has {len(row)} columns.")
            if rows.line_num > MOST_POSTCODES + 1:
                raise TooLarge(f"A table of postcodes has {MOST_POSTCODES} rows at most.")
            if row:
                yield Postcode(postcode=row[0].strip(), time_zone=row[1].strip())
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(f"The body is not valid CSV: {error}.") from None


def _token(call: Call[Any, Any]) -> UUID:
    """The claim's token in the path; where that is none, one that no claim has."""
    try:
        return UUID(call.path["claim"])
    except ValueError:
        return UUID(int=0)


def _claim(noun: Claim) -> ClaimAnswer:
    items = [ClaimedAnswer(**record_facts(one.listed), slot=one.slot, phone=one.phone) for one in noun.records]
    return ClaimAnswer(noun.token, noun.why, noun.agent, noun.claimed_until, noun.next_at, items)


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "POST",
        "/v1/campaigns/{id}/claim",
        claim,
        "The next records to call, each for one caller alone until the lease lapses",
        query=NoQuery,
        body=ClaimBody,
        answer=ClaimAnswer,
    ),
    Operation(
        "POST",
        "/v1/campaigns/{id}/claims/{claim}/renew",
        renew,
        "Hold a claim's records for longer",
        query=NoQuery,
        body=RenewBody,
        answer=RenewedAnswer,
    ),
    Operation(
        "POST",
        "/v1/campaigns/{id}/claims/{claim}/release",
        release,
        "Give a claim's records back without a call",
        query=NoQuery,
        body=ReleaseBody,
        answer=ReleasedAnswer,
    ),
    Operation(
        "GET",
        "/v1/may-call",
        may_call,
        "Whether a number may be called now; if not, why, and when",
        query=MayCallQuery,
        answer=MayCall,
    ),
    Operation(
        "GET",
        "/v1/calling-rules",
        get_rules,
        "Hours, holidays and tries for all campaigns",
        query=NoQuery,
        answer=CallingRules,
    ),
    Operation(
        "PUT",
        "/v1/calling-rules",
        put_rules,
        "Replace the rules for all campaigns",
        query=NoQuery,
        body=CallingRules,
        answer=CallingRules,
    ),
    Operation(
        "GET",
        "/v1/postcodes",
        list_postcodes,
        "The time zones of postcodes",
        query=PostcodesQuery,
        answer=PostcodesAnswer,
    ),
    Operation(
        "PUT",
        "/v1/postcodes",
        put_postcodes,
        "Replace the table of postcodes: JSON, or text/csv with the columns postcode and time_zone",
        query=NoQuery,
        body=PostcodesBody,
        decode=_table,
        answer=CountedAnswer,
        limits=_TABLE,
        described=Described(tables=(_CSV,)),
    ),
)
