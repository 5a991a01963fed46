"""Taking an import back: what it changed becomes what it was, what it inserted goes, and what others touched stays.

A batch and how far the undo is are one transaction, so an undo that is killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import identity, linking
from ringbook.core.context import Context
from ringbook.core.import_ids import importing
from ringbook.core.lists import delete_records
from ringbook.domain.contact import Contact
from ringbook.domain.imports import Import, LeftAlone, Undo
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Missing, Problem, Unavailable
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store import contacts as contacts_stored
from ringbook.store import identity as identities
from ringbook.store import import_replace, import_undo, intake, journal, lists
from ringbook.store import import_work as stored
from ringbook.store.journal import Change
from ringbook.store.schema import for_writing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ringbook.store.database import Tx

_CHANGES = 200
_ROWS = 1000
_TOLD = 100
"""Of what is left alone, so many are told one by one."""
_SINCE = "somebody has changed it since"


class Undoing:
    """One undo in one worker's hands."""

    def __init__(self, context: Context, job: Import, worker: str, told: Callable[[Import], None]) -> None:
        self._context = importing(context, job)
        self._job = job
        self._worker = worker
        self._told = told

    async def carry_out(self) -> Import:
        """Do what is still to be undone; the import when it is."""
        steps = (self._changes, self._records, self._removed, self._contacts)
        undo = self._job.undo or Undo()
        while undo.step < len(steps):
            async with self._context.database.transaction() as tx:
                undo = await steps[undo.step](tx, undo)
                await stored.put_undo(tx, self._tenant_id, self._job.id, self._worker, undo)
            self._told(msgspec.structs.replace(self._job, undo=undo))
        async with self._context.database.transaction() as tx:
            told = {"state": "undone", "restored": undo.restored, "deleted": undo.deleted, "left": undo.left}
            await journal.record(tx, self._context.author, "import", self._job.id, {"state": self._job.state}, told)
            return await stored.finish(tx, self._tenant_id, self._job.id, self._worker, "undone")

    # ---- The steps: each does a batch, and says where the next begins or that the step is over

    async def _changes(self, tx: Tx, undo: Undo) -> Undo:
        """What the import changed, the newest first."""
        changes = await intake.changed(tx, self._tenant_id, self._job.id, undo.at or LARGEST_ID, _CHANGES)
        for change in changes:
            undo = await self._restore(tx, undo, change)
        if len(changes) < _CHANGES:
            return _next(undo)
        return msgspec.structs.replace(undo, at=changes[-1].id)

    async def _restore(self, tx: Tx, undo: Undo, change: Change) -> Undo:
        acts: Mapping[str, Callable[[Tx, Change, dict[str, Any], dict[str, Any]], Awaitable[bool]]] = {
            "contact": self._restore_contact,
            "list_record": self._restore_record,
        }
        before, after = (msgspec.json.decode(side) for side in (change.before, change.after))
        if change.entity not in acts or not isinstance(before, dict) or not isinstance(after, dict):
            return undo
        try:
            async with tx.transaction():
                done = await acts[change.entity](tx, change, before, after)
        except Unavailable:
            raise
        except Missing:
            return _left(undo, change.entity, change.entity_id, "it was deleted since")
        except Problem as problem:
            return _left(undo, change.entity, change.entity_id, problem.message)
        if not done:
            return _left(undo, change.entity, change.entity_id, _SINCE)
        return msgspec.structs.replace(undo, restored=undo.restored + 1)

    async def _restore_contact(self, tx: Tx, change: Change, before: dict[str, Any], after: dict[str, Any]) -> bool:
        schema = await for_writing(tx, self._tenant_id)
        phones = identity.phones_of(self._context, schema, before)
        await identities.lock_identity(tx, self._tenant_id, _held(schema, before, phones))
        contact = await contacts_stored.get(tx, self._tenant_id, change.entity_id, for_update=True)
        if contact.attributes == before:
            return True
        if contact.attributes != after:
            return False
        await identity.overwrite(tx, self._context, schema, contact, before)
        return True

    async def _restore_record(self, tx: Tx, change: Change, before: dict[str, Any], after: dict[str, Any]) -> bool:
        record = await lists.record(tx, self._tenant_id, change.entity_id)
        if record.fields == before:
            return True
        if record.fields != after:
            return False
        target = await lists.get(tx, self._tenant_id, record.list_id)
        keys = {field.name for field in target.layout.keys}
        # Only what differs, so that the numbers keep the spelling in which they were submitted.
        submitted = {name: text for name, text in before.items() if name in keys or after.get(name) != text}
        gone = after.keys() - before.keys()
        await linking.update_record(tx, self._context, target, record.id, submitted, gone)
        return True

    async def _records(self, tx: Tx, undo: Undo) -> Undo:
        """The list records that the import inserted."""
        list_id = self._job.settings.list_id
        if list_id is None:
            return _next(undo)
        try:
            target = await lists.get(tx, self._tenant_id, list_id)
        except Missing:
            return _next(undo)
        await lists.lock(tx, self._tenant_id, list_id)
        ids = await intake.inserted(tx, self._tenant_id, self._job.id, "list_record", undo.at, _ROWS)
        touched = await import_undo.touched_records(tx, self._tenant_id, self._job.id, ids)
        await delete_records(tx, self._context, target, [id_ for id_ in ids if id_ not in touched])
        return self._behind(undo, "list_record", ids, touched)

    async def _removed(self, tx: Tx, undo: Undo) -> Undo:
        """The records that a replaced list lost."""
        back = await import_replace.bring_back(tx, self._tenant_id, self._job.id)
        return _next(msgspec.structs.replace(undo, restored=undo.restored + back))

    async def _contacts(self, tx: Tx, undo: Undo) -> Undo:
        """The contacts that the import inserted."""
        schema = await for_writing(tx, self._tenant_id)
        ids = await intake.inserted(tx, self._tenant_id, self._job.id, "contact", undo.at, _ROWS)
        contacts = await contacts_stored.several(tx, self._tenant_id, ids)
        held = {key for contact in contacts for key in _held_of(self._context, schema, contact)}
        await identities.lock_identity(tx, self._tenant_id, held)
        touched = await import_undo.touched_contacts(tx, self._tenant_id, self._job.id, ids)
        going = [contact for contact in contacts if contact.id not in touched]
        entries = [(*entry, c.id) for c in going for entry in contacts_stored.search_entries(schema, c.attributes)]
        await import_undo.remove_contacts(tx, self._tenant_id, [contact.id for contact in going])
        await import_undo.remove_entries(tx, self._tenant_id, entries)
        gone = [(contact.id, contact.attributes, None) for contact in going]
        await journal.record_all(tx, self._context.author, "contact", gone)
        return self._behind(undo, "contact", ids, touched)

    def _behind(self, undo: Undo, entity: str, ids: Sequence[int], touched: Mapping[int, str]) -> Undo:
        for id_, reason in touched.items():
            undo = _left(undo, entity, id_, reason)
        undo = msgspec.structs.replace(undo, deleted=undo.deleted + len(ids) - len(touched))
        return msgspec.structs.replace(undo, at=ids[-1]) if len(ids) == _ROWS else _next(undo)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _next(undo: Undo) -> Undo:
    return msgspec.structs.replace(undo, step=undo.step + 1, at=0)


def _left(undo: Undo, entity: str, id_: int, reason: str) -> Undo:
    some = undo.some if len(undo.some) == _TOLD else (*undo.some, LeftAlone(entity, id_, reason))
    return msgspec.structs.replace(undo, left=undo.left + 1, some=some)


def _held(schema: Schema, attributes: Mapping[str, Any], phones: Sequence[Any]) -> list[str]:
    customer = attributes.get(CUSTOMER_ID)
    return identity.held_keys(schema, None if customer is None else str(customer).strip() or None, phones, attributes)


def _held_of(context: Context, schema: Schema, contact: Contact) -> list[str]:
    return _held(schema, contact.attributes, [context.phone(phone.raw) for phone in contact.phones])
