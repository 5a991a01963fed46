"""JSON as Google's Gson reads it when it is lenient, with its words for what it cannot read (contract 6.2).

Clients were written against that reader: Python's `str(dict)` with single quotes is understood, so are names without
quotes, and what is wrong is told with line and column. Good JSON goes the short way, through Python's own reader.

A number keeps its spelling: one that is no small integer is a Decimal.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from ringbook.domain.problems import Invalid, Malformed

Shape = Literal["object", "array", "array of objects"]

DEEPEST = 20
_LONGEST_ECHO = 200
_LONGEST_INTEGER = 18
_LONGEST_LENIENT = 2 * 1024 * 1024
"""How much is read the long way, which takes a hundred times as long."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_SPACE = " \t\r\n"
_LITERAL = re.compile(r"[^/\\;#={}\[\]:, \t\f\r\n]*")
_PLAIN = {quote: re.compile(rf"[^\\{quote}]*") for quote in "'\""}
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"} | {c: c for c in "\n'\"\\/"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def read(raw: bytes, shape: Shape) -> Any:
    """The value; Malformed in Gson's words if it cannot be read or has another shape, Invalid for an unfit text."""
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    try:
        value = _SHORT.decode(text.strip(_SPACE))
    except (ValueError, RecursionError) as error:
        if len(raw) > _LONGEST_LENIENT:
            raise Malformed(f"The body is not valid JSON: {error}.") from None
        value = _Reader(text).document(shape)
    if not _has_shape(value, shape):
        # Read again, for the words and the place.
        _Reader(text).document(shape)
        raise Malformed("The body has another shape.")
    if not _is_harmless(raw):
        _check(value)
    return value


def _is_harmless(raw: bytes) -> bool:
    """Whether there is nothing to refuse in what was read: no sign that could hide, and too few brackets to go deep."""
    plain = raw.isascii() and b"\\" not in raw and b"\x7f" not in raw and raw.count(b"{") + raw.count(b"[") < DEEPEST
    # Between quotes, only the lenient way lets control characters pass.
    return plain and raw.replace(b"\n", b" ").replace(b"\r", b" ").replace(b"\t", b" ").decode().isprintable()


def _has_shape(value: Any, shape: Shape) -> bool:
    if shape == "object":
        return isinstance(value, dict)
    return isinstance(value, list) and (shape == "array" or all(isinstance(one, dict) for one in value))


def _check(value: Any) -> None:
    """Refuse what no field may hold and what is nested too deeply. It is not recursive: the depth is a stranger's."""
    waiting = [(value, 1)]
    while waiting:
        inner, depth = waiting.pop()
        if isinstance(inner, str):
            if not inner.isascii() or not inner.isprintable():
                _check_text(inner)
        elif isinstance(inner, dict | list):
            if depth > DEEPEST:
                raise Malformed("The body is nested too deeply.")
            if isinstance(inner, dict):
                waiting += ((one, depth + 1) for one in inner)
                inner = inner.values()
            waiting += ((one, depth + 1) for one in inner)


def _check_text(text: str) -> None:
    if _CONTROL.search(text):
        raise Invalid("A text contains a control character.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice: the long way says which")
    return found


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INTEGER else _number(text)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _no_constant(text: str) -> Any:
    raise ValueError(text)


_SHORT = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_no_constant
)


