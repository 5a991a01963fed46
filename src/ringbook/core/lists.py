"""Calling lists: every record that enters finds or makes its contact, and its campaigns take it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ringbook.core import identity
from ringbook.core.context import Context
from ringbook.domain.calling_list import CallingList, Field, Layout, ListRecord, RecordDraft
from ringbook.domain.contact import Contact, Identity
from ringbook.domain.ownership import Link, writable
from ringbook.domain.phone import Phone
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.domain.schema import Schema, fault_of
from ringbook.store import campaigns, journal
from ringbook.store import contacts as stored_contacts
from ringbook.store import lists as stored
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Lists:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[CallingList]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.all_lists(tx, self._tenant_id)

    async def create(self, name: str, fields: Sequence[Field]) -> CallingList:
        self._context.require("write")
        _check_layout(fields)
        async with self._context.database.transaction() as tx:
            return await self._make(tx, name, fields)

    async def put(self, name: str, fields: Sequence[Field]) -> bool:
        """Create the list of this name, or change its layout; whether it is new.

        Conflict where a changed key would give the stored records another identity.
        """
        self._context.require("write")
        _check_layout(fields)
        async with self._context.database.transaction() as tx:
            before = await stored.by_name(tx, self._tenant_id, name)
            if before is None:
                await self._make(tx, name, fields)
                return True
            if before.campaign_id is not None:
                raise Conflict(f"{name} is a campaign's own list, whose layout is fixed.")
            if tuple(fields) != before.fields:
                await stored.lock(tx, self._tenant_id, before.id)
                holds_records = bool(await stored.records(tx, self._tenant_id, before.id, 0, 1))
                if holds_records and [f for f in fields if f.key] != [f for f in before.fields if f.key]:
                    raise Conflict(f"{name} has records; its key fields cannot change.")
                after = await stored.put_fields(tx, self._tenant_id, before.id, fields, unique_keys=_has_key(fields))
                await journal.record(tx, self._context.author, "list", before.id, before, after)
            return False

    async def drop(self, list_ref: int | str) -> None:
        """Delete a list and its records everywhere. No contact goes with it."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            if target.campaign_id is not None:
                raise Conflict("A campaign's own list goes with its campaign.")
            await drop_list(tx, self._context, target)

    async def add(self, list_ref: int | str, submitted: Mapping[str, Any]) -> ListRecord:
        """Add a record. Invalid with the fact `fault` for one that does not fit, Conflict where its key is taken."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            return await add_record(tx, self._context, target, submitted)

    async def update(self, list_ref: int | str, submitted: Mapping[str, Any]) -> ListRecord:
        """Write fields over those of the record that the key fields name; Missing if there is none."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            found = await find_by_key(tx, self._context, target, submitted)
            return await update_record(tx, self._context, target, found.id, submitted)

    async def get(self, list_ref: int | str, key: Mapping[str, Any]) -> ListRecord:
        """The record that the key fields name; the newest where a list's key is not unique."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            return await find_by_key(tx, self._context, target, key)

    async def records(self, list_ref: int | str, start: int = 0, limit: int = 100) -> list[ListRecord]:
        """Records in the order they were added, from a position on."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            return await stored.records(tx, self._tenant_id, target.id, start, limit)

    async def clear(self, list_ref: int | str, ids: Sequence[int] | None = None) -> int:
        """Delete records (None: all) from the list and so from every campaign over it; how many."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            return await delete_records(tx, self._context, target, ids)

    async def _make(self, tx: Tx, name: str, fields: Sequence[Field]) -> CallingList:
        made = await stored.add_list(tx, self._tenant_id, name, fields, campaign_id=None, unique_keys=_has_key(fields))
        await journal.record(tx, self._context.author, "list", made.id, None, made)
        return made

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


async def find_list(tx: Tx, tenant_id: int, ref: int | str) -> CallingList:
    """The list of this id or name; Missing if there is none."""
    if isinstance(ref, int):
        return await stored.get(tx, tenant_id, ref)
    found = await stored.by_name(tx, tenant_id, ref)
    if found is None:
        raise Missing("There is no such list.")
    return found


async def delete_records(tx: Tx, context: Context, target: CallingList, ids: Sequence[int] | None) -> int:
    """Delete records (None: all) of a list everywhere, each with a journal entry that brings it back; how many."""
    await stored.lock(tx, context.tenant.id, target.id)
    await journal.record_deletion(tx, context.author, target.id, ids)
    gone = await stored.delete_records(tx, context.tenant.id, target.id, ids)
    asked = "all" if ids is None else list(ids)
    await journal.record(tx, context.author, "list", target.id, {"records": asked}, {"deleted": gone})
    return gone


async def drop_list(tx: Tx, context: Context, target: CallingList) -> None:
    """Delete a list with its records."""
    await delete_records(tx, context, target, None)
    await stored.drop_list(tx, context.tenant.id, target.id)
    await journal.record(tx, context.author, "list", target.id, target, None)


async def find_by_key(tx: Tx, context: Context, target: CallingList, key: Mapping[str, Any]) -> ListRecord:
    """The record whose key fields, as stored or as they were sent, are these; Invalid if none of them is given."""
    layout = target.layout
    submitted = layout.named(key)
    if not any(submitted.get(field.name, "").strip() for field in layout.keys):
        raise Invalid("missing key", field="key", fault="missingKey")
    found = await stored.by_key(
        tx, context.tenant.id, target, layout.stored_key_of(submitted), layout.key_of(submitted)
    )
    if found is None:
        raise Missing
    return found


async def add_record(tx: Tx, context: Context, target: CallingList, submitted: Mapping[str, Any]) -> ListRecord:
    """A new record of the list, linked to its contact and taken up by the list's campaigns."""
    draft = target.layout.draft(submitted)
    phones = _phones(context, draft)
    position = await stored.lock(tx, context.tenant.id, target.id, 1)
    made = await stored.insert_record(tx, context.tenant.id, target, position, draft, phones)
    await campaigns.materialise(tx, context.tenant.id, target.id, record_id=made.id)
    await journal.record(tx, context.author, "list_record", made.id, None, made.fields)
    return await _link(tx, context, made, draft, phones)


