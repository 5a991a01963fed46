"""Imports: every row is accounted for, whatever the file looks like; nothing is done twice; and there is a way back."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from openpyxl import Workbook

from ringbook.core.access import Core, Records
from ringbook.domain.exchange import Counts, Import, ImportSettings, LeftAlone
from ringbook.domain.problems import Conflict
from ringbook.domain.schema import Attribute, AttributeType
from tests.core.cast import LEADS, agent_leg, attempt, everybody, lead, number, only, save
from tests.dialects.conftest import move_clock, rows_of

CSV = "customer_id,First name,Last name,Telefon,E-Mail\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def write(file: Path, text: str | bytes) -> None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


async def run(records: Records, file: Path, text: str | bytes, list_ref: str | None = None, **settings: Any) -> Import:
    """Import a file with this content."""
    write(file, text)
    mode = settings.pop("mode", None)
    asked = await records.imports.settings(ImportSettings(**settings), list_ref, mode=mode)
    job = await records.imports.carry_out(file, file.name, asked, lambda job: None)
    assert job.state == "done", job.failure
    counts = job.counts
    assert counts.rows == counts.added + counts.updated + counts.unchanged + counts.refused
    return job


async def reasons(records: Records, job: Import) -> list[tuple[int, str, str]]:
    return [(r.row, r.field, r.reason) async for part in records.imports.refusals(job.id) for r in part]


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


# ---- Files as people send them


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_a_file_is_read_whatever_it_is_written_in(
    records: Records, file: Path, encoding: str, delimiter: str
) -> None:
    rows = [
        ["Kundennummer", "Nachname", "Telefon"],
        ["1", "Müßig\r\nGroß", number(1)],
        ["2", f"a{delimiter}b", number(2)],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    job = await run(records, file, text.getvalue().encode(encoding))
    assert job.counts == Counts(rows=2, added=2)
    assert [one.attributes["last_name"] for one in await everybody(records)] == [f"a{delimiter}b", "Müßig\r\nGroß"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_lines_end_in_any_way_and_blank_ones_are_no_rows(records: Records, file: Path, end: str) -> None:
    text = end.join(["customer_id,first_name", "1,Ann", "", "2,Bo", "", ""])
    job = await run(records, file, text)
    assert (job.counts.rows, job.counts.added) == (2, 2)
    assert await reasons(records, job) == []


async def test_a_file_without_a_header_is_mapped_by_place(records: Records, file: Path) -> None:
    text = f"Ann,{number(1)},ann@example.com\nBo,{number(2)},\n"
    mapping: dict[str, str | None] = {"column 1": "first_name", "column 2": "phone1", "column 3": None}
    job = await run(records, file, text, mapping=mapping)
    assert job.counts == Counts(rows=2, added=2)
    assert (await everybody(records))[0].attributes == {"first_name": "Bo", "phone1": number(2)}


async def test_a_quote_that_is_never_closed_costs_its_own_row_alone(records: Records, file: Path) -> None:
    text = 'customer_id,first_name\n1,Ann\n2,"Bo\n3,Cy\n4,Di\n'
    job = await run(records, file, text)
    assert job.counts == Counts(rows=4, added=3, refused=1)
    assert await reasons(records, job) == [(3, "", "A quote is not closed.")]


async def test_json_lines_keep_their_types(records: Records, file: Path) -> None:
    await records.schema.put(Attribute(0, "score", "Score", "Number"), "Number")
    text = '{"customer_id": "1", "score": 5, "first_name": ""}\n\nno json\n{"customer_id": "1", "score": null}\n[1]\n'
    job = await run(records, file, text)
    assert job.counts == Counts(rows=4, added=1, updated=1, refused=2, repeated=1, blank=1)
    assert only(await everybody(records)).attributes == {"customer_id": "1", "first_name": ""}
    assert [row for row, _, _ in await reasons(records, job)] == [3, 5]


CARDS = """BEGIN:VCARD
VERSION:3.0
FN:Ann Lee
N:Lee;Ann;;;
TEL;TYPE=cell:{0}
item1.TEL;TYPE=work:{1}
EMAIL:ann@example.com
ORG:Example\\, Inc.;Sales
ADR;TYPE=home:;;1 Main St;Akron;OH;44301;USA
NOTE:two\\nlines
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Café Zoë
TEL;VALUE=uri;TYPE="voice,home":tel:+13305550102
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Without an end
BEGIN:VCARD
VERSION:4.0
FN:Bo
END:VCARD
"""


async def test_vcards_of_both_versions_become_contacts(records: Records, file: Path) -> None:
    job = await run(records, file, CARDS.format(number(0), number(1)))
    assert job.counts == Counts(rows=4, added=3, refused=1)
    bo, cafe, ann = (contact.attributes for contact in await everybody(records))
    assert (bo, cafe) == ({"last_name": "Bo"}, {"last_name": "Café Zoë", "phone1": "+13305550102"})
    assert ann == {
        "phone1": number(0),
        "phone2": number(1),
        "email": "ann@example.com",
        "company": "Example, Inc.",
        "address": "1 Main St",
        "city": "Akron",
        "state": "OH",
        "country": "USA",
        "postal_code": "44301",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    assert await reasons(records, job) == [(3, "", "The card has no END:VCARD.")]


async def test_a_workbooks_first_sheet_becomes_contacts(records: Records, file: Path) -> None:
    await records.schema.put(Attribute(0, "born", "Born", "Date"), "Date")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["customer_id", "Phone", "born"], [7, 3305550101.0, date(2001, 2, 3)], [], [8, None, "soon"]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    job = await run(records, file, content.getvalue())
    assert job.counts == Counts(rows=2, added=1, refused=1, blank=1)
    attributes = {"customer_id": "7", "phone1": "3305550101", "born": "2001-02-03"}
    assert only(await everybody(records)).attributes == attributes
    assert await reasons(records, job) == [(4, "born", "born must be a date, YYYY-MM-DD.")]


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


# ---- Taking it back


async def take_back(records: Records, job: Import) -> Import:
    await records.imports.undo(job.id)
    assert await records.imports.work()
    undone = await records.imports.get(job.id)
    assert undone.state == "undone"
    return undone


NOT_COMPARED = {"import_job", "import_range", "import_refusal", "change", "identity_key", "idempotency_key", "event"}
"""What tells that something was done, and not what there is."""
MOVED_ON = ("version", "updated_at", "next_position", "changed_at")


async def dump(core: Core, tenant_id: int) -> dict[str, list[str]]:
    """All rows of a tenant, by table, but for what only counts on."""
    async with core.database.reading() as tx:
        found: dict[str, list[str]] = {}
        for table in await rows_of(core, tenant_id):
            if table not in NOT_COMPARED:
                rows = await tx.fetch(
                    f"SELECT to_jsonb(t) - $2::text[] AS row FROM {table} t WHERE tenant_id = $1", tenant_id, MOVED_ON
                )
                found[table] = sorted(row["row"] for row in rows)
        return found


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


# ---- Working


async def test_an_import_whose_worker_died_is_taken_over_where_it_was(records: Records, file: Path, core: Core) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield ("customer_id\n" + "".join(f"{n}\n" for n in range(12_000))).encode()

    class Killed(BaseException):
        """As a signal would."""

    def die(job: Import) -> None:
        raise Killed

    sent = await records.imports.upload("x.csv", await records.imports.settings(ImportSettings()), content())
    for rows in (5000, 10_000):
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
