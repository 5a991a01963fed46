"""What imports write with: many rows at once, each ending as a single write of it would, none stopping the others.

The caller's transaction is one slice of an import. What became of each row is told; what is needed to undo it is in the
database, under the import's id (store/intake.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ringbook.core import intake_records, linking
from ringbook.core.behind import writing_behind
from ringbook.core.context import Context
from ringbook.core.lists import find_list
from ringbook.domain.calling_list import CallingList
from ringbook.domain.drafting import Drafting, Drafts
from ringbook.domain.intake import (
    Arrival,
    Effect,
    Mode,
    Newcomers,
    Outcome,
    Prepared,
    Preparing,
    about_nobody_else,
    prepare,
    prepared,
    says_nothing_new,
)
from ringbook.domain.linking import People, customer_key, value_key, value_of, values_of
from ringbook.domain.plain_rows import PlainRows, decoded
from ringbook.domain.problems import Invalid, TooLarge
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store import intake as stored
from ringbook.store import interactions, journal, lists, statistics
from ringbook.store import linking as people_stored
from ringbook.store.copying import copy_texts
from ringbook.store.newcomers import texts_of
from ringbook.store.schema import for_writing
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx

Decided = Callable[[Effect], None]
"""Hears what rows do."""

MOST_AT_ONCE = 50_000
_FEW = 50
"""One in so many rows tells whether an import brings what is known."""


class Intake:
    """The same, each call a transaction of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def contacts(
        self,
        rows: Sequence[Mapping[str, Any]] | Prepared,
        *,
        mode: Mode = "upsert",
        match: str | None = None,
        import_id: int | None = None,
        dry_run: bool = False,
    ) -> Sequence[Outcome]:
        """See contacts()."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            return await contacts(tx, self._context, rows, mode=mode, match=match, import_id=import_id, dry_run=dry_run)

    async def list_records(
        self,
        list_ref: int | str,
        rows: Sequence[Mapping[str, Any]],
        *,
        mode: Mode = "add",
        import_id: int | None = None,
        dry_run: bool = False,
    ) -> Sequence[Outcome]:
        """See list_records()."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._context.tenant.id, list_ref)
            return await list_records(tx, self._context, target, rows, mode=mode, import_id=import_id, dry_run=dry_run)


async def preparing(tx: Tx, context: Context, match: str | None = None) -> Preparing:
    """What contacts are read by now. Invalid where the schema lacks the attribute that is to say who it is."""
    return _preparing(context, await stored_schema(tx, context.tenant.id), match)


async def contacts(
    tx: Tx,
    context: Context,
    rows: Sequence[Mapping[str, Any]] | Prepared,
    *,
    mode: Mode = "upsert",
    match: str | None = None,
    import_id: int | None = None,
    dry_run: bool = False,
    decided: Decided = lambda effect: None,
) -> Sequence[Outcome]:
    """Write each row of attributes as a single write of them would; what became of each, in their order.

    `match` is the attribute that says who a row is about; without one it is the customer id, else a valid number. `add`
    refuses who is known, `update` who is not. Rows may be prepared, which another process can do. Journalled is what
    changes; what an import inserts has its id, and no entry of its own. `decided` hears what the rows do, as soon as
    that is known and before most is written.
    """
    async with _slice(tx, context, import_id, dry_run) as importing:
        schema = await for_writing(tx, context.tenant.id)
        how = _preparing(context, schema, match)
        read = _read(how, rows)
        if isinstance(rows, Prepared) and rows.how != how:
            decided("changes")  # the keys that the rows were prepared with may not be all
        outcomes = [*read.refused, *await _told(tx, importing, schema, read, mode, decided)]
        return sorted(outcomes, key=lambda outcome: outcome.at)


def _preparing(context: Context, schema: Schema, match: str | None) -> Preparing:
    how = Preparing(context.tenant.region, schema.attributes, match)
    assert how.sought is None or match
    return how


