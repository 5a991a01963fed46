"""Delivering events to webhooks: at least once, in order for each subject, by one worker at a time for each receiver.

Every receiver that has something to do is attended to by a task of its own, so none waits for another.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog

from ringbook import __version__
from ringbook.background.receivers import Network, Receivers
from ringbook.core.passwords import Passwords
from ringbook.domain.event import Event, Filter
from ringbook.domain.problems import Problem
from ringbook.domain.webhook import MOST_TRIES, PING, Due, Outcome, Webhook, pause_after, signature
from ringbook.store import events
from ringbook.store import webhooks as stored
from ringbook.store.database import Database
from ringbook.store.webhooks import Held, Tried

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_APART_SECONDS = 0.1
"""A look asks about all tenants' receivers, so not every hint is one."""
_LEASE_SECONDS = 60.0
_MOST_TASKS = 200
_MOST_CONNECTIONS = 2
"""However many receivers there are: the pool is for who waits for an answer."""
_MOST_WAITING = 500
"""Deliveries of one receiver; what comes after stays in the stream until some of them have left."""
_MOST_AT_ONCE = 16
_MOST_A_PAGE = 200


class Deliverer:
    """One worker's share of the receivers."""

    def __init__(self, database: Database, passwords: Passwords, allowed: Sequence[Network] = ()) -> None:
        self._database = database
        self._passwords = passwords
        self._receivers = Receivers(allowed)
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(_MOST_CONNECTIONS)
        self._wake = asyncio.Event()

    def wake(self, tenant_ids: object = None) -> None:
        """Look for something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
                try:
                    await self._look()
                except Problem as problem:
                    log.warning("webhooks wait for the database", error=type(problem).__name__)
                except Exception:
                    log.exception("bug", work="webhooks")
                await asyncio.sleep(_APART_SECONDS)
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        await self._receivers.close()

    async def deliver_due(self, tenant_id: int) -> None:
        """Deliver what is due to this tenant's receivers now, and come back when that is done."""
        await asyncio.gather(*(self._attend(*name) for name in await self._busy() if name[0] == tenant_id))

    async def _look(self) -> None:
        for name in await self._busy():
            if name not in self._tasks and len(self._tasks) < _MOST_TASKS:
                task = self._tasks[name] = asyncio.create_task(self._attend(*name))
                task.add_done_callback(partial(self._done, name))

    def _done(self, name: tuple[int, int], task: asyncio.Task[None]) -> None:
        del self._tasks[name]

    async def _busy(self) -> list[tuple[int, int]]:
        async with self._turn, self._database.reading() as connection:
            return await stored.busy(connection, self._owner)

    async def _attend(self, tenant_id: int, webhook_id: int) -> None:
        """Deliver to this receiver until nothing is due."""
        try:
            is_well = True
            while True:
                async with self._turn, self._database.reading() as connection:
                    held = await stored.hold(connection, tenant_id, webhook_id, self._owner, _LEASE_SECONDS)
                if held is None:
                    return
                has_more = await self._enqueue(tenant_id, held)
                async with self._turn, self._database.reading() as connection:
                    # Who did not take the last one is asked with one at a time.
                    due = await stored.due(connection, tenant_id, webhook_id, _MOST_AT_ONCE if is_well else 1)
                if due:
                    is_well = await self._deliver(tenant_id, held, due)
                elif not has_more:
                    return
        except Problem as problem:
            log.warning("webhook waits for the database", error=type(problem).__name__)
        except Exception:
            log.exception("bug", work="webhook", webhook=webhook_id)
        finally:
            await self._release(tenant_id, webhook_id)

    async def _enqueue(self, tenant_id: int, held: Held) -> bool:
        """Let what has happened wait for delivery, as far as there is room; whether there is more."""
        webhook = held.webhook
        async with self._turn, self._database.transaction() as tx:
            if await stored.waiting(tx, tenant_id, webhook.id) > _MOST_WAITING:
                return False
            if not await events.is_kept(tx, tenant_id, held.place):
                log.warning("a webhook has missed events that were too old", webhook=webhook.id)
            found, place, is_end = await events.behind(
                tx, tenant_id, held.place, _MOST_A_PAGE, journal=_filter(webhook).wants_journal
            )
            if place == held.place:
                return False
            wanted = [event for event in found if _wants(webhook, event)]
            return await stored.enqueue(tx, tenant_id, webhook.id, self._owner, wanted, place) and not is_end

    async def _deliver(self, tenant_id: int, held: Held, due: Sequence[Due]) -> bool:
        """Try these, and note what came of it; whether the receiver took them."""
        secret = self._passwords.opened(held.secret)
        async with self._turn, self._database.reading() as connection:
            known = await events.at(connection, tenant_id, [each.place for each in due])
        outcomes = await asyncio.gather(*(self._try(held.webhook, known.get(each.place.id), secret) for each in due))
        tried = [
            _tried(each, outcome, is_last=each.place.id not in known or each.tries + 1 >= MOST_TRIES)
            for each, outcome in zip(due, outcomes, strict=True)
        ]
        async with self._turn, self._database.transaction() as tx:
            await stored.note(tx, tenant_id, held.webhook.id, self._owner, tried)
        return all(outcome.is_good for outcome in outcomes)

    async def _try(self, webhook: Webhook, event: Event | None, secret: bytes | None) -> Outcome:
        if event is None:
            return Outcome(error="The event is there no more.")
        if secret is None:
            return Outcome(error="The secret was sealed with another key file. Rotate it.")
        message_id, now = str(event.told.id), int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": f"Ringbook/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(secret.decode(), message_id, now, event.json),
        }
        return await self._receivers.post(webhook.url, headers, event.json)

    async def _release(self, tenant_id: int, webhook_id: int) -> None:
        with suppress(Problem):  # it lapses by itself
            async with self._turn, self._database.reading() as connection:
                await stored.release(connection, tenant_id, webhook_id, self._owner)


def _wants(webhook: Webhook, event: Event) -> bool:
    if event.type == PING:
        return event.told.entity_id == webhook.id
    return _filter(webhook).wants(event)


def _filter(webhook: Webhook) -> Filter:
    return Filter(frozenset(webhook.types), webhook.agent)


def _tried(due: Due, outcome: Outcome, *, is_last: bool) -> Tried:
    if outcome.is_good:
        return Tried(due.place.id, "delivered", outcome, None)
    if is_last:
        return Tried(due.place.id, "dead", outcome, None)
    return Tried(due.place.id, "waiting", outcome, pause_after(due.tries + 1))
