"""wolkvox's envelope: code, error, msg and data, in that order, as PHP prints JSON (contract 2.0).

Every value is text, numbers too: recorded answers have nothing else, whatever the pages show (D-W1).
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.dialects.wolkvox.switches import Switches
from ringbook.domain.problems import Problem
from ringbook.web.answer import JsonAnswer

MOST_ROWS = 60_000
MOST_BYTES = 256 * 1024 * 1024

Code = Literal["int", "str", "empty"]
"""How the vendor's page prints the code of an operation."""
Row = Mapping[str, str]

_encode = msgspec.json.Encoder().encode
_SWITCHES = "ringbook.wolkvox"


class TooHeavy(Problem):
    """The result weighs more than 256 MB."""


def keep(request: Request, switches: Switches) -> None:
    """Remember the tenant's switches for the answer to this request."""
    request.scope[_SWITCHES] = switches


def switches(request: Request) -> Switches:
    return request.scope.get(_SWITCHES) or Switches()


def success(
    request: Request,
    code: int,
    msg: str,
    data: Sequence[Row] | Mapping[str, Any] | None = None,
    *,
    documented: Code = "int",
) -> Response:
    """The answer to what went well; without `data` on a pure command."""
    chosen = switches(request)
    spellings: Mapping[Code, str | int] = {"int": code, "str": str(code), "empty": ""}
    spelling = spellings[documented]
    told: dict[str, Any] = {"code": spelling if chosen.code == "documented" else str(code), "error": None, "msg": msg}
    if data is not None:
        told["data"] = data
    return printed(request, told, code)


def failure(request: Request, status: int, msg: str, data: Sequence[Mapping[str, Any]] | None = None) -> Response:
    """The answer to what did not: the code is the HTTP status, as text."""
    error = HTTPStatus(status).phrase
    capitals = switches(request).error == "capitals"
    told: dict[str, Any] = {"code": str(status), "error": error.upper() if capitals else error, "msg": msg}
    if data is not None:
        told["data"] = data
    return printed(request, told, status)


def printed(request: Request, told: Mapping[str, Any], status: int) -> Response:
    """`told` as PHP's json_encode prints it: four blanks, no line feed at the end, `\\/` and `\\uXXXX`."""
    body = msgspec.json.format(_encode(told), indent=4)
    if switches(request).escape == "php":
        body = body.replace(b"/", b"\\/")
        if not body.isascii():
            body = body.decode().encode("ascii", "wolkvox-escape")
    if len(body) > MOST_BYTES:
        raise TooHeavy
    return JsonAnswer(body, status, None)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error("wolkvox-escape", _escaped)
