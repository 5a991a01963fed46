"""Calling lists: every record that enters finds or makes its contact, and its campaigns take it up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringbook.core.context import Context
from ringbook.core.linking import Added, Refused, add_record, add_records, update_record
from ringbook.domain.calling_list import CallingList, ListRecord
from ringbook.domain.layout import Field, Layout
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.store import journal
from ringbook.store import lists as stored
from ringbook.store.campaigns import AT_A_TIME

if TYPE_CHECKING:
    from ringbook.store.database import Tx


MOST_A_PAGE = 500


class Lists:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[CallingList]:
        """Every list but the campaigns' own ones that have no record yet, by name."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.all_lists(tx, self._tenant_id)

    async def page(self, after: int = 0, limit: int = 50) -> list[CallingList]:
        """The same in the order they were made, after the one of this id."""
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, after, limit)

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
            await self._lay_out(tx, before, fields)
            return False

    async def lay_out(self, list_ref: int | str, fields: Sequence[Field]) -> CallingList:
        """Give a list another layout; Conflict as put()."""
        self._context.require("write")
        _check_layout(fields)
        async with self._context.database.transaction() as tx:
            return await self._lay_out(tx, await find_list(tx, self._tenant_id, list_ref), fields)

    async def _lay_out(self, tx: Tx, before: CallingList, fields: Sequence[Field]) -> CallingList:
        if before.campaign_id is not None:
            raise Conflict(f"{before.name} is a campaign's own list, whose layout is fixed.")
        if tuple(fields) == before.fields:
            return before
        await stored.lock(tx, self._tenant_id, before.id)
        holds_records = bool(await stored.records(tx, self._tenant_id, before.id, 0, 1))
        if holds_records and [f for f in fields if f.key] != [f for f in before.fields if f.key]:
            raise Conflict(f"{before.name} has records; its key fields cannot change.")
        after = await stored.put_fields(tx, self._tenant_id, before.id, fields, unique_keys=_has_key(fields))
        await journal.record(tx, self._context.author, "list", before.id, before, after)
        return after

    async def named(self, list_ref: int | str) -> CallingList:
        """The list of this id or name."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await find_list(tx, self._tenant_id, list_ref)

    async def drop(self, list_ref: int | str) -> CallingList:
        """Delete a list and its records everywhere; what it was. No contact goes with it."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            if target.campaign_id is not None:
                raise Conflict("A campaign's own list goes with its campaign.")
            await drop_list(tx, self._context, target)
            return target

    async def add(self, list_ref: int | str, submitted: Mapping[str, Any], *, told_apart: bool = False) -> ListRecord:
        """Add a record. Invalid with the fact `fault` for one that does not fit, Conflict where its key is taken.

        A campaign's own list takes records without a key, and several of one, unless they are to be `told_apart`.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            if not told_apart or not _is_loose(target):
                return await add_record(tx, self._context, target, submitted)
            added = await self._add_apart(tx, target, [submitted])
            for refused in added.refused:
                raise refused.problem
            return await stored.record(tx, self._tenant_id, added.ids[0])

    async def add_many(
        self, list_ref: int | str, submitted: Sequence[Mapping[str, Any]], *, told_apart: bool = False
    ) -> Added:
        """Add records in one go. One that does not fit, or whose key is taken, is refused alone, with its problem.

        For `told_apart`, see add().
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            target = await find_list(tx, self._tenant_id, list_ref)
            if told_apart and _is_loose(target):
                return await self._add_apart(tx, target, submitted)
            return await add_records(tx, self._context, target, submitted)

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
            return await find_by_key(tx, self._context, target, key, asked=True)

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

    async def _add_apart(self, tx: Tx, target: CallingList, submitted: Sequence[Mapping[str, Any]]) -> Added:
        """The same as add_records(), for a list whose key is not unique: as if it were."""
        await stored.lock(tx, self._tenant_id, target.id)
        keys: dict[int, str] = {}
        refused: list[Refused] = []
        for at, one in enumerate(submitted):
            try:
                keys[at], _ = key_texts(target, one)
            except Invalid as problem:
                refused.append(Refused(at, problem.to_keep()))
        taken = await stored.taken_loose_keys(tx, self._tenant_id, target.id, list(keys.values()))
        kept: list[int] = []
        for at, key in keys.items():
            if key in taken:
                refused.append(Refused(at, Conflict("A record with this key exists.")))
            else:
                taken.add(key)
                kept.append(at)
        added = await add_records(tx, self._context, target, [submitted[at] for at in kept])
        refused += (Refused(kept[one.at], one.problem) for one in added.refused)
        return Added(added.ids, sorted(refused, key=lambda one: one.at))

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
        raise Missing("There is no such list.", of="list")
    return found


async def delete_records(tx: Tx, context: Context, target: CallingList, ids: Sequence[int] | None) -> int:
    """Delete records (None: all) of a list everywhere, each with a journal entry that brings it back; how many."""
    await stored.lock(tx, context.tenant.id, target.id)
    gone = 0
    async for part in _parts(tx, context.tenant.id, target.id, ids):
        await journal.record_deletion(tx, context.author, target.id, part)
        gone += await stored.delete_records(tx, context.tenant.id, target.id, part)
    asked = "all" if ids is None else list(ids)
    await journal.record(tx, context.author, "list", target.id, {"records": asked}, {"deleted": gone})
    return gone


async def _parts(tx: Tx, tenant_id: int, list_id: int, ids: Sequence[int] | None) -> AsyncIterator[Sequence[int]]:
    """The records (None: all of the list) so many at a time: no statement on a long list runs into its time limit."""
    if ids is not None:
        for at in range(0, len(ids), AT_A_TIME):
            yield ids[at : at + AT_A_TIME]
        return
    start = 0
    while part := await stored.places(tx, tenant_id, list_id, start, AT_A_TIME):
        yield [id_ for _, id_ in part]
        start = part[-1][0] + 1


async def drop_list(tx: Tx, context: Context, target: CallingList) -> None:
    """Delete a list with its records."""
    await delete_records(tx, context, target, None)
    await stored.drop_list(tx, context.tenant.id, target.id)
    await journal.record(tx, context.author, "list", target.id, target, None)


async def find_by_key(
    tx: Tx, context: Context, target: CallingList, key: Mapping[str, Any], *, asked: bool = False
) -> ListRecord:
    """The record whose key fields, as stored or as they were sent, are these; Invalid if one of them is not given.

    A value that the list cannot store is Invalid too; where it is only asked for, no record has it.
    """
    found = await stored.by_key(tx, context.tenant.id, target, *key_texts(target, key, asked=asked))
    if found is None:
        raise Missing
    return found


def key_texts(target: CallingList, key: Mapping[str, Any], *, asked: bool = False) -> tuple[str, str]:
    """A record's key as the list would store it and as it was sent. Only the key fields are looked at."""
    layout = target.layout
    given = layout.named({name: value for name, value in key.items() if (field := layout[name]) and field.key})
    layout.require_key(given)
    return layout.asked_key_of(given) if asked else layout.stored_key_of(given), layout.key_of(given)


def _is_loose(target: CallingList) -> bool:
    """Whether the list has a key that several records may share."""
    return not target.unique_keys and bool(target.layout.keys)


def _has_key(fields: Sequence[Field]) -> bool:
    """Whether records can be told apart: a list without key fields takes any."""
    return any(field.key for field in fields)


def _check_layout(fields: Sequence[Field]) -> None:
    fault = Layout(fields).fault()
    if fault:
        raise Invalid(fault, field="fields")
