"""Imports as jobs: their state, who works on them, the files that were sent, and the rows that were refused.

A job's progress is written in the transaction of the rows that it is about, and only by the worker that holds it: who
is killed between two of them leaves the job at a whole row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.exchange import Counts, Import, ImportSettings, ImportState, Profile, Undo
from ringbook.domain.import_lines import showable
from ringbook.domain.page import fits
from ringbook.domain.problems import Conflict, Missing
from ringbook.domain.table import FileForm, Mark

if TYPE_CHECKING:
    from ringbook.store.database import Tx
    from ringbook.store.journal import Author

LEASE_SECONDS = 30.0
"""How long a worker that says nothing is believed to live."""

_COLUMNS = """
    id, state, file_name, size, uploaded, settings, form, extent, next_offset, next_row, rows_read, added, updated,
    unchanged, refused, repeated, removed, blank, active_seconds, undo, actor, dialect, worker, cancel_asked, failure,
    created_at, started_at, finished_at
"""


class Refusal(msgspec.Struct, frozen=True):
    """A row that was refused: its number, the column and the reason, and the row itself by column."""

    row: int
    field: str
    reason: str
    content: dict[str, Any]


async def add(
    tx: Tx, author: Author, state: ImportState, file_name: str, settings: ImportSettings, *, uploaded: bool
) -> Import:
    """A new import."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO import_job (tenant_id, state, file_name, uploaded, settings, actor, dialect, created_at)
        VALUES ($1, $2, $3, $4, $5::json, $6, $7, ringbook_now($1))
        RETURNING {_COLUMNS}
        """,
        author.tenant_id,
        state,
        file_name,
        uploaded,
        _json(settings),
        author.actor,
        author.dialect,
    )
    assert row is not None
    return _import(row)


async def get(tx: Tx, tenant_id: int, import_id: int) -> Import:
    """The import with this id; Missing if there is none."""
    row = None
    if fits(import_id):
        row = await tx.fetchrow(
            f"SELECT {_COLUMNS} FROM import_job WHERE tenant_id = $1 AND id = $2", tenant_id, import_id
        )
    if row is None:
        raise Missing
    return _import(row)


async def page(tx: Tx, tenant_id: int, below: int, limit: int) -> list[Import]:
    """Imports with ids below this one, the newest first. Index: import_job_pkey."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM import_job WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        tenant_id,
        below,
        limit,
    )
    return [_import(row) for row in rows]


async def unfinished(tx: Tx, tenant_id: int, digest: bytes, settings: ImportSettings) -> Import | None:
    """The newest import of a command's own file with this content, and with these settings, that was not finished."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM import_job
         WHERE tenant_id = $1
           AND state IN ('running', 'interrupted')
           AND NOT uploaded
           AND digest = $2
         ORDER BY id DESC
         LIMIT 20
        """,
        tenant_id,
        digest,
    )
    return next((job for job in map(_import, rows) if job.settings == settings), None)


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


async def tenants_with_old(tx: Tx, days: int) -> list[int]:
    """The tenants that keep something of imports of so long ago."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT tenant_id
          FROM import_job
         WHERE created_at < statement_timestamp() - make_interval(days => $1)
         LIMIT 10000
        """,
        days,
    )
    return [row["tenant_id"] for row in rows]


async def next_open(tx: Tx, tenant_id: int) -> Import | None:
    """What a worker is to do next for this tenant: what somebody has begun, else what waits longest."""
    row = await tx.fetchrow(
        f"""
        SELECT {_COLUMNS}
          FROM import_job
         WHERE tenant_id = $1
           AND state IN ('waiting', 'running', 'undoing')
           AND (uploaded OR state <> 'waiting')
         ORDER BY state = 'waiting', id
         LIMIT 1
        """,
        tenant_id,
    )
    return None if row is None else _import(row)


