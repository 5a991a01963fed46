"""Listening to what happens: a worker reads each tenant's stream once, and hands it on to all who listen.

Who is told too much at once is not told faster than they take it: they read the stream by themselves until they have
caught up, and hold up nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

import structlog

from ringbook.core.context import Context
from ringbook.domain.access import Credential, digest, new_secret
from ringbook.domain.event import Event, Filter, Place, parse_place
from ringbook.domain.problems import Forbidden, Problem, TooMany
from ringbook.store import events as stored
from ringbook.store import listeners
from ringbook.store.database import Database

log = structlog.get_logger()

MOST_LISTENERS = 400
MOST_LISTENERS_A_KEY = 200
"""And as many a session of the console."""
TICKET_SECONDS = 60
CONSOLE = "console"
"""What sessions are for, as the dialect is what keys are for."""

_LOOK_SECONDS = 1.0
_TRUSTED_SECONDS = 0.4
"""How long a secret is believed without asking, so that the streams of one that has ended end within a second."""
_MOST_A_PAGE = 500
_MOST_AT_ONCE = 100
"""Events in the hands of one listener: what a slow one has not taken is in memory."""
_MOST_WAITING = 1000
_READERS = 2


class Holder(NamedTuple):
    """Who listens: a key or a session of the console, and the dialect and digest of the secret they came with.

    A key has one `id` whatever its secret is; a session's id is its digest.
    """

    id: int | bytes
    secret: tuple[str, bytes]


class Listener:
    """One who listens to a tenant's stream. Without a holder it is the operator."""

    def __init__(self, hub: EventHub, tenant_id: int, holder: Holder | None, filter_: Filter, place: Place) -> None:
        self.tenant_id = tenant_id
        self.holder = holder
        self.has_ended = False
        self._hub = hub
        self._filter = filter_
        self._place = place
        self._told = place
        self._waiting: deque[Event] = deque()
        self._is_behind = True
        self._wake = asyncio.Event()
        self.wants_journal = filter_.wants_journal

    @property
    def place(self) -> Place:
        """Where they are: up to here they have been told all that they want."""
        return self._place if self._waiting or self._is_behind else max(self._place, self._told)

    async def events(self) -> list[Event]:
        """What happened next, as soon as there is something; nothing once the stream has ended."""
        while not self.has_ended:
            if self._is_behind:
                caught_up = await self._catch_up()
                if caught_up:
                    return caught_up
            elif self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
                self._place = taken[-1].place
                return taken
            else:
                self._wake.clear()
                await self._wake.wait()
        return []

    def end(self) -> None:
        """Tell no more."""
        self.has_ended = True
        self._wake.set()

    def offer(self, events: Sequence[Event], told: Place) -> None:
        """Hear what has happened up to a place, or note that it must be read later."""
        if self._is_behind:
            return
        self._place = self.place
        self._waiting.extend(event for event in events if event.place > self._place and self._filter.wants(event))
        self._told = told
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.clear()
            self._is_behind = True
        if self._waiting or self._is_behind:
            self._wake.set()

    async def _catch_up(self) -> list[Event]:
        events, self._place, is_end = await self._hub.behind(self.tenant_id, self._place, journal=self.wants_journal)
        if is_end and self._hub.reached(self.tenant_id) <= self._place:
            self._is_behind = False
            self._told = self._place
        return [event for event in events if self._filter.wants(event)]


