"""Webhooks: receivers to which events are sent, what has become of what was sent, and trying it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from ringbook.core.context import Context
from ringbook.domain.event import filter_of
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.webhook import MOST_WEBHOOKS, PING, Delivery, State, Webhook, checked_url, new_webhook_secret
from ringbook.store import events, journal
from ringbook.store import webhooks as stored

MOST_A_PAGE = 500


class NewWebhook(NamedTuple):
    """A webhook and, this once, the secret that signs what it is sent."""

    webhook: Webhook
    secret: str


class Webhooks:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[Webhook]:
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await stored.all_of(tx, self._tenant_id)

    async def get(self, webhook_id: int) -> Webhook:
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await stored.get(tx, self._tenant_id, webhook_id)

    async def create(self, url: str, types: Sequence[str] = (), agent: str = "") -> NewWebhook:
        """Send what happens from now on to this URL: these types (none: all), and only what names this agent."""
        self._context.require("admin")
        wanted = filter_of(types, agent)
        secret = new_webhook_secret()
        async with self._context.database.transaction() as tx:
            if len(await stored.all_of(tx, self._tenant_id)) >= MOST_WEBHOOKS:
                raise Conflict(f"A tenant has {MOST_WEBHOOKS} webhooks at most.")
            made = await stored.insert(
                tx,
                self._tenant_id,
                url=checked_url(url),
                types=sorted(wanted.types),
                agent=wanted.agent,
                secret=self._sealed(secret),
                place=await events.last_place(tx, self._tenant_id),
            )
            await journal.record(tx, self._context.author, "webhook", made.id, None, _told(made))
            return NewWebhook(made, secret)

    async def change(
        self,
        webhook_id: int,
        *,
        url: str | None = None,
        types: Sequence[str] | None = None,
        agent: str | None = None,
        enabled: bool | None = None,
    ) -> Webhook:
        """Change what is given. One that is not enabled keeps its place, and goes on from there when it is."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = await stored.get(tx, self._tenant_id, webhook_id, for_update=True)
            given = {
                "url": None if url is None else checked_url(url),
                "types": None if types is None else tuple(sorted(filter_of(types).types)),
                "agent": agent,
                "enabled": enabled,
            }
            after = msgspec.structs.replace(before, **{name: v for name, v in given.items() if v is not None})
            if after != before:
                await stored.update(tx, self._tenant_id, after)
                await journal.record(tx, self._context.author, "webhook", webhook_id, _told(before), _told(after))
            return after

    async def rotate_secret(self, webhook_id: int) -> NewWebhook:
        """Sign with another secret from now on."""
        self._context.require("admin")
        secret = new_webhook_secret()
        async with self._context.database.transaction() as tx:
            webhook = await stored.get(tx, self._tenant_id, webhook_id, for_update=True)
            await stored.put_secret(tx, self._tenant_id, webhook_id, self._sealed(secret))
            await journal.record(tx, self._context.author, "webhook", webhook_id, _told(webhook), {"secret": "another"})
            return NewWebhook(webhook, secret)

    async def delete(self, webhook_id: int) -> Webhook:
        """Send nothing more; what waits and what is dead goes with it."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            gone = await stored.get(tx, self._tenant_id, webhook_id, for_update=True)
            await stored.delete(tx, self._tenant_id, webhook_id)
            await journal.record(tx, self._context.author, "webhook", webhook_id, _told(gone), None)
            return gone

    async def ping(self, webhook_id: int) -> int:
        """Send this one an event of type `webhook.ping`, whatever it listens for; the event's id."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            webhook = await stored.get(tx, self._tenant_id, webhook_id)
            if not webhook.enabled:
                raise Conflict("This webhook is not enabled.")
            return await events.publish(tx, self._context.author, PING, {}, entity_id=webhook_id)

    async def deliveries(
        self, webhook_id: int, *, state: State | None = None, below: int = LARGEST_ID, limit: int = 50
    ) -> list[Delivery]:
        """What was sent and what waits, the newest first; of one state if asked. The dead ones can be replayed."""
        self._context.require("admin")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            await stored.get(tx, self._tenant_id, webhook_id)
            return await stored.deliveries(tx, self._tenant_id, webhook_id, state=state, below=below, limit=limit)

    async def replay(self, webhook_id: int, event_ids: Sequence[int] | None = None) -> int:
        """Try dead deliveries anew, these or all; how many. They come after what was delivered since."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await stored.get(tx, self._tenant_id, webhook_id)
            return await stored.replay(tx, self._tenant_id, webhook_id, event_ids)

    def _sealed(self, secret: str) -> bytes:
        passwords = self._context.passwords
        if passwords is None:
            raise Conflict("Without a key file no secret can be kept, so that there are no webhooks.")
        return passwords.sealed(secret.encode())

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _told(webhook: Webhook) -> Webhook:
    """As the journal has it, which more may read than may read webhooks: of the URL, no more than whose it is."""
    parts = urlsplit(webhook.url)
    return msgspec.structs.replace(webhook, url=f"{parts.scheme}://{parts.netloc}")
