"""Listening: what happens, as server-sent events, from now on or from the last event that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.events import TICKET_SECONDS
from ringbook.dialects.native.listening import PATH
from ringbook.dialects.native.wire import Line, NoQuery, Request
from ringbook.domain.event import filter_of
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Described, Operation
from ringbook.web.sse import EventStream
from ringbook.web.worker import worker_of


class EventsQuery(Request, frozen=True):
    """`types` is a list with commas: whole types (`contact.changed`) or kinds (`contact`); none: all.

    With `agent`, only what names that agent. `last_event_id` is for who cannot send the header Last-Event-ID.
    """

    types: Line = ""
    agent: Line = ""
    last_event_id: Line | None = None
    ticket: Line | None = None


class TicketAnswer(msgspec.Struct, frozen=True):
    """`ticket` opens one stream, until `expires_at`."""

    ticket: str
    expires_at: datetime


async def listen(records: Records, call: Call[EventsQuery, None]) -> Response:
    asked = call.query
    wanted = filter_of([part.strip() for part in asked.types.split(",") if part.strip()], asked.agent)
    last_id = call.request.headers.get("last-event-id", asked.last_event_id) or None
    hub = worker_of(call.request).core.hub
    listening = await records.events.listen(hub, wanted, last_id)
    return EventStream(hub, listening.listener, reset=not listening.is_kept)


async def make_ticket(records: Records, call: Call[NoQuery, None]) -> Response:
    ticket = await records.events.ticket()
    return answer.json(TicketAnswer(ticket, datetime.now(UTC) + timedelta(seconds=TICKET_SECONDS)), 201)


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        PATH,
        listen,
        "What happens, as server-sent events",
        query=EventsQuery,
        described=Described(media_types=("text/event-stream",), headers=("Last-Event-ID",)),
    ),
    Operation(
        "POST",
        f"{PATH}/ticket",
        make_ticket,
        "A ticket with which a browser may listen, once, within a minute",
        query=NoQuery,
        answer=TicketAnswer,
        status=201,
        reads=True,
    ),
)
