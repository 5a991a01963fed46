"""A workspace file: a tenant as code. Applying one creates and updates what it names, and again changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Literal

import msgspec

from ringbook.core.access import Core, Records
from ringbook.core.may_call import MOST_POSTCODES
from ringbook.core.passwords import Passwords
from ringbook.core.workspace_file import (
    DECLARED,
    AttributePart,
    CampaignPart,
    DeclaredPart,
    DncListPart,
    KeyPart,
    ListPart,
    MappingPart,
    TemplatePart,
    UserPart,
    Workspace,
)
from ringbook.domain.campaign import Campaign
from ringbook.domain.dataset import check_template
from ringbook.domain.do_not_call import WOLKVOX_LIST
from ringbook.domain.mapping import Condition
from ringbook.domain.may_call import CALLING, RETRY, CallingRules, as_setting
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.domain.schema import TYPE_SPELLINGS, Attribute
from ringbook.domain.zones import folded_postcode
from ringbook.store import directory, journal
from ringbook.store import schema as stored_schema
from ringbook.store.directory import TenantSettings
from ringbook.store.journal import Author

_SWITCHED = ("cim", "brightpattern", "wolkvox", "jtel", "mindful", "callerid")


Action = Literal["created", "updated", "unchanged", "pruned"]


class Step(msgspec.Struct, frozen=True):
    """One thing that applying did, or (`pruned`) would do; a generated secret is told here and never again."""

    action: Action
    kind: str
    name: str
    secret: str | None = None


class Applied(msgspec.Struct, frozen=True):
    tenant: str
    steps: list[Step]


async def apply(
    core: Core,
    passwords: Passwords,
    workspace: Workspace,
    *,
    force: bool = False,
    told: Callable[[Step], object] = lambda step: None,
) -> Applied:
    """Create and update what the file names; nothing is deleted.

    state, tokens, secrets and passwords count only when a thing is new, or with `force`: an operator's change of today
    survives tonight's apply. Each step is `told` when it is done, so that no generated secret is lost when a later one
    is refused.
    """
    steps: list[Step] = []
    async for step in _steps(core, passwords, workspace, force):
        told(step)
        steps.append(step)
    return Applied(workspace.tenant.slug, steps)


async def _steps(core: Core, passwords: Passwords, workspace: Workspace, force: bool) -> AsyncIterator[Step]:
    records, step = await _tenant(core, workspace)
    yield step
    for attribute in workspace.attributes:
        yield await _attribute(records, attribute)
    for mapping in workspace.mappings:
        yield await _mapping(records, mapping)
    for template in workspace.templates:
        yield await _template(records, template, force)
    for key in workspace.keys:
        yield await _key(records, key, force)
    for user in workspace.users:
        yield await _user(records, passwords, user, force)
    for calling_list in workspace.lists:
        yield await _list(records, calling_list)
    for campaign in workspace.campaigns:
        yield await _campaign(records, campaign, force)
    for dnc_list in workspace.dnc_lists:
        yield await _dnc_list(records, dnc_list)
    if workspace.calling is not None:
        yield await _calling(records, workspace.tenant.slug, workspace.calling)
    if workspace.postcodes:
        yield await _postcodes(records, workspace)
    for step in await _declare(core, records, workspace):
        yield step


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
        "mapping": {_mapped(part.callVar, part.callVariable, part.key, part.varNumber) for part in workspace.mappings},
    }
    keys = [k for k in await records.keys.all() if k.dialect != "mindful"]
    declared = await _declared(core, records)
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
        *(("mapping", name) for name in await _conditions(records) if name not in named["mapping"]),
        *(
            (kind, id_)
            for kind in DECLARED
            for id_ in declared[kind]
            if id_ not in {str(part.id) for part in getattr(workspace, kind)}
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
                    await records.templates.drop(template)
        elif step.kind == "mapping":
            condition = (await _conditions(records)).get(step.name)
            if condition is not None:  # hiding its attribute may have taken it along
                await records.schema.drop_condition(condition.id)
        elif step.kind in DECLARED:
            async with core.database.transaction() as tx:
                await directory.withdraw(tx, records.tenant.id, step.kind, step.name)
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
        if before != settings:
            await journal.record(tx, Author(tenant.id, "apply", "cli"), "tenant", tenant.id, before, settings)
    return core.for_tenant(tenant, "apply"), _step(before, settings, "tenant", part.slug)


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
    before = (await records.schema.attributes()).by_key.get(part.key)
    await records.schema.put(attribute, part.type)
    after = (await records.schema.attributes()).by_key[part.key]
    return _step(before, after, "attribute", part.key)


async def _mapping(records: Records, part: MappingPart) -> Step:
    texts = (part.callVar, part.callVariable, part.key, part.varNumber)
    added = await records.schema.add_condition(*texts)
    return Step("created" if added else "unchanged", "mapping", _mapped(*texts))


def _mapped(call_var: str, call_variable: str, key: str, var_number: str) -> str:
    """A condition's name in the steps."""
    variable = ", ".join(text for text in (call_var, call_variable, var_number) if text)
    return f"{variable} → {key}"


