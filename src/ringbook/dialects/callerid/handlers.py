"""One question, within its time: a call that waits for a name is worse than one without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.dialects.callerid import wire
from ringbook.domain.caller_name import NamedCaller
from ringbook.domain.problems import Unauthenticated, Unavailable
from ringbook.web.auth import basic, bearer
from ringbook.web.dialect import Call

SECONDS = 0.25
"""From the request to the answer. The contract gives 0.3; the rest is for the way there and back."""

_DEADLINE = "ringbook.callerid.deadline"
_LONGEST_KEY = 1024


async def authenticate(request: Request, core: Core) -> Records:
    """The key is a Bearer token, the password of Basic (FreePBX, 3CX), or `key` where a client has only its URL."""
    secret = _secret(request)
    request.scope[_DEADLINE] = asyncio.get_running_loop().time() + SECONDS
    async with _in_time(request):
        return await core.authenticate("callerid", secret)


async def name_of_caller(records: Records, call: Call[wire.NameQuery, None]) -> Response:
    asked = wire.asked(call.request.scope["query_string"])
    async with _in_time(call.request):
        number, callers = await _callers(records, asked.spellings)
        if callers and asked.format == "hash":
            return wire.answer(asked, callers, await records.caller_names.routing(callers[0], number))
        return wire.answer(asked, callers)


async def _callers(records: Records, spellings: Sequence[str]) -> tuple[str, list[NamedCaller]]:
    """The first spelling of the number that somebody has."""
    for number in spellings:
        callers = await records.caller_names.of_number(number)
        if callers:
            return number, callers
    return "", []


def _secret(request: Request) -> str:
    # A key in the URL is meant for Ringbook; the header may be for a proxy in between.
    secret = wire.asked(request.scope["query_string"]).key
    header = request.headers.get("authorization", "")
    if not secret and header[:6].lower() == "basic ":
        _, secret = basic(header) or ("", "")
    elif not secret:
        return bearer(request)
    if not 0 < len(secret) <= _LONGEST_KEY:
        raise Unauthenticated
    return secret


@asynccontextmanager
async def _in_time(request: Request) -> AsyncIterator[None]:
    """Unavailable when the time of this request is up."""
    try:
        async with asyncio.timeout_at(request.scope[_DEADLINE]):
            yield
    except TimeoutError:
        raise Unavailable("There was no answer in time.") from None
