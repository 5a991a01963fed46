"""Tenants that files are brought into and out of, by the commands that people use; and what is in their tables."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from bench.problem import BenchProblem
from bench.servers import ringbook_command, run_quietly

MOST_MB = 300
"""What an importer may take, whatever the size of its file."""
_WORKSPACE = """
[tenant]
slug = "{slug}"
name = "Soak"
region = "DE"
time_zone = "Europe/Berlin"

[[keys]]
name = "soak"
for = "native"
secret = "{slug}-soak-secret"
scopes = ["admin"]
"""
_ATTRIBUTE = """
[[attributes]]
key = "{key}"
label = "{key}"
type = "{kind}"
"""
ATTRIBUTES = {
    "note": "Text",
    "other_phone": "Phone",
    "other_mail": "Email",
    "born": "Date",
    "seen_at": "DateTime",
    "site": "URL",
    "vip": "Bool",
    "score": "Number",
}
"""One of every type."""
_JOBS = ("import_job", "import_block", "import_range", "import_refusal", "import_named", "import_removed", "event")
"""What tells that something was done, and not what there is."""


def make_tenant(data: Path, folder: Path, slug: str) -> None:
    workspace = folder / f"{slug}.toml"
    attributes = (_ATTRIBUTE.format(key=key, kind=kind) for key, kind in ATTRIBUTES.items())
    workspace.write_text(_WORKSPACE.format(slug=slug) + "".join(attributes))
    run_quietly([*ringbook_command("apply"), str(workspace), "--data", str(data)])


def secret_of(slug: str) -> str:
    return f"{slug}-soak-secret"


def import_command(data: Path, slug: str, file: Path) -> Sequence[str]:
    return [*ringbook_command("import"), str(file), "--contacts", "--tenant", slug, "--data", str(data), "--json"]


def import_file(data: Path, slug: str, file: Path) -> tuple[dict[str, Any], float]:
    """The finished import, and how long it took."""
    began = time.monotonic()
    process = subprocess.Popen(import_command(data, slug, file), stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchProblem(f"The import ended with {process.returncode}: {said.decode()[-500:]}")
    check_memory(usage.ru_maxrss / 1024)
    done: dict[str, Any] = json.loads(said)
    return done, time.monotonic() - began


def check_memory(megabytes: float) -> None:
    if megabytes > MOST_MB:
        raise BenchProblem(f"The importer took {megabytes:.0f} MB.")


def export_contacts(data: Path, folder: Path, slug: str, form: str) -> Path:
    file = folder / f"{slug}.out.{form}"
    with file.open("wb") as out:
        command = [*ringbook_command("export"), "--contacts", "--tenant", slug, "--data", str(data), "--format", form]
        subprocess.run(command, stdout=out, check=True)
    return file


# ---- What is in the tables: of each so many rows, and a sum of their hashes, in whatever order

Sums = dict[str, tuple[int, int]]


async def all_of(connection: asyncpg.Connection[Any], slug: str) -> Sums:
    """Everything that a tenant has, but what tells of imports."""
    tables = await connection.fetch(
        """
        SELECT c.table_name AS name
          FROM information_schema.columns c
          JOIN information_schema.tables t
         USING (table_schema, table_name)
         WHERE c.table_schema = 'public'
           AND c.column_name = 'tenant_id'
           AND t.table_type = 'BASE TABLE'
           AND c.table_name <> ALL ($1::text[])
         ORDER BY 1
        """,
        _JOBS,
    )
    sums: Sums = {}
    for name in (row["name"] for row in tables):
        rows = f"SELECT t::text AS row FROM {name} t WHERE tenant_id = $1"
        if name == "change":
            rows += " AND entity <> 'import'"
        sums[name] = await _sum_of(connection, slug, rows)
    return sums


async def all_but_ids(connection: asyncpg.Connection[Any], slug: str) -> Sums:
    """What an import leaves, but for ids and times: the same for the same file, whatever happened on the way."""
    return {name: await _sum_of(connection, slug, rows) for name, rows in _WITHOUT_IDS.items()}


_WITHOUT_IDS = {
    "contacts": """
        SELECT concat_ws(' | ', c.attributes, c.version, c.deleted_at IS NULL, p.numbers, s.entries) AS row
          FROM contact c
          LEFT JOIN (
                SELECT contact_id, string_agg(concat_ws(' ', match_key, raw, source), ',' ORDER BY source) AS numbers
                  FROM contact_phone
                 WHERE tenant_id = $1
                 GROUP BY contact_id
               ) p
            ON p.contact_id = c.id
          LEFT JOIN (
                SELECT contact_id, string_agg(folded, ',' ORDER BY folded) AS entries
                  FROM contact_search
                 WHERE tenant_id = $1
                 GROUP BY contact_id
               ) s
            ON s.contact_id = c.id
         WHERE c.tenant_id = $1
    """,
    "changes": """
        SELECT concat_ws(' | ', before, after) AS row
          FROM change
         WHERE tenant_id = $1
           AND entity = 'contact'
    """,
    "refused rows": """
        SELECT concat_ws(' | ', r.row, field, reason, content) AS row
          FROM import_refusal r
         WHERE tenant_id = $1
    """,
    "counts": """
        SELECT concat_ws(' | ', state, rows_read, added, updated, unchanged, refused, repeated, removed, blank) AS row
          FROM import_job
         WHERE tenant_id = $1
    """,
}


async def _sum_of(connection: asyncpg.Connection[Any], slug: str, rows: str) -> tuple[int, int]:
    tenant_id = await connection.fetchval("SELECT id FROM tenant WHERE slug = $1", slug)
    found = await connection.fetchrow(
        f"SELECT count(*), COALESCE(sum(hashtextextended(row, 0)::numeric), 0)::text AS sum FROM ({rows}) AS all_rows",
        tenant_id,
    )
    assert found is not None
    return found["count"], int(found["sum"])


def compare(what: str, one: Sums, other: Sums) -> None:
    """A BenchProblem that names the tables that differ, if any do."""
    differing = [name for name in one if one[name] != other.get(name)]
    if differing:
        counts = ", ".join(f"{name} ({one[name][0]:,} and {other[name][0]:,} rows)" for name in differing)
        raise BenchProblem(f"{what}: there is a difference in {counts}.")
