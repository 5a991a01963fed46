"""The data: a million contacts in an embedded PostgreSQL, made once and kept for the next run."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.problem import BenchProblem
from bench.servers import ringbook_command, run_quietly
from ringbook.domain.phone import match_key
from ringbook.store.embedded import EmbeddedServer, open_embedded

HERE = Path(__file__).parent
MIGRATIONS = HERE.parent / "src" / "ringbook" / "store" / "migrations"
_AREAS = 8
_FIRST_AREA = 212
_FIRST = 2_000_000
_SPAN = 8_000_000 - 1

_WORKSPACES = ("reads.toml", "writes.toml", "dialler.toml")
_SCRIPTS = {"bench": "data.sql", "bench-dialler": "dialler.sql"}
"""What fills a tenant, by its slug."""

# What a tenant's writes leave behind.
_WRITTEN = (
    *("identity_key", "contact", "contact_search", "contact_phone", "data_set", "change"),
    *("list_record", "list_record_phone", "campaign_record", "claimed_number"),
)


@dataclass(frozen=True)
class Size:
    """How many there are, and where their numbers lie."""

    contacts: int

    @property
    def numbers(self) -> int:
        """Every contact has a number, every other one a second."""
        return self.contacts + (self.contacts + 1) // 2

    @property
    def data_sets(self) -> int:
        return self.contacts // 10

    @property
    def step(self) -> int:
        """How far apart two numbers of an area are."""
        return max(1, _SPAN // (self.numbers // _AREAS + 1))

    def national(self, i: int) -> str:
        """Number `i`, as data.sql, load.lua and pgbench compute it, too."""
        return str((_FIRST_AREA + i % _AREAS) * 10_000_000 + _FIRST + i // _AREAS * self.step)

    @property
    def pgbench(self) -> str:
        """The same as pgbench says it: a random number."""
        return (
            f"\\set i random(0, {self.numbers - 1})\n"
            f"\\set n ({_FIRST_AREA} + :i % {_AREAS}) * 10000000 + {_FIRST} + :i / {_AREAS} * {self.step}\n"
        )


@dataclass(frozen=True)
class Database:
    """The running server with the data in it."""

    folder: Path
    size: Size
    server: EmbeddedServer

    def value(self, sql: str) -> str:
        """The one value that a query answers."""
        done = self.server.client("psql", "-XAtqc", sql, capture_output=True)
        return done.stdout.decode().strip()

    def tenant(self, slug: str) -> int:
        return int(self.value(f"SELECT id FROM tenant WHERE slug = '{slug}'"))

    def template(self, tenant: int) -> int:
        return int(self.value(f"SELECT id FROM template WHERE tenant_id = {tenant}"))

    def forget_writes(self, tenant: int) -> None:
        """Take away what a run has written, so that the next one finds the same data."""
        if self.value(f"SELECT EXISTS (SELECT FROM change WHERE tenant_id = {tenant})") == "f":
            return
        deletes = ";".join(f"DELETE FROM {table} WHERE tenant_id = {tenant}" for table in _WRITTEN)
        self.server.client("psql", "-Xqc", deletes)
        self.server.client("psql", "-Xqc", f"VACUUM (ANALYZE) {', '.join(_WRITTEN)}")


@contextmanager
def database(place: Path, size: Size) -> Iterator[Database]:
    """The data of this size, made where they are missing or of another version."""
    folder = place / f"data-{size.contacts}"
    version = _version()
    known = folder / "bench-version"
    if not known.exists() or known.read_text() != version:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, mode=0o700)
        with open_embedded(folder, serving=False) as server:
            _fill(Database(folder, size, server))
        known.write_text(version)
    with open_embedded(folder, serving=False) as server:
        yield Database(folder, size, server)


def _fill(made: Database) -> None:
    for file in _WORKSPACES:
        run_quietly([*ringbook_command("apply"), str(HERE / file), "--data", str(made.folder)])
    for slug, script in _SCRIPTS.items():
        variables = {"tenant": made.tenant(slug), "contacts": made.size.contacts, "step": made.size.step}
        settings = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        made.server.client("psql", "-Xq", *settings, "-f", str(HERE / script))
    _check(made)


def _check(made: Database) -> None:
    """The SQL's numbers are those that look-ups compute."""
    chosen = [made.size.national(i) for i in random.Random(0).sample(range(made.size.numbers), 200)]
    keys = ", ".join(f"'{match_key(number, 'US')}'" for number in chosen)
    found = made.value(f"SELECT count(DISTINCT match_key) FROM contact_phone WHERE match_key IN ({keys})")
    if int(found) != len(chosen):
        raise BenchProblem(f"Of 200 numbers only {found} are found: data.sql and ringbook.domain.phone disagree.")
    total = made.value("SELECT count(*) FROM contact_phone")
    if int(total) != made.size.numbers:
        raise BenchProblem(f"There are {total} numbers instead of {made.size.numbers}.")


def _version() -> str:
    """A digest of whatever makes the data."""
    digest = hashlib.sha256()
    for file in [*sorted(MIGRATIONS.glob("*.sql")), *(HERE / name for name in (*_WORKSPACES, *_SCRIPTS.values()))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