async def update_record(
    tx: Tx, context: Context, target: CallingList, record_id: int, submitted: Mapping[str, Any]
) -> ListRecord:
    """The record with these fields written over its own."""
    before = await stored.record(tx, context.tenant.id, record_id, for_update=True)
    numbers = await stored.numbers(tx, context.tenant.id, record_id)
    draft = target.layout.draft(submitted, before.fields, numbers)
    phones = _phones(context, draft)
    after = await stored.update_record(tx, context.tenant.id, record_id, draft, phones)
    await journal.record(tx, context.author, "list_record", record_id, before.fields, draft.fields)
    return await _link(tx, context, after, draft, phones)


async def _link(
    tx: Tx, context: Context, record: ListRecord, draft: RecordDraft, phones: Mapping[int, Phone]
) -> ListRecord:
    """Find or make the record's contact, tell it what the record says, and let it be found by the record's numbers."""
    schema = await stored_schema(tx, context.tenant.id)
    said = {k: v for k, v in draft.attributes.items() if k in schema.by_key and not fault_of(schema.by_key[k], v)}
    known = await identity.recognise(tx, context, schema, draft.customer_id, phones.values(), said)
    contact, link = await _contact_of(tx, context, schema, record, draft, said, known)
    numbers = {context.phone(phone.raw).match_key for phone in contact.phones}
    taken = writable(
        link, said, contact.attributes, schema.phone_keys, lambda raw: context.phone(raw).match_key in numbers
    )
    free = await identity.without_taken(tx, context, schema, taken, besides=contact.id)
    await identity.change(tx, context, schema, contact, free)
    by_field = {phone.field: phones[phone.slot] for phone in draft.phones}
    if record.contact_id is not None:
        await stored_contacts.drop_phones(tx, context.tenant.id, record.contact_id, record.id)
    await stored_contacts.put_phones(tx, context.tenant.id, contact.id, record.id, by_field)
    await identity.adopt_calls(tx, context, contact.id, by_field.values())
    await stored.link(tx, context.tenant.id, record.id, contact.id, link)
    return msgspec.structs.replace(record, contact_id=contact.id, link=link)


async def _contact_of(
    tx: Tx,
    context: Context,
    schema: Schema,
    record: ListRecord,
    draft: RecordDraft,
    said: Mapping[str, Any],
    known: Identity,
) -> tuple[Contact, Link]:
    """The record's contact, held for update, and how it was found."""
    tenant_id = context.tenant.id
    found = known.contact
    if record.contact_id is not None and await _link_stands(tx, tenant_id, record, draft, known):
        return await stored_contacts.get(tx, tenant_id, record.contact_id, for_update=True), cast(Link, record.link)
    if found is None:
        free = await identity.without_taken(tx, context, schema, said, besides=0)
        # What the schema requires of a contact is no reason to lose a record.
        made = await identity.create(tx, context, schema, schema.with_defaults(free), {"from record": record.id})
        return made, "created"
    link = cast(Link, record.link if record.contact_id == found.id else known.by)
    return await stored_contacts.get(tx, tenant_id, found.id, for_update=True), link


async def _link_stands(tx: Tx, tenant_id: int, record: ListRecord, draft: RecordDraft, known: Identity) -> bool:
    """Whether a linked record stays with its contact: customer id beats the link, but never a hand-made one.

    A number does not. A record that has come to name another customer than its contact belongs to that one, unless it
    made the contact, which follows it.
    """
    if record.link == "hand":
        return True
    if known.by == "customer_id":
        return False
    assert record.contact_id is not None
    linked = await stored_contacts.get(tx, tenant_id, record.contact_id)
    return record.link == "created" or not linked.is_somebody_else(draft.customer_id)


def _has_key(fields: Sequence[Field]) -> bool:
    """Whether records can be told apart: a list without key fields takes any."""
    return any(field.key for field in fields)


def _phones(context: Context, draft: RecordDraft) -> dict[int, Phone]:
    return {phone.slot: context.phone(phone.raw) for phone in draft.phones}


def _check_layout(fields: Sequence[Field]) -> None:
    fault = Layout(fields).fault()
    if fault:
        raise Invalid(fault, field="fields")
