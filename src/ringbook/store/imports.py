"""Imports as jobs: what was asked, what became of it, and the asking to cancel or to undo one.

Who works on a job is in import_work.py, what it keeps of its file in import_content.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.imports import Counts, Import, ImportSettings, ImportState, Undo
from ringbook.domain.page import fits
from ringbook.domain.problems import Conflict, Missing
from ringbook.domain.table import FileForm
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx
    from ringbook.store.journal import Author

COLUMNS = """
    id, state, file_name, size, uploaded, settings, form, extent, next_offset, next_row, rows_read, added, updated,
    unchanged, refused, repeated, removed, blank, active_seconds, undo, actor, dialect, worker, cancel_asked, failure,
    created_at, started_at, finished_at
"""


async def add(
    tx: Tx, author: Author, state: ImportState, file_name: str, settings: ImportSettings, *, uploaded: bool
) -> Import:
    """A new import."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO import_job (tenant_id, state, file_name, uploaded, settings, actor, dialect, created_at)
        VALUES ($1, $2, $3, $4, $5::json, $6, $7, ringbook_now($1))
        RETURNING {COLUMNS}
        """,
        author.tenant_id,
        state,
        file_name,
        uploaded,
        json_of(settings),
        author.actor,
        author.dialect,
    )
    assert row is not None
    return import_of(row)


async def get(tx: Tx, tenant_id: int, import_id: int) -> Import:
    """The import with this id; Missing if there is none."""
    row = None
    if fits(import_id):
        row = await tx.fetchrow(
            f"SELECT {COLUMNS} FROM import_job WHERE tenant_id = $1 AND id = $2", tenant_id, import_id
        )
    if row is None:
        raise Missing("There is no such import.", of="import")
    return import_of(row)


async def page(tx: Tx, tenant_id: int, below: int, limit: int) -> list[Import]:
    """Imports with ids below this one, the newest first. Index: import_job_pkey."""
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM import_job WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        tenant_id,
        below,
        limit,
    )
    return [import_of(row) for row in rows]


async def unfinished(tx: Tx, tenant_id: int, digest: bytes, settings: ImportSettings) -> Import | None:
    """The newest import of a command's own file with this content, and with these settings, that was not finished."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS}
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
    return next((job for job in map(import_of, rows) if job.settings == settings), None)


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
                json_of(undo),
                days,
            )
    except asyncpg.UniqueViolationError:
        raise Conflict("Another import is running. Try again when it is done.") from None
    return done is not None


def import_of(row: asyncpg.Record) -> Import:
    """The import of a row that has these columns."""
    counted = ("rows_read", "added", "updated", "unchanged", "refused", "repeated", "removed", "blank")
    decoded = {"settings": ImportSettings, "form": FileForm, "undo": Undo}
    known = {name: row[name] for name in row.keys() if name not in counted and name not in decoded}  # noqa: SIM118
    read = {name: row[name] and msgspec.json.decode(row[name], type=type_) for name, type_ in decoded.items()}
    return Import(**known, **read, counts=Counts(*(row[name] for name in counted)))


def json_of(value: Any) -> str:
    return json_text(value)
