"""Imports that somebody ends: what is written is whole rows, stays, and can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ringbook.core import import_files
from ringbook.core.access import Core, Records
from ringbook.core.imports import REPORT_DAYS, forget_old
from ringbook.domain.imports import Counts, Import, ImportSettings
from ringbook.domain.problems import Conflict, Missing
from tests.core.cast import only, save
from tests.core.importing import dump, run, take_back
from tests.dialects.conftest import move_clock, rows_of

ROWS = 3000


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "SLICE", 500)


async def content(rows: int = ROWS) -> AsyncIterator[bytes]:
    yield ("customer_id,first_name\n" + "".join(f"{n},Ann\n" for n in range(rows))).encode()


def cancelling(records: Records) -> tuple[Callable[[Import], None], list[Import]]:
    """Cancels an import when it first tells of its progress; and the answers."""
    answers: list[Import] = []
    asked: list[asyncio.Task[None]] = []

    async def cancel(import_id: int) -> None:
        answers.append(await records.imports.cancel(import_id))

    def told(job: Import) -> None:
        if not asked:
            asked.append(asyncio.create_task(cancel(job.id)))

    return told, answers


async def test_one_that_runs_ends_at_a_whole_row_and_is_taken_back(records: Records, core: Core) -> None:
    await save(records, customer_id="1", first_name="Anne")
    before = await dump(core, records.tenant.id)
    sent = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    told, answers = cancelling(records)
    assert await records.imports.work(told)
    assert (only(answers).state, only(answers).cancel_asked) == ("running", True)
    ended = await records.imports.get(sent.id)
    assert ended.state == "cancelled"
    assert 500 <= ended.counts.rows < ROWS
    assert ended.counts.updated == 1
    assert (await rows_of(core, records.tenant.id))["contact"] == ended.counts.rows
    assert not await records.imports.work()
    undone = (await take_back(records, ended)).undo
    assert undone is not None
    assert (undone.deleted, undone.restored) == (ended.counts.rows - 1, 1)
    assert await dump(core, records.tenant.id) == before


async def test_a_dry_run_that_is_cancelled_leaves_nothing(records: Records, core: Core) -> None:
    before = await dump(core, records.tenant.id)
    asked = await records.imports.settings(ImportSettings(dry_run=True))
    sent = await records.imports.upload("x.csv", asked, content())
    told, _ = cancelling(records)
    assert await records.imports.work(told)
    ended = await records.imports.get(sent.id)
    assert ended.state == "cancelled"
    assert 500 <= ended.counts.rows < ROWS
    assert await dump(core, records.tenant.id) == before
    with pytest.raises(Conflict):
        await records.imports.undo(sent.id)


async def blocks(core: Core, records: Records) -> int:
    async with core.database.reading() as tx:
        query = "SELECT count(*) FROM import_block WHERE tenant_id = $1"
        return int(await tx.fetchval(query, records.tenant.id))


@pytest.mark.parametrize("rest", [b"", b"1\n" * 1_000_000], ids=["at its end", "in the middle"])
async def test_one_whose_file_still_arrives_is_cancelled_and_takes_no_more(
    records: Records, core: Core, rest: bytes
) -> None:
    taken = 0

    async def arriving() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b"customer_id\n" + b"1\n" * 300_000
        sent = only(await records.imports.all())
        assert sent.state == "uploading"
        assert (await records.imports.cancel(sent.id)).state == "cancelled"
        for at in range(0, len(rest), 500_000):
            taken += 1
            yield rest[at : at + 500_000]

    with pytest.raises(Conflict):
        await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), arriving())
    assert taken <= 2, "the rest is not waited for"
    assert only(await records.imports.all()).state == "cancelled"
    assert await blocks(core, records) == 0
    assert not await records.imports.work()


async def test_one_that_waits_is_cancelled_and_its_file_is_forgotten(records: Records, core: Core) -> None:
    sent = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    assert await blocks(core, records) == 1
    assert (await records.imports.cancel(sent.id)).state == "cancelled"
    assert await blocks(core, records) == 0
    assert not await records.imports.work()
    assert (await records.imports.get(sent.id)).counts == Counts()


async def test_a_file_that_never_arrived_to_its_end_is_forgotten(records: Records, core: Core) -> None:
    await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    async with core.database.transaction() as tx:  # as it is when its server is killed
        await tx.execute("UPDATE import_job SET state = 'uploading' WHERE tenant_id = $1", records.tenant.id)
    assert await forget_old(core.database) == 0
    await move_clock(core, records.tenant.id, 86400 + 60)
    assert await forget_old(core.database) == 1
    assert await records.imports.all() == []
    assert await blocks(core, records) == 0


async def test_refused_rows_are_kept_for_a_month(records: Records, core: Core, tmp_path: Path) -> None:
    job = await run(records, tmp_path / "x.csv", "customer_id,email\n1,nobody\n")
    assert len([part async for part in records.imports.refusals(job.id)]) == 1
    await move_clock(core, records.tenant.id, REPORT_DAYS * 86400 + 60)
    assert await forget_old(core.database) == 1
    assert [part async for part in records.imports.refusals(job.id)] == []
    assert (await records.imports.get(job.id)).counts == Counts(rows=1, refused=1)
    with pytest.raises(Missing):
        await records.imports.cancel(job.id + 1)
