"""schema.sql says what the migrations make: both ways lead to the same database."""

from __future__ import annotations

from scripts.schema_dump import SCHEMA, dump

from ringbook.store.embedded import EmbeddedServer
from ringbook.store.migrate import migrate
from tests.store.conftest import connect, make_database


async def test_the_migrations_make_what_schema_sql_says(server: EmbeddedServer) -> None:
    name = await make_database(server)
    connection = await connect(server, name)
    await migrate(connection)
    await connection.close()
    assert dump(server, name) == SCHEMA.read_text(), "run scripts/schema_dump.py"


async def test_a_database_that_is_built_from_schema_sql_is_the_same(server: EmbeddedServer) -> None:
    name = await make_database(server)
    connection = await connect(server, name)
    await connection.execute(SCHEMA.read_text())
    await connection.close()
    assert dump(server, name) == SCHEMA.read_text()
