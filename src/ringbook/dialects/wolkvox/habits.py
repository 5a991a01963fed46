"""What wolkvox's clients do before any operation can look at it."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import quote, unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send


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
