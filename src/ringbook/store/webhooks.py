"""Receivers of events, and what is on its way to them.

Who delivers to a receiver holds a lease of it, so that one worker does at a time. What is about one subject goes out
in order: only its first delivery that waits can be due.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ringbook.domain.event import Event, Place
from ringbook.domain.page import LARGEST_ID, fits
from ringbook.domain.problems import Missing
from ringbook.domain.webhook import Delivery, Due, Outcome, State, Webhook

if TYPE_CHECKING:
    import asyncpg

    from ringbook.store.database import Tx

_COLUMNS = "id, url, types, agent, enabled, created_at"


class Held(NamedTuple):
    """A receiver of which this worker holds the lease: how far it has come, and its sealed secret."""

    webhook: Webhook
    place: Place
    secret: bytes


async def all_of(tx: Tx, tenant_id: int) -> list[Webhook]:
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM webhook WHERE tenant_id = $1 ORDER BY id", tenant_id)
    return [_webhook(row) for row in rows]


async def get(tx: Tx, tenant_id: int, webhook_id: int, *, for_update: bool = False) -> Webhook:
    if not fits(webhook_id):
        raise Missing
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM webhook WHERE tenant_id = $1 AND id = $2 {'FOR UPDATE' if for_update else ''}",
        tenant_id,
        webhook_id,
    )
    if row is None:
        raise Missing
    return _webhook(row)


async def insert(
    tx: Tx, tenant_id: int, *, url: str, types: Sequence[str], agent: str, secret: bytes, place: Place
) -> Webhook:
    row = await tx.fetchrow(
        f"""
        INSERT INTO webhook (tenant_id, url, types, agent, secret, enabled, batch, event_id, created_at)
        VALUES ($1, $2, $3, $4, $5, true, $6, $7, ringbook_now($1))
        RETURNING {_COLUMNS}
        """,
        tenant_id,
        url,
        types,
        agent,
        secret,
        place.batch,
        place.id,
    )
    assert row is not None
    return _webhook(row)


async def update(tx: Tx, tenant_id: int, webhook: Webhook) -> None:
    await tx.execute(
        "UPDATE webhook SET url = $3, types = $4, agent = $5, enabled = $6 WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        webhook.id,
        webhook.url,
        webhook.types,
        webhook.agent,
        webhook.enabled,
    )


async def put_secret(tx: Tx, tenant_id: int, webhook_id: int, secret: bytes) -> None:
    await tx.execute("UPDATE webhook SET secret = $3 WHERE tenant_id = $1 AND id = $2", tenant_id, webhook_id, secret)


async def delete(tx: Tx, tenant_id: int, webhook_id: int) -> None:
    await tx.execute("DELETE FROM webhook WHERE tenant_id = $1 AND id = $2", tenant_id, webhook_id)


async def deliveries(
    tx: Tx, tenant_id: int, webhook_id: int, *, state: State | None, below: int, limit: int
) -> list[Delivery]:
    """The newest first, with event ids below `below`. Indexes: webhook_delivery_pkey, webhook_delivery_dead."""
    chosen = "state = 'dead'" if state == "dead" else "($5::text IS NULL OR state = $5)"
    rows = await tx.fetch(
        f"""
        SELECT event_id, type, state, tries, next_try_at, tried_at, status, error
          FROM webhook_delivery
         WHERE tenant_id = $1
           AND webhook_id = $2
           AND event_id < $3
           AND {chosen}
         ORDER BY event_id DESC
         LIMIT $4
        """,
        *(tenant_id, webhook_id, below, limit),
        *(() if state == "dead" else (state,)),
    )
    return [
        Delivery(
            row["event_id"],
            row["type"],
            row["state"],
            row["tries"],
            row["next_try_at"] if row["state"] == "waiting" else None,
            row["tried_at"],
            row["status"],
            row["error"],
        )
        for row in rows
    ]


async def replay(tx: Tx, tenant_id: int, webhook_id: int, event_ids: Sequence[int] | None) -> int:
    """Have dead deliveries (None: all of them) tried anew; how many."""
    rows = await tx.fetch(
        """
        UPDATE webhook_delivery
           SET state = 'waiting', tries = 0, next_try_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND webhook_id = $2
           AND state = 'dead'
           AND ($3::bigint[] IS NULL OR event_id = ANY ($3))
        RETURNING event_id
        """,
        tenant_id,
        webhook_id,
        event_ids,
    )
    return len(rows)


# ---- Delivering

# A receiver that has batches to look at, or a delivery that is due: the first of its subject that waits.
_BUSY = f"""
SELECT w.tenant_id, w.id
  FROM webhook w
 WHERE w.enabled
   AND (w.leased_by = $1 OR w.leased_until IS NULL OR w.leased_until < ringbook_now(w.tenant_id))
   AND (w.event_id < {LARGEST_ID} AND w.batch > 0
        OR w.batch < (SELECT number FROM event_batch WHERE tenant_id = w.tenant_id ORDER BY number DESC LIMIT 1)
        OR (
           SELECT true
             FROM webhook_delivery d
            WHERE d.tenant_id = w.tenant_id
              AND d.webhook_id = w.id
              AND d.state = 'waiting'
              AND d.next_try_at <= ringbook_now(w.tenant_id)
              AND NOT EXISTS (
                  SELECT 1
                    FROM webhook_delivery e
                   WHERE e.tenant_id = d.tenant_id
                     AND e.webhook_id = d.webhook_id
                     AND e.state = 'waiting'
                     AND e.subject = d.subject
                     AND (e.batch, e.event_id) < (d.batch, d.event_id)
              )
            LIMIT 1
        ))
