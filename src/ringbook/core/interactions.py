"""Calls as they are told by an IVR and by agents' desktops, a leg at a time."""

from __future__ import annotations

from datetime import datetime

from ringbook.core.context import Context
from ringbook.domain.interaction import Interaction, Leg, LegDraft
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import identity as identities
from ringbook.store import interactions as stored
from ringbook.store import journal
from ringbook.store.schema import schema as stored_schema

LONGEST_CALL_ID = 255


class Interactions:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def save_leg(self, call_id: str, ani: str, leg: LegDraft, *, started_at: datetime | None = None) -> Leg:
        """Update or append a leg of a call; the call is made, and linked to the contact of its number, if it is new.

        The same report twice changes nothing, and reports for one call never lose one another's legs.
        """
        self._context.require("write")
        if not 0 < len(call_id) <= LONGEST_CALL_ID:
            raise Invalid(f"A call id has 1 to {LONGEST_CALL_ID} characters.", field="call_id")
        phone = self._context.phone(ani)
        async with self._context.database.transaction() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            keys = [phone.match_key] if phone.identifies else []
            # Held so that a contact that is saved with this number right now finds this call, or this call it.
            await identities.lock_identity(tx, self._tenant_id, keys)
            known = (await identities.identify(tx, schema, self._tenant_id, None, keys)).contact
            root = await stored.put_root(
                tx,
                self._tenant_id,
                call_id,
                ani,
                phone.match_key,
                None if known is None else known.id,
                started_at or leg.started_at,
            )
            before, saved = await stored.put_leg(tx, self._tenant_id, root, call_id, leg)
            if saved != before:
                await journal.record(tx, self._context.author, "interaction", root, before, saved)
            return saved

    async def get(self, call_id: str) -> Interaction:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            found = await stored.by_call_id(tx, self._tenant_id, call_id)
        if found is None:
            raise Missing
        return found

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
