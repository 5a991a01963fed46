"""What a workspace file may say, and whether it can be meant."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from ipaddress import ip_network
from typing import Annotated, Any
from zoneinfo import available_timezones

import msgspec
from phonenumbers import SUPPORTED_REGIONS

from ringbook.domain.access import KeyDialect, Role
from ringbook.domain.campaign import CampaignState, CampaignType
from ringbook.domain.do_not_call import DncType
from ringbook.domain.layout import Field
from ringbook.domain.may_call import CallingRules
from ringbook.domain.problems import Invalid
from ringbook.domain.retry import RetryRules

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_time_zones = cache(available_timezones)  # a walk over hundreds of files
DECLARED = ("skills", "agents", "activity_codes")


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a name that it does not know is an error, not a typo that goes unnoticed."""


class TenantPart(_Part, frozen=True):
    slug: str
    name: str
    region: str = "US"
    time_zone: str = "UTC"
    jtel_clients_id: int | None = None
    wolkvox_licences: int | None = None
    cim: bool = False
    cim_anonymous_networks: tuple[str, ...] = ()


class KeyPart(_Part, frozen=True):
    name: str
    for_: KeyDialect = msgspec.field(name="for")
    secret: str | None = None
    scopes: tuple[str, ...] = ()
    per_second: Annotated[int, msgspec.Meta(ge=1)] | None = None


class UserPart(_Part, frozen=True):
    login: str
    password: str | None = None
    api_secret: str | None = None
    role: Role = "agent"
    privileges: tuple[str, ...] = ()


class AttributePart(_Part, frozen=True):
    key: str
    label: str | None = None
    type: str = "Text"
    required: bool = False
    unique: bool = False
    searchable: bool = True
    default: str | None = None
    max_length: int | None = None


class MappingPart(_Part, frozen=True):
    key: str
    callVar: str = ""  # noqa: N815 - the vendor's spelling
    callVariable: str = ""  # noqa: N815
    varNumber: str = ""  # noqa: N815


class TemplatePart(_Part, frozen=True):
    name: str
    retention_hours: float = 24.0
    data_keys: tuple[str, ...] = ()
    token: str | None = None


class ListPart(_Part, frozen=True):
    name: str
    fields: tuple[Field, ...]


class CampaignPart(_Part, frozen=True):
    name: str
    id: int | None = None
    type: CampaignType = "predictive"
    enabled: bool = True
    state: CampaignState = "stopped"
    lists: tuple[str, ...] = ()
    calling: CallingRules | None = None
    retry: RetryRules | None = None


class PostcodePart(_Part, frozen=True):
    postcode: str
    time_zone: str


class DncListPart(_Part, frozen=True):
    name: str
    type: DncType = "INTERNAL"


class DeclaredPart(_Part, frozen=True):
    id: str | int
    name: str


class Workspace(_Part, frozen=True):
    tenant: TenantPart
    keys: tuple[KeyPart, ...] = ()
    users: tuple[UserPart, ...] = ()
    attributes: tuple[AttributePart, ...] = ()
    mappings: tuple[MappingPart, ...] = ()
    templates: tuple[TemplatePart, ...] = ()
    lists: tuple[ListPart, ...] = ()
    campaigns: tuple[CampaignPart, ...] = ()
    dnc_lists: tuple[DncListPart, ...] = ()
    calling: CallingRules | None = None
    postcodes: tuple[PostcodePart, ...] = ()
    skills: tuple[DeclaredPart, ...] = ()
    agents: tuple[DeclaredPart, ...] = ()
    activity_codes: tuple[DeclaredPart, ...] = ()
    cim: dict[str, Any] = {}
    brightpattern: dict[str, Any] = {}
    wolkvox: dict[str, Any] = {}
    jtel: dict[str, Any] = {}
    mindful: dict[str, Any] = {}
    callerid: dict[str, Any] = {}


def read_workspace(text: str) -> Workspace:
    """The file's content; Invalid with the place of the first thing that is wrong."""
    try:
        workspace = msgspec.convert(tomllib.loads(text), Workspace)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Invalid(f"The workspace file is not valid: {error}.") from error
    _check(workspace)
    return workspace


def _check(workspace: Workspace) -> None:
    tenant = workspace.tenant
    if not _SLUG.fullmatch(tenant.slug):
        raise Invalid("tenant.slug has lower-case letters, digits and hyphens, 63 at most.", field="slug")
    if tenant.region not in SUPPORTED_REGIONS:
        raise Invalid(f"tenant.region {tenant.region} is no region of the numbering plans.", field="region")
    if tenant.time_zone not in _time_zones():
        raise Invalid(f"tenant.time_zone {tenant.time_zone} is unknown.", field="time_zone")
    for network in tenant.cim_anonymous_networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise Invalid(f"tenant.cim_anonymous_networks: {error}.", field="cim_anonymous_networks") from None
    checked: tuple[tuple[str, list[Any]], ...] = (
        ("keys", [(part.for_, part.name) for part in workspace.keys]),
        ("templates", [part.name for part in workspace.templates]),
        ("lists", [part.name for part in workspace.lists]),
        ("campaigns", [part.name for part in workspace.campaigns]),
        ("users", [part.login for part in workspace.users]),
        ("attributes", [part.key for part in workspace.attributes]),
        ("dnc_lists", [part.name for part in workspace.dnc_lists]),
        *((kind, [str(part.id) for part in getattr(workspace, kind)]) for kind in DECLARED),
    )
    for kind, names in checked:
        if len(set(names)) != len(names):
            raise Invalid(f"{kind}: a name is there twice.", field=kind)
    ids = [part.id for part in workspace.campaigns if part.id is not None]
    if len(set(ids)) != len(ids):
        raise Invalid("campaigns: an id is there twice.", field="campaigns")
