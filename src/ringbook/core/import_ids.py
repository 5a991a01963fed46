"""Rows that say by an id which contact they are about, as an export of ours does; all others say it as ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import identity, intake
from ringbook.core.context import Context
from ringbook.domain.cells import RINGBOOK_ID, kept
from ringbook.domain.contact import Contact
from ringbook.domain.imports import Import
from ringbook.domain.intake import Outcome, Prepared
from ringbook.domain.object_id import ObjectId, parse_object_id
from ringbook.domain.problems import Conflict, Problem
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store import contacts as stored
from ringbook.store import identity as identities
from ringbook.store.schema import for_writing

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def contacts(
    tx: Tx,
    context: Context,
    rows: Sequence[Mapping[str, Any]],
    job: Import,
    prepared: Prepared | None,
    decided: intake.Decided,
) -> Sequence[Outcome]:
    """What became of each row, in their order. An id that no contact has, or that is none, says nothing.

    Rows that are `prepared` name no ids.
    """
    mode = job.settings.mode
    assert mode != "replace"
    if prepared is not None:
        return await intake.contacts(
            tx, context, prepared, mode=mode, match=job.settings.key, import_id=job.id, decided=decided
        )
    asked = {at: id_ for at, row in enumerate(rows) if (id_ := _id(row.get(RINGBOOK_ID))) is not None}
    known = await _known(tx, context, asked)
    told: list[Outcome] = []
    if known:
        naming = _Naming(tx, importing(context, job), await for_writing(tx, context.tenant.id), job, known)
        told += [await naming.tell(at, _without_id(rows[at])) for at in known]
    # All together, though ids and others may take turns in a file: few at a time would be slow.
    rest = [at for at in range(len(rows)) if at not in known]
    outcomes = await intake.contacts(
        tx,
        context,
        [_without_id(rows[at]) for at in rest],
        mode=mode,
        match=job.settings.key,
        import_id=job.id,
    )
    told += [msgspec.structs.replace(outcome, at=rest[outcome.at]) for outcome in outcomes]
    return sorted(told, key=lambda outcome: outcome.at)


def importing(context: Context, job: Import) -> Context:
    """The context in which what is written is known to be the import's."""
    return replace(context, author=msgspec.structs.replace(context.author, import_id=job.id))


def _id(text: Any) -> ObjectId | None:
    return parse_object_id(text.strip()) if isinstance(text, str) else None


def _without_id(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in row.items() if key != RINGBOOK_ID} if RINGBOOK_ID in row else row


async def _known(tx: Tx, context: Context, asked: Mapping[int, ObjectId]) -> dict[int, Contact]:
    """By place, the contacts that these ids name, second and all."""
    found = await stored.several(tx, context.tenant.id, [id_.id for id_ in asked.values()]) if asked else []
    by_id = {contact.id: contact for contact in found}
    return {
        at: contact
        for at, id_ in asked.items()
        if (contact := by_id.get(id_.id)) is not None and contact.created_second == id_.second
    }


class _Naming:
    """Rows of which each names its contact by an id."""

    def __init__(self, tx: Tx, context: Context, schema: Schema, job: Import, known: Mapping[int, Contact]) -> None:
        self._tx = tx
        self._context = context
        self._schema = schema
        self._adding = job.settings.mode == "add"
        self._of_cells = job.form is not None and job.form.is_textual
        self._ids = {at: contact.id for at, contact in known.items()}
        self._contacts = {contact.id: contact for contact in known.values()}

    async def tell(self, at: int, row: Mapping[str, Any]) -> Outcome:
        """What a row does to the contact that it names: what a single change of it would."""
        contact = self._contacts[self._ids[at]]
        if self._adding:
            taken = Conflict("A contact with this id exists.", field=RINGBOOK_ID, contact_id=contact.id)
            return Outcome(at, "refused", None, taken)
        try:
            values = self._schema.accept(row)
            if self._of_cells:
                known = contact.attributes
                values = {key: kept(self._schema.by_key[key], known.get(key), said) for key, said in values.items()}
            if all(contact.attributes.get(key) == value for key, value in values.items()):
                return Outcome(at, "unchanged", contact.id)
            after = await self._change(contact.id, values)
        except Problem as problem:
            return Outcome(at, "refused", None, problem.to_keep())
        self._contacts[contact.id] = after
        return Outcome(at, "unchanged" if after.attributes == contact.attributes else "updated", contact.id)

    async def _change(self, contact_id: int, values: dict[str, Any]) -> Contact:
        tx, context, schema = self._tx, self._context, self._schema
        async with tx.transaction():
            phones = identity.phones_of(context, schema, values)
            held = identity.held_keys(schema, str(values.get(CUSTOMER_ID) or "") or None, phones, values)
            await identities.lock_identity(tx, context.tenant.id, held)
            before = await stored.get(tx, context.tenant.id, contact_id, for_update=True)
            return await identity.change(tx, context, schema, before, values)
