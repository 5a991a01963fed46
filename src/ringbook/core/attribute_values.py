"""What becomes of stored values when their attribute is renamed, gets another type, is hidden, or comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ringbook.core.context import Context
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.schema import Attribute, converted, searchable_text
from ringbook.store import attribute_values as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_SAMPLE = 5


class _Offenders:
    """The values that an attribute cannot have: all are counted, some are told."""

    def __init__(self) -> None:
        self._count = 0
        self._sample: list[Any] = []

    def add(self, value: Any) -> None:
        self._count += 1
        if len(self._sample) < _SAMPLE:
            self._sample.append(value)

    def refuse(self, attribute: Attribute, before: str) -> None:
        """Conflict with the count and the sample, if there is one."""
        if self._count:
            raise Conflict(
                f"{self._count} stored values of {attribute.key} ({before}) cannot become {attribute.type}.",
                field="type",
                count=self._count,
                sample=self._sample,
            )


async def rename(tx: Tx, context: Context, attribute: Attribute, key: str) -> None:
    """Store the attribute's values under another key, each in the place where it was."""
    tenant_id = context.tenant.id
    async for batch in stored.carriers(tx, tenant_id, attribute.key):
        renamed = {
            contact_id: {key if k == attribute.key else k: value for k, value in attributes.items()}
            for contact_id, attributes in batch.items()
        }
        await stored.put_attributes(tx, tenant_id, renamed)
        if attribute.type == "Phone":
            await stored.rename_numbers(tx, tenant_id, batch, attribute.key, key)


async def convert(tx: Tx, context: Context, attribute: Attribute, before: str) -> None:
    """Make the stored values of this key the attribute's; Conflict if one of them cannot be."""
    tenant_id = context.tenant.id
    offenders = _Offenders()
    await stored.drop_entries(tx, tenant_id, attribute.id)
    async for batch in stored.carriers(tx, tenant_id, attribute.key):
        values = _converted(attribute, {n: attributes[attribute.key] for n, attributes in batch.items()}, offenders)
        changed = {
            n: batch[n] | {attribute.key: value} for n, value in values.items() if batch[n][attribute.key] != value
        }
        if changed:
            await stored.put_attributes(tx, tenant_id, changed)
        await _let_find(tx, context, attribute, values)
    offenders.refuse(attribute, before)


async def hide(tx: Tx, context: Context, attribute: Attribute) -> None:
    """Take the attribute's values out of all contacts, and keep them."""
    tenant_id = context.tenant.id
    async for batch in stored.carriers(tx, tenant_id, attribute.key):
        values = {contact_id: attributes.pop(attribute.key) for contact_id, attributes in batch.items()}
        await stored.hide(tx, tenant_id, attribute.id, values)
        await stored.put_attributes(tx, tenant_id, batch)
        if attribute.type == "Phone":
            await stored.put_numbers(tx, tenant_id, batch, attribute.key, {})
    await stored.drop_entries(tx, tenant_id, attribute.id)


async def bring_back(tx: Tx, context: Context, attribute: Attribute, before: str) -> None:
    """Give contacts the values they had before the attribute was hidden; Conflict if one no longer fits it.

    What a contact has been given under this key meanwhile stays.
    """
    tenant_id = context.tenant.id
    offenders = _Offenders()
    async for batch in stored.hidden(tx, tenant_id, attribute.id):
        free = {n: found for n, found in batch.items() if attribute.key not in found[0]}
        values = _converted(attribute, {n: value for n, (_, value) in free.items()}, offenders)
        await stored.put_attributes(tx, tenant_id, {n: free[n][0] | {attribute.key: v} for n, v in values.items()})
    offenders.refuse(attribute, before)
    await stored.drop_hidden(tx, tenant_id, attribute.id)


async def refuse_duplicates(tx: Tx, context: Context, attribute: Attribute) -> None:
    """Conflict if the attribute is to be unique and several contacts have the same value."""
    if attribute.unique and attribute.type != "Phone":
        found = await stored.duplicates(tx, context.tenant.id, attribute.id, _SAMPLE)
        if found:
            raise Conflict(f"Several contacts have the same {attribute.key}.", field="unique", sample=list(found))


async def is_held(tx: Tx, context: Context, key: str) -> bool:
    """Whether a contact holds a value under this key."""
    async for _ in stored.carriers(tx, context.tenant.id, key):
        return True
    return False


def _converted(attribute: Attribute, values: Mapping[int, Any], offenders: _Offenders) -> dict[int, Any]:
    fitting: dict[int, Any] = {}
    for contact_id, value in values.items():
        try:
            fitting[contact_id] = converted(attribute, value)
        except Invalid:
            offenders.add(value)
    return fitting


async def _let_find(tx: Tx, context: Context, attribute: Attribute, values: Mapping[int, Any]) -> None:
    tenant_id = context.tenant.id
    numbers = {n: context.phone(v) for n, v in values.items() if attribute.type == "Phone" and v}
    await stored.put_numbers(tx, tenant_id, values, attribute.key, numbers)
    if attribute.type != "Phone":
        folded = {n: text for n, v in values.items() if (text := searchable_text(attribute, v)) is not None}
        await stored.put_entries(tx, tenant_id, attribute.id, folded)
