"""Calling lists: a layout of fields, and what a submitted record becomes under it.

The rules are Bright Pattern's (contracts/brightpattern.md 2.1), which are the richest of the vendors'; a list whose
phones have the type AS_GIVEN keeps numbers as they come, as wolkvox and jtel do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

from ringbook.domain.problems import Invalid
from ringbook.domain.schema import CUSTOMER_ID, PREDEFINED
from ringbook.domain.text import bounded

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

Fault = Literal["missingKey", "missingRequired", "formatError"]

LONGEST_VALUE = 10_000

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
_PHONE_ATTRIBUTES = 10
_NONE: Mapping[str, str] = {}
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_NOT_A_DIGIT = re.compile(r"\D+", re.ASCII)


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


class ListRecord(msgspec.Struct, frozen=True):
    id: int
    list_id: int
    position: int
    fields: dict[str, str]
    key_text: str
    customer_id: str | None
    contact_id: int | None
    link: str | None
    updated_at: datetime


class Layout:
    """The fields of a list, found by name in any case or by an alias.

    A strict layout refuses a record without its keys or without any phone; a campaign's own list does not, since
    wolkvox's key is jtel's option and the other way round.
    """

    def __init__(self, fields: Sequence[Field], strict: bool = True) -> None:
        self.fields = tuple(fields)
        self.strict = strict
        self._by_name = {n.casefold(): f for f in self.fields for n in (f.name, *f.aliases)}

    def __getitem__(self, name: str) -> Field | None:
        return self._by_name.get(name.strip().casefold())

    @cached_property
    def keys(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.key)

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
        return None

    def named(self, submitted: Mapping[str, Any]) -> dict[str, str]:
        """What was submitted by the layout's own names, as text; unknown and skipped fields are left out."""
        values: dict[str, str] = {}
        for name, value in submitted.items():
            field = self[name]
            if field is not None and not field.skip and value is not None:
                values[field.name] = _as_text(field, value)
        return values

    def key_of(self, values: Mapping[str, str]) -> str:
        """The key fields of `values` as one text; a strict layout raises Invalid naming all that are missing."""
        missing = [f.name.casefold() for f in self.keys if not values.get(f.name, "").strip()]
        if missing and self.strict:
            raise Invalid(f"missing key: {', '.join(missing)}", field=missing[0], fault="missingKey")
        return bounded(msgspec.json.encode([values.get(f.name, "") for f in self.keys]).decode())

    def draft(
        self, submitted: Mapping[str, Any], before: Mapping[str, str] | None = None, numbers: Mapping[str, str] = _NONE
    ) -> RecordDraft:
        """The record that `submitted` makes, over the fields it had `before` and its `numbers` as written, by field.

        An update may be partial: what it does not name stays as it is stored, and so does a key that the record has.
        Raises Invalid with the fact `fault`; keys are looked at first, then required fields, then formats.
        """
        given = self.named(submitted)
        known = before or {}
        key_submitted = self.key_of(given)
        self._check_required({**known, **given})
        standing = {f.name for f in self.keys if known.get(f.name)}
        new = {name: value for name, value in given.items() if name not in standing}
        fresh = {f.name: normalised(f, new[f.name]) for f in self.fields if f.name in new}
        stored = {f.name: text for f in self.fields if (text := fresh.get(f.name, known.get(f.name))) is not None}
        raw = {**known, **numbers, **new}
        phones = [RecordPhone(slot, f.name, raw.get(f.name, "").strip()) for slot, f in enumerate(self.phones, 1)]
        accounts = [stored.get(f.name) for f in self.fields if f.type == "ACCOUNT"]
        return RecordDraft(
            fields=stored,
            key_text=self.key_of(stored),
            key_submitted=key_submitted,
            phones=tuple(phone for phone in phones if phone.raw),
            customer_id=(accounts[0] or None) if accounts else None,
            external_id=stored.get(EXTERNAL_ID_FIELD) or None,
            attributes=self._attributes(stored, phones),
        )

    def stored_key_of(self, values: Mapping[str, str]) -> str:
        """The same as key_of(), of the values as the list would store them; Invalid where one has no such form."""
        return self.key_of({f.name: normalised(f, values[f.name]) for f in self.keys if f.name in values})

    def _check_required(self, values: Mapping[str, str]) -> None:
        for field in self.fields:
            if field.required and not values.get(field.name, "").strip():
                name = field.name.casefold()
                raise Invalid(f"missing required field: {name}", field=name, fault="missingRequired")
        if self.strict and not any(values.get(f.name, "").strip() for f in self.phones):
            raise Invalid("missing required field: at least one phone field", fault="missingRequired")

    def _attributes(self, stored: Mapping[str, str], phones: Sequence[RecordPhone]) -> dict[str, str]:
        found = {f"phone{phone.slot}": phone.raw for phone in phones[:_PHONE_ATTRIBUTES] if phone.raw}
        for field in self.fields:
            if field.attribute and stored.get(field.name):
                found.setdefault(field.attribute, stored[field.name])
        return found