class _Reader:
    """Gson's JsonReader, lenient: `at` is where it stands, from which it tells the column."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._path: list[int | None] = []

    def document(self, shape: Shape) -> Any:
        value = self._value(shape)
        if self._next_sign(required=False):
            raise Malformed("JSON document was not fully consumed.")
        return value

    def _value(self, shape: Shape | None) -> Any:
        if len(self._path) > DEEPEST:
            raise Malformed("The body is nested too deeply.")
        if not self._path and not self._text.strip(_SPACE):
            raise Malformed("A JSON body is required.")
        sign = self._next_sign()
        if sign == "{":
            self._expect(shape, "BEGIN_OBJECT")
            return self._object()
        if sign == "[":
            self._expect(shape, "BEGIN_ARRAY")
            return self._array("object" if shape == "array of objects" else None)
        if sign in "\"'":
            self._expect(shape, "STRING")
            return self._quoted(sign)
        self._at -= 1
        return self._literal(shape)

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._path.append(None)
        sign = self._next_sign()
        while sign != "}":
            if sign in "\"'":
                name = self._quoted(sign)
            else:
                self._at -= 1
                name = self._unquoted()
                if not name:
                    self._at += 1
                    self._fail("Expected name")
            sign = self._next_sign()
            if sign == "=":
                self._at += self._text[self._at : self._at + 1] == ">"
            elif sign != ":":
                self._fail("Expected ':'")
            value = self._value(None)
            if name in found:
                raise Malformed(f"duplicate key: {name[:_LONGEST_ECHO]}")
            found[name] = value
            sign = self._next_sign()
            if sign in ",;":
                sign = self._next_sign()
                if sign == "}":
                    self._fail("Expected name")
            elif sign != "}":
                self._fail("Unterminated object")
        self._path.pop()
        return found

    def _array(self, shape: Shape | None) -> list[Any]:
        found: list[Any] = []
        self._path.append(0)
        sign = self._next_sign()
        while sign != "]":
            if sign in ",;":
                found.append(None)  # lenient: nothing is null
                self._at -= 1
            else:
                self._at -= 1
                found.append(self._value(shape))
            self._path[-1] = len(found)
            sign = self._next_sign()
            if sign in ",;":
                sign = self._next_sign()
                if sign == "]":
                    found.append(None)
            elif sign != "]":
                self._fail("Unterminated array")
        self._path.pop()
        return found

    def _literal(self, shape: Shape | None) -> Any:
        start = self._at
        text = self._unquoted()
        word = text.casefold()
        if word in _WORDS:
            self._expect(shape, "NULL" if word == "null" else "BOOLEAN")
            return _WORDS[word]
        if _NUMBER.fullmatch(text):
            # Gson has read an integer by the time it complains, and not yet a fraction.
            self._at = self._at if text.removeprefix("-").isdigit() else start
            self._expect(shape, "NUMBER")
            self._at = start + len(text)
            return _integer(text) if text.removeprefix("-").isdigit() else _number(text)
        if not text:
            self._at = start
            self._expect(shape, "STRING")
            self._fail("Expected value")
        self._at = start
        self._expect(shape, "STRING")
        self._at = start + len(text)
        return text

    def _unquoted(self) -> str:
        match = _LITERAL.match(self._text, self._at)
        assert match is not None, "it matches nothing, too"
        self._at = match.end()
        return match[0]

    def _quoted(self, quote: str) -> str:
        parts: list[str] = []
        while True:
            match = _PLAIN[quote].match(self._text, self._at)
            assert match is not None, "it matches nothing, too"
            parts.append(match[0])
            sign = self._text[match.end() : match.end() + 1]
            self._at = match.end() + 1
            if not sign:
                self._at -= 1
                self._fail("Unterminated string")
            if sign == quote:
                return "".join(parts)
            parts.append(self._escaped())

    def _escaped(self) -> str:
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        if sign == "u":
            digits = self._text[self._at : self._at + 4]
            if re.fullmatch("[0-9a-fA-F]{4}", digits) is None:
                self._fail("Unterminated escape sequence" if len(digits) < 4 else f"\\u{digits}")
            self._at += 4
            return self._paired(chr(int(digits, 16)))
        return _ESCAPED[sign] if sign in _ESCAPED else self._fail("Invalid escape sequence")

    def _paired(self, sign: str) -> str:
        """A sign that is one half, with its other half, if that follows."""
        other = re.match(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})", self._text[self._at : self._at + 6])
        if other is None or not "\ud800" <= sign <= "\udbff":
            return sign
        self._at += 6
        return (sign + chr(int(other[1], 16))).encode("utf-16", "surrogatepass").decode("utf-16")

    def _next_sign(self, *, required: bool = True) -> str:
        """The next sign that is neither a blank nor in a comment, which is passed; "" at the end, if that may be."""
        text = self._text
        while self._at < len(text):
            sign = text[self._at]
            self._at += 1
            if sign in _SPACE:
                continue
            if sign == "#" or (sign == "/" and text[self._at : self._at + 1] == "/"):
                self._pass("\n")
            elif sign == "/" and text[self._at : self._at + 1] == "*":
                self._at += 1
                self._pass("*/", "Unterminated comment")
            else:
                return sign
        return self._fail("End of input") if required else ""

    def _pass(self, end: str, complaint: str = "") -> None:
        found = self._text.find(end, self._at)
        if found < 0 and complaint:
            self._fail(complaint)
        self._at = len(self._text) if found < 0 else found + len(end)

    def _expect(self, shape: Shape | None, kind: str) -> None:
        wanted = {None: kind, "object": "BEGIN_OBJECT"}.get(shape, "BEGIN_ARRAY")
        if kind != wanted:
            self._fail(f"Expected {wanted} but was {kind}")

    def _fail(self, complaint: str) -> Any:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - (self._text.rfind("\n", 0, self._at) + 1) + 1
        path = "$" + "".join(f"[{index}]" for index in self._path if index is not None)
        raise Malformed(f"{complaint} at line {line} column {column} path {path}")
