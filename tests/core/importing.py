"""Importing files as tests do: at once, with what is in the tables before and afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ringbook.core.access import Core, Records
from ringbook.domain.imports import Import, ImportSettings
from tests.dialects.conftest import rows_of

CSV = "customer_id,First name,Last name,Telefon,E-Mail\n"


def write(file: Path, text: str | bytes) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


async def run(records: Records, file: Path, text: str | bytes, list_ref: str | None = None, **settings: Any) -> Import:
    """Import a file with this content."""
    write(file, text)
    mode = settings.pop("mode", None)
    asked = await records.imports.settings(ImportSettings(**settings), list_ref, mode=mode)
    job = await records.imports.carry_out(file, file.name, asked, lambda job: None)
    assert job.state == "done", job.failure
    counts = job.counts
    assert counts.rows == counts.added + counts.updated + counts.unchanged + counts.refused
    return job


async def reasons(records: Records, job: Import) -> list[tuple[int, str, str]]:
    return [(r.row, r.field, r.reason) async for part in records.imports.refusals(job.id) for r in part]


async def take_back(records: Records, job: Import) -> Import:
    await records.imports.undo(job.id)
    assert await records.imports.work()
    undone = await records.imports.get(job.id)
    assert undone.state == "undone"
    return undone


NOT_COMPARED = {"import_job", "import_range", "import_refusal", "change", "identity_key", "idempotency_key", "event"}
"""What tells that something was done, and not what there is."""
MOVED_ON = ("version", "updated_at", "next_position", "changed_at")


async def dump(core: Core, tenant_id: int) -> dict[str, list[str]]:
    """All rows of a tenant, by table, but for what only counts on."""
    async with core.database.reading() as tx:
        found: dict[str, list[str]] = {}
        for table in await rows_of(core, tenant_id):
            if table not in NOT_COMPARED:
                rows = await tx.fetch(
                    f"SELECT to_jsonb(t) - $2::text[] AS row FROM {table} t WHERE tenant_id = $1", tenant_id, MOVED_ON
                )
                found[table] = sorted(row["row"] for row in rows)
        return found