def _read(how: Preparing, rows: Sequence[Mapping[str, Any]] | Prepared) -> Prepared:
    """The rows as the schema is now: it may have changed since they were prepared."""
    if (rows.count if isinstance(rows, Prepared) else len(rows)) > MOST_AT_ONCE:
        raise TooLarge(f"There are {MOST_AT_ONCE} rows at most in one go.")
    if not isinstance(rows, Prepared):
        return prepare(how, rows)
    if rows.how == how:
        return rows
    told = [(arrival.at, arrival.values) for arrival in rows.arrivals]
    again = prepared(how, sorted([*told, *rows.plain.said()], key=itemgetter(0)))
    return Prepared(how, again.arrivals, [*rows.refused, *again.refused])


async def _told(
    tx: Tx, context: Context, schema: Schema, read: Prepared, mode: Mode, decided: Decided
) -> Sequence[Outcome]:
    """What became of the rows that fit. Those that say nothing new are told apart: nobody has to be held for them."""
    seen = mode != "add" and await _some_are_known(tx, context, schema, read)
    unchanged = await _unchanged(tx, context, schema, read) if seen else {}
    rest = _without(read, unchanged)
    while unchanged and rest.count:
        # What others here do to a contact comes before what a later row says of it.
        touched = {id_ for _, id_ in await stored.known(tx, context.tenant.id, _asked_of_all(schema, rest))}
        if touched.isdisjoint(unchanged.values()):
            break
        unchanged = {at: id_ for at, id_ in unchanged.items() if id_ not in touched}
        rest = _without(read, unchanged)
    outcomes = [Outcome(at, "unchanged", id_) for at, id_ in unchanged.items()]
    if rest.count:
        outcomes += await _entered(tx, context, schema, rest, mode, decided)
    else:
        decided("nothing")
    return outcomes


def _without(read: Prepared, places: Collection[int]) -> Prepared:
    """The rows that fit, but for those at these places."""
    rows = [row for row in read.arrivals if row.at not in places]
    return Prepared(read.how, rows, [], read.plain.without(places))


async def _some_are_known(tx: Tx, context: Context, schema: Schema, read: Prepared) -> bool:
    """Whether somebody knows one of a few rows. Where nobody does, hardly any row will say what is known already."""
    few = Prepared(read.how, read.arrivals[::_FEW], [], read.plain.only(set(read.plain.places[::_FEW])))
    return bool(await stored.known(tx, context.tenant.id, _asked_of_all(schema, few)))


async def _unchanged(tx: Tx, context: Context, schema: Schema, read: Prepared) -> Mapping[int, int]:
    """By place, the contacts of whom rows say what is known of them already."""
    documents = dict(zip(read.plain.places, read.plain.documents, strict=True))
    asked = _asked(schema, ((row.at, _who(row)) for row in read.arrivals))
    asked.add_all(read.plain.who, read.plain.places)
    same, others = await stored.recognised(tx, context.tenant.id, asked, documents)
    meant = dict(same)
    # Whoever could be several is for the long way to choose.
    not_so = {at for at, id_ in same if meant[at] != id_}
    values_at = {row.at: row.values for row in read.arrivals} if others else {}
    for at, id_, attributes in others:
        values = values_at[at] if at in values_at else decoded(documents[at])
        if meant.setdefault(at, id_) != id_ or not says_nothing_new(schema, values, decoded(attributes)):
            not_so.add(at)
    return {at: id_ for at, id_ in meant.items() if at not in not_so} if not_so else meant


class _Coming(NamedTuple):
    """Contacts that are about to be stored: plain rows with their ids, and what became of the others."""

    now: datetime
    first_turn: int
    """What the places of rows count from: of several written now, the one with the later turn is the more recent."""
    plain: PlainRows
    plain_ids: Sequence[int]
    newcomers: Newcomers
    people: People


