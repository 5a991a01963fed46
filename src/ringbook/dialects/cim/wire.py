"""CIM's requests and answers: contacts, schema and mapping. Calls are in legs.py."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Required, TypedDict

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ringbook.core.contacts import MOST_A_PAGE
from ringbook.dialects.cim.ids import object_id
from ringbook.dialects.cim.legs import InteractionBody, Scalar
from ringbook.domain.contact import Contact, StoredContact
from ringbook.domain.mapping import Condition
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import RESERVED_KEYS, TYPE_SPELLINGS, Attribute
from ringbook.web import body

PageSize = Annotated[int, Meta(ge=1, le=MOST_A_PAGE)]

LONGEST_NAME = 400
UNREADABLE = re.compile("[\ufffd\ud800-\udfff]")
"""What is left of bytes in a path that are no UTF-8."""
_LONGEST_CURSOR = 4000
_LONGEST_WARNING = 1000
_TO_MILLISECONDS = len("2025-03-12T08:30:00.000")
_UNREADABLE_IN_A_KEY = re.compile(r"[^a-z0-9]+")


# ---- Requests. The open ones may have any attribute's key; these are the ones that the vendor's page prints.


class ContactBody(TypedDict, total=False):
    """A contact: any attribute's key."""

    first_name: str | None
    last_name: str | None
    phone1: str | None


class SearchBody(TypedDict, total=False):
    """Criteria: any attribute's key, and `phone`, `name`, `q`."""

    phone: Scalar
    first_name: Scalar


class LimitQuery(msgspec.Struct, frozen=True):
    limit: PageSize | None = None


class SearchQuery(LimitQuery, frozen=True):
    mode: Literal["and", "or"] | None = None


class MoreQuery(LimitQuery, frozen=True):
    cursor: str | None = None


