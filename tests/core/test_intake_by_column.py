"""A table is read by columns, and ends as its rows would one by one: plain ones, odd ones, and those between."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest

from ringbook.core import import_files
from ringbook.core.access import Core, Records
from ringbook.core.import_files import examine, reader_of
from ringbook.core.import_run import ImportRun
from ringbook.core.passwords import Passwords
from ringbook.domain.calling_list import CallingList
from ringbook.domain.import_plan import Plan
from ringbook.domain.imports import Counts, Import, ImportSettings
from ringbook.domain.layout import Field
from ringbook.domain.problems import Problem
from ringbook.domain.schema import Attribute, AttributeType
from ringbook.domain.table import Mark
from tests.conftest import make_tenant
from tests.core.cast import agent_leg, everybody, number
from tests.core.test_intake import dump, known_beforehand, sorted_changes

TYPES: dict[str, AttributeType] = {
    "visits": "Number",
    "vip": "Bool",
    "born": "Date",
    "seen": "DateTime",
    "site": "URL",
    "shoe": "Text",
}
NUMBERS = [number(n) for n in range(1, 9)]
AMONG = {
    "customer_id": ["900", "901", "Ä-1", "a-1", "ä-1", " ", "", "", *map(str, range(1, 40))],
    "first_name": ["Ada", "Eve", "ada", "Ivy Mae", "José", "O'Brien", "'=x", " Bo ", "a_b", "", "x\\y", "李 小龙"],
    "last_name": ["Bell", "Cox", "", "von der Bell", 'Di "Q"', "two\nlines"],
    "phone1": [*NUMBERS, "+1 (330) 555-0103", "13305550104", "4711", "none", "", "", "030 23125-047", "'+1"],
    "phone2": [*NUMBERS, "", "", "", ""],
    "email": ["ada@example.com", "nobody", "", "", "Eve@Example.com"],
    "customer_number": [*map(str, range(1, 30)), "", "", ""],
    "visits": ["1", "2.5", "007", "many", "", "", "1e5"],
    "vip": ["yes", "true", "FALSE", "perhaps", "", "", ""],
    "born": ["2000-01-31", " 1999-12-31", "31.1.2000", "", "", ""],
    "seen": ["2026-01-01T10:00:00+01:00", "2026-01-01", "soon", "", "", ""],
    "site": ["https://example.com/a", "example", "", "", ""],
    "shoe": ["x" * 30, "x" * 1001, "", "", "42"],
}


def table(seed: int, count: int, plain: float) -> str:
    """A CSV file of rows about few people; so many of the cells are plain, and nobody else's."""
    dice = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(AMONG)
    for n in range(count):
        own = {"customer_id": f"own{n}", "first_name": "Ann", "last_name": f"Own{n}", "phone1": f"+4930901820{n:03}"}
        cells = [
            own.get(key, "") if dice.random() < plain else dice.choice(among) if dice.random() < 0.5 else ""
            for key, among in AMONG.items()
        ]
        writer.writerow(cells if dice.random() < 0.97 else [*cells, *dice.choice([["", " "], ["more"]])])
    return text.getvalue()


async def tenant_with(core: Core, passwords: Passwords, **more: object) -> Records:
    records = await make_tenant(core, passwords)
    await known_beforehand(records)
    for key, type_ in TYPES.items():
        await records.schema.create(Attribute(0, key, key, type_, **(more if key == "shoe" else {})), type_)  # type: ignore[arg-type]
    return records


async def one_by_one(records: Records, file: Path, settings: ImportSettings) -> list[tuple[str, int]]:
    """What becomes of each row of the file, told to the contacts by itself."""
    form = examine(file, settings).form
    schema = await records.schema.attributes()
    plan = Plan({name: name for name in form.columns}, schema, form)
    became = {"added": 0, "updated": 0, "unchanged": 0, "refused": 0}
    for row in reader_of(file, form, Mark()):
        told = {} if row.fault else plan.said(row)
        before = {contact.id: contact.version for contact in await everybody(records)}
        try:
            if not told:
                became["refused"] += 1
                continue
            contact, new = await records.contacts.save(told)
        except Problem:
            became["refused"] += 1
        else:
            changed = before.get(contact.id) != contact.version
            became["added" if new else "updated" if changed else "unchanged"] += 1
    return list(became.items())


async def imported(records: Records, file: Path, settings: ImportSettings) -> Import:
    settings = await records.imports.settings(settings)
    return await records.imports.carry_out(file, file.name, settings, lambda job: None)


def counted(job: Import) -> list[tuple[str, int]]:
    return [(name, getattr(job.counts, name)) for name in ("added", "updated", "unchanged", "refused")]


