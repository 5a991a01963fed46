"""Do-not-call lists as they are administered. What they bar is written in do_not_call.py, and asked in barring.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ringbook.core.barring import Callee, bars
from ringbook.core.campaigns import find_campaign
from ringbook.core.context import LONGEST_NUMBER, Context
from ringbook.core.do_not_call import DoNotCall, Fate, NewEntry, Removed, look_again, refuse_erased
from ringbook.domain.do_not_call import BoundList, DncType, ListedEntry
from ringbook.domain.may_call import Bar
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import dnc_lists as stored
from ringbook.store import do_not_call, journal

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_A_PAGE = 500
MOST_ENTRIES_A_PAGE = 1000


class DncLists:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def page(self, after: int = 0, limit: int = 50) -> list[BoundList]:
        """Lists in the order they were made, after the one of this id."""
        self._context.require("read")
        _check_limit(limit, MOST_A_PAGE)
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, after, limit)

    async def get(self, ref: int | str) -> BoundList:
        """The list of this id or name."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await self._list(tx, ref)

    async def create(self, name: str, kind: DncType, campaigns: Sequence[int | str] = ()) -> BoundList:
        """A new list; it bars these campaigns, or all where none is given. Conflict if the name is taken."""
        self._context.require("write")
        refuse_erased(name)
        async with self._context.database.transaction() as tx:
            ids = await self._campaign_ids(tx, campaigns)
            list_id = await stored.add(tx, self._tenant_id, name, kind)
            await stored.bind_to(tx, self._tenant_id, list_id, ids)
            made = await self._list(tx, list_id)
            await journal.record(tx, self._context.author, "dnc_list", list_id, None, made)
            return made

    async def bind(self, ref: int | str, campaigns: Sequence[int | str]) -> BoundList:
        """Have the list bar these campaigns and no other; all, where none is given."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            ids = await self._campaign_ids(tx, campaigns)
            before = await self._list(tx, ref, for_update=True)
            refuse_erased(before.list.name)
            await stored.bind_to(tx, self._tenant_id, before.list.id, ids)
            after = await self._list(tx, before.list.id)
            if after != before:
                await look_again(tx, self._tenant_id)
                await journal.record(tx, self._context.author, "dnc_list", before.list.id, before, after)
            return after

    async def drop(self, ref: int | str) -> BoundList:
        """Delete a list with all that it bars; what it was."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            before = await self._list(tx, ref, for_update=True)
            refuse_erased(before.list.name)
            await do_not_call.drop_list(tx, self._tenant_id, before.list.id)
            await look_again(tx, self._tenant_id)
            await journal.record(tx, self._context.author, "dnc_list", before.list.id, before, None)
            return before

    async def entries(self, ref: int | str, after: str = "", limit: int = 100) -> list[ListedEntry]:
        """What the list bars, in the order of what is compared, behind this key."""
        self._context.require("read")
        _check_limit(limit, MOST_ENTRIES_A_PAGE)
        async with self._context.database.reading() as tx:
            target = await self._list(tx, ref)
            return await stored.entries(tx, self._tenant_id, target.list.id, after, limit)

    async def add_each(self, ref: int | str, entries: Sequence[NewEntry]) -> Sequence[Fate | Invalid]:
        """Bar each of these; what became of each, or what is wrong with it."""
        self._context.require("write")
        return await DoNotCall(self._context).add_each((await self.get(ref)).list.name, entries)

    async def remove(self, ref: int | str, entries: Sequence[str]) -> Removed:
        """Bar these no more, whatever their spelling."""
        self._context.require("write")
        return await DoNotCall(self._context).remove((await self.get(ref)).list.name, entries)

    async def check(
        self,
        *,
        number: str | None = None,
        postcode: str | None = None,
        key: str | None = None,
        campaign: int | str | None = None,
    ) -> Sequence[Bar]:
        """What bars a number, a postcode or a record's key from a campaign (None: from any); nothing where none does.

        Invalid where nothing is asked.
        """
        self._context.require("read")
        if number is None and postcode is None and key is None:
            raise Invalid("Ask for a number, a postcode or a key.", field="number")
        if any(text is not None and len(text) > LONGEST_NUMBER for text in (postcode, key)):
            raise Invalid(f"An entry has {LONGEST_NUMBER} characters at most.")
        callee = Callee(
            [] if number is None else [self._context.asked_phone(number, "number")],
            [] if postcode is None else [postcode],
            [] if key is None else [key],
        )
        async with self._context.database.reading() as tx:
            target = None if campaign is None else (await find_campaign(tx, self._tenant_id, campaign)).id
            found = (await bars(tx, self._context, target, {0: callee})).get(0, ())
            return list(dict.fromkeys(found))  # an entry may be met by several readings of what is asked

    async def _list(self, tx: Tx, ref: int | str, *, for_update: bool = False) -> BoundList:
        found = await stored.get(tx, self._tenant_id, ref, for_update=for_update)
        if found is None:
            raise Missing
        return found

    async def _campaign_ids(self, tx: Tx, refs: Sequence[int | str]) -> list[int]:
        return sorted({(await find_campaign(tx, self._tenant_id, ref)).id for ref in refs})

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _check_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise Invalid(f"limit is from 1 to {most}.", field="limit")
