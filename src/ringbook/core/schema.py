"""The schema of contacts and the mapping of call variables to it."""

from __future__ import annotations

from ringbook.core.context import Context
from ringbook.domain.mapping import PHONE, Condition
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.schema import KEY, RESERVED_KEYS, Attribute, fault_of
from ringbook.domain.schema import Schema as Attributes
from ringbook.store import journal
from ringbook.store import schema as stored


class Schema:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def attributes(self) -> Attributes:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.schema(tx, self._context.tenant.id)

    async def put(self, attribute: Attribute, submitted_type: str) -> bool:
        """Create the attribute of this key, or change it; whether it is new.

        Conflict for a predefined one, and for another type than the stored values were checked against.
        """
        self._context.require("admin")
        if not KEY.fullmatch(attribute.key) or attribute.key in RESERVED_KEYS:
            raise Invalid("A key has letters, digits and _, 64 at most, and does not begin with a digit.", field="key")
        fault = attribute.default and fault_of(attribute, attribute.default)
        if fault:
            raise Invalid(f"The default of {attribute.key} {fault}.", field="default")
        async with self._context.database.transaction() as tx:
            before = (await stored.schema(tx, self._context.tenant.id)).by_key.get(attribute.key)
            if before is not None and before.predefined:
                raise Conflict(f"{attribute.key} is predefined.")
            known = before.type if before else await stored.type_of_hidden(tx, self._context.tenant.id, attribute.key)
            if known is not None and known != attribute.type:
                raise Conflict(f"{attribute.key} has the type {known}; changing it needs its values converted.")
            await stored.put_attribute(tx, self._context.tenant.id, attribute, submitted_type)
            after = (await stored.schema(tx, self._context.tenant.id)).by_key[attribute.key]
            if after != before:
                await journal.record(tx, self._context.author, "attribute", after.id, before, after)
            return before is None

    async def hide(self, key: str) -> None:
        """Take an attribute away; its values come back if it is created again. Conflict for a predefined one."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = (await stored.schema(tx, self._context.tenant.id)).by_key.get(key)
            if before is None:
                return
            if before.predefined:
                raise Conflict(f"{key} is predefined.")
            await stored.hide_attribute(tx, self._context.tenant.id, key)
            await journal.record(tx, self._context.author, "attribute", before.id, before, None)

    async def conditions(self) -> list[Condition]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.conditions(tx, self._context.tenant.id)

    async def add_condition(self, call_var: str, call_variable: str, key: str, var_number: str) -> bool:
        """Map a call variable to an attribute; False if the same condition was there."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            schema = await stored.schema(tx, self._context.tenant.id)
            if key != PHONE and key not in schema.by_key:
                raise Invalid("The schema has no such attribute.", field="key")
            texts = (call_var, call_variable, key, var_number)
            added = await stored.add_condition(tx, self._context.tenant.id, *texts)
            if added:
                made = next(
                    c
                    for c in await stored.conditions(tx, self._context.tenant.id)
                    if (c.call_var, c.call_variable, c.key, c.var_number) == texts
                )
                await journal.record(tx, self._context.author, "mapping", made.id, None, made)
            return added

    async def drop_condition(self, condition_id: int) -> None:
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = [c for c in await stored.conditions(tx, self._context.tenant.id) if c.id == condition_id]
            await stored.drop_condition(tx, self._context.tenant.id, condition_id)
            await journal.record(tx, self._context.author, "mapping", condition_id, before, None)
