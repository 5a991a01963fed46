"""A workspace file: a tenant as code. Applying one creates and updates what it names, and again changes nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any, Literal
from zoneinfo import available_timezones

import msgspec
from phonenumbers import SUPPORTED_REGIONS

from ringbook.core.access import Core, Records
from ringbook.core.datasets import check_template
from ringbook.core.passwords import Passwords
from ringbook.domain.access import KeyDialect, Role
from ringbook.domain.calling_list import Field
from ringbook.domain.campaign import CampaignState, CampaignType
from ringbook.domain.do_not_call import WOLKVOX_LIST, DncType
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.schema import TYPE_SPELLINGS, Attribute
from ringbook.store import directory
from ringbook.store import schema as stored_schema
from ringbook.store.directory import TenantSettings

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SWITCHED = ("cim", "brightpattern", "wolkvox", "jtel", "mindful", "callerid")


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
    per_second: int | None = None


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
    skills: tuple[DeclaredPart, ...] = ()
    agents: tuple[DeclaredPart, ...] = ()
    activity_codes: tuple[DeclaredPart, ...] = ()
    cim: dict[str, Any] = {}
    brightpattern: dict[str, Any] = {}
    wolkvox: dict[str, Any] = {}
    jtel: dict[str, Any] = {}
    mindful: dict[str, Any] = {}
    callerid: dict[str, Any] = {}


class Step(msgspec.Struct, frozen=True):
    """One thing that applying did, or (`pruned`) would do; a generated secret is told here and never again."""

    action: Literal["created", "updated", "unchanged", "pruned"]
    kind: str
    name: str
    secret: str | None = None


class Applied(msgspec.Struct, frozen=True):
    tenant: str
    steps: list[Step]


def read_workspace(text: str) -> Workspace:
    """The file's content; Invalid with the place of the first thing that is wrong."""
    try:
        workspace = msgspec.convert(tomllib.loads(text), Workspace)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Invalid(f"The workspace file is not valid: {error}.") from error
    _check(workspace)
    return workspace


async def apply(core: Core, passwords: Passwords, workspace: Workspace, *, force: bool = False) -> Applied:
    """Create and update what the file names; nothing is deleted.

    state, tokens, secrets and passwords count only when a thing is new, or with `force`: an operator's change of today
    survives tonight's apply.
    """
    steps: list[Step] = []
    records, step = await _tenant(core, workspace)
    steps.append(step)
    steps += [await _attribute(records, part) for part in workspace.attributes]
    steps += [await _mapping(records, part) for part in workspace.mappings]
    steps += [await _template(records, part, force) for part in workspace.templates]
    steps += [await _key(records, part, force) for part in workspace.keys]
    steps += [await _user(records, passwords, part, force) for part in workspace.users]
    steps += [await _list(records, part) for part in workspace.lists]
    steps += [await _campaign(records, part, force) for part in workspace.campaigns]
    steps += [await _dnc_list(records, part) for part in workspace.dnc_lists]
    await _declare(core, records, workspace)
    return Applied(records.tenant.slug, steps)


async def pruning(core: Core, workspace: Workspace) -> list[Step]:
    """What the tenant has and the file does not name: what prune() would delete."""
    records = await _existing(core, workspace)
    if records is None:
        return []
    named: dict[str, set[Any]] = {
        "key": {(part.for_, part.name) for part in workspace.keys},
        "template": {part.name for part in workspace.templates},
        "list": {part.name for part in workspace.lists},
        "campaign": {part.name for part in workspace.campaigns},
        "dnc_list": {part.name for part in workspace.dnc_lists} | {WOLKVOX_LIST},
        "user": {part.login for part in workspace.users},
        "attribute": {part.key for part in workspace.attributes},
    }
    keys = [k for k in await records.keys.all() if k.dialect != "mindful"]
    surplus: list[tuple[str, str]] = [
        *(("key", k.name) for k in keys if (k.dialect, k.name) not in named["key"]),
        *(("template", t.name) for t in await records.datasets.templates() if t.name not in named["template"]),
        *(("campaign", c.name) for c in await records.campaigns.all() if c.name not in named["campaign"]),
        *(
            ("list", known.name)
            for known in await records.lists.all()
            if known.campaign_id is None and known.name not in named["list"]
        ),
        *(("dnc_list", name) for name in await records.do_not_call.names() if name not in named["dnc_list"]),
        *(("user", u.login) for u in await records.keys.users() if u.login not in named["user"]),
        *(
            ("attribute", a.key)
            for a in (await records.schema.attributes()).attributes
            if not a.predefined and a.key not in named["attribute"]
        ),
    ]
    return [Step("pruned", kind, name) for kind, name in surplus]


