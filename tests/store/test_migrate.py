"""Migrations: once, by whoever comes first, and never against what a database says of itself."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from ringbook.domain.schema import PREDEFINED, Attribute, Schema
from ringbook.domain.text import words
from ringbook.store.contacts import Entry, search_entries
from ringbook.store.embedded import EmbeddedServer
from ringbook.store.migrate import CannotMigrate, migrate, migrations
from tests.store.conftest import Connection, connect, make_database

ALL = [migration.name for migration in migrations()]


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [m.number for m in migrations()] == list(range(1, len(ALL) + 1))


async def test_an_empty_database_gets_all_and_a_current_one_none(empty: Connection) -> None:
    assert await migrate(empty) == ALL
    assert await migrate(empty) == []


async def test_of_two_that_come_at_once_one_migrates_and_the_other_waits(server: EmbeddedServer) -> None:
    name = await make_database(server)
    connections = [await connect(server, name) for _ in range(3)]
    applied = await asyncio.gather(*map(migrate, connections))
    assert sorted(applied) == [[], [], ALL]
    for connection in connections:
        await connection.close()


async def test_a_newer_database_is_refused_in_one_sentence(empty: Connection) -> None:
    await migrate(empty)
    await empty.execute("INSERT INTO schema_migration (number, name, digest) VALUES (9999, '9999_later', 'x')")
    with pytest.raises(CannotMigrate) as told:
        await migrate(empty)
    assert told.value.message == (
        "This database was written by a newer Ringbook (it has 9999_later): install that version, or restore a backup."
    )


async def test_a_migration_that_was_applied_with_another_text_is_refused(empty: Connection) -> None:
    await migrate(empty)
    await empty.execute("UPDATE schema_migration SET digest = 'x' WHERE number = 2")
    with pytest.raises(CannotMigrate, match=f"^Migration {ALL[1]} was applied with another text"):
        await migrate(empty)


async def test_a_database_that_is_behind_gets_what_is_missing_and_keeps_its_rows(empty: Connection) -> None:
    first = migrations()[0]
    await migrate(empty)
    await empty.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await empty.execute(
        "CREATE TABLE schema_migration (number integer PRIMARY KEY, name text, digest text, applied_at timestamptz)"
    )
    await empty.execute(first.sql)
    await empty.execute(
        "INSERT INTO schema_migration VALUES ($1, $2, $3, now())", first.number, first.name, first.digest
    )
    await empty.execute("INSERT INTO tenant (slug, name, region, time_zone) VALUES ('old', 'Old', 'US', 'UTC')")
    assert await migrate(empty) == ALL[1:]
    assert await empty.fetchval("SELECT name FROM tenant") == "Old"


async def test_a_migration_that_fails_leaves_nothing_behind(empty: Connection) -> None:
    await empty.execute("CREATE TABLE leg (n int)")  # in the way of the last one
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(empty)
    tables = await empty.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tablename"] for row in tables] == ["leg"]


async def test_what_was_told_of_before_is_told_in_its_order_and_one_after_the_other(empty: Connection) -> None:
    told = next(m for m in migrations() if m.name == "0010_told")
    for migration in migrations()[: told.number - 1]:
        await empty.execute(migration.sql)
    await empty.execute(
        """
        INSERT INTO campaign_record (tenant_id, id, campaign_id, list_id, record_id, created_at, changed_at,
                                     last_attempt_at, completed_at)
        SELECT 1, n, 1, 1, n, now(), '2026-03-02 12:00Z', CASE WHEN n <= 2 THEN now() END,
               CASE WHEN n = 3 THEN now() END
          FROM generate_series(1, 4) AS n
        """
    )
    await empty.execute(told.sql)
    rows = await empty.fetch("SELECT id, told_at - '2026-03-02 12:00Z' AS late FROM campaign_record ORDER BY id")
    assert [row["late"] and row["late"].total_seconds() for row in rows[1:]] == [0.001, 0.002, None]
    assert rows[0]["late"].total_seconds() == 0


async def test_words_that_a_name_begins_with_lose_their_entries_and_no_others_do(empty: Connection) -> None:
    migration = next(m for m in migrations() if m.name == "0022_words_of_names")
    for before in migrations()[: migration.number - 1]:
        await empty.execute(before.sql)
    schema = Schema(Attribute(n, key, label, kind) for n, (key, label, kind) in enumerate(PREDEFINED, start=1))
    await empty.executemany(
        """
        INSERT INTO attribute (tenant_id, id, created_second, key, label, type, submitted_type, position)
        VALUES (1, $1::int, 1, $2, $2, 'Text', 'Text', $1)
        """,
        [(attribute.id, attribute.key) for attribute in schema.attributes],
    )
    names = ("Ada", "ada maria", "O'Brien", "Dr. Ada", "_a", "Zoë", "x" * 70, f"{'long ' * 90}tail", "!", "")
    contacts = [{"first_name": first, "last_name": last, "city": "Ada"} for first in names for last in names]
    for contact_id, contact in enumerate(contacts, start=1):
        spelled: set[Entry] = {(0, word) for key in ("first_name", "last_name") for word in words(contact[key])}
        rows = [(*entry, contact_id) for entry in spelled | search_entries(schema, contact)]
        await empty.executemany("INSERT INTO contact_search VALUES (1, $1, $2, $3)", rows)
    await empty.execute(migration.sql)
    assert await empty.fetchval("SHOW enable_nestloop") == "on"
    found = await empty.fetch("SELECT contact_id, attribute_id, folded FROM contact_search")
    wanted = {(n, *entry) for n, contact in enumerate(contacts, 1) for entry in search_entries(schema, contact)}
    assert {tuple(row) for row in found} == wanted
