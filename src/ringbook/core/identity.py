"""Who is it: the rule by which every writer finds the contact it is about (docs/architecture.md, "Who is it")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ringbook.core.context import Context
from ringbook.domain.contact import Contact, Identity, check_size
from ringbook.domain.linking import identity_keys
from ringbook.domain.phone import Phone, match_keys_of
from ringbook.domain.problems import Conflict
from ringbook.domain.schema import Schema, searchable_text
from ringbook.domain.text import search_key
from ringbook.store import contacts as stored
from ringbook.store import identity as identities
from ringbook.store import interactions, journal

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_FEWEST_DIGITS = 3
"""What has fewer is no number, not even an extension."""


async def recognise(
    tx: Tx,
    context: Context,
    schema: Schema,
    customer_id: str | None,
    phones: Iterable[Phone],
    values: Mapping[str, Any],
    *,
    same_digits: bool = False,
) -> Identity:
    """The contact that a customer id or these numbers mean, held so that no second writer makes it too.

    Unique attributes among `values` are held as well. A choice among several contacts is journalled. `same_digits`:
    numbers need not be valid, equal digits are the same number.
    """
    phones = list(phones)
    keys = identifying(context, phones, same_digits=same_digits)
    held = [*held_keys(schema, customer_id, phones, values), *keys]
    await identities.lock_identity(tx, context.tenant.id, held)
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
    check_size(attributes, {})
    await refuse_taken(tx, context, schema, attributes, besides=0)
    contact = await stored.insert(tx, schema, context.tenant.id, attributes)
    await number(tx, context, schema, contact.id, {}, attributes)
    await journal.record(tx, context.author, "contact", contact.id, None, dict(attributes) | dict(origin or {}))
    return contact


async def change(tx: Tx, context: Context, schema: Schema, before: Contact, values: Mapping[str, Any]) -> Contact:
    """`before` with `values` written over its own (None clears one); itself when nothing changes."""
    attributes = {k: v for k, v in (before.attributes | dict(values)).items() if v is not None}
    schema.check_required(attributes, [key for key in values if key in schema.by_key])
    return await overwrite(tx, context, schema, before, attributes)


async def overwrite(tx: Tx, context: Context, schema: Schema, before: Contact, attributes: dict[str, Any]) -> Contact:
    """`before` with these attributes and no others; itself when nothing changes. The journal has what was there."""
    if attributes == before.attributes:
        return before
    check_size(attributes, before.attributes)
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
    await interactions.link_unknown(tx, context.tenant.id, {p.match_key: contact_id for p in phones if p.identifies})


async def refuse_taken(tx: Tx, context: Context, schema: Schema, attributes: Mapping[str, Any], besides: int) -> None:
    """Conflict if another contact has one of the values that the schema calls unique."""
    for attribute in schema.unique:
        folded = searchable_text(attribute, attributes.get(attribute.key))
        if folded and await identities.holder_of(tx, context.tenant.id, (attribute.id, folded), besides):
            raise Conflict(f"Another contact has this {attribute.key}.", field=attribute.key)


def held_keys(schema: Schema, customer_id: str | None, phones: Iterable[Phone], values: Mapping[str, Any]) -> list[str]:
    """What a writer of these holds: identifying numbers, the customer id, and values that the schema calls unique."""
    return identity_keys(schema, search_key(customer_id or ""), phones, values)


def identifying(context: Context, phones: Iterable[Phone], *, same_digits: bool = False) -> list[str]:
    """The keys under which these numbers say who somebody is: valid ones do, or with `same_digits` any with digits.

    A text that has digits, `Room 12`, says nothing, nor do one or two digits (contracts/cim.md 2.8).
    """
    if not same_digits:
        return sorted({phone.match_key for phone in phones if phone.identifies})
    told = [
        phone for phone in phones if phone.identifies or (len(phone.digits) >= _FEWEST_DIGITS and not phone.literal)
    ]
    keys = {key for phone in told for key in match_keys_of(phone, context.tenant.region)}
    return sorted(key for key in keys if not key.startswith("t"))


def phones_of(context: Context, schema: Schema, values: Mapping[str, Any]) -> list[Phone]:
    return [context.phone(values[key]) for key in values if key in schema.phone_keys and values[key]]
