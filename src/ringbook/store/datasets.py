"""Templates and the data sets under them. Reads go through live_data_set, so what has expired is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from ringbook.domain.dataset import DataSet, Template, Values
from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.store.json_text import json_text
from ringbook.store.lanes import HotStatement

if TYPE_CHECKING:
    from ringbook.store.database import Tx

# What Mindful's get asks, by scope (tenant, template) and number. Index: data_set_pkey. The expiry is what
# live_data_set says, with the time read once instead of for each row.
BY_TEMPLATE = HotStatement(
    "data set",
    """
    SELECT a.n::int, d.number, d.ani, d.ecbt, d.expires_at, d.data_values::text
      FROM unnest($3::text[]) WITH ORDINALITY AS a (number, n)
      JOIN data_set d
        ON d.tenant_id = $1
       AND d.template_id = $2
       AND d.number = a.number
       AND d.expires_at > (SELECT ringbook_now($1))
    """,
)

HOT: Sequence[HotStatement] = (BY_TEMPLATE,)

_TEMPLATE = "id, guid, name, description, retention_seconds, data_keys"
_DATA_SET = "d.id, t.name, d.number, d.ani, d.data_values, d.submitted_at, d.expires_at, d.ecbt"


async def template(tx: Tx, tenant_id: int, template_id: int, *, for_update: bool = False) -> Template:
    if not fits(template_id):
        raise Missing
    row = await tx.fetchrow(
        f"SELECT {_TEMPLATE} FROM template WHERE tenant_id = $1 AND id = $2" + (" FOR UPDATE" if for_update else ""),
        tenant_id,
        template_id,
    )
    if row is None:
        raise Missing
    return _template(row)


async def templates(tx: Tx, tenant_id: int) -> list[Template]:
    rows = await tx.fetch(f"SELECT {_TEMPLATE} FROM template WHERE tenant_id = $1 ORDER BY name", tenant_id)
    return [_template(row) for row in rows]


async def put_template(
    tx: Tx, tenant_id: int, name: str, retention_seconds: float, data_keys: Sequence[str]
) -> tuple[Template, bool]:
    """Create the template of this name or change it; the template, and whether it is new."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO template (tenant_id, name, retention_seconds, data_keys, created_at)
        VALUES ($1, $2, $3, $4, ringbook_now($1))
        ON CONFLICT (tenant_id, name) DO UPDATE
           SET retention_seconds = excluded.retention_seconds,
               data_keys = excluded.data_keys
        RETURNING {_TEMPLATE}, xmax = 0 AS created
        """,
        tenant_id,
        name,
        retention_seconds,
        list(data_keys),
    )
    assert row is not None
    return _template(row), row["created"]


async def describe_template(tx: Tx, tenant_id: int, template_id: int, description: str) -> Template:
    row = await tx.fetchrow(
        f"UPDATE template SET description = $3 WHERE tenant_id = $1 AND id = $2 RETURNING {_TEMPLATE}",
        tenant_id,
        template_id,
        description,
    )
    assert row is not None
    return _template(row)


async def drop_template(tx: Tx, tenant_id: int, template_id: int) -> None:
    await tx.execute("DELETE FROM data_set WHERE tenant_id = $1 AND template_id = $2", tenant_id, template_id)
    await tx.execute("DELETE FROM template WHERE tenant_id = $1 AND id = $2", tenant_id, template_id)


async def submit(tx: Tx, tenant_id: int, template: Template, number: str, match_key: str, values: Values) -> DataSet:
    """Replace whatever this template holds for the number (D-M1): new values, new expiry, no callback."""
    row = await tx.fetchrow(
        """
        INSERT INTO data_set AS d (tenant_id, template_id, number, match_key, ani, data_values, submitted_at,
                                   expires_at)
        SELECT $1, $2, $3, $4, $3, $5::json, now, now + make_interval(secs => $6)
          FROM ringbook_now($1) AS now
        ON CONFLICT (tenant_id, template_id, number) DO UPDATE
           SET match_key = excluded.match_key,
               id = excluded.id,
               ani = excluded.ani,
               data_values = excluded.data_values,
               submitted_at = excluded.submitted_at,
               expires_at = excluded.expires_at,
               ecbt = NULL,
               callback_id = NULL
        RETURNING d.id, d.number, d.ani, d.data_values, d.submitted_at, d.expires_at, d.ecbt
        """,
        tenant_id,
        template.id,
        number,
        match_key,
        json_text(values),
        template.retention_seconds,
    )
    assert row is not None
    return _data_set(row, template.name)


async def of_number(tx: Tx, tenant_id: int, match_key: str) -> list[DataSet]:
    """The live data sets of a number over all templates. Index: data_set_match."""
    rows = await tx.fetch(
        f"""
        SELECT {_DATA_SET}
          FROM live_data_set d
          JOIN template t
            ON t.tenant_id = d.tenant_id
           AND t.id = d.template_id
         WHERE d.tenant_id = $1
           AND d.match_key = $2
         ORDER BY t.name, d.number
        """,
        tenant_id,
        match_key,
    )
    return [_data_set(row, row["name"]) for row in rows]


async def register_callback(
    tx: Tx, tenant_id: int, match_key: str, ecbt: int | None, callback_id: str | None
) -> list[DataSet]:
    """Set the estimate on every live data set of the number; it moves the expiry (D-M16). None takes it back."""
    rows = await tx.fetch(
        f"""
        UPDATE data_set d
           SET ecbt = $3,
               callback_id = COALESCE($4, d.callback_id),
               expires_at = CASE WHEN $3::int IS NULL THEN d.submitted_at ELSE ringbook_now($1) END
                            + make_interval(secs => t.retention_seconds + COALESCE($3::int, 0))
          FROM template t
         WHERE d.tenant_id = $1
           AND d.match_key = $2
           AND d.expires_at > ringbook_now($1)
           AND t.tenant_id = $1
           AND t.id = d.template_id
        RETURNING {_DATA_SET}
        """,
        tenant_id,
        match_key,
        ecbt,
        callback_id,
    )
    return [_data_set(row, row["name"]) for row in rows]


async def move(tx: Tx, tenant_id: int, match_key: str, number: str, new_match_key: str) -> list[DataSet]:
    """Give every live data set of the number another one; it replaces what its template held for that (D-M17)."""
    await tx.execute(
        """
        DELETE FROM data_set d
         USING live_data_set o
         WHERE d.tenant_id = $1
           AND d.number = $3
           AND o.tenant_id = $1
           AND o.match_key = $2
           AND o.template_id = d.template_id
           AND o.number <> $3
        """,
        tenant_id,
        match_key,
        number,
    )
    # Two spellings of the old number under one template cannot both become the new one: the newest stays.
    await tx.execute(
        """
        DELETE FROM data_set d
         USING live_data_set newer
         WHERE d.tenant_id = $1
           AND d.match_key = $2
           AND newer.tenant_id = $1
           AND newer.match_key = $2
           AND newer.template_id = d.template_id
           AND (newer.submitted_at, newer.id) > (d.submitted_at, d.id)
        """,
        tenant_id,
        match_key,
    )
    rows = await tx.fetch(
        f"""
        UPDATE data_set d
           SET number = $3,
               match_key = $4
          FROM template t
         WHERE d.tenant_id = $1
           AND d.match_key = $2
           AND d.expires_at > ringbook_now($1)
           AND t.tenant_id = $1
           AND t.id = d.template_id
        RETURNING {_DATA_SET}
        """,
        tenant_id,
        match_key,
        number,
        new_match_key,
    )
    return [_data_set(row, row["name"]) for row in rows]


async def sweep(tx: Tx, limit: int) -> list[tuple[int, int]]:
    """Remove up to `limit` expired data sets of any tenant: (tenant id, id) of each.

    The expiry is asked for twice, since one that is replaced while the sweep waits for it has a new one.
    """
    rows = await tx.fetch(
        """
        DELETE FROM data_set d
         USING (
                SELECT e.tenant_id, e.template_id, e.number
                  FROM tenant t
                 CROSS JOIN LATERAL (
                        SELECT e.tenant_id, e.template_id, e.number
                          FROM data_set e
                         WHERE e.tenant_id = t.id
                           AND e.expires_at <= ringbook_now(t.id)
                         ORDER BY e.expires_at
                         LIMIT $1
                       ) e
                 LIMIT $1
               ) gone
         WHERE d.tenant_id = gone.tenant_id
           AND d.template_id = gone.template_id
           AND d.number = gone.number
           AND d.expires_at <= ringbook_now(d.tenant_id)
        RETURNING d.tenant_id, d.id
        """,
        limit,
    )
    return [(row["tenant_id"], row["id"]) for row in rows]


def _template(row: asyncpg.Record) -> Template:
    return Template(
        row["id"],
        row["guid"],
        row["name"],
        row["retention_seconds"],
        tuple(row["data_keys"]),
        row["description"],
    )


def _data_set(row: asyncpg.Record, template: str) -> DataSet:
    return DataSet(
        id=row["id"],
        template=template,
        number=row["number"],
        ani=row["ani"],
        values=msgspec.json.decode(row["data_values"], type=Values),
        submitted_at=row["submitted_at"],
        expires_at=row["expires_at"],
        ecbt=row["ecbt"],
    )