def normalised(field: Field, value: str) -> str:
    """`value` as the list stores it: trimmed, phones and integers in their type's form. Invalid if it has none."""
    text = value.strip()
    if not text:
        return text
    if field.type == "PHONE" and field.phone_type != "AS_GIVEN":
        return _phone(field, text)
    if field.type == "INTEGER" and not text.removeprefix("-").isdecimal():
        raise Invalid(f"{field.name} must be an integer", field=field.name, fault="formatError")
    return text


def _phone(field: Field, text: str) -> str:
    digits = _NOT_A_DIGIT.sub("", text)
    if field.phone_type == "OTHER":
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
    if isinstance(value, str | int | float):
        text = str(value)
        if len(text) <= LONGEST_VALUE:
            return text
        raise Invalid(f"{field.name} is longer than {LONGEST_VALUE} characters", field=field.name, fault="formatError")
    raise Invalid(f"{field.name} must be text", field=field.name, fault="formatError")


EXTERNAL_ID_FIELD = "UserData"

_WOLKVOX_MASTER_DATA: tuple[tuple[str, FieldType, tuple[str, ...]], ...] = (
    ("customer_name", "FIRST_NAME", ("FirstName",)),
    ("customer_last_name", "LAST_NAME", ("Name",)),
    ("id_type", "OTHER", ()),
    ("customer_id", "ACCOUNT", ()),
    ("age", "OTHER", ()),
    ("gender", "OTHER", ()),
    ("country", "OTHER", ()),
    ("state", "STATE", ("Region",)),
    ("city", "OTHER", ()),
    ("zone", "OTHER", ()),
    ("address", "OTHER", ()),
)
_JTEL_COLUMNS = [
    "RandomSortOrder",
    "Client",
    "Service",
    "ReferenceNumber",
    "Salutation",
    "Title",
    "FaxNumber",
    "Website",
    "Comment",
    "AccountOwner",
    "AccountBank",
    "AccountNationalBankCode",
    "AccountBIC",
    "AccountNumber",
    "AccountIBAN",
    "Amount",
    "ExternalSystemLink",
    "Model",
    "Tag",
    "ReservedUsersUID",
    "FollowUpUsersUID",
    "FollowUpDateTime",
    "ResultCodesExportKey",
]

OWN_LAYOUT = Layout(
    [
        *(Field(n, type=t, key=t == "ACCOUNT", aliases=a) for n, t, a in _WOLKVOX_MASTER_DATA),
        *(Field(f"opt{n}") for n in range(1, 13)),
        *(
            Field(f"tel{n}", type="PHONE", phone_type="AS_GIVEN", aliases=(f"PhoneNumber{n}",) if n <= 6 else ())
            for n in range(1, 11)
        ),
        Field("tel_extra", type="PHONE", phone_type="AS_GIVEN"),
        Field("email"),
        Field("recall_date"),
        Field("recall_telephone"),
        Field("agent_id", type="AGENT_LOGIN_ID"),
        Field(EXTERNAL_ID_FIELD),
        Field("Company", type="COMPANY"),
        Field("PostalCode", type="ZIP_CODE"),
        *(Field(name) for name in _JTEL_COLUMNS),
    ],
    strict=False,
)
"""The layout of a campaign's own list: wolkvox's columns and jtel's, one column for what both have."""


class CallingList(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaign_id: int | None
    fields: tuple[Field, ...]
    unique_keys: bool

    @property
    def layout(self) -> Layout:
        return Layout(self.fields, strict=self.campaign_id is None)
