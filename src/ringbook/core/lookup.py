"""The main job: a number rings, and the right person comes back with what we know and what happened last."""

from __future__ import annotations

from ringbook.core.context import Context
from ringbook.domain.caller import Caller
from ringbook.store.lookup import BY_NUMBER, caller_of


class Lookup:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def by_number(self, raw: str) -> Caller:
        """Everything about a number, however it is spelled; an empty answer for one that nobody has."""
        context = self._context
        context.require("read")
        phone = context.asked_phone(raw)
        rows = await context.database.lanes.ask(BY_NUMBER, (context.tenant.id,), phone.match_key)
        return caller_of(phone, rows)