async def prune(core: Core, workspace: Workspace, plan: Iterable[Step]) -> None:
    """Delete what the plan names."""
    records = await _existing(core, workspace)
    if records is None:
        return
    kept = {(part.for_, part.name) for part in workspace.keys}
    for step in plan:
        if step.kind == "key":
            for key in await records.keys.all():
                if key.name == step.name and key.dialect != "mindful" and (key.dialect, key.name) not in kept:
                    await records.keys.revoke(key.id)
        elif step.kind == "template":
            for template in await records.datasets.templates():
                if template.name == step.name:
                    await records.keys.drop_template(template)
        else:
            drop = {
                "campaign": records.campaigns.drop,
                "list": records.lists.drop,
                "dnc_list": records.do_not_call.drop_list,
                "user": records.keys.disable_user,
                "attribute": records.schema.hide,
            }[step.kind]
            await drop(step.name)


async def _tenant(core: Core, workspace: Workspace) -> tuple[Records, Step]:
    part = workspace.tenant
    settings = TenantSettings(
        slug=part.slug,
        name=part.name,
        region=part.region,
        time_zone=part.time_zone,
        jtel_clients_id=part.jtel_clients_id,
        wolkvox_licences=part.wolkvox_licences,
        cim=part.cim,
        cim_anonymous_networks=part.cim_anonymous_networks,
        switches={name: getattr(workspace, name) for name in _SWITCHED if getattr(workspace, name)},
    )
    async with core.database.transaction() as tx:
        tenant, before = await directory.put_tenant(tx, settings)
        await stored_schema.add_predefined(tx, tenant.id)
    action: Literal["created", "updated", "unchanged"] = (
        "created" if before is None else "unchanged" if before == settings else "updated"
    )
    return core.for_tenant(tenant, "apply"), Step(action, "tenant", part.slug)


async def _existing(core: Core, workspace: Workspace) -> Records | None:
    async with core.database.reading() as tx:
        tenant = await directory.tenant_by_slug(tx, workspace.tenant.slug)
    return None if tenant is None else core.for_tenant(tenant, "apply")


async def _attribute(records: Records, part: AttributePart) -> Step:
    kind = TYPE_SPELLINGS.get(part.type.casefold())
    if kind is None:
        raise Invalid(f"attributes: {part.key} has an unknown type {part.type}.", field="type")
    attribute = Attribute(
        id=0,
        key=part.key,
        label=part.label or part.key,
        type=kind,
        required=part.required,
        unique=part.unique,
        searchable=part.searchable,
        default=part.default,
        max_length=part.max_length,
    )
    return _step(await records.schema.put(attribute, part.type), "attribute", part.key)


async def _mapping(records: Records, part: MappingPart) -> Step:
    added = await records.schema.add_condition(part.callVar, part.callVariable, part.key, part.varNumber)
    return _step(added, "mapping", f"{part.callVariable or part.callVar or part.varNumber} → {part.key}")


async def _template(records: Records, part: TemplatePart, force: bool) -> Step:
    known = {template.name for template in await records.datasets.templates()}
    check_template(part.name, part.retention_hours * 3600, part.data_keys)
    _, token = await records.keys.put_template(
        part.name, part.retention_hours * 3600, part.data_keys, part.token, force=force
    )
    return _step(part.name not in known, "template", part.name, token if part.token is None else None)