@pytest.mark.parametrize(("seed", "plain", "a_slice"), [(1, 0.0, 60), (2, 0.7, 13), (3, 0.95, 60), (4, 0.99, 25)])
async def test_a_table_ends_as_its_rows_one_by_one(
    core: Core,
    passwords: Passwords,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    plain: float,
    a_slice: int,
) -> None:
    monkeypatch.setattr(import_files, "SLICE", a_slice)
    file = tmp_path / "table.csv"
    file.write_text(table(seed, 60, plain), newline="")
    alone, at_once = await tenant_with(core, passwords), await tenant_with(core, passwords)
    became = await one_by_one(alone, file, ImportSettings())
    assert counted(await imported(at_once, file, ImportSettings())) == became
    assert sorted_changes(await dump(alone)) == sorted_changes(await dump(at_once))


@pytest.mark.parametrize(
    ("settings", "shoe"),
    [
        (ImportSettings(mode="add"), {}),
        (ImportSettings(mode="update"), {}),
        (ImportSettings(key="phone2"), {}),
        (ImportSettings(key="customer_number"), {}),
        (ImportSettings(key="customer_id"), {"required": True}),
        (ImportSettings(), {"required": True}),
        (ImportSettings(), {"default": "43"}),
        (ImportSettings(), {"unique": True}),
        (ImportSettings(blanks="clear"), {}),
    ],
)
async def test_by_column_is_as_by_row(
    core: Core,
    passwords: Passwords,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: ImportSettings,
    shoe: dict[str, object],
) -> None:
    file = tmp_path / "table.csv"
    first, second = await tenant_with(core, passwords, **shoe), await tenant_with(core, passwords, **shoe)
    for seed in (5, 5, 6):
        file.write_text(table(seed, 60, 0.9), newline="")
        monkeypatch.setattr(import_files, "SLICE", 40)
        by_column = await imported(first, file, settings)
        with monkeypatch.context() as patched:
            patched.setattr(Plan, "is_by_column", False)
            by_row = await imported(second, file, settings)
        assert by_column.counts == by_row.counts
        assert await refused(first, by_column) == await refused(second, by_row)
    assert await dump(first) == await dump(second)


async def refused(records: Records, job: Import) -> list[tuple[int, str, str]]:
    return [(r.row, r.field, r.reason) async for part in records.imports.refusals(job.id) for r in part]


async def test_a_number_that_says_who_it_is_but_is_none_takes_no_calls(
    core: Core, passwords: Passwords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"first_name,phone2\nAda,4711\nEve,{number(7)}\n")
    first, second = await tenant_with(core, passwords), await tenant_with(core, passwords)
    for records in (first, second):
        await agent_leg(records, "short", ani="4711")
        await agent_leg(records, "long", ani=number(7))
    await imported(first, file, ImportSettings(key="phone2"))
    monkeypatch.setattr(Plan, "is_by_column", False)
    await imported(second, file, ImportSettings(key="phone2"))
    assert await dump(first) == await dump(second)


async def test_a_lists_records_are_by_column_as_by_row(
    core: Core, passwords: Passwords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "records.csv"
    rows = [f"1,Ada,{NUMBERS[0]},x", ",,,nobody", "2,Eve,,no number", f"3,,{NUMBERS[1]},", "only,three,cells"]
    file.write_text("\n".join(["id,name,phone,remark", *rows, f"4,'=x,{NUMBERS[2]},", f"1,Ivy,{NUMBERS[3]},\n"]))
    first, second = await make_tenant(core, passwords), await make_tenant(core, passwords)
    became = []
    for records, by_column in ((first, True), (second, False)):
        await records.lists.create(
            "leads", [Field("id", key=True), Field("name", type="FIRST_NAME"), Field("phone", type="PHONE")]
        )
        settings = await records.imports.settings(ImportSettings(), "leads")
        with monkeypatch.context() as patched:
            if not by_column:
                patched.setattr(Plan, "is_by_column", False)
            job = await records.imports.carry_out(file, file.name, settings, lambda job: None)
        became.append((job.counts, await refused(records, job)))
    assert became[0] == became[1]
    counts, told = became[0]
    assert (counts.rows, counts.added, counts.updated, [row for row, _, _ in told]) == (7, 3, 1, [3, 4, 6])
    assert "The row says nothing." in told[0]
    assert await dump(first) == await dump(second)


async def test_an_attribute_that_goes_while_an_import_runs_has_its_rows_refused(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("customer_id,shoe\n1,42\n2,\n")
    await records.schema.create(Attribute(0, "shoe", "shoe", "Text"), "Text")
    begin = ImportRun._begin

    async def begin_and_lose(run: ImportRun) -> tuple[Plan, CallingList | None]:
        begun = await begin(run)
        await records.schema.hide("shoe")
        return begun

    monkeypatch.setattr(ImportRun, "_begin", begin_and_lose)
    job = await imported(records, file, ImportSettings())
    assert (job.state, job.counts) == ("done", Counts(rows=2, added=1, refused=1))
