"""Every command but `serve` and `demo`: what it says, and that a mistake is one sentence and no traceback."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ringbook import __version__
from ringbook.cli.place import Place
from ringbook.dialects import ALL
from ringbook.domain.problems import Invalid
from ringbook.store.embedded import open_embedded
from ringbook.store.programs import find_programs
from tests.cli.conftest import Ringbook, Told

WORKSPACE = """
[tenant]
slug = "north"
name = "North"
region = "DE"
"""


@pytest.fixture(scope="module")
def database(demo_data: Path) -> Iterator[tuple[Path, str]]:
    """The demo's data with its PostgreSQL running, as beside a server."""
    copy = demo_data.parent / "copy"
    shutil.copytree(demo_data, copy)
    with open_embedded(copy, serving=True) as server:
        yield copy, server.dsn


@pytest.fixture
def data(database: tuple[Path, str]) -> Path:
    return database[0]


def test_it_says_its_version(ringbook: Ringbook) -> None:
    assert ringbook("--version") == Told(0, f"Ringbook {__version__}\n", "")


def test_lookup_shows_the_caller_and_what_happened_last(ringbook: Ringbook, data: Path) -> None:
    told = ringbook("lookup", "+49 30 23125047", "--data", data)
    assert (told.code, told.err) == (0, "")
    for part in ("last_name: Brandt", "AccNum: K-10047", "Meter replacement", "Meter check agreed"):
        assert part in told.out
    assert "Nothing is known" in ringbook("lookup", "030 23125-088", "--data", data).out


def test_lookup_as_json_is_what_the_api_answers(ringbook: Ringbook, data: Path) -> None:
    found = _json(ringbook("lookup", "030 23125-047", "--data", data, "--json"))
    assert found["number"] == "+493023125047"
    assert set(found) >= {"contacts", "data_sets", "campaign_records", "interactions"}


def test_a_key_is_made_listed_and_revoked(ringbook: Ringbook, data: Path) -> None:
    made = _json(ringbook("key", "create", "door", "--for", "callerid", "--data", data, "--json"))
    assert made["secret"].startswith("rb_")
    listed = _json(ringbook("key", "list", "--data", data, "--json"))
    assert {"door", "demo"} <= {key["name"] for key in listed}
    assert not any("secret" in key for key in listed)
    assert "door" in ringbook("key", "list", "--data", data).out
    assert ringbook("key", "revoke", "door", "--data", data) == Told(0, "Revoked door.\n", "")
    assert "There is no key door" in _refused(ringbook("key", "revoke", "door", "--data", data))
    secret = ringbook("key", "create", "gate", "--scope", "read", "--scope", "write", "--data", data).out.strip()
    assert secret.startswith("rb_")
    assert "A key of this name exists." in _refused(ringbook("key", "create", "gate", "--data", data))
    assert "takes no scopes" in _refused(ringbook("key", "create", "x", "--for=jtel", "--scope=read", "--data", data))


def test_a_key_is_rotated_and_bounded(ringbook: Ringbook, data: Path) -> None:
    bounds = ("--per-second", "5", "--expires", "2035-01-01")
    made = _json(ringbook("key", "create", "shop", *bounds, "--data", data, "--json"))
    assert (made["per_second"], made["expires_at"]) == (5, "2035-01-01T00:00:00Z")
    rotated = _json(ringbook("key", "rotate", "shop", "--overlap", "60", "--data", data, "--json"))
    assert (rotated["id"], rotated["per_second"]) == (made["id"], 5)
    assert rotated["secret"] != made["secret"]
    assert rotated["former_until"]
    assert ringbook("key", "rotate", "shop", "--data", data).out.strip() not in (made["secret"], rotated["secret"])
    assert "There is no key none" in _refused(ringbook("key", "rotate", "none", "--data", data))
    assert ringbook("key", "revoke", "shop", "--data", data).code == 0


