"""The screen pop: whom a ringing call is about, answered to who asks and told to who listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.screenpop import Call as RingingCall
from ringbook.core.screenpop import Matched, ScreenPop, Tried
from ringbook.dialects.native.wire import Line, NoQuery, Request, Variables
from ringbook.domain.caller import Callback, LastCall
from ringbook.domain.contact import ContactPhone
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation


class ScreenPopBody(Request, frozen=True):
    """A ringing call. `agent` is whose screen is meant: who listens for an agent is told of that agent's calls."""

    ani: Line = ""
    dnis: Line = ""
    variables: Variables = msgspec.field(default_factory=dict)
    agent: Line = ""
    call_id: Line = ""


class CandidateAnswer(msgspec.Struct, frozen=True):
    """`do_not_call`: a list bars this person from being called. `callbacks` are those still open for their numbers."""

    id: int
    attributes: dict[str, Any]
    phones: tuple[ContactPhone, ...]
    score: int
    matched_by: list[Matched]
    last_call: LastCall | None
    callbacks: list[Callback]
    do_not_call: bool


class Why(msgspec.Struct, frozen=True):
    """`together`: all conditions that count hold for each candidate. `conditions`: what each of them came to."""

    together: bool
    conditions: list[Tried]


class ScreenPopAnswer(msgspec.Struct, frozen=True):
    match: str
    candidates: list[CandidateAnswer]
    create: dict[str, Any] | None
    more: bool
    why: Why


async def pop(records: Records, call: Call[NoQuery, ScreenPopBody]) -> Response:
    asked = call.body
    ringing = RingingCall(
        ani=asked.ani, dnis=asked.dnis, variables=asked.variables, agent=asked.agent, call_id=asked.call_id
    )
    return answer.json(_screenpop(await records.screenpops.pop(ringing)))


def _screenpop(noun: ScreenPop) -> ScreenPopAnswer:
    return ScreenPopAnswer(
        noun.match,
        [
            CandidateAnswer(
                c.contact.id,
                c.contact.attributes,
                c.contact.phones,
                c.score,
                c.matched_by,
                c.last_call,
                c.callbacks,
                c.do_not_call,
            )
            for c in noun.candidates
        ],
        noun.create,
        noun.more,
        Why(noun.together, noun.tried),
    )


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "POST",
        "/v1/screenpop",
        pop,
        "Whom a ringing call is about, by the tenant's mapping; who listens is told",
        query=NoQuery,
        body=ScreenPopBody,
        answer=ScreenPopAnswer,
    ),
)