async def _entered(
    tx: Tx, context: Context, schema: Schema, read: Prepared, mode: Mode, decided: Decided
) -> Sequence[Outcome]:
    """Write rows. Who is new, and nobody else's row here is about, enters without being told to anybody."""
    read, new = await _sorted_out(tx, context, schema, read, mode)
    rows, plain = read.arrivals, read.plain
    moment = await people_stored.moment(tx, context.tenant.id, read.count)
    ids = dict(zip(sorted([*plain.places, *(row.at for row in rows)]), moment.ids, strict=False))
    coming: list[int] = []  # the id of who is made by the row that is told
    longer = Prepared(read.how, [row for row in rows if row.at not in new], [])
    people = await _people(tx, context, schema, longer, coming.pop)
    newcomers = Newcomers(schema, people, read.how, mode)
    first_turn = people.next_turn() + 1
    outcomes = list(read.refused)
    async for row in linking.in_turn(rows):
        coming[:] = [ids[row.at]]
        people.pass_turns(first_turn + row.at - 1)
        outcomes.append(newcomers.let_in(row, ids[row.at]) if row.at in new else newcomers.tell(row))
    decided("changes" if newcomers.changes else "newcomers")
    plain_ids = [ids[place] for place in plain.places]
    await _store(tx, context, schema, _Coming(moment.now, first_turn, plain, plain_ids, newcomers, people))
    return [*outcomes, *map(_added, plain.places, plain_ids)]


async def _sorted_out(
    tx: Tx, context: Context, schema: Schema, read: Prepared, mode: Mode
) -> tuple[Prepared, Collection[int]]:
    """Hold whom the rows may be about. The rows, as plain only those of whom nobody knows, nor another row here; and
    the places of others of which that is true as well.
    """
    tenant_id = context.tenant.id
    held = {key for row in read.arrivals for key in row.keys}
    await stored.hold_keys(tx, tenant_id, [*held, *read.plain.held()])
    if mode == "update" or schema.has_defaults:
        # A default may be a number, or a value that says who somebody is.
        return read.reading_apart(set(read.plain.places)), ()
    known = {at for at, _ in await stored.known(tx, tenant_id, _asked_of_all(schema, read))}
    read = read.reading_apart(read.plain.sharing(held) | known)
    return read, about_nobody_else(read.arrivals) - known


async def _store(tx: Tx, context: Context, schema: Schema, coming: _Coming) -> None:
    """Store the contacts and what they are found by, give them the calls from their numbers, and note what changed."""
    tenant_id, import_id = context.tenant.id, context.author.import_id
    now, first_turn, plain, plain_ids, newcomers, people = coming
    async with writing_behind() as behind:
        for texts in texts_of(schema, tenant_id, now, plain, plain_ids, first_turn, import_id):
            await behind.then(partial(copy_texts, tx, texts))
        await linking.write_people(tx, behind, context, schema, now, [*newcomers.strangers, *people])
    calls: dict[str, int] = dict(plain.numbers_of(plain_ids))
    calls |= {p.match_key: person.id for person in newcomers.strangers for p in person.numbers.values() if p.identifies}
    await interactions.link_unknown(tx, tenant_id, calls | people.calls)
    await _note_made(tx, context, newcomers.made, plain_ids, plain.documents)
    await journal.record_all(tx, context.author, "contact", newcomers.changes)
    await linking.journal_choices(tx, context, people)
    await statistics.know(tx)
    context.database.grew(len(newcomers.made) + len(plain_ids))


async def _note_made(
    tx: Tx,
    context: Context,
    made: Sequence[tuple[int, Mapping[str, Any]]],
    ids: Sequence[int],
    documents: Sequence[str],
) -> None:
    """Have the contacts that were made found by their import; without one, journal each."""
    import_id = context.author.import_id
    if import_id is not None:
        both = sorted([*ids, *(id_ for id_, _ in made)])
        await stored.note_range(tx, context.tenant.id, import_id, "contact", both)
    else:
        entries = [*made, *zip(ids, map(decoded, documents), strict=True)]
        await linking.note_inserted(tx, context, "contact", sorted(entries, key=itemgetter(0)))


def _added(at: int, id_: int) -> Outcome:
    return Outcome(at, "added", id_)


