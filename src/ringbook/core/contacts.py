"""Contacts: written by identity, read by id, in pages, or by what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringbook.core import identity
from ringbook.core.context import Context
from ringbook.domain.contact import Contact
from ringbook.domain.page import FIRST, Cursor
from ringbook.domain.problems import Invalid, Stale
from ringbook.domain.schema import CUSTOMER_ID, Schema, searchable_text
from ringbook.domain.text import words
from ringbook.store import contacts as stored
from ringbook.store import identity as identities
from ringbook.store import journal, lists
from ringbook.store.schema import schema as stored_schema

MOST_A_PAGE = 500


class Contacts:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def save(self, attributes: Mapping[str, Any]) -> tuple[Contact, bool]:
        """Write what is known of a person; the contact, and whether it is new.

        Who it is, is found by customer id, then by number; the given attributes are written over the contact's own.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            values = schema.accept(attributes)
            phones = identity.phones_of(self._context, schema, values)
            customer_id = _text(values.get(CUSTOMER_ID))
            known = await identity.recognise(tx, self._context, schema, customer_id, phones, values)
            if known.contact is None:
                contact = await identity.create(tx, self._context, schema, schema.complete(values))
            else:
                before = await stored.get(tx, self._tenant_id, known.contact.id, for_update=True)
                contact = await identity.change(tx, self._context, schema, before, values)
            return (await stored.with_phones(tx, self._tenant_id, [contact]))[0], known.contact is None

    async def update(self, contact_id: int, attributes: Mapping[str, Any], *, version: int | None = None) -> Contact:
        """Write attributes over the contact's own (None clears one). Stale unless it still has this version."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            values = schema.accept(attributes)
            phones = identity.phones_of(self._context, schema, values)
            held = identity.held_keys(schema, _text(values.get(CUSTOMER_ID)), phones, values)
            await identities.lock_identity(tx, self._tenant_id, held)
            before = await stored.get(tx, self._tenant_id, contact_id, for_update=True)
            _check_version(before, version)
            contact = await identity.change(tx, self._context, schema, before, values)
            return (await stored.with_phones(tx, self._tenant_id, [contact]))[0]

    async def get(self, contact_id: int) -> Contact:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.get(tx, self._tenant_id, contact_id)

    async def page(self, after: Cursor = FIRST, limit: int = 50) -> list[Contact]:
        """Contacts from the newest on, after this position."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, after, _page_size(limit))

    async def search(self, criteria: Mapping[str, str], after: Cursor = FIRST, limit: int = 50) -> list[Contact]:
        """Contacts that meet all criteria, newest first.

        Criteria are attribute keys, `phone` (any number, in any spelling) and `name` (each word begins a word of the
        name). Empty ones are ignored, and if none is left nothing is found: an unset variable must not pop a stranger.
        Invalid for a key that the schema lacks.
        """
        self._context.require("read")
        given = {key: value for key, value in criteria.items() if value.strip()}
        async with self._context.database.reading() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            entries, prefixes, numbers = self._criteria(schema, given)
            nobody = "name" in given and not prefixes
            if nobody or not (entries or prefixes or numbers):
                return []
            return await stored.search(tx, self._tenant_id, entries, prefixes, numbers, after, _page_size(limit))

    async def delete(self, contact_id: int, *, version: int | None = None) -> Contact:
        """Take the contact away; the journal keeps it. Its list records and calls stay, unlinked.

        Stale unless it still has this version.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            # Writers take a record, then the keys of its person, then the person: so does who deletes them.
            before = await stored.get(tx, self._tenant_id, contact_id)
            await lists.hold_of_contact(tx, self._tenant_id, contact_id)
            phones = [self._context.phone(phone.raw) for phone in before.phones]
            held = identity.held_keys(schema, _text(before.attributes.get(CUSTOMER_ID)), phones, before.attributes)
            await identities.lock_identity(tx, self._tenant_id, held)
            contact = await stored.get(tx, self._tenant_id, contact_id, for_update=True)
            _check_version(contact, version)
            await stored.delete(tx, schema, self._tenant_id, contact)
            await journal.record(tx, self._context.author, "contact", contact.id, contact.attributes, None)
            return contact

    def _criteria(
        self, schema: Schema, given: Mapping[str, str]
    ) -> tuple[Sequence[stored.Entry], Sequence[str], Sequence[str]]:
        entries: set[stored.Entry] = set()
        prefixes: list[str] = []
        numbers: set[str] = set()
        for key, value in given.items():
            if key == "name":
                prefixes = words(value)
            elif key == "phone" or key in schema.phone_keys:
                numbers.add(self._context.asked_phone(value, key).match_key)
            elif key in schema.by_key:
                folded = searchable_text(schema.by_key[key], value)
                if folded is None:
                    raise Invalid(f"{key} cannot have this value.", field=key)
                entries.add((schema.by_key[key].id, folded))
            else:
                raise Invalid("The schema has no such attribute.", field=key)
        return sorted(entries), prefixes, sorted(numbers)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _check_version(contact: Contact, version: int | None) -> None:
    if version is not None and contact.version != version:
        raise Stale(f"The contact is at version {contact.version}.")


def _page_size(limit: int) -> int:
    if not 1 <= limit <= MOST_A_PAGE:
        raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
    return limit
