"""Imports: every row is accounted for, whatever the file looks like; nothing is done twice; and there is a way back."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from ringbook.core import import_files
from ringbook.core.access import Core, Records
from ringbook.domain.imports import Counts, Import, ImportSettings
from ringbook.domain.problems import Conflict
from ringbook.domain.schema import Attribute, AttributeType
from tests.core.cast import LEADS, attempt, everybody, lead, number, only, save
from tests.core.importing import CSV, dump, reasons, run, take_back
from tests.dialects.conftest import move_clock, rows_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


async def test_a_file_becomes_contacts(records: Records, file: Path) -> None:
    text = CSV + f'1,Ann,Lee,{number(1)},ann@example.com\n2,"Bo ""B""","Di\nMarco",{number(2)},\n'
    job = await run(records, file, text)
    assert job.counts == Counts(rows=2, added=2)
    bo, ann = (contact.attributes for contact in await everybody(records))
    assert ann == {
        "customer_id": "1",
        "first_name": "Ann",
        "last_name": "Lee",
        "phone1": number(1),
        "email": "ann@example.com",
    }
    assert bo == {"customer_id": "2", "first_name": 'Bo "B"', "last_name": "Di\nMarco", "phone1": number(2)}


async def test_who_listens_is_told_how_far_it_is(core: Core, records: Records, file: Path) -> None:
    text = CSV + "".join(f"{n},Ann,Lee,{number(n % 100)},\n" for n in range(3000))
    job = await run(records, file, text)
    async with core.database.reading() as tx:
        rows = await tx.fetch("SELECT entity_id, data FROM event WHERE type = 'import.progress' ORDER BY id")
    told = [json.loads(row["data"]) for row in rows if row["entity_id"] == job.id]
    assert 1 <= len(told) <= job.active_seconds + 1
    assert told[0]["file"] == file.name
    assert told[0]["state"] == "running"
    assert 0 < told[0]["share"] <= 1
    assert told[0]["counts"]["rows"] > 0


async def test_the_same_file_again_changes_nothing(records: Records, file: Path) -> None:
    text = CSV + f"1,Ann,Lee,{number(1)},\n2,Bo,Di,{number(2)},\n"
    await run(records, file, text)
    assert (await run(records, file, text)).counts == Counts(rows=2, unchanged=2)


async def test_a_row_that_does_not_fit_is_told_and_stops_nobody(records: Records, file: Path) -> None:
    text = CSV + f"1,Ann,Lee,{number(1)},no-mail\n2,Bo,Di,{number(2)},\n"
    job = await run(records, file, text)
    assert job.counts == Counts(rows=2, added=1, refused=1)
    assert await reasons(records, job) == [(2, "E-Mail", "email must be an e-mail address.")]


async def test_a_dry_run_counts_alike_and_leaves_nothing(records: Records, file: Path) -> None:
    await save(records, customer_id="1", first_name="Ann")
    text = CSV + f"1,Ann,Lee,{number(1)},\n2,Bo,Di,{number(2)},\n2,Bob,Di,{number(2)},\n3,Cy,X,,nobody\n"
    rehearsed = await run(records, file, text, dry_run=True)
    assert only(await everybody(records)).attributes == {"customer_id": "1", "first_name": "Ann"}
    assert (await run(records, file, text)).counts == rehearsed.counts
    assert rehearsed.counts == Counts(rows=4, added=1, updated=2, refused=1, repeated=1)


# ---- 1,112 rows of which 181 are broken


HEAD = ["customer_id", "first_name", "phone1", "email", "born", "score", "vip", "site"]
BROKEN: dict[str, tuple[dict[str, str], str]] = {
    "no mail": ({"email": "ann at example"}, "email must be an e-mail address."),
    "no date": ({"born": "31.02.2001"}, "born must be a date, YYYY-MM-DD."),
    "no number": ({"score": "a lot"}, "score must be a number."),
    "neither true nor false": ({"vip": "perhaps"}, "vip must be true or false."),
    "no address": ({"site": "example"}, "site must be a URL."),
    "too long": ({"first_name": "x" * 1001}, "first_name must have 1000 characters at most."),
    "a cell too few": ({"site": "\0FEW"}, "The row has 7 cells and not 8."),
    "a cell too many": ({"site": ",more"}, "The row has 9 cells and not 8."),
    "a quote that is not closed": ({"first_name": '"Ann'}, "The quotes are wrong."),
    "another encoding": ({"first_name": "J\udcf6rg"}, "The text is not in the file's encoding."),
    "a control character": ({"first_name": "A\x07"}, "The text contains a control character."),
}
WAYS = list(BROKEN)


def broken_row(n: int) -> bytes:
    row = dict.fromkeys(HEAD, "") | {"customer_id": f"b{n}"} | BROKEN[WAYS[n % len(WAYS)]][0]
    line = ",".join(row.values()).replace(",\0FEW", "")
    return line.encode("utf-8", "surrogateescape")


def good_row(n: int) -> bytes:
    return f'g{n},"Zoë, ""{n}""",{number(n % 100)},a{n}@example.com,2001-02-03,{n},true,'.encode()


