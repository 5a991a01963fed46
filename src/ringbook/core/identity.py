"""Who is it: the rule by which every writer finds the contact it is about (docs/architecture.md, "Who is it")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ringbook.core.context import Context
from ringbook.domain.contact import Contact, Identity
from ringbook.domain.phone import Phone
from ringbook.domain.problems import Conflict
from ringbook.domain.schema import Schema, searchable_text
from ringbook.domain.text import search_key
from ringbook.store import contacts as stored
from ringbook.store import identity as identities
from ringbook.store import interactions, journal

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def recognise(
    tx: Tx,
    context: Context,
    schema: Schema,
    customer_id: str | None,
    phones: Iterable[Phone],
    values: Mapping[str, Any],
) -> Identity:
    """The contact that a customer id or these numbers mean, held so that no second writer makes it too.

    Unique attributes among `values` are held as well. A choice among several contacts is journalled.
    """
    phones = list(phones)
    await identities.lock_identity(tx, context.tenant.id, held_keys(schema, customer_id, phones, values))
    keys = sorted({phone.match_key for phone in phones if phone.identifies})
    identity = await identities.identify(tx, schema, context.tenant.id, customer_id, keys)
    if identity.contact is not None and identity.others:
        chosen = {
            "chosen": identity.contact.id,
            "by": identity.by,
            "among": [identity.contact.id, *identity.others],
        }
        await journal.record(tx, context.author, "identity", identity.contact.id, None, chosen)
    return identity


async def create(
    tx: Tx,
    context: Context,
    schema: Schema,
    values: Mapping[str, Any],
    origin: Mapping[str, Any] | None = None,
) -> Contact:
    """A new contact with these values, found by its numbers from now on; `origin` goes into the journal."""
    attributes = dict(values)
    await refuse_taken(tx, context, schema, attributes, besides=0)
    contact = await stored.insert(tx, schema, context.tenant.id, attributes)
    await number(tx, context, schema, contact.id, {}, attributes)
    await journal.record(tx, context.author, "contact", contact.id, None, dict(attributes) | dict(origin or {}))
    return contact


async def change(tx: Tx, context: Context, schema: Schema, before: Contact, values: Mapping[str, Any]) -> Contact:
    """`before` with `values` written over its own (None clears one); itself when nothing changes."""
    attributes = {k: v for k, v in (before.attributes | dict(values)).items() if v is not None}
    if attributes == before.attributes:
        return before
    schema.check_required(attributes, values)
    await refuse_taken(tx, context, schema, attributes, besides=before.id)
    contact = await stored.update(tx, schema, context.tenant.id, before, attributes)
    await number(tx, context, schema, contact.id, before.attributes, attributes)
    await journal.record(tx, context.author, "contact", contact.id, before.attributes, attributes)
    return contact


async def number(
    tx: Tx,
    context: Context,
    schema: Schema,
    contact_id: int,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Make the contact's phone attributes what it is found by, and give it the unlinked calls of those numbers."""
    changed = [key for key in schema.phone_keys if before.get(key) != after.get(key)]
    phones = {key: context.phone(after[key]) for key in changed if after.get(key)}
    if changed:
        await stored.put_phones(tx, context.tenant.id, contact_id, 0, phones, dropped=changed)
    await adopt_calls(tx, context, contact_id, phones.values())


async def adopt_calls(tx: Tx, context: Context, contact_id: int, phones: Iterable[Phone]) -> None:
    """Link the calls of unknown callers from these numbers to the contact."""
    keys = [phone.match_key for phone in phones if phone.identifies]
    if keys:
        await interactions.link_unknown(tx, context.tenant.id, keys, contact_id)


async def refuse_taken(tx: Tx, context: Context, schema: Schema, attributes: Mapping[str, Any], besides: int) -> None:
    """Conflict if another contact has one of the values that the schema calls unique."""
    for attribute in schema.unique:
        folded = searchable_text(attribute, attributes.get(attribute.key))
        if folded and await identities.holder_of(tx, context.tenant.id, (attribute.id, folded), besides):
            raise Conflict(f"Another contact has this {attribute.key}.", field=attribute.key)


async def without_taken(
    tx: Tx, context: Context, schema: Schema, values: Mapping[str, Any], besides: int
) -> dict[str, Any]:
    """`values` less the unique ones that another contact has: no reason to lose a list record, which keeps them."""
    kept = dict(values)
    for attribute in schema.unique:
        folded = searchable_text(attribute, kept.get(attribute.key))
        if folded and await identities.holder_of(tx, context.tenant.id, (attribute.id, folded), besides):
            del kept[attribute.key]
    return kept


def held_keys(schema: Schema, customer_id: str | None, phones: Iterable[Phone], values: Mapping[str, Any]) -> list[str]:
    """What a writer of these holds: identifying numbers, the customer id, and values that the schema calls unique."""
    folded = ((attribute, searchable_text(attribute, values.get(attribute.key))) for attribute in schema.unique)
    return [
        *(phone.match_key for phone in phones if phone.identifies),
        *(f"u:{attribute.id}:{text}" for attribute, text in folded if text),
        *([f"c:{search_key(customer_id)}"] if customer_id else []),
    ]


def phones_of(context: Context, schema: Schema, values: Mapping[str, Any]) -> list[Phone]:
    return [context.phone(values[key]) for key in values if key in schema.phone_keys and values[key]]
