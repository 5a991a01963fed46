"""What Mindful's clients do before any operation can look at it."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

# The vendor's own curl call types a blank after the question mark, and clients were copied from it (D-M13).
_BLANKS_AROUND_NAMES = re.compile(rb"(^|&)(?:%20|\+)+|(?:%20|\+)+(?==)")


def without_blanks(app: ASGIApp) -> ASGIApp:
    """The app, for requests whose parameters' names have blanks around them."""

    async def tidied(scope: Scope, receive: Receive, send: Send) -> None:
        query: bytes = scope["query_string"]
        if b"+" in query or b"%20" in query:
            scope = dict(scope, query_string=_BLANKS_AROUND_NAMES.sub(rb"\1", query))
        await app(scope, receive, send)

    return tidied
