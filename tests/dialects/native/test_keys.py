"""/v1/keys: made, used, bounded by scope and by the second, and ended."""

from __future__ import annotations

import asyncio
import base64
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.dialects import ALL
from ringbook.domain.problems import Conflict
from tests.core.cast import move_clock
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


_READ = ("/v1/screenpop", "/v1/events/ticket")
_ALWAYS_ADMIN = ("/v1/keys", "/v1/webhooks")
_ADMIN = ("/v1/templates", "/v1/schema", "/v1/mappings", "/v1/calling-rules", "/v1/postcodes")


def _needs(sample: Sample) -> str:
    """The scope that the table's operations need."""
    path = sample.operation.path
    reads = sample.operation.method == "GET" or sample.operation.reads or path in _READ
    if path.startswith(_ALWAYS_ADMIN) or (path.startswith(_ADMIN) and not reads):
        return "admin"
    return "read" if reads else "write"


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


# ---- Another secret, and what a key may give


async def test_a_rotated_key_has_two_secrets_until_the_overlap_is_over(
    core: Core, native: httpx.AsyncClient, router: httpx.AsyncClient, records: Records
) -> None:
    old = await _create(native, name="crm", scopes=["write"], per_second=7)
    answer = await native.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 3600})
    new = answer.json()
    assert (answer.status_code, new["id"], new["scopes"], new["per_second"]) == (200, old["id"], ["write"], 7)
    assert new["secret"] != old["secret"]
    assert new["former_until"]
    for key in (old, new):
        assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 200
    assert "secret" not in (await native.get(f"/v1/keys/{old['id']}")).json()
    await move_clock(core, records, timedelta(minutes=61))
    await asyncio.sleep(0.6)
    assert (await router.get("/v1/contacts", headers=_bearer(old))).status_code == 401
    assert (await router.get("/v1/contacts", headers=_bearer(new))).status_code == 200


async def test_without_an_overlap_the_secret_before_ends_at_once(
    native: httpx.AsyncClient, router: httpx.AsyncClient
) -> None:
    old = await _create(native, name="crm")
    new = (await native.post(f"/v1/keys/{old['id']}/rotate", json={})).json()
    assert (await router.get("/v1/contacts", headers=_bearer(old))).status_code == 401
    assert (await router.get("/v1/contacts", headers=_bearer(new))).status_code == 200


async def test_revoking_a_rotated_key_ends_both_secrets(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    old = await _create(native, name="crm")
    new = (await native.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 3600})).json()
    await native.delete(f"/v1/keys/{old['id']}")
    for key in (old, new):
        assert (await router.get("/v1/contacts", headers=_bearer(key))).status_code == 401


async def test_a_mindful_token_is_rotated_like_any_key(
    router: httpx.AsyncClient, native: httpx.AsyncClient, records: Records
) -> None:
    (token,) = [key for key in (await native.get("/v1/keys")).json()["items"] if key["for"] == "mindful"]
    new = (await native.post(f"/v1/keys/{token['id']}/rotate", json={"overlap_seconds": 60})).json()
    assert len(base64.b64decode(new["secret"])) == 32
    asked = "/api/v1/data_sets/search?customer_contact_number=3305550101"
    for secret in (new["secret"], f"mindful-token-of-{records.tenant.slug}"):
        answer = await router.get(asked, headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code != 401


async def test_a_secret_that_was_rotated_away_is_nobodys_again(
    native: httpx.AsyncClient, records: Records, other: Records
) -> None:
    made = await records.keys.create("crm", "native", secret=f"old-{records.tenant.slug}")
    await records.keys.rotate(made.credential.id)
    with pytest.raises(Conflict, match="in use by another key"):
        await other.keys.create("crm", "native", secret=made.secret)
    again = await records.keys.create("crm2", "native", secret=made.secret)
    assert again.credential.id != made.credential.id


async def test_a_key_gives_no_more_than_it_has(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    ends = "2035-01-01T00:00:00Z"
    own = await _create(native, name="own", scopes=["admin"], per_second=50, expires_at=ends)
    unbounded = await _create(native, name="unbounded", scopes=["admin"])

    async def ask(path: str, **body: Any) -> httpx.Response:
        return await router.post(path, json=body, headers=_bearer(own))

    assert (await ask("/v1/keys", name="a", per_second=51)).status_code == 403
    assert (await ask("/v1/keys", name="a", expires_at="2035-01-01T00:00:01Z")).status_code == 403
    assert (await ask(f"/v1/keys/{unbounded['id']}/rotate")).status_code == 403
    made = (await ask("/v1/keys", name="a")).json()
    assert (made["per_second"], made["expires_at"]) == (50, ends)
    assert (await ask(f"/v1/keys/{own['id']}/rotate")).status_code == 200


async def test_over_its_limit_a_key_is_told_when_to_try_again(
    native: httpx.AsyncClient, router: httpx.AsyncClient
) -> None:
    key = await _create(native, name="slow", per_second=1)
    answers = [await router.get("/v1/contacts", headers=_bearer(key)) for _ in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["type"] == "urn:ringbook:problem:too-many"


async def test_keys_come_in_pages(native: httpx.AsyncClient) -> None:
    for n in range(3):
        await _create(native, name=f"key {n}")
    names: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await native.get("/v1/keys", params={"limit": 2, **cursor})).json()
        names += [key["name"] for key in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert names[-3:] == ["key 0", "key 1", "key 2"]
    assert len(names) == len((await native.get("/v1/keys")).json()["items"])