async def _conditions(records: Records) -> dict[str, Condition]:
    known = await records.schema.conditions()
    return {_mapped(c.call_var, c.call_variable, c.key, c.var_number): c for c in known}


async def _template(records: Records, part: TemplatePart, force: bool) -> Step:
    before = {template.name: template for template in await records.datasets.templates()}.get(part.name)
    check_template(part.name, part.retention_hours * 3600, part.data_keys)
    after, token = await records.templates.put(
        part.name, part.retention_hours * 3600, part.data_keys, part.token, force=force
    )
    if before is not None and token is not None:
        return Step("updated", "template", part.name)
    return _step(before, after, "template", part.name, token if part.token is None else None)


async def _key(records: Records, part: KeyPart, force: bool) -> Step:
    known = {(key.dialect, key.name) for key in await records.keys.all()}
    if (part.for_, part.name) not in known:
        made = await records.keys.create(
            part.name, part.for_, scopes=part.scopes, secret=part.secret, per_second=part.per_second
        )
        return Step("created", "key", part.name, made.secret if part.secret is None else None)
    changed = await records.keys.put_grants(part.name, part.for_, scopes=part.scopes, per_second=part.per_second)
    if force and part.secret is not None:
        changed |= await records.keys.replace_secret(part.name, part.for_, part.secret)
    return Step("updated" if changed else "unchanged", "key", part.name)


async def _user(records: Records, passwords: Passwords, part: UserPart, force: bool) -> Step:
    known = {user.login: user for user in await records.keys.users()}
    before = known.get(part.login)
    fresh = before is None or force
    rehashed = force and (part.password is not None or part.api_secret is not None)
    if before is not None and not rehashed and (before.role, before.privileges) == (part.role, part.privileges):
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
    before = {known.name: known for known in await records.lists.all()}.get(part.name)
    await records.lists.put(part.name, part.fields)
    after = {known.name: known for known in await records.lists.all()}[part.name]
    return _step(before, after, "list", part.name)


async def _campaign(records: Records, part: CampaignPart, force: bool) -> Step:
    known = {campaign.name: campaign for campaign in await records.campaigns.all()}
    before = known.get(part.name)
    if before is not None and part.id not in (None, before.id):
        raise Conflict(f"campaigns: {part.name} has the id {before.id}, and an id does not change.")
    rules = {CALLING: part.calling, RETRY: part.retry}
    settings = {name: as_setting(rule) for name, rule in rules.items() if rule is not None}
    if before is None:
        after = await records.campaigns.create(
            part.name,
            campaign_id=part.id,
            kind=part.type,
            enabled=part.enabled,
            state=part.state,
            settings=settings,
        )
    else:
        after = await records.campaigns.update(
            before.id, kind=part.type, enabled=part.enabled, state=part.state if force else None, settings=settings
        )
    bound = [await _bind(records, after, name) for name in part.lists]
    if before is not None and any(bound):
        return Step("updated", "campaign", part.name)
    return _step(before, after, "campaign", part.name)


async def _bind(records: Records, campaign: Campaign, name: str) -> bool:
    try:
        return await records.campaigns.bind(campaign.id, name)
    except Missing:
        raise Invalid(f"campaigns: {campaign.name} runs over {name}, and there is no such list.", "lists") from None


async def _dnc_list(records: Records, part: DncListPart) -> Step:
    before = (await records.do_not_call.kinds()).get(part.name)
    await records.do_not_call.put_list(part.name, part.type)
    return _step(before, part.type, "dnc_list", part.name)


async def _calling(records: Records, slug: str, rules: CallingRules) -> Step:
    before = await records.calling.rules()
    await records.calling.put_rules(rules)
    return _step(None if before == CallingRules() else before, rules, "calling", slug)


async def _postcodes(records: Records, workspace: Workspace) -> Step:
    table = {folded_postcode(part.postcode): part.time_zone for part in workspace.postcodes}
    before = dict(await records.calling.postcodes(limit=MOST_POSTCODES))
    if before != table:
        await records.calling.replace_postcodes([(part.postcode, part.time_zone) for part in workspace.postcodes])
    return _step(before or None, table, "postcodes", workspace.tenant.slug)


async def _declare(core: Core, records: Records, workspace: Workspace) -> list[Step]:
    before = await _declared(core, records)
    steps: list[Step] = []
    async with core.database.transaction() as tx:
        for kind in DECLARED:
            parts: tuple[DeclaredPart, ...] = getattr(workspace, kind)
            await directory.declare(tx, records.tenant.id, kind, [(str(part.id), part.name) for part in parts])
            steps += [_step(before[kind].get(str(part.id)), part.name, kind, str(part.id)) for part in parts]
    return steps


async def _declared(core: Core, records: Records) -> dict[str, dict[str, str]]:
    async with core.database.reading() as tx:
        return {kind: await directory.declared(tx, records.tenant.id, kind) for kind in DECLARED}


def _step(before: object, after: object, kind: str, name: str, secret: str | None = None) -> Step:
    """What became of a thing, by what it was (None: nothing) and what it is."""
    action: Action = "created" if before is None else "unchanged" if before == after else "updated"
    return Step(action, kind, name, secret)
