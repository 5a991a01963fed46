"""Contacts: written by identity, read by id, in pages, or by what they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from ringbook.core import identity
from ringbook.core.context import Context
from ringbook.core.ordering import Position, Sorted
from ringbook.domain.contact import MOST_ATTRIBUTES, Contact, StoredContact
from ringbook.domain.criteria import PHONE, search_of
from ringbook.domain.page import FIRST, LARGEST_ID, Cursor
from ringbook.domain.problems import Conflict, Invalid, Missing, Stale
from ringbook.domain.schema import CUSTOMER_ID, LONGEST_TEXT, Attribute, Schema, searchable_text
from ringbook.store import contact_search, journal, lists
from ringbook.store import contacts as stored
from ringbook.store import identity as identities
from ringbook.store import schema as schemas
from ringbook.store.journal import Change
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_A_PAGE = 500
MOST_COUNTED = 20_000
MOST_SORTED = 5000
"""Contacts that a search puts in another order than that in which they are found."""
_TOO_LONG = "This search takes too long. Narrow it down: a number, or more of a text."

Known = Literal["overwrite", "merge", "reject"]
Result = Literal["created", "overwritten", "merged"]


class PhoneTaken(Conflict):
    """Another contact has this phone.

    The fact `contact` is that one.
    """


@dataclass(frozen=True, slots=True)
class Saved:
    """A contact that was written: what became of it, and which keys the schema lacks."""

    contact: Contact
    result: Result
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The contacts of a search, newest first, and those of its keys that the schema lacks.

    `cut`: it was given up when it took too long, and there may be more contacts that meet it.
    """

    contacts: list[Contact]
    unknown: tuple[str, ...] = ()
    cut: bool = False


