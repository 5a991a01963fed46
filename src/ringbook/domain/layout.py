"""The layout of a calling list: its fields, and what a submitted record becomes under them.

The rules are Bright Pattern's (contracts/brightpattern.md 2.1), which are the richest of the vendors'; a list whose
phones have the type AS_GIVEN keeps numbers as they come, as wolkvox and jtel do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Literal

import msgspec

from ringbook.domain.date_format import date_format
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import CUSTOMER_ID, PREDEFINED
from ringbook.domain.text import bounded, search_key

FieldType = Literal[
    "ACCOUNT",
    "AGENT_LOGIN_ID",
    "CALLING_NUMBER",
    "COMPANY",
    "DATETIME",
    "DATETIME_CALL_AT",
    "FIRST_NAME",
    "INTEGER",
    "LAST_NAME",
    "OTHER",
    "PHONE",
    "ZIP_CODE",
    "PRIORITY",
    "STATE",
    "TIMEZONE",
]

EXTERNAL_ID_FIELD = "UserData"
"""The field with a foreign system's id: jtel's."""
LONGEST_VALUE = 10_000
_MOST_REMEMBERED = 64

_ATTRIBUTE_OF_TYPE = {
    "ACCOUNT": CUSTOMER_ID,
    "FIRST_NAME": "first_name",
    "LAST_NAME": "last_name",
    "COMPANY": "company",
    "STATE": "state",
    "ZIP_CODE": "postal_code",
}
# A field of another type may carry an attribute's name. Never customer_id: only ACCOUNT says who somebody is.
_ATTRIBUTE_OF_NAME = {key: key for key, _, kind in PREDEFINED if key != CUSTOMER_ID and kind != "Phone"}
PHONE_ATTRIBUTES = 10
_NONE: Mapping[str, str] = {}
_encode = msgspec.json.Encoder().encode
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_DIGIT = re.compile(r"\d")
_NOT_A_DIGIT = re.compile(r"\D+", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_DATES: frozenset[str] = frozenset({"DATETIME", "DATETIME_CALL_AT"})
_FORMED: frozenset[str] = _DATES | {"PHONE", "INTEGER"}
"""Types whose values have a form."""


class Field(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One column of a layout, with the properties and spelling of contracts/brightpattern.md 2.1."""

    name: str
    type: FieldType = "OTHER"
    key: bool = False
    required: bool = False
    searchable: bool = False
    skip: bool = False
    time_zone: str | None = None
    format: str = "MM/dd/yyyy HH:mm"
    phone_type: Literal["OTHER", "US_CANADA", "AS_GIVEN"] = "OTHER"
    remove_prefix: str = ""
    default_country_code: str = ""
    override_timezone: bool = False
    default: str | None = None
    order: str | None = None
    expires_after: int | None = None
    aliases: tuple[str, ...] = ()

    @property
    def attribute(self) -> str | None:
        """The contact's attribute that this field also is, if any; phones are told apart by their slot."""
        by_type = _ATTRIBUTE_OF_TYPE.get(self.type)
        return by_type or _ATTRIBUTE_OF_NAME.get(_NOT_A_WORD.sub("_", self.name.casefold()).strip("_"))

    @property
    def is_formed(self) -> bool:
        """Whether values have a form, and are not stored as they come but for blanks around them."""
        return self.type in _FORMED and not (self.type == "PHONE" and self.phone_type == "AS_GIVEN")


class RecordPhone(msgspec.Struct, frozen=True):
    slot: int
    field: str
    raw: str


class RecordDraft(msgspec.Struct, frozen=True):
    """A record under its list's layout: what is stored, and whom it speaks of. `phones` are all it has, as written."""

    fields: dict[str, str]
    key_text: str
    key_submitted: str
    phones: tuple[RecordPhone, ...]
    customer_id: str | None
    external_id: str | None
    attributes: dict[str, str]

    @property
    def sort_name(self) -> str:
        """What the record is sorted by among others: its last name, else the first, else the company, folded."""
        names = (self.attributes.get(key, "") for key in ("last_name", "first_name", "company"))
        return bounded(search_key(next((name for name in names if name.strip()), "")))