class _Stream:
    """A tenant's stream as far as this worker has read it, and who listens."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.listeners: set[Listener] = set()

    @property
    def wants_journal(self) -> bool:
        """Whether anybody wants what is in the journal: a screen of pops does not wait for an import to be read."""
        return any(each.wants_journal for each in self.listeners)


class EventHub:
    """One worker's reader of all streams that somebody listens to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._streams: dict[int, _Stream] = {}
        self._hinted: set[int] = set()
        self._wake = asyncio.Event()
        self._readers = asyncio.Semaphore(_READERS)
        self._ended = False

    def wake(self, tenant_ids: Collection[int]) -> None:
        """Look at what these tenants have to tell."""
        if not self._streams.keys().isdisjoint(tenant_ids):
            self._hinted.update(tenant_ids)
            self._wake.set()

    async def run(self) -> None:
        """Read and hand on until cancelled."""
        looked = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(looked + _LOOK_SECONDS - time.monotonic()):
                    await self._wake.wait()
            self._wake.clear()
            if time.monotonic() >= looked + _LOOK_SECONDS:  # hints may have been lost, however many others came
                self._hinted.update(self._streams)
                looked = time.monotonic()
            hinted, self._hinted = self._hinted, set()
            for tenant_id in hinted & self._streams.keys():
                try:
                    await self._hand_on(tenant_id)
                except Problem as problem:
                    log.warning("streams wait for the database", error=type(problem).__name__)
                except Exception:
                    log.exception("bug", work="streams")

    async def check_holders(self) -> None:
        """End the streams of who came with a secret that opens nothing any more."""
        there = [(each, each.holder) for stream in self._streams.values() for each in stream.listeners]
        secrets = {holder.secret for _, holder in there if holder is not None}
        if not secrets:
            return
        async with self._database.reading() as connection:
            good = await listeners.still_good(connection, secrets)
        for each, holder in there:
            if holder is not None and holder.secret not in good:
                each.end()

    async def watch(self) -> None:
        """Check who listens until cancelled. While the database is away, nobody knows better: streams stay."""
        while True:
            await asyncio.sleep(_TRUSTED_SECONDS)
            try:
                await self.check_holders()
            except Problem as problem:
                log.warning("who listens cannot be checked", error=type(problem).__name__)
            except Exception:
                log.exception("bug", work="who listens")

    def end(self) -> None:
        """End all streams, and begin no more."""
        self._ended = True
        for stream in self._streams.values():
            for each in stream.listeners:
                each.end()

    async def listen(
        self, tenant_id: int, holder: Holder | None, filter_: Filter, since: Place | None
    ) -> tuple[Listener, bool]:
        """Somebody who listens from a place on (None: from now), and whether all since then can still be told.

        If not, they listen from now on. They must `leave` in the end.
        """
        self._check_room(holder)
        async with self._database.reading() as connection:
            now = await stored.last_place(connection, tenant_id)
            is_kept = since is None or await stored.is_kept(connection, tenant_id, since)
        self._check_room(holder)
        place = since if since is not None and is_kept else now
        listener = Listener(self, tenant_id, holder, filter_, place)
        self._streams.setdefault(tenant_id, _Stream(now)).listeners.add(listener)
        if self._ended:
            listener.end()
        return listener, is_kept

    def leave(self, listener: Listener) -> None:
        stream = self._streams.get(listener.tenant_id)
        if stream is not None:
            stream.listeners.discard(listener)
            if not stream.listeners:
                del self._streams[listener.tenant_id]

    def reached(self, tenant_id: int) -> Place:
        """How far this worker has read."""
        return self._streams[tenant_id].place

    async def behind(self, tenant_id: int, place: Place, *, journal: bool) -> tuple[list[Event], Place, bool]:
        """What comes behind a place, for one who has fallen behind; few at a time may ask."""
        async with self._readers, self._database.reading() as connection:
            return await stored.behind(connection, tenant_id, place, _MOST_AT_ONCE, journal=journal)

    async def _hand_on(self, tenant_id: int) -> None:
        """Read a page, and tell those who listen. Of a tenant that has more to tell, others do not wait for all."""
        stream = self._streams.get(tenant_id)
        if stream is None:
            return
        journal = stream.wants_journal
        async with self._database.reading() as connection:
            events, place, is_end = await stored.behind(
                connection, tenant_id, stream.place, _MOST_A_PAGE, journal=journal
            )
        if journal or not stream.wants_journal:  # else somebody has come who wants what was not read
            stream.place = place
            for each in stream.listeners:
                each.offer(events, place)
            if is_end:
                return
        self.wake([tenant_id])

    def _check_room(self, holder: Holder | None) -> None:
        there = [each.holder for stream in self._streams.values() for each in stream.listeners]
        if len(there) >= MOST_LISTENERS:
            raise TooMany("Too many listen already. Try again shortly.", retry_after=5)
        own = 0 if holder is None else sum(each is not None and each.id == holder.id for each in there)
        if own >= MOST_LISTENERS_A_KEY:
            raise TooMany(f"A key has {MOST_LISTENERS_A_KEY} streams at most.", retry_after=5)


class Listening(NamedTuple):
    """`is_kept`: whether all that was missed can still be told; `since` is what was asked for."""

    listener: Listener
    is_kept: bool


class Events:
    """`secret` is the digest of what its holder came with: the key's secret, or without a key that of a session."""

    def __init__(self, context: Context, credential: Credential | None = None, secret: bytes | None = None) -> None:
        self._context = context
        self._credential = credential
        self._secret = secret

    async def listen(self, hub: EventHub, filter_: Filter, last_id: str | None = None) -> Listening:
        """Listen from now on, or from behind the event of this id; TooMany where there is no room.

        An id that was not handed out here, or so old that what came after it is gone, is told by `is_kept`.
        """
        self._context.require("read")
        since = None if last_id is None else parse_place(last_id)
        listener, is_kept = await hub.listen(self._context.tenant.id, self._holder, filter_, since)
        return Listening(listener, is_kept and (last_id is None or since is not None))

    async def ticket(self) -> str:
        """A secret that lets its bearer listen as this key, once, within a minute: for a browser's EventSource."""
        self._context.require("read")
        if self._credential is None or self._secret is None:
            raise Forbidden("Only who has a key can have a ticket.")
        ticket, dialect = new_secret(), self._credential.dialect
        async with self._context.database.transaction() as tx:
            await listeners.add_ticket(
                tx, self._context.tenant.id, digest(ticket), dialect, self._secret, TICKET_SECONDS
            )
        return ticket

    @property
    def _holder(self) -> Holder | None:
        if self._secret is None:
            return None
        if self._credential is None:
            return Holder(self._secret, (CONSOLE, self._secret))
        return Holder(self._credential.id, (self._credential.dialect, self._secret))
