"""What tests of dialects share: the rows of a tenant, and a router over dialects of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from ringbook.core.access import Core
from ringbook.core.events import EventHub
from ringbook.web.dialect import Dialect
from ringbook.web.front import Front
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics
from ringbook.web.worker import Worker


@pytest.fixture(autouse=True)
def streams_end_at_once(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' client waits for the end of every answer, and a stream of events has none of its own."""
    monkeypatch.setattr(core, "hub", EventHub(core.database))
    core.hub.end()


@pytest.fixture
def router_of(core: Core, tmp_path: Path) -> Callable[[Sequence[Dialect]], httpx.AsyncClient]:
    """Makes a router over these dialects."""

    def make(dialects: Sequence[Dialect]) -> httpx.AsyncClient:
        worker = Worker(core, SharedLimits(tmp_path, workers=1), RequestLog(None), Metrics(tmp_path))
        front = Front(dialects, worker)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=front), base_url="http://ringbook.example")

    return make


async def rows_of(core: Core, tenant_id: int) -> dict[str, int]:
    """How many rows a tenant has, by table; without the counts of its requests."""
    async with core.database.reading() as tx:
        tables = await tx.fetch(
            """
            SELECT c.relname AS name
              FROM pg_class c
              JOIN pg_attribute a
                ON a.attrelid = c.oid
             WHERE c.relkind = 'r'
               AND a.attname = 'tenant_id'
               AND c.relname NOT LIKE 'daily_ration%'
             ORDER BY c.relname
            """
        )
        counts = " UNION ALL ".join(
            f"SELECT '{t['name']}', count(*) FROM {t['name']} WHERE tenant_id = $1" for t in tables
        )
        return dict(tuple(row) for row in await tx.fetch(counts, tenant_id))


async def move_clock(core: Core, tenant_id: int, seconds: float) -> None:
    """Set how far the tenant's clock is ahead."""
    async with core.database.transaction() as tx:
        await tx.execute("UPDATE tenant SET clock_offset = make_interval(secs => $2) WHERE id = $1", tenant_id, seconds)
