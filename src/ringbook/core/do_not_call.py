"""Do-not-call lists: what bars a number from campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.domain.do_not_call import DncType
from ringbook.domain.problems import Missing
from ringbook.domain.text import search_key
from ringbook.store import do_not_call as stored
from ringbook.store import journal


class DoNotCall:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def put_list(self, name: str, kind: DncType) -> bool:
        """Create the do-not-call list of this name, or change its type; whether it is new.

        Bound to no campaign, it bars all.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            before = (await stored.list_kinds(tx, self._context.tenant.id)).get(name)
            if before != kind:
                list_id = await stored.put_list(tx, self._context.tenant.id, name, kind)
                was = None if before is None else {"name": name, "type": before}
                await journal.record(tx, self._context.author, "dnc_list", list_id, was, {"name": name, "type": kind})
            return before is None

    async def bind(self, name: str, campaign: int | str) -> None:
        """From now on the list bars only the campaigns it is bound to, this one among them."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            if list_id is None:
                raise Missing("There is no such do-not-call list.")
            target = await find_campaign(tx, self._context.tenant.id, campaign)
            await stored.bind(tx, self._context.tenant.id, list_id, target.id)
            await journal.record(tx, self._context.author, "dnc_list", list_id, None, {"campaign": target.id})

    async def drop_list(self, name: str) -> None:
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            if list_id is not None:
                await stored.drop_list(tx, self._context.tenant.id, list_id)
                await journal.record(tx, self._context.author, "dnc_list", list_id, {"name": name}, None)

    async def names(self) -> list[str]:
        return sorted(await self.kinds())

    async def kinds(self) -> dict[str, str]:
        """What each list bars, by the list's name."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.list_kinds(tx, self._context.tenant.id)

    async def add(
        self, name: str, entries: Sequence[str], *, numbers: bool = True, expires_at: datetime | None = None
    ) -> int:
        """Bar these numbers (or postcodes, area codes, record keys); how many were not barred by the list before."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            if list_id is None:
                raise Missing("There is no such do-not-call list.")
            keyed = [(self._context.phone(e).match_key if numbers else search_key(e), e) for e in entries]
            added = await stored.add(tx, self._context.tenant.id, list_id, keyed, expires_at)
            await journal.record(tx, self._context.author, "dnc_list", list_id, None, {"added": list(entries)})
            return added
