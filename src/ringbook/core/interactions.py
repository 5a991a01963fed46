"""Calls as they are told by an IVR and by agents' desktops, a leg at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ringbook.core.context import Context
from ringbook.domain.contact import Contact
from ringbook.domain.interaction import MOST_LEGS, Interaction, Leg, LegDraft, LegPosition
from ringbook.domain.page import TimeCursor
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import call_search, calls, contacts, journal, legs
from ringbook.store import identity as identities
from ringbook.store import interactions as stored
from ringbook.store.call_search import CallSearch, FoundCall

if TYPE_CHECKING:
    from ringbook.store.database import Tx

LONGEST_CALL_ID = 255
MOST_CALLS = 500
MOST_FOUND = 100
MOST_LEGS_FOUND = 50
"""Legs that a page shows of each of its calls."""


class Interactions:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def save_leg(
        self, call_id: str, ani: str, leg: LegDraft, *, started_at: datetime | None = None, related_call_id: str = ""
    ) -> Leg:
        """Update or append a leg of a call; the call is made, and linked to the contact of its number, if it is new.

        The same report twice changes nothing, and reports for one call never lose one another's legs. After a
        transfer, `related_call_id` is the id that the call had before: both are one call.
        """
        self._context.require("write")
        if not 0 < len(call_id) <= LONGEST_CALL_ID:
            raise Invalid(f"A call id has 1 to {LONGEST_CALL_ID} characters.", field="call_id")
        if len(related_call_id) > LONGEST_CALL_ID or len(leg.call_id) > LONGEST_CALL_ID:
            raise Invalid(f"A call id has {LONGEST_CALL_ID} characters at most.", field="call_id")
        phone = self._context.phone(ani)
        async with self._context.database.transaction() as tx:
            keys = [phone.match_key] if phone.identifies else []
            # Held so that a contact that is saved with this number right now finds this call, or this call it; and so
            # that two who join the same calls from either end do so one after the other.
            joined = [f"i:{call_id}", f"i:{related_call_id}"] if related_call_id else []
            await identities.lock_identity(tx, self._tenant_id, [*keys, *joined])
            known = next(iter(await identities.sharing(tx, self._tenant_id, keys)), None)
            facts = (ani, phone.match_key, None if known is None else known.id, started_at or leg.started_at)
            if related_call_id and related_call_id != call_id:
                call = await stored.put_joined(tx, self._tenant_id, call_id, related_call_id, *facts)
                root = call.root
                await self._note(tx, call)
            else:
                root = await stored.put_root(tx, self._tenant_id, call_id, *facts)
            before, saved = await legs.put_leg(tx, self._tenant_id, root, call_id, leg, most=MOST_LEGS)
            if saved != before:
                await journal.record(tx, self._context.author, "interaction", root, before, saved)
            return saved

    async def _note(self, tx: Tx, call: stored.Joined) -> None:
        """What became one call, so that it can be told apart again."""
        if call.absorbed is None:
            return
        gone, author = call.absorbed, self._context.author
        await journal.record(
            tx, author, "interaction", gone.id, gone.was, {"joined into": call.root, "which was": gone.kept_was}
        )
        for twin in gone.twins:
            await journal.record(tx, author, "interaction", gone.id, twin.gone, None)
            await journal.record(tx, author, "interaction", call.root, twin.before, twin.after)

    async def get(self, call_id: str) -> Interaction:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            found = await calls.by_call_id(tx, self._tenant_id, call_id)
        if found is None:
            raise Missing
        return found

    async def find(self, call_id: str) -> Interaction | None:
        """The call of this id, its own or one that it had before; None if there is none."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await calls.by_call_id(tx, self._tenant_id, call_id)

    async def by_id(self, interaction_id: int) -> Interaction:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await calls.by_id(tx, self._tenant_id, interaction_id)

    async def search(
        self,
        *,
        contact_id: int | None = None,
        number: str | None = None,
        agent: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: TimeCursor | None = None,
        limit: int = 50,
    ) -> Sequence[FoundCall]:
        """Calls that meet all that is given, the newest first, each with its first legs; those behind a place.

        `number` in any spelling; `agent` without case. The calls of an agent alone are in the order of that agent's
        legs, all others in that of their beginning.
        """
        self._context.require("read")
        if not 1 <= limit <= MOST_FOUND:
            raise Invalid(f"limit is from 1 to {MOST_FOUND}.", field="limit")
        key = None if number is None else self._context.asked_phone(number, "number").match_key
        asked = CallSearch(contact_id, key, agent, since, until)
        async with self._context.database.reading() as tx:
            return await call_search.search(tx, self._tenant_id, asked, after, limit, MOST_LEGS_FOUND)

    async def of_contact(
        self,
        contact_id: int,
        *,
        before: datetime | None = None,
        after: LegPosition | None = None,
        supervision: bool = False,
        limit: int = 100,
        created_second: int | None = None,
    ) -> tuple[Contact, list[Interaction]]:
        """A contact and its newest calls, also those from its numbers that are nobody's; of the legs the newest ones.

        `before` gives what began before, `after` what comes behind a leg. `limit` is how many legs all calls have
        together, newest first in each. Legs of supervisors only if asked for. Missing unless the contact
        was made in this second, if one is given.
        """
        self._context.require("read")
        if not 1 <= limit <= MOST_CALLS:
            raise Invalid(f"limit is from 1 to {MOST_CALLS}.", field="limit")
        async with self._context.database.reading() as tx:
            contact = await contacts.get(tx, self._tenant_id, contact_id)
            if created_second not in (None, contact.created_second):
                raise Missing
            keys = [self._context.phone(phone.raw).match_key for phone in contact.phones if phone.raw.strip()]
            found = await calls.of_contact(
                tx,
                self._tenant_id,
                contact_id,
                keys,
                before=before,
                after=after,
                supervision=supervision,
                calls=MOST_CALLS,
                legs=limit,
            )
            return contact, found

    async def link_by_id(self, interaction_id: int, contact_id: int | None) -> Interaction:
        """link() of the call with this id of ours."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            call = await calls.by_id(tx, self._tenant_id, interaction_id)
            return await self._link(tx, call.call_id, contact_id)

    async def link(self, call_id: str, contact_id: int | None) -> Interaction:
        """Tie a call to a contact, or to nobody, by hand: no rule undoes it. Missing if one of them is not there."""
        self._context.require("contact")
        async with self._context.database.transaction() as tx:
            return await self._link(tx, call_id, contact_id)

    async def _link(self, tx: Tx, call_id: str, contact_id: int | None) -> Interaction:
        if contact_id is not None:
            await contacts.get(tx, self._tenant_id, contact_id, for_update=True)
        linked = await stored.link(tx, self._tenant_id, call_id, contact_id)
        after = await calls.by_call_id(tx, self._tenant_id, call_id)
        if linked is None or after is None:
            raise Missing
        told = {"contact_id": linked[1]}, {"contact_id": contact_id, "link": "hand"}
        await journal.record(tx, self._context.author, "interaction", linked[0], *told)
        return after

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
