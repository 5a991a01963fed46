"""Webhooks: every event arrives once or more, in order for each contact, signed, and nowhere it must not go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore
import pytest

from ringbook.background import receivers, webhooks
from ringbook.background.receivers import Receivers, is_allowed
from ringbook.background.webhooks import Deliverer
from ringbook.core.access import Core, Records
from ringbook.core.screenpop import Call
from ringbook.core.webhooks import NewWebhook
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing
from ringbook.domain.webhook import MOST_TRIES, MOST_WEBHOOKS, Delivery, Outcome, pause_after, signature
from ringbook.store import events
from ringbook.store import webhooks as stored
from ringbook.store.webhooks import Tried
from tests.core.cast import LEADS, agent_leg, lead, move_clock, number, only, save

LOCAL = [ip_network("127.0.0.0/8")]


class Receiver:
    """A real HTTP server of the other side; it answers what it is told to, or nothing."""

    def __init__(self) -> None:
        self.status = 200
        self.headers = ""
        self.body = b"ok"
        self.hangs = False
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.refuse_types: set[str] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self._server.close_clients() if hasattr(self._server, "close_clients") else None
        self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers["content-length"]))
            if self.hangs:
                await asyncio.sleep(3600)
            self.asked.append((dict(line.split(": ", 1) for line in head[1:] if line), body))
            status = 500 if json.loads(body)["type"] in self.refuse_types else self.status
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(self.body)}\r\n{self.headers}\r\n".encode())
            writer.write(self.body)
            await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    yield receiver
    if receiver._server is not None:
        await receiver.stop()


@pytest.fixture
async def delivering(core: Core) -> AsyncIterator[Deliverer]:
    """A worker's deliverer, to which receivers of this machine are allowed; it looks when it is told to."""
    assert core.passwords is not None
    deliverer = Deliverer(core.database, core.passwords, LOCAL)
    yield deliverer
    await deliverer.close()


async def deliver(core: Core, records: Records, deliverer: Deliverer) -> None:
    """Deliver all that is due now."""
    async with core.database.reading() as tx:
        while await events.gather(tx, [records.tenant.id]):
            pass
    await deliverer.deliver_due(records.tenant.id)


async def hooked(core: Core, records: Records, url: str, *types: str, agent: str = "") -> NewWebhook:
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id])
    return await records.webhooks.create(url, types or ("contact", "pop"), agent)


async def states(records: Records, made: NewWebhook) -> list[str]:
    """What became of all deliveries, the oldest first."""
    return [each.state for each in reversed(await records.webhooks.deliveries(made.webhook.id))]


async def deliveries(records: Records, made: NewWebhook) -> list[Delivery]:
    return list(reversed(await records.webhooks.deliveries(made.webhook.id)))


# ---- What arrives