def test_apply_says_what_it_did_and_again_changes_nothing(ringbook: Ringbook, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "north.toml"
    file.write_text(WORKSPACE + '[[keys]]\nname = "crm"\nfor = "native"\n')
    first = _json(ringbook("apply", file, "--data", data, "--json"))
    assert [step["action"] for step in first["steps"]] == ["created", "created"]
    assert first["steps"][1]["secret"].startswith("rb_")
    again = ringbook("apply", file, "--data", data)
    assert again.out == "unchanged tenant    north\nunchanged key       crm\n"
    file.write_text(WORKSPACE)
    pruned = ringbook("apply", file, "--prune", "--data", data)
    assert pruned.out.splitlines() == [
        "unchanged tenant    north",
        "Deleting what the file does not name:",
        "pruned    key       crm",
    ]
    assert "Say which tenant with --tenant: demo, north." in _refused(ringbook("lookup", "1", "--data", data))
    assert "There is no tenant west: demo, north." in _refused(
        ringbook("lookup", "1", "--tenant", "west", "--data", data)
    )
    found = ringbook("lookup", "030 23125-047", "--tenant", "demo", "--data", data)
    assert "Brandt" in found.out


def test_migrate_and_check_say_how_it_stands(ringbook: Ringbook, data: Path) -> None:
    assert ringbook("migrate", "--data", data).out == "The schema is up to date.\n"
    assert _json(ringbook("migrate", "--data", data, "--json")) == {"applied": []}
    checks = _json(ringbook("check", "--data", data, "--json"))
    assert all(row["ok"] for row in checks)
    assert "PostgreSQL" in ringbook("check", "--data", data).out


def test_dialects_lists_every_operation(ringbook: Ringbook) -> None:
    rows = _json(ringbook("dialects", "--json"))
    assert len(rows) == sum(len(dialect.operations) for dialect in ALL)
    assert "/api/v1/data_sets/search" in ringbook("dialects").out


def test_options_also_come_from_the_environment(
    ringbook: Ringbook, database: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBOOK_DATA", str(database[0]))
    monkeypatch.setenv("RINGBOOK_JSON", "1")
    monkeypatch.setenv("RINGBOOK_TENANT", "demo")
    assert _json(ringbook("lookup", "030 23125-047"))["contacts"]
    monkeypatch.setenv("RINGBOOK_DATABASE", database[1])
    monkeypatch.setenv("RINGBOOK_DATA", "/nowhere")
    assert _json(ringbook("lookup", "030 23125-047"))["contacts"]


def test_every_option_of_every_command_has_its_variable(ringbook: Ringbook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    commands = [("serve",), ("demo",), ("apply",), ("lookup",), ("migrate",), ("check",), ("dialects",)]
    for command in (*commands, ("key", "create"), ("key", "list"), ("key", "revoke"), ("key", "rotate")):
        shown = ringbook(*command, "--help").out
        options = [line for line in shown.splitlines() if line.startswith("│ --") and "--help" not in line]
        assert options
        assert all("RINGBOOK_" in line for line in options), shown


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tenant = = 3", "line 1"),
        (WORKSPACE + "[[keys]]\nname = 3\nfor = 'native'", "keys[0].name"),
        (WORKSPACE + "[[keys]]\nname = 'x'\nfor = 'fax'", "keys[0].for"),
        (WORKSPACE + "[[lists]]\nname = 'x'\nfields = [{ nmae = 'y' }]", "lists[0].fields[0]"),
        (WORKSPACE.replace("DE", "Berlin"), "tenant.region"),
        ("", "tenant"),
    ],
)
def test_a_workspace_that_is_not_valid_is_told_with_the_place(
    ringbook: Ringbook, tmp_path: Path, text: str, place: str
) -> None:
    file = tmp_path / "w.toml"
    file.write_text(text)
    for command in (("apply", file), ("serve", "--workspace", file)):
        told = _refused(ringbook(*command, "--data", tmp_path / "data"))
        assert told.startswith(f"{file}: ")
        assert place in told
    assert not (tmp_path / "data").exists()


def test_a_workspace_that_cannot_be_read_is_named(ringbook: Ringbook, tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert _refused(ringbook("apply", missing)) == f"{missing} cannot be read: No such file or directory.\n"
    assert _refused(ringbook("apply", tmp_path)) == f"{tmp_path} cannot be read: Is a directory.\n"
    (tmp_path / "latin.toml").write_bytes(b"# Stra\xdfe")
    assert "it is not UTF-8 text (byte 6)" in _refused(ringbook("apply", tmp_path / "latin.toml"))


def test_a_folder_that_cannot_be_one_is_named(ringbook: Ringbook, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file: give a folder with --data." in _refused(ringbook("check", "--data", tmp_path / "file"))
    assert "is not a folder" in _refused(ringbook("check", "--data", tmp_path / "file" / "below"))


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("no key\n")
    with pytest.raises(Invalid, match=r"is no key file: put it back from a backup\."):
        Place(tmp_path, None).passwords()


def test_two_who_make_the_key_file_have_the_same_key(tmp_path: Path) -> None:
    first = Place(tmp_path / "data", None).passwords()
    second = Place(tmp_path / "data", None).passwords()
    assert second.opened_ha1(first.digest_ha1("kim", "demo", "secret"))
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://kim@127.0.0.1:1/book", "The database cannot be reached: "),
        ("postgresql://kim@nowhere.invalid/book", "The database cannot be reached: "),
        ("book", "The database cannot be reached: invalid DSN"),
        ("mysql://127.0.0.1/book", "The database cannot be reached: invalid DSN"),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_sentence(ringbook: Ringbook, url: str, sentence: str) -> None:
    for command in ("check", "migrate"):
        assert _refused(ringbook(command, "--database", url)).startswith(sentence)


def test_a_database_that_refuses_a_user_is_one_sentence(ringbook: Ringbook, database: tuple[Path, str]) -> None:
    dsn = database[1]
    _as_admin(dsn, "CREATE ROLE guest LOGIN", "CREATE DATABASE empty TEMPLATE template0")
    guest = dsn.replace("//ringbook@", "//guest@").replace("/ringbook?", "/empty?")
    stranger = dsn.replace("//ringbook@", "//stranger@")
    urls = (guest, stranger, dsn.replace("/ringbook?", "/nothing?"))
    assert [_refused(ringbook("check", "--database", url)) for url in urls] == [
        "The database refused: permission denied for schema public.\n",
        'The database cannot be reached: role "stranger" does not exist.\n',
        'The database cannot be reached: database "nothing" does not exist.\n',
    ]


def test_a_database_from_a_newer_ringbook_is_refused(ringbook: Ringbook, database: tuple[Path, str]) -> None:
    dsn = database[1]
    _as_admin(dsn, "CREATE DATABASE newer TEMPLATE template0")
    newer = dsn.replace("/ringbook?", "/newer?")
    assert ringbook("migrate", "--database", newer).out.startswith("Applied 0001_")
    insert = "INSERT INTO schema_migration (number, name, digest) VALUES (9999, '9999_later', 'x')"
    _as_admin(newer, insert)
    refused = _refused(ringbook("check", "--database", newer))
    assert refused.startswith("This database was written by a newer Ringbook (it has 9999_later)")


def test_an_older_schema_is_upgraded_by_serve_and_migrate_alone(ringbook: Ringbook, database: tuple[Path, str]) -> None:
    dsn = database[1]
    _as_admin(dsn, "CREATE DATABASE older TEMPLATE template0")
    older = dsn.replace("/ringbook?", "/older?")
    ringbook("migrate", "--database", older)
    _as_admin(older, "DELETE FROM schema_migration WHERE number = (SELECT max(number) FROM schema_migration)")
    refused = _refused(ringbook("lookup", "330-555-0147", "--database", older))
    assert refused.startswith("The database's schema is older than this Ringbook: `ringbook serve` or")


def test_a_secret_that_was_made_is_told_though_a_later_step_is_refused(
    ringbook: Ringbook, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "south.toml"
    campaign = '[[campaigns]]\nname = "Calls"\nlists = ["nowhere.csv"]\n'
    text = WORKSPACE.replace("north", "south") + '[[keys]]\nname = "crm"\nfor = "native"\n' + campaign
    file.write_text(text)
    stopped = ringbook("apply", file, "--data", data, "--json")
    assert (stopped.code, stopped.err.count("\n")) == (1, 1)
    assert [step["secret"][:3] for step in json.loads(stopped.out)["steps"] if step["secret"]] == ["rb_"]


def test_data_of_another_postgresql_is_refused(ringbook: Ringbook, tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres-99"
    cluster.mkdir(parents=True)
    assert f"was made by PostgreSQL 99 and this Ringbook has {find_programs().major}" in _refused(
        ringbook("check", "--data", tmp_path / "data")
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("serve", "--host", "nowhere.invalid"), "Cannot listen on nowhere.invalid:8080: "),
        (("serve", "--host", "192.0.2.1"), "Cannot listen on 192.0.2.1:8080: Cannot assign requested address."),
    ],
)
def test_an_address_that_is_not_ours_is_refused(
    ringbook: Ringbook, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert _refused(ringbook(*arguments, "--data", tmp_path / "data")).startswith(sentence)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "70000"),
        ("serve", "--workers", "0"),
        ("key", "create", "x", "--for", "fax"),
        ("nothing",),
        ("lookup",),
    ],
)
def test_wrong_usage_exits_2(ringbook: Ringbook, arguments: tuple[str, ...]) -> None:
    told = ringbook(*arguments)
    assert (told.code, told.out) == (2, "")
    assert "Traceback" not in told.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder that is another's")
def test_a_key_file_made_by_root_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", nobody.pw_uid, nobody.pw_gid)
    Place(tmp_path / "data", None).passwords()
    assert (tmp_path / "data" / "secret.key").stat().st_uid == nobody.pw_uid


def _json(told: Told) -> Any:
    assert (told.code, told.err) == (0, "")
    return json.loads(told.out)


def _refused(told: Told) -> str:
    """The one sentence on standard error."""
    assert (told.code, told.out) == (1, ""), told
    assert told.err.count("\n") == 1, told.err
    return told.err


def _as_admin(dsn: str, *statements: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(dsn)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(work())
