"""The schema of a tenant's contacts: typed attributes, and what value fits which type."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from ringbook.domain.problems import Invalid
from ringbook.domain.text import search_key

AttributeType = Literal["Text", "Phone", "Email", "Date", "DateTime", "URL", "Bool", "Number"]

TYPE_SPELLINGS: dict[str, AttributeType] = {
    "text": "Text",
    "string": "Text",
    "phone": "Phone",
    "email": "Email",
    "date": "Date",
    "datetime": "DateTime",
    "url": "URL",
    "bool": "Bool",
    "boolean": "Bool",
    "number": "Number",
}
"""Every spelling of a type that is understood, in lower case (contracts/cim.md 3.2)."""

LONGEST_TEXT = 1000
LONGEST_NUMBER = 100
NAME_KEYS = ("first_name", "last_name")
CUSTOMER_ID = "customer_id"
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
RESERVED_KEYS = frozenset({"_id", "__v", "created_at", "updated_at"})

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")

PREDEFINED: tuple[tuple[str, str, AttributeType], ...] = (
    (CUSTOMER_ID, "Customer id", "Text"),
    ("first_name", "First name", "Text"),
    ("last_name", "Last name", "Text"),
    *((f"phone{n}", f"Phone {n}", "Phone") for n in range(1, 11)),
    ("email", "Email", "Email"),
    ("company", "Company", "Text"),
    ("address", "Address", "Text"),
    ("city", "City", "Text"),
    ("state", "State", "Text"),
    ("country", "Country", "Text"),
    ("postal_code", "Postal code", "Text"),
)
"""The attributes every tenant has: key, label, type."""


class TooManyAttributes(Invalid):
    """There are as many attributes as there may be."""


class Attribute(msgspec.Struct, frozen=True):
    """One entry of the schema. `aliases` are keys that it had before: still understood, never told."""

    id: int
    key: str
    label: str
    type: AttributeType
    predefined: bool = False
    required: bool = False
    unique: bool = False
    searchable: bool = True
    default: str | None = None
    max_length: int | None = None
    pii: bool = False
    order: int = 0
    description: str = ""
    channel_identifier: str | None = None
    created_second: int = 0
    aliases: tuple[str, ...] = ()


class Schema:
    """All visible attributes of a tenant."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self.attributes = tuple(attributes)
        self.by_key: Mapping[str, Attribute] = {a.key: a for a in self.attributes}

    def named(self, key: str) -> Attribute | None:
        """The attribute that has this key, or had it before it was renamed."""
        return self.by_key.get(key) or self._by_alias.get(key)

    @cached_property
    def _by_alias(self) -> Mapping[str, Attribute]:
        return {alias: a for a in self.attributes for alias in a.aliases}

    @cached_property
    def phone_keys(self) -> frozenset[str]:
        return frozenset(a.key for a in self.attributes if a.type == "Phone")

    @cached_property
    def required_keys(self) -> tuple[str, ...]:
        return tuple(a.key for a in self.attributes if a.required)

    @cached_property
    def _defaults(self) -> tuple[tuple[str, str], ...]:
        return tuple((a.key, a.default) for a in self.attributes if a.default is not None)

    @property
    def has_defaults(self) -> bool:
        return bool(self._defaults)

    @cached_property
    def unique(self) -> tuple[Attribute, ...]:
        return tuple(a for a in self.attributes if a.unique and a.type != "Phone")

    def accept(self, values: Mapping[str, Any], *, loose: bool = False) -> dict[str, Any]:
        """`values` checked against the schema, in their order; None (clear this attribute) passes.

        Raises Invalid naming the first attribute that is unknown or whose value does not fit its type. `loose` lets
        plain values of unknown keys pass: they become an attribute's when one of that key is made.
        """
        accepted: dict[str, Any] = {}
        for key, value in values.items():
            attribute = self.named(key)
            if attribute is not None:
                accepted[attribute.key] = _fitting(attribute, key, value)
            elif loose:
                accepted[key] = _plain(key, value)
            else:
                raise Invalid("The schema has no such attribute.", field=key)
        return accepted

    def unknown(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the keys that the schema lacks."""
        return tuple(key for key in keys if self.named(key) is None)

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` of a new contact without the unset ones and with defaults; Invalid if a required one is missing."""
        kept = self.with_defaults(values)
        self.check_required(kept, self.required_keys)
        return kept

    def with_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` without the unset ones, and with the defaults of those."""
        kept = {key: value for key, value in values.items() if value is not None}
        return kept | {key: default for key, default in self._defaults if key not in kept}

    def check_required(self, values: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Invalid if one of these attributes is required and has no value."""
        for key in keys:
            if self.by_key[key].required and values.get(key) in (None, ""):
                raise Invalid(f"{key} is required.", field=key)


class Misread(NamedTuple):
    """A date or number that is not in the form in which its file was said to have them. It fits no attribute."""

    fault: str


def _fitting(attribute: Attribute, key: str, value: Any) -> Any:
    fault = None if value is None else fault_of(attribute, value)
    if fault:
        fault = value.fault if isinstance(value, Misread) else fault
        raise Invalid(f"{key} {fault}.", field=key)
    return value


def _plain(key: str, value: Any) -> Any:
    """A value that no attribute is there for: text, a number, true, false, or None."""
    if not KEY.fullmatch(key) or key in RESERVED_KEYS:
        raise Invalid("A key has letters, digits and _, 64 at most, and does not begin with a digit.", field=key[:64])
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Invalid(f"{key} must have {LONGEST_TEXT} characters at most.", field=key)
    if isinstance(value, float | int) and not isinstance(value, bool) and _number(value) is None:
        raise Invalid(f"{key} is too large a number.", field=key)
    if value is not None and not isinstance(value, str | bool | int | float):
        raise Invalid(f"{key} must be a text, a number, true or false.", field=key)
    return value


def converted(attribute: Attribute, value: Any) -> Any:
    """`value` as this attribute can have it: itself, or what it is as text; Invalid if neither fits."""
    if fault_of(attribute, value) is None:
        return value
    text = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    text = str(text).strip()
    if fault_of(attribute, text) is None:
        return text
    raise Invalid(f"{attribute.key} cannot have this value.", field=attribute.key)


def fault_of(attribute: Attribute, value: Any) -> str | None:
    """What is wrong with `value` for this attribute, as the end of a sentence; None if it fits.

    An empty text fits every type: call variables and forms send it for "nothing known".
    """
    if attribute.type == "Bool":
        fits = isinstance(value, bool) or (isinstance(value, str) and value in ("true", "false", ""))
        return None if fits else "must be true or false"
    if attribute.type == "Number":
        return None if value == "" or _number(value) is not None else "must be a number"
    if not isinstance(value, str):
        return "must be text"
    if len(value) > (attribute.max_length or LONGEST_TEXT):
        return f"must have {attribute.max_length or LONGEST_TEXT} characters at most"
    if value and attribute.type in _CHECKS:
        check, fault = _CHECKS[attribute.type]
        return None if check(value) else fault
    return None


def all_fit(attribute: Attribute, texts: Sequence[str]) -> bool:
    """Whether fault_of() finds nothing in any of these texts."""
    if attribute.type not in ("Text", "Phone", *_CHECKS):
        return all(fault_of(attribute, text) is None for text in texts)
    if texts and fault_of(attribute, max(texts, key=len)):
        return False
    return attribute.type not in _CHECKS or all(map(_CHECKS[attribute.type][0], filter(None, texts)))


def searchable_text(attribute: Attribute, value: Any) -> str | None:
    """The folded copy of a value that searches compare with; None where there is nothing to find."""
    if value is None or value == "":
        return None
    if attribute.type == "Bool":
        return "true" if value in (True, "true") else "false"
    if attribute.type == "Number":
        number = _number(value)
        return None if number is None else repr(number)
    text = str(value)
    if attribute.type == "DateTime":
        moment = _datetime(text)
        return None if moment is None else moment.isoformat()
    return search_key(text) or None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > LONGEST_NUMBER or "_" in value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _datetime(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not any(c.isspace() for c in text)


_CHECKS: dict[str, tuple[Any, str]] = {
    "Email": (_EMAIL.fullmatch, "must be an e-mail address"),
    "Date": (lambda text: _date(text) is not None, "must be a date, YYYY-MM-DD"),
    "DateTime": (lambda text: _datetime(text) is not None, "must be a date and time, ISO 8601"),
    "URL": (_url, "must be a URL"),
}
