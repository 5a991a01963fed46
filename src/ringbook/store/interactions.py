"""Roots of calls: made, joined, and tied to contacts. Their legs are in legs.py, reading them is in calls.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from ringbook.domain.problems import Busy
from ringbook.store.calls import by_call_id
from ringbook.store.legs import Twin, absorb_twins

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A call that was made part of another one: what it was, and what the other one was before."""

    id: int
    was: Mapping[str, Any]
    kept_was: Mapping[str, Any]
    twins: Sequence[Twin]


@dataclass(frozen=True, slots=True)
class Joined:
    """The root that two calls have now, and the call that was absorbed, if there were two."""

    root: int
    absorbed: Absorbed | None = None


async def put_root(
    tx: Tx,
    tenant_id: int,
    call_id: str,
    ani: str,
    match_key: str,
    contact_id: int | None,
    started_at: datetime | None,
) -> int:
    """The id of the call's root, made if it is new; its row is held until the transaction ends.

    A new root is linked to `contact_id`. One that is known and unlinked is linked now; a link that stands stays. A
    call that was joined into another has that one's root.
    """
    alias = await _joined_into(tx, tenant_id, call_id)
    if alias is not None:
        return await _touch(tx, tenant_id, alias, contact_id, started_at)
    root = await _insert_root(tx, tenant_id, call_id, ani, match_key, contact_id, started_at)
    # Who joined the call into another just now held its row until now: only a look after that sees it.
    alias = await _joined_into(tx, tenant_id, call_id)
    if alias is None:
        return root
    await _absorb(tx, tenant_id, root, alias, call_id)
    return alias


async def put_joined(
    tx: Tx,
    tenant_id: int,
    call_id: str,
    related_call_id: str,
    ani: str,
    match_key: str,
    contact_id: int | None,
    started_at: datetime | None,
) -> Joined:
    """put_root() of a call that is also the one that is known by the other id, now or later.

    The root that was there first stays, and is known by both ids.
    """
    await _hold(tx, tenant_id, call_id, related_call_id)
    root = await put_root(tx, tenant_id, call_id, ani, match_key, contact_id, started_at)
    other = await _known_as(tx, tenant_id, related_call_id, legs=True)
    if other is None:
        await _add_alias(tx, tenant_id, related_call_id, root)
    if other is None or other == root:
        return Joined(root)
    kept, gone = min(root, other), max(root, other)
    rows = await _lock(tx, tenant_id, [kept, gone])
    if len(rows) < 2:
        raise Busy  # somebody has joined the other one in this very moment
    return Joined(kept, await _absorb(tx, tenant_id, gone, kept, rows[1]["call_id"]))


async def _hold(tx: Tx, tenant_id: int, call_id: str, related_call_id: str) -> None:
    """Hold the roots of both ids, in the order in which everybody takes several: two joins cannot wait in a circle."""

    async def known() -> list[int | None]:
        return [
            await _known_as(tx, tenant_id, call_id, legs=False),
            await _known_as(tx, tenant_id, related_call_id, legs=True),
        ]

    for _ in range(_TRIES):
        found = await known()
        # What was held for nothing is let go of: holding more than is needed would break the order.
        with suppress(_Moved):
            async with tx.transaction():
                await _lock(tx, tenant_id, [root for root in found if root is not None])
                if await known() != found:
                    raise _Moved
                return
    raise Busy


class _Moved(Exception):
    """Somebody has joined one of the calls before it was held."""


async def _lock(tx: Tx, tenant_id: int, roots: Sequence[int]) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        SELECT id, call_id
          FROM interaction
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
         ORDER BY id
           FOR UPDATE
        """,
        tenant_id,
        roots,
    )


async def _joined_into(tx: Tx, tenant_id: int, call_id: str) -> int | None:
    """The root into which the call of this id was joined, held. Index: call_alias_pkey."""
    found: int | None = await tx.fetchval(
        """
        SELECT i.id
          FROM call_alias a
          JOIN interaction i
            ON i.tenant_id = $1
           AND i.id = a.interaction_id
         WHERE a.tenant_id = $1
           AND a.call_id = $2
           FOR UPDATE OF i
        """,
        tenant_id,
        call_id,
    )
    return found


async def _known_as(tx: Tx, tenant_id: int, call_id: str, *, legs: bool) -> int | None:
    """The root that has this id, by itself, by joining, or by one of its `legs` that was told of within a day.

    What a desktop sends as the id of a dialog may be a placeholder, which an old call has as well. Indexes: unique key,
    call_alias_pkey, leg_call.
    """
    found: int | None = await tx.fetchval(
        """
        SELECT COALESCE(
            (SELECT id FROM interaction WHERE tenant_id = $1 AND call_id = $2),
            (SELECT interaction_id FROM call_alias WHERE tenant_id = $1 AND call_id = $2),
            (SELECT min(interaction_id)
               FROM leg
              WHERE tenant_id = $1
                AND call_id = $2
                AND call_id <> ''
                AND updated_at > ringbook_now($1) - interval '1 day'
                AND $3)
        )
        """,
        tenant_id,
        call_id,
        legs,
    )
    return found


async def _add_alias(tx: Tx, tenant_id: int, call_id: str, root: int) -> None:
    await tx.execute(
        """
        INSERT INTO call_alias (tenant_id, call_id, interaction_id)
        VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, call_id) DO UPDATE
           SET interaction_id = excluded.interaction_id
        """,
        tenant_id,
        call_id,
        root,
    )


async def _absorb(tx: Tx, tenant_id: int, gone: int, kept: int, call_id: str) -> Absorbed:
    """Give one call's legs to another, which is known by its id from now on. The caller holds both.

    A hand-made link of either stays; else the kept one's, else the other's.
    """
    was, kept_was = await _facts(tx, tenant_id, gone), await _facts(tx, tenant_id, kept)
    await tx.execute(
        """
        UPDATE interaction k
           SET contact_id = CASE WHEN k.link = 'hand' THEN k.contact_id
                                 WHEN g.link = 'hand' THEN g.contact_id
                                 ELSE COALESCE(k.contact_id, g.contact_id) END,
               link = CASE WHEN 'hand' IN (k.link, g.link) THEN 'hand' ELSE COALESCE(k.link, g.link) END,
               ani = CASE WHEN k.ani = '' THEN g.ani ELSE k.ani END,
               match_key = CASE WHEN k.ani = '' THEN g.match_key ELSE k.match_key END,
               started_at = LEAST(k.started_at, g.started_at)
          FROM interaction g
         WHERE k.tenant_id = $1
           AND k.id = $3
           AND g.tenant_id = $1
           AND g.id = $2
        """,
        tenant_id,
        gone,
        kept,
    )
    twins = await absorb_twins(tx, tenant_id, gone, kept)
    await tx.execute(
        "UPDATE leg SET interaction_id = $3 WHERE tenant_id = $1 AND interaction_id = $2", tenant_id, gone, kept
    )
    await tx.execute(
        "UPDATE call_alias SET interaction_id = $3 WHERE tenant_id = $1 AND interaction_id = $2", tenant_id, gone, kept
    )
    await tx.execute("DELETE FROM interaction WHERE tenant_id = $1 AND id = $2", tenant_id, gone)
    await _add_alias(tx, tenant_id, call_id, kept)
    return Absorbed(gone, was, kept_was, twins)


async def _facts(tx: Tx, tenant_id: int, root: int) -> Mapping[str, Any]:
    """What a root says, and which legs it has, for the journal."""
    row = await tx.fetchrow(
        """
        SELECT call_id, ani, contact_id, link, started_at,
               ARRAY(SELECT id FROM leg WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY id) AS legs,
               ARRAY(SELECT call_id FROM call_alias WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY 1) AS aliases
          FROM interaction
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        root,
    )
    return {} if row is None else dict(row)