async def _key(records: Records, part: KeyPart, force: bool) -> Step:
    known = {(key.dialect, key.name) for key in await records.keys.all()}
    if (part.for_, part.name) not in known:
        made = await records.keys.create(
            part.name, part.for_, scopes=part.scopes, secret=part.secret, per_second=part.per_second
        )
        return Step("created", "key", part.name, made.secret if part.secret is None else None)
    if force and part.secret is not None:
        await records.keys.replace_secret(part.name, part.for_, part.scopes, part.secret)
        return Step("updated", "key", part.name)
    return Step("unchanged", "key", part.name)


async def _user(records: Records, passwords: Passwords, part: UserPart, force: bool) -> Step:
    known = {user.login: user for user in await records.keys.users()}
    before = known.get(part.login)
    fresh = before is None or force
    if before is not None and not force and (before.role, before.privileges) == (part.role, part.privileges):
        return Step("unchanged", "user", part.login)
    await records.keys.put_user(
        passwords,
        part.login,
        part.role,
        part.privileges,
        part.password if fresh else None,
        part.api_secret if fresh else None,
    )
    return Step("created" if before is None else "updated", "user", part.login)


async def _list(records: Records, part: ListPart) -> Step:
    return _step(await records.lists.put(part.name, part.fields), "list", part.name)


async def _campaign(records: Records, part: CampaignPart, force: bool) -> Step:
    known = {campaign.name: campaign for campaign in await records.campaigns.all()}
    before = known.get(part.name)
    if before is None:
        after = await records.campaigns.create(
            part.name, campaign_id=part.id, kind=part.type, enabled=part.enabled, state=part.state
        )
    else:
        after = await records.campaigns.update(
            before.id, kind=part.type, enabled=part.enabled, state=part.state if force else None
        )
    bound = [await records.campaigns.bind(after.id, name) for name in part.lists]
    if before is None:
        return Step("created", "campaign", part.name)
    return Step("updated" if any(bound) or after != before else "unchanged", "campaign", part.name)


async def _dnc_list(records: Records, part: DncListPart) -> Step:
    return _step(await records.do_not_call.put_list(part.name, part.type), "dnc_list", part.name)


async def _declare(core: Core, records: Records, workspace: Workspace) -> None:
    async with core.database.transaction() as tx:
        for kind in ("skills", "agents", "activity_codes"):
            parts: tuple[DeclaredPart, ...] = getattr(workspace, kind)
            await directory.declare(tx, records.tenant.id, kind, [(str(part.id), part.name) for part in parts])


def _step(created: bool, kind: str, name: str, secret: str | None = None) -> Step:
    return Step("created" if created else "unchanged", kind, name, secret)


def _check(workspace: Workspace) -> None:
    tenant = workspace.tenant
    if not _SLUG.fullmatch(tenant.slug):
        raise Invalid("tenant.slug has lower-case letters, digits and hyphens, 63 at most.", field="slug")
    if tenant.region not in SUPPORTED_REGIONS:
        raise Invalid(f"tenant.region {tenant.region} is no region of the numbering plans.", field="region")
    if tenant.time_zone not in available_timezones():
        raise Invalid(f"tenant.time_zone {tenant.time_zone} is unknown.", field="time_zone")
    for network in tenant.cim_anonymous_networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise Conflict(f"tenant.cim_anonymous_networks: {error}.") from None
    for kind, names in (
        ("keys", [(part.for_, part.name) for part in workspace.keys]),
        ("templates", [part.name for part in workspace.templates]),
        ("lists", [part.name for part in workspace.lists]),
        ("campaigns", [part.name for part in workspace.campaigns]),
        ("users", [part.login for part in workspace.users]),
    ):
        if len(set(names)) != len(names):
            raise Invalid(f"{kind}: a name is there twice.", field=kind)
