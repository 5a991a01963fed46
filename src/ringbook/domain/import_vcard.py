"""vCard 2.1 to 4.0: each card is a row; its columns are the attributes every tenant has, and what else it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import vobject
from vobject.base import ParseError, VObjectError

from ringbook.domain.import_lines import Lines, fault_of
from ringbook.domain.table import LONGEST_ROW, FileForm, Mark, Row

ATTRIBUTE = "X-ATTRIBUTE"
"""The parameter by which our own cards say which attribute a property is."""
AS_JSON = "X-JSON"
"""The parameter of a value that is no plain text."""
OTHER = "X-RINGBOOK"
"""The property for an attribute that a card has no place for."""
UID_BEGINS = "ringbook:"

_LOOKED_AT = 100
_SHOWN = 100
"""Lines of a card that is refused for its length."""
_PLAIN = {"NOTE": "note", "TITLE": "title", "ROLE": "role", "URL": "url"}
_MEDIA = re.compile(r"([\w-]+\.)?(PHOTO|LOGO|SOUND|KEY)[;:]")
"""Properties that nothing is known of here, and that may be long."""
_UNSAID = frozenset({"VERSION", "PRODID", "REV", "PHOTO", "LOGO", "SOUND", "KEY", "FN", "N", "X-ABLABEL"})
_BASIC_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")


class VcardReader:
    """The cards of a file, from a mark on. What stands between two cards is a row that cannot be read."""

    def __init__(self, form: FileForm, pieces: Iterator[str], at: Mark) -> None:
        self.blank = 0
        self._lines = Lines(pieces, form.encoding, at.offset)
        self._row = at.row

    @property
    def mark(self) -> Mark:
        return Mark(self._lines.offset, self._row)

    def __iter__(self) -> Iterator[Row]:
        lines = self._lines
        card: list[str] = []
        size, in_media, whole = 0, False, True
        for line in lines:
            word = line.strip().upper()
            if card and word == "BEGIN:VCARD":
                lines.back_to(lines.taken - 2)  # this line begins the next card
                yield self._unread(card, "the card has no END:VCARD")
            elif card and word != "END:VCARD":
                in_media = _is_media(word) or (in_media and (not whole or line[0] in " \t" or not word))
                whole = line.endswith("\n")  # a very long one comes in parts
                size += 0 if in_media else len(line)
                if not in_media and size <= LONGEST_ROW:
                    card.append(line)
                continue
            elif card and size > LONGEST_ROW:
                yield self._unread(card[:_SHOWN], "the card is too long")
            elif card:
                yield self._read([*card, line])
            elif word == "BEGIN:VCARD":
                card, size, in_media, whole = [line], 0, False, True
                continue
            elif word:
                yield self._unread([line], "here no card begins")
            card = []
        if card:
            yield self._unread(card[:_SHOWN], "the card has no END:VCARD")

    def _read(self, card: list[str]) -> Row:
        text = "".join(card)
        fault = fault_of(text)
        if fault:
            return self._unread(card, fault)
        try:
            values = _values(vobject.readOne(text, allowQP="QUOTED-PRINTABLE" in text.upper()))
        except (ParseError, VObjectError, ValueError, IndexError, KeyError, StopIteration) as error:
            return self._unread(card, f"the card cannot be read ({error})"[:200])
        self._row += 1
        return Row(self._row, values)

    def _unread(self, card: list[str], fault: str) -> Row:
        self._row += 1
        return Row(self._row, {"card": "".join(card)}, fault)


def _values(card: Any) -> dict[str, Any]:
    """What a card says, by attribute."""
    said: dict[str, Any] = {}
    phones = mails = 0
    for line in card.getChildren():
        value = _text(line)
        own = line.params.get(ATTRIBUTE)
        if own:
            said[own[0]] = msgspec.json.decode(value) if AS_JSON in line.params else value
        elif line.name == "TEL":
            phones += 1
            said.setdefault(f"phone{phones}", value.removeprefix("tel:"))
        elif line.name == "EMAIL":
            mails += 1
            said.setdefault("email" if mails == 1 else f"email{mails}", value)
        elif line.name == "BDAY":
            said.setdefault("birthday", _BASIC_DATE.sub(r"\1-\2-\3", value) if len(value) == 8 else value)
        elif line.name == "UID" and value.startswith(UID_BEGINS):
            said["ringbook_id"] = value.removeprefix(UID_BEGINS)
        elif line.name == "ORG":
            said.setdefault("company", line.value[0] if isinstance(line.value, list) else value)
        elif line.name == "ADR":
            _tell_address(said, line.value)
        elif line.name in _PLAIN:
            said.setdefault(_PLAIN[line.name], value)
        elif line.name not in _UNSAID:
            said.setdefault(line.name.lower(), value)
    _tell_name(said, card)
    return said


def _is_media(word: str) -> bool:
    return _MEDIA.match(word) is not None


def _tell_address(said: dict[str, Any], address: Any) -> None:
    parts = {
        "address": _joined(address.street),
        "city": _joined(address.city),
        "state": _joined(address.region),
        "postal_code": _joined(address.code),
        "country": _joined(address.country),
    }
    for key, text in parts.items():
        if text:
            said.setdefault(key, text)


def _tell_name(said: dict[str, Any], card: Any) -> None:
    """The parts of the name; a card that has only a whole one says it as the last name.

    But for one of ours: a card has to have a whole name, and what it is may be the company, or a number.
    """
    name = getattr(card, "n", None)
    parts = {"first_name": _joined(name.value.given), "last_name": _joined(name.value.family)} if name else {}
    if not any(parts.values()) and not {"first_name", "last_name", "company", "ringbook_id"} & said.keys():
        whole = getattr(card, "fn", None)
        parts = {"last_name": whole.value.strip() if whole else ""}
    for key, text in parts.items():
        if text:
            said.setdefault(key, text)


def _text(line: Any) -> str:
    return _joined(line.value) if isinstance(line.value, str | list) else ""


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def columns_of(sample: str) -> tuple[str, ...]:
    """The names of what the first cards of a file say, in the order they come up."""
    rows = VcardReader(FileForm("vcard"), iter([sample]), Mark())
    return tuple(dict.fromkeys(name for row in islice(rows, _LOOKED_AT) if not row.fault for name in row.values))
