"""The stream of what happened: journal and events in batches, each what became visible between two snapshots.

Ids are drawn before their transactions commit, so they do not come to light in order, and a reader who follows them
skips what commits late. A snapshot says exactly which transactions it sees. So a batch is written after the fact, by
whoever comes first: all that is seen now and was not seen when the last batch was written (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.domain.event import BEGINNING, Event, Place, Told, of_change
from ringbook.domain.page import LARGEST_ID
from ringbook.store.database import tell
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    import asyncpg

    from ringbook.store.database import Database, Tx
    from ringbook.store.journal import Author

CHANNEL = "ringbook_events"
_MOST_BATCHES = 50


async def publish(
    tx: Tx,
    author: Author,
    type_: str,
    data: Any,
    *,
    entity_id: int | None = None,
    agent: str = "",
    contact_ids: Sequence[int] = (),
    match_key: str = "",
) -> int:
    """Tell what changes nothing of the journal's; its id. It is heard once the transaction has committed."""
    tell(author.tenant_id)
    event_id: int = await tx.fetchval(
        """
        INSERT INTO event (tenant_id, at, actor, dialect, type, entity_id, agent, contact_ids, match_key, data)
        VALUES ($1, ringbook_now($1), $2, $3, $4, $5, $6, $7, $8, $9::json)
        RETURNING id
        """,
        author.tenant_id,
        author.actor,
        author.dialect,
        type_,
        entity_id,
        agent,
        contact_ids,
        match_key,
        json_text(data),
    )
    return event_id


# What a snapshot does not see: transactions that were under way, and all that began later. Indexes: change_xact,
# event_xact; `+ 0` keeps the planner from reading all that a tenant has by its ids.
_UNSEEN = """
SELECT 1
  FROM {table} e
 WHERE e.tenant_id = last.tenant_id
   AND e.xact >= pg_snapshot_xmax(last.until)
   AND e.id + 0 > last.above
UNION ALL
SELECT 1
  FROM {table} e
 WHERE e.tenant_id = last.tenant_id
   AND e.xact = ANY (ARRAY(SELECT pg_snapshot_xip(last.until)))
   AND e.id + 0 > last.above
"""

# Who loses a race for a batch's number has written nothing, and asks again: the winner may have seen less.
# Another cluster counts its transactions anew: there, what has a higher id than any drawn by then is new.
_BATCH = f"""
WITH fresh AS MATERIALIZED (
    SELECT last.tenant_id, last.number + 1 AS number, last.until AS since, last.above, last.cluster
      FROM (
            SELECT asked.tenant_id,
                   COALESCE(b.number, 0) AS number,
                   CASE WHEN b.cluster = here.system_identifier THEN b.until ELSE '1:1:' END AS until,
                   CASE WHEN b.cluster = here.system_identifier THEN b.above ELSE COALESCE(b.highest, 0) END AS above,
                   here.system_identifier AS cluster
              FROM unnest($1::bigint[]) AS asked (tenant_id)
             CROSS JOIN pg_control_system() AS here
              LEFT JOIN LATERAL (
                        SELECT number, until, above, highest, cluster
                          FROM event_batch
                         WHERE tenant_id = asked.tenant_id
                         ORDER BY number DESC
                         LIMIT 1
                   ) b ON true
           ) last
     WHERE EXISTS ({_UNSEEN.format(table="change")})
        OR EXISTS ({_UNSEEN.format(table="event")})
),
made AS (
    INSERT INTO event_batch (tenant_id, number, since, until, above, highest, cluster, at)
    SELECT tenant_id, number, since, pg_current_snapshot(), above, (SELECT last_value FROM record_id), cluster,
           ringbook_now(tenant_id)
      FROM fresh
     ORDER BY tenant_id
    ON CONFLICT DO NOTHING
    RETURNING tenant_id
),
hint AS (
    SELECT pg_notify('{CHANNEL}', left(string_agg(tenant_id::text, ' '), 7900))
      FROM made
    HAVING count(*) > 0
)
SELECT (SELECT count(*) FROM hint) AS hints,
       ARRAY(SELECT tenant_id FROM fresh EXCEPT SELECT tenant_id FROM made) AS again
"""


async def gather(tx: Tx, tenant_ids: Collection[int]) -> set[int]:
    """Put what was committed and is in no batch into one, and hint to who listens; the tenants to be asked again."""
    row = await tx.fetchrow(_BATCH, sorted(tenant_ids))
    assert row is not None
    return set(row["again"])


