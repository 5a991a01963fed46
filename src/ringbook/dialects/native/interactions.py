"""Calls with their legs, natively: told, searched, and tied to contacts by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.interactions import LONGEST_CALL_ID, MOST_FOUND
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import Id, Line, Moment, NoQuery, Notes, Request, Seconds
from ringbook.domain.attempt import Outcome
from ringbook.domain.interaction import Actor, Direction, Interaction, Leg, LegDraft, Step
from ringbook.domain.page import decode_time_cursor, encode_time_cursor
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

CallId = Annotated[str, Meta(min_length=1, max_length=LONGEST_CALL_ID)]


class InteractionsQuery(Request, frozen=True):
    """All that is given must be met. `agent` without case; `since` is inclusive, `until` is not."""

    contact: Id | None = None
    number: Line | None = None
    agent: Line | None = None
    call_id: CallId | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_FOUND)] = 50
    cursor: str | None = None


class LegBody(Request, frozen=True):
    """What is not given says nothing: on a leg that is known it overwrites nothing."""

    actor: Actor = "AGENT"
    direction: Direction = "UNKNOWN"
    call_id: Annotated[str, Meta(max_length=LONGEST_CALL_ID)] = ""
    agent: Line = ""
    team: Line = ""
    queue: Line = ""
    started_at: Moment | None = None
    duration_seconds: Seconds | None = None
    ivr_trail: Line = ""
    disposition: Line = ""
    outcome: Outcome | None = None
    wrap_up: Line = ""
    notes: Notes = ""
    supervision: bool = False


class InteractionBody(Request, frozen=True):
    """A leg of the call `call_id` from `number`. After a transfer, `related_call_id` is the id it had before."""

    call_id: CallId
    number: Line
    leg: LegBody
    started_at: Moment | None = None
    related_call_id: Annotated[str, Meta(max_length=LONGEST_CALL_ID)] = ""


class LinkBody(Request, frozen=True):
    contact_id: Id


class LegAnswer(msgspec.Struct, frozen=True):
    """`wrap_ups` are all that the leg's agent has set, the last of which counts."""

    id: int
    actor: Actor
    direction: Direction
    call_id: str
    agent: str
    team: str
    queue: str
    started_at: datetime | None
    duration_seconds: int | None
    ivr_trail: str
    ivr_steps: list[Step]
    disposition: str
    outcome: str | None
    wrap_up: str
    wrap_ups: list[Any]
    notes: str
    supervision: bool


class InteractionAnswer(msgspec.Struct, frozen=True):
    """In a page, a call has its first fifty legs; `more_legs`: it has more, which it shows when asked for alone."""

    id: int
    call_id: str
    number: str
    contact_id: int | None
    started_at: datetime
    legs: list[LegAnswer]
    more_legs: bool


class InteractionsAnswer(msgspec.Struct, frozen=True):
    items: list[InteractionAnswer]
    next_cursor: str | None


async def search(records: Records, call: Call[InteractionsQuery, None]) -> Response:
    asked = call.query
    if asked.call_id is not None:
        return answer.json(InteractionsAnswer(await _with_call_id(records, asked.call_id), None))
    found = await records.interactions.search(
        contact_id=asked.contact,
        number=asked.number,
        agent=asked.agent,
        since=asked.since,
        until=asked.until,
        after=None if asked.cursor is None else decode_time_cursor(asked.cursor),
        limit=asked.limit,
    )
    cursor = encode_time_cursor(found[-1].place) if len(found) == asked.limit else None
    return answer.json(InteractionsAnswer([_interaction(each.call, each.more_legs) for each in found], cursor))


async def get(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_interaction(await records.interactions.by_id(id_of(call))))


async def save_leg(records: Records, call: Call[NoQuery, InteractionBody]) -> Response:
    asked = call.body
    leg = LegDraft(**msgspec.structs.asdict(asked.leg))
    await records.interactions.save_leg(
        asked.call_id, asked.number, leg, started_at=asked.started_at, related_call_id=asked.related_call_id
    )
    return answer.json(_interaction(await records.interactions.get(asked.call_id)), 201)


async def link(records: Records, call: Call[NoQuery, LinkBody]) -> Response:
    return answer.json(_interaction(await records.interactions.link_by_id(id_of(call), call.body.contact_id)))


async def unlink(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_interaction(await records.interactions.link_by_id(id_of(call), None)))


async def _with_call_id(records: Records, call_id: str) -> list[InteractionAnswer]:
    found = await records.interactions.find(call_id)
    return [] if found is None else [_interaction(found)]


def _interaction(noun: Interaction, more_legs: bool = False) -> InteractionAnswer:
    return InteractionAnswer(
        noun.id,
        noun.call_id,
        noun.ani,
        noun.contact_id,
        noun.started_at,
        [_leg(leg) for leg in noun.legs],
        more_legs,
    )


def _leg(noun: Leg) -> LegAnswer:
    return LegAnswer(**{name: getattr(noun, name) for name in LegAnswer.__struct_fields__})


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/interactions",
        search,
        "Calls by contact, number, agent and time, newest first",
        query=InteractionsQuery,
        answer=InteractionsAnswer,
    ),
    Operation(
        "POST",
        "/v1/interactions",
        save_leg,
        "Tell of a leg of a call; the same report twice changes nothing",
        query=NoQuery,
        body=InteractionBody,
        answer=InteractionAnswer,
        status=201,
    ),
    Operation(
        "GET", "/v1/interactions/{id}", get, "One call with all its legs", query=NoQuery, answer=InteractionAnswer
    ),
    Operation(
        "POST",
        "/v1/interactions/{id}/link",
        link,
        "Tie a call to a contact by hand: no rule undoes it",
        query=NoQuery,
        body=LinkBody,
        answer=InteractionAnswer,
    ),
    Operation(
        "POST",
        "/v1/interactions/{id}/unlink",
        unlink,
        "Tie a call to nobody by hand",
        query=NoQuery,
        answer=InteractionAnswer,
    ),
)
