"""What PostgreSQL knows of tables that have just been filled."""

from __future__ import annotations

import asyncio

from ringbook.app import open_core
from ringbook.core.passwords import Passwords
from ringbook.store.embedded import EmbeddedServer
from ringbook.store.migrate import migrate
from ringbook.store.postmaster import DATABASE
from tests.conftest import make_tenant
from tests.store.conftest import connect, make_database


async def test_a_first_import_is_known_to_the_planner_a_moment_later(
    server: EmbeddedServer, passwords: Passwords
) -> None:
    name = await make_database(server)
    connection = await connect(server, name)
    await migrate(connection)
    core = open_core(server.dsn.replace(f"/{DATABASE}?", f"/{name}?"))
    await core.database.open()
    records = await make_tenant(core, passwords)
    rows = [{"id": str(n), "Phone": f"330-555-{n:04}"} for n in range(2500)]
    assert (await records.lists.add_many("leads.csv", rows)).count == 2500
    for _ in range(200):
        known = await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'list_record'")
        if known >= 2500:
            break
        await asyncio.sleep(0.05)
    assert known >= 2500
    await connection.close()
    await core.database.close()