class Contacts:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def save(self, attributes: Mapping[str, Any]) -> tuple[Contact, bool]:
        """Write what is known of a person; the contact, and whether it is new.

        Who it is, is found by customer id, then by number; the given attributes are written over the contact's own.
        """
        self._context.require("contact")
        async with self._context.database.transaction() as tx:
            schema = await schemas.for_writing(tx, self._tenant_id)
            values = schema.accept(attributes)
            phones = identity.phones_of(self._context, schema, values)
            customer_id = _text(values.get(CUSTOMER_ID))
            known = await identity.recognise(tx, self._context, schema, customer_id, phones, values)
            if known.contact is None:
                contact = await identity.create(tx, self._context, schema, schema.complete(values))
            else:
                before = await stored.get(tx, self._tenant_id, known.contact.id, for_update=True)
                contact = await identity.change(tx, self._context, schema, before, values)
            return await self._with_phones(tx, contact), known.contact is None

    async def save_profile(
        self, attributes: Mapping[str, Any], *, known: Known = "overwrite", loose: bool = False
    ) -> Saved:
        """Write a whole profile. Numbers with equal digits are the same, valid or not (contracts/cim.md 2.8).

        `known` says what becomes of the profile that has the customer id or a number already: all its attributes are
        replaced (the journal keeps them), only given ones are, or PhoneTaken. `loose`: keys that the schema lacks are
        kept, too.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            schema = await schemas.for_writing(tx, self._tenant_id)
            values, unknown = await self._accept(tx, schema, attributes, loose)
            phones = identity.phones_of(self._context, schema, values)
            customer_id = _text(values.get(CUSTOMER_ID))
            meant = await identity.recognise(tx, self._context, schema, customer_id, phones, values, same_digits=True)
            if meant.contact is None:
                contact = await identity.create(tx, self._context, schema, schema.complete(values))
                return Saved(await self._with_phones(tx, contact), "created", unknown)
            if known == "reject":
                raise PhoneTaken(contact=meant.contact)
            before = await stored.get(tx, self._tenant_id, meant.contact.id, for_update=True)
            if known == "merge":
                given = {key: value for key, value in values.items() if value not in (None, "")}
                contact = await identity.change(tx, self._context, schema, before, given)
                return Saved(await self._with_phones(tx, contact), "merged", unknown)
            contact = await identity.overwrite(tx, self._context, schema, before, schema.complete(values))
            return Saved(await self._with_phones(tx, contact), "overwritten", unknown)

    async def update(
        self,
        contact_id: int,
        attributes: Mapping[str, Any],
        *,
        version: int | None = None,
        created_second: int | None = None,
        known: Known = "overwrite",
        loose: bool = False,
    ) -> Saved:
        """Write attributes over the contact's own (None clears one). Stale unless it still has this version.

        Missing unless it was made in this second, if one is given. With `known` as reject, PhoneTaken where another
        contact has one of the numbers. `loose`: keys that the schema lacks are kept, too.
        """
        self._context.require("contact")
        async with self._context.database.transaction() as tx:
            schema = await schemas.for_writing(tx, self._tenant_id)
            values, unknown = await self._accept(tx, schema, attributes, loose)
            phones = identity.phones_of(self._context, schema, values)
            keys = identity.identifying(self._context, phones, same_digits=True) if known == "reject" else []
            held = identity.held_keys(schema, _text(values.get(CUSTOMER_ID)), phones, values)
            await identities.lock_identity(tx, self._tenant_id, [*held, *keys])
            before = await stored.get(tx, self._tenant_id, contact_id, for_update=True)
            _check_second(before, created_second)
            check_version(before, version)
            if keys:
                await self._refuse_shared(tx, keys, contact_id)
            contact = await identity.change(tx, self._context, schema, before, values)
            return Saved(await self._with_phones(tx, contact), "merged", unknown)

    async def restore(self, contact_id: int, change_id: int, *, version: int | None = None) -> Contact:
        """The contact as it was before a change of its journal; a deleted one is there again.

        Keys that the schema no longer has are kept as they were. Stale unless it still has this version, if one is
        given.
        """
        self._context.require("contact")
        async with self._context.database.transaction() as tx:
            schema = await schemas.for_writing(tx, self._tenant_id)
            then = await journal.before(tx, self._tenant_id, "contact", contact_id, change_id)
            values = schema.accept(then, loose=True)
            await schemas.note_loose(tx, self._tenant_id, schema.unknown(values))
            phones = identity.phones_of(self._context, schema, values)
            held = identity.held_keys(schema, _text(values.get(CUSTOMER_ID)), phones, values)
            await identities.lock_identity(tx, self._tenant_id, held)
            await stored.revive(tx, self._tenant_id, contact_id)
            before = await stored.get(tx, self._tenant_id, contact_id, for_update=True)
            check_version(before, version)
            contact = await identity.overwrite(tx, self._context, schema, before, values)
            return await self._with_phones(tx, contact)

    async def get(self, contact_id: int) -> Contact:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.get(tx, self._tenant_id, contact_id)

    async def page(self, after: Cursor = FIRST, limit: int = 50) -> list[Contact]:
        """Contacts from the newest on, after this position."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, after, _page_size(limit))

    async def count(self) -> tuple[int, bool]:
        """How many contacts there are, and whether that is exact: of very many it is an estimate."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.count(tx, self._tenant_id, MOST_COUNTED)

    async def with_number(self, raw: str, limit: int = 50) -> Sequence[StoredContact]:
        """The newest contacts that have a number, in any spelling, from anywhere."""
        context = self._context
        context.require("read")
        if len(raw) > LONGEST_TEXT:
            raise Invalid(f"A phone has {LONGEST_TEXT} characters at most.", field="phone")
        scope = (self._tenant_id, _page_size(limit))
        phone = context.phone(raw)
        if phone.literal:
            found = (await self.find({PHONE: raw}, limit=limit)).contacts
            return [_stored(contact) for contact in found]
        rows = await context.database.lanes.ask(contact_search.WITH_NUMBER, scope, phone.match_key)
        return contact_search.stored_contacts(rows)

    async def search(self, criteria: Mapping[str, Any], after: Cursor = FIRST, limit: int = 50) -> list[Contact]:
        """Contacts that meet all criteria, newest first.

        Invalid for a key that the schema lacks, and for a search that so few meet that it takes too long.
        """
        found = await self.find(criteria, after, limit, strict=True)
        if found.cut:
            raise Invalid(_TOO_LONG)
        return found.contacts

    async def search_sorted(
        self, criteria: Mapping[str, Any], sort: str, after: Position | None = None, limit: int = 50
    ) -> Sorted:
        """Contacts that meet all criteria in the order of an attribute, with `-` before its key from the end.

        Who has no value of it comes last. Of equal values the oldest contact comes first. Invalid as search(), for an
        attribute that cannot be searched, and for a search that more than MOST_SORTED contacts meet.
        """
        self._context.require("read")
        size = _page_size(limit)
        down, key = sort.startswith("-"), sort.removeprefix("-")
        async with self._context.database.reading() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            attribute = schema.named(key)
            if attribute is None or not attribute.searchable or attribute.type == "Phone":
                raise Invalid("Contacts cannot be sorted by this.", field="sort")
            search = search_of(schema, criteria, self._context.phone)
            if search.unknown:
                raise Invalid("The schema has no such attribute.", field=search.unknown[0][:64])
            if not search.groups:
                return Sorted([], None)
            found = await contact_search.hits(tx, self._tenant_id, schema, search.groups, FIRST.id, MOST_SORTED + 1)
            if found.cut:
                raise Invalid(_TOO_LONG)
            if len(found.contacts) > MOST_SORTED:
                raise Invalid(f"More than {MOST_SORTED} contacts are not sorted. Narrow the search down.", field="sort")
            ordered = _in_order(attribute, found.contacts, down=down)
            rest = ordered if after is None else [one for one in ordered if one.is_behind(after, down=down)]
            page = await stored.with_phones(tx, self._tenant_id, [one.contact for one in rest[:size]])
        return Sorted(page, rest[size - 1].position if len(rest) > size else None)

    async def history(self, contact_id: int, *, below: int = LARGEST_ID, limit: int = 50) -> Sequence[Change]:
        """What became of a contact, the newest change first; also of one that is deleted or part of another one.

        Missing if there never was one, or it was erased.
        """
        self._context.require("read")
        async with self._context.database.reading() as tx:
            await stored.refuse_unknown(tx, self._tenant_id, contact_id)
            return await journal.changes(
                tx, self._tenant_id, entity="contact", entity_id=contact_id, below=below, limit=_page_size(limit)
            )

    async def find(
        self,
        criteria: Mapping[str, Any],
        after: Cursor = FIRST,
        limit: int = 50,
        *,
        any_of: bool = False,
        contains: bool = False,
        strict: bool = False,
    ) -> Found:
        """Contacts that meet all criteria, or `any_of` them, newest first.

        Criteria are attribute keys, `phone` (any number, in any spelling), `name` (each word begins a word of the
        name) and `q` (any searchable attribute). Empty ones are ignored, and if none is left nothing is found: an
        unset variable must not pop a stranger. `contains` finds texts by any part of them. A key that the schema lacks
        is met by nobody, or with `strict` Invalid.
        """
        self._context.require("read")
        size = _page_size(limit)
        async with self._context.database.reading() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            search = search_of(schema, criteria, self._context.phone, any_of=any_of, contains=contains)
            if strict and search.unknown:
                raise Invalid("The schema has no such attribute.", field=search.unknown[0][:64])
            if not search.groups:
                return Found([], search.unknown)
            found = await contact_search.newest(tx, self._tenant_id, schema, search.groups, after.id, size)
            return Found(found.contacts, search.unknown, found.cut)

    async def delete(
        self, contact_id: int, *, version: int | None = None, created_second: int | None = None
    ) -> Contact:
        """Take the contact away; the journal keeps it. Its list records and calls stay, unlinked.

        Stale unless it still has this version, Missing unless it was made in this second, if one is given.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            # Writers take a record, then the schema, the keys of its person, and the person: so does who deletes them.
            before = await stored.get(tx, self._tenant_id, contact_id)
            _check_second(before, created_second)
            await lists.hold_of_contact(tx, self._tenant_id, contact_id)
            schema = await schemas.for_writing(tx, self._tenant_id)
            phones = [self._context.phone(phone.raw) for phone in before.phones]
            held = identity.held_keys(schema, _text(before.attributes.get(CUSTOMER_ID)), phones, before.attributes)
            await identities.lock_identity(tx, self._tenant_id, held)
            contact = await stored.get(tx, self._tenant_id, contact_id, for_update=True)
            check_version(contact, version)
            await stored.delete(tx, schema, self._tenant_id, contact)
            await journal.record(tx, self._context.author, "contact", contact.id, contact.attributes, None)
            return contact

    async def _accept(
        self, tx: Tx, schema: Schema, attributes: Mapping[str, Any], loose: bool
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The values as the schema has them, and the keys that it lacks, which are noted."""
        if len(attributes) > MOST_ATTRIBUTES:
            raise Invalid(f"A contact has {MOST_ATTRIBUTES} attributes at most.")
        values = schema.accept(attributes, loose=loose)
        unknown = schema.unknown(values)
        kept = [key for key in unknown if values[key] is not None]
        if kept:
            await schemas.note_loose(tx, self._tenant_id, kept)
        return values, unknown

    async def _refuse_shared(self, tx: Tx, keys: Sequence[str], contact_id: int) -> None:
        for other in await identities.sharing(tx, self._tenant_id, keys):
            if other.id != contact_id:
                raise PhoneTaken(contact=other)

    async def _with_phones(self, tx: Tx, contact: Contact) -> Contact:
        return (await stored.with_phones(tx, self._tenant_id, [contact]))[0]

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


class _Ranked(NamedTuple):
    """A contact and the folded value that it is sorted by; who has none comes last, in either order."""

    folded: str
    contact: Contact
    numeric: bool

    @property
    def place(self) -> tuple[float, str]:
        return _place(self.folded, self.numeric)

    @property
    def position(self) -> Position:
        return Position(self.folded, self.contact.id)

    def is_behind(self, other: Position, *, down: bool) -> bool:
        if bool(self.folded) != bool(other.folded):
            return not self.folded
        mine, theirs = self.place, _place(other.folded, self.numeric)
        if mine != theirs:
            return mine < theirs if down else mine > theirs
        return self.contact.id > other.id


def _place(folded: str, numeric: bool) -> tuple[float, str]:
    try:
        return (float(folded), "") if numeric and folded else (0.0, folded)
    except ValueError:
        raise Invalid("This cursor was not handed out here.", field="cursor") from None


def _in_order(attribute: Attribute, contacts: Iterable[Contact], *, down: bool) -> list[_Ranked]:
    ranked = [
        _Ranked(searchable_text(attribute, c.attributes.get(attribute.key)) or "", c, attribute.type == "Number")
        for c in sorted(contacts, key=lambda c: c.id)
    ]
    ranked.sort(key=lambda one: one.place, reverse=down)
    ranked.sort(key=lambda one: not one.folded)
    return ranked


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _stored(contact: Contact) -> StoredContact:
    raw = msgspec.Raw(msgspec.json.encode(contact.attributes))
    return StoredContact(
        contact.id, contact.created_second, raw, contact.version, contact.created_at, contact.updated_at
    )


def check_version(contact: Contact, version: int | None) -> None:
    if version is not None and contact.version != version:
        raise Stale(f"The contact is at version {contact.version}.", version=contact.version)


def _check_second(contact: Contact, second: int | None) -> None:
    if second is not None and contact.created_second != second:
        raise Missing


def _page_size(limit: int) -> int:
    if not 1 <= limit <= MOST_A_PAGE:
        raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
    return limit
