"""Imports that are taken back: what was there is there again, and what others touched stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringbook.core import import_undo
from ringbook.core.access import Core, Records
from ringbook.domain.imports import Counts, LeftAlone
from ringbook.domain.problems import Conflict
from tests.core.cast import LEADS, agent_leg, everybody, lead, number, save
from tests.core.importing import CSV, dump, run, take_back
from tests.dialects.conftest import move_clock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


async def test_an_import_that_is_taken_back_leaves_what_was_there(records: Records, file: Path, core: Core) -> None:
    await save(records, customer_id="1", first_name="Ann", phone1=number(1), company="Example")
    await save(records, customer_id="2", first_name="Bo", phone1=number(2))
    await agent_leg(records, "call-7", ani=number(7))
    before = await dump(core, records.tenant.id)
    text = CSV + f"1,Anne,Lee,{number(8)},a@example.com\n3,Cy,X,{number(7)},\n3,Cyd,X,{number(9)},\n2,Bo,,,\n"
    job = await run(records, file, text)
    assert job.counts == Counts(rows=4, added=1, updated=2, unchanged=1, repeated=1)
    assert await dump(core, records.tenant.id) != before
    undone = (await take_back(records, job)).undo
    assert undone is not None
    assert (undone.deleted, undone.left) == (1, 0)
    assert await dump(core, records.tenant.id) == before


async def test_records_of_a_list_are_taken_back_with_their_contacts(records: Records, file: Path, core: Core) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ann"))
    await save(records, customer_id="c2", phone1=number(2))
    before = await dump(core, records.tenant.id)
    text = f"id,Phone,First name,Account\n1,{number(1)},Anne,\n2,{number(2)},Bo,c2\n3,{number(3)},Cy,\n"
    job = await run(records, file, text, LEADS)
    assert job.counts == Counts(rows=3, added=2, updated=1)
    await take_back(records, job)
    assert await dump(core, records.tenant.id) == before


async def test_what_somebody_changed_since_is_told_and_left_alone(records: Records, file: Path) -> None:
    ann = await save(records, customer_id="1", first_name="Ann")
    job = await run(records, file, "customer_id,first_name\n1,Anne\n2,Bo\n3,Cy\n")
    cy, bo, _ = await everybody(records)
    await records.contacts.update(ann.id, {"last_name": "Lee"})
    await records.contacts.update(bo.id, {"last_name": "Di"})
    undone = (await take_back(records, job)).undo
    assert undone is not None
    assert undone.some == (
        LeftAlone("contact", ann.id, "somebody has changed it since"),
        LeftAlone("contact", bo.id, "somebody has changed it since"),
    )
    assert [one.attributes.get("first_name") for one in await everybody(records)] == ["Bo", "Anne"]
    assert cy.id not in {one.id for one in await everybody(records)}


async def test_an_import_is_taken_back_for_a_week(records: Records, file: Path, core: Core) -> None:
    job = await run(records, file, "customer_id\n1\n")
    await move_clock(core, records.tenant.id, 7 * 86400 + 60)
    with pytest.raises(Conflict):
        await records.imports.undo(job.id)


@pytest.mark.parametrize("list_ref", [None, LEADS])
async def test_how_far_an_undo_is_only_grows(
    records: Records, file: Path, monkeypatch: pytest.MonkeyPatch, list_ref: str | None
) -> None:
    monkeypatch.setattr(import_undo, "_CHANGES", 2)
    monkeypatch.setattr(import_undo, "_ROWS", 2)
    head = "customer_id,phone1,first_name" if list_ref is None else "id,Phone,First name"
    for n in range(4):
        await (save(records, customer_id=str(n)) if list_ref is None else records.lists.add(LEADS, lead(n, number(n))))
    rows = "".join(f"{n},{number(n)},Ann{n}\n" for n in range(12))
    job = await run(records, file, f"{head}\n{rows}", list_ref)
    assert (job.counts.updated, job.counts.added) == (4, 8)
    asked = await records.imports.undo(job.id)
    shares = [asked.share]
    assert await records.imports.work(lambda job: shares.append(job.share))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0 < shares[1] < 0.5 < shares[-1] <= 1
    assert (await records.imports.get(job.id)).share == 1
