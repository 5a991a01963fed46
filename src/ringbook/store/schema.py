"""A tenant's attributes and mapping conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringbook.domain.mapping import Condition
from ringbook.domain.problems import Missing
from ringbook.domain.schema import PREDEFINED, Attribute, Schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def schema(tx: Tx, tenant_id: int) -> Schema:
    """The visible attributes, in order."""
    rows = await tx.fetch(
        """
        SELECT id, key, label, type, predefined, required, is_unique, searchable, default_value, max_length
          FROM attribute
         WHERE tenant_id = $1
           AND hidden_at IS NULL
         ORDER BY position, id
        """,
        tenant_id,
    )
    return Schema(
        Attribute(
            id=row["id"],
            key=row["key"],
            label=row["label"],
            type=row["type"],
            predefined=row["predefined"],
            required=row["required"],
            unique=row["is_unique"],
            searchable=row["searchable"],
            default=row["default_value"],
            max_length=row["max_length"],
        )
        for row in rows
    )


async def add_predefined(tx: Tx, tenant_id: int) -> None:
    """Give a new tenant the attributes that every tenant has."""
    await tx.executemany(
        """
        INSERT INTO attribute (tenant_id, created_second, key, label, type, submitted_type, predefined, position)
        SELECT $1, floor(extract(epoch FROM ringbook_now($1)))::int, $2, $3, $4, $4, true, $5
        ON CONFLICT (tenant_id, key) DO NOTHING
        """,
        [(tenant_id, key, label, kind, at) for at, (key, label, kind) in enumerate(PREDEFINED, start=1)],
    )


async def put_attribute(tx: Tx, tenant_id: int, attribute: Attribute, submitted_type: str) -> None:
    """Create the attribute of this key or change it; a hidden one comes back with its values."""
    await tx.execute(
        """
        INSERT INTO attribute (tenant_id, created_second, key, label, type, submitted_type, required, is_unique,
                               searchable, default_value, max_length, position)
        SELECT $1, floor(extract(epoch FROM ringbook_now($1)))::int, $2, $3, $4, $5, $6, $7, $8, $9, $10,
               COALESCE((SELECT max(position) + 1 FROM attribute WHERE tenant_id = $1), 1)
        ON CONFLICT (tenant_id, key) DO UPDATE
           SET label = excluded.label,
               type = excluded.type,
               submitted_type = excluded.submitted_type,
               required = excluded.required,
               is_unique = excluded.is_unique,
               searchable = excluded.searchable,
               default_value = excluded.default_value,
               max_length = excluded.max_length,
               hidden_at = NULL
        """,
        tenant_id,
        attribute.key,
        attribute.label,
        attribute.type,
        submitted_type,
        attribute.required,
        attribute.unique,
        attribute.searchable,
        attribute.default,
        attribute.max_length,
    )


async def type_of_hidden(tx: Tx, tenant_id: int, key: str) -> str | None:
    """The type of the hidden attribute of this key, if there is one."""
    found: str | None = await tx.fetchval(
        "SELECT type FROM attribute WHERE tenant_id = $1 AND key = $2 AND hidden_at IS NOT NULL", tenant_id, key
    )
    return found


async def hide_attribute(tx: Tx, tenant_id: int, key: str) -> None:
    """Take an attribute out of the schema, keeping its values, and disable the conditions that use it."""
    await tx.execute(
        "UPDATE attribute SET hidden_at = ringbook_now($1) WHERE tenant_id = $1 AND key = $2", tenant_id, key
    )
    await tx.execute(
        "UPDATE mapping SET disabled_at = ringbook_now($1) WHERE tenant_id = $1 AND key = $2", tenant_id, key
    )


async def conditions(tx: Tx, tenant_id: int) -> list[Condition]:
    """The mapping conditions that take part, in the order they were made."""
    rows = await tx.fetch(
        """
        SELECT id, call_var, call_variable, key, var_number
          FROM mapping
         WHERE tenant_id = $1
           AND disabled_at IS NULL
         ORDER BY id
        """,
        tenant_id,
    )
    return [Condition(row["id"], row["call_var"], row["call_variable"], row["key"], row["var_number"]) for row in rows]


async def add_condition(tx: Tx, tenant_id: int, call_var: str, call_variable: str, key: str, var_number: str) -> bool:
    """Store a condition; False if the very same one was there. One that was disabled takes part again."""
    status = await tx.execute(
        """
        INSERT INTO mapping (tenant_id, created_second, call_var, call_variable, key, var_number)
        SELECT $1, floor(extract(epoch FROM ringbook_now($1)))::int, $2, $3, $4, $5
        ON CONFLICT (tenant_id, call_var, call_variable, key, var_number) DO UPDATE
           SET disabled_at = NULL
         WHERE mapping.disabled_at IS NOT NULL
        """,
        tenant_id,
        call_var,
        call_variable,
        key,
        var_number,
    )
    return status == "INSERT 0 1"


async def drop_condition(tx: Tx, tenant_id: int, condition_id: int) -> None:
    gone = await tx.execute("DELETE FROM mapping WHERE tenant_id = $1 AND id = $2", tenant_id, condition_id)
    if gone == "DELETE 0":
        raise Missing