async def test_of_1112_rows_931_are_stored_and_181_explained(records: Records, file: Path, core: Core) -> None:
    for key, kind in (("born", "Date"), ("score", "Number"), ("vip", "Bool"), ("site", "URL")):
        await records.schema.put(Attribute(0, key, key, cast("AttributeType", kind)), kind)
    places = random.Random(1).sample(range(1112), 181)
    bad = dict(zip(places, range(181), strict=True))
    lines = [broken_row(bad[n]) if n in bad else good_row(n) for n in range(1112)]
    content = b"\r\n".join([",".join(HEAD).encode(), *lines]) + b"\r\n"
    rehearsed = await run(records, file, content, dry_run=True)
    job = await run(records, file, content)
    assert job.counts == rehearsed.counts == Counts(rows=1112, added=931, refused=181)
    told = await reasons(records, job)
    assert [(row, reason) for row, _, reason in told] == [
        (n + 2, BROKEN[WAYS[bad[n] % len(WAYS)]][1]) for n in sorted(bad)
    ]
    assert len({reason for _, _, reason in told}) >= 10
    assert await rows_of(core, records.tenant.id) | {"contact": 931, "import_refusal": 362} == await rows_of(
        core, records.tenant.id
    )


# ---- Modes and lists


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        ("add", Counts(rows=2, added=1, refused=1)),
        ("update", Counts(rows=2, updated=1, refused=1)),
        ("upsert", Counts(rows=2, added=1, updated=1)),
    ],
)
async def test_a_mode_says_whether_known_and_unknown_rows_are_taken(
    records: Records, file: Path, mode: str, counts: Counts
) -> None:
    await save(records, customer_id="1", first_name="Ann")
    job = await run(records, file, "customer_id,first_name\n1,Anne\n2,Bo\n", mode=mode)
    assert job.counts == counts


async def test_an_attribute_is_chosen_that_says_who_it_is(records: Records, file: Path) -> None:
    ann = await save(records, first_name="Ann", email="ann@example.com", phone1=number(1))
    await save(records, first_name="Bo", phone1=number(2))
    job = await run(records, file, f"email,phone\nANN@example.com,{number(2)}\n,{number(2)}\n", key="email")
    assert job.counts == Counts(rows=2, updated=1, refused=1)
    assert (await records.contacts.get(ann.id)).attributes["phone1"] == number(2)


async def test_an_empty_cell_says_nothing_unless_it_is_to_clear(records: Records, file: Path) -> None:
    await save(records, customer_id="1", first_name="Ann")
    assert (await run(records, file, "customer_id,first_name\n1,\n")).counts == Counts(rows=1, unchanged=1)
    assert (await run(records, file, "customer_id,first_name\n1,\n", blanks="clear")).counts == Counts(
        rows=1, updated=1
    )
    assert only(await everybody(records)).attributes == {"customer_id": "1"}


async def test_a_list_is_replaced_and_put_back(records: Records, file: Path, core: Core) -> None:
    for n in range(4):
        await records.lists.add(LEADS, lead(n, number(n), first="Ann"))
    await attempt(records, list=LEADS, key={"id": "0"}, phone=number(0))
    before = await dump(core, records.tenant.id)
    text = f"id,Phone,First name\n1,{number(1)},Ann\n2,{number(2)},Anne\n9,{number(9)},Di\n3,none,Cy\n"
    rehearsed = await run(records, file, text, LEADS, mode="replace", dry_run=True)
    assert await dump(core, records.tenant.id) == before
    job = await run(records, file, text, LEADS, mode="replace")
    assert job.counts == rehearsed.counts == Counts(rows=4, added=1, updated=1, unchanged=1, refused=1, removed=1)
    assert sorted(one.fields["id"] for one in await records.lists.records(LEADS)) == ["1", "2", "3", "9"]
    await take_back(records, job)
    assert await dump(core, records.tenant.id) == before


# ---- Working


async def test_an_import_whose_worker_died_is_taken_over_where_it_was(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "SLICE", 500)

    async def content() -> AsyncIterator[bytes]:
        yield ("customer_id\n" + "".join(f"{n}\n" for n in range(12_000))).encode()

    class Killed(BaseException):
        """As a signal would."""

    def die(job: Import) -> None:
        raise Killed

    sent = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    for rows in (499, 999):  # the header is a row of the first slice
        with pytest.raises(Killed):
            await records.imports.work(die)
        assert (await records.imports.get(sent.id)).counts.rows == rows
    assert await records.imports.work()
    done = await records.imports.get(sent.id)
    assert (done.state, done.counts) == ("done", Counts(rows=12_000, added=12_000))


async def test_a_tenant_has_one_import_at_a_time(records: Records, file: Path, core: Core) -> None:
    job = await run(records, file, "customer_id\n1\n")
    async with core.database.transaction() as tx:  # as if another process were at it
        await tx.execute(
            "UPDATE import_job SET state = 'running', worker = 'elsewhere:1:x', leased_until = ringbook_now($1) + '9 s'"
            " WHERE tenant_id = $1 AND id = $2",
            records.tenant.id,
            job.id,
        )
    asked = await records.imports.settings(ImportSettings())
    with pytest.raises(Conflict):
        await records.imports.carry_out(file, "x.csv", asked, lambda job: None)
    assert not await records.imports.work()
    await move_clock(core, records.tenant.id, 10)
    assert (await records.imports.carry_out(file, "x.csv", asked, lambda job: None)).state == "done"


async def test_a_bug_ends_an_import_and_is_not_tried_again(records: Records, core: Core) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"customer_id\n1\n"

    def stumble(job: Import) -> None:
        raise RuntimeError("as a bug would")

    sent = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    with pytest.raises(RuntimeError):
        await records.imports.work(stumble)
    ended = await records.imports.get(sent.id)
    assert (ended.state, ended.counts.added) == ("failed", 1)
    assert not await records.imports.work()
    await take_back(records, ended)
    assert await everybody(records) == []