"""


async def busy(tx: Tx, owner: str) -> list[tuple[int, int]]:
    """The receivers that have something to do and that nobody else attends to, as tenant and id."""
    return [(row["tenant_id"], row["id"]) for row in await tx.fetch(_BUSY, owner)]


async def hold(tx: Tx, tenant_id: int, webhook_id: int, owner: str, seconds: float) -> Held | None:
    """Take or renew the lease; None where somebody else has it, or where there is nothing to deliver to any more."""
    row = await tx.fetchrow(
        f"""
        UPDATE webhook
           SET leased_by = $3, leased_until = ringbook_now($1) + make_interval(secs => $4)
         WHERE tenant_id = $1
           AND id = $2
           AND enabled
           AND (leased_by = $3 OR leased_until IS NULL OR leased_until < ringbook_now($1))
        RETURNING {_COLUMNS}, batch, event_id, secret
        """,
        tenant_id,
        webhook_id,
        owner,
        seconds,
    )
    return None if row is None else Held(_webhook(row), Place(row["batch"], row["event_id"]), row["secret"])


async def release(tx: Tx, tenant_id: int, webhook_id: int, owner: str) -> None:
    await tx.execute(
        "UPDATE webhook SET leased_by = NULL, leased_until = NULL WHERE tenant_id = $1 AND id = $2 AND leased_by = $3",
        tenant_id,
        webhook_id,
        owner,
    )


async def waiting(tx: Tx, tenant_id: int, webhook_id: int) -> int:
    """How many wait. Index: webhook_delivery_waiting."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'waiting'",
        tenant_id,
        webhook_id,
    )
    return count


async def enqueue(tx: Tx, tenant_id: int, webhook_id: int, owner: str, events: Sequence[Event], place: Place) -> bool:
    """Let these events wait for delivery, and note that all up to the place were considered.

    False, with nothing done, where the lease is lost.
    """
    held = await tx.fetchval(
        """
        UPDATE webhook
           SET batch = $4, event_id = $5
         WHERE tenant_id = $1
           AND id = $2
           AND leased_by = $3
        RETURNING id
        """,
        tenant_id,
        webhook_id,
        owner,
        place.batch,
        place.id,
    )
    if held is None:
        return False
    await tx.execute(
        """
        INSERT INTO webhook_delivery (tenant_id, webhook_id, batch, event_id, subject, type, state, next_try_at)
        SELECT $1, $2, e.batch, e.event_id, e.subject, e.type, 'waiting', ringbook_now($1)
          FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) AS e (batch, event_id, subject, type)
        ON CONFLICT DO NOTHING
        """,
        tenant_id,
        webhook_id,
        [event.place.batch for event in events],
        [event.place.id for event in events],
        [event.subject for event in events],
        [event.type for event in events],
    )
    return True


async def due(tx: Tx, tenant_id: int, webhook_id: int, most: int) -> list[Due]:
    """What is to be tried now, the oldest first, one of each subject. Index: webhook_delivery_waiting."""
    rows = await tx.fetch(
        """
        SELECT batch, event_id, type, tries
          FROM (
                SELECT DISTINCT ON (subject) subject, batch, event_id, type, tries, next_try_at
                  FROM webhook_delivery
                 WHERE tenant_id = $1
                   AND webhook_id = $2
                   AND state = 'waiting'
                 ORDER BY subject, batch, event_id
               ) first
         WHERE next_try_at <= ringbook_now($1)
         ORDER BY batch, event_id
         LIMIT $3
        """,
        tenant_id,
        webhook_id,
        most,
    )
    return [Due(Place(row["batch"], row["event_id"]), row["type"], row["tries"]) for row in rows]


class Tried(NamedTuple):
    """What became of a delivery: `pause` is how many seconds until it is tried again, None for never again."""

    event_id: int
    state: State
    outcome: Outcome
    pause: float | None


async def note(tx: Tx, tenant_id: int, webhook_id: int, owner: str, tried: Sequence[Tried]) -> None:
    """Note what was tried; nothing where the lease is lost: another tries the same now, and what it notes counts."""
    await tx.execute(
        """
        UPDATE webhook_delivery d
           SET state = t.state,
               tries = d.tries + 1,
               tried_at = ringbook_now($1),
               next_try_at = ringbook_now($1) + make_interval(secs => COALESCE(t.pause, 0)),
               status = t.status,
               error = t.error
          FROM unnest($3::bigint[], $4::text[], $5::int[], $6::text[], $7::float8[])
               AS t (event_id, state, status, error, pause)
         WHERE d.tenant_id = $1
           AND d.webhook_id = $2
           AND d.event_id = t.event_id
           AND d.state = 'waiting'
           AND EXISTS (SELECT FROM webhook w WHERE w.tenant_id = $1 AND w.id = $2 AND w.leased_by = $8)
        """,
        tenant_id,
        webhook_id,
        [each.event_id for each in tried],
        [each.state for each in tried],
        [each.outcome.status for each in tried],
        [each.outcome.error for each in tried],
        [each.pause for each in tried],
        owner,
    )


def _webhook(row: asyncpg.Record) -> Webhook:
    return Webhook(row["id"], row["url"], tuple(row["types"]), row["agent"], row["enabled"], row["created_at"])