async def test_events_arrive_signed_as_standard_webhooks_say(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    contact = await save(records, first_name="Ilse", phone1=number(1))
    await records.screenpops.pop(Call(ani=number(1), agent="kim"))
    await deliver(core, records, delivering)
    created, popped = receiver.bodies
    assert (created["type"], created["entity_id"], popped["type"]) == ("contact.created", contact.id, "pop")
    for headers, body in receiver.asked:
        told = json.loads(body)
        assert headers["webhook-id"] == str(told["id"])
        sent_at = int(headers["webhook-timestamp"])
        assert abs(sent_at - time.time()) < 60
        assert headers["webhook-signature"] == signature(made.secret, headers["webhook-id"], sent_at, body)
    assert await states(records, made) == ["delivered", "delivered"]


async def test_types_and_agent_choose(core: Core, records: Records, receiver: Receiver, delivering: Deliverer) -> None:
    await hooked(core, records, receiver.url, "pop", agent="kim")
    await save(records, first_name="Ilse")
    for agent in ("sam", "kim"):
        await records.screenpops.pop(Call(ani=number(1), agent=agent))
    await deliver(core, records, delivering)
    assert [body["agent"] for body in receiver.bodies] == ["kim"]


async def test_a_ping_arrives_whatever_is_listened_for(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url, "campaign")
    await hooked(core, records, receiver.url, "webhook")
    event_id = await records.webhooks.ping(made.webhook.id)
    await deliver(core, records, delivering)
    pings = [body for body in receiver.bodies if body["type"] == "webhook.ping"]
    assert only(pings)["id"] == event_id


# ---- Again, and in order


async def test_a_receiver_that_is_down_for_a_minute_misses_nothing_and_gets_it_in_order(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    await receiver.stop()
    people = [await save(records, customer_id=f"c{n}") for n in range(5)]
    for city in ("Akron", "Boise", "Chico"):
        for person in people:
            await records.contacts.update(person.id, {"city": city})
    for seconds in (0, 10, 30, 60):
        await move_clock(core, records, timedelta(seconds=seconds))
        await deliver(core, records, delivering)
    assert set(await states(records, made)) == {"waiting"}
    await receiver.start()
    for seconds in range(90, 400, 30):
        await move_clock(core, records, timedelta(seconds=seconds))
        await deliver(core, records, delivering)
    assert await states(records, made) == ["delivered"] * 20
    for person in people:
        mine = [body["data"]["after"].get("city") for body in receiver.bodies if body["entity_id"] == person.id]
        assert mine == [None, "Akron", "Boise", "Chico"]


async def test_what_one_contact_waits_for_holds_up_nobody_else(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    receiver.refuse_types = {"contact.changed"}
    one, other = [await save(records, customer_id=key) for key in ("a", "b")]
    await records.contacts.update(one.id, {"city": "Akron"})
    await records.contacts.delete(one.id)
    await records.contacts.delete(other.id)
    await deliver(core, records, delivering)
    await deliver(core, records, delivering)
    told = [(body["type"], body["entity_id"]) for body in receiver.bodies]
    assert ("contact.deleted", other.id) in told
    assert ("contact.deleted", one.id) not in told, "its change was not taken yet"
    receiver.refuse_types = set()
    await move_clock(core, records, timedelta(seconds=10))
    await deliver(core, records, delivering)
    assert set(await states(records, made)) == {"delivered"}
    assert [t for t, entity_id in [(b["type"], b["entity_id"]) for b in receiver.bodies] if entity_id == one.id] == [
        "contact.created",
        "contact.changed",
        "contact.changed",
        "contact.deleted",
    ]


async def test_after_its_last_try_a_delivery_is_dead_and_can_be_replayed(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    receiver.status = 503
    contact = await save(records, customer_id="a")
    await deliver(core, records, delivering)
    delivery = only(await deliveries(records, made))
    assert (delivery.state, delivery.tries, delivery.status, delivery.error) == ("waiting", 1, 503, None)
    hours = 0.0
    while only(await deliveries(records, made)).state == "waiting":
        hours += 1.3
        await move_clock(core, records, timedelta(hours=hours))
        await deliver(core, records, delivering)
    assert len(receiver.asked) == MOST_TRIES
    assert len({headers["webhook-id"] for headers, _ in receiver.asked}) == 1, "always the same event"
    dead = only(await records.webhooks.deliveries(made.webhook.id, state="dead"))
    assert (dead.event_id, dead.tries, dead.next_try_at) == (receiver.bodies[0]["id"], MOST_TRIES, None)
    await records.contacts.update(contact.id, {"city": "Akron"})
    receiver.status = 204
    receiver.body = b""
    await deliver(core, records, delivering)
    assert await states(records, made) == ["dead", "delivered"], "what is dead holds up nothing"
    assert await records.webhooks.replay(made.webhook.id, [1]) == 0
    assert await records.webhooks.replay(made.webhook.id, [dead.event_id]) == 1
    await deliver(core, records, delivering)
    assert await states(records, made) == ["delivered", "delivered"]
    assert await records.webhooks.replay(made.webhook.id) == 0


async def test_what_is_there_no_more_is_not_tried_again(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    receiver.status = 500
    await records.screenpops.pop(Call(ani=number(1)))
    await deliver(core, records, delivering)
    async with core.database.transaction() as tx:
        await tx.execute("DELETE FROM event WHERE tenant_id = $1", records.tenant.id)  # as erasing a person does
    await move_clock(core, records, timedelta(seconds=10))
    await deliver(core, records, delivering)
    delivery = only(await deliveries(records, made))
    assert (delivery.state, delivery.tries, delivery.error) == ("dead", 2, "The event is there no more.")


def test_pauses_grow_over_hours_and_are_never_quite_the_same() -> None:
    whole = sum(pause_after(tries) for tries in range(1, MOST_TRIES))
    assert 3 * 3600 < whole < 12 * 3600
    assert 3 < pause_after(1) < 7
    assert max(pause_after(tries) for tries in range(1, 100)) < 2 * 3600
    assert len({pause_after(3) for _ in range(10)}) > 1


async def test_a_receiver_that_hangs_holds_up_no_other_tenant(
    core: Core, records: Records, other: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    hanging = Receiver()
    hanging.hangs = True
    await hanging.start()
    await hooked(core, records, hanging.url)
    await hooked(core, other, receiver.url)
    await save(records, customer_id="a")
    await save(other, customer_id="a")
    running = asyncio.create_task(delivering.run())
    async with core.database.reading() as tx:
        await events.gather(tx, [records.tenant.id, other.tenant.id])
    delivering.wake()
    async with asyncio.timeout(10):
        while not receiver.asked:  # noqa: ASYNC110 - it is another program's, in spirit
            await asyncio.sleep(0.01)
    assert not hanging.asked
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await hanging.stop()


async def test_one_worker_at_a_time_delivers_to_a_receiver(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    await save(records, customer_id="a")
    async with core.database.reading() as tx:
        assert await stored.hold(tx, records.tenant.id, made.webhook.id, "another", 60)
    await deliver(core, records, delivering)
    assert not receiver.asked
    await move_clock(core, records, timedelta(seconds=61))  # the other has died
    await deliver(core, records, delivering)
    assert len(receiver.asked) == 1
    async with core.database.reading() as tx:
        assert await stored.hold(tx, records.tenant.id, made.webhook.id, "another", 60), "it was released"


async def test_two_workers_send_each_event_once(core: Core, records: Records, receiver: Receiver) -> None:
    assert core.passwords is not None
    made = await hooked(core, records, receiver.url)
    workers = [Deliverer(core.database, core.passwords, LOCAL) for _ in range(2)]
    for n in range(20):
        await save(records, customer_id=f"c{n}")
    await asyncio.gather(*(deliver(core, records, worker) for worker in workers))
    for worker in workers:
        await deliver(core, records, worker)
        await worker.close()
    ids = [body["id"] for body in receiver.bodies]
    assert len(ids) == len(set(ids)) == 20
    assert await states(records, made) == ["delivered"] * 20


async def test_who_has_lost_the_lease_meanwhile_changes_nothing(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    await save(records, customer_id="a")
    await deliver(core, records, delivering)
    name = records.tenant.id, made.webhook.id
    event_id = receiver.bodies[0]["id"]
    async with core.database.transaction() as tx:
        failed = Tried(event_id, "waiting", Outcome(error="It came too late."), 0)
        await stored.note(tx, *name, "one who stood still", [failed])
    assert await states(records, made) == ["delivered"]


async def test_however_many_receivers_there_are_they_take_few_connections(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        await hooked(core, records, receiver.url)
    await save(records, customer_id="a")
    taken = most = 0
    take = core.database._connection

    @contextlib.asynccontextmanager
    async def counted() -> AsyncIterator[Any]:
        nonlocal taken, most
        async with take() as connection:
            taken += 1
            most = max(most, taken)
            yield connection
            taken -= 1

    monkeypatch.setattr(core.database, "_connection", counted)
    await deliver(core, records, delivering)
    assert len(receiver.asked) == 8
    assert most == 2


async def test_a_call_comes_behind_the_contact_whose_it_is(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    await hooked(core, records, receiver.url, "contact", "interaction", "list_record")
    receiver.refuse_types = {"contact.created"}
    await save(records, customer_id="1", phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(1)))
    await agent_leg(records, "call-1", ani=number(1))
    await deliver(core, records, delivering)
    receiver.refuse_types = set()
    await move_clock(core, records, timedelta(seconds=10))
    await deliver(core, records, delivering)
    told = [body["type"] for body in receiver.bodies]
    assert told == ["contact.created", "contact.created", "list_record.created", "interaction.leg"]


async def test_more_than_there_is_room_for_waits_in_the_stream(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_MOST_WAITING", 3)
    monkeypatch.setattr(webhooks, "_MOST_A_PAGE", 2)
    made = await hooked(core, records, receiver.url)
    receiver.status = 500
    for n in range(12):
        await save(records, customer_id=f"c{n}")
    await deliver(core, records, delivering)
    assert len(await deliveries(records, made)) <= 6
    receiver.status = 200
    for seconds in range(10, 100, 10):
        await move_clock(core, records, timedelta(seconds=seconds))
        await deliver(core, records, delivering)
    assert await states(records, made) == ["delivered"] * 12


# ---- Nowhere it must not go


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::7f00:1",
        "64:ff9b:1::7f00:1",
        "fec0::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(text: str) -> None:
    assert not is_allowed(ip_address(text), [])


def test_public_and_allowed_addresses_are_not() -> None:
    assert is_allowed(ip_address("93.184.215.14"), [])
    assert is_allowed(ip_address("2606:2800:21f::1"), [])
    assert is_allowed(ip_address("10.1.2.3"), [ip_network("10.1.0.0/16")])
    assert not is_allowed(ip_address("10.2.2.3"), [ip_network("10.1.0.0/16")])


async def test_a_private_receiver_is_sent_nothing(
    core: Core, records: Records, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = Receivers()
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"):
        outcome = await strict.post(f"http://{host}:{receiver.port}/", {}, b"{}")
        assert (outcome.status, outcome.is_good) == (None, False)
        assert outcome.error in ("The address is not public.", "The name cannot be looked up.")
    await strict.close()
    assert not receiver.asked


async def test_a_name_is_looked_up_once_and_that_address_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]  # as one does who rebinds
    asked: list[str] = []
    connected: list[str] = []

    async def addresses(names: object, host: str, port: int) -> Any:
        asked.append(host)
        return [ip_address(text) for text in answers[len(asked) - 1]]

    class Backend(httpcore.AnyIOBackend):
        async def connect_tcp(self, host: str, *arguments: Any, **more: Any) -> Any:
            connected.append(host)
            raise httpcore.ConnectError

    monkeypatch.setattr(receivers, "_addresses", addresses)
    monkeypatch.setattr(httpcore, "AnyIOBackend", Backend)
    there = Receivers()
    await there.post(f"http://rebinds.example:{receiver.port}/", {}, b"{}")
    outcome = await there.post(f"http://rebinds.example:{receiver.port}/", {}, b"{}")
    await there.close()
    assert connected == ["93.184.215.14"], "and not the name"
    assert outcome.error == "The address is not public."


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    second = Receiver()
    await second.start()
    receiver.status, receiver.headers = 307, f"location: {second.url}\r\n"
    there = Receivers(LOCAL)
    outcome = await there.post(receiver.url, {}, b'{"type": "x"}')
    await there.close()
    await second.stop()
    assert (outcome.status, outcome.is_good) == (307, False)
    assert not second.asked


async def test_an_answer_without_end_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.body = b"x" * 5_000_000
    there = Receivers(LOCAL)
    assert (await there.post(receiver.url, {}, b'{"type": "x"}')).status == 200
    await there.close()


async def test_who_does_not_answer_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "_SECONDS", 0.1)
    receiver.hangs = True
    there = Receivers(LOCAL)
    outcome = await there.post(receiver.url, {}, b'{"type": "x"}')
    await there.close()
    assert outcome.error is not None
    assert not outcome.is_good


# ---- Keeping them


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://crm.example/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "https://user:pw@crm.example/",
        "https://crm.example/#part",
        "https://crm.example:0/",
        "https://crm.example:99999/",
        "https://crm.example/a b",
        "https://crm.example/\r\nx: y",
        "https://[::1/",
        "https://crm.example/" + "x" * 2000,
    ],
)
async def test_what_can_be_no_receiver_is_refused(records: Records, url: str) -> None:
    with pytest.raises(Invalid):
        await records.webhooks.create(url)


async def test_a_tenant_has_a_bounded_number(records: Records) -> None:
    for n in range(MOST_WEBHOOKS):
        await records.webhooks.create(f"https://crm.example/{n}")
    with pytest.raises(Conflict):
        await records.webhooks.create("https://crm.example/one-more")


async def test_one_that_is_off_goes_on_from_where_it_was(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    await records.webhooks.change(made.webhook.id, enabled=False)
    with pytest.raises(Conflict):
        await records.webhooks.ping(made.webhook.id)
    await save(records, customer_id="a")
    await deliver(core, records, delivering)
    assert not receiver.asked
    await records.webhooks.change(made.webhook.id, enabled=True)
    await deliver(core, records, delivering)
    assert only(receiver.bodies)["type"] == "contact.created"


async def test_another_secret_signs_from_then_on(
    core: Core, records: Records, receiver: Receiver, delivering: Deliverer
) -> None:
    made = await hooked(core, records, receiver.url)
    rotated = await records.webhooks.rotate_secret(made.webhook.id)
    assert rotated.secret != made.secret
    await save(records, customer_id="a")
    await deliver(core, records, delivering)
    headers, body = only(receiver.asked)
    sent_at = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(rotated.secret, headers["webhook-id"], sent_at, body)


async def test_a_secret_is_stored_sealed_and_journalled_nowhere(core: Core, records: Records) -> None:
    made = await records.webhooks.create("https://crm.example/")
    async with core.database.reading() as tx:
        stored_secret = await tx.fetchval("SELECT secret FROM webhook WHERE id = $1", made.webhook.id)
        said = await tx.fetchval("SELECT string_agg(after::text, '') FROM change WHERE entity_id = $1", made.webhook.id)
    assert made.secret.encode() not in stored_secret
    assert "whsec_" not in said


async def test_deleting_ends_it(core: Core, records: Records, receiver: Receiver, delivering: Deliverer) -> None:
    made = await hooked(core, records, receiver.url)
    await save(records, customer_id="a")
    await records.webhooks.delete(made.webhook.id)
    await deliver(core, records, delivering)
    assert not receiver.asked
    with pytest.raises(Missing):
        await records.webhooks.get(made.webhook.id)


async def test_webhooks_are_their_tenants_and_an_admins(core: Core, records: Records, other: Records) -> None:
    theirs = (await other.webhooks.create("https://crm.example/")).webhook
    for asked in (
        records.webhooks.get(theirs.id),
        records.webhooks.change(theirs.id, enabled=False),
        records.webhooks.rotate_secret(theirs.id),
        records.webhooks.delete(theirs.id),
        records.webhooks.ping(theirs.id),
        records.webhooks.deliveries(theirs.id),
        records.webhooks.replay(theirs.id),
    ):
        with pytest.raises(Missing):
            await asked
    made = await records.keys.create("writer", "native", scopes=["write"])
    writer = await core.authenticate("native", made.secret)
    with pytest.raises(Forbidden):
        await writer.webhooks.create("https://crm.example/")
    with pytest.raises(Forbidden):
        await writer.webhooks.all()