class SchemaBody(msgspec.Struct, frozen=True):
    """An attribute: what the page prints, and what more can be said of one."""

    label: str | UnsetType = UNSET
    key: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    default: Scalar | UnsetType = UNSET
    unique: bool | UnsetType = UNSET
    searchable: bool | UnsetType = UNSET
    pii: bool | UnsetType = UNSET
    max_length: Annotated[int, Meta(ge=1, le=1000)] | UnsetType | None = UNSET
    order: Annotated[int, Meta(ge=1, le=1_000_000)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    channel_identifier: Annotated[str, Meta(max_length=100)] | bool | UnsetType | None = UNSET


class MappingBody(msgspec.Struct, frozen=True):
    """A condition: four texts that are stored and echoed as they come."""

    callVar: str | None = None  # noqa: N815 - the vendor's spelling
    callVariable: str | None = None  # noqa: N815
    key: str | None = None
    varNumber: str | None = None  # noqa: N815


_OPEN: frozenset[Any] = frozenset({ContactBody, InteractionBody})


def decode(raw: bytes, type_: Any) -> Any:
    """A request's body. That of a search may be left out; that is None."""
    if type_ is SearchBody:
        return body.decode(raw, dict[str, Scalar]) if raw else None
    return body.decode(raw, dict[str, Any] if type_ in _OPEN else type_)


def attributes_of(contact: Mapping[str, Any]) -> dict[str, Any]:
    """What a contact's body says, without what clients send back of our answers."""
    return {key: value for key, value in contact.items() if key not in RESERVED_KEYS}


_SAID = (
    *("key", "label", "required", "default", "unique", "searchable", "pii", "max_length", "order"),
    *("description", "channel_identifier"),
)
_TEXTS = ("default", "channel_identifier")
"""What is kept as a text: a default may be sent as the value it stands for, a channel identifier as a flag."""


def said_of(asked: SchemaBody) -> tuple[dict[str, Any], str | None]:
    """What a body says of an attribute, and its type as it was spelled, if it says one."""
    said = {name: value for name in _SAID if (value := getattr(asked, name)) is not UNSET}
    said |= {name: _text(said[name]) for name in _TEXTS if name in said}
    if asked.type is UNSET:
        return said, None
    kind = TYPE_SPELLINGS.get(asked.type.strip().casefold())
    if kind is None:
        raise Invalid("This is no type: Text, Phone, Email, Date, DateTime, URL, Bool, Number.", field="type")
    return said | {"type": kind}, asked.type


def attribute_of(asked: SchemaBody) -> tuple[Attribute, str]:
    """The new attribute that a body means; and its type as it was spelled."""
    said, spelled = said_of(asked)
    made = _new_attribute(asked)
    return msgspec.structs.replace(made, **said), spelled or made.type


def _text(value: Scalar) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _new_attribute(asked: SchemaBody) -> Attribute:
    label = "" if asked.label is UNSET else asked.label
    key = _UNREADABLE_IN_A_KEY.sub("_", label.casefold()).strip("_") if asked.key is UNSET else asked.key
    if not key:
        raise Invalid("An attribute has a key, or a label that one can be made of.", field="key")
    return Attribute(id=0, key=f"_{key}" if key[0].isdigit() and asked.key is UNSET else key, label=label, type="Text")


# ---- Answers


ContactAnswer = TypedDict(
    "ContactAnswer",
    {
        "_id": Required[str],
        "first_name": str,
        "last_name": str,
        "phone1": str,
        "created_at": Required[str],
        "updated_at": Required[str],
        "__v": Required[int],
    },
    total=False,
)
"""Besides these, the contact's attributes as they were sent."""


class Enveloped(TypedDict):
    """A list, where the tenant wants an envelope around it."""

    contacts: list[ContactAnswer]


ContactsAnswer = list[ContactAnswer] | Enveloped


class AttributeAnswer(TypedDict):
    _id: str
    label: str
    key: str
    type: str
    predefined: bool
    required: bool
    unique: bool
    searchable: bool
    order: int


class ConditionAnswer(TypedDict):
    _id: str
    callVar: str
    callVariable: str
    key: str
    varNumber: str


def contact(noun: Contact) -> dict[str, Any]:
    return {
        "_id": object_id(noun),
        **noun.attributes,
        "created_at": _time(noun.created_at),
        "updated_at": _time(noun.updated_at),
        "__v": noun.version,
    }


def stored_contact(noun: StoredContact) -> msgspec.Raw:
    """The same of a contact whose attributes stay the stored JSON."""
    inside = bytes(noun.attributes).strip()[1:-1].strip()
    return msgspec.Raw(
        b'{"_id":"%s",%s"created_at":"%s","updated_at":"%s","__v":%d}'
        % (
            object_id(noun).encode(),
            inside + b"," if inside else b"",
            _time(noun.created_at).encode(),
            _time(noun.updated_at).encode(),
            noun.version,
        )
    )


def attribute(noun: Attribute, spelled: str | None = None) -> dict[str, Any]:
    """An entry of the schema, its type as its author spelled it, if that is given. Phones are unique by rule."""
    told: dict[str, Any] = {
        "_id": object_id(noun),
        "label": noun.label,
        "key": noun.key,
        "type": spelled or noun.type,
        "predefined": noun.predefined,
        "required": noun.required,
        "unique": noun.unique or noun.type == "Phone",
        "searchable": noun.searchable,
        "order": noun.order,
    }
    further = {
        "default": noun.default,
        "max_length": noun.max_length,
        "pii": noun.pii,
        "description": noun.description,
        "channel_identifier": noun.channel_identifier,
    }
    return told | {name: value for name, value in further.items() if value}


def condition(noun: Condition) -> dict[str, str]:
    return {
        "_id": object_id(noun),
        "callVar": noun.call_var,
        "callVariable": noun.call_variable,
        "key": noun.key,
        "varNumber": noun.var_number,
    }


def texts(asked: MappingBody, before: Condition) -> tuple[str, str, str, str]:
    """The four texts of a condition, over those of the one before."""
    return (
        before.call_var if asked.callVar is None else asked.callVar,
        before.call_variable if asked.callVariable is None else asked.callVariable,
        before.key if asked.key is None else asked.key,
        before.var_number if asked.varNumber is None else asked.varNumber,
    )


def unknown_keys(keys: Iterable[str], consequence: str) -> str:
    """A header's text that names keys which the schema lacks."""
    return header_text(f"the schema has no attribute {', '.join(keys)}: {consequence}")


def header_text(text: str) -> str:
    """The text as a header can carry it."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return "".join(c if c.isprintable() else " " for c in plain)[:_LONGEST_WARNING]


# ---- The cursor of a search: the search itself, so that any worker can go on with it


class Asked(msgspec.Struct, frozen=True):
    """A search that loadMore goes on with."""

    criteria: dict[str, Scalar]
    any_of: bool = False


def encode_search(asked: Asked) -> str | None:
    """The search as a header can carry it; None for one that is too long for that."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(asked)).decode().rstrip("=")
    return text if len(text) <= _LONGEST_CURSOR else None


def decode_search(text: str) -> Asked:
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=Asked)
    except (ValueError, binascii.Error, msgspec.DecodeError, msgspec.ValidationError):
        raise Invalid("This cursor was not handed out here.", field="cursor") from None


def contacts(nouns: Sequence[Contact], envelope: str) -> Any:
    return enveloped([contact(noun) for noun in nouns], envelope)


def enveloped(rendered: list[Any], envelope: str) -> Any:
    return {"contacts": rendered} if envelope == "object" else rendered


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:_TO_MILLISECONDS] + "Z"
