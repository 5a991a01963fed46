"""What PostgreSQL knows of tables that have just been filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from ringbook.app import open_core
from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.domain.calling_list import CallingList
from ringbook.domain.imports import Import, ImportSettings
from ringbook.domain.layout import Field
from ringbook.store import linking, lists
from ringbook.store.embedded import EmbeddedServer
from ringbook.store.migrate import migrate
from ringbook.store.postmaster import DATABASE
from tests.conftest import make_tenant
from tests.store.conftest import connect, make_database
from tests.store.plans import plans_of


@asynccontextmanager
async def uncounted(server: EmbeddedServer) -> AsyncIterator[tuple[Core, asyncpg.Connection]]:
    """A core over a database of which PostgreSQL has counted nothing yet, and a connection beside it."""
    name = await make_database(server)
    connection = await connect(server, name)
    core = open_core(server.dsn.replace(f"/{DATABASE}?", f"/{name}?"))
    try:
        await migrate(connection)
        await core.database.open()
        yield core, connection
    finally:
        await connection.close()
        await core.database.close()


async def test_a_first_import_is_known_to_the_planner_a_moment_later(
    server: EmbeddedServer, passwords: Passwords
) -> None:
    async with uncounted(server) as (core, connection):
        records = await make_tenant(core, passwords)
        rows = [{"id": str(n), "Phone": f"330-555-{n:04}"} for n in range(2500)]
        assert (await records.lists.add_many("leads.csv", rows)).count == 2500
        for _ in range(200):
            known = await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'list_record'")
            if known >= 2500:
                break
            await asyncio.sleep(0.05)
        assert known >= 2500


@pytest.mark.parametrize(
    ("unique", "indexes"),
    [
        (True, frozenset({"list_record_unique", "list_record_submitted"})),
        (False, frozenset({"list_record_key", "list_record_submitted"})),
    ],
)
async def test_keys_are_looked_up_in_an_empty_list_as_in_a_full_one(
    server: EmbeddedServer, unique: bool, indexes: frozenset[str]
) -> None:
    """The plan of an empty table is kept while it fills."""
    target = CallingList(2, "leads.csv", None, (Field("id", key=True),), unique)
    async with uncounted(server) as (core, _), core.database.transaction() as tx:
        (found,) = await plans_of(tx, lambda tx: lists.by_keys(tx, 1, target, [("k", "s")]))
        (taken,) = await plans_of(tx, lambda tx: linking.taken_keys(tx, 1, 2, ["k"]))
    assert found.indexes == indexes
    assert taken.indexes == {"list_record_unique"}
    assert not found.scanned | taken.scanned


async def test_a_table_is_known_before_many_rows_of_an_import_have_come(
    server: EmbeddedServer, passwords: Passwords, tmp_path: Path
) -> None:
    """A plan that was made for a table that nobody ever counted may read all of it for each call."""
    async with uncounted(server) as (core, connection):
        records = await make_tenant(core, passwords)
        file = tmp_path / "leads.csv"
        file.write_text("id,Phone\n" + "".join(f"{n},330-555-{n:04}\n" for n in range(5000)))
        settings = await records.imports.settings(ImportSettings(), "leads.csv")

        class Killed(BaseException):
            """As a signal would."""

        def die(job: Import) -> None:
            raise Killed

        with pytest.raises(Killed):
            await records.imports.carry_out(file, file.name, settings, die)
        assert 1900 < await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'list_record'") < 2100
