"""A contact as a vCard 3.0: what a card has a place for, in its place; the rest by the names of the attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import vobject

from ringbook.domain.contact import Contact
from ringbook.domain.import_lines import CONTROL
from ringbook.domain.import_vcard import AS_JSON, ATTRIBUTE, OTHER, UID_BEGINS
from ringbook.domain.object_id import ObjectId
from ringbook.domain.schema import Schema

_ADDRESS = {"address": "street", "city": "city", "state": "region", "postal_code": "code", "country": "country"}


def vcard_of(schema: Schema, contact: Contact) -> str:
    """The card, with its line ends. Read by an import, it says what the contact's attributes are."""
    card = vobject.vCard()
    known = contact.attributes
    card.add("uid").value = UID_BEGINS + str(ObjectId(contact.created_second, contact.id))
    card.add("fn").value = _name(known)
    card.add("n").value = vobject.vcard.Name(
        family=_plain(known.get("last_name")), given=_plain(known.get("first_name"))
    )
    if known.get("company"):
        card.add("org").value = [_plain(known["company"])]
    if any(known.get(key) for key in _ADDRESS):
        card.add("adr").value = vobject.vcard.Address(
            **{part: _plain(known.get(key)) for key, part in _ADDRESS.items()}
        )
    for key, value in known.items():
        if value is None or (value == "" and key not in schema.by_key):
            continue
        attribute = schema.by_key.get(key)
        kind = {"Phone": "tel", "Email": "email"}.get(attribute.type if attribute else "", OTHER.lower())
        if not value:
            kind = OTHER.lower()
        line = card.add(kind)
        line.params[ATTRIBUTE] = [key]
        if isinstance(value, str) and value == _as_a_card_keeps_it(value):
            line.value = value
        else:
            line.params[AS_JSON] = ["1"]
            line.value = msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return str(card.serialize())


def _name(known: Mapping[str, Any]) -> str:
    parts = [_plain(known.get(key)) for key in ("first_name", "last_name")]
    return " ".join(part for part in parts if part) or _plain(known.get("company")) or _plain(known.get("phone1"))


def _plain(value: Any) -> str:
    return " ".join(CONTROL.sub(" ", str(value or "")).split())


def _as_a_card_keeps_it(text: str) -> str:
    """The text as a reader of the card gets it: control characters, other line ends, and blanks around it, are lost."""
    return CONTROL.sub("", text.strip().replace("\r\n", "\n").replace("\r", "\n"))
