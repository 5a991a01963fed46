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
    told = ringbook("import", file, "--contacts", "--data", folder / "data", "--report", report)
    assert told.code == 0, told.err
    assert "200 rows: 150 added, 48 updated, 0 unchanged, 2 refused." in told.out
    rows = list(csv.DictReader(io.StringIO(report.read_text())))
    assert [(row["import_row"], row["import_column"]) for row in rows] == [("9", "email"), ("199", "")]


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
