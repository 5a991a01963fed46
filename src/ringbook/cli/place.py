"""Where the records are: a data folder with its embedded PostgreSQL, or a PostgreSQL server of one's own."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import asyncpg
import platformdirs
import typer
from cryptography.fernet import Fernet

from ringbook.app import HOT
from ringbook.cli.watchdog import kept_alive
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.problems import Invalid, Problem, Unavailable
from ringbook.store import directory
from ringbook.store.database import Connecting, Database
from ringbook.store.embedded import EmbeddedProblem, open_embedded
from ringbook.store.migrate import migrate
from ringbook.store.programs import OLDEST

T = TypeVar("T")

_CONNECT_SECONDS = 10


def default_data() -> Path:
    return Path(platformdirs.user_data_dir("ringbook", appauthor=False))


class Place:
    """Where one command works, as its options say."""

    def __init__(self, data: Path | None, database: str | None) -> None:
        self.data = (data or default_data()).expanduser()
        self.database = database

    @contextmanager
    def reached(self, *, serving: bool = False) -> Iterator[str]:
        """The connection string, with the embedded server running if it is the one, and kept alive for who serves."""
        if self.database is not None:
            yield self.database
            return
        with ExitStack() as stack:
            server = stack.enter_context(open_embedded(self.data, serving=serving))
            if server.notice:
                typer.echo(server.notice, err=True)
            if serving:
                stack.enter_context(kept_alive(server))
            yield server.dsn

    def passwords(self) -> Passwords:
        """Hashing with this place's key."""
        return Passwords(self.key())

    def key(self) -> bytes:
        """The content of this place's key file, made where it is missing. It is in no dump of the database."""
        file = self.data / "secret.key"
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not file.exists():
                _make_key(file)
            key = file.read_bytes().strip()
            Passwords(key)
            return key
        except OSError as error:
            raise Invalid(f"The key file {file} cannot be read or made: {error.strerror or error}.") from error
        except ValueError:
            raise Invalid(f"{file} is no key file: put it back from a backup.") from None

    def run(self, work: Callable[[Core], Awaitable[T]]) -> T:
        """What `work` returns, done on a core of this place. An older schema is left alone, and told."""
        with self.reached() as dsn:
            return asyncio.run(on_core(dsn, work, upgrade=False))


async def on_core(dsn: str, work: Callable[[Core], Awaitable[T]], *, upgrade: bool = True) -> T:
    """Migrate, connect, work, disconnect."""
    await bring_up_to_date(dsn, upgrade=upgrade)
    core = Core(Database(Connecting(dsn, pool=4, lanes=1, modest=True), HOT))
    await core.database.open()
    try:
        return await work(core)
    finally:
        await core.database.close()


async def bring_up_to_date(dsn: str, *, upgrade: bool = True) -> list[str]:
    """Apply the migrations that are missing; their names. Unavailable says that the server cannot be reached."""
    try:
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
    except TimeoutError as error:
        raise Unavailable(f"The database cannot be reached: no answer within {_CONNECT_SECONDS} seconds.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Unavailable(f"The database cannot be reached: {_one_line(error)}") from error
    try:
        version = connection.get_server_version()
        if version.major < OLDEST:
            raise Invalid(f"The database is PostgreSQL {version.major}: Ringbook needs {OLDEST} or newer.")
        return await migrate(connection, upgrade=upgrade)
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
    except asyncpg.PostgresError as error:
        _end(f"The database refused: {_one_line(error)}")


def _make_key(file: Path) -> None:
    """A new key under its final name, whole or not at all; the first of two who make it wins.

    Root may be a visitor: the key then belongs to the folder's owner, who must be able to read it tomorrow.
    """
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as made:
            made.write(Fernet.generate_key())
            made.flush()
            os.fsync(descriptor)
            if os.geteuid() == 0:
                owner = file.parent.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0].rstrip('.')}."


def _end(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(1)
