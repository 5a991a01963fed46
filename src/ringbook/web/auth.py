"""Where a credential is in a request. Whose it is, only the core knows."""

from __future__ import annotations

import base64

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


def basic(given: str) -> tuple[str, str] | None:
    """Login and password of a header `Basic …`; None for what is not one."""
    scheme, _, encoded = given.partition(" ")
    if scheme.lower() != "basic" or len(given) > 2 * _LONGEST:
        return None
    try:
        login, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # not base64, or not text
        return None
    return (login, password) if colon else None
