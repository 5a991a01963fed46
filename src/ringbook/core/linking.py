"""Records that enter a list, one or ten thousand: each finds or makes its contact, and the campaigns take it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from ringbook.core.behind import Behind, writing_behind
from ringbook.core.context import Context
from ringbook.core.filtering import refilter_list
from ringbook.domain.apart import ShortWays, Told
from ringbook.domain.calling_list import CallingList, ListRecord
from ringbook.domain.drafting import Drafting, Drafts
from ringbook.domain.layout import RecordDraft
from ringbook.domain.linking import Entering, Linked, People, Person, identity_keys, said, values_of
from ringbook.domain.ownership import Link
from ringbook.domain.phone import Phone
from ringbook.domain.problems import Conflict, Problem, TooLarge
from ringbook.domain.schema import Schema
from ringbook.store import holds, intake, interactions, journal, lists, statistics
from ringbook.store import identity as identities
from ringbook.store import linking as stored
from ringbook.store.copying import copy_texts
from ringbook.store.schema import for_writing

if TYPE_CHECKING:
    from ringbook.store.database import Tx


T = TypeVar("T")

MOST_AT_ONCE = 100_000
_SLICE = 20_000
"""Records whose people are in memory at the same time."""
_PART = 5_000
"""Records that are computed while those before them are stored."""
_TURN = 100
_MANY = 1_000
"""From so many on, another way may be the cheaper one."""
_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Refused:
    """One of many records that was not added, by its place among them, from 0."""

    at: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Added:
    """The ids of the records that were added, in their order, and which were not."""

    ids: Sequence[int]
    refused: Sequence[Refused]

    @property
    def count(self) -> int:
        return len(self.ids)


async def add_records(tx: Tx, context: Context, target: CallingList, submitted: Sequence[Mapping[str, Any]]) -> Added:
    """New records of the list. One that does not fit its layout, or whose key is taken, is refused alone."""
    if len(submitted) > MOST_AT_ONCE:
        raise TooLarge(f"There are {MOST_AT_ONCE} records at most in one go.")
    return await add_drafted(tx, context, target, await drafts_of(context, target, submitted))


async def add_drafted(tx: Tx, context: Context, target: CallingList, drafts: Drafts) -> Added:
    """The same of records that were read already."""
    refused = [Refused(at, problem) for at, problem in drafts.problems.items()]
    tenant_id = context.tenant.id
    await lists.lock(tx, tenant_id, target.id)
    if target.unique_keys:
        taken = await stored.taken_keys(tx, tenant_id, target.id, [draft.key_text for draft in drafts.fit.values()])
        refused += _refuse_taken(drafts.fit, taken)
    ids = await add_drafts(tx, context, target, drafts, list(drafts.fit))
    return Added(ids, sorted(refused, key=lambda one: one.at))


async def add_drafts(
    tx: Tx, context: Context, target: CallingList, drafts: Drafts, places: Sequence[int]
) -> Sequence[int]:
    """New records, those at these places, whose keys are free in a list that the caller holds; their ids."""
    ids: list[int] = []
    for part in parts(places, _SLICE):
        ids += await _enter(tx, context, target, drafts, [drafts.fit[at] for at in part])
    if len(ids) >= _MANY:
        await statistics.know(tx)
    context.database.grew(len(ids))
    return ids


async def _enter(
    tx: Tx, context: Context, target: CallingList, read: Drafts, drafts: Sequence[RecordDraft]
) -> Sequence[int]:
    tenant_id = context.tenant.id
    moment = await stored.moment(tx, tenant_id, len(drafts))
    first = await lists.lock(tx, tenant_id, target.id, len(drafts))
    entering: list[Entering] = []
    async for some in turns(list(zip(moment.ids, drafts, strict=True))):
        entering += [Entering(id_, draft, read.phones(draft)) for id_, draft in some]
    entered = 0

    async def insert(behind: Behind, part: Sequence[Entering], links: Sequence[Linked]) -> None:
        nonlocal entered
        import_id = context.author.import_id
        for texts in stored.record_texts(tenant_id, target, first + entered, moment.now, part, links, import_id):
            await behind.then(partial(copy_texts, tx, texts))
        entered += len(part)

    await link_records(tx, context, entering, insert)
    await stored.take_up(tx, tenant_id, target.id, moment.ids)
    await refilter_list(tx, tenant_id, target.id, moment.ids)
    fields = ((entry.record_id, entry.draft.fields) for entry in entering)
    await note_inserted(tx, context, "list_record", fields)
    return moment.ids


async def note_inserted(
    tx: Tx, context: Context, entity: intake.Inserted, inserted: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    """Journal what was inserted, by rising ids; of an import, note where to find it: it has one entry for all."""
    import_id = context.author.import_id
    if import_id is None:
        entries = [(id_, None, values) for id_, values in inserted]
        await journal.record_all(tx, context.author, entity, entries)
    else:
        await intake.note_range(tx, context.tenant.id, import_id, entity, [id_ for id_, _ in inserted])


async def in_turn(items: Iterable[T]) -> AsyncIterator[T]:
    """The items; now and then, others on this worker are let in: a ringing phone does not wait for a batch."""
    for at, item in enumerate(items, 1):
        yield item
        if at % _TURN == 0:
            await asyncio.sleep(0)


async def turns(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """The same, some at a time."""
    for at in range(0, len(items), _TURN):
        if at:
            await asyncio.sleep(0)
        yield items[at : at + _TURN]


async def add_record(tx: Tx, context: Context, target: CallingList, submitted: Mapping[str, Any]) -> ListRecord:
    """A new record of the list. Invalid with the fact `fault` for one that does not fit, Conflict for a taken key."""
    added = await add_records(tx, context, target, [submitted])
    for refused in added.refused:
        raise refused.problem
    return await lists.record(tx, context.tenant.id, added.ids[0])


async def update_record(
    tx: Tx,
    context: Context,
    target: CallingList,
    record_id: int,
    submitted: Mapping[str, Any],
    cleared: Collection[str] = (),
) -> ListRecord:
    """The record with these fields written over its own, and without the `cleared` ones."""
    before = await lists.record(tx, context.tenant.id, record_id, for_update=True)
    numbers = await lists.numbers(tx, context.tenant.id, record_id)
    gone = {field.name for name in cleared if (field := target.layout[name])}
    kept = {name: value for name, value in before.fields.items() if name not in gone}
    numbers = {name: raw for name, raw in numbers.items() if name not in gone}
    draft = target.layout.draft(submitted, kept, numbers)
    phones = {phone.slot: context.phone(phone.raw) for phone in draft.phones}
    after = await lists.update_record(tx, context.tenant.id, record_id, draft, phones)
    await journal.record(tx, context.author, "list_record", record_id, before.fields, draft.fields)
    entering = Entering(record_id, draft, phones, before.contact_id, cast("Link | None", before.link))
    settled: list[Linked] = []

    async def link(behind: Behind, part: Sequence[Entering], links: Sequence[Linked]) -> None:
        settled.extend(links)

    await link_records(tx, context, [entering], link)
    (linked,) = settled
    await lists.link(tx, context.tenant.id, record_id, linked.contact_id, linked.link)
    await refilter_list(tx, context.tenant.id, target.id, [record_id])
    await holds.release_records(tx, context.tenant.id, [record_id])
    return msgspec.structs.replace(after, contact_id=linked.contact_id, link=linked.link)


Write = Callable[[Behind, Sequence[Entering], Sequence[Linked]], Awaitable[None]]


async def link_records(tx: Tx, context: Context, entering: Sequence[Entering], write: Write) -> None:
    """Find or make the contact of each record, tell it what the record says, and have it found by its numbers.

    The links that this makes are the caller's to `write`, part by part.
    """
    if not entering:
        return
    tenant_id = context.tenant.id
    schema = await for_writing(tx, tenant_id)
    told: list[Told] = []
    async for some in turns(entering):
        for entry in some:
            values = said(schema, entry.draft)
            told.append(Told(entry, values, identity_keys(schema, entry.customer, entry.phones.values(), values)))
    await _hold(tx, tenant_id, {key for one in told for key in one.keys})
    moment = await stored.moment(tx, tenant_id, len(entering))
    next_id = iter(moment.ids).__next__
    ways, people = await _read(tx, context, schema, told, next_id)
    async with writing_behind() as behind:
        for part in parts(told, _PART):
            links: list[Linked] = []
            async for some_told in turns(part):
                links += [ways.link(one, people, next_id) for one in some_told]
            await write(behind, [one.record for one in part], links)
        await behind.then(partial(copy_texts, tx, stored.number_texts(tenant_id, ways.numbers)))
        await write_people(tx, behind, context, schema, moment.now, [*ways.strangers, *people])
    await interactions.link_unknown(tx, tenant_id, people.calls)
    made = sorted([*ways.strangers, *(p for p in people if p.before is None)], key=lambda person: person.id)
    await _journal(tx, context, people, made)


async def _hold(tx: Tx, tenant_id: int, keys: Collection[str]) -> None:
    """Hold identity keys, as it costs less: those of people who are known are there already, a stranger's are not."""
    ordered = sorted(keys)
    if len(ordered) < _MANY or await identities.are_there(tx, tenant_id, ordered[:: len(ordered) // _SAMPLE]):
        await identities.lock_identity(tx, tenant_id, ordered)
    else:
        await intake.hold_keys(tx, tenant_id, ordered)


async def _read(
    tx: Tx, context: Context, schema: Schema, told: Sequence[Told], next_id: Callable[[], int]
) -> tuple[ShortWays, People]:
    """Whom these records may mean, held: those who are found the short way, and all others."""
    tenant_id = context.tenant.id
    customers = list({one.record.customer for one in told if one.record.customer})
    read = {phone.raw: phone for one in told for phone in one.record.phones.values()}
    numbers = list({phone.match_key for phone in read.values() if phone.identifies})

    def reading(raw: str) -> Phone:
        return read.get(raw) or context.phone(raw)

    holdings = await stored.holdings(tx, schema, tenant_id, customers, numbers)
    known = {contact_id for _, contact_id in holdings}
    known |= {one.record.contact_id for one in told if one.record.contact_id is not None}
    contacts = await stored.held(tx, tenant_id, known)
    ways = ShortWays(schema, told, holdings, {one.id: one.attributes for one in contacts}, reading)
    async for some in turns(list(enumerate(told))):
        for at, one in some:
            ways.look(at, one)
    settled = ways.settled
    persons = await stored.persons_of(tx, tenant_id, [one for one in contacts if one.id not in settled])
    unique = {value for one in told for _, value in values_of(schema.unique, one.values)}
    return ways, People(schema, persons, await stored.holders(tx, tenant_id, unique), reading, next_id)


async def write_people(
    tx: Tx, behind: Behind, context: Context, schema: Schema, now: datetime, people: Iterable[Person]
) -> None:
    """Store what has become of these contacts."""
    tenant_id = context.tenant.id
    for part in parts(list(people), _SLICE):
        await behind.then(partial(stored.write_changes, tx, schema, tenant_id, now, part))
        for texts in stored.contact_texts(schema, tenant_id, now, part, context.author.import_id):
            await behind.then(partial(copy_texts, tx, texts))


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[at : at + size] for at in range(0, len(items), size))


async def _journal(tx: Tx, context: Context, people: People, made: Iterable[Person]) -> None:
    entries = ((p.id, p.attributes | {"from record": p.made_from}) for p in made)
    await note_inserted(tx, context, "contact", entries)
    changed = [(p.id, p.before, p.attributes) for p in people if p.before is not None and p.changed]
    await journal.record_all(tx, context.author, "contact", changed)
    await journal_choices(tx, context, people)


async def journal_choices(tx: Tx, context: Context, people: People) -> None:
    """Note whom rows were taken to mean, where they could have meant several."""
    chosen = [(c.chosen, None, {"chosen": c.chosen, "by": c.by, "among": list(c.among)}) for c in people.choices]
    await journal.record_all(tx, context.author, "identity", chosen)


async def drafts_of(context: Context, target: CallingList, submitted: Sequence[Mapping[str, Any]]) -> Drafts:
    """Records as the list's layout reads them."""
    drafts = Drafts(Drafting(target.layout, context.tenant.region))
    async for some in turns(list(enumerate(submitted))):
        drafts.add(some)
    return drafts


def _refuse_taken(drafts: dict[int, RecordDraft], taken: set[str]) -> Iterator[Refused]:
    """Take those out of `drafts` whose key another record has, or one before them here."""
    seen = set(taken)
    for at, draft in list(drafts.items()):
        if draft.key_text in seen:
            del drafts[at]
            yield Refused(at, Conflict("A record with this key exists."))
        seen.add(draft.key_text)
