"""What an import keeps of its file for a while: the blocks that were sent, and the rows that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.domain.import_lines import showable
from ringbook.domain.problems import Conflict
from ringbook.store.imports import COLUMNS, import_of, json_of

if TYPE_CHECKING:
    from ringbook.domain.imports import Import
    from ringbook.store.database import Tx


_CANCELLED = "The import was cancelled."


class Refusal(msgspec.Struct, frozen=True):
    """A row that was refused: its number, the column and the reason, and the row itself by column."""

    row: int
    field: str
    reason: str
    content: dict[str, Any]


async def put_block(tx: Tx, tenant_id: int, import_id: int, n: int, content: bytes) -> None:
    """Keep a block of a file that is being sent. Conflict where the import was cancelled meanwhile."""
    kept = await tx.fetchval(
        """
        INSERT INTO import_block (tenant_id, import_id, n, content)
        SELECT tenant_id, id, $3, $4
          FROM import_job
         WHERE tenant_id = $1
           AND id = $2
           AND state = 'uploading'
        RETURNING n
        """,
        tenant_id,
        import_id,
        n,
        content,
    )
    if kept is None:
        raise Conflict(_CANCELLED)


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
        RETURNING {COLUMNS}
        """,
        tenant_id,
        import_id,
        size,
    )
    if row is None:
        raise Conflict(_CANCELLED)
    return import_of(row)


async def drop(tx: Tx, tenant_id: int, import_id: int) -> None:
    """Forget an import whose file did not arrive; of one that was cancelled meanwhile, only what arrived."""
    await drop_blocks(tx, tenant_id, import_id)
    await tx.execute(
        "DELETE FROM import_job WHERE tenant_id = $1 AND id = $2 AND state = 'uploading'", tenant_id, import_id
    )


async def drop_blocks(tx: Tx, tenant_id: int, import_id: int) -> None:
    await tx.execute("DELETE FROM import_block WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)


async def hand_over(tx: Tx, tenant_id: int, import_id: int, to: int) -> bool:
    """Make one import's file another's; whether there was one. Index: import_block_pkey."""
    moved = await tx.execute(
        "UPDATE import_block SET import_id = $3 WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id, to
    )
    return not moved.endswith(" 0")


async def rehearsed(tx: Tx, hours: int) -> list[tuple[int, int]]:
    """Dry runs of all tenants that were done so long ago and have their files: (tenant, import).

    Every file has a first block. Indexes: import_block_pkey, import_job_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT j.tenant_id, j.id
          FROM import_block b
          JOIN import_job j ON j.tenant_id = b.tenant_id AND j.id = b.import_id
         WHERE b.n = 0
           AND j.state = 'done'
           AND j.finished_at < ringbook_now(j.tenant_id) - make_interval(hours => $1)
         LIMIT 1000
        """,
        hours,
    )
    return [(row["tenant_id"], row["id"]) for row in rows]


async def stranded(tx: Tx, hours: int) -> list[tuple[int, int]]:
    """Imports of all tenants whose files began to arrive so long ago: (tenant, import). Index: import_job_open."""
    rows = await tx.fetch(
        """
        SELECT tenant_id, id
          FROM import_job
         WHERE state = 'uploading'
           AND created_at < ringbook_now(tenant_id) - make_interval(hours => $1)
         LIMIT 1000
        """,
        hours,
    )
    return [(row["tenant_id"], row["id"]) for row in rows]


async def put_refusals(tx: Tx, tenant_id: int, import_id: int, refusals: Sequence[Refusal]) -> None:
    await tx.copy_records_to_table(
        "import_refusal",
        columns=("tenant_id", "import_id", "row", "field", "reason", "content"),
        records=[(tenant_id, import_id, r.row, r.field, r.reason, json_of(showable(r.content))) for r in refusals],
    )


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


async def refused_columns(tx: Tx, tenant_id: int, import_id: int, most: int) -> tuple[str, ...]:
    """Under which names refused rows have something, in the order they come up. Index: import_refusal_pkey."""
    rows = await tx.fetch(
        """
        SELECT c.name
          FROM import_refusal r
         CROSS JOIN LATERAL json_object_keys(r.content) WITH ORDINALITY AS c (name, place)
         WHERE r.tenant_id = $1
           AND r.import_id = $2
         GROUP BY c.name
         ORDER BY min(r.row), min(c.place)
         LIMIT $3
        """,
        tenant_id,
        import_id,
        most,
    )
    return tuple(row["name"] for row in rows)


async def tenants_with_old(tx: Tx, days: int) -> list[int]:
    """The tenants that keep something of imports of so long ago."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT tenant_id
          FROM import_job
         WHERE created_at < ringbook_now(tenant_id) - make_interval(days => $1)
         LIMIT 10000
        """,
        days,
    )
    return [row["tenant_id"] for row in rows]


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
