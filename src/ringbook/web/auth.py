"""Where a credential is in a request. Whose it is, only the core knows."""

from __future__ import annotations

from starlette.requests import Request

from ringbook.domain.problems import Unauthenticated

_LONGEST = 1024


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer …`; Unauthenticated where there is none. The scheme may have any case."""
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            token = token.strip()
            if scheme.lower() != b"bearer" or not 0 < len(token) <= _LONGEST:
                break
            return str(token, "latin-1")
    raise Unauthenticated
