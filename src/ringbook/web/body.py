"""Reading a request: bounded, strictly decoded, and free of what no field may hold."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from starlette.requests import ClientDisconnect, Request

from ringbook.domain.problems import Invalid, Malformed, TooLarge
from ringbook.web.dialect import Limits

_MOST_PARAMETERS = 100

# JSON can carry a control character only escaped; tab, line feed and carriage return are text like any other.
_CONTROL_ESCAPE = re.compile(rb"(?:^|[^\\])(?:\\\\)*\\(?:u00(?:0[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])|[bf])")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AT_PATH = re.compile(r" - at `(?:key in )?\$?\.?([^`]*)`$")
_NAMED_FIELD = re.compile(r"field `([^`]+)`")


async def read(request: Request, limits: Limits) -> bytes:
    """The whole body; TooLarge past the operation's limit, Malformed when it does not arrive in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.body:
        raise TooLarge(f"A body has {limits.body} bytes at most here.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Malformed("A body is sent uncompressed.")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body:
                    raise TooLarge(f"A body has {limits.body} bytes at most here.")
                chunks.append(chunk)
    except TimeoutError:
        raise Malformed("The body did not arrive in time.") from None
    except ClientDisconnect:
        raise Malformed("The body did not arrive.") from None
    return b"".join(chunks)


def decode(raw: bytes, type_: Any) -> Any:
    """JSON as `type_`: Malformed where it is not JSON, Invalid where a value has the wrong type, naming it."""
    if not raw:
        raise Malformed("A JSON body is required.")
    if _CONTROL_ESCAPE.search(raw) or b"\x7f" in raw:
        raise Invalid("A text contains a control character.")
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not valid JSON: {error}.") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None


def parameters(query: bytes) -> list[tuple[str, str]]:
    """The query's names and values in order. Malformed for what is not percent-encoded UTF-8, or too much of it."""
    if not query:
        return []
    try:
        parts = query.decode().split("&")
        pairs = [(_plain(name), _plain(value)) for name, _, value in (part.partition("=") for part in parts) if name]
    except ValueError:
        raise Malformed("The query is not valid.") from None
    if len(parts) > _MOST_PARAMETERS:
        raise Malformed(f"A query has {_MOST_PARAMETERS} parameters at most.")
    if CONTROL.search("".join(part for pair in pairs for part in pair)):
        raise Invalid("A parameter contains a control character.")
    return pairs


def _plain(text: str) -> str:
    # Most names and values need nothing, and a ringing phone waits for this.
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def convert_query(pairs: list[tuple[str, str]], type_: Any) -> Any:
    """The query as `type_`, the first value of each name; Invalid names what is unknown, missing or mistyped."""
    try:
        return msgspec.convert(dict(reversed(pairs)), type_, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def invalid(error: msgspec.ValidationError) -> Invalid:
    """The decoder's complaint with the field it is about."""
    text = str(error)
    place = _AT_PATH.search(text)
    named = _NAMED_FIELD.search(text)
    field = (place.group(1) if place else "") or (named.group(1) if named else None)
    return Invalid(_AT_PATH.sub("", text) + ".", field=field)
