"""What Bright Pattern's clients do before any operation can look at it, and how bodies are read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringbook.dialects.brightpattern import gson, wire
from ringbook.domain.problems import Invalid

_MOST_AWAITED = 64 * 1024 * 1024
_AWAITED_SECONDS = 60.0


def as_clients_do(app: ASGIApp) -> ASGIApp:
    """The app, for requests as they come."""
    return without_last_slash(after_the_body(app))


def without_last_slash(app: ASGIApp) -> ASGIApp:
    """The app, for paths that may end in a slash: the documentation has one after getAll, clients have none (B17)."""

    def tidied(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["path"].endswith("/"):
            scope = dict(scope, path=scope["path"][:-1])
        return app(scope, receive, send)

    return tidied


def after_the_body(app: ASGIApp) -> ASGIApp:
    """The app, whose answers wait until the request has arrived, for as long as it may be large.

    Python's requests sends the whole body before it looks for the challenge of Digest, and takes an answer in the
    middle of it for a broken line. Who asks before sending (`Expect`) is told at once.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope["headers"]}
        if b"expect" in names or not names & {b"content-length", b"transfer-encoding"}:
            await app(scope, receive, send)
            return
        left = _MOST_AWAITED

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            left = left - len(message.get("body", b"")) if more else 0
            return message

        async def after(message: Message) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AWAITED_SECONDS):
                    while left > 0:
                        await counted()
            await send(message)

        await app(scope, counted, after)

    return answer


def decode(raw: bytes, type_: Any) -> Any:
    """A body as its operation's type, read as leniently as Gson does."""
    if type_ is wire.Record:
        return gson.read(raw, "object")
    if type_ is wire.Records or type_ is wire.DncKeys:
        return gson.read(raw, "array of objects")
    if type_ is wire.DncEntries:
        return gson.read(raw, "array")
    try:
        return msgspec.convert(gson.read(raw, "object"), type_)
    except msgspec.ValidationError:
        raise Invalid("invalid parameters") from None