async def _insert_root(
    tx: Tx,
    tenant_id: int,
    call_id: str,
    ani: str,
    match_key: str,
    contact_id: int | None,
    started_at: datetime | None,
) -> int:
    found: int = await tx.fetchval(
        """
        INSERT INTO interaction AS i (tenant_id, call_id, ani, match_key, contact_id, link, started_at, created_at)
        SELECT $1, $2, $3, $4, $5::bigint, CASE WHEN $5::bigint IS NOT NULL THEN 'phone' END, COALESCE($6, now), now
          FROM ringbook_now($1) AS now
        ON CONFLICT (tenant_id, call_id) DO UPDATE
           SET contact_id = CASE WHEN i.link IS NULL THEN excluded.contact_id ELSE i.contact_id END,
               link = COALESCE(i.link, excluded.link),
               ani = CASE WHEN i.ani = '' THEN excluded.ani ELSE i.ani END,
               match_key = CASE WHEN i.ani = '' THEN excluded.match_key ELSE i.match_key END,
               started_at = LEAST(i.started_at, $6)
        RETURNING id
        """,
        tenant_id,
        call_id,
        ani,
        match_key,
        contact_id,
        started_at,
    )
    return found


async def _touch(
    tx: Tx, tenant_id: int, interaction_id: int, contact_id: int | None, started_at: datetime | None
) -> int:
    """The root that is known by another id: linked now if it is unlinked, and as early as this report."""
    await tx.execute(
        """
        UPDATE interaction
           SET contact_id = CASE WHEN link IS NULL THEN $3::bigint ELSE contact_id END,
               link = COALESCE(link, CASE WHEN $3::bigint IS NOT NULL THEN 'phone' END),
               started_at = LEAST(started_at, $4)
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        interaction_id,
        contact_id,
        started_at,
    )
    return interaction_id


async def link(tx: Tx, tenant_id: int, call_id: str, contact_id: int | None) -> tuple[int, int | None] | None:
    """Tie a call to a contact (None: to nobody) by hand; its id and its contact before. None: there is no such call."""
    root = await by_call_id(tx, tenant_id, call_id)
    if root is None:
        return None
    await tx.execute(
        "UPDATE interaction SET contact_id = $3, link = 'hand' WHERE tenant_id = $1 AND id = $2",
        tenant_id,
        root.id,
        contact_id,
    )
    return root.id, root.contact_id


async def link_unknown(tx: Tx, tenant_id: int, contacts: Mapping[str, int]) -> None:
    """Give contacts, by match key, the calls of unknown callers that came from their numbers.

    What somebody has tied to nobody by hand stays so. Calls are held in the order of their ids, as who joins some holds
    them. Index: interaction_unlinked.
    """
    if not contacts:
        return
    rows = await tx.fetch(
        """
        SELECT id, match_key
          FROM interaction
         WHERE tenant_id = $1
           AND match_key = ANY ($2::text[])
           AND contact_id IS NULL
           AND link IS NULL
         ORDER BY id
           FOR UPDATE
        """,
        tenant_id,
        list(contacts),
    )
    if rows:
        await tx.execute(
            """
            UPDATE interaction i
               SET contact_id = c.contact_id,
                   link = 'phone'
              FROM unnest($2::bigint[], $3::bigint[]) AS c (id, contact_id)
             WHERE i.tenant_id = $1
               AND i.id = c.id
            """,
            tenant_id,
            [row["id"] for row in rows],
            [contacts[row["match_key"]] for row in rows],
        )
