"""`ringbook import` and `export` as people run them: beside a server, killed in the middle, and taken back."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ringbook.store.embedded import open_embedded
from tests.cli.conftest import Ringbook
from tests.cli.running import Running, environment, until

HEAD = "customer_id,first_name,last_name,phone1,email\n"
KEY = "demo-native-key"
IN_SMALL_SLICES = """
from ringbook.core import import_files
from ringbook.cli import main

import_files.SLICE = 500
main()
"""


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
    file.write_text(people(20_000))
    command = [sys.executable, "-c", IN_SMALL_SLICES, "import", str(file), "--contacts", "--data", str(data)]
    with open_embedded(data, serving=False) as server:
        for kill in range(5):
            killed = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
            until(partial(_has_read, server.dsn, 3000 * kill + 1000, killed))
            killed.send_signal(signal.SIGKILL)
            assert killed.wait() == -signal.SIGKILL, "it ended before it could be killed"
        job = json.loads(
            subprocess.run([*command, "--json"], env=environment(), check=True, capture_output=True).stdout
        )
        killed_dump = asyncio.run(_dump(server.dsn))
        told = ringbook("import", "--undo", job["id"], "--data", data)
        assert told.code == 0, told.err
        whole = json.loads(ringbook("import", file, "--contacts", "--data", data, "--json").out)
        assert whole["counts"] == job["counts"]
        assert whole["id"] != job["id"]
        assert asyncio.run(_dump(server.dsn)) == killed_dump


def test_a_server_takes_a_file_and_tells_how_far_it_is(folder: Path) -> None:
    serving = Running(folder)
    try:
        with serving.client(KEY) as client:
            sent = client.post("/v1/imports", content=people(3000), params={"name": "people.csv"}).json()
            jobs: list[dict[str, Any]] = []
            until(lambda: _state(client, sent["id"], jobs) == "done")
            counts = jobs[-1]["counts"]
            assert (counts["rows"], counts["refused"]) == (3000, 2)
            assert counts["rows"] == sum(counts[name] for name in ("added", "updated", "unchanged", "refused"))
            told = client.get("/v1/changes", params={"entity": "import", "id": sent["id"]}).json()["items"]
            assert [change["after"].get("state", "begins") for change in told] == ["done", "begins"]
    finally:
        assert serving.end() == 0


def _state(client: Any, import_id: int, jobs: list[dict[str, Any]]) -> str:
    jobs.append(client.get(f"/v1/imports/{import_id}").json())
    state: str = jobs[-1]["state"]
    return state


def _has_read(dsn: str, rows: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether an import is so far, or over."""

    async def ask() -> bool:
        connection = await asyncpg.connect(dsn)
        try:
            return bool(await connection.fetchval("SELECT max(rows_read) >= $1 FROM import_job", rows))
        finally:
            await connection.close()

    return asyncio.run(ask()) or process.poll() is not None


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
