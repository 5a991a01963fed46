"""Import settings that were saved under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import msgspec

from ringbook.domain.imports import ImportSettings, Profile
from ringbook.domain.problems import Missing
from ringbook.store.imports import json_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx


MOST_PROFILES = 1000


async def profiles(tx: Tx, tenant_id: int) -> list[Profile]:
    rows = await tx.fetch(
        "SELECT name, settings, changed_at FROM import_profile WHERE tenant_id = $1 ORDER BY name LIMIT $2",
        tenant_id,
        MOST_PROFILES,
    )
    return [_profile(row) for row in rows]


async def profile(tx: Tx, tenant_id: int, name: str, *, for_update: bool = False) -> Profile:
    """The settings of this name; Missing if there are none."""
    row = await tx.fetchrow(
        f"""
        SELECT name, settings, changed_at
          FROM import_profile
         WHERE tenant_id = $1
           AND name = $2
           {"FOR UPDATE" if for_update else ""}
        """,
        tenant_id,
        name,
    )
    if row is None:
        raise Missing("There is no such import profile.", of="profile")
    return _profile(row)


async def put_profile(tx: Tx, tenant_id: int, name: str, settings: ImportSettings) -> Profile:
    row = await tx.fetchrow(
        """
        INSERT INTO import_profile (tenant_id, name, settings, changed_at)
        VALUES ($1, $2, $3::json, ringbook_now($1))
        ON CONFLICT (tenant_id, name) DO UPDATE
           SET settings = excluded.settings,
               changed_at = excluded.changed_at
        RETURNING name, settings, changed_at
        """,
        tenant_id,
        name,
        json_of(settings),
    )
    assert row is not None
    return _profile(row)


async def drop_profile(tx: Tx, tenant_id: int, name: str) -> None:
    await tx.execute("DELETE FROM import_profile WHERE tenant_id = $1 AND name = $2", tenant_id, name)


def _profile(row: asyncpg.Record) -> Profile:
    return Profile(row["name"], msgspec.json.decode(row["settings"], type=ImportSettings), row["changed_at"])
