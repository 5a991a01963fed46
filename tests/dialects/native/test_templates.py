"""Data set templates natively: what a template and its token may be, and what that means to Mindful's clients."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Unauthenticated

BODY: dict[str, Any] = {"name": "Second", "retention_hours": 0.5, "data_keys": ["A"]}


async def made(native: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await native.post("/v1/templates", json=BODY | more)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def opens(core: Core, token: str) -> bool:
    """Whether a worker that has not heard of the token yet lets it in."""
    try:
        await Core(core.database).authenticate("mindful", token)
    except Unauthenticated:
        return False
    return True


async def test_a_template_is_listed_without_its_token(native: httpx.AsyncClient) -> None:
    template = await made(native, description="why")
    listed = (await native.get("/v1/templates")).json()["items"]
    assert [each["name"] for each in listed] == ["Inbound IVR context", "Second"]
    assert listed[1] == {name: value for name, value in template.items() if name != "token"}


async def test_a_token_can_be_brought_along(core: Core, native: httpx.AsyncClient, records: Records) -> None:
    token = f"the-vendors-own-token-of-{records.tenant.slug}="
    assert (await made(native, token=token))["token"] == token
    assert await opens(core, token)


async def test_rotating_and_disabling_end_a_token(core: Core, native: httpx.AsyncClient) -> None:
    template = await made(native)
    rotated = (await native.post(f"/v1/templates/{template['id']}/token")).json()
    assert rotated == template | {"token": rotated["token"]}
    assert (await opens(core, template["token"]), await opens(core, rotated["token"])) == (False, True)
    disabled = (await native.post(f"/v1/templates/{template['id']}/disable")).json()
    assert (disabled["enabled"], "token" in disabled) == (False, False)
    assert not await opens(core, rotated["token"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_hours", 0),
        ("retention_hours", -1),
        ("retention_hours", 48.1),
        ("retention_hours", "24"),
        ("data_keys", ["A", "A"]),
        ("data_keys", [""]),
        ("data_keys", ["customer_contact_number"]),
        ("name", ""),
        ("token", "short"),
    ],
)
async def test_what_no_template_can_be_is_refused_by_field(native: httpx.AsyncClient, field: str, value: Any) -> None:
    answer = await native.post("/v1/templates", json=BODY | {field: value})
    assert answer.status_code == 422
    assert answer.json()["field"].startswith(field)
    assert len((await native.get("/v1/templates")).json()["items"]) == 1


async def test_another_tenants_template_is_missing(native: httpx.AsyncClient, other: Records) -> None:
    theirs = await other.templates.create("Second", 3600, ["A"])
    for method, path, body in (
        ("PATCH", "", {"data_keys": []}),
        ("POST", "/token", None),
        ("POST", "/disable", None),
    ):
        foreign = await native.request(method, f"/v1/templates/{theirs.template.id}{path}", json=body)
        unknown = await native.request(method, f"/v1/templates/1{path}", json=body)
        assert (foreign.status_code, foreign.content) == (404, unknown.content)


async def test_only_an_admin_key_may(core: Core, records: Records, router: httpx.AsyncClient) -> None:
    key = await records.keys.create("writer", "native", scopes=["write"])
    for method, path, body in (
        ("POST", "/v1/templates", BODY),
        ("PATCH", "/v1/templates/1", {}),
        ("POST", "/v1/templates/1/token", None),
        ("POST", "/v1/templates/1/disable", None),
    ):
        headers = {"authorization": f"Bearer {key.secret}"}
        assert (await router.request(method, path, json=body, headers=headers)).status_code == 403
