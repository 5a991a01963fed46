"""Server-sent events: an answer that goes on for hours, and ends when either side has had enough.

A reader who does not take what is sent is let go, and can resume by `Last-Event-ID`: nobody waits for them. A comment
now and then keeps the connection open, and its id lets who wants little of much resume near the end.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ringbook.core.events import EventHub, Listener
from ringbook.domain.event import Event
from ringbook.domain.problems import Problem

log = structlog.get_logger()

QUIET_SECONDS = 15.0
SLOW_SECONDS = 20.0
_RETRY_MS = 1000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events until it has many
]


class EventStream(Response):
    """A 200 that tells a listener's events until one of them has ended.

    `reset`: what was missed cannot be told; the reader is told so by an event of that type, and has to look anew.
    `opened` is when it began, which is what it took to answer.
    """

    def __init__(self, hub: EventHub, listener: Listener, *, reset: bool) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = list(_HEADERS)
        self.opened: float | None = None
        self._hub = hub
        self._listener = listener
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(self._watch(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            self.opened = time.perf_counter()
            await self._send(send, self._beginning())
            await self._tell(send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a slow reader of events is let go")
        except Problem as problem:
            log.warning("events broken off", error=type(problem).__name__)
        finally:
            gone.cancel()
            self._hub.leave(self._listener)

    async def _tell(self, send: Send) -> None:
        listener = self._listener
        while not listener.has_ended:
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    events = await listener.events()
            except TimeoutError:
                await self._send(send, f": still here\nid: {listener.place}\n\n".encode())
                continue
            if events:
                await self._send(send, b"".join(map(framed, events)))

    def _beginning(self) -> bytes:
        """Something at once, so that the reader knows that it listens, and where."""
        begin = f"retry: {_RETRY_MS}\nid: {self._listener.place}\n"
        return f"{begin}event: reset\ndata: {{}}\n\n".encode() if self._reset else f"{begin}\n".encode()

    async def _send(self, send: Send, piece: bytes) -> None:
        async with asyncio.timeout(SLOW_SECONDS):
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.end()


def framed(event: Event) -> bytes:
    """An event as it goes over the wire."""
    return f"id: {event.place}\nevent: {event.type}\ndata: ".encode() + event.json + b"\n\n"
