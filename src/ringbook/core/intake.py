"""What imports write with: many rows at once, each ending as a single write of it would, none stopping the others.

The caller's transaction is one slice of an import. What became of each row is told; what is needed to undo it is in the
database, under the import's id (store/intake.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core import intake_records, linking
from ringbook.core.behind import writing_behind
from ringbook.core.context import Context
from ringbook.core.lists import find_list
from ringbook.domain.calling_list import CallingList
from ringbook.domain.intake import (
    Arrival,
    Mode,
    Newcomers,
    Outcome,
    Prepared,
    Preparing,
    apart,
    prepare,
    prepared,
    says_nothing_new,
)
from ringbook.domain.linking import People, customer_key, value_key, value_of, values_of
from ringbook.domain.problems import Invalid, TooLarge
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.store import intake as stored
from ringbook.store import interactions, journal, lists
from ringbook.store import linking as people_stored
from ringbook.store.schema import for_writing
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_AT_ONCE = 20_000


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
) -> Sequence[Outcome]:
    """Write each row of attributes as a single write of them would; what became of each, in their order.

    `match` is the attribute that says who a row is about; without one it is the customer id, else a valid number. `add`
    refuses who is known, `update` who is not. Rows may be prepared, which another process can do. Journalled is what
    changes; what an import inserts has its id, and no entry of its own.
    """
    async with _slice(tx, context, import_id, dry_run) as importing:
        schema = await for_writing(tx, context.tenant.id)
        read = _read(_preparing(context, schema, match), rows)
        outcomes = [*read.refused, *await _told(tx, importing, schema, read, mode)]
        return sorted(outcomes, key=lambda outcome: outcome.at)


def _preparing(context: Context, schema: Schema, match: str | None) -> Preparing:
    how = Preparing(context.tenant.region, schema.attributes, match)
    assert how.sought is None or match
    return how


def _read(how: Preparing, rows: Sequence[Mapping[str, Any]] | Prepared) -> Prepared:
    """The rows as the schema is now: it may have changed since they were prepared."""
    count = len(rows.arrivals) + len(rows.refused) if isinstance(rows, Prepared) else len(rows)
    if count > MOST_AT_ONCE:
        raise TooLarge(f"There are {MOST_AT_ONCE} rows at most in one go.")
    if not isinstance(rows, Prepared):
        return prepare(how, rows)
    if rows.how == how:
        return rows
    again = prepared(how, ((arrival.at, arrival.values) for arrival in rows.arrivals))
    return Prepared(how, again.arrivals, [*rows.refused, *again.refused])


async def _told(tx: Tx, context: Context, schema: Schema, read: Prepared, mode: Mode) -> Sequence[Outcome]:
    """Most rows are about whom nobody else's row is: those are told apart, and go the short ways."""
    alone = apart(read.arrivals)
    unchanged = await _unchanged(tx, context, schema, read, alone) if mode != "add" else {}
    rows = [row for row in read.arrivals if row.at not in unchanged]
    while rows and unchanged:
        # What others here do to a contact comes before what a later row says of it.
        touched = {id_ for _, id_ in await stored.known(tx, context.tenant.id, _asked(schema, rows, _all_keys))}
        if touched.isdisjoint(unchanged.values()):
            break
        unchanged = {at: id_ for at, id_ in unchanged.items() if id_ not in touched}
        rows = [row for row in read.arrivals if row.at not in unchanged]
    outcomes = [Outcome(at, "unchanged", id_) for at, id_ in unchanged.items()]
    if rows:
        outcomes += await _entered(tx, context, schema, Prepared(read.how, rows, []), mode, alone)
    return outcomes


