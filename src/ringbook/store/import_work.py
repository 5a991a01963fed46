"""Who works on imports, and how far they are.

A job's progress is written in the transaction of the rows that it is about, and only by the worker that holds it: who
is killed between two of them leaves the job at a whole row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.imports import Counts, Import, ImportState, Undo
from ringbook.domain.problems import Conflict
from ringbook.domain.table import FileForm, Mark
from ringbook.store.import_content import Refusal, drop_blocks, put_refusals
from ringbook.store.imports import COLUMNS, import_of, json_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx

LEASE_SECONDS = 30.0
"""How long a worker that says nothing is believed to live."""


class OpenImport(NamedTuple):
    """An import that is to be done, and who says that they do it."""

    tenant_id: int
    worker: str | None
    waits: bool


async def open_imports(tx: Tx) -> list[OpenImport]:
    """What is to be done, of all tenants. Index: import_job_open."""
    rows = await tx.fetch(
        """
        SELECT tenant_id,
               CASE WHEN leased_until > ringbook_now(tenant_id) THEN worker END AS worker,
               state = 'waiting' AS waits
          FROM import_job
         WHERE state IN ('waiting', 'running', 'undoing')
           AND (uploaded OR state <> 'waiting')
         ORDER BY tenant_id, id
         LIMIT 10000
        """
    )
    return [OpenImport(row["tenant_id"], row["worker"], row["waits"]) for row in rows]


async def next_open(tx: Tx, tenant_id: int) -> Import | None:
    """What a worker is to do next for this tenant: what somebody has begun, else what waits longest."""
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS}
          FROM import_job
         WHERE tenant_id = $1
           AND state IN ('waiting', 'running', 'undoing')
           AND (uploaded OR state <> 'waiting')
         ORDER BY state = 'waiting', id
         LIMIT 1
        """,
        tenant_id,
    )
    return None if row is None else import_of(row)


async def take(
    tx: Tx, tenant_id: int, job: Import, worker: str, state: ImportState, *, dead: str | None = None
) -> Import | None:
    """The import, now this worker's and in this state; None where another has it, or another import runs.

    A worker that is known to be `dead` is not waited for.
    """
    try:
        async with tx.transaction():
            row = await tx.fetchrow(
                f"""
                UPDATE import_job
                   SET state = $4,
                       worker = $3,
                       leased_until = ringbook_now($1) + make_interval(secs => $5),
                       started_at = COALESCE(started_at, ringbook_now($1))
                 WHERE tenant_id = $1
                   AND id = $2
                   AND state = $6
                   AND (worker IS NULL OR worker IN ($3, $7) OR leased_until < ringbook_now($1))
                RETURNING {COLUMNS}
                """,
                tenant_id,
                job.id,
                worker,
                state,
                LEASE_SECONDS,
                job.state,
                dead,
            )
    except asyncpg.UniqueViolationError:
        return None
    return None if row is None else import_of(row)


async def interrupt(tx: Tx, tenant_id: int, job: Import, dead: str | None = None) -> None:
    """Let a command's import that nobody works on any more make room for others."""
    await tx.execute(
        """
        UPDATE import_job
           SET state = 'interrupted',
               worker = NULL
         WHERE tenant_id = $1
           AND id = $2
           AND state = 'running'
           AND (worker IS NULL OR worker = $3 OR leased_until < ringbook_now($1))
        """,
        tenant_id,
        job.id,
        dead,
    )


async def beat(tx: Tx, tenant_id: int, import_id: int, worker: str) -> bool:
    """Say that the worker lives; whether the import still is its own and wanted."""
    row = await tx.fetchrow(
        """
        UPDATE import_job
           SET leased_until = ringbook_now($1) + make_interval(secs => $4)
         WHERE tenant_id = $1
           AND id = $2
           AND worker = $3
        RETURNING cancel_asked
        """,
        tenant_id,
        import_id,
        worker,
        LEASE_SECONDS,
    )
    return row is not None and not row["cancel_asked"]


async def let_go(tx: Tx, tenant_id: int, import_id: int, worker: str) -> None:
    """Leave the import to the next worker."""
    await tx.execute(
        "UPDATE import_job SET worker = NULL WHERE tenant_id = $1 AND id = $2 AND worker = $3",
        tenant_id,
        import_id,
        worker,
    )


