"""Answers that are made while they are sent, however long they become."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import quote

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ringbook.domain.problems import Problem

log = structlog.get_logger()


class Stream(Response):
    """A 200 in pieces, each made when the one before has left. With a file name it is a file to be kept.

    When one cannot be made the connection breaks off, so that nobody takes what came for the whole. Who hangs up has
    no more made for them.
    """

    def __init__(self, pieces: AsyncGenerator[bytes, None], content_type: str, file_name: str | None = None) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = [(b"content-type", content_type.encode("ascii"))]
        if file_name is not None:
            named = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
            self.raw_headers.append((b"content-disposition", named.encode("ascii")))
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The server sends to who is gone as to anybody, and says so only here.
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if gone.done():
                    return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            self.status_code = 500  # for the log and the counts; the reader has had its 200
            log.warning("answer broken off", error=type(error).__name__, exc_info=not isinstance(error, Problem))
            raise
        finally:
            gone.cancel()
            await self._pieces.aclose()


class JsonStream(Stream):
    """The same, as JSON that the last piece ends."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(pieces, "application/json")


async def started(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same pieces, of which the first is made at once: what fails until then can still be answered as a problem."""
    first = await anext(pieces)

    async def all_of_them() -> AsyncGenerator[bytes, None]:
        try:
            yield first
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    return all_of_them()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
