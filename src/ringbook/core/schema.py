"""The schema of contacts and the mapping of call variables to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import attribute_values
from ringbook.core.context import Context
from ringbook.domain.criteria import VIRTUAL_KEYS
from ringbook.domain.mapping import LONGEST_VARIABLE, MOST_CONDITIONS, PHONE, Condition
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.domain.schema import KEY, RESERVED_KEYS, Attribute, TooManyAttributes, fault_of
from ringbook.domain.schema import Schema as Attributes
from ringbook.store import journal
from ringbook.store import schema as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_LONGEST_LABEL = 200
MOST_ATTRIBUTES = 500


@dataclass(frozen=True, slots=True)
class Hidden:
    """An attribute that was taken out of the schema, and the conditions that no longer take part."""

    attribute: Attribute
    disabled: list[Condition]


class Schema:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def attributes(self) -> Attributes:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.schema(tx, self._tenant_id)

    async def attribute(self, attribute_id: int) -> Attribute:
        """One visible attribute."""
        return _with_id((await self.attributes()).attributes, attribute_id)

    async def hidden(self) -> list[Attribute]:
        """The attributes that were taken out, whose values come back with them."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.all_hidden(tx, self._tenant_id)

    async def put(self, attribute: Attribute, submitted_type: str) -> bool:
        """Create the attribute of this key, or change it; whether it is new.

        Conflict for a predefined one, and for another type where a stored value cannot have it.
        """
        self._context.require("admin")
        _check(attribute)
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            schema = await stored.schema(tx, self._tenant_id)
            before = schema.by_key.get(attribute.key)
            if before is None:
                await self._create(tx, schema, attribute, submitted_type, MOST_ATTRIBUTES)
                return True
            if before.predefined:
                raise Conflict(f"{attribute.key} is predefined.")
            after = msgspec.structs.replace(
                attribute,
                id=before.id,
                order=attribute.order or before.order,
                created_second=before.created_second,
                aliases=before.aliases,
            )
            await self._change(tx, schema, before, after, submitted_type)
            return False

    async def create(
        self, attribute: Attribute, submitted_type: str, *, most_custom: int = MOST_ATTRIBUTES
    ) -> Attribute:
        """A new attribute; Conflict where its key is taken. A hidden one comes back, with its values."""
        self._context.require("admin")
        _check(attribute)
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            schema = await stored.schema(tx, self._tenant_id)
            if attribute.key in schema.by_key:
                raise Conflict(f"There is an attribute {attribute.key} already.", field="key")
            return await self._create(tx, schema, attribute, submitted_type, most_custom)

    async def change(
        self,
        attribute_id: int,
        said: Mapping[str, Any],
        submitted_type: str | None = None,
        *,
        lasting_searchable: bool = False,
    ) -> Attribute:
        """The attribute with the facts that are `said`: another key renames it, another type converts its values.

        What is not said stays as it is, also what somebody else has just changed. The old key goes on being understood.
        Conflict where the key is taken, or a stored value cannot have the type (facts: `count`, `sample`), or a
        predefined attribute would get more than another label. `lasting_searchable`: what is searchable stays so.
        """
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            schema = await stored.schema(tx, self._tenant_id)
            before = _with_id(schema.attributes, attribute_id)
            after = msgspec.structs.replace(before, **said)
            _check(after, before)
            if lasting_searchable and before.searchable and not after.searchable:
                raise Conflict("What is searchable stays so.", field="searchable")
            return await self._change(tx, schema, before, after, submitted_type or after.type)

    async def hide(self, key: str) -> Hidden | None:
        """Take an attribute away; its values come back if it is created again. None if there is none of this key.

        Conflict for a predefined one.
        """
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            before = (await stored.schema(tx, self._tenant_id)).named(key)
            return None if before is None else await self._hide(tx, before)

    async def hide_by_id(self, attribute_id: int) -> Hidden:
        """The same for the attribute of this id; Missing if there is none."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            return await self._hide(tx, _with_id((await stored.schema(tx, self._tenant_id)).attributes, attribute_id))

    async def bring_back(self, attribute_id: int) -> Attribute:
        """A hidden attribute as it was, with its values; Missing if none is hidden under this id."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await self._lock(tx)
            before = _with_id(await stored.all_hidden(tx, self._tenant_id), attribute_id)
            schema = await stored.schema(tx, self._tenant_id)
            return await self._create(tx, schema, before, before.type, MOST_ATTRIBUTES)

    async def conditions(self, *, disabled: bool = False) -> list[Condition]:
        """The conditions that take part, and those that were disabled if asked."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.conditions(tx, self._tenant_id, disabled=disabled)

    async def disable_condition(self, condition_id: int) -> Condition:
        """A condition that stays and takes part no more, until it is changed or made again."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = await stored.condition(tx, self._tenant_id, condition_id)
            after = msgspec.structs.replace(before, enabled=False)
            if before.enabled:
                await stored.disable_condition(tx, self._tenant_id, condition_id)
                await journal.record(tx, self._context.author, "mapping", condition_id, before, after)
            return after

    async def add_condition(self, call_var: str, call_variable: str, key: str, var_number: str) -> bool:
        """Map a call variable to an attribute; False if the same condition was there."""
        return (await self._put_condition(call_var, call_variable, key, var_number))[1]

    async def put_condition(self, variable: str, key: str) -> tuple[Condition, bool]:
        """The condition that maps this call variable to an attribute, and whether it is new."""
        return await self._put_condition("", variable, key, "")

    async def _put_condition(
        self, call_var: str, call_variable: str, key: str, var_number: str
    ) -> tuple[Condition, bool]:
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await stored.lock(tx, self._tenant_id)
            schema = await stored.schema(tx, self._tenant_id)
            texts = (call_var, call_variable, _mapped_key(schema, key), var_number)
            _check_texts(texts)
            known = await stored.conditions(tx, self._tenant_id)
            same = _same(known, texts)
            if same is not None:
                return same, False
            if len(known) >= MOST_CONDITIONS:
                raise Invalid(f"There are {MOST_CONDITIONS} conditions at most.")
            await stored.add_condition(tx, self._tenant_id, *texts)
            made = _same(await stored.conditions(tx, self._tenant_id), texts)
            assert made is not None
            await journal.record(tx, self._context.author, "mapping", made.id, None, made)
            return made, True

    async def change_condition(
        self,
        condition_id: int,
        call_var: str | None,
        call_variable: str | None,
        key: str | None,
        var_number: str | None,
        *,
        created_second: int | None = None,
    ) -> Condition:
        """The condition with these texts (None: its own). One that was disabled takes part again.

        Missing if there is none, or it was made in another second; Conflict if another one says the same.
        """
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            await stored.lock(tx, self._tenant_id)
            before = await stored.condition(tx, self._tenant_id, condition_id)
            _check_second(before, created_second)
            schema = await stored.schema(tx, self._tenant_id)
            after = msgspec.structs.replace(
                before,
                call_var=before.call_var if call_var is None else call_var,
                call_variable=before.call_variable if call_variable is None else call_variable,
                key=_mapped_key(schema, before.key if key is None else key),
                var_number=before.var_number if var_number is None else var_number,
                enabled=True,
            )
            _check_texts((after.call_var, after.call_variable, after.key, after.var_number))
            await stored.change_condition(tx, self._tenant_id, after)
            if after != before:
                await journal.record(tx, self._context.author, "mapping", after.id, before, after)
            return after

    async def drop_condition(self, condition_id: int, *, created_second: int | None = None) -> Condition:
        """Remove a condition, also a disabled one; what it was."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = await stored.condition(tx, self._tenant_id, condition_id)
            _check_second(before, created_second)
            await stored.drop_condition(tx, self._tenant_id, condition_id)
            await journal.record(tx, self._context.author, "mapping", condition_id, before, None)
            return before

    async def _hide(self, tx: Tx, before: Attribute) -> Hidden:
        if before.predefined:
            raise Conflict(f"{before.key} is predefined.")
        disabled = await stored.hide_attribute(tx, self._tenant_id, before)
        await attribute_values.hide(tx, self._context, before)
        told = {"disabled conditions": disabled} if disabled else None
        await journal.record(tx, self._context.author, "attribute", before.id, before, told)
        return Hidden(before, disabled)

    async def _create(
        self, tx: Tx, schema: Attributes, attribute: Attribute, submitted_type: str, most_custom: int
    ) -> Attribute:
        if sum(not known.predefined for known in schema.attributes) >= most_custom:
            raise TooManyAttributes(f"There are {most_custom} attributes of one's own at most.")
        await self._free_alias(tx, schema, attribute.key)
        hidden = await stored.hidden(tx, self._tenant_id, attribute.key)
        loose = await stored.is_loose(tx, self._tenant_id, attribute.key)
        if hidden is None:
            made = await stored.add_attribute(tx, self._tenant_id, attribute, submitted_type)
        else:
            again = msgspec.structs.replace(attribute, id=hidden.id, aliases=())
            made = await stored.change_attribute(tx, self._tenant_id, again, submitted_type)
            await attribute_values.bring_back(tx, self._context, made, hidden.type)
        if hidden is not None or loose:
            await attribute_values.convert(tx, self._context, made, "as they were given" if loose else made.type)
            await attribute_values.refuse_duplicates(tx, self._context, made)
            await stored.settle_loose(tx, self._tenant_id, made.key)
        await journal.record(tx, self._context.author, "attribute", made.id, None, made)
        return made

    async def _change(
        self, tx: Tx, schema: Attributes, before: Attribute, after: Attribute, submitted_type: str
    ) -> Attribute:
        if before.predefined and msgspec.structs.replace(after, label=before.label) != before:
            raise Conflict(f"{before.key} is predefined: only its label can change.")
        if after.key != before.key:
            after = await self._rename(tx, schema, before, after)
        saved = await stored.change_attribute(tx, self._tenant_id, after, submitted_type)
        if after.type != before.type:
            await attribute_values.convert(tx, self._context, saved, before.type)
        if after.unique and (not before.unique or after.type != before.type):
            await attribute_values.refuse_duplicates(tx, self._context, saved)
        if saved != before:
            await journal.record(tx, self._context.author, "attribute", saved.id, before, saved)
        return saved

    async def _rename(self, tx: Tx, schema: Attributes, before: Attribute, after: Attribute) -> Attribute:
        taken = after.key in schema.by_key or await stored.hidden(tx, self._tenant_id, after.key) is not None
        if taken:
            raise Conflict(f"There is an attribute {after.key} already.", field="key")
        if await stored.is_loose(tx, self._tenant_id, after.key) and await attribute_values.is_held(
            tx, self._context, after.key
        ):
            raise Conflict(f"Contacts have values under the key {after.key} already.", field="key")
        if after.key not in before.aliases:
            await self._free_alias(tx, schema, after.key)
        await attribute_values.rename(tx, self._context, before, after.key)
        await stored.rename_in_conditions(tx, self._tenant_id, before.key, after.key)
        kept: Iterable[str] = (alias for alias in (*before.aliases, before.key) if alias != after.key)
        return msgspec.structs.replace(after, aliases=tuple(dict.fromkeys(kept)))

    async def _lock(self, tx: Tx) -> None:
        """Nobody else changes the schema, and nobody writes a contact by what it was."""
        await stored.lock(tx, self._tenant_id)
        await stored.keep_writers_out(tx, self._tenant_id)

    async def _free_alias(self, tx: Tx, schema: Attributes, key: str) -> None:
        """Who takes an old key of another attribute has it alone."""
        owner = schema.named(key)
        if owner is not None:
            left = tuple(alias for alias in owner.aliases if alias != key)
            await stored.put_aliases(tx, self._tenant_id, owner.id, left)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _with_id(attributes: Iterable[Attribute], attribute_id: int) -> Attribute:
    for attribute in attributes:
        if attribute.id == attribute_id:
            return attribute
    raise Missing


def _check(attribute: Attribute, before: Attribute | None = None) -> None:
    renamed = before is None or attribute.key != before.key
    if renamed and attribute.key in VIRTUAL_KEYS:
        raise Invalid(f"{', '.join(VIRTUAL_KEYS)} stand for something else in a search.", field="key")
    if not KEY.fullmatch(attribute.key) or attribute.key in RESERVED_KEYS:
        raise Invalid("A key has letters, digits and _, 64 at most, and does not begin with a digit.", field="key")
    if len(attribute.label) > _LONGEST_LABEL:
        raise Invalid(f"A label has {_LONGEST_LABEL} characters at most.", field="label")
    fault = attribute.default and fault_of(attribute, attribute.default)
    if fault:
        raise Invalid(f"The default of {attribute.key} {fault}.", field="default")


def _mapped_key(schema: Attributes, key: str) -> str:
    """The key that a condition is stored with; Invalid if it names no attribute."""
    attribute = schema.named(key)
    if key != PHONE and attribute is None:
        raise Invalid("The schema has no such attribute.", field="key")
    return key if attribute is None else attribute.key


def _check_texts(texts: Iterable[str]) -> None:
    if any(len(text) > LONGEST_VARIABLE for text in texts):
        raise Invalid(f"A condition's text has {LONGEST_VARIABLE} characters at most.")


def _check_second(condition: Condition, created_second: int | None) -> None:
    if created_second not in (None, condition.created_second):
        raise Missing


def _same(conditions: Iterable[Condition], texts: tuple[str, ...]) -> Condition | None:
    return next((c for c in conditions if (c.call_var, c.call_variable, c.key, c.var_number) == texts), None)
