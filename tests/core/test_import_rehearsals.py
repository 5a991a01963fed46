"""Dry runs whose files are imported for real afterwards, without being sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.import_rehearsals import KEPT_HOURS, forget_files
from ringbook.domain.imports import Import, ImportSettings
from ringbook.domain.problems import Conflict, Forbidden, Missing
from ringbook.domain.schema import Attribute
from ringbook.store import erasure
from tests.core.cast import everybody, move_clock, number, only, save, with_number
from tests.core.importing import run, take_back

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def content() -> AsyncIterator[bytes]:
    yield f"Given name,phone1\nUdo,{number(50)}\nEva,".encode()
    yield f"{number(51)}\nKim,no number at all\n".encode()


async def tried(records: Records, **settings: Any) -> Import:
    """A dry run that is done."""
    asked = await records.imports.settings(ImportSettings(dry_run=True, **settings))
    sent = await records.imports.upload("people.csv", asked, content())
    assert await records.imports.work()
    return await records.imports.get(sent.id)


async def test_a_dry_runs_file_is_imported_for_real_as_it_was_tried(records: Records) -> None:
    rehearsal = await tried(records, mapping={"Given name": "last_name"})
    assert await everybody(records) == []
    assert await records.rehearsals.has_file(rehearsal.id)
    begun = await records.rehearsals.for_real(rehearsal.id)
    assert (begun.state, begun.file_name, begun.size) == ("waiting", "people.csv", rehearsal.size)
    assert await records.imports.work()
    done = await records.imports.get(begun.id)
    assert (done.state, done.counts) == ("done", rehearsal.counts)
    assert only(await with_number(records, number(50))).attributes["last_name"] == "Udo"
    await take_back(records, done)
    assert await everybody(records) == []


async def test_columns_go_where_the_dry_run_said_whatever_the_schema_has_learnt(records: Records) -> None:
    rehearsal = await tried(records)
    await records.schema.create(Attribute(0, "given_name", "Given name", "Text"), "Text")
    begun = await records.rehearsals.for_real(rehearsal.id)
    assert await records.imports.work()
    assert only(await with_number(records, number(50))).attributes["first_name"] == "Udo"
    assert (await records.imports.get(begun.id)).counts == rehearsal.counts


async def test_it_is_done_once(records: Records) -> None:
    rehearsal = await tried(records)
    await records.rehearsals.for_real(rehearsal.id)
    assert not await records.rehearsals.has_file(rehearsal.id)
    with pytest.raises(Conflict):
        await records.rehearsals.for_real(rehearsal.id)
    assert len(await records.imports.all()) == 2


async def test_the_file_is_kept_for_an_hour(core: Core, records: Records) -> None:
    rehearsal = await tried(records)
    await forget_files(core.database)
    assert await records.rehearsals.has_file(rehearsal.id)
    await move_clock(core, records, timedelta(hours=KEPT_HOURS, seconds=1))
    assert await forget_files(core.database) >= 1
    assert not await records.rehearsals.has_file(rehearsal.id)
    with pytest.raises(Conflict, match="send it again"):
        await records.rehearsals.for_real(rehearsal.id)


async def test_no_file_is_left_of_what_is_no_dry_run_or_was_not_done(
    records: Records, core: Core, tmp_path: Path
) -> None:
    real = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    assert await records.imports.work()
    failed = await tried(records, mapping={"no such column": "city"})
    assert failed.state == "failed"
    own = await run(records, tmp_path / "x.csv", "first_name\nUdo\n", dry_run=True)
    for job in (real, failed, own):
        assert not await records.rehearsals.has_file(job.id)
        with pytest.raises(Conflict):
            await records.rehearsals.for_real(job.id)
    async with core.database.reading() as tx:
        assert not await tx.fetchval("SELECT count(*) FROM import_block WHERE tenant_id = $1", records.tenant.id)


async def test_who_is_erased_is_in_no_kept_file(records: Records) -> None:
    udo = await save(records, first_name="Udo", phone1=number(50))
    rehearsal = await tried(records)
    await records.erasure.erase(udo.id)
    assert not await records.rehearsals.has_file(rehearsal.id)


async def test_nobody_is_erased_while_a_kept_file_becomes_an_import(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    udo = await save(records, first_name="Udo", phone1=number(50))
    rehearsal = await tried(records)
    drop_files = erasure.drop_files

    async def drop_too_late(tx: Tx, tenant_id: int) -> None:
        await records.rehearsals.for_real(rehearsal.id)
        await drop_files(tx, tenant_id)

    monkeypatch.setattr(erasure, "drop_files", drop_too_late)
    with pytest.raises(Conflict, match="may bring the person back"):
        await records.erasure.erase(udo.id)
    assert only(await with_number(records, number(50))).id == udo.id


async def test_it_is_for_those_who_write_and_for_their_own_tenant(core: Core, records: Records, other: Records) -> None:
    rehearsal = await tried(records)
    with pytest.raises(Missing):
        await other.rehearsals.has_file(rehearsal.id)
    with pytest.raises(Missing):
        await other.rehearsals.for_real(rehearsal.id)
    reader = await core.authenticate("native", (await records.keys.create("r", "native", scopes=["read"])).secret)
    assert await reader.rehearsals.has_file(rehearsal.id)
    with pytest.raises(Forbidden):
        await reader.rehearsals.for_real(rehearsal.id)
