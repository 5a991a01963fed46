"""Server-sent events on the wire: what is sent, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from ringbook.core.access import Core, Records
from ringbook.core.events import EventHub, Listening
from ringbook.domain.event import Filter
from ringbook.store import events
from ringbook.web import sse
from ringbook.web.sse import EventStream
from tests.core.cast import save


class Reader:
    """Somebody who reads; one who is slow takes nothing after the first piece."""

    def __init__(self, *, is_slow: bool = False) -> None:
        self.got: list[Message] = []
        self.hung_up = asyncio.Event()
        self._is_slow = is_slow
        self._more = asyncio.Event()

    async def receive(self) -> Message:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self._is_slow and len(self.got) > 1:
            await asyncio.Event().wait()
        self.got.append(message)
        self._more.set()

    @property
    def text(self) -> str:
        return b"".join(m["body"] for m in self.got if m["type"] == "http.response.body").decode()

    async def until(self, part: str) -> None:
        async with asyncio.timeout(10):
            while part not in self.text:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def hub(core: Core) -> AsyncIterator[EventHub]:
    """A hub that looks by itself."""
    hub = EventHub(core.database)
    task = asyncio.create_task(hub.run())
    yield hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def begun(hub: EventHub, records: Records, reader: Reader, last_id: str | None = None) -> asyncio.Task[None]:
    listening: Listening = await records.events.listen(hub, Filter(frozenset({"contact"})), last_id)
    stream = EventStream(hub, listening.listener, reset=not listening.is_kept)
    return asyncio.create_task(stream({}, reader.receive, reader.send))


async def happens(core: Core, hub: EventHub, records: Records, customer_id: str) -> int:
    contact = await save(records, customer_id=customer_id)
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id])
    hub.wake({records.tenant.id})
    return contact.id


async def test_an_event_has_an_id_a_type_and_json_on_one_line(core: Core, records: Records, hub: EventHub) -> None:
    reader = Reader()
    answering = await begun(hub, records, reader)
    await reader.until("\n\n")
    assert reader.got[0]["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in reader.got[0]["headers"]
    contact_id = await happens(core, hub, records, "K-1")
    await reader.until("contact.created")
    head, _, rest = reader.text.partition("\n\n")
    assert head.startswith("retry: 1000\nid: ")
    id_, type_, data = rest.strip().split("\n")
    assert id_.startswith("id: ")
    assert type_ == "event: contact.created"
    assert data.startswith("data: {")
    assert f'"entity_id":{contact_id}' in data
    hub.end()
    await asyncio.wait_for(answering, 5)
    assert reader.got[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_who_comes_back_with_the_last_id_misses_nothing(core: Core, records: Records, hub: EventHub) -> None:
    first, second = Reader(), Reader()
    answering = await begun(hub, records, first)
    await happens(core, hub, records, "K-1")
    await first.until("contact.created")
    first.hung_up.set()
    await asyncio.wait_for(answering, 5)
    last_id = [line for line in first.text.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")
    await happens(core, hub, records, "K-2")
    answering = await begun(hub, records, second, last_id)
    await happens(core, hub, records, "K-3")
    await second.until("K-3")
    assert "reset" not in second.text
    assert [key for key in ("K-1", "K-2", "K-3") if key in second.text] == ["K-2", "K-3"]
    hub.end()
    await asyncio.wait_for(answering, 5)


async def test_an_id_from_elsewhere_is_answered_by_a_reset(core: Core, records: Records, hub: EventHub) -> None:
    reader = Reader()
    answering = await begun(hub, records, reader, "999999-1")
    await reader.until("event: reset\ndata: {}\n\n")
    await happens(core, hub, records, "K-1")
    await reader.until("K-1")
    hub.end()
    await asyncio.wait_for(answering, 5)


async def test_a_quiet_stream_is_kept_open_and_its_place_moves_on(
    core: Core, records: Records, hub: EventHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "QUIET_SECONDS", 0.05)
    reader = Reader()
    answering = await begun(hub, records, reader)
    await reader.until(": still here\nid: ")
    before = reader.text.rpartition("id: ")[2].strip()
    await records.campaigns.update(7224, state="stopped")  # nothing that they want
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id])
        place = await events.last_place(tx, records.tenant.id)
    hub.wake({records.tenant.id})
    assert str(place) != before
    await reader.until(f": still here\nid: {place}\n\n")
    hub.end()
    await asyncio.wait_for(answering, 5)


async def test_a_slow_reader_is_let_go(
    core: Core, records: Records, hub: EventHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "SLOW_SECONDS", 0.05)
    reader = Reader(is_slow=True)
    answering = await begun(hub, records, reader)
    with capture_logs() as logged:
        await happens(core, hub, records, "K-1")
        await asyncio.wait_for(answering, 5)
    assert reader.got[-1]["more_body"], "the end was never said"
    assert [line["event"] for line in logged] == ["a slow reader of events is let go"]


async def test_who_hangs_up_leaves_nothing_behind(core: Core, records: Records, hub: EventHub) -> None:
    reader = Reader()
    answering = await begun(hub, records, reader)
    await reader.until("\n\n")
    reader.hung_up.set()
    await asyncio.wait_for(answering, 5)
    assert not hub._streams