async def tenant_ids(tx: Tx) -> list[int]:
    """All of them, for who has missed a hint."""
    return [row["id"] for row in await tx.fetch("SELECT id FROM tenant ORDER BY id")]


async def last_place(tx: Tx, tenant_id: int) -> Place:
    """Behind everything that has been told."""
    number = await tx.fetchval(
        "SELECT number FROM event_batch WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1", tenant_id
    )
    return BEGINNING if number is None else Place(number, LARGEST_ID)


async def is_kept(tx: Tx, tenant_id: int, place: Place) -> bool:
    """Whether all that came behind this place can still be read."""
    row = await tx.fetchrow(
        """
        SELECT (SELECT number FROM event_batch WHERE tenant_id = $1 ORDER BY number LIMIT 1) AS oldest,
               (SELECT number FROM event_batch WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1) AS newest
        """,
        tenant_id,
    )
    if row is None or row["oldest"] is None:
        return place.batch == 0
    oldest = 0 if row["oldest"] == 1 else row["oldest"]
    return bool(oldest <= place.batch <= row["newest"])


_CHANGES = """
SELECT c.id, c.at, c.actor, c.dialect, c.entity, c.entity_id, c.before, c.after, NULL AS type, NULL AS agent,
       ARRAY[c.contact_id] AS contact_ids
  FROM change c
 WHERE c.tenant_id = b.tenant_id
   AND {unseen}
"""
_EVENTS = """
SELECT c.id, c.at, c.actor, c.dialect, NULL AS entity, c.entity_id, NULL::json AS before, c.data AS after, c.type,
       c.agent, c.contact_ids
  FROM event c
 WHERE c.tenant_id = b.tenant_id
   AND {unseen}
"""
_SEEN = "pg_visible_in_snapshot(c.xact, b.until)"
_LATER = f"c.xact >= pg_snapshot_xmax(b.since) AND c.xact < pg_snapshot_xmax(b.until) AND {_SEEN}"
_UNDER_WAY = f"c.xact = ANY (ARRAY(SELECT pg_snapshot_xip(b.since))) AND {_SEEN}"

# Indexes: event_batch_pkey, change_xact, event_xact. A batch without events, or of which all are known, is a row still.
_READ = f"""
SELECT b.number, e.id, e.at, e.actor, e.dialect, e.entity, e.entity_id, e.before, e.after, e.type, e.agent,
       e.contact_ids
  FROM (
        SELECT tenant_id, number, since, until, above, highest
          FROM event_batch
         WHERE tenant_id = $1
           AND number >= $2
         ORDER BY number
         LIMIT {_MOST_BATCHES}
       ) b
  LEFT JOIN LATERAL (
        SELECT *
          FROM (
                {{changes}}{_EVENTS.format(unseen=_LATER)} UNION ALL {_EVENTS.format(unseen=_UNDER_WAY)}
               ) c
         WHERE c.id + 0 > CASE WHEN b.number = $2 THEN GREATEST($3, b.above) ELSE b.above END
           AND c.id + 0 <= b.highest
       ) e ON true
 ORDER BY b.number, e.id
 LIMIT $4
"""
_READ_ALL = _READ.format(
    changes=f"{_CHANGES.format(unseen=_LATER)} UNION ALL {_CHANGES.format(unseen=_UNDER_WAY)} UNION ALL "
)
_READ_EVENTS = _READ.format(changes="")


# The rest of a batch that has been begun, by ids: of a batch of a million, no page reads all. Indexes: change_pkey,
# event_pkey.
_OF_BATCH = (
    "c.id > GREATEST($3, b.above) AND c.id <= b.highest"
    " AND pg_visible_in_snapshot(c.xact, b.until) AND NOT pg_visible_in_snapshot(c.xact, b.since)"
)
_REST = f"""
SELECT b.number, e.*
  FROM event_batch b
 CROSS JOIN LATERAL (
        {{changes}}
        ({_EVENTS.format(unseen=_OF_BATCH)} ORDER BY c.id LIMIT $4)
       ) e
 WHERE b.tenant_id = $1
   AND b.number = $2
 ORDER BY e.id
 LIMIT $4
"""
_REST_ALL = _REST.format(changes=f"({_CHANGES.format(unseen=_OF_BATCH)} ORDER BY c.id LIMIT $4) UNION ALL ")
_REST_EVENTS = _REST.format(changes="")


