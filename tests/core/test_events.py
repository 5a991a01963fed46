"""What happened is told once, to everybody who listens, in order, whatever order it was committed in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ringbook.background.events import Gatherer, forget_events, listen
from ringbook.core import events as module
from ringbook.core.access import Core, Records
from ringbook.core.events import EventHub, Listener
from ringbook.core.screenpop import Call
from ringbook.domain.event import BEGINNING, Event, Filter, Place
from ringbook.domain.interaction import LegDraft
from ringbook.domain.problems import TooMany, Unauthenticated
from ringbook.store import events, journal
from ringbook.store.journal import Author
from tests.core.cast import LEADS, SPRING, agent_leg, attempt, lead, move_clock, number, only, save

EVERYTHING = Filter()


@pytest.fixture
async def gathering(core: Core) -> AsyncIterator[Gatherer]:
    """What a worker does in the background."""
    gatherer = Gatherer(core.database)
    tasks = [
        asyncio.create_task(work) for work in (gatherer.run(), core.hub.run(), listen(core.database, core.hub.wake))
    ]
    yield gatherer
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    core.database.committed = lambda tenant_ids: None


async def told(core: Core, records: Records, since: Place = BEGINNING) -> list[Event]:
    """Everything that has happened since a place."""
    async with core.database.reading() as tx:
        while await events.gather(tx, [records.tenant.id]):
            pass
        found: list[Event] = []
        is_end = False
        while not is_end:
            more, since, is_end = await events.behind(tx, records.tenant.id, since, 7)
            found += more
    return found


async def now(core: Core, records: Records) -> Place:
    """The place behind everything that has happened."""
    await told(core, records)
    async with core.database.reading() as tx:
        return await events.last_place(tx, records.tenant.id)


async def heard(listener: Listener, count: int) -> list[Event]:
    """The next so many events that somebody hears."""
    found: list[Event] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += await listener.events()
    return found


def types(found: list[Event]) -> list[str]:
    return [event.type for event in found]


def data(event: Event) -> Any:
    return msgspec.json.decode(event.told.data)


# ---- What is told


async def test_a_pop_is_told_with_who_it_is_about(core: Core, records: Records) -> None:
    contact = await save(records, first_name="Ilse", last_name="Bell", phone1=number(1))
    since = await now(core, records)
    call = Call(ani=number(1), dnis="100", variables={"callVariable1": "x"}, agent="kim", call_id="c-1")
    await records.screenpops.pop(call)
    event = only(await told(core, records, since))
    assert (event.type, event.told.agent, event.subject) == ("pop", "kim", f"contact {contact.id}")
    assert data(event) == {
        "ani": number(1),
        "dnis": "100",
        "variables": {"callVariable1": "x"},
        "agent": "kim",
        "call_id": "c-1",
        "match": "one",
        "candidates": [{"id": contact.id, "name": "Ilse Bell"}],
        "more": False,
        "create": None,
    }


async def test_changes_are_told_by_what_they_are(core: Core, records: Records) -> None:
    since = await now(core, records)
    contact = await save(records, customer_id="1", first_name="Ilse", phone1=number(1))
    await records.contacts.update(contact.id, {"first_name": "Ilsa"})
    await records.lists.add(LEADS, lead(1, number(1)))
    await records.campaigns.update(SPRING, state="stopped")
    await records.campaigns.update(SPRING, state="running")
    await attempt(records, phone=number(1), agent="kim", outcome="busy")
    await records.interactions.save_leg("call-1", number(1), LegDraft(actor="AGENT", agent="kim"))
    await records.datasets.submit("Inbound IVR context", number(1), {"AccNum": "7"})
    await records.contacts.delete(contact.id)
    found = await told(core, records, since)
    assert types(found)[:2] == ["contact.created", "contact.changed"]
    for expected in (
        "list_record.created",
        "campaign.stopped",
        "campaign.started",
        "attempt.reported",
        "interaction.leg",
        "data_set.submitted",
        "contact.deleted",
    ):
        assert expected in types(found)
    by_type = {event.type: event for event in found}
    assert by_type["attempt.reported"].told.agent == by_type["interaction.leg"].told.agent == "kim"
    assert data(by_type["attempt.reported"])["outcome"] == "busy"
    assert by_type["contact.deleted"].subject == f"contact {contact.id}"
    assert data(by_type["contact.changed"])["after"]["first_name"] == "Ilsa"


async def test_nobody_is_told_of_another_tenant(core: Core, records: Records, other: Records) -> None:
    since = await now(core, records)
    await save(other, first_name="Ilse")
    assert await told(core, records, since) == []
    assert "contact.created" in types(await told(core, other))


async def test_what_is_undone_is_not_told(core: Core, records: Records) -> None:
    since = await now(core, records)
    with pytest.raises(ZeroDivisionError):
        async with core.database.transaction() as tx:
            await _note(tx, records, 1)
            raise ZeroDivisionError
    assert await told(core, records, since) == []


async def test_what_is_about_one_contact_names_it_whatever_of_theirs_has_changed(core: Core, records: Records) -> None:
    contact = await save(records, customer_id="1", first_name="Ilse", phone1=number(1))
    since = await now(core, records)
    record = await records.lists.add(LEADS, lead(1, number(1)))
    await records.lists.update(LEADS, {"id": "1", "First name": "Ilsa"})
    await attempt(records, phone=number(1), agent="kim")
    await agent_leg(records, "call-1", ani=number(1))
    await records.lists.clear(LEADS, [record.id])
    found = await told(core, records, since)
    about = {event.type: event.subject for event in found}
    for expected in (
        "list_record.created",
        "list_record.changed",
        "list_record.deleted",
        "campaign_record.changed",
        "attempt.reported",
        "interaction.leg",
    ):
        assert about[expected] == f"contact {contact.id}", expected
    stranger = await agent_leg(records, "call-2", ani=number(2))
    event = (await told(core, records, found[-1].place))[-1]
    assert (data(event)["after"]["id"], event.subject.split()[0]) == (stranger.id, "interaction")


# ---- Nothing is skipped


async def test_who_commits_late_is_told_late_and_who_commits_early_does_not_wait(core: Core, records: Records) -> None:
    since = await now(core, records)
    async with core.database.transaction() as slow:
        await _note(slow, records, 1)  # the lower id
        async with core.database.transaction() as quick:
            await _note(quick, records, 2)
        early = await told(core, records, since)
        assert [event.told.entity_id for event in early] == [2]
    late = await told(core, records, early[-1].place)
    assert [event.told.entity_id for event in late] == [1]
    assert late[0].told.id < early[0].told.id
    assert late[0].place > early[0].place
    assert [event.told.entity_id for event in await told(core, records, since)] == [2, 1], "always in the same order"


async def test_many_writers_and_readers_of_any_place_miss_and_repeat_nothing(core: Core, records: Records) -> None:
    since = await now(core, records)
    wrote: list[int] = []
    done = asyncio.Event()

    async def write(first: int) -> None:
        chance = random.Random(first)
        for n in range(first, first + 25):
            async with core.database.transaction() as tx:
                await _note(tx, records, n)
                await asyncio.sleep(chance.random() * 0.01)
                if n % 3 == 0:
                    async with tx.transaction():  # a savepoint
                        await _note(tx, records, n + 10_000)
                        wrote.append(n + 10_000)
            wrote.append(n)

    async def gather() -> None:
        while not done.is_set():
            async with core.database.reading() as tx:
                await events.gather(tx, [records.tenant.id])

    async def follow() -> list[int]:
        place, seen = since, list[int]()
        while True:
            is_last = done.is_set()
            async with core.database.reading() as tx:
                found, place, _ = await events.behind(tx, records.tenant.id, place, 5)
            seen += [event.told.entity_id or 0 for event in found]
            if is_last and not found:
                return seen
            await asyncio.sleep(0)

    gathering = [asyncio.create_task(gather()) for _ in range(2)]
    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(n * 100 + 1) for n in range(4)))
    await told(core, records)
    done.set()
    await asyncio.gather(*gathering)
    seen = await following
    assert sorted(seen) == sorted(wrote)
    assert [event.told.entity_id for event in await told(core, records, since)] == seen


async def test_after_a_restore_into_another_cluster_only_what_is_new_is_told(core: Core, records: Records) -> None:
    await save(records, first_name="Ilse")
    since = await now(core, records)
    async with core.database.transaction() as tx:
        # As in a dump of a cluster that had counted much further.
        await tx.execute(
            """
            UPDATE event_batch
               SET cluster = 1, since = '9000000000:9000000000:', until = '9000000001:9000000001:'
             WHERE tenant_id = $1
            """,
            records.tenant.id,
        )
        await tx.execute("UPDATE change SET xact = '9000000000' WHERE tenant_id = $1", records.tenant.id)
    contact = await save(records, first_name="Kim")
    assert [event.told.entity_id for event in await told(core, records, since)] == [contact.id]
    second = await save(records, first_name="Sam")
    assert [event.told.entity_id for event in await told(core, records, since)] == [contact.id, second.id]


async def test_whoever_wants_no_journal_reads_none_and_comes_as_far(core: Core, records: Records) -> None:
    since = await now(core, records)
    await records.lists.add_many(LEADS, [lead(n, number(n)) for n in range(20)])
    await records.screenpops.pop(Call(ani=number(1)))
    whole = await told(core, records, since)
    async with core.database.reading() as tx:
        found, place, is_end = await events.behind(tx, records.tenant.id, since, 5, journal=False)
        rest, last, _ = await events.behind(tx, records.tenant.id, whole[2].place, 5, journal=False)
    pop = next(event for event in whole if event.type == "pop")
    assert [event.place for event in found] == [event.place for event in rest] == [pop.place]
    assert is_end
    assert place == await now(core, records)
    assert last.batch == whole[2].place.batch


async def test_who_is_busy_gathers_within_a_second_what_another_did_not_live_to_gather(
    core: Core, records: Records, other: Records
) -> None:
    gatherer = Gatherer(core.database)
    core.database.committed = lambda tenant_ids: None  # as of another process
    since = await now(core, other)
    await save(other, customer_id="1")
    running = asyncio.create_task(gatherer.run())
    async with asyncio.timeout(10), core.database.reading() as tx:
        while await events.last_place(tx, other.tenant.id) == since:
            gatherer._committed({records.tenant.id})
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_gathers_hints_to_who_listens(core: Core, records: Records) -> None:
    hinted: set[int] = set()
    listening = asyncio.create_task(listen(core.database, hinted.update))
    await now(core, records)
    async with asyncio.timeout(10):
        while records.tenant.id not in hinted:
            await save(records)
            await now(core, records)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_large_batch_is_read_page_by_page(core: Core, records: Records) -> None:
    since = await now(core, records)
    async with core.database.transaction() as other:
        await _note(other, records, 1)
        async with core.database.transaction() as tx:
            for n in range(50):
                await _note(tx, records, n + 100)
                if n == 20:
                    await events.publish(tx, Author(records.tenant.id, "tests", "native"), "pop", {})
        found = await told(core, records, since)
    assert [event.told.entity_id for event in found] == [*range(100, 121), None, *range(121, 150)]
    for at in (0, 20, 49):
        again = await told(core, records, found[at].place)
        assert [event.place for event in again][:-1] == [event.place for event in found[at + 1 :]]
        assert again[-1].told.entity_id == 1, "which came later"


# ---- Listening


async def test_who_listens_hears_what_happens_from_now_on(core: Core, records: Records, gathering: Gatherer) -> None:
    await save(records, first_name="Before")
    await now(core, records)
    listening = await records.events.listen(core.hub, EVERYTHING)
    contact = await save(records, first_name="Ilse")
    event = only(await heard(listening.listener, 1))
    assert (event.type, event.told.entity_id) == ("contact.created", contact.id)
    core.hub.leave(listening.listener)


async def test_filters_are_by_type_kind_and_agent(core: Core, records: Records, gathering: Gatherer) -> None:
    await now(core, records)
    whole, kind, agents = [
        (await records.events.listen(core.hub, wanted)).listener
        for wanted in (
            Filter(frozenset({"contact.changed"})),
            Filter(frozenset({"contact", "pop"})),
            Filter(agent="kim"),
        )
    ]
    contact = await save(records, customer_id="1", first_name="Ilse")
    await records.contacts.update(contact.id, {"first_name": "Ilsa"})
    for agent in ("sam", "kim"):
        await records.screenpops.pop(Call(ani=number(1), agent=agent))
    assert types(await heard(whole, 1)) == ["contact.changed"]
    assert types(await heard(kind, 4)) == ["contact.created", "contact.changed", "pop", "pop"]
    assert data(only(await heard(agents, 1)))["agent"] == "kim"
    for each in (whole, kind, agents):
        core.hub.leave(each)


async def test_who_comes_back_hears_what_they_missed(core: Core, records: Records, gathering: Gatherer) -> None:
    await now(core, records)
    first = (await records.events.listen(core.hub, EVERYTHING)).listener
    await save(records, customer_id="1")
    last = (await heard(first, 1))[-1]
    core.hub.leave(first)
    missed = [(await save(records, customer_id=str(n))).id for n in range(2, 6)]
    again = await records.events.listen(core.hub, EVERYTHING, str(last.place))
    assert again.is_kept
    missed.append((await save(records, customer_id="6")).id)
    assert [event.told.entity_id for event in await heard(again.listener, 5)] == missed
    core.hub.leave(again.listener)


async def test_a_hint_that_was_lost_is_made_good_however_many_others_come(
    core: Core, records: Records, other: Records
) -> None:
    hub = EventHub(core.database)
    for each in (records, other):
        await now(core, each)
    await records.events.listen(hub, EVERYTHING)
    waits = (await other.events.listen(hub, EVERYTHING)).listener
    hearing = asyncio.create_task(heard(waits, 1))
    await asyncio.sleep(0.05)  # it has caught up
    contact = await save(other, customer_id="1")
    await now(core, other)
    running = asyncio.create_task(hub.run())
    while not hearing.done():
        hub.wake([records.tenant.id])
        await asyncio.sleep(0.005)
    assert only(await hearing).told.entity_id == contact.id
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_has_much_to_tell_holds_up_no_other_tenant(
    core: Core, records: Records, other: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_A_PAGE", 2)
    hub = EventHub(core.database)
    for each in (records, other):
        await now(core, each)
    talks = (await records.events.listen(hub, EVERYTHING)).listener
    waits = (await other.events.listen(hub, EVERYTHING)).listener
    hearing = [asyncio.create_task(heard(waits, 1)), asyncio.create_task(heard(talks, 40))]
    await asyncio.sleep(0.05)  # they have caught up
    await records.lists.add_many(LEADS, [lead(n, number(n)) for n in range(40)])
    await save(other, customer_id="1")
    for each in (records, other):
        await now(core, each)
    hub.wake([records.tenant.id, other.tenant.id])
    running = asyncio.create_task(hub.run())
    await hearing[0]
    assert not hearing[1].done()
    await hearing[1]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_comes_for_the_journal_while_only_pops_are_read_misses_nothing(
    core: Core, records: Records, gathering: Gatherer
) -> None:
    await now(core, records)
    pops = (await records.events.listen(core.hub, Filter(frozenset({"pop"})))).listener
    hearing = asyncio.create_task(heard(pops, 10))
    wrote: list[int] = []
    seen: list[asyncio.Task[list[int | None]]] = []

    async def until_the_last() -> list[int | None]:
        wanted = Filter(frozenset({"contact.created"}))
        listener, found = (await records.events.listen(core.hub, wanted)).listener, list[Event]()
        async with asyncio.timeout(10):
            while not found or data(found[-1])["after"]["customer_id"] != "9":
                found += await listener.events()
        return [event.told.entity_id for event in found]

    for n in range(10):
        await records.screenpops.pop(Call(ani=number(n)))
        seen.append(asyncio.create_task(until_the_last()))
        await asyncio.sleep(0.01 * n / 3)
        wrote.append((await save(records, customer_id=str(n))).id)
    assert types(await hearing) == ["pop"] * 10
    for each in seen:
        found = await each
        assert found == wrote[-len(found) :]


@pytest.mark.parametrize("last_id", ["", "x", "1", "1-", "-1-1", "99999999999-1", "9" * 19 + "-1", "1-" + "9" * 19])
async def test_an_id_that_was_not_handed_out_is_told(core: Core, records: Records, last_id: str) -> None:
    listening = await records.events.listen(core.hub, EVERYTHING, last_id)
    assert not listening.is_kept
    core.hub.leave(listening.listener)


async def test_who_is_told_faster_than_they_listen_catches_up_and_misses_nothing(
    core: Core, records: Records, gathering: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    monkeypatch.setattr(module, "_MOST_A_PAGE", 4)
    await now(core, records)
    slow = (await records.events.listen(core.hub, EVERYTHING)).listener
    first = await save(records, customer_id="first")
    found = await heard(slow, 1)
    await records.lists.add_many(LEADS, [lead(n, number(n)) for n in range(20)])
    last = await save(records, customer_id="last")
    async with asyncio.timeout(10):
        while found[-1].told.entity_id != last.id:
            await asyncio.sleep(0.01)
            found += await slow.events()
    assert found[0].told.entity_id == first.id
    places = [event.place for event in found]
    assert places == sorted(set(places))
    assert types(found).count("list_record.created") == 20
    core.hub.leave(slow)


async def test_a_key_has_a_bounded_number_of_streams(
    core: Core, records: Records, other: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LISTENERS_A_KEY", 2)
    there = [(await records.events.listen(core.hub, EVERYTHING)).listener for _ in range(2)]
    with pytest.raises(TooMany):
        await records.events.listen(core.hub, EVERYTHING)
    there.append((await other.events.listen(core.hub, EVERYTHING)).listener)
    core.hub.leave(there.pop(0))
    there.append((await records.events.listen(core.hub, EVERYTHING)).listener)
    for each in there:
        core.hub.leave(each)


async def test_a_revoked_keys_stream_ends_and_the_others_go_on(core: Core, records: Records) -> None:
    made = await records.keys.create("desktop", "native", scopes=["read"])
    theirs = await core.authenticate("native", made.secret)
    hub = EventHub(core.database)
    ends = (await theirs.events.listen(hub, EVERYTHING)).listener
    stays = (await records.events.listen(hub, EVERYTHING)).listener
    await hub.check_holders()
    assert not ends.has_ended
    await records.keys.revoke(made.credential.id)
    await hub.check_holders()
    assert (ends.has_ended, stays.has_ended) == (True, False)
    assert await ends.events() == []
    hub.end()
    assert stays.has_ended
    assert (await records.events.listen(hub, EVERYTHING)).listener.has_ended, "nobody begins when all are to end"


async def test_a_rotated_keys_streams_end_with_the_secret_that_opened_them(core: Core, records: Records) -> None:
    made = await records.keys.create("desktop", "native", scopes=["read"])
    former = await core.authenticate("native", made.secret)
    hub = EventHub(core.database)
    ends = (await former.events.listen(hub, EVERYTHING)).listener
    ticket = await former.events.ticket()
    rotated = await records.keys.rotate(made.credential.id, overlap_seconds=600)
    late = await former.events.ticket()
    stays = (await (await core.authenticate("native", rotated.secret)).events.listen(hub, EVERYTHING)).listener
    await hub.check_holders()
    assert not ends.has_ended, "both secrets are good"
    assert (await Core(core.database).redeem(ticket)).credential == made.credential
    await move_clock(core, records, timedelta(seconds=601))
    await hub.check_holders()
    assert (ends.has_ended, stays.has_ended) == (True, False)
    with pytest.raises(Unauthenticated):
        await Core(core.database).redeem(late)


async def test_a_stream_ends_with_its_session(core: Core, records: Records) -> None:
    hub = EventHub(core.database)
    secrets = [
        await core.sessions.use_link(await core.sessions.make_link(records.tenant.slug, "sam.poe")) for _ in "ab"
    ]
    visits = [await core.sessions.visit(secret) for secret in secrets]
    ends, stays = [(await visit.records.events.listen(hub, EVERYTHING)).listener for visit in visits]
    await hub.check_holders()
    assert not ends.has_ended
    await core.sessions.end(secrets[0])
    await hub.check_holders()
    assert (ends.has_ended, stays.has_ended) == (True, False)
    await move_clock(core, records, timedelta(hours=3))
    await hub.check_holders()
    assert stays.has_ended, "nobody has used it"


# ---- Tickets


async def test_a_ticket_lets_in_once_as_its_key(core: Core, records: Records) -> None:
    ticket = await records.events.ticket()
    assert await core.redeem(ticket) is records
    with pytest.raises(Unauthenticated):
        await core.redeem(ticket)


async def test_a_ticket_lasts_a_minute(core: Core, records: Records) -> None:
    tickets = [await records.events.ticket() for _ in range(2)]
    await move_clock(core, records, timedelta(seconds=55))
    assert (await core.redeem(tickets[0])).tenant == records.tenant
    await move_clock(core, records, timedelta(seconds=65))
    with pytest.raises(Unauthenticated):
        await core.redeem(tickets[1])


async def test_a_revoked_keys_ticket_lets_nobody_in(core: Core, records: Records) -> None:
    made = await records.keys.create("desktop", "native", scopes=["read"])
    ticket = await (await core.authenticate("native", made.secret)).events.ticket()
    await records.keys.revoke(made.credential.id)
    with pytest.raises(Unauthenticated):
        await Core(core.database).redeem(ticket)


# ---- Forgetting


async def test_old_events_are_forgotten_and_the_journal_stays(core: Core, records: Records) -> None:
    contact = await save(records, customer_id="1")
    await records.screenpops.pop(Call(ani=number(1)))
    old = (await told(core, records))[-1].place
    await move_clock(core, records, timedelta(days=7, hours=2))
    await records.contacts.update(contact.id, {"city": "Akron"})
    await told(core, records)
    assert await forget_events(core.database, timedelta(days=7)) > 0
    assert types(await told(core, records)) == ["contact.changed"]
    listening = await records.events.listen(core.hub, EVERYTHING, str(old))
    assert not listening.is_kept, "too old"
    core.hub.leave(listening.listener)
    assert len(await records.journal.changes(entity="contact")) == 2
    async with core.database.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM event WHERE tenant_id = $1", records.tenant.id) == 0
    place = await now(core, records)
    await forget_events(core.database, timedelta(0))
    assert (await records.events.listen(core.hub, EVERYTHING, str(place))).is_kept, "the newest batch is always kept"


async def _note(tx: Any, records: Records, entity_id: int) -> None:
    await journal.record(tx, Author(records.tenant.id, "tests", "native"), "contact", entity_id, None, {})