class Layout:
    """The fields of a list, found by name in any case or by an alias.

    A strict layout refuses a record without its keys or without any phone; a campaign's own list does not, since
    wolkvox's key is jtel's option and the other way round.
    """

    def __init__(self, fields: Sequence[Field], strict: bool = True) -> None:
        self.fields = tuple(fields)
        self.strict = strict
        self._by_name = {n.casefold(): f for f in self.fields for n in (f.name, *f.aliases)}
        # A file has as many names as values, and most are spelled as the layout spells them.
        self._as_spelled = {f.name: f for f in self.fields}

    def __getitem__(self, name: str) -> Field | None:
        return self._as_spelled.get(name) or self._by_name.get(name.strip().casefold())

    @cached_property
    def keys(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.key)

    @cached_property
    def skipped(self) -> frozenset[str]:
        """The names of fields that are neither taken nor shown."""
        return frozenset(f.name for f in self.fields if f.skip)

    @cached_property
    def phones(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.type == "PHONE")

    def fault(self) -> str | None:
        """Why this cannot be a layout, as a sentence; None when it can."""
        if not self.phones:
            return "A list needs at least one field of type PHONE."
        if len(self._by_name) != sum(1 + len(f.aliases) for f in self.fields):
            return "Two fields have the same name."
        if sum(f.type == "ACCOUNT" for f in self.fields) > 1:
            return "A list has one field of type ACCOUNT at most."
        if any(f.skip and (f.key or f.required or f.searchable) for f in self.fields):
            return "A skipped field cannot be key, required or searchable."
        return next((fault for f in self.fields if f.type in _DATES and (fault := _fault_of_format(f))), None)

    def value(self, fields: Mapping[str, str], column: str, attribute: str | None = None) -> str | None:
        """What a record of this layout says in a vendor's `column`: in the field of that name, else in the one that is
        the `attribute` it stands for; `phone1` to `phone10` are the fields of type PHONE in their order.
        """
        field = self.field_of(column, attribute)
        return None if field is None else fields.get(field.name)

    def field_of(self, column: str, attribute: str | None = None) -> Field | None:
        """Where value() reads."""
        return self[column] or self._of_attribute.get(attribute or "")

    @cached_property
    def _of_attribute(self) -> Mapping[str, Field]:
        found = {f"phone{slot}": field for slot, field in enumerate(self.phones, 1)}
        for field in self.fields:
            if field.attribute:
                found.setdefault(field.attribute, field)
        return found

    def named(self, submitted: Mapping[str, Any]) -> dict[str, str]:
        """What was submitted by the layout's own names, as text; unknown and skipped fields are left out."""
        values: dict[str, str] = {}
        for name, value in submitted.items():
            field = self._as_spelled.get(name) or self[name]
            if field is not None and not field.skip and value is not None:
                plain = type(value) is str and len(value) <= LONGEST_VALUE
                values[field.name] = value if plain else _as_text(field, value)
        return values

    def require_key(self, values: Mapping[str, str]) -> None:
        """Invalid, naming all key fields that `values` lack, the last of the layout first."""
        missing = [name.lower() for name in reversed(self.key_names) if not values.get(name, "").strip()]
        if missing or not self.key_names:
            raise Invalid(
                f"missing key: {', '.join(missing)}", field=missing[0] if missing else None, fault="missingKey"
            )

    def key_of(self, values: Mapping[str, str]) -> str:
        """The key fields of `values` as one text."""
        return bounded(_encode([values.get(name, "") for name in self.key_names]).decode())

    def draft(
        self, submitted: Mapping[str, Any], before: Mapping[str, str] | None = None, numbers: Mapping[str, str] = _NONE
    ) -> RecordDraft:
        """The record that `submitted` makes, over the fields it had `before` and its `numbers` as written, by field.

        An update may be partial: what it does not name stays as it is stored, and so does a key that the record has.
        Raises Invalid with the fact `fault`; keys are looked at first, then required fields, then formats.
        """
        given = self.named(submitted)
        known = before or _NONE
        if self.strict and self.key_names:
            self.require_key(given)
        key_submitted = self.key_of(given)
        self._check_required({**known, **given} if known else given)
        standing = {name for name in self.key_names if known.get(name)} if known else ()
        new = {name: value for name, value in given.items() if name not in standing} if standing else given
        plain, spelled = self._plain, self._as_spelled
        fresh = {
            name: new[name].strip() if name in plain else normalised(spelled[name], new[name])
            for name in self._order(tuple(new))
        }
        stored, raw = fresh, new
        if known:
            merged = {**known, **fresh}
            stored = {name: merged[name] for name in self._order(tuple(merged))}
            raw = {**known, **numbers, **new}
        phones = [
            RecordPhone(slot, name, text) for slot, name in self.slots if name in raw and (text := raw[name].strip())
        ]
        return RecordDraft(
            fields=stored,
            key_text=self.key_of(stored),
            key_submitted=key_submitted,
            phones=tuple(phones),
            customer_id=stored.get(self.account) or None,
            external_id=stored.get(EXTERNAL_ID_FIELD) or None,
            attributes=self._attributes(stored, phones),
        )

    def _in_order(self, names: Iterable[str]) -> Sequence[str]:
        """Those of the names that are fields, in the layout's order: a record has few of a campaign's own list's."""
        return sorted((name for name in names if name in self._places), key=self._places.__getitem__)

    @cached_property
    def _order(self) -> Callable[[tuple[str, ...]], Sequence[str]]:
        """The same, remembered: most records of a batch have the same fields."""
        return lru_cache(maxsize=_MOST_REMEMBERED)(self._in_order)

    @cached_property
    def key_names(self) -> Sequence[str]:
        """The names of the key fields, in the layout's order."""
        return [field.name for field in self.keys]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {field.name: at for at, field in enumerate(self.fields)}

    @cached_property
    def slots(self) -> Sequence[tuple[int, str]]:
        """The fields of type PHONE, by their order and name."""
        return [(slot, field.name) for slot, field in enumerate(self.phones, 1)]

    @cached_property
    def _plain(self) -> frozenset[str]:
        """The names of fields whose values are stored as they come."""
        return frozenset(f.name for f in self.fields if not f.is_formed)

    def stored_key_of(self, values: Mapping[str, str]) -> str:
        """The same as key_of(), of the values as the list would store them; Invalid where one has no such form."""
        return self.key_of({f.name: normalised(f, values[f.name]) for f in self.keys if f.name in values})

    def asked_key_of(self, values: Mapping[str, str]) -> str:
        """The same as stored_key_of(), for who only asks: what has no such form is no record's key."""
        try:
            return self.stored_key_of(values)
        except Invalid:
            return self.key_of(values)

    def _check_required(self, values: Mapping[str, str]) -> None:
        for required in self.required:
            if not values.get(required, "").strip():
                name = required.lower()
                raise Invalid(f"missing required field: {name}", field=name, fault="missingRequired")
        if self.strict:
            for _, phone in self.slots:
                if _DIGIT.search(values.get(phone, "")):
                    return
            raise Invalid("missing required field: at least one phone field", fault="missingRequired")

    def _attributes(self, stored: Mapping[str, str], phones: Sequence[RecordPhone]) -> dict[str, str]:
        found = {f"phone{phone.slot}": phone.raw for phone in phones if phone.slot <= PHONE_ATTRIBUTES}
        carried = self.carried
        for name, value in stored.items():
            if value and name in carried:
                found.setdefault(carried[name], value)
        return found

    @cached_property
    def required(self) -> Sequence[str]:
        """The names of the required fields."""
        return [f.name for f in self.fields if f.required]

    @cached_property
    def account(self) -> str:
        """The name of the field that says which customer it is; empty where there is none."""
        return next((f.name for f in self.fields if f.type == "ACCOUNT"), "")

    @cached_property
    def carried(self) -> Mapping[str, str]:
        """The contact's attributes that fields of these names carry."""
        return {f.name: f.attribute for f in self.fields if f.attribute}


