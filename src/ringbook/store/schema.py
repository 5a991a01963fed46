"""A tenant's attributes and mapping conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg

from ringbook.domain.mapping import Condition
from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.domain.schema import PREDEFINED, Attribute, Schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx


_ATTRIBUTE = (
    "id, key, label, type, predefined, required, is_unique, searchable, default_value, max_length, pii, position, "
    "description, channel_identifier, created_second, aliases"
)


async def schema(tx: Tx, tenant_id: int) -> Schema:
    """The visible attributes, in order."""
    rows = await tx.fetch(
        f"""
        SELECT {_ATTRIBUTE}
          FROM attribute
         WHERE tenant_id = $1
           AND hidden_at IS NULL
         ORDER BY position, id
        """,
        tenant_id,
    )
    return Schema(map(_attribute, rows))


async def lock(tx: Tx, tenant_id: int) -> None:
    """Hold the tenant's schema until the transaction ends, so that two who change it do so one after the other."""
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)


async def for_writing(tx: Tx, tenant_id: int) -> Schema:
    """The visible attributes, which stay as they are until the transaction ends: keep_writers_out() waits for it.

    Two statements: what is read together with the lock is as it was before the wait for it.
    """
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR KEY SHARE", tenant_id)
    return await schema(tx, tenant_id)


async def keep_writers_out(tx: Tx, tenant_id: int) -> None:
    """Wait for those who write contacts by the present schema, and let others wait until the transaction ends."""
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR UPDATE", tenant_id)


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


async def add_attribute(tx: Tx, tenant_id: int, attribute: Attribute, submitted_type: str) -> Attribute:
    """A new attribute: the last in order, unless it says where it is."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO attribute (tenant_id, created_second, key, label, type, submitted_type, required, is_unique,
                               searchable, default_value, max_length, pii, description, channel_identifier, position)
        SELECT $1, floor(extract(epoch FROM ringbook_now($1)))::int, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
               $13, CASE WHEN $14 > 0 THEN $14
                         ELSE COALESCE((SELECT max(position) + 1 FROM attribute WHERE tenant_id = $1), 1)
                    END
        RETURNING {_ATTRIBUTE}
        """,
        tenant_id,
        *_facts(attribute, submitted_type),
    )
    assert row is not None
    return _attribute(row)


async def change_attribute(tx: Tx, tenant_id: int, attribute: Attribute, submitted_type: str) -> Attribute:
    """The attribute of this id with these facts; a hidden one is visible again."""
    row = await tx.fetchrow(
        f"""
        UPDATE attribute
           SET key = $2,
               label = $3,
               type = $4,
               submitted_type = $5,
               required = $6,
               is_unique = $7,
               searchable = $8,
               default_value = $9,
               max_length = $10,
               pii = $11,
               description = $12,
               channel_identifier = $13,
               position = CASE WHEN $14 > 0 THEN $14 ELSE position END,
               aliases = $15,
               hidden_at = NULL
         WHERE tenant_id = $1
           AND id = $16
        RETURNING {_ATTRIBUTE}
        """,
        tenant_id,
        *_facts(attribute, submitted_type),
        list(attribute.aliases),
        attribute.id,
    )
    assert row is not None
    return _attribute(row)


async def put_aliases(tx: Tx, tenant_id: int, attribute_id: int, aliases: Sequence[str]) -> None:
    """Let the attribute be known by these former keys, and no other."""
    await tx.execute(
        "UPDATE attribute SET aliases = $3 WHERE tenant_id = $1 AND id = $2", tenant_id, attribute_id, list(aliases)
    )


async def hidden(tx: Tx, tenant_id: int, key: str) -> Attribute | None:
    """The hidden attribute of this key, if there is one."""
    row = await tx.fetchrow(
        f"SELECT {_ATTRIBUTE} FROM attribute WHERE tenant_id = $1 AND key = $2 AND hidden_at IS NOT NULL",
        tenant_id,
        key,
    )
    return None if row is None else _attribute(row)


async def all_hidden(tx: Tx, tenant_id: int) -> list[Attribute]:
    """The attributes that were taken out of the schema, in order."""
    rows = await tx.fetch(
        f"""
        SELECT {_ATTRIBUTE}
          FROM attribute
         WHERE tenant_id = $1
           AND hidden_at IS NOT NULL
         ORDER BY position, id
        """,
        tenant_id,
    )
    return [_attribute(row) for row in rows]


async def hide_attribute(tx: Tx, tenant_id: int, attribute: Attribute) -> list[Condition]:
    """Take an attribute out of the schema and disable the conditions that use it; those conditions."""
    await tx.execute(
        "UPDATE attribute SET hidden_at = ringbook_now($1) WHERE tenant_id = $1 AND id = $2", tenant_id, attribute.id
    )
    rows = await tx.fetch(
        f"""
        UPDATE mapping
           SET disabled_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND key = ANY ($2::text[])
           AND disabled_at IS NULL
        RETURNING {_CONDITION}
        """,
        tenant_id,
        [attribute.key, *attribute.aliases],
    )
    return sorted(map(_condition, rows), key=lambda condition: condition.id)


