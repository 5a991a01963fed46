"""The last requests of each key with their answers. An unlogged table: quick to write, and no loss when it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Noted(NamedTuple):
    """A request and its answer, as a worker has noted them."""

    tenant_id: int
    dialect: str
    key_name: str
    request_id: str
    at: datetime
    operation: str
    target: str
    asked: str
    status: int
    answered: str
    milliseconds: float


class Exchange(NamedTuple):
    """A request and its answer, as they are kept: `target` is method, path and query, the others are bodies."""

    id: int
    dialect: str
    key_name: str
    request_id: str
    at: datetime
    operation: str
    target: str
    asked: str
    status: int
    answered: str
    milliseconds: float


async def add(tx: Tx, noted: Sequence[Noted]) -> None:
    await tx.copy_records_to_table("exchange", columns=Noted._fields, records=noted)


async def trim(tx: Tx, tenant_id: int, dialect: str, key_name: str, most: int) -> None:
    """Keep the latest so many of a key. Index: exchange_key."""
    await tx.execute(
        """
        DELETE FROM exchange
         WHERE tenant_id = $1
           AND dialect = $2
           AND key_name = $3
           AND id <= (
               SELECT id
                 FROM exchange
                WHERE tenant_id = $1
                  AND dialect = $2
                  AND key_name = $3
                ORDER BY id DESC
               OFFSET $4
                LIMIT 1
               )
        """,
        tenant_id,
        dialect,
        key_name,
        most,
    )


async def sweep(tx: Tx, seconds: float) -> None:
    """Remove what is older than this by the server's clock, which is the one that noted it. Index: exchange_age."""
    await tx.execute(
        """
        DELETE FROM exchange e
         USING tenant t
         WHERE e.tenant_id = t.id
           AND e.at < ringbook_now(0) - make_interval(secs => $1)
        """,
        seconds,
    )


async def keys(tx: Tx, tenant_id: int) -> list[tuple[str, str]]:
    rows = await tx.fetch(
        "SELECT DISTINCT dialect, key_name FROM exchange WHERE tenant_id = $1 ORDER BY dialect, key_name", tenant_id
    )
    return [(row["dialect"], row["key_name"]) for row in rows]


async def latest(
    tx: Tx,
    tenant_id: int,
    dialect: str | None,
    key_name: str | None,
    request_id: str | None,
    below: int,
    limit: int,
) -> list[Exchange]:
    """The latest first. The table has some hundreds of rows for each key, and no more."""
    rows = await tx.fetch(
        """
        SELECT id, dialect, key_name, request_id, at, operation, target, asked, status, answered, milliseconds
          FROM exchange
         WHERE tenant_id = $1
           AND ($2::text IS NULL OR dialect = $2)
           AND ($3::text IS NULL OR key_name = $3)
           AND ($4::text IS NULL OR request_id = $4)
           AND id < $5
         ORDER BY id DESC
         LIMIT $6
        """,
        tenant_id,
        dialect,
        key_name,
        request_id,
        below,
        limit,
    )
    return [Exchange(*row) for row in rows]
