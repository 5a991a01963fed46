"""What imports and exports agree on: how a value looks in a cell, and which columns are no attributes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ringbook.domain.schema import Attribute, fault_of

RINGBOOK_ID = "ringbook_id"
"""The column by which an export says which contact a row is about."""
REPORT_COLUMNS = ("import_row", "import_column", "import_reason")
"""What a report has beside the row itself; an import takes no notice of them."""

_DANGER = re.compile(r"'*[=+\-@\t\r]")
"""How a text begins that a spreadsheet would take for a formula, also behind apostrophes of ours."""
_HARMLESS = re.compile(r"\+[\d\s().\-/]{3,30}|-\d{1,20}([.,]\d{1,20})?")
"""A telephone number, or a number below zero."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)")
_YES = ("true", "yes", "1", "ja", "wahr", "oui", "vrai", "sí", "si", "verdadero")
_NO = ("false", "no", "0", "nein", "falsch", "non", "faux", "falso")
_BOOLS = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
"""As people and spreadsheets write them: Excel writes the words of its country."""


def defused(text: str) -> str:
    """A text as a cell that no spreadsheet runs as a formula: with an apostrophe in front, if it needs one."""
    return "'" + text if _DANGER.match(text) and not _HARMLESS.fullmatch(text) else text


def undefused(cell: str) -> str:
    """The text that defused() was given."""
    return cell[1:] if cell.startswith("'") and _DANGER.match(cell) else cell


def cell_of(value: Any) -> str:
    """A value as a cell of a CSV file. A text and the number, or the truth, that it spells look the same."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return defused(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def value_of(attribute: Attribute, cell: str) -> Any:
    """What a cell says of an attribute; whether that fits is not decided here."""
    text = undefused(cell)
    if attribute.type in ("Text", "Phone"):
        return text
    if attribute.type == "Number":
        return _number(text)
    if attribute.type == "Bool":
        return _BOOLS.get(text.strip().lower(), text)
    return text.strip() if fault_of(attribute, text) else text


def kept(attribute: Attribute, stored: Any, said: Any) -> Any:
    """What a cell says, or the stored value where that would have looked the same (docs/decisions/0021)."""
    if stored == said or said is None or not isinstance(stored, str):
        return said
    return stored if value_of(attribute, cell_of(stored)) == said else said


def _number(cell: str) -> Any:
    """A number that is written in the one way in which it would be exported; any other text as it is."""
    text = cell.strip()
    if _NUMBER.fullmatch(text) and len(text) < 4000 and text != "-0":
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text and number - number == 0 else text
