"""What wolkvox's clients do before any operation can look at it, and how long it takes at most."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from urllib.parse import quote, unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = 60.0
"""From the request to the end of the answer (contract, "Limits")."""

log = structlog.get_logger()


class CutOff(Exception):
    """A request has taken too long: the server closes the connection."""


def as_clients_do(app: ASGIApp) -> ASGIApp:
    """The app, for requests as they come."""
    return within_its_time(without_blanks(app))


def within_its_time(app: ASGIApp) -> ASGIApp:
    """The app, which leaves off where a request takes too long; then the connection is cut, as the vendor's is (D-W2).

    What was not committed by then is not done.
    """

    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def answer(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            async with asyncio.timeout(SECONDS):
                await app(scope, receive, answer)
        except TimeoutError:
            log.warning("cut off", dialect="wolkvox", path=scope["path"])
            if not began:
                # Where nothing has left yet, the server would answer an error in our place.
                await send({"type": "http.response.start", "status": 504, "headers": []})
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
            raise CutOff from None

    return cut


def without_blanks(app: ASGIApp) -> ASGIApp:
    """The app, for requests whose parameters' names have blanks around them.

    The vendor's pages print `api=edit_campaign& campaign_id=`, and clients were copied from them (contract 2.0).
    """

    def tidied(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        query: bytes = scope["query_string"]
        if b"+" in query or b"%" in query:
            scope = dict(scope, query_string=b"&".join(map(_tidied, query.split(b"&"))))
        return app(scope, receive, send)

    return tidied


def _tidied(parameter: bytes) -> bytes:
    name, equals, value = parameter.partition(b"=")
    if b"+" in name or b"%" in name:
        name = quote(unquote_to_bytes(name.replace(b"+", b" ")).strip()).encode()
    return name + equals + value
