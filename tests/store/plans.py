"""What PostgreSQL does for a statement whatever its parameters are, as the names of indexes and scanned tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ringbook.store.database import Tx


_ARBITERS = "Conflict Arbiter Indexes"


class Plan(NamedTuple):
    sql: str
    scanned: frozenset[str]
    """The tables that are read from end to end."""
    indexes: frozenset[str]


async def plan_of(tx: Tx, sql: str, parameters: int) -> Plan:
    """The generic plan of a statement: the one that a prepared statement keeps."""
    await tx.execute("SET plan_cache_mode = force_generic_plan")
    await tx.execute(f"PREPARE asked AS {sql}")
    arguments = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    try:
        found = json.loads(await tx.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{arguments}"))
    finally:
        await tx.execute("DEALLOCATE asked")
        await tx.execute("RESET plan_cache_mode")
    nodes = list(nodes_of(found[0]["Plan"]))
    return Plan(
        sql,
        frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        frozenset(name for node in nodes for name in (node.get("Index Name"), *node.get(_ARBITERS, ())) if name),
    )


async def plans_of(tx: Tx, use: Callable[[Tx], Awaitable[object]]) -> list[Plan]:
    """The plans of all statements that a piece of the store runs."""
    ran: list[tuple[str, int]] = []
    with tx.query_logger(lambda query: ran.append((query.query, len(query.args or ())))):
        await use(tx)
        await asyncio.sleep(0)  # the driver tells its loggers on the next turn
    return [await plan_of(tx, sql, n) for sql, n in ran if not sql.startswith(("SAVEPOINT", "RELEASE"))]


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)
