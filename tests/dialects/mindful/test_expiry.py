"""Expiry, seen by a client of Mindful: the tenant's clock moves, and no sweeper runs (D-M7, D-M14, D-M16)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ringbook.core.access import Core, Records
from tests.dialects.conftest import move_clock

NUMBER = {"customer_contact_number": "330-555-0147"}
RETENTION = 24 * 3600


async def _submit(mindful: httpx.AsyncClient, **values: str) -> dict[str, Any]:
    answer = await mindful.post("/api/v1/data_sets", json={**NUMBER, "data_values": values})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def _get(mindful: httpx.AsyncClient, number: str = "330-555-0147") -> httpx.Response:
    return await mindful.get("/api/v1/data_sets/search", params={"customer_contact_number": number})


async def _expiry(mindful: httpx.AsyncClient) -> datetime:
    return datetime.fromisoformat((await _get(mindful)).json()["time_to_expire"])


async def test_data_is_there_until_its_retention_has_passed_and_gone_after_it(
    core: Core, records: Records, mindful: httpx.AsyncClient
) -> None:
    submitted = await _submit(mindful, Callid="c-1")
    assert abs(
        datetime.fromisoformat(submitted["time_to_expire"]) - datetime.now(UTC) - timedelta(hours=24)
    ) < timedelta(seconds=5)
    await move_clock(core, records.tenant.id, RETENTION - 5)
    assert (await _get(mindful)).status_code == 200
    await move_clock(core, records.tenant.id, RETENTION + 1)
    assert (await _get(mindful)).status_code == 404


async def test_expired_foreign_and_unknown_data_are_answered_byte_for_byte_alike(
    core: Core, records: Records, mindful: httpx.AsyncClient, other: Records
) -> None:
    never = await _get(mindful, "330-555-0199")
    await other.datasets.submit("Inbound IVR context", "330-555-0147", {"Callid": "theirs"})
    foreign = await _get(mindful)
    await _submit(mindful, Callid="c-1")
    assert (await _get(mindful)).json()["Callid"] == "c-1"
    await move_clock(core, records.tenant.id, RETENTION + 1)
    expired = await _get(mindful)
    for answer in (never, foreign, expired):
        assert answer.status_code == 404
        assert answer.content == b'{"error":"NotFound"}'
        assert set(answer.headers) == set(never.headers)


async def test_expired_data_does_not_come_back_when_its_number_is_asked_of_natively(
    core: Core, records: Records, mindful: httpx.AsyncClient, native: httpx.AsyncClient
) -> None:
    await _submit(mindful, Callid="c-1")
    await move_clock(core, records.tenant.id, RETENTION + 1)
    unknown = await native.post("/v1/datasets/callback", json={"number": "330-555-0199", "ecbt": 1})
    expired = await native.post("/v1/datasets/callback", json={"number": "330-555-0147", "ecbt": 1})
    assert (expired.status_code, expired.content) == (404, unknown.content)
    assert (await native.get("/v1/datasets", params={"number": "330-555-0147"})).json() == {"items": []}
    assert (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()["data_sets"] == []


async def test_a_callback_moves_the_expiry_and_its_cancellation_moves_it_back(
    core: Core, records: Records, mindful: httpx.AsyncClient, native: httpx.AsyncClient
) -> None:
    await _submit(mindful, Callid="c-1")
    first = await _expiry(mindful)
    await move_clock(core, records.tenant.id, 3600)
    await native.post("/v1/datasets/callback", json={"number": "330-555-0147", "ecbt": 900})
    registered = await _expiry(mindful)
    assert abs(registered - first - timedelta(seconds=3600 + 900)) < timedelta(seconds=5)
    await native.post("/v1/datasets/callback", json={"number": "330-555-0147", "ecbt": 60})
    assert await _expiry(mindful) < registered
    await native.post("/v1/datasets/callback", json={"number": "330-555-0147", "ecbt": None})
    assert (await _get(mindful)).json()["ecbt"] is None
    assert await _expiry(mindful) == first


async def test_reading_does_not_extend(core: Core, records: Records, mindful: httpx.AsyncClient) -> None:
    await _submit(mindful, Callid="c-1")
    first = await _expiry(mindful)
    await move_clock(core, records.tenant.id, 3600)
    assert await _expiry(mindful) == first


async def test_submitting_again_begins_a_new_retention(
    core: Core, records: Records, mindful: httpx.AsyncClient
) -> None:
    await _submit(mindful, Callid="c-1")
    await move_clock(core, records.tenant.id, RETENTION - 60)
    await _submit(mindful, Callid="c-2")
    await move_clock(core, records.tenant.id, RETENTION + 60)
    assert (await _get(mindful)).json()["Callid"] == "c-2"


async def test_who_asks_again_and_again_sees_it_go_within_a_second_of_its_time(
    records: Records, router: httpx.AsyncClient
) -> None:
    made = await records.templates.create("Short", 1.2, ["Callid"])
    headers = {"authorization": f"Bearer {made.token}"}
    began = time.monotonic()
    answer = await router.post("/api/v1/data_sets", json={**NUMBER, "data_values": {"Callid": "c-1"}}, headers=headers)
    submitted = time.monotonic()
    assert answer.status_code == 200
    while (await router.get("/api/v1/data_sets/search", params=NUMBER, headers=headers)).status_code == 200:
        assert time.monotonic() - began < 2.2, "nothing sweeps in the tests: the read has to see it"
        await asyncio.sleep(0.02)
    assert time.monotonic() - submitted > 1.1
