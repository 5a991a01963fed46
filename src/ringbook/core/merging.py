"""Contacts that turn out to be one person: made one, value by value, and taken apart again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import identity
from ringbook.core.contacts import check_version
from ringbook.core.context import Context
from ringbook.domain.contact import Contact, check_size
from ringbook.domain.merging import Combined, Evidence, Merge, as_of_now, combine, undone
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid, MergedAway, TooLarge
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store import contacts, journal
from ringbook.store import identity as identities
from ringbook.store import merging as stored
from ringbook.store import schema as schemas

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_AT_ONCE = 20
MOST_LINKS = 50_000
"""Records, calls and attempts that contacts have which are merged."""
MOST_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """The contact that several have become, and how: a merge for each that was made part of it."""

    contact: Contact
    merges: list[Merge]


@dataclass(frozen=True, slots=True)
class Parted:
    """Both contacts of a merge that was undone."""

    kept: Contact
    restored: Contact
    merge: Merge


class Merging:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def merge(
        self,
        contact_id: int,
        others: Sequence[int],
        chosen: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
    ) -> Merged:
        """Make other contacts part of this one, with their numbers, list records, calls and attempts.

        A value that this one lacks is taken from the others, in their order; `chosen` says for an attribute what is
        kept instead: the id of the contact whose value it is, or that value. Conflict where two have different
        customer ids and nobody chose. Who is merged is missing from then on, with the fact `merged_into`.
        """
        self._context.require("write")
        ids = [contact_id, *others]
        if not 1 <= len(others) <= MOST_AT_ONCE or len(set(ids)) < len(ids):
            raise Invalid(f"1 to {MOST_AT_ONCE} other contacts are merged, each once.", field="with")
        async with self._context.database.transaction() as tx:
            await self._refuse_crowds(tx, ids)
            schema, held = await self._hold(tx, [await contacts.get(tx, self._tenant_id, id_) for id_ in ids])
            kept = held[contact_id]
            check_version(kept, version)
            whose = _whose(schema, chosen or {}, held)
            merges = []
            for other in others:
                kept, merge = await self._take_in(tx, schema, kept, held[other], whose)
                merges.append(merge)
            return Merged((await contacts.with_phones(tx, self._tenant_id, [kept]))[0], merges)

    async def unmerge(self, contact_id: int, merged_id: int | None = None, *, version: int | None = None) -> Parted:
        """Undo the merge that took this contact away, else the newest into it, or that of `merged_id`.

        Both are again what they were; what was written to the kept one since stays with it, and so do calls and
        records that came since. Conflict if there is no such merge, if the kept one has been merged itself since, or
        if somebody else has a unique value by now.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            asked = await stored.standing(tx, self._tenant_id, contact_id, merged_id, hold=False)
            if asked is None:
                await contacts.get(tx, self._tenant_id, contact_id)  # Missing, if that is why
                raise Conflict("Nothing that was merged here can be taken apart.")
            kept, gone, merge, schema = await self._hold_apart(tx, asked)
            check_version(kept, version)
            return await self._part(tx, schema, kept, gone, merge)

    async def of_contact(self, contact_id: int, *, below: int = LARGEST_ID, limit: int = 20) -> list[Merge]:
        """The merges into a contact, or of it into another one, also undone ones, newest first."""
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            found = await stored.of_contact(tx, self._tenant_id, contact_id, below, limit)
            if not found:
                await contacts.get(tx, self._tenant_id, contact_id)
            return found

    # ---- Making one

    async def _refuse_crowds(self, tx: Tx, ids: Sequence[int]) -> None:
        if await stored.count_links(tx, self._tenant_id, ids, MOST_LINKS) >= MOST_LINKS:
            raise TooLarge(f"Contacts that are merged have {MOST_LINKS} records, calls and attempts at most.")

    async def _hold(self, tx: Tx, asked: Sequence[Contact]) -> tuple[Schema, dict[int, Contact]]:
        """These contacts, held with their records and calls, in the order that all writers take."""
        ids = [contact.id for contact in asked]
        await stored.hold_records(tx, self._tenant_id, ids)
        schema = await schemas.for_writing(tx, self._tenant_id)
        numbers = [phone.raw for contact in asked for phone in contact.phones]
        await self._lock_identity(tx, schema, numbers, *(contact.attributes for contact in asked))
        held = {id_: await contacts.get(tx, self._tenant_id, id_, for_update=True) for id_ in sorted(ids)}
        await stored.hold_calls(tx, self._tenant_id, ids)
        return schema, held

    async def _lock_identity(
        self, tx: Tx, schema: Schema, numbers: Sequence[str], *known: Mapping[str, object]
    ) -> None:
        """Hold what writers of these contacts, and of calls from their numbers, hold."""
        keys = identity.identifying(self._context, map(self._context.phone, numbers))
        for attributes in known:
            customer_id = str(attributes.get(CUSTOMER_ID) or "").strip() or None
            phones = identity.phones_of(self._context, schema, attributes)
            keys += identity.held_keys(schema, customer_id, phones, attributes)
        await identities.lock_identity(tx, self._tenant_id, keys)

    async def _take_in(
        self, tx: Tx, schema: Schema, kept: Contact, other: Contact, whose: Mapping[str, int]
    ) -> tuple[Contact, Merge]:
        """`kept` with all that the other one is; the other one is taken away."""
        tenant_id, author = self._context.tenant.id, self._context.author
        if CUSTOMER_ID not in whose and kept.is_somebody_else(other.attributes.get(CUSTOMER_ID)):
            raise Conflict("The contacts have different customer ids: choose whose is kept.", field=CUSTOMER_ID)
        one = combine(schema, kept, other, whose, self._context.phone)
        check_size(one.attributes, kept.attributes)
        schema.check_required(one.attributes, [key for key in whose if key in schema.by_key])
        moved = await stored.move(tx, tenant_id, other.id, kept.id)
        await contacts.delete(tx, schema, tenant_id, other)
        await stored.mark_merged(tx, tenant_id, other.id, kept.id)
        after = await contacts.update(tx, schema, tenant_id, kept, one.attributes)
        await identity.number(tx, self._context, schema, kept.id, kept.attributes, one.attributes)
        await self._put_placeless(tx, kept.id, one)
        evidence = Evidence(one.fields, one.numbers, kept.attributes, one.attributes, *moved)
        merge = await stored.add(tx, tenant_id, kept.id, other.id, evidence)
        with_other = one.attributes | {"merged_with": other.id}
        await journal.record(tx, author, "contact", kept.id, kept.attributes, with_other)
        await journal.record(tx, author, "contact", other.id, other.attributes, {"merged_into": kept.id})
        return after, merge

    async def _put_placeless(self, tx: Tx, kept_id: int, one: Combined) -> None:
        """Numbers that no attribute has room for find the contact all the same, with who brought them as the source."""
        for number in one.numbers:
            if number.key is None:
                phones = {number.was: self._context.phone(number.raw)}
                await contacts.put_phones(tx, self._tenant_id, kept_id, number.contact, phones)

    # ---- Taking apart

    async def _hold_apart(self, tx: Tx, asked: Merge) -> tuple[Contact, Contact, Merge, Schema]:
        """The kept contact, the one that is missing, their merge and the schema, all held."""
        tenant_id = self._tenant_id
        try:
            kept = await contacts.get(tx, tenant_id, asked.kept)
        except MergedAway as away:
            into = away.facts["merged_into"]
            message = f"The contact has been merged into {into} since: that is undone first."
            raise Conflict(message, merged_into=into) from None
        await stored.hold_records(tx, tenant_id, [kept.id])
        schema = await schemas.for_writing(tx, tenant_id)
        gone = await stored.merged_away(tx, tenant_id, asked.merged, hold=False)
        numbers = [phone.raw for phone in kept.phones]
        await self._lock_identity(tx, schema, numbers, kept.attributes, asked.evidence.before, gone.attributes)
        for id_ in sorted((asked.kept, asked.merged)):
            if id_ == asked.kept:
                kept = await contacts.get(tx, tenant_id, id_, for_update=True)
            else:
                gone = await stored.merged_away(tx, tenant_id, id_)
        await stored.hold_calls(tx, tenant_id, [kept.id])
        merge = await stored.standing(tx, tenant_id, asked.kept, asked.merged)
        if merge is None:
            raise Conflict("Nothing that was merged here can be taken apart.")
        return kept, gone, merge, schema

    async def _part(self, tx: Tx, schema: Schema, kept: Contact, gone: Contact, merge: Merge) -> Parted:
        tenant_id, author = self._context.tenant.id, self._context.author
        before, after = (as_of_now(schema, values) for values in (merge.evidence.before, merge.evidence.after))
        left = undone(kept.attributes, before, after)
        own = as_of_now(schema, gone.attributes)
        await stored.move_back(tx, tenant_id, merge)
        for number in merge.evidence.numbers:
            if number.key is None:
                await contacts.put_phones(tx, tenant_id, kept.id, number.contact, {}, dropped=[number.was])
        await identity.refuse_taken(tx, self._context, schema, left, besides=kept.id)
        alone = await contacts.update(tx, schema, tenant_id, kept, left)
        await identity.number(tx, self._context, schema, kept.id, kept.attributes, left)
        await identity.refuse_taken(tx, self._context, schema, own, besides=gone.id)
        restored = await contacts.bring_back(tx, schema, tenant_id, msgspec.structs.replace(gone, attributes=own))
        await identity.number(tx, self._context, schema, gone.id, {}, own)
        for later in await stored.later(tx, tenant_id, merge):
            told = later.evidence
            parted = msgspec.structs.replace(
                told, before=undone(told.before, before, after), after=undone(told.after, before, after)
            )
            await stored.put_evidence(tx, tenant_id, later.id, parted)
        ended = await stored.undo(tx, tenant_id, merge.id)
        await journal.record(tx, author, "contact", kept.id, kept.attributes, left | {"parted_from": gone.id})
        await journal.record(tx, author, "contact", gone.id, None, own | {"parted_from": kept.id})
        both = await contacts.with_phones(tx, tenant_id, [alone, restored])
        return Parted(both[0], both[1], ended)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _whose(schema: Schema, chosen: Mapping[str, Any], held: Mapping[int, Contact]) -> dict[str, int]:
    """Whose value of an attribute is kept; Invalid for one of an attribute, or a value, that none of them has."""
    whose: dict[str, int] = {}
    for asked, choice in chosen.items():
        attribute = schema.named(asked)
        key = asked if attribute is None else attribute.key
        if attribute is None and all(key not in contact.attributes for contact in held.values()):
            raise Invalid("None of the contacts has such an attribute.", field=key[:64])
        owner = choice if type(choice) is int and choice in held else None
        if owner is None:
            owner = next((c.id for c in held.values() if _is(c.attributes.get(key), choice)), None)
        if owner is None:
            raise Invalid(f"None of the contacts has this {key[:64]}.", field=key[:64])
        whose[key] = owner
    return whose


def _is(value: object, choice: object) -> bool:
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)
