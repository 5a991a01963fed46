"""Webhooks: where events are sent, what has become of them, and sending the dead ones again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.webhooks import MOST_A_PAGE, NewWebhook
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import Id, Line, NoQuery, Request
from ringbook.domain.event import MOST_TYPES
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.webhook import Delivery, State, Webhook
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

Url = Annotated[str, Meta(min_length=1, max_length=2000)]
Types = Annotated[tuple[Line, ...], Meta(max_length=MOST_TYPES)]


class WebhookBody(Request, frozen=True):
    """`types` as for /v1/events: whole types or kinds; none: all. With `agent`, only what names that agent."""

    url: Url
    types: Types = ()
    agent: Line = ""


class WebhookChange(Request, frozen=True):
    """What is not given stays. One that is not enabled goes on from where it was when it is again."""

    url: Url | None = None
    types: Types | None = None
    agent: Line | None = None
    enabled: bool | None = None


class DeliveriesQuery(Request, frozen=True):
    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_A_PAGE)] = 50
    cursor: Id | None = None


class ReplayBody(Request, frozen=True):
    """Which dead deliveries are to be sent again; without `event_ids` all of them."""

    event_ids: Annotated[tuple[Id, ...], Meta(max_length=1000)] | None = None


class WebhookAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`secret` is there in the answer that made it, and never again."""

    id: int
    url: str
    types: tuple[str, ...]
    agent: str
    enabled: bool
    created_at: datetime
    secret: str | None = None


class WebhooksAnswer(msgspec.Struct, frozen=True):
    items: list[WebhookAnswer]


class DeliveriesAnswer(msgspec.Struct, frozen=True):
    items: list[Delivery]
    next_cursor: int | None


class PingAnswer(msgspec.Struct, frozen=True):
    """The event's id: what became of it is among the deliveries."""

    event_id: int


class ReplayAnswer(msgspec.Struct, frozen=True):
    replayed: int


async def list_webhooks(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(WebhooksAnswer([_webhook(each) for each in await records.webhooks.all()]))


async def get_webhook(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_webhook(await records.webhooks.get(id_of(call))))


async def create_webhook(records: Records, call: Call[NoQuery, WebhookBody]) -> Response:
    asked = call.body
    return answer.json(_made(await records.webhooks.create(asked.url, asked.types, asked.agent)), 201)


async def change_webhook(records: Records, call: Call[NoQuery, WebhookChange]) -> Response:
    asked = call.body
    changed = await records.webhooks.change(
        id_of(call), url=asked.url, types=asked.types, agent=asked.agent, enabled=asked.enabled
    )
    return answer.json(_webhook(changed))


async def delete_webhook(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_webhook(await records.webhooks.delete(id_of(call))))


async def rotate_secret(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_made(await records.webhooks.rotate_secret(id_of(call))))


async def ping(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(PingAnswer(await records.webhooks.ping(id_of(call))), 202)


async def list_deliveries(records: Records, call: Call[DeliveriesQuery, None]) -> Response:
    asked = call.query
    found = await records.webhooks.deliveries(
        id_of(call), state=asked.state, below=asked.cursor or LARGEST_ID, limit=asked.limit
    )
    return answer.json(DeliveriesAnswer(found, found[-1].event_id if len(found) == asked.limit else None))


async def replay(records: Records, call: Call[NoQuery, ReplayBody]) -> Response:
    return answer.json(ReplayAnswer(await records.webhooks.replay(id_of(call), call.body.event_ids)))


def _webhook(noun: Webhook, secret: str | None = None) -> WebhookAnswer:
    return WebhookAnswer(noun.id, noun.url, noun.types, noun.agent, noun.enabled, noun.created_at, secret)


def _made(made: NewWebhook) -> WebhookAnswer:
    return _webhook(made.webhook, made.secret)


_ONE = "/v1/webhooks/{id}"

OPERATIONS: Sequence[AnyOperation] = (
    Operation("GET", "/v1/webhooks", list_webhooks, "The tenant's webhooks", query=NoQuery, answer=WebhooksAnswer),
    Operation(
        "POST",
        "/v1/webhooks",
        create_webhook,
        "Have events sent to a URL; the secret that signs them is told once",
        query=NoQuery,
        body=WebhookBody,
        answer=WebhookAnswer,
        status=201,
    ),
    Operation("GET", _ONE, get_webhook, "One webhook", query=NoQuery, answer=WebhookAnswer),
    Operation(
        "PATCH",
        _ONE,
        change_webhook,
        "Change a webhook, switch it off or on",
        query=NoQuery,
        body=WebhookChange,
        answer=WebhookAnswer,
    ),
    Operation("DELETE", _ONE, delete_webhook, "End a webhook", query=NoQuery, answer=WebhookAnswer),
    Operation("POST", f"{_ONE}/secret", rotate_secret, "Sign with another secret", query=NoQuery, answer=WebhookAnswer),
    Operation("POST", f"{_ONE}/ping", ping, "Send an event to try it", query=NoQuery, answer=PingAnswer, status=202),
    Operation(
        "GET",
        f"{_ONE}/deliveries",
        list_deliveries,
        "What was sent, what waits and what is dead, newest first",
        query=DeliveriesQuery,
        answer=DeliveriesAnswer,
    ),
    Operation(
        "POST",
        f"{_ONE}/replay",
        replay,
        "Send dead deliveries again, these or all",
        query=NoQuery,
        body=ReplayBody,
        answer=ReplayAnswer,
    ),
)
