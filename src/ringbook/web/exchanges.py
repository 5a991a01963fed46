"""What clients ask and are answered, noted for who builds an integration. Off unless it is switched on.

A worker notes requests in its own memory and writes them together, so that no answer waits. Secrets are masked before
anything is noted: credentials in headers are never looked at.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core import exchanges as kept
from ringbook.core.access import Core, Records
from ringbook.core.exchanges import Noted
from ringbook.web.body import READ
from ringbook.web.metrics import OperationCounts

_MOST_WAITING = 500
LONGEST_BODY = 4000
_LONGEST_TARGET = 2000
_MASK = "•••"
_NAMES = r"[\w-]*(?:password|passwd|secret|token|api[_-]?key|authorization|client_id|ticket)[\w-]*|key|sid"
_IN_QUERY = re.compile(rf"(?i)((?:^|[?&])(?:{_NAMES})=)[^&\s]*")
_IN_JSON = re.compile(rf'(?i)("(?:{_NAMES.removesuffix("|key|sid")})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^",}}\]\s]+)')


class Exchanges:
    """One worker's notes, until they are written."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._noted: deque[Noted] = deque(maxlen=_MOST_WAITING)

    def note(
        self,
        records: Records,
        request: Request,
        of: OperationCounts,
        response: Response,
        seconds: float,
        request_id: str,
    ) -> None:
        """Note a request that was answered; of very many at once the oldest are let go."""
        scope = request.scope
        query = scope["query_string"].decode("latin-1")
        target = f"{scope['method']} {scope['path']}" + (f"?{query}" if query else "")
        self._noted.append(
            Noted(
                records.tenant.id,
                of.dialect,
                records.actor,
                request_id,
                datetime.now(UTC),
                of.operation,
                masked(target)[:_LONGEST_TARGET],
                _text(scope.get(READ, b"")),
                response.status_code,
                _text(bytes(response.body)),
                round(seconds * 1000, 3),
            )
        )

    async def flush(self) -> None:
        """Write what was noted, for all workers to show."""
        noted = [self._noted.popleft() for _ in range(len(self._noted))]
        if noted:
            await kept.keep(self._core.database, noted)


def masked(text: str) -> str:
    """The text without the secrets in it, as query, form or JSON."""
    return _IN_JSON.sub(rf'\1"{_MASK}"', _IN_QUERY.sub(rf"\1{_MASK}", text))


def _text(body: bytes) -> str:
    """What a body says, its beginning if it is long. A cut may leave half a secret, so it is masked before."""
    told = body[: 4 * LONGEST_BODY].decode("utf-8", "replace").replace("\0", "�")
    told = masked(told)
    return told if len(told) <= LONGEST_BODY else f"{told[:LONGEST_BODY]}…"
