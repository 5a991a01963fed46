"""Migrations: numbered SQL files, forward only, applied under a lock. A newer database is refused in one sentence."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import NamedTuple

import asyncpg

from ringbook.domain.problems import Problem


class Migration(NamedTuple):
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class CannotMigrate(Problem):
    """The database's schema cannot be brought to this version."""


_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    digest     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT statement_timestamp()
)"""


def migrations() -> list[Migration]:
    """All migrations of this version, in order."""
    files = sorted(resources.files(__package__).joinpath("migrations").iterdir(), key=lambda file: file.name)
    return [
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text())
        for file in files
        if file.name.endswith(".sql")
    ]


async def migrate(connection: asyncpg.Connection[asyncpg.Record], *, upgrade: bool = True) -> list[str]:
    """Apply what is missing, in one transaction; the names of what was applied. CannotMigrate says why not.

    Without `upgrade` only an empty database is filled: an older one may have an older Ringbook serving from it.
    """
    known = migrations()
    async with connection.transaction():
        # Two processes that start on an empty database both come here: the second waits, then finds it done.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('ringbook migrations'))")
        await connection.execute(_LEDGER)
        await connection.execute("LOCK TABLE schema_migration IN ACCESS EXCLUSIVE MODE")
        applied = {
            row["number"]: row for row in await connection.fetch("SELECT number, name, digest FROM schema_migration")
        }
        _check(known, applied)
        missing = [m for m in known if m.number not in applied]
        if missing and applied and not upgrade:
            raise CannotMigrate(
                "The database's schema is older than this Ringbook: `ringbook serve` or `ringbook migrate` brings it "
                "up to date."
            )
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migration (number, name, digest) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.digest,
            )
    return [m.name for m in missing]


def _check(known: list[Migration], applied: dict[int, asyncpg.Record]) -> None:
    by_number = {m.number: m for m in known}
    newer = [row["name"] for number, row in applied.items() if number not in by_number]
    if newer:
        raise CannotMigrate(
            f"This database was written by a newer Ringbook (it has {max(newer)}): "
            "install that version, or restore a backup."
        )
    changed = [m.name for m in known if m.number in applied and applied[m.number]["digest"] != m.digest]
    if changed:
        raise CannotMigrate(f"Migration {changed[0]} was applied with another text than this Ringbook has.")
