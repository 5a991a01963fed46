"""The log: a line of JSON for each request, written together every few milliseconds so that none waits for a disk.

Query strings are left out: they hold numbers and keys.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from ringbook.web.metrics import OperationCounts

_FLUSH_SECONDS = 0.02
_MOST_BUFFERED = 512


class Line(msgspec.Struct):
    at: datetime
    event: str
    dialect: str
    operation: str
    status: int
    ms: float
    tenant: str | None
    request_id: str


class RequestLog:
    """Collects request lines and writes them in one go."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._prefix = secrets.token_hex(4)
        self._count = itertools.count(1)

    def next_id(self) -> str:
        """An id that no other request of any worker has."""
        return f"{self._prefix}-{next(self._count):x}"

    def line(self, of: OperationCounts, status: int, seconds: float, tenant: str | None, request_id: str) -> None:
        """Note an answered request."""
        if self._descriptor is None:
            return
        ms = round(seconds * 1000, 3)
        line = Line(datetime.now(UTC), "request", of.dialect, of.operation, status, ms, tenant, request_id)
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._lines.append(self._encode(line))
        if len(self._lines) >= _MOST_BUFFERED:
            self.flush()

    def flush(self) -> None:
        if self._lines and self._descriptor is not None:
            self._lines.append(b"")
            written, self._lines = b"\n".join(self._lines), []
            _write(self._descriptor, written)


def _write(descriptor: int, text: bytes) -> None:
    """All of it; nothing where nobody reads any more, which is no reason to stop answering."""
    rest = memoryview(text)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def configure_logging() -> None:
    """Everything that is not a request's line goes through structlog, as JSON lines to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="at"),
            # Without the variables: they hold numbers and keys.
            ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(serializer=_render),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=open(2, "wb", closefd=False, buffering=0)),  # noqa: SIM115
        cache_logger_on_first_use=True,
    )


def _render(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)
