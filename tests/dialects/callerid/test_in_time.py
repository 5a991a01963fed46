"""An answer comes in time, also when the database does not answer, or is away."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ringbook.app import build_front, open_core
from ringbook.core.access import Core, Records
from ringbook.dialects.callerid import handlers
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics
from ringbook.web.worker import Worker
from tests.core.cast import number, save
from tests.dialects.callerid.conftest import Pbx

SECONDS = handlers.SECONDS
"""As it is outside of tests, which are more patient elsewhere."""
BUDGET = 0.3
_SLACK = 0.5
"""For a machine that is busy with other tests."""


@asynccontextmanager
async def _held(core: Core, table: str) -> AsyncIterator[None]:
    """The table, which nobody else can read meanwhile; and no more patience than a telephone has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "SECONDS", SECONDS)
        async with core.database.transaction() as tx:
            await tx.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield


def test_the_answer_has_some_time_left_for_its_way() -> None:
    assert SECONDS < BUDGET


@pytest.mark.parametrize("table", ["contact_phone", "credential"])
async def test_a_database_that_does_not_answer_costs_the_name_and_no_time(
    pbx: Pbx, records: Records, core: Core, table: str
) -> None:
    await save(records, first_name="Ilse", phone1=number(1))
    async with _held(core, table):
        began = time.monotonic()
        answer = await pbx.asks(f"number={number(1)}")
        seconds = time.monotonic() - began
    assert answer.content == b""
    assert SECONDS - 0.05 < seconds < BUDGET + _SLACK
    assert await pbx.shows(f"number={number(1)}") == "Ilse"


async def test_a_hash_has_no_more_time_for_its_second_question(pbx: Pbx, records: Records, core: Core) -> None:
    await save(records, first_name="Ilse", phone1=number(1))
    async with _held(core, "interaction"):
        began = time.monotonic()
        assert (await pbx.asks(f"number={number(1)}&format=hash")).content == b""
        assert time.monotonic() - began < BUDGET + _SLACK
    assert (await pbx.asks(f"number={number(1)}&format=hash")).text.startswith("name=Ilse&")


async def test_a_database_that_is_away_names_nobody_at_once(dsn: str, records: Records, tmp_path: Path) -> None:
    lost = open_core(dsn)
    await lost.database.open()
    await lost.database.close()
    front = build_front(Worker(lost, SharedLimits(tmp_path, workers=1), RequestLog(None), Metrics(tmp_path)))
    router = httpx.AsyncClient(transport=httpx.ASGITransport(app=front), base_url="http://ringbook.example")
    await save(records, first_name="Ilse", phone1=number(1))
    for format_, told in (("text", ""), ("json", '{"found":false}')):
        began = time.monotonic()
        answer = await Pbx(router, records).asks(f"number={number(1)}&format={format_}")
        assert time.monotonic() - began < BUDGET + _SLACK
        assert answer.text == told
    await router.aclose()