async def behind(
    tx: Tx, tenant_id: int, place: Place, limit: int, *, journal: bool = True
) -> tuple[list[Event], Place, bool]:
    """What comes behind a place, in order: the events, the place up to which they go, and whether that is the end.

    Without the journal, only what is told beside it.
    """
    if 0 < place.id < LARGEST_ID:
        rest = [
            _event(row, row["number"])
            for row in await tx.fetch(_REST_ALL if journal else _REST_EVENTS, tenant_id, *place, limit)
        ]
        if len(rest) == limit:
            return rest, rest[-1].place, False
        if rest:
            return rest, Place(place.batch, LARGEST_ID), False
        place = Place(place.batch, LARGEST_ID)
    rows = await tx.fetch(_READ_ALL if journal else _READ_EVENTS, tenant_id, place.batch, place.id, limit)
    events = [_event(row, row["number"]) for row in rows if row["id"] is not None]
    if len(rows) == limit:
        last = rows[-1]
        return events, Place(last["number"], LARGEST_ID if last["id"] is None else last["id"]), False
    if not rows:
        return events, place, True
    last_number = rows[-1]["number"]
    reached = max(place, Place(last_number, LARGEST_ID))
    return events, reached, last_number - rows[0]["number"] + 1 < _MOST_BATCHES


async def at(tx: Tx, tenant_id: int, places: Sequence[Place]) -> dict[int, Event]:
    """The events in these places, by id, those that are kept. Indexes: change_pkey, event_pkey."""
    numbers = {place.id: place.batch for place in places}
    rows = await tx.fetch(
        f"""
        {_CHANGES.format(unseen="c.id = ANY ($2)").replace("b.tenant_id", "$1")}
        UNION ALL
        {_EVENTS.format(unseen="c.id = ANY ($2)").replace("b.tenant_id", "$1")}
        """,
        tenant_id,
        list(numbers),
    )
    return {row["id"]: _event(row, numbers[row["id"]]) for row in rows}


async def forget(tx: Tx, tenant_id: int, kept: timedelta, most: int) -> int:
    """Remove batches that are older, and the events in them, some at a time; how many batches. The last one stays."""
    gone: int = await tx.fetchval(
        """
        WITH old AS (
            SELECT tenant_id, number
              FROM event_batch
             WHERE tenant_id = $1
               AND at < ringbook_now($1) - $2::interval
               AND number < (SELECT max(number) FROM event_batch WHERE tenant_id = $1)
             ORDER BY at
             LIMIT $3
        ),
        gone AS (
            DELETE FROM event_batch b
             USING old
             WHERE b.tenant_id = $1
               AND b.number = old.number
            RETURNING 1
        )
        SELECT count(*) FROM gone
        """,
        tenant_id,
        kept,
        most,
    )
    if gone < most:  # a batch is read with what is in it, so what is in it goes when it has gone
        await tx.execute(
            "DELETE FROM event WHERE tenant_id = $1 AND at < ringbook_now($1) - $2::interval - interval '1 hour'",
            tenant_id,
            kept,
        )
        await tx.execute(
            """
            DELETE FROM webhook_delivery
             WHERE tenant_id = $1
               AND state <> 'waiting'
               AND tried_at < ringbook_now($1) - $2::interval
            """,
            tenant_id,
            kept,
        )
        await tx.execute("DELETE FROM event_ticket WHERE tenant_id = $1 AND expires_at < ringbook_now($1)", tenant_id)
    return gone


async def listen(database: Database, heard: Callable[[set[int]], None]) -> None:
    """Call `heard` with tenants that have something new, until the connection is lost."""

    def told(connection: object, pid: int, channel: str, payload: object) -> None:
        heard({int(part) for part in str(payload).split() if part.isdecimal()})

    async with database.dedicated("ringbook events") as (connection, lost):
        await connection.add_listener(CHANNEL, told)
        await lost.wait()


def _event(row: asyncpg.Record, batch: int) -> Event:
    place = Place(batch, row["id"])
    after = _raw(row["after"])
    if row["type"] is None:
        return of_change(
            place,
            at=row["at"],
            by=row["actor"],
            dialect=row["dialect"],
            entity=row["entity"],
            entity_id=row["entity_id"],
            before=_raw(row["before"]),
            after=after,
            contact_id=row["contact_ids"][0],
        )
    told = Told(
        row["id"],
        row["type"],
        row["at"],
        row["actor"],
        row["dialect"],
        row["type"].partition(".")[0],
        row["entity_id"],
        row["contact_ids"],
        row["agent"],
        msgspec.Raw(after or b"null"),
    )
    return Event(place, told)


def _raw(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
