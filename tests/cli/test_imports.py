"""`ringbook import` and `export` as people run them: beside a server, killed in the middle, and taken back."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from ringbook.store.embedded import open_embedded
from tests.cli.conftest import Ringbook
from tests.cli.running import Running, until
from tests.cli.small_slices import import_in_small_slices

TENANT = '[tenant]\nslug = "demo"\nname = "Stadtwerke"\nregion = "DE"\n'
HEAD = "customer_id,first_name,last_name,phone1,email\n"
KEY = "demo-native-key"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.cli.small_slices"])


def people(count: int) -> str:
    """A file in which some say the same as somebody before, and some are broken."""
    rows = [f"k{n % (count - 50)},Ann,Lee {n},330555{n:05},a{n}@example.com" for n in range(count)]
    rows[7] = rows[7].replace("@", " at ")
    rows[-3] = "only,three,cells"
    return HEAD + "\n".join(rows) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_a_file_comes_in_and_what_was_refused_is_in_the_report(ringbook: Ringbook, folder: Path, file: Path) -> None:
    file.write_text(people(200))
    report = folder / "report.csv"
    told = ringbook("import", file, "--contacts", "--data", folder / "data", "--report", report, "--bom")
    assert told.code == 0, told.err
    assert "200 rows: 150 added, 48 updated, 0 unchanged, 2 refused." in told.out
    rows = list(csv.DictReader(io.StringIO(report.read_text("utf-8-sig"))))
    assert [(row["import_row"], row["import_column"]) for row in rows] == [("9", "email"), ("199", "")]


def test_a_dry_run_says_what_would_be(ringbook: Ringbook, folder: Path, file: Path) -> None:
    file.write_text(people(60))
    told = ringbook("import", file, "--contacts", "--data", folder / "data", "--dry-run")
    assert "60 rows: 10 would be added, 48 would be updated, 0 unchanged, 2 would be refused." in told.out
    assert "nothing has changed" in told.out


def test_imports_are_listed_the_newest_first(ringbook: Ringbook, folder: Path, file: Path) -> None:
    data = folder / "data"
    file.write_text(people(60))
    first = json.loads(ringbook("import", file, "--contacts", "--data", data, "--json").out)
    second = json.loads(ringbook("import", file, "--contacts", "--data", data, "--dry-run", "--json").out)
    listed = json.loads(ringbook("imports", "--data", data, "--limit", 2, "--json").out)
    assert listed == [second, first]
    lines = [
        line for line in ringbook("imports", "--data", data, "--limit", 2).out.splitlines() if "people.csv" in line
    ]
    assert [word in line for line, word in zip(lines, ("done (dry run)", "10"), strict=True)] == [True, True]
    assert ringbook("imports", "--data", data, "--limit", 0).err.strip().endswith("limit is from 1 to 500.")


def test_a_file_without_rows_fails_and_says_so(ringbook: Ringbook, folder: Path, file: Path) -> None:
    for content, sentence in (
        ("", "The file has no rows."),
        (HEAD, "The file has no rows: its only line is its header."),
    ):
        file.write_text(content)
        told = ringbook("import", file, "--contacts", "--data", folder / "data")
        assert (told.code, sentence in told.err) == (1, True)


def test_a_german_file_comes_in_as_it_is_written(ringbook: Ringbook, folder: Path, file: Path) -> None:
    data, workspace = folder / "data", folder / "book.toml"
    attributes = '[[attributes]]\nkey = "born"\ntype = "Date"\n[[attributes]]\nkey = "owes"\ntype = "Number"\n'
    workspace.write_text(TENANT + attributes)
    assert ringbook("apply", workspace, "--data", data).code == 0
    file.write_text("Kundennummer;born;owes\ng1;31.12.2026;1.234,56\n")
    forms = ("--dates", "dd.MM.yyyy", "--decimal", ",", "--save-profile", "german")
    assert ringbook("import", file, "--contacts", "--data", data, *forms).code == 0
    file.write_text("Kundennummer;born;owes\ng1;31.12.2026;1.234,56\ng2;1.1.2027;7,5\n")
    again = json.loads(ringbook("import", file, "--contacts", "--data", data, "--profile", "german", "--json").out)
    assert (again["counts"]["unchanged"], again["counts"]["added"]) == (1, 1)
    exported = ringbook("export", "--contacts", "--data", data).out
    people = {row["customer_id"]: (row["born"], row["owes"]) for row in csv.DictReader(io.StringIO(exported))}
    assert (people["g1"], people["g2"]) == (("2026-12-31", "1234.56"), ("2027-01-01", "7.5"))


def test_contacts_are_contacts_whatever_the_settings_were_saved_for(
    ringbook: Ringbook, folder: Path, file: Path
) -> None:
    data, workspace = folder / "data", folder / "book.toml"
    workspace.write_text(f'{TENANT}[[lists]]\nname = "Leads"\nfields = [{{ name = "phone1", type = "PHONE" }}]\n')
    assert ringbook("apply", workspace, "--data", data).code == 0
    file.write_text("phone1\n+13305550101\n")
    saved = ringbook("import", file, "--list", "Leads", "--data", data, "--save-profile", "leads", "--json")
    assert json.loads(saved.out)["settings"]["of"] == "list"
    again = json.loads(ringbook("import", file, "--contacts", "--data", data, "--profile", "leads", "--json").out)
    assert (again["settings"]["of"], again["settings"]["list_id"]) == ("contacts", None)


def test_an_export_with_a_mark_comes_back_unchanged(ringbook: Ringbook, folder: Path, file: Path) -> None:
    data = folder / "data"
    file.write_text("customer_id,last_name\nu1,Müßig\n")
    ringbook("import", file, "--contacts", "--data", data)
    content = ringbook("export", "--contacts", "--data", data, "--bom").out
    plain = ringbook("export", "--contacts", "--data", data).out
    assert content == "\ufeff" + plain
    file.write_text(content)
    again = json.loads(ringbook("import", file, "--contacts", "--data", data, "--json").out)
    assert again["counts"]["rows"] == again["counts"]["unchanged"] > 0
    tabs = ringbook("export", "--contacts", "--data", data, "--delimiter", "tab").out
    assert tabs.splitlines()[0] == plain.splitlines()[0].replace(",", "\t")
    assert "a comma, a semicolon or a tab" in ringbook("export", "--contacts", "--data", data, "--delimiter", "|").err
    assert "Only CSV has a mark" in ringbook("export", "--contacts", "--data", data, "--bom", "--format", "jsonl").err


def test_a_dry_run_that_fails_says_why(ringbook: Ringbook, folder: Path, file: Path) -> None:
    file.write_text(people(60))
    told = ringbook("import", file, "--contacts", "--data", folder / "data", "--dry-run", "--map", "email=nowhere")
    assert (told.code, told.out) == (1, "")
    assert "The dry run failed: There is no nowhere" in told.err


def test_who_takes_nothing_does_not_end_as_a_success(ringbook: Ringbook, folder: Path, file: Path) -> None:
    file.write_text("customer_id,email\n1,nobody\n2,nobody\n")
    told = ringbook("import", file, "--contacts", "--data", folder / "data")
    assert told.code == 1
    assert "2 rows: 0 added, 0 updated, 0 unchanged, 2 refused." in told.out


def test_standard_input_is_a_file_too(ringbook: Ringbook, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BytesIO(people(60).encode())

    monkeypatch.setattr("sys.stdin", Standard)
    told = ringbook("import", "-", "--contacts", "--data", folder / "data", "--json")
    assert json.loads(told.out)["counts"]["rows"] == 60


def test_what_was_imported_is_taken_back(ringbook: Ringbook, folder: Path, file: Path) -> None:
    data = folder / "data"
    before = ringbook("export", "--contacts", "--data", data).out
    file.write_text(people(200))
    made = json.loads(ringbook("import", file, "--contacts", "--data", data, "--json").out)
    assert ringbook("export", "--contacts", "--data", data).out != before
    told = ringbook("import", "--undo", made["id"], "--data", data)
    assert f"Import {made['id']} is undone: 150 deleted" in told.out
    assert ringbook("export", "--contacts", "--data", data).out == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("people.csv",), "Say what the rows are: --contacts, or --list NAME."),
        (("none.csv", "--contacts"), "none.csv cannot be read: there is no such file."),
        (("people.csv", "--contacts", "--mode", "replace"), "Only a list can be replaced."),
        (("people.csv", "--contacts", "--map", "Nope=email"), "The file has no column Nope."),
        (("people.csv", "--list", "no such list"), "There is no such list."),
        (("people.csv", "--contacts", "--mode", "insert"), "--mode is add, update, upsert or replace, and not insert."),
        (("people.csv", "--contacts", "--format", "xls"), "--format is csv, jsonl, vcard or xlsx, and not xls."),
        (("people.csv", "--contacts", "--decimal", ";"), "--decimal is . or ,, and not ;."),
        (("people.csv", "--contacts", "--dates", "dd.mm.yyyy"), "MM: mm is the minutes"),
        (("people.csv", "--undo", "4711"), "There is no such import."),
    ],
)
def test_what_cannot_be_is_one_sentence(
    ringbook: Ringbook, folder: Path, file: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    file.write_text(people(60))
    name, *options = arguments
    told = ringbook("import", file.with_name(name), *options, "--data", folder / "data")
    assert told.code == 1
    assert sentence in told.err


def test_an_import_that_is_killed_five_times_ends_as_one_that_was_not(
    ringbook: Ringbook, folder: Path, file: Path
) -> None:
    data = folder / "data"
    file.write_text(people(3000))
    command = [str(file), "--contacts", "--data", str(data)]
    with open_embedded(data, serving=False) as server:
        for kill in range(5):
            process = FORKS.Process(target=import_in_small_slices, args=(command,))
            process.start()
            asyncio.run(_has_read(server.dsn, 500 * kill + 200, process))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, "it ended before it could be killed"
        job = json.loads(ringbook("import", *command, "--json").out)
        killed_dump = asyncio.run(_dump(server.dsn))
        told = ringbook("import", "--undo", job["id"], "--data", data)
        assert told.code == 0, told.err
        whole = json.loads(ringbook("import", *command, "--json").out)
        assert whole["counts"] == job["counts"]
        assert whole["id"] != job["id"]
        assert asyncio.run(_dump(server.dsn)) == killed_dump


def test_a_server_takes_a_file_tells_how_far_it_is_and_ends_when_it_is_told(folder: Path) -> None:
    serving = Running(folder)
    try:
        with serving.client(KEY) as client:
            sent = client.post("/v1/imports", content=people(3000), params={"name": "people.csv"}).json()
            done = _once(client, sent["id"], lambda job: job["state"] == "done")
            assert (done["counts"]["rows"], done["counts"]["refused"]) == (3000, 2)
            assert sum(done["counts"][name] for name in ("added", "updated", "unchanged", "refused")) == 3000
            told = client.get("/v1/changes", params={"entity": "import", "id": sent["id"]}).json()["items"]
            assert [change["after"].get("state", "begins") for change in told] == ["done", "begins"]

            before = client.get("/v1/exports").text
            ended = _cancelled(client)
            client.post(f"/v1/imports/{ended['id']}/undo").raise_for_status()
            undone = _once(client, ended["id"], lambda job: job["state"] == "undone")
            assert undone["undone"]["deleted"] == ended["counts"]["added"]
            assert client.get("/v1/exports").text == before
    finally:
        assert serving.end() == 0


def _cancelled(client: httpx.Client) -> dict[str, Any]:
    """An import that was cancelled while the server's importer was at it."""
    content = "customer_id,first_name\n" + "".join(f"c{n},Ann\n" for n in range(100_000))
    sent = client.post("/v1/imports", content=content).json()
    running = _once(client, sent["id"], lambda job: job["counts"]["rows"])
    assert running["state"] == "running"
    assert 0 < running["percent"] < 100
    assert running["rows_per_second"] > 0
    assert running["seconds_left"] > 0
    asked = client.post(f"/v1/imports/{sent['id']}/cancel").json()
    assert (asked["state"], asked["cancel_asked"]) == ("running", True)
    ended = _once(client, sent["id"], lambda job: job["state"] != "running")
    assert ended["state"] == "cancelled"
    assert 0 < ended["counts"]["added"] == ended["counts"]["rows"] < 100_000
    return ended


