"""A telephone rings, and its system wants a name to show: less than a look-up, and cheaper."""

from __future__ import annotations

from ringbook.core.context import Context
from ringbook.core.suppression import suppressed_key
from ringbook.domain.caller_name import NamedCaller, Routing
from ringbook.domain.contact import MOST_SHARING
from ringbook.domain.phone import match_keys_of
from ringbook.store.caller_name import NAMES, ROUTING, callers_of, routing_of


class CallerNames:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def of_number(self, raw: str) -> list[NamedCaller]:
        """Who has this number, however it is spelled; the first is the one to show.

        A number that more than 20 contacts share (a switchboard) identifies nobody, and so names nobody.
        """
        context = self._context
        context.require("read")
        phone = context.asked_phone(raw, field="number")
        rows = await context.database.lanes.ask(NAMES, (context.tenant.id,), phone.match_key)
        return callers_of(rows) if len(rows) <= MOST_SHARING else []

    async def routing(self, caller: NamedCaller, raw: str) -> Routing:
        """Who served this caller last, and whether no campaign may call the number."""
        context = self._context
        context.require("read")
        phone = context.asked_phone(raw, field="number")
        keys: list[str] = []
        for key in match_keys_of(phone, context.tenant.region):
            keys += filter(None, (key, suppressed_key(context, key)))
        rows = await context.database.lanes.ask(ROUTING, (context.tenant.id, caller.id), "\x1f".join(keys))
        return routing_of(rows)
