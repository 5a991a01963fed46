"""What a role may: the core refuses, and pages do not offer what it would refuse."""

from __future__ import annotations

import pytest

from ringbook.core.access import Core, Records
from tests.console.conftest import Visitor, sign_in
from tests.core.cast import number, save

ADMINISTRATORS = ("/keys", "/users", "/exchanges")


@pytest.mark.parametrize("path", ADMINISTRATORS)
async def test_an_agent_is_told_that_a_page_is_not_theirs(agent: Visitor, admin: Visitor, path: str) -> None:
    refused = await agent.get(path)
    assert refused.status_code == 403
    assert "You may not do that" in refused.text
    assert "Sign out" in refused.text
    assert f'href="/console{path}"' not in refused.text
    assert (await admin.get(path)).status_code == 200


async def test_an_agent_changes_people_and_neither_lists_nor_campaigns(agent: Visitor, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await agent.done(f"/contacts/{contact.id}/edit", {"version": contact.version, "first_name": "Eve"})
    assert (await records.contacts.get(contact.id)).attributes["first_name"] == "Eve"
    page = await agent.read("/campaigns/7224")
    assert ">Stop<" not in page
    for path, fields in (
        ("/campaigns/7224", {"state": "stop"}),
        ("/campaigns/new", {"name": "Mine"}),
        (f"/contacts/{contact.id}/delete", {}),
        ("/dnc", {"name": "Mine"}),
        ("/schema", {"key": "mine"}),
        ("/datasets/templates", {"name": "Mine", "data_keys": "a"}),
        ("/keys", {"name": "mine"}),
        ("/users", {"login": "mine", "password": "a-long-password"}),
    ):
        assert (await agent.send(path, fields)).status_code == 403, path
    assert (await records.campaigns.get(7224)).state == "running"


async def test_a_supervisor_runs_campaigns_and_administers_nothing(
    admin: Visitor, records: Records, core: Core, agent: Visitor
) -> None:
    fields = {"login": "sue", "password": "a-long-password", "role": "supervisor"}
    await admin.done("/users", fields)
    supervisor = await sign_in(admin.client, core, records, "sue")
    await supervisor.done("/campaigns/7224", {"state": "stop"})
    assert (await records.campaigns.get(7224)).state == "stopped"
    assert (await supervisor.send("/keys", {"name": "mine"})).status_code == 403


async def test_another_tenants_records_look_like_missing_ones(
    admin: Visitor, records: Records, other: Records, agent: Visitor
) -> None:
    theirs = await save(other, first_name="Eve", phone1=number(2))
    target = (await other.lists.all())[0]
    template = (await other.templates.all())[0].template
    key = (await other.keys.all())[0]
    for path in (f"/contacts/{theirs.id}", f"/contacts/{theirs.id}/edit", f"/lists/{target.id}"):
        foreign, missing = await admin.get(path), await admin.get(path.replace(str(theirs.id), "999999999"))
        assert foreign.status_code == missing.status_code == 404
    for path in (f"/datasets/templates/{template.id}/rotate", f"/keys/{key.id}/revoke"):
        assert (await admin.send(path)).status_code == 404
    assert "Nobody is known" in await admin.read("", q=number(2))
    assert "Eve" not in await admin.read("/journal")