async def set_form(tx: Tx, tenant_id: int, job: Import, form: FileForm, extent: int, size: int, digest: bytes) -> None:
    """Remember what the file was found to be, and go back to its beginning."""
    await tx.execute(
        """
        UPDATE import_job
           SET form = $3::json,
               extent = $4,
               size = $5,
               digest = $6
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        job.id,
        json_of(form),
        extent,
        size,
        digest,
    )


async def start_over(tx: Tx, tenant_id: int, import_id: int) -> None:
    """As if nothing had been read: for a dry run, of which nothing stays."""
    await tx.execute("DELETE FROM import_refusal WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    await tx.execute(
        """
        UPDATE import_job
           SET next_offset = 0, next_row = 0, rows_read = 0, added = 0, updated = 0, unchanged = 0, refused = 0,
               repeated = 0, removed = 0, blank = 0, active_seconds = 0
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        import_id,
    )


async def advance(
    tx: Tx,
    tenant_id: int,
    job: Import,
    worker: str,
    to: Mark,
    counts: Counts,
    seconds: float,
    refusals: Sequence[Refusal],
) -> Import:
    """The import with a slice behind it, in the slice's own transaction. Conflict where it is another worker's now."""
    row = await tx.fetchrow(
        f"""
        UPDATE import_job
           SET next_offset = $5,
               next_row = $6,
               rows_read = rows_read + $7,
               added = added + $8,
               updated = updated + $9,
               unchanged = unchanged + $10,
               refused = refused + $11,
               repeated = repeated + $12,
               removed = removed + $13,
               blank = blank + $14,
               active_seconds = active_seconds + $15,
               leased_until = ringbook_now($1) + make_interval(secs => $16)
         WHERE tenant_id = $1
           AND id = $2
           AND worker = $3
           AND next_row = $4
           AND state = 'running'
        RETURNING {COLUMNS}
        """,
        tenant_id,
        job.id,
        worker,
        job.next_row,
        to.offset,
        to.row,
        *msgspec.structs.astuple(counts),
        seconds,
        LEASE_SECONDS,
    )
    if row is None:
        raise Conflict("Another worker has taken this import over.")
    await put_refusals(tx, tenant_id, job.id, refusals)
    return import_of(row)


async def finish(
    tx: Tx, tenant_id: int, import_id: int, worker: str, state: ImportState, failure: str | None = None
) -> Import:
    """The import in its last state. What was sent is not needed any longer, but of a dry run, which can be repeated."""
    row = await tx.fetchrow(
        f"""
        UPDATE import_job
           SET state = $4,
               failure = $5,
               worker = NULL,
               finished_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
           AND worker = $3
        RETURNING {COLUMNS}
        """,
        tenant_id,
        import_id,
        worker,
        state,
        failure,
    )
    if row is None:
        raise Conflict("Another worker has taken this import over.")
    job = import_of(row)
    if not job.is_rehearsed:
        await drop_blocks(tx, tenant_id, import_id)
    await tx.execute("DELETE FROM import_named WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    return job


async def put_undo(tx: Tx, tenant_id: int, import_id: int, worker: str, undo: Undo) -> None:
    """Remember how far an undo is, in the transaction of what it undid; Conflict where it is another worker's now."""
    kept = await tx.fetchval(
        """
        UPDATE import_job
           SET undo = $4::json,
               leased_until = ringbook_now($1) + make_interval(secs => $5)
         WHERE tenant_id = $1
           AND id = $2
           AND worker = $3
           AND state = 'undoing'
        RETURNING id
        """,
        tenant_id,
        import_id,
        worker,
        json_of(undo),
        LEASE_SECONDS,
    )
    if kept is None:
        raise Conflict("Another worker has taken this import over.")


async def own_among(tx: Tx, tenant_id: int, import_id: int, table: str, ids: Sequence[int]) -> set[int]:
    """Those of these contacts or list records that this import has inserted. Indexes: the tables' own."""
    assert table in ("contact", "list_record")
    rows = await tx.fetch(
        f"SELECT id FROM {table} WHERE tenant_id = $1 AND id = ANY ($2::bigint[]) AND import_id = $3",
        tenant_id,
        ids,
        import_id,
    )
    return {row["id"] for row in rows}
