"""Files whose dates and numbers are written as people of a country do: read alike by column and by row."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from ringbook.core.access import Records
from ringbook.domain.imports import Counts, ImportSettings
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.schema import Attribute, AttributeType
from ringbook.store import import_profiles
from tests.core.cast import everybody, history, only, told
from tests.core.importing import reasons, run, write
from tests.core.test_import_formats import workbook

TYPES: dict[str, AttributeType] = {"born": "Date", "seen": "DateTime", "owes": "Number"}

Blanks = Literal["keep", "clear"]
BY_COLUMN: Blanks = "keep"
BY_ROW: Blanks = "clear"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.fixture(autouse=True)
async def attributes(records: Records) -> None:
    for key, type_ in TYPES.items():
        await records.schema.put(Attribute(0, key, key, type_), type_)


GERMAN = """customer_id;born;seen;owes
1;31.12.2026;31.12.2026 14:30;1.234,56
2;1.2.2001;31.12.2026;7
3;2001-02-01;;
4;;soon;
5;;;1,234.56
6;05/06/2026;;12,5
"""


@pytest.mark.parametrize("blanks", [BY_COLUMN, BY_ROW])
async def test_a_german_file_is_read_as_it_is_written(records: Records, file: Path, blanks: Blanks) -> None:
    job = await run(records, file, GERMAN, dates="dd.MM.yyyy", decimal=",", blanks=blanks)
    assert job.counts == Counts(rows=6, added=2, refused=4)
    assert [one.attributes for one in reversed(await everybody(records))] == [
        {"customer_id": "1", "born": "2026-12-31", "seen": "2026-12-31T14:30:00", "owes": 1234.56},
        {"customer_id": "2", "born": "2001-02-01", "seen": "2026-12-31T00:00:00", "owes": 7},
    ]
    assert await reasons(records, job) == [
        (4, "born", "born must be a date in the form dd.MM.yyyy, and not 2001-02-01."),
        (5, "seen", "seen must be a date and time in the form dd.MM.yyyy HH:mm, and not soon."),
        (6, "owes", "owes must be a number with a decimal comma, such as 1.234,56, and not 1,234.56."),
        (7, "born", "born must be a date in the form dd.MM.yyyy, and not 05/06/2026."),
    ]
    assert job.form is not None
    assert job.form.told == "csv, utf-8, “;” between columns, with a header, dates as dd.MM.yyyy, a decimal comma"


@pytest.mark.parametrize("blanks", [BY_COLUMN, BY_ROW])
async def test_without_a_form_dates_are_iso_and_who_writes_others_is_told_the_form(
    records: Records, file: Path, blanks: Blanks
) -> None:
    job = await run(records, file, GERMAN, blanks=blanks)
    assert job.counts == Counts(rows=6, added=1, refused=5)
    told = await reasons(records, job)
    assert told[0] == (
        2, "born", "born must be a date, YYYY-MM-DD, and not 31.12.2026: with dates as dd.MM.yyyy the import reads it."
    )  # fmt: skip
    assert (5, "seen", "seen must be a date and time, ISO 8601.") in told


async def test_a_report_is_mended_in_the_form_of_its_file(records: Records, file: Path) -> None:
    job = await run(records, file, GERMAN, dates="dd.MM.yyyy", decimal=",")
    report = b"".join([piece async for piece in records.imports.report(job.id)])
    mended = report.replace(b"2001-02-01;", b"01.02.2001;").replace(b"soon", b"01.01.2001 8:00")
    mended = mended.replace(b"1,234.56", b"-1.234,5").replace(b"05/06/2026", b"06.05.2026")
    again = await run(records, file, mended, dates="dd.MM.yyyy", decimal=",")
    assert again.counts == Counts(rows=4, added=4)
    assert [one.attributes["born"] for one in await everybody(records) if "born" in one.attributes] == [
        "2026-05-06",
        "2001-02-01",
        "2001-02-01",
        "2026-12-31",
    ]


async def test_a_workbooks_own_dates_and_numbers_are_read_beside_typed_ones(records: Records, file: Path) -> None:
    rows: list[list[Any]] = [
        ["customer_id", "born", "seen", "owes"],
        [1, date(2001, 2, 3), datetime(2001, 2, 3, 4, 5, 6), 1.234],
        [2, "03.02.2001", "03.02.2001 4:05:06", "1,234"],
        [3, date(2001, 2, 3), datetime(2001, 2, 3), "x"],
    ]
    job = await run(records, file, workbook(*rows), dates="dd.MM.yyyy", decimal=",")
    assert job.counts == Counts(rows=3, added=2, refused=1)
    expected = {"born": "2001-02-03", "seen": "2001-02-03T04:05:06", "owes": 1.234}
    assert [one.attributes for one in await everybody(records)] == [{"customer_id": id_} | expected for id_ in "21"]
    report = b"".join([piece async for piece in records.imports.report(job.id)]).decode()
    assert next(csv.DictReader(io.StringIO(report)))["born"] == "03.02.2001"


async def test_a_formatted_attribute_can_say_who_it_is(records: Records, file: Path) -> None:
    await run(records, file, "customer_id,born\n1,2001-02-03\n")
    job = await run(records, file, "born;first_name\n03.02.2001;Ann\n", key="born", dates="dd.MM.yyyy")
    assert job.counts == Counts(rows=1, updated=1)
    assert only(await everybody(records)).attributes["first_name"] == "Ann"


async def test_an_export_comes_back_unchanged_after_a_german_file(records: Records, file: Path) -> None:
    await run(records, file, GERMAN, dates="dd.MM.yyyy", decimal=",")
    exported = b"".join([piece async for piece in records.exports.pieces("contacts")])
    job = await run(records, file, exported)
    assert job.counts == Counts(rows=2, unchanged=2)


async def test_an_export_that_a_german_spreadsheet_has_saved_changes_nothing(records: Records, file: Path) -> None:
    await run(records, file, GERMAN, dates="dd.MM.yyyy", decimal=",")
    exported = b"".join([piece async for piece in records.exports.pieces("contacts")]).decode()
    for ours, theirs in (("2026-12-31,", "31.12.2026,"), ("2001-02-01,", "01.02.2001,"), ("1234.56", '"1234,56"')):
        assert ours in exported
        exported = exported.replace(ours, theirs)
    job = await run(records, file, exported, dates="dd.MM.yyyy", decimal=",")
    assert job.counts == Counts(rows=2, unchanged=2)


async def test_forms_that_cannot_be_are_told_when_the_settings_are_made(records: Records, file: Path) -> None:
    write(file, GERMAN)
    with pytest.raises(Invalid, match="YYYY is not known"):
        await records.imports.settings(ImportSettings(dates="dd.MM.YYYY"))
    await records.lists.create("other.csv", [Field("Phone", type="PHONE")])
    for forms in ({"dates": "dd.MM.yyyy"}, {"decimal": ","}):
        with pytest.raises(Invalid, match="list's own fields"):
            await records.imports.settings(ImportSettings(**forms), "other.csv")  # type: ignore[arg-type]


async def test_what_a_profile_was_before_is_in_the_journal(records: Records) -> None:
    german, iso = ImportSettings(dates="dd.MM.yyyy"), ImportSettings()
    for settings in (german, german, iso):
        await records.import_profiles.put("monthly", settings)
    await records.import_profiles.drop("monthly")
    made, changed, gone = await history(records, "import_profile")
    assert (told(made.before), told(made.after)["name"]) == (None, "monthly")
    assert told(changed.before)["settings"]["dates"] == "dd.MM.yyyy"
    assert told(changed.after) == told(gone.before)
    assert told(gone.after) is None


@pytest.mark.parametrize("name", ["", "n" * 201])
async def test_a_profile_has_a_name_that_can_be_asked_for(records: Records, name: str) -> None:
    with pytest.raises(Invalid, match="1 to 200 characters"):
        await records.import_profiles.put(name, ImportSettings())


async def test_there_are_as_many_profiles_as_are_listed(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_profiles, "MOST_PROFILES", 2)
    for name in ("a", "b", "a"):
        await records.import_profiles.put(name, ImportSettings())
    with pytest.raises(Conflict):
        await records.import_profiles.put("c", ImportSettings())
    assert [profile.name for profile in await records.import_profiles.all()] == ["a", "b"]


async def test_a_profile_keeps_the_forms(records: Records) -> None:
    saved = await records.import_profiles.put("german", ImportSettings(dates="dd.MM.yyyy", decimal=","))
    assert (await records.import_profiles.get("german")).settings == saved.settings
    assert (saved.settings.dates, saved.settings.decimal) == ("dd.MM.yyyy", ",")