async def _unchanged(
    tx: Tx, context: Context, schema: Schema, read: Prepared, alone: Collection[int]
) -> Mapping[int, int]:
    """By place, the contacts of whom rows say what is known of them already: nobody has to be held for that."""
    rows = {row.at: row for row in read.arrivals if row.at in alone}
    asked = _asked(schema, rows.values(), _who)
    known: dict[int, dict[int, str]] = {}
    for at, id_, attributes in await stored.recognised(tx, context.tenant.id, asked):
        known.setdefault(at, {})[id_] = attributes
    # Whoever could be several is for the long way to choose.
    return {
        at: id_
        for at, found in known.items()
        if len(found) == 1
        for id_, attributes in found.items()
        if says_nothing_new(schema, rows[at], _decode(attributes))
    }


async def _entered(
    tx: Tx, context: Context, schema: Schema, read: Prepared, mode: Mode, alone: Collection[int]
) -> Sequence[Outcome]:
    tenant_id, rows = context.tenant.id, read.arrivals
    await stored.hold_keys(tx, tenant_id, (key for row in rows for key in row.keys))
    known = {at for at, _ in await stored.known(tx, tenant_id, _asked(schema, rows, _all_keys))}
    # A default that has to be unique is somebody's already, or soon.
    short = mode != "update" and not any(attribute.default for attribute in schema.unique)
    new = {row.at for row in rows if short and row.at in alone and row.at not in known}
    moment = await people_stored.moment(tx, tenant_id, len(rows))
    ids = dict(zip((row.at for row in rows), moment.ids, strict=True))
    coming: list[int] = []
    longer = Prepared(read.how, [row for row in rows if row.at not in new], [])
    people = await _people(tx, context, schema, longer, coming.pop)
    newcomers = Newcomers(schema, people, read.how, mode)
    outcomes = []
    async for row in linking.in_turn(rows):
        coming[:] = [ids[row.at]]
        outcomes.append(newcomers.let_in(row, ids[row.at]) if row.at in new else newcomers.tell(row))
    async with writing_behind() as behind:
        await linking.write_people(tx, behind, context, schema, moment.now, [*newcomers.strangers, *people])
    calls = {p.match_key: person.id for person in newcomers.strangers for p in person.numbers.values() if p.identifies}
    await interactions.link_unknown(tx, tenant_id, people.calls | calls)
    await linking.note_inserted(tx, context, "contact", newcomers.made)
    await journal.record_all(tx, context.author, "contact", newcomers.changes)
    await linking.journal_choices(tx, context, people)
    context.database.grew(len(newcomers.made))
    return outcomes


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _all_keys(row: Arrival) -> Iterable[str]:
    return row.keys


def _who(row: Arrival) -> Iterable[str]:
    """The keys that decide whom a row is about, where each leads to one contact and all to the same."""
    if row.sought is not None:
        return (row.sought if isinstance(row.sought, str) else value_key(row.sought),)
    if row.customer:
        return (customer_key(row.customer),)
    return (phone.match_key for phone in row.phones.values() if phone.identifies)


def _asked(schema: Schema, rows: Iterable[Arrival], keys_of: Callable[[Arrival], Iterable[str]]) -> stored.Asked:
    customer_id = schema.by_key[CUSTOMER_ID].id
    values: list[tuple[int, int, str]] = []
    numbers: list[tuple[int, str]] = []
    for row in rows:
        for key in keys_of(row):
            value = value_of(key, customer_id)
            if value is None:
                numbers.append((row.at, key))
            else:
                values.append((row.at, *value))
    return stored.Asked(values, numbers)


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
) -> Sequence[Outcome]:
    """Write each row of fields as a single write of them would; what became of each, in their order.

    Who it is, the list's key fields say. `add` refuses a key that is taken, `update` one that no record has. A record
    that says what it said before is left alone.
    """
    if len(rows) > MOST_AT_ONCE:
        raise TooLarge(f"There are {MOST_AT_ONCE} rows at most in one go.")
    if mode != "add" and not target.layout.keys:
        raise Invalid("The list has no key: its records can only be added.", field="mode")
    async with _slice(tx, context, import_id, dry_run) as importing:
        await lists.lock(tx, context.tenant.id, target.id)
        if mode == "add":
            return await intake_records.added(tx, importing, target, list(enumerate(rows)))
        return await intake_records.written(tx, importing, target, rows, mode)


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
