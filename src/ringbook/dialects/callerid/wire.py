"""The question as telephone systems ask it, and the answer in each format (contract, "What Ringbook answers")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

import msgspec
from starlette.responses import Response

from ringbook.dialects.callerid import phone_books, plain
from ringbook.domain.caller_name import NO_ROUTING, NamedCaller, Routing
from ringbook.domain.object_id import ObjectId

LONGEST_NAME = 80

_MOST_PARAMETERS = 100
_MOST_COLUMNS = 10
_LONGEST_ECHO = 100
_YES = frozenset({"1", "true", "yes", "on"})


class NameQuery(msgspec.Struct, frozen=True):
    """What may be asked; an option that cannot be read is as if it were not there."""

    number: str = ""
    format: str = "text"
    max: str = ""
    ascii: str = ""
    variant: str = "cisco"
    key: str = ""


_OPTIONS = frozenset(NameQuery.__struct_fields__) - {"number"}


class Asked(NamedTuple):
    """A question, read without ever failing: what it is about may be nothing at all.

    `columns` are the parameters that carry the number: wazo-dird names them as the columns that it searches.
    """

    columns: Mapping[str, str]
    format: str
    longest: int
    ascii: bool
    variant: str
    key: str

    @property
    def number(self) -> str:
        return next(iter(self.columns.values()), "")

    @property
    def spellings(self) -> Sequence[str]:
        """The number as meant, then as written: a plus that nobody encoded arrives as a blank."""
        number = self.number
        written = number.lstrip(" +")
        return (number, written) if number.startswith("+") and written else (number,)

    def shown(self, name: str) -> str:
        """A name as it may be shown on a telephone."""
        return plain.line(name, self.longest, ascii=self.ascii)


def asked(query: bytes) -> Asked:
    """What a query string asks, however broken it is. Of a name that is there twice, the first counts."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        pairs = []
    given = {name.strip(): value for name, value in reversed(pairs)}
    columns = {
        name[:_LONGEST_ECHO]: _number(given[name])
        for name in reversed(given)
        if name and name not in _OPTIONS and not plain.is_broken(name)
    }
    if "number" in columns:
        columns = {"number": columns["number"]} | columns
    return Asked(
        columns=dict(list(columns.items())[:_MOST_COLUMNS]),
        format=given.get("format", "").strip().lower(),
        longest=_longest(given.get("max", "")),
        ascii=given.get("ascii", "").strip().lower() in _YES,
        variant=given.get("variant", "").strip().lower(),
        key=given.get("key", ""),
    )


def answer(asked: Asked, callers: Sequence[NamedCaller], routing: Routing = NO_ROUTING) -> Response:
    """The answer in the format that was asked for. Nobody is an answer like any other, and always the same."""
    media_type, told = _FORMATS.get(asked.format, _TEXT)
    # The key may be in the URL, and a name changes: nothing on the way should keep either.
    return Response(told(asked, callers, routing), media_type=media_type, headers={"cache-control": "no-store"})


def _number(value: str) -> str:
    value = value[: _LONGEST_ECHO + 1]  # one too many is refused
    if value.startswith(" ") and value[1:2] in "123456789":
        return "+" + value[1:]
    return value.strip()


def _longest(value: str) -> int:
    value = value.strip()
    readable = value.isascii() and value.isdigit() and len(value) < 5
    return min(int(value), LONGEST_NAME) if readable and int(value) else LONGEST_NAME


def _text(asked: Asked, callers: Sequence[NamedCaller], routing: Routing) -> str:
    """One line without an end: Kamailio takes exactly the first line, FreePBX and FreeSWITCH all there is."""
    return asked.shown(callers[0].name) if callers else ""


def _hash(asked: Asked, callers: Sequence[NamedCaller], routing: Routing) -> str:
    """For Asterisk's HASH(CURL()): blanks as %20, since it takes a plus for a plus."""
    if not callers:
        return ""
    caller = callers[0]
    fields = {
        "name": asked.shown(caller.name),
        "id": _id(caller),
        "vip": str(int(caller.vip)),
        "last_agent": asked.shown(routing.last_agent),
        "dnc": str(int(routing.barred)),
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


def _json(asked: Asked, callers: Sequence[NamedCaller], routing: Routing) -> bytes:
    if not callers:
        return b'{"found":false}'
    caller = callers[0]
    told = {
        "found": True,
        "name": asked.shown(caller.name),
        "contact": _contact(asked, caller),
        "candidates": len(callers),
    }
    return msgspec.json.encode(told)


def _csv(asked: Asked, callers: Sequence[NamedCaller], routing: Routing) -> str:
    """A header and a row a caller. The asked columns repeat the number as it was asked: wazo-dird compares texts."""
    columns = list(asked.columns) or ["number"]
    own = [column for column in ("id", "name", "first_name", "last_name", "company") if column not in columns]
    rows = [[*columns, *own]]
    for caller in callers:
        told = _contact(asked, caller) | {"name": asked.shown(caller.name)}
        rows.append([*asked.columns.values(), *(told[column] for column in own)])
    return plain.csv(rows)


def _xml(asked: Asked, callers: Sequence[NamedCaller], routing: Routing) -> str:
    names = [name for name in (asked.shown(caller.name) for caller in callers) if name]
    return phone_books.directory(asked.variant, names, asked.number)


def _contact(asked: Asked, caller: NamedCaller) -> dict[str, str]:
    return {
        "id": _id(caller),
        "first_name": asked.shown(caller.first_name),
        "last_name": asked.shown(caller.last_name),
        "company": asked.shown(caller.company),
    }


def _id(caller: NamedCaller) -> str:
    return str(ObjectId(caller.created_second, caller.id))


_Told = Callable[[Asked, Sequence[NamedCaller], Routing], str | bytes]
_TEXT: tuple[str, _Told] = ("text/plain", _text)
_FORMATS: Mapping[str, tuple[str, _Told]] = {
    "text": _TEXT,
    "hash": ("text/plain", _hash),
    "json": ("application/json", _json),
    "csv": ("text/csv", _csv),
    "xml": ("text/xml", _xml),
}
MEDIA_TYPES = tuple(dict.fromkeys(media_type for media_type, _ in _FORMATS.values()))