def _once(client: httpx.Client, import_id: int, happens: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The import as soon as this is so."""
    jobs: list[dict[str, Any]] = []

    def asked() -> object:
        jobs.append(client.get(f"/v1/imports/{import_id}").json())
        return happens(jobs[-1])

    until(asked)
    return jobs[-1]


async def _has_read(dsn: str, rows: int, process: BaseProcess) -> None:
    """Until an import is so far, or over."""
    connection = await asyncpg.connect(dsn)
    try:
        read = 0
        while read < rows and process.is_alive():
            read = await connection.fetchval("SELECT max(rows_read) FROM import_job") or 0
    finally:
        await connection.close()


async def _dump(dsn: str) -> list[Any]:
    """What there is of contacts, without ids and times."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            """
            SELECT c.attributes::text, c.version, p.found, s.found
              FROM contact c
              LEFT JOIN (
                    SELECT contact_id, array_agg(match_key || ' ' || raw || ' ' || source ORDER BY source) AS found
                      FROM contact_phone
                     GROUP BY contact_id
                   ) p
                ON p.contact_id = c.id
              LEFT JOIN (
                    SELECT contact_id, array_agg(folded ORDER BY attribute_id, folded) AS found
                      FROM contact_search
                     GROUP BY contact_id
                   ) s
                ON s.contact_id = c.id
             WHERE c.deleted_at IS NULL
             ORDER BY 1
            """
        )
        return [tuple(row) for row in rows]
    finally:
        await connection.close()
