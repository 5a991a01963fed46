"""May this number be called? What a tenant says of hours, tries and postcodes, and the answer for one number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ringbook.core.barring import Callee, bars
from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.linking import in_turn
from ringbook.domain.campaign import Campaign
from ringbook.domain.may_call import CALLING, CallingRules, MayCall, OpeningHours, judge
from ringbook.domain.problems import Invalid, TooLarge
from ringbook.domain.zones import folded_postcode, is_zone, prefixes_of, zones_of
from ringbook.store import campaigns, dialling, holds, journal
from ringbook.store import may_call as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_POSTCODES = 200_000
"""Rows of a table of postcodes: a large country's, whole."""


class Calling:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def may_call(self, number: str, campaign_ref: int | str | None = None) -> MayCall:
        """Whether somebody at this number may be called now (None: from no campaign in particular).

        The postcodes of the contacts with the number count too. Invalid for what has no digit: nobody can call it.
        """
        self._context.require("read")
        phone = self._context.asked_phone(number, "number")
        if not phone.digits:
            raise Invalid("That is no phone number.", field="number")
        async with self._context.database.reading() as tx:
            campaign = None if campaign_ref is None else await find_campaign(tx, self._tenant_id, campaign_ref)
            rules = await rules_of(tx, self._tenant_id, campaign)
            now = await dialling.now(tx, self._tenant_id)
            postcodes = await stored.postcodes_of_number(tx, self._tenant_id, phone.match_key)
            places = await zones_of_postcodes(tx, self._tenant_id, postcodes)
            campaign_id = None if campaign is None else campaign.id
            barred = await bars(tx, self._context, campaign_id, {0: Callee([phone], postcodes)})
            full: Mapping[str, datetime] = {}
            if rules.tries is not None:
                full = await stored.full_since(tx, self._tenant_id, [phone.match_key], rules.tries, now)
        zones = zones_of(phone.match_key, sorted(set(places.values())), self._context.tenant.time_zone)
        return judge(rules, OpeningHours(rules, now), zones, barred.get(0, ()), full.get(phone.match_key))

    async def rules(self) -> CallingRules:
        """What holds for every campaign that says nothing else."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.rules(tx, self._tenant_id)

    async def put_rules(self, rules: CallingRules) -> bool:
        """Have these and no others hold from now on; False if they do already."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            held = await campaigns.all_campaigns(tx, self._tenant_id, for_update=True)
            before = await stored.rules(tx, self._tenant_id)
            if rules == before:
                return False
            await stored.put_rules(tx, self._tenant_id, rules)
            await self._look_again(tx, held)
            await journal.record(tx, self._context.author, "calling_rules", 0, before, rules)
            return True

    async def postcodes(self, after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
        """The tenant's postcodes, or beginnings of them, with their time zones, in their order after this one."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.postcodes(tx, self._tenant_id, after, limit)

    async def replace_postcodes(self, table: Iterable[tuple[str, str]]) -> int:
        """Have this table of postcodes (or how they begin) and time zones and no other; how many it has.

        Invalid for a zone that does not exist, and for a postcode that is there twice with different zones.
        """
        self._context.require("admin")
        known: dict[str, str] = {}
        async for postcode, name in in_turn(table):
            prefix = folded_postcode(postcode)
            if not prefix:
                raise Invalid("A postcode has letters or digits.", field="postcode")
            if not is_zone(name):
                raise Invalid(f"There is no time zone {name[:100]}.", field="time_zone")
            if known.setdefault(prefix, name) != name:
                raise Invalid(f"The postcode {prefix} is there twice, in different zones.", field="postcode")
            if len(known) > MOST_POSTCODES:
                raise TooLarge(f"A table of postcodes has {MOST_POSTCODES} rows at most.")
        async with self._context.database.transaction() as tx:
            held = await campaigns.all_campaigns(tx, self._tenant_id, for_update=True)
            gone = await stored.replace_postcodes(tx, self._tenant_id, known.items())
            await self._look_again(tx, held)
            said = ({"postcodes": gone}, {"postcodes": len(known)})
            await journal.record(tx, self._context.author, "postcodes", 0, *said)
        return len(known)

    async def _look_again(self, tx: Tx, held: Sequence[Campaign]) -> None:
        """Have the claims of these campaigns, which are held, see what has changed."""
        for campaign in held:
            await holds.look_again(tx, self._tenant_id, campaign.id)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


async def rules_of(tx: Tx, tenant_id: int, campaign: Campaign | None) -> CallingRules:
    """What holds in a campaign: what it says itself, and else what the tenant says."""
    general = await stored.rules(tx, tenant_id)
    if campaign is None or CALLING not in campaign.settings:
        return general
    return msgspec.convert(campaign.settings[CALLING], CallingRules).over(general)


async def zones_of_postcodes(tx: Tx, tenant_id: int, postcodes: Collection[str]) -> Mapping[str, str]:
    """The time zone of each of these postcodes that the tenant's table knows, by its longest beginning there."""
    if not postcodes:
        return {}
    beginnings = {postcode: prefixes_of(postcode) for postcode in postcodes}
    asked = {prefix for prefixes in beginnings.values() for prefix in prefixes}
    known = await stored.zones_of_prefixes(tx, tenant_id, list(asked))
    found: dict[str, str] = {}
    for postcode, prefixes in beginnings.items():
        longest = next((prefix for prefix in prefixes if prefix in known), None)
        if longest is not None:
            found[postcode] = known[longest]
    return found
