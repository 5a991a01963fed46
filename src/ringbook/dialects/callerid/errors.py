"""There are none: whatever goes wrong is answered as a number that nobody has.

A telephone system shows whatever it gets, with whatever status, as the caller's name, and some keep it for ever
(contract, FreePBX and FreeSWITCH). Why there was no name is in the log.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import Response

from ringbook.dialects.callerid import wire
from ringbook.domain.problems import Problem

log = structlog.get_logger()


def problem(request: Request, problem: Problem) -> Response:
    log.info("no caller name", why=type(problem).__name__)
    return wire.answer(wire.asked(request.scope.get("query_string", b"")), [])
