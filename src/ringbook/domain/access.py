"""Who may do what: tenants, credentials and their scopes, users and their roles."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Scope = Literal["read", "contact", "write", "admin"]
"""What a use case asks for. `contact` is to change people and their calls, and no list, campaign or bar."""
Role = Literal["agent", "supervisor", "admin"]
KeyDialect = Literal["native", "wolkvox", "jtel", "cim", "callerid"]

_IMPLIED: dict[str, frozenset[str]] = {
    "read": frozenset({"read"}),
    "contact": frozenset({"read", "contact"}),
    "write": frozenset({"read", "contact", "write"}),
    "admin": frozenset({"read", "contact", "write", "admin"}),
}
_OF_ROLE: dict[Role, Scope] = {"agent": "contact", "supervisor": "write", "admin": "admin"}
MANAGE_LISTS = "manage_lists"
"""The privilege with which a user writes lists, whatever the role."""


class Tenant(msgspec.Struct, frozen=True):
    """An isolated account."""

    id: int
    guid: UUID
    slug: str
    name: str
    region: str
    time_zone: str
    switches: Mapping[str, Any] = {}
    """The dialects' switches, by the dialect's name."""
    jtel_clients_id: int | None = None
    wolkvox_licences: int | None = None
    cim: bool = False
    """Whether this tenant answers CIM's root paths to who comes without a key."""
    cim_anonymous_networks: tuple[str, ...] = ()


class Credential(msgspec.Struct, frozen=True):
    """A key as it is stored: what it is for and what it may, never the secret."""

    id: int
    tenant_id: int
    dialect: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    template_id: int | None = None
    per_second: int | None = None
    expires_at: datetime | None = None


class User(msgspec.Struct, frozen=True):
    """A login with a role and privileges."""

    id: int
    login: str
    role: Role
    privileges: tuple[str, ...]


def scopes_of(user: User) -> frozenset[str]:
    """What a user may who is signed in to the console: agents people, supervisors lists too, administrators all."""
    more: frozenset[str] = frozenset({"write"}) if MANAGE_LISTS in user.privileges else frozenset()
    return implied(more | {_OF_ROLE[user.role]})


def implied(scopes: frozenset[str]) -> frozenset[str]:
    """`scopes` with what each includes: admin writes, who writes changes contacts, and who does that reads."""
    return frozenset().union(*(_IMPLIED.get(scope, frozenset()) for scope in scopes))


def digest(secret: str) -> bytes:
    """What is stored of a key. Keys are 256 random bits, so a plain hash cannot be reversed by guessing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_secret() -> str:
    """A key's secret: 256 random bits that survive a URL, a shell and a double click."""
    return "rb_" + secrets.token_hex(32)
