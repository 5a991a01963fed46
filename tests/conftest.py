"""The real database and the real router for every test, and a fresh tenant for each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zlib import crc32

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from cryptography.fernet import Fernet

from ringbook.app import build_front, open_core
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.dialects.callerid import handlers as callerid
from ringbook.store.embedded import open_embedded
from ringbook.store.migrate import migrate
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics
from ringbook.web.worker import Worker

NATIVE_KEY = "native-key-of-{slug}"
MINDFUL_TOKEN = "mindful-token-of-{slug}"
DIGEST_LOGIN = "kim.lee"

_numbers = itertools.count(1)

WORKSPACE = """
[tenant]
slug = "{slug}"
name = "A tenant of the tests"
region = "US"
time_zone = "America/New_York"
jtel_clients_id = {number}
wolkvox_licences = 100

[[keys]]
name = "tests"
for = "native"
secret = "native-key-of-{slug}"
scopes = ["admin"]

[[keys]]
name = "tests"
for = "wolkvox"
secret = "wolkvox-key-of-{slug}"

[[keys]]
name = "tests"
for = "jtel"
secret = "jtel-key-of-{slug}"

[[keys]]
name = "tests"
for = "cim"
secret = "cim-key-of-{slug}"

[[keys]]
name = "tests"
for = "callerid"
secret = "callerid-key-of-{slug}"
per_second = 100000

[[users]]
login = "kim.lee"
password = "password-of-{slug}"
api_secret = "api-secret-of-{slug}"
role = "admin"
privileges = ["manage_lists"]

[[users]]
login = "sam.poe"
password = "password-of-{slug}"
api_secret = "other-api-secret-of-{slug}"
role = "agent"

[[attributes]]
key = "customer_number"
label = "Customer number"
type = "Text"
unique = true

[[templates]]
name = "Inbound IVR context"
retention_hours = 24
data_keys = ["AccNum", "LastName", "FirstName", "Callid"]
token = "mindful-token-of-{slug}"

[[lists]]
name = "leads.csv"
fields = [
  {{ name = "id", type = "OTHER", key = true }},
  {{ name = "Account", type = "ACCOUNT" }},
  {{ name = "First name", type = "FIRST_NAME" }},
  {{ name = "Last name", type = "LAST_NAME" }},
  {{ name = "Phone", type = "PHONE", required = true }},
  {{ name = "Phone 2", type = "PHONE" }},
]

[[campaigns]]
id = 7224
name = "Spring"
state = "running"
lists = ["leads.csv"]
"""


@pytest.fixture(scope="session", autouse=True)
def patience_at_the_telephone() -> Iterator[None]:
    """Names that may come late: on a machine that is busy with tests, the first take longer than a call can wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callerid, "SECONDS", 10.0)
        yield


@pytest.fixture(scope="session")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this test run."""
    with open_embedded(tmp_path_factory.mktemp("data"), serving=True) as server:
        yield server.dsn


@pytest.fixture(scope="session")
async def core(dsn: str, passwords: Passwords) -> AsyncIterator[Core]:
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.close()
    core = open_core(dsn, passwords=passwords)
    await core.database.open()
    yield core
    await core.database.close()


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    # Weak hashes: every test has users of its own, and none has time for argon2.
    return Passwords(Fernet.generate_key(), PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def clients_id_of(slug: str) -> int:
    """The integer that stands for this tenant in jtel's paths."""
    return crc32(slug.encode()) & 0x7FFFFFFF


def workspace_of(slug: str) -> str:
    """The workspace file of a test's tenant."""
    return WORKSPACE.format(slug=slug, number=clients_id_of(slug))


async def make_tenant(core: Core, passwords: Passwords, slug: str | None = None, **settings: str) -> Records:
    """The records of a fresh tenant with the workspace above; `settings` are further lines of its [tenant]."""
    slug = slug or f"tenant-{next(_numbers)}"
    more = "".join(f'{name} = "{value}"\n' for name, value in settings.items() if name != "region")
    text = workspace_of(slug).replace('region = "US"\n', f'region = "{settings.get("region", "US")}"\n{more}')
    await apply(core, passwords, read_workspace(text))
    return await core.authenticate("native", NATIVE_KEY.format(slug=slug))


@pytest.fixture
async def records(core: Core, passwords: Passwords) -> Records:
    """A fresh tenant in the United States."""
    return await make_tenant(core, passwords)


@pytest.fixture
async def other(core: Core, passwords: Passwords) -> Records:
    """Another tenant."""
    return await make_tenant(core, passwords)


@pytest.fixture(scope="session")
async def router(core: Core, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """The real router over the real database, without a credential."""
    run = tmp_path_factory.mktemp("run")
    front = build_front(Worker(core, SharedLimits(run, workers=1), RequestLog(None), Metrics(run)))
    transport = httpx.ASGITransport(app=front, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://ringbook.example") as client:
        yield client


@pytest.fixture
async def native(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    """The router for the fresh tenant's native admin key."""
    return _with_bearer(router, NATIVE_KEY.format(slug=records.tenant.slug))


@pytest.fixture
async def mindful(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    """The router for the fresh tenant's Mindful template token."""
    return _with_bearer(router, MINDFUL_TOKEN.format(slug=records.tenant.slug))


def _with_bearer(router: httpx.AsyncClient, secret: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=router._transport,
        base_url=router.base_url,
        headers={"authorization": f"Bearer {secret}"},
    )


def repository() -> Path:
    return Path(__file__).parent.parent
