"""Reading a request: bounded, strictly decoded, and free of what no field may hold."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from starlette.requests import ClientDisconnect, Request

from ringbook.domain.problems import Invalid, Malformed, TooLarge
from ringbook.web.choices import choices

READ = "ringbook.body"
"""Where a request's scope has the body that was read, for who keeps exchanges."""

_MOST_PARAMETERS = 100
_LONGEST_LENGTH = 18
_LONGEST_ECHO = 200
_NO_CHOICE = "Invalid enum value"

# JSON can carry a control character only escaped; tab, line feed and carriage return are text like any other.
# The first pattern is fast and may be wrong about a backslash that is itself escaped; the second reads one by one.
_ESCAPED = rb"u00(?:0[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])|[bf]"
_PERHAPS_CONTROL = re.compile(rb"\\(?:" + _ESCAPED + rb")")
_NO_CONTROL = re.compile(rb"(?:[^\\]++|\\(?!" + _ESCAPED + rb").?)*+", re.DOTALL)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AT_PATH = re.compile(r" - at `(?:key in )?\$?\.?([^`]*)`$")
_NAMED_FIELD = re.compile(r"field `([^`]+)`")


async def read(request: Request, most: int, seconds: float) -> bytes:
    """The whole body; TooLarge when it has more than `most` bytes, Malformed when it does not arrive in time.

    What was read before is answered again.
    """
    if READ in request.scope:
        known: bytes = request.scope[READ]
        return known
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > _LONGEST_LENGTH or int(declared) > most):
        raise TooLarge(f"A body has {most} bytes at most here.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Malformed("A body is sent uncompressed.")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise TooLarge(f"A body has {most} bytes at most here.")
                chunks.append(chunk)
    except TimeoutError:
        raise Malformed("The body did not arrive in time.") from None
    except ClientDisconnect:
        raise Malformed("The body did not arrive.") from None
    whole = request.scope[READ] = b"".join(chunks)
    return whole


def decode(raw: bytes, type_: Any) -> Any:
    """JSON as `type_`: Malformed where it is not JSON, Invalid where a value has the wrong type, naming it."""
    if has_control(raw):
        raise Invalid("A text contains a control character.")
    return parse(raw, type_)


def has_control(raw: bytes) -> bool:
    """Whether a text of this JSON contains a control character."""
    return b"\x7f" in raw or bool(_PERHAPS_CONTROL.search(raw) and not _NO_CONTROL.fullmatch(raw))


def parse(raw: bytes, type_: Any) -> Any:
    """What `decode` does, but for control characters: for who looks at them part by part."""
    if not raw:
        raise Malformed("A JSON body is required.")
    try:
        if not raw.isascii():
            raw.decode()  # what the type leaves unread is text all the same
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise invalid(error, type_) from None
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
        raise invalid(error, type_) from None


def invalid(error: msgspec.ValidationError, type_: Any = None) -> Invalid:
    """The decoder's complaint with the field it is about, and, of a type with a few values, with these."""
    text = str(error)
    place = _AT_PATH.search(text)
    named = _NAMED_FIELD.search(text)
    field = (place.group(1) if place else "") or (named.group(1) if named else "")
    # A name that is not known is the client's own, of any length.
    told = _AT_PATH.sub("", text)[:_LONGEST_ECHO]
    if text.startswith(_NO_CHOICE) and (good := choices(type_, text.rpartition(" - at `")[2].rstrip("`"))):
        told += f": it is {' or '.join(filter(None, (', '.join(good[:-1]), good[-1])))}"
    return Invalid(f"{told}.", field=field[:_LONGEST_ECHO] or None)
