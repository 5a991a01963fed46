"""Where the driver's errors end: what leaves the store is a row or a Problem, and a bug stays a bug."""

from __future__ import annotations

import asyncio
import re

import asyncpg
import pytest

from ringbook.core.access import Core
from ringbook.domain.problems import Busy, Conflict, Invalid, Missing, Problem, Unavailable
from ringbook.store import driver_errors
from ringbook.store.database import Connecting, Database
from ringbook.store.driver_errors import as_problem
from ringbook.store.migrate import migrate
from tests.store.conftest import Connection


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("SELECT 'x'::text || chr(0)", Invalid),
        ("SELECT 'x'::int", Invalid),
        ("SELECT 2147483647 + 1", Invalid),
        ("SELECT pg_terminate_backend(pg_backend_pid())", Unavailable),
        ("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)", Unavailable),
        ("INSERT INTO schema_migration SELECT * FROM schema_migration", Conflict),
        ("INSERT INTO campaign_list (tenant_id, campaign_id, list_id, position) VALUES (0, 1, 1, 1)", Missing),
        ("SET transaction_read_only = on; CREATE TABLE t ()", Unavailable),
    ],
)
async def test_an_error_of_the_database_is_a_problem(core: Core, sql: str, problem: type[Problem]) -> None:
    with pytest.raises(problem) as told:
        async with core.database.transaction() as tx:
            await tx.execute(sql)
    assert sql not in told.value.message
    assert await core.database.ready()


async def test_a_parameter_that_fits_no_type_is_invalid(core: Core) -> None:
    for value in (2**70, "x", "\ud800"):
        with pytest.raises(Invalid):
            async with core.database.reading() as tx:
                await tx.fetchval("SELECT $1::bigint" if value != "\ud800" else "SELECT $1::text", value)


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT no_such_column FROM tenant", "SELECT no_such_function()"])
async def test_a_bug_of_ours_is_no_problem(core: Core, sql: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        async with core.database.transaction() as tx:
            await tx.execute(sql)


def test_a_deadlock_a_full_disk_and_a_lost_network_mean_try_again() -> None:
    for error in (asyncpg.DeadlockDetectedError(), OSError(), TimeoutError(), asyncpg.DiskFullError()):
        assert isinstance(as_problem(error), Unavailable)
    assert as_problem(KeyError()) is None
    assert as_problem(asyncio.CancelledError()) is None


async def test_a_block_that_raises_writes_nothing(core: Core) -> None:
    class Refused(Problem):
        """Somebody thought better of it."""

    with pytest.raises(Refused):
        async with core.database.transaction() as tx:
            await tx.execute("INSERT INTO tenant (slug, name, region, time_zone) VALUES ('never', 'x', 'US', 'UTC')")
            raise Refused
    async with core.database.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM tenant WHERE slug = 'never'") == 0


async def test_a_writer_who_goes_away_writes_nothing_and_leaves_the_connection_usable(dsn: str) -> None:
    database = Database(Connecting(dsn, pool=1, lanes=1), ())
    await database.open()

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO tenant (slug, name, region, time_zone) VALUES ('gone', 'x', 'US', 'UTC')")
            await asyncio.sleep(30)

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.04)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    async with database.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM tenant WHERE slug = 'gone'") == 0
    await database.close()


async def test_who_waits_for_a_lock_or_a_connection_for_too_long_is_told_that_others_are_at_it(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbook.store.database._LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr("ringbook.store.database._CONNECT_SECONDS", 0.5)
    database = Database(Connecting(dsn, pool=2, lanes=1), ())
    await database.open()
    async with database.transaction() as first:
        await first.execute("SELECT pg_advisory_xact_lock(4711)")
        with pytest.raises(Busy):
            async with database.transaction() as second:
                await second.execute("SELECT pg_advisory_xact_lock(4711)")
        async with database.transaction():
            with pytest.raises(Busy):
                async with database.reading():
                    pass
        async with database.reading() as tx:
            assert await tx.fetchval("SELECT 1") == 1
    await database.close()


async def test_every_constraint_that_has_words_exists(core: Core) -> None:
    async with core.database.reading() as tx:
        rows = await tx.fetch("SELECT relname FROM pg_class WHERE relkind = 'i'")
    assert set(driver_errors._CONFLICTS) <= {row["relname"] for row in rows}


async def test_every_index_and_key_of_a_tenants_table_begins_with_the_tenant(empty: Connection) -> None:
    """Citus can distribute no other; the exceptions are the global tables that find the tenant, or know none."""
    await migrate(empty)
    rows = await empty.fetch("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'")
    found = {row["tablename"] for row in rows if not re.search(r"\(tenant_id\b", row["indexdef"])}
    finding = {"credential", "former_secret", "console_session", "sign_in_link", "event_ticket"}
    assert found == {"tenant", "schema_migration", "sign_in_failure"} | finding
