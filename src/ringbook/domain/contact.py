"""A person, as the centre knows them, and how a write finds out who it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from ringbook.domain.problems import Invalid
from ringbook.domain.schema import CUSTOMER_ID
from ringbook.domain.text import search_key

MOST_SHARING = 20
"""A number on more contacts than this (a switchboard) no longer identifies any of them."""
MOST_ATTRIBUTES = 600
"""Attributes and further keys of one contact."""
LARGEST_CONTACT = 256_000
"""Bytes of their JSON."""

IdentifiedBy = Literal["customer_id", "phone"]


class ContactPhone(msgspec.Struct, frozen=True):
    """A number a contact is found by, and where it comes from: an attribute, or a field of a list record."""

    raw: str
    e164: str | None
    source: str


class Contact(msgspec.Struct, frozen=True):
    """A person: typed attributes in the order they were given, any number of phones, a version."""

    id: int
    created_second: int
    attributes: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    phones: tuple[ContactPhone, ...] = ()

    def is_somebody_else(self, customer_id: str | None) -> bool:
        """Whether this contact has another customer id: then it is another person, whatever its numbers."""
        own, other = (search_key(str(text or "")) for text in (self.attributes.get(CUSTOMER_ID), customer_id))
        return bool(own and other) and own != other


def check_size(attributes: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Invalid where a contact grows beyond what one may be; one that is larger already can still shrink."""
    if len(attributes) > max(MOST_ATTRIBUTES, len(before)):
        raise Invalid(f"A contact has {MOST_ATTRIBUTES} attributes at most.")
    size = len(msgspec.json.encode(attributes))
    if size > LARGEST_CONTACT and size > len(msgspec.json.encode(before)):
        raise Invalid(f"The attributes of a contact have {LARGEST_CONTACT} bytes at most.")


def fitting(before: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of `values` that a contact with `before` has room for, the first ones first."""
    if not _is_too_large({**before, **values}, before):
        return values
    fit: dict[str, Any] = {}
    for key, value in values.items():
        if not _is_too_large({**before, **fit, key: value}, before):
            fit[key] = value
    return fit


def _is_too_large(attributes: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    try:
        check_size(attributes, before)
    except Invalid:
        return True
    return False


class StoredContact(msgspec.Struct, frozen=True):
    """A contact whose `attributes` stay the stored JSON: a look-up passes them through without reading them."""

    id: int
    created_second: int
    attributes: msgspec.Raw
    version: int
    created_at: datetime
    updated_at: datetime


class Identity(msgspec.Struct, frozen=True):
    """Whom a write is about: the contact, by what it was recognised, and who else it could have been."""

    contact: Contact | None = None
    by: IdentifiedBy | None = None
    others: tuple[int, ...] = ()