def _fault_of_format(field: Field) -> str | None:
    try:
        date_format(field.format)
    except ValueError as error:
        return f"{field.name}: {error}."
    return None


def normalised(field: Field, value: str) -> str:
    """`value` as the list stores it: trimmed, phones and integers in their type's form. Invalid if it has none."""
    text = value.strip()
    if not text:
        return text
    if field.type == "PHONE" and field.phone_type != "AS_GIVEN":
        return _phone(field, text)
    if field.type == "INTEGER" and not _INTEGER.fullmatch(text):
        raise Invalid(f"{field.name} must be an integer", field=field.name, fault="formatError")
    if field.type in _DATES:
        return _date(field, text)
    return text


def _date(field: Field, text: str) -> str:
    known = date_format(field.format)
    moment = known.parse(text)
    if moment is None:
        asked = f"please enter date in the correct format '{field.format}'"
        raise Invalid(f"Error parsing datetime value, {asked}", field=field.name, fault="formatError")
    return known.render(moment)


def _phone(field: Field, text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", text)
    if field.phone_type == "OTHER":
        if not digits:
            return text  # it is no number, and what was given is not lost
        digits = digits.removeprefix(field.remove_prefix)
        return digits if digits.startswith(field.default_country_code) else field.default_country_code + digits
    if digits.startswith("011") or (len(digits) == 11 and digits.startswith("1")):
        return digits
    if len(digits) == 10 and not digits.startswith("1"):
        return "1" + digits
    raise Invalid("invalid US/Canada phone number", field=field.name, fault="formatError")


def _as_text(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Decimal):
        text = str(value)
        if len(text) <= LONGEST_VALUE:
            return text
        raise Invalid(f"{field.name} is longer than {LONGEST_VALUE} characters", field=field.name, fault="formatError")
    raise Invalid(f"{field.name} must be text", field=field.name, fault="formatError")
