"""Forms as browsers send them, read into an operation's type: bounded, strict, and marked as this user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_origin
from urllib.parse import parse_qsl

import msgspec

from ringbook.domain.problems import Invalid, Malformed
from ringbook.web import body

MOST_FIELDS = 1000


class Form(msgspec.Struct, frozen=True):
    """What every form carries: the token that only this user's pages have."""

    form_token: str = ""


class Fields(Form, frozen=True):
    """A form whose fields are the tenant's own: texts by name."""

    texts: Mapping[str, str] = {}


def decode(raw: bytes, type_: Any) -> Any:
    """An application/x-www-form-urlencoded body as `type_`: a Form, whose lists have a field's every value."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), errors="strict")
    except ValueError:
        raise Malformed("The form is not valid.") from None
    if len(pairs) > MOST_FIELDS:
        raise Malformed(f"A form has {MOST_FIELDS} fields at most.")
    for _, value in pairs:
        if body.CONTROL.search(value):
            raise Invalid("A text contains a control character.")
    if type_ is Fields:
        texts = dict(pairs)
        return Fields(texts.pop("form_token", ""), texts)
    lists = _lists_of(type_)
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        raise body.invalid(error) from None


@cache
def _lists_of(type_: Any) -> frozenset[str]:
    """The fields of which there may be several."""
    fields = msgspec.structs.fields(type_)
    return frozenset(field.encode_name for field in fields if get_origin(field.type) is list)


def lines(text: str, of: Callable[[str], str] = str.strip) -> list[str]:
    """The lines of a text that say something."""
    return [line for raw in text.splitlines() if (line := of(raw))]
