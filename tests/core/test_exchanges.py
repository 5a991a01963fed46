"""What is kept of requests: so many of each key, for an hour, and other tenants' never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ringbook.core import exchanges
from ringbook.core.access import Core, Records
from ringbook.core.exchanges import KEPT_SECONDS, MOST_OF_A_KEY, Noted
from ringbook.domain.problems import Forbidden
from tests.core.test_keys import with_scopes


def noted(records: Records, n: int, key: str = "crm", ago: float = 0.0) -> Noted:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return Noted(
        records.tenant.id, "native", key, f"id-{n}", at, "GET /v1/lookup", f"GET /v1/lookup?n={n}", "", 200, "{}", 0.5
    )


async def test_the_latest_of_each_key_are_kept(core: Core, records: Records, other: Records) -> None:
    await exchanges.keep(core.database, [noted(records, 0, "quiet"), noted(other, 0)])
    for start in (0, MOST_OF_A_KEY):
        await exchanges.keep(core.database, [noted(records, start + n) for n in range(MOST_OF_A_KEY)])
    assert await records.exchanges.keys() == [("native", "crm"), ("native", "quiet")]
    kept = 0
    below = 2**63 - 1
    while page := await records.exchanges.latest(dialect="native", key="crm", below=below, limit=100):
        kept += len(page)
        below = page[-1].id
    assert kept == MOST_OF_A_KEY
    (found,) = await records.exchanges.latest(request_id=f"id-{2 * MOST_OF_A_KEY - 1}")
    assert found.target == f"GET /v1/lookup?n={2 * MOST_OF_A_KEY - 1}"
    assert len(await other.exchanges.latest()) == 1


async def test_what_is_old_is_swept(core: Core, records: Records) -> None:
    await exchanges.keep(core.database, [noted(records, 1, ago=KEPT_SECONDS + 60), noted(records, 2)])
    await exchanges.sweep(core.database)
    assert [one.request_id for one in await records.exchanges.latest()] == ["id-2"]


async def test_only_an_administrator_sees_them(core: Core, records: Records) -> None:
    writer = await with_scopes(core, records, "write")
    with pytest.raises(Forbidden):
        await writer.exchanges.latest()
    with pytest.raises(Forbidden):
        await writer.exchanges.keys()