async def is_loose(tx: Tx, tenant_id: int, key: str) -> bool:
    """Whether contacts may hold values of this key although the schema lacks it."""
    return bool(await tx.fetchval("SELECT 1 FROM loose_key WHERE tenant_id = $1 AND key = $2", tenant_id, key))


async def note_loose(tx: Tx, tenant_id: int, keys: Sequence[str]) -> None:
    """Note that contacts hold values of keys that the schema lacks."""
    await tx.execute(
        """
        INSERT INTO loose_key (tenant_id, key)
        SELECT $1, key
          FROM unnest($2::text[]) AS k (key)
         ORDER BY key
        ON CONFLICT DO NOTHING
        """,
        tenant_id,
        keys,
    )


async def settle_loose(tx: Tx, tenant_id: int, key: str) -> None:
    """The key is the schema's now."""
    await tx.execute("DELETE FROM loose_key WHERE tenant_id = $1 AND key = $2", tenant_id, key)


def _facts(attribute: Attribute, submitted_type: str) -> tuple[object, ...]:
    return (
        attribute.key,
        attribute.label,
        attribute.type,
        submitted_type,
        attribute.required,
        attribute.unique,
        attribute.searchable,
        attribute.default,
        attribute.max_length,
        attribute.pii,
        attribute.description,
        attribute.channel_identifier,
        attribute.order,
    )


def _attribute(row: asyncpg.Record) -> Attribute:
    return Attribute(
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
        pii=row["pii"],
        order=row["position"],
        description=row["description"],
        channel_identifier=row["channel_identifier"],
        created_second=row["created_second"],
        aliases=tuple(row["aliases"]),
    )


# ---- Mapping

_CONDITION = "id, call_var, call_variable, key, var_number, created_second, disabled_at IS NULL AS enabled"


async def conditions(tx: Tx, tenant_id: int, *, disabled: bool = False) -> list[Condition]:
    """The mapping conditions that take part, and the `disabled` ones if asked, in the order they were made."""
    rows = await tx.fetch(
        f"SELECT {_CONDITION} FROM mapping WHERE tenant_id = $1 AND (disabled_at IS NULL OR $2) ORDER BY id",
        tenant_id,
        disabled,
    )
    return [_condition(row) for row in rows]


async def condition(tx: Tx, tenant_id: int, condition_id: int) -> Condition:
    """A condition, also a disabled one, held until the transaction ends; Missing if there is none."""
    row = None
    if fits(condition_id):
        row = await tx.fetchrow(
            f"SELECT {_CONDITION} FROM mapping WHERE tenant_id = $1 AND id = $2 FOR UPDATE", tenant_id, condition_id
        )
    if row is None:
        raise Missing
    return _condition(row)


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


async def change_condition(tx: Tx, tenant_id: int, changed: Condition) -> None:
    """Write these texts over the condition's own; it takes part from now on."""
    await tx.execute(
        """
        UPDATE mapping
           SET call_var = $3,
               call_variable = $4,
               key = $5,
               var_number = $6,
               disabled_at = NULL
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        changed.id,
        changed.call_var,
        changed.call_variable,
        changed.key,
        changed.var_number,
    )


async def disable_condition(tx: Tx, tenant_id: int, condition_id: int) -> None:
    """Have a condition take part no more; it stays."""
    await tx.execute(
        "UPDATE mapping SET disabled_at = ringbook_now($1) WHERE tenant_id = $1 AND id = $2 AND disabled_at IS NULL",
        tenant_id,
        condition_id,
    )


async def rename_in_conditions(tx: Tx, tenant_id: int, before: str, after: str) -> None:
    """Let the conditions of a renamed attribute follow it; one that would be there twice goes."""
    await tx.execute(
        """
        DELETE FROM mapping m
         USING mapping o
         WHERE m.tenant_id = $1
           AND m.key = $2
           AND o.tenant_id = $1
           AND o.key = $3
           AND o.call_var = m.call_var
           AND o.call_variable = m.call_variable
           AND o.var_number = m.var_number
        """,
        tenant_id,
        before,
        after,
    )
    await tx.execute("UPDATE mapping SET key = $3 WHERE tenant_id = $1 AND key = $2", tenant_id, before, after)


async def drop_condition(tx: Tx, tenant_id: int, condition_id: int) -> None:
    gone = await tx.execute("DELETE FROM mapping WHERE tenant_id = $1 AND id = $2", tenant_id, condition_id)
    if gone == "DELETE 0":
        raise Missing


def _condition(row: asyncpg.Record) -> Condition:
    return Condition(
        row["id"],
        row["call_var"],
        row["call_variable"],
        row["key"],
        row["var_number"],
        row["created_second"],
        row["enabled"],
    )
