"""Rows that say by an id which contact they are about, as an export of ours does; all others say it as ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import identity, intake
from ringbook.core.context import Context
from ringbook.domain.contact import Contact
from ringbook.domain.exchange import RINGBOOK_ID, Import
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
    tx: Tx, context: Context, rows: Sequence[Mapping[str, Any]], job: Import, prepared: Prepared | None = None
) -> Sequence[Outcome]:
    """What became of each row, in their order. An id that no contact has, or that is none, says nothing.

    Rows that are `prepared` name no ids.
    """
    mode = job.settings.mode
    assert mode != "replace"
    if prepared is not None:
        return await intake.contacts(tx, context, prepared, mode=mode, match=job.settings.key, import_id=job.id)
    asked = {at: id_ for at, row in enumerate(rows) if (id_ := _id(row.get(RINGBOOK_ID))) is not None}
    known = await _known(tx, context, asked)
    writing = importing(context, job)
    told: list[Outcome] = []
    if known:
        schema = await for_writing(tx, context.tenant.id)
        for at, contact in known.items():
            told.append(await _tell(tx, writing, schema, at, contact, _without_id(rows[at]), mode == "add"))
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


async def _tell(
    tx: Tx, context: Context, schema: Schema, at: int, contact: Contact, row: Mapping[str, Any], adding: bool
) -> Outcome:
    """What a row does to the contact that it names: what a single change of it would."""
    if adding:
        taken = Conflict("A contact with this id exists.", field=RINGBOOK_ID, contact_id=contact.id)
        return Outcome(at, "refused", None, taken)
    try:
        values = schema.accept(row)
        if all(contact.attributes.get(key) == value for key, value in values.items()):
            return Outcome(at, "unchanged", contact.id)
        async with tx.transaction():
            phones = identity.phones_of(context, schema, values)
            held = identity.held_keys(schema, str(values.get(CUSTOMER_ID) or "") or None, phones, values)
            await identities.lock_identity(tx, context.tenant.id, held)
            before = await stored.get(tx, context.tenant.id, contact.id, for_update=True)
            after = await identity.change(tx, context, schema, before, values)
        return Outcome(at, "unchanged" if after == before else "updated", contact.id)
    except Problem as problem:
        return Outcome(at, "refused", None, problem)
