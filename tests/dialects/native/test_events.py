"""/v1/events: what a listener asks for, and what it is refused. How streams behave is in tests/web and tests/cli."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from ringbook.core import events as module
from ringbook.core.access import Core, Records
from ringbook.core.events import EventHub
from ringbook.store import events
from ringbook.web.session import COOKIE
from tests.dialects.native.conftest import Saved


@pytest.fixture
async def hub(core: Core, monkeypatch: pytest.MonkeyPatch, streams_end_at_once: None) -> AsyncIterator[EventHub]:
    """A hub whose streams go on until it ends them."""
    hub = EventHub(core.database)
    monkeypatch.setattr(core, "hub", hub)
    task = asyncio.create_task(hub.run())
    yield hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def told(hub: EventHub, core: Core, records: Records, answering: asyncio.Task[httpx.Response]) -> str:
    """All that a stream says of what has happened by now."""
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id])
    await hub._hand_on(records.tenant.id)
    await asyncio.sleep(0.05)
    hub.end()
    answer = await answering
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def until_somebody_listens(hub: EventHub) -> None:
    async with asyncio.timeout(10):
        while not hub._streams:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.001)


async def test_pops_and_changes_are_told_by_type_and_agent(
    native: httpx.AsyncClient, core: Core, records: Records, hub: EventHub, save: Saved
) -> None:
    listening = asyncio.create_task(native.get("/v1/events?types=pop,%20contact.created&agent=kim"))
    await until_somebody_listens(hub)
    await save(customer_id="1")
    for agent in ("sam", "kim"):
        body = {"ani": "330-555-0147", "agent": agent, "call_id": f"call of {agent}"}
        assert (await native.post("/v1/screenpop", json=body)).status_code == 200
    text = await told(hub, core, records, listening)
    assert [line for line in text.splitlines() if line.startswith("event: ")] == ["event: pop"]
    assert '"call_id":"call of kim"' in text


async def test_the_last_id_comes_as_a_header_or_in_the_query(
    native: httpx.AsyncClient, core: Core, records: Records, hub: EventHub, save: Saved
) -> None:
    await save(customer_id="1")
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id])
    asked = [
        asyncio.create_task(native.get("/v1/events", headers={"last-event-id": "0-0"})),
        asyncio.create_task(native.get("/v1/events?last_event_id=0-0")),
        asyncio.create_task(native.get("/v1/events", headers={"last-event-id": "elsewhere"})),
    ]
    await until_somebody_listens(hub)
    await asyncio.sleep(0.1)
    first = await told(hub, core, records, asked[0])
    second, third = [(await each).text for each in asked[1:]]
    assert "event: contact.created" in first
    assert "event: contact.created" in second
    assert ("event: reset" in third, "contact.created" in third) == (True, False)


@pytest.mark.parametrize("query", ["types=Contact", "types=contact.created.x", "types=a;b", "types=" + "x," * 60])
async def test_what_is_no_type_is_refused(native: httpx.AsyncClient, query: str) -> None:
    answer = await native.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, "types")


async def test_a_ticket_opens_one_stream_and_nothing_else(
    native: httpx.AsyncClient, router: httpx.AsyncClient, core: Core
) -> None:
    made = (await native.post("/v1/events/ticket")).json()
    assert list(made) == ["ticket", "expires_at"]
    for path in ("/v1/contacts", "/v1/events/ticket"):
        assert (await router.get(f"{path}?ticket={made['ticket']}")).status_code in (401, 405)
    assert (await router.get(f"/v1/events?ticket={made['ticket']}")).status_code == 200
    assert (await router.get(f"/v1/events?ticket={made['ticket']}")).status_code == 401
    assert (await router.get("/v1/events?ticket=" + "x" * 5000)).status_code == 401
    assert (await router.get("/v1/events")).status_code == 401


async def test_who_is_signed_in_to_the_console_may_listen_and_nothing_else(
    router: httpx.AsyncClient, core: Core, records: Records, hub: EventHub
) -> None:
    secret = await core.sessions.use_link(await core.sessions.make_link(records.tenant.slug, "sam.poe"))
    headers = {"cookie": f"{COOKIE}={secret}"}
    listening = asyncio.create_task(router.get("/v1/events?types=pop", headers=headers))
    await until_somebody_listens(hub)
    await core.sessions.end(secret)
    await hub.check_holders()
    assert (await asyncio.wait_for(listening, 5)).status_code == 200
    assert (await router.get("/v1/events", headers=headers)).status_code == 401
    other = await core.sessions.use_link(await core.sessions.make_link(records.tenant.slug, "sam.poe"))
    headers = {"cookie": f"{COOKIE}={other}"}
    for method, path in (("GET", "/v1/contacts"), ("POST", "/v1/events/ticket"), ("GET", "/v1/changes")):
        assert (await router.request(method, path, headers=headers)).status_code == 401


async def test_too_many_streams_are_refused(
    native: httpx.AsyncClient, hub: EventHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LISTENERS_A_KEY", 1)
    first = asyncio.create_task(native.get("/v1/events"))
    await until_somebody_listens(hub)
    answer = await native.get("/v1/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    hub.end()
    assert (await first).status_code == 200
    assert not hub._streams


async def test_another_tenants_events_are_not_told(
    native: httpx.AsyncClient, core: Core, records: Records, other: Records, hub: EventHub
) -> None:
    listening = asyncio.create_task(native.get("/v1/events"))
    await until_somebody_listens(hub)
    await other.contacts.save({"customer_id": "theirs"})
    async with core.database.reading() as tx:
        await events.gather(tx, [other.tenant.id])
    assert "theirs" not in await told(hub, core, records, listening)


async def test_who_may_only_read_may_listen(
    native: httpx.AsyncClient, router: httpx.AsyncClient, records: Records
) -> None:
    key = await records.keys.create("reader", "native", scopes=["read"])
    headers = {"authorization": f"Bearer {key.secret}"}
    assert (await router.get("/v1/events", headers=headers)).status_code == 200
    wolkvox = {"authorization": f"Bearer wolkvox-key-of-{records.tenant.slug}"}
    assert (await router.get("/v1/events", headers=wolkvox)).status_code == 401
