"""A PostgreSQL for what other tests could not bear: second databases, dumps, broken migrations."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import TypeAlias

import asyncpg
import pytest

from ringbook.store.embedded import EmbeddedServer, open_embedded

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with open_embedded(tmp_path_factory.mktemp("second"), serving=True) as server:
        yield server


async def make_database(server: EmbeddedServer) -> str:
    """The name of a new, empty database."""
    name = f"empty_{next(_names)}"
    connection = await asyncpg.connect(**server.connection)
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    await connection.close()
    return name


async def connect(server: EmbeddedServer, database: str) -> Connection:
    return await asyncpg.connect(**(server.connection | {"database": database}))


@pytest.fixture
async def empty(server: EmbeddedServer) -> AsyncIterator[Connection]:
    """A connection to an empty database."""
    connection = await connect(server, await make_database(server))
    yield connection
    await connection.close()
