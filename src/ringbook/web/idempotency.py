"""`Idempotency-Key`: a write that a client sends again, because it saw no answer, is done once and answered alike.

What was answered is kept, status, headers and body; what was refused was not done, and is tried anew.
"""

from __future__ import annotations

import hashlib
import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.idempotency import LONGEST_KEY
from ringbook.domain.problems import Invalid
from ringbook.web import body
from ringbook.web.dialect import IDEMPOTENCY_KEY, Call, Dialect, Operation

_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
_OF_THE_BODY = frozenset({b"content-length"})
_AGAIN = (b"idempotency-replayed", b"true")


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


async def answered(dialect: Dialect, operation: Operation, records: Records, call: Call) -> Response:  # type: ignore[type-arg]
    """The operation's answer; with an Idempotency-Key, the one that was given first, which a header then says."""
    key = asked_key(call.request) if dialect.takes_keys(operation) else None
    if key is None:
        return await operation.handler(records, call)
    if operation.unkept:
        raise Invalid(operation.unkept, field=IDEMPOTENCY_KEY)
    # Also where the handler reads the body itself: what was asked is known only with it.
    asked = await body.read(call.request, operation.limits.body, operation.limits.seconds)

    async def act(within: Records) -> bytes:
        response = await operation.handler(within, call)
        headers = [(name, value) for name, value in response.raw_headers if name not in _OF_THE_BODY]
        return _encode(_Kept(response.status_code, headers, bytes(response.body)))

    done = await records.idempotency.once(key, _fingerprint(call.request, asked), act)
    kept = _decode(done.answer)
    response = Response(kept.body, kept.status)
    response.raw_headers = [(b"content-length", b"%d" % len(kept.body)), *kept.headers]
    if done.again:
        response.raw_headers.append(_AGAIN)
    return response


def asked_key(request: Request) -> str | None:
    """The request's Idempotency-Key; None if it has none, Invalid for one that cannot be one."""
    given = request.headers.getlist(IDEMPOTENCY_KEY)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise Invalid(
            f"An Idempotency-Key is one text of 1 to {LONGEST_KEY} ASCII characters, without spaces.",
            field=IDEMPOTENCY_KEY,
        )
    return given[0]


def _fingerprint(request: Request, raw: bytes) -> bytes:
    """What is asked, in 32 bytes: another method, path, query or body is another request."""
    scope = request.scope
    asked = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"]):
        asked.update(b"%d:" % len(part) + part)
    asked.update(raw)
    return asked.digest()
