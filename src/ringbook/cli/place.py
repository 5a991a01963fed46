"""Where the records are: a data folder with its embedded PostgreSQL, or a PostgreSQL server of one's own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import asyncpg
import platformdirs
import typer
from cryptography.fernet import Fernet

from ringbook.app import open_core
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.problems import Invalid, Problem, Unavailable
from ringbook.store import directory
from ringbook.store.database import as_problem
from ringbook.store.embedded import EmbeddedProblem, open_embedded
from ringbook.store.migrate import migrate

T = TypeVar("T")


def default_data() -> Path:
    return Path(platformdirs.user_data_dir("ringbook", appauthor=False))


class Place:
    """Where one command works, as its options say."""

    def __init__(self, data: Path | None, database: str | None) -> None:
        self.data = data or default_data()
        self.database = database

    @contextmanager
    def reached(self, *, serving: bool = False) -> Iterator[str]:
        """The connection string, with the embedded server running if it is the one."""
        if self.database is not None:
            yield self.database
            return
        with open_embedded(self.data, serving=serving) as server:
            if server.notice:
                typer.echo(server.notice, err=True)
            yield server.dsn

    def passwords(self) -> Passwords:
        """Hashing with this place's key file, made where it is missing. It is in no dump of the database."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.data / "secret.key"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return Passwords(file.read_bytes().strip())
        with os.fdopen(descriptor, "wb") as made:
            made.write(Fernet.generate_key())
        return Passwords(file.read_bytes())

    def run(self, work: Callable[[Core], Awaitable[T]]) -> T:
        """What `work` returns, done on a core of this place with its schema up to date."""
        with self.reached() as dsn:
            return asyncio.run(on_core(dsn, work))


async def on_core(dsn: str, work: Callable[[Core], Awaitable[T]]) -> T:
    """Migrate, connect, work, disconnect."""
    await bring_up_to_date(dsn)
    core = open_core(dsn, pool=2)
    await core.database.open()
    try:
        return await work(core)
    finally:
        await core.database.close()


async def bring_up_to_date(dsn: str) -> list[str]:
    """Apply the migrations that are missing; their names. Unavailable says that the server cannot be reached."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        raise Unavailable(f"The database cannot be reached: {error}.") from error
    try:
        return await migrate(connection)
    finally:
        await connection.close()


async def records_of(core: Core, slug: str | None) -> Records:
    """The tenant's records; without a slug, those of the only tenant."""
    async with core.database.reading() as tx:
        tenants = await directory.tenants(tx)
    named = [tenant for tenant in tenants if slug in (None, tenant.slug)]
    if len(named) == 1:
        return core.for_tenant(named[0], "command line")
    known = ", ".join(tenant.slug for tenant in tenants)
    if not tenants:
        raise Invalid("There is no tenant yet: `ringbook apply FILE` makes one.")
    raise Invalid(
        f"Say which tenant with --tenant: {known}." if slug is None else f"There is no tenant {slug}: {known}."
    )


@contextmanager
def explaining() -> Iterator[None]:
    """What goes wrong as one sentence on standard error and exit code 1; only a bug shows where it happened."""
    try:
        yield
    except (Problem, EmbeddedProblem) as problem:
        _end(getattr(problem, "message", "") or str(problem))
    except (OSError, asyncpg.PostgresError) as error:
        known = as_problem(error)
        if known is None:
            raise
        _end(f"{known.message} ({error})")


def _end(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(1)