def _who(row: Arrival) -> Iterable[str]:
    """The keys that decide whom a row is about, where each leads to one contact and all to the same."""
    if row.sought is not None:
        return (row.sought if isinstance(row.sought, str) else value_key(row.sought),)
    if row.customer:
        return (customer_key(row.customer),)
    return (phone.match_key for phone in row.phones.values() if phone.identifies)


def _asked_of_all(schema: Schema, read: Prepared) -> stored.Asked:
    asked = _asked(schema, ((row.at, row.keys) for row in read.arrivals))
    asked.add_all(read.plain.keys, read.plain.places)
    return asked


def _asked(schema: Schema, rows: Iterable[tuple[int, Iterable[str]]]) -> stored.Asked:
    """Identity keys of rows, with their places, to be looked up."""
    customer_id = schema.by_key[CUSTOMER_ID].id
    asked = stored.Asked()
    for at, keys in rows:
        for key in keys:
            attribute_id, value = value_of(key, customer_id) or (None, key)
            asked.add(attribute_id, at, value)
    return asked


async def _people(tx: Tx, context: Context, schema: Schema, read: Prepared, next_id: Callable[[], int]) -> People:
    """The contacts that these rows may be about, held."""
    tenant_id = context.tenant.id
    arrivals, sought = read.arrivals, read.how.sought
    defaults = {attribute.key: attribute.default for attribute in schema.unique}
    unique = {value for row in arrivals for _, value in values_of(schema.unique, defaults | row.values)}
    holders = await people_stored.holders(tx, tenant_id, unique)
    if sought is None:
        customers = {row.customer for row in arrivals if row.customer}
        numbers = {phone.match_key for row in arrivals for phone in row.phones.values() if phone.identifies}
        known = await people_stored.candidates(tx, schema, tenant_id, customers, numbers)
    else:
        asked_numbers = {row.sought for row in arrivals if isinstance(row.sought, str)}
        known = await people_stored.candidates(tx, schema, tenant_id, (), asked_numbers)
        asked = await people_stored.holders(tx, tenant_id, {r.sought for r in arrivals if isinstance(r.sought, tuple)})
        known |= {holder for _, holder in asked}
        holders += asked
    persons = await people_stored.persons(tx, tenant_id, known)
    return People(schema, persons, holders, context.phone, next_id, sought)


# ---- Records of a list


async def list_records(
    tx: Tx,
    context: Context,
    target: CallingList,
    rows: Sequence[Mapping[str, Any]],
    *,
    mode: Mode = "add",
    import_id: int | None = None,
    dry_run: bool = False,
    drafts: Drafts | None = None,
) -> Sequence[Outcome]:
    """Write each row of fields as a single write of them would; what became of each, in their order.

    Who it is, the list's key fields say. `add` refuses a key that is taken, `update` one that no record has. A record
    that says what it said before is left alone. `drafts` may be the rows as they were read already.
    """
    if len(rows) > MOST_AT_ONCE:
        raise TooLarge(f"There are {MOST_AT_ONCE} rows at most in one go.")
    if mode != "add" and not target.layout.keys:
        raise Invalid("The list has no key: its records can only be added.", field="mode")
    async with _slice(tx, context, import_id, dry_run) as importing:
        await lists.lock(tx, context.tenant.id, target.id)
        # Its fields may be others by now than when the rows were read.
        target = await lists.get(tx, context.tenant.id, target.id)
        if drafts is not None and drafts.how != Drafting(target.layout, context.tenant.region):
            drafts = None
        if mode == "add":
            return await intake_records.added(tx, importing, target, rows, drafts)
        return await intake_records.written(tx, importing, target, rows, mode, drafts)


# ---- Slices


@asynccontextmanager
async def _slice(tx: Tx, context: Context, import_id: int | None, dry_run: bool) -> AsyncIterator[Context]:
    """The context for an import. A dry run does everything, too, and takes it back."""
    importing = dataclasses.replace(context, author=msgspec.structs.replace(context.author, import_id=import_id))
    if not dry_run:
        yield importing
        return
    rehearsal = tx.transaction()
    await rehearsal.start()
    try:
        yield importing
    finally:
        await rehearsal.rollback()
