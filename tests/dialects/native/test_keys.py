"""/v1/keys: made, used, bounded by scope and by the second, and ended."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.dialects import ALL
from tests.dialects.samples import Sample, samples

_NATIVE = next(dialect for dialect in ALL if dialect.name == "native")


async def _create(native: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await native.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def _bearer(key: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {key['secret']}"}


async def test_a_key_is_made_told_once_and_usable_at_once(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    key = await _create(native, name="crm", scopes=["read"])
    assert (key["name"], key["for"], key["scopes"]) == ("crm", "native", ["read"])
    answer = await router.get("/v1/lookup?phone=330-555-0147", headers=_bearer(key))
    assert answer.status_code == 200
    listed = await native.get("/v1/keys")
    assert {k["name"] for k in listed.json()["items"]} >= {"tests", "crm"}
    assert key["secret"] not in listed.text
    assert all("secret" not in k for k in listed.json()["items"])
    changes = await native.get("/v1/changes", params={"entity": "key"})
    assert key["secret"] not in changes.text


async def test_a_key_without_scopes_reads(native: httpx.AsyncClient) -> None:
    assert (await _create(native, name="wallboard"))["scopes"] == ["read"]


def _needs(sample: Sample) -> str:
    """The scope that the table's operations need."""
    method, path = sample.operation.method, sample.operation.path
    if path.startswith("/v1/keys") or (path.startswith("/v1/templates") and method != "GET"):
        return "admin"
    return "read" if method == "GET" or path in ("/v1/contacts/search", "/v1/screenpop") else "write"


@pytest.mark.parametrize("scope", ["read", "write"])
async def test_a_key_does_what_its_scope_allows_and_nothing_else(
    scope: str, native: httpx.AsyncClient, router: httpx.AsyncClient
) -> None:
    key = await _create(native, name=scope, scopes=[scope])
    allowed = {"read": {"read"}, "write": {"read", "write"}}[scope]
    for sample in samples(_NATIVE, {}):
        answer = await router.request(sample.operation.method, sample.url, content=sample.content, headers=_bearer(key))
        assert (answer.status_code == 403) == (_needs(sample) not in allowed), (sample.url, answer.text)
        if answer.status_code == 403:
            assert answer.json()["type"] == "urn:ringbook:problem:forbidden"


async def test_a_revoked_key_ends_within_a_second(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    key = await _create(native, name="crm")
    assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 200
    revoked = await native.delete(f"/v1/keys/{key['id']}")
    assert revoked.status_code == 200
    assert "secret" not in revoked.json()
    began = time.monotonic()
    while (await router.get("/v1/contacts", headers=_bearer(key))).status_code != 401:
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.02)
    assert (await native.delete(f"/v1/keys/{key['id']}")).status_code == 404


async def test_missing_foreign_and_revoked_keys_are_answered_byte_for_byte_alike(
    native: httpx.AsyncClient, router: httpx.AsyncClient, other: Records
) -> None:
    revoked = (await _create(native, name="crm"))["id"]
    await native.delete(f"/v1/keys/{revoked}")
    foreign = (await other.keys.create("theirs", "native")).credential.id
    answers = [await native.delete(f"/v1/keys/{id_}") for id_ in (revoked, foreign, 1, "x")]
    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1
    assert [k.name for k in await other.keys.all() if k.id == foreign] == ["theirs"]


async def test_a_name_may_be_used_again_once_its_key_has_ended(native: httpx.AsyncClient) -> None:
    key = await _create(native, name="crm")
    assert (await native.post("/v1/keys", json={"name": "crm"})).status_code == 409
    await native.delete(f"/v1/keys/{key['id']}")
    assert (await _create(native, name="crm"))["id"] != key["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 422),
        ({"name": "x" * 201}, 422),
        ({"name": "crm", "for": "mindful"}, 422),
        ({"name": "crm", "for": "none"}, 422),
        ({"name": "crm", "scopes": ["root"]}, 422),
        ({"name": "crm", "scopes": "read"}, 422),
        ({"name": "crm", "for": "wolkvox", "scopes": ["read"]}, 409),
        ({"name": "crm", "per_second": 0}, 422),
        ({"name": "crm", "per_second": -1}, 422),
        ({"name": "crm", "per_second": 2**31}, 422),
        ({"name": "crm", "expires_at": "2035-01-01T00:00:00"}, 422),
        ({"name": "crm", "expires_at": "0001-01-01T00:00:00+14:00"}, 422),
        ({"name": "crm", "expires_at": "9999-12-31T23:59:59-14:00"}, 422),
        ({"name": "crm", "secret": "mine"}, 422),
    ],
)
async def test_a_key_that_cannot_be_is_told(body: dict[str, Any], status: int, native: httpx.AsyncClient) -> None:
    before = (await native.get("/v1/keys")).json()
    assert (await native.post("/v1/keys", json=body)).status_code == status
    assert (await native.get("/v1/keys")).json() == before


async def test_a_key_that_has_expired_is_no_credential(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    key = await _create(native, name="crm", expires_at="2020-01-01T00:00:00Z")
    assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 401


async def test_a_key_for_another_dialect_is_no_native_credential(
    native: httpx.AsyncClient, router: httpx.AsyncClient
) -> None:
    for dialect in ("wolkvox", "jtel", "cim", "callerid"):
        key = await _create(native, name="x", **{"for": dialect})
        assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 401


async def test_a_key_past_its_limit_is_told_to_wait(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    key = await _create(native, name="crm", per_second=3)
    await asyncio.sleep(1.01 - time.time() % 1)  # the limit counts by the second
    answers = [await router.get("/v1/contacts", headers=_bearer(key)) for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["type"] == "urn:ringbook:problem:too-many"
    assert (await native.get("/v1/contacts")).status_code == 200, "another key has its own count"
    await asyncio.sleep(1.01 - time.time() % 1)
    assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 200