# ---- Working on it


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
                RETURNING {_COLUMNS}
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
    return None if row is None else _import(row)


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
        _json(form),
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
        RETURNING {_COLUMNS}
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
    await tx.copy_records_to_table(
        "import_refusal",
        columns=("tenant_id", "import_id", "row", "field", "reason", "content"),
        records=[(tenant_id, job.id, r.row, r.field, r.reason, _json(showable(r.content))) for r in refusals],
    )
    return _import(row)


async def finish(
    tx: Tx, tenant_id: int, import_id: int, worker: str, state: ImportState, failure: str | None = None
) -> Import:
    """The import in its last state. What was sent is not needed any longer."""
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
        RETURNING {_COLUMNS}
        """,
        tenant_id,
        import_id,
        worker,
        state,
        failure,
    )
    if row is None:
        raise Conflict("Another worker has taken this import over.")
    await tx.execute("DELETE FROM import_block WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    await tx.execute("DELETE FROM import_named WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    return _import(row)


async def ask_to_cancel(tx: Tx, tenant_id: int, import_id: int) -> None:
    """End an import that waits, and have its worker end one that runs, after the slice it is at."""
    await tx.execute(
        """
        UPDATE import_job
           SET cancel_asked = true,
               state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
               finished_at = CASE WHEN state = 'running' THEN finished_at ELSE ringbook_now($1) END
         WHERE tenant_id = $1
           AND id = $2
           AND state IN ('uploading', 'waiting', 'running', 'interrupted')
        """,
        tenant_id,
        import_id,
    )


async def ask_to_undo(tx: Tx, tenant_id: int, import_id: int, undo: Undo, days: int) -> bool:
    """Have an import undone that ended within so many days; whether it is."""
    try:
        async with tx.transaction():
            done = await tx.fetchval(
                """
                UPDATE import_job
                   SET state = 'undoing',
                       undo = $3::json,
                       worker = NULL,
                       uploaded = true
                 WHERE tenant_id = $1
                   AND id = $2
                   AND state IN ('done', 'cancelled', 'failed', 'interrupted')
                   AND COALESCE(finished_at, started_at) > ringbook_now($1) - make_interval(days => $4)
                RETURNING id
                """,
                tenant_id,
                import_id,
                _json(undo),
                days,
            )
    except asyncpg.UniqueViolationError:
        raise Conflict("Another import is running. Try again when it is done.") from None
    return done is not None


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
        _json(undo),
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


# ---- Content and refusals


async def put_block(tx: Tx, tenant_id: int, import_id: int, n: int, content: bytes) -> None:
    await tx.execute(
        "INSERT INTO import_block (tenant_id, import_id, n, content) VALUES ($1, $2, $3, $4)",
        tenant_id,
        import_id,
        n,
        content,
    )


async def block(tx: Tx, tenant_id: int, import_id: int, n: int) -> bytes | None:
    """The n-th block of a file that was sent; None behind the last."""
    content: bytes | None = await tx.fetchval(
        "SELECT content FROM import_block WHERE tenant_id = $1 AND import_id = $2 AND n = $3", tenant_id, import_id, n
    )
    return content


async def arrived(tx: Tx, tenant_id: int, import_id: int, size: int) -> Import:
    """The import whose file is all there, waiting for a worker. Conflict where it was cancelled meanwhile."""
    row = await tx.fetchrow(
        f"""
        UPDATE import_job
           SET state = 'waiting',
               size = $3
         WHERE tenant_id = $1
           AND id = $2
           AND state = 'uploading'
        RETURNING {_COLUMNS}
        """,
        tenant_id,
        import_id,
        size,
    )
    if row is None:
        raise Conflict("The import was cancelled.")
    return _import(row)


async def drop(tx: Tx, tenant_id: int, import_id: int) -> None:
    """Forget an import whose file did not arrive."""
    await tx.execute("DELETE FROM import_block WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    await tx.execute("DELETE FROM import_job WHERE tenant_id = $1 AND id = $2", tenant_id, import_id)


async def refusals(tx: Tx, tenant_id: int, import_id: int, after: int, limit: int) -> list[Refusal]:
    """Refused rows in the file's order, behind this one. Index: import_refusal_pkey."""
    rows = await tx.fetch(
        """
        SELECT row, field, reason, content
          FROM import_refusal
         WHERE tenant_id = $1
           AND import_id = $2
           AND row > $3
         ORDER BY row
         LIMIT $4
        """,
        tenant_id,
        import_id,
        after,
        limit,
    )
    return [Refusal(r["row"], r["field"], r["reason"], msgspec.json.decode(r["content"])) for r in rows]


