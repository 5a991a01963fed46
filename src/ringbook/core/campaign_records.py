"""Records as diallers ask for them: by number, by customer, by a foreign id, by key, or a campaign's whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.linking import add_record, update_record
from ringbook.core.lists import delete_records, find_list, key_texts
from ringbook.core.names import in_order_of_names
from ringbook.domain.calling_list import CallingList
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.page import LARGEST_ID, fits
from ringbook.domain.phone import match_keys_of, plus_lost
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import campaign_records as stored
from ringbook.store import campaign_seats, campaigns, journal, lists
from ringbook.store.listed_records import listed

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_MOST_KNOWN = 1000
"""Lists whose layout is remembered, so that a record is asked for at once."""
_ANY = 0
"""In the place of a campaign's or a list's id."""


class FoundByForeignId(NamedTuple):
    """The records of a foreign id: all of them, or the first and then, some at a time, the rest.

    The rest is read when it is asked for, so that a slow reader holds nothing of the database: what is written
    meanwhile may be there or not.
    """

    first: Sequence[ListedRecord]
    rest: AsyncGenerator[Sequence[ListedRecord], None] | None


class CampaignRecords:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._known_lists: dict[str, CallingList] = {}

    async def find(
        self, *, phone: str | None = None, customer_id: str | None = None, campaign: int | None = None
    ) -> list[ListedRecord]:
        """The records that meet all that is given, by campaign and then in the order they were added; 60,000 at most.

        A number is found in any spelling that says the same. Invalid where nothing is given, Missing for a campaign
        that does not exist.
        """
        self._context.require("read")
        if campaign is not None and not fits(campaign):
            raise Missing("There is no such campaign.", of="campaign")
        found = await self._found(phone, customer_id, campaign)
        if not found and campaign is not None:  # asked only then: what is found has a campaign
            async with self._context.database.reading() as tx:
                await find_campaign(tx, self._tenant_id, campaign)
        return found

    async def _found(self, phone: str | None, customer_id: str | None, campaign: int | None) -> list[ListedRecord]:
        scope = (self._tenant_id, campaign or _ANY)
        if phone is not None:
            asked = self._context.asked_phone(phone)
            keys = match_keys_of(asked, self._context.tenant.region)
            found = listed(await self._context.database.lanes.ask(stored.BY_NUMBER, scope, "\x1f".join(keys)))
            return [one for one in found if customer_id is None or one.record.customer_id == customer_id]
        if customer_id is not None:
            return listed(await self._context.database.lanes.ask(stored.BY_CUSTOMER, scope, customer_id))
        if campaign is None:
            raise Invalid("Say which records: by phone, customer_id or campaign.", field="phone")
        async with self._context.database.reading() as tx:
            return await stored.of_campaign(tx, self._tenant_id, campaign)

    async def get(self, campaign_record_id: int) -> ListedRecord:
        """The record with this id; Missing if there is none."""
        self._context.require("read")
        key = stored.id_key(campaign_record_id)
        if key is None:
            raise Missing
        found = listed(await self._context.database.lanes.ask(stored.BY_ID, (self._tenant_id,), key))
        if not found:
            raise Missing
        return found[0]

    async def with_external_id(self, external_id: str) -> FoundByForeignId:
        """The records with this id of a foreign system, in the order they were added, and then by campaign."""
        self._context.require("read")
        scope = (self._tenant_id, _ANY)
        rows = await self._context.database.lanes.ask(stored.BY_EXTERNAL_ID, scope, external_id)
        records = sorted({row["record_id"] for row in rows})
        more = len(records) > stored.FEW
        last = records[stored.FEW - 1] if more else LARGEST_ID
        first = _as_added(listed([row for row in rows if row["id"] is not None and row["record_id"] <= last]))
        return FoundByForeignId(first, self._with_external_id_after(external_id, last) if more else None)

    async def _with_external_id_after(
        self, external_id: str, record_id: int
    ) -> AsyncGenerator[Sequence[ListedRecord], None]:
        while True:
            async with self._context.database.reading() as tx:
                ids = await stored.external_after(tx, self._tenant_id, external_id, record_id, stored.FEW)
                part = await stored.of_records(tx, self._tenant_id, ids, _ANY) if ids else []
            if part:
                yield _as_added(part)
            if len(ids) < stored.FEW:
                return
            record_id = ids[-1]

    async def in_campaign(self, list_ref: int | str, campaign_name: str, key: Mapping[str, Any]) -> ListedRecord:
        """The list's record that the key fields name, and how far this campaign is with it.

        Missing for the list and for the record; where the campaign does not exist or does not run over it, the
        record has no state.
        """
        self._context.require("read")
        if isinstance(list_ref, int):
            async with self._context.database.reading() as tx:
                found = await self._with_key(await find_list(tx, self._tenant_id, list_ref), campaign_name, key)
            if found is None:
                raise Missing
            return found
        known = self._known_lists.get(list_ref)
        if known is not None:
            with suppress(Invalid):
                found = await self._with_key(known, campaign_name, key)
                # The answer says whether the list is still the one that the question was put for.
                if found and found.list_name == list_ref and found.layout.fields == known.fields:
                    return found
        rows = await self._context.database.lanes.ask(lists.BY_NAME, (self._tenant_id,), list_ref)
        target = lists.named(rows)
        if len(self._known_lists) >= _MOST_KNOWN:
            self._known_lists.clear()
        self._known_lists[list_ref] = target
        found = await self._with_key(target, campaign_name, key)
        if found is None:
            raise Missing
        return found

    async def _with_key(self, target: CallingList, campaign_name: str, key: Mapping[str, Any]) -> ListedRecord | None:
        texts = key_texts(target, key, asked=True)
        scope = (self._tenant_id, target.id, campaign_name)
        found = listed(await self._context.database.lanes.ask(stored.BY_KEY, scope, "\x1f".join(texts)))
        return found[0] if found else None

    async def by_name(self, campaign: int | None = None) -> AsyncIterator[Sequence[ListedRecord]]:
        """The records of a campaign, or of all, in the order of their names and then of their ids, some at a time.

        Each part is read for itself when it is asked for, so that a slow reader holds nothing of the database: what is
        written meanwhile may be there or not. Missing, with the first part, for a campaign that does not exist.
        """
        self._context.require("read")
        async with self._context.database.reading() as tx:
            if campaign is not None:
                await find_campaign(tx, self._tenant_id, campaign)
            over = await campaign_seats.run_lists(tx, self._tenant_id, campaign or _ANY)
        async for part in in_order_of_names(self._context, over, campaign or _ANY):
            yield part

    async def load(
        self,
        campaign_ref: int | str,
        submitted: Mapping[str, Any],
        *,
        over_external_id: str | None = None,
        cleared: Sequence[str] = (),
        anew: bool = False,
        pluses_lost: bool = False,
    ) -> ListedRecord:
        """Add a record to the campaign's own list; or, where that has one with `over_external_id`, write over it.

        Of several the first is written over: what is not submitted stays, and the `cleared` fields become empty. How
        far the campaign is with it stays too, or begins `anew`. `pluses_lost`: who submits writes international numbers
        without their plus; they get it back. Missing for a campaign that does not exist.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, campaign_ref)
            own = await lists.own_list(tx, self._tenant_id, campaign.id)
            await lists.lock(tx, self._tenant_id, own.id)
            if pluses_lost:
                submitted = self._with_pluses(own, submitted)
            known = over_external_id and await campaign_seats.first_seat(tx, self._tenant_id, over_external_id, own.id)
            if known:
                written = await update_record(tx, self._context, own, known.record_id, submitted, cleared)
                if anew:
                    await self._begin_anew(tx, known)
            else:
                written = await add_record(tx, self._context, own, submitted)
            (loaded,) = await stored.of_records(tx, self._tenant_id, [written.id], campaign.id)
            return loaded

    def _with_pluses(self, own: CallingList, submitted: Mapping[str, Any]) -> dict[str, Any]:
        phones, region = set(own.layout.phones), self._context.tenant.region
        return {
            name: plus_lost(value, region) if isinstance(value, str) and own.layout[name] in phones else value
            for name, value in submitted.items()
        }

    async def _begin_anew(self, tx: Tx, known: campaign_seats.Seat) -> None:
        """Forget how far the campaign is with a record; the attempts stay in its contact's history."""
        before = await campaigns.record(tx, self._tenant_id, known.campaign_id, known.id)
        await campaign_seats.begin_anew(tx, self._tenant_id, known.id)
        after = await campaigns.record(tx, self._tenant_id, known.campaign_id, known.id)
        await journal.record(tx, self._context.author, "campaign_record", known.id, before, after)

    async def remove(self, campaign_record_id: int) -> None:
        """Take a record out of its campaign, as jtel does; see Campaigns.clear(). Missing if there is none."""
        self._context.require("write")
        if stored.id_key(campaign_record_id) is None:
            raise Missing
        async with self._context.database.transaction() as tx:
            await self._remove(tx, await campaign_seats.seat(tx, self._tenant_id, campaign_record_id))

    async def remove_with_external_id(self, external_id: str) -> None:
        """The same, of the first of those that have this id of a foreign system."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            await self._remove(tx, await campaign_seats.first_seat(tx, self._tenant_id, external_id, _ANY))

    async def _remove(self, tx: Tx, seat: campaign_seats.Seat | None) -> None:
        if seat is None:
            raise Missing
        target = await lists.get(tx, self._tenant_id, seat.list_id)
        await lists.lock(tx, self._tenant_id, seat.list_id)
        if target.campaign_id == seat.campaign_id:
            gone = await delete_records(tx, self._context, target, [seat.record_id])
        else:
            gone = await campaigns.detach(tx, self._tenant_id, seat.campaign_id, seat.list_id, [seat.id])
        if not gone:
            raise Missing  # somebody else was first
        before, after = {"records": [seat.id]}, {"removed": gone}
        await journal.record(tx, self._context.author, "campaign", seat.campaign_id, before, after)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _as_added(found: Sequence[ListedRecord]) -> list[ListedRecord]:
    """By insertion and then by campaign."""
    return sorted(found, key=lambda one: (one.record.id, one.state.campaign_id if one.state else 0))