async def forget_old(tx: Tx, tenant_id: int, days: int, limit: int) -> int:
    """Remove refused rows and files of imports that ended, or were given up, so long ago; of how many imports."""
    rows = await tx.fetch(
        """
        SELECT id
          FROM import_job j
         WHERE tenant_id = $1
           AND created_at < ringbook_now($1) - make_interval(days => $2)
           AND state NOT IN ('waiting', 'running', 'undoing')
           AND (EXISTS (SELECT 1 FROM import_refusal r WHERE r.tenant_id = $1 AND r.import_id = j.id)
             OR EXISTS (SELECT 1 FROM import_removed r WHERE r.tenant_id = $1 AND r.import_id = j.id)
             OR EXISTS (SELECT 1 FROM import_block b WHERE b.tenant_id = $1 AND b.import_id = j.id))
         ORDER BY id
         LIMIT $3
        """,
        tenant_id,
        days,
        limit,
    )
    ids = [row["id"] for row in rows]
    for table in ("import_refusal", "import_removed", "import_block"):
        await tx.execute(f"DELETE FROM {table} WHERE tenant_id = $1 AND import_id = ANY ($2::bigint[])", tenant_id, ids)
    return len(ids)


# ---- Profiles


async def profiles(tx: Tx, tenant_id: int) -> list[Profile]:
    rows = await tx.fetch(
        "SELECT name, settings, changed_at FROM import_profile WHERE tenant_id = $1 ORDER BY name LIMIT 1000", tenant_id
    )
    return [_profile(row) for row in rows]


async def profile(tx: Tx, tenant_id: int, name: str) -> Profile:
    """The settings of this name; Missing if there are none."""
    row = await tx.fetchrow(
        "SELECT name, settings, changed_at FROM import_profile WHERE tenant_id = $1 AND name = $2", tenant_id, name
    )
    if row is None:
        raise Missing("There is no such import profile.", of="profile")
    return _profile(row)


async def put_profile(tx: Tx, tenant_id: int, name: str, settings: ImportSettings) -> Profile:
    row = await tx.fetchrow(
        """
        INSERT INTO import_profile (tenant_id, name, settings, changed_at)
        VALUES ($1, $2, $3::json, ringbook_now($1))
        ON CONFLICT (tenant_id, name) DO UPDATE
           SET settings = excluded.settings,
               changed_at = excluded.changed_at
        RETURNING name, settings, changed_at
        """,
        tenant_id,
        name,
        _json(settings),
    )
    assert row is not None
    return _profile(row)


async def drop_profile(tx: Tx, tenant_id: int, name: str) -> None:
    await tx.execute("DELETE FROM import_profile WHERE tenant_id = $1 AND name = $2", tenant_id, name)


def _profile(row: asyncpg.Record) -> Profile:
    return Profile(row["name"], msgspec.json.decode(row["settings"], type=ImportSettings), row["changed_at"])


def _import(row: asyncpg.Record) -> Import:
    counted = ("rows_read", "added", "updated", "unchanged", "refused", "repeated", "removed", "blank")
    decoded = {"settings": ImportSettings, "form": FileForm, "undo": Undo}
    known = {name: row[name] for name in row.keys() if name not in counted and name not in decoded}  # noqa: SIM118
    read = {name: row[name] and msgspec.json.decode(row[name], type=type_) for name, type_ in decoded.items()}
    return Import(**known, **read, counts=Counts(*(row[name] for name in counted)))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
