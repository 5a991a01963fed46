"""What a campaign's owner does with its records: load, note, recall, renew, bar, filter, remove; and how far it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core.campaigns import find_campaign, hold_campaign, remove_records
from ringbook.core.context import Context
from ringbook.core.filtering import FILTER, by_result, refilter
from ringbook.core.linking import Added, add_records, in_turn, update_record
from ringbook.core.suppression import suppressed_key
from ringbook.domain.campaign import Campaign, Chosen, ListedRecord, Recall, Tally
from ringbook.domain.phone import match_keys_of
from ringbook.domain.problems import Conflict
from ringbook.domain.record_filter import RecordFilter
from ringbook.store import campaign_records, campaigns, do_not_call, journal, lists
from ringbook.store import dialling as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

RENEWED = "renewed"
"""Where a campaign's settings have how often records of it were taken up anew."""

_FIRST_NAME = "FirstName"
"""A column of every campaign's own list."""


_ANYHOW = Recall()
"""A call on whatever number, by whoever is free."""


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record for a campaign's own list, and when and where its first call was promised, if it was."""

    fields: Mapping[str, Any]
    call_at: datetime | None = None
    recall: Recall = _ANYHOW


@dataclass(frozen=True, slots=True)
class Filtered:
    """How many records a campaign has, and how many of them it will still call."""

    records: int
    pending: int


class Dialling:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def load(self, campaign_ref: int | str, new: Sequence[NewRecord], most: int | None = None) -> Added:
        """Add records to the campaign's own list; which were added, and which were not.

        A record with a number on a do-not-call list is added and barred. Conflict with the fact `most` where the list
        would then have more records than that.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, campaign_ref)
            own = await lists.own_list(tx, self._tenant_id, campaign.id)
            await lists.lock(tx, self._tenant_id, own.id)
            if most is not None:
                has = await stored.count_list(tx, self._tenant_id, own.id, most + 1)
                if has + len(new) > most:
                    raise Conflict("The campaign's list would have too many records.", most=max(most - has, 0))
            added = await add_records(tx, self._context, own, [one.fields for one in new])
            await self._bar_new(tx, campaign, added.ids)
            await self._arrange_new(tx, campaign, new, added)
            return added

    async def code(
        self,
        campaign_ref: int | str,
        chosen: Chosen,
        disposition: str,
        second: str | None = None,
        notes: str | None = None,
    ) -> int:
        """Note what came of records, and call them no more; how many. Their last outcome stays what it was."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign, ids = await self._chosen(tx, campaign_ref, chosen)
            await stored.code(tx, self._tenant_id, ids, disposition, second, notes)
            said = {"disposition": disposition, "second_disposition": second, "notes": notes}
            await self._note(tx, campaign, chosen, said | {"coded": len(ids)})
            return len(ids)

    async def arrange(
        self, campaign_ref: int | str, chosen: Chosen, at: datetime, recall: Recall, first_name: str = ""
    ) -> int:
        """Promise a call, also to who was called to an end already; to how many.

        `first_name` is for records of the campaign's own list that have none.
        """
        self._context.require("write")
        if first_name:
            await self._name(campaign_ref, chosen, first_name)
        async with self._context.database.transaction() as tx:
            campaign, ids = await self._chosen(tx, campaign_ref, chosen)
            await stored.arrange(tx, self._tenant_id, [(id_, at, recall) for id_ in ids])
            await self._note(tx, campaign, chosen, {"recall": recall, "at": at, "arranged": len(ids)})
            return len(ids)

    async def give_up_recalls(self, campaign_record_ids: Sequence[int]) -> None:
        """Promise these records nothing any more; they stay in their campaign."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            await stored.give_up_recall(tx, self._tenant_id, campaign_record_ids)
            for id_ in campaign_record_ids:
                await journal.record(tx, self._context.author, "campaign_record", id_, {"recall": True}, None)

    async def recalls(self) -> list[ListedRecord]:
        """All records with a promised call, the earliest first; as many as one answer may have."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            seats = await stored.recalls(tx, self._tenant_id)
            return await self._listed(tx, seats)

    async def renew(self, campaign_ref: int | str, chosen: Chosen) -> int:
        """Take records up as if they had never been called; how many. Their attempts stay."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign, ids = await self._chosen(tx, campaign_ref, chosen)
            if not ids:
                return 0
            await stored.renew(tx, self._tenant_id, ids)
            if by_result(campaign):
                await refilter(tx, self._tenant_id, campaign)
            settings = {**campaign.settings, RENEWED: campaign.settings.get(RENEWED, 0) + 1}
            await campaigns.update(tx, self._tenant_id, msgspec.structs.replace(campaign, settings=settings))
            await self._note(tx, campaign, chosen, {"renewed": len(ids)})
            return len(ids)

    async def bar(self, campaign_ref: int | str, chosen: Chosen) -> int:
        """Bar records from the campaign, as if their numbers were on a do-not-call list; how many."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign, ids = await self._chosen(tx, campaign_ref, chosen)
            await stored.bar(tx, self._tenant_id, ids)
            await self._note(tx, campaign, chosen, {"barred": len(ids)})
            return len(ids)

    async def remove(self, campaign_ref: int | str, chosen: Chosen) -> int:
        """Take records out of the campaign, as Campaigns.clear() does; how many."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await hold_campaign(tx, self._tenant_id, campaign_ref)
            # They are not held: removing them takes their lists first.
            ids = await stored.chosen_ids(tx, self._tenant_id, campaign.id, chosen)
            return await remove_records(tx, self._context, campaign, ids) if ids else 0

    async def filter(self, campaign_ref: int | str, filter_: RecordFilter | None) -> Filtered:
        """Have the campaign call only what the filter takes, or (None) everything again."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            before = await hold_campaign(tx, self._tenant_id, campaign_ref)
            for list_id in sorted(await campaigns.bound_lists(tx, self._tenant_id, before.id)):
                # Who adds records looks at the filter: the records are there now, or see the new one.
                await lists.lock(tx, self._tenant_id, list_id)
            kept = {name: value for name, value in before.settings.items() if name != FILTER}
            put = {} if filter_ is None else {FILTER: msgspec.to_builtins(filter_)}
            after = msgspec.structs.replace(before, settings=kept | put)
            await campaigns.update(tx, self._tenant_id, after)
            if by_result(after):
                # Who reports an attempt looks at the filter once he holds the record: his result is there, or he sees
                # the new filter.
                await stored.hold_records(tx, self._tenant_id, after.id)
            await refilter(tx, self._tenant_id, after)
            await journal.record(tx, self._context.author, "campaign", after.id, before, after)
            tallies = await stored.tallies(tx, self._tenant_id, [after.id])
            return Filtered(sum(t.records for t in tallies), sum(t.open for t in tallies))

    async def now(self) -> datetime:
        """The tenant's moment."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.now(tx, self._tenant_id)

    async def tallies(self, campaign_ids: Sequence[int]) -> Mapping[int, Sequence[Tally]]:
        """How far these campaigns are: their records by result."""
        self._context.require("read")
        found: dict[int, list[Tally]] = defaultdict(list)
        async with self._context.database.reading() as tx:
            for tally in await stored.tallies(tx, self._tenant_id, campaign_ids):
                found[tally.campaign_id].append(tally)
        return found

    async def _bar_new(self, tx: Tx, campaign: Campaign, record_ids: Sequence[int]) -> None:
        """Bar those of these list records that have a number on a do-not-call list, also if only a plus differs."""
        if not await do_not_call.has_entries(tx, self._tenant_id):
            return
        region = self._context.tenant.region
        numbers = await stored.numbers_of(tx, self._tenant_id, record_ids)
        keys: list[tuple[int, str]] = []
        async for record_id, phone in in_turn(numbers):
            for key in match_keys_of(phone, region):
                keys += [(record_id, each) for each in (key, suppressed_key(self._context, key)) if each]
        barred = await stored.barred_by_number(tx, self._tenant_id, campaign.id, keys)
        ids = await stored.of_list_records(tx, self._tenant_id, campaign.id, barred)
        await stored.bar(tx, self._tenant_id, list(ids.values()))

    async def _arrange_new(self, tx: Tx, campaign: Campaign, new: Sequence[NewRecord], added: Added) -> None:
        if not any(one.call_at for one in new):
            return
        refused = {one.at for one in added.refused}
        accepted = [one for at, one in enumerate(new) if at not in refused]
        promised = [
            (record_id, one.call_at, one.recall)
            for record_id, one in zip(added.ids, accepted, strict=True)
            if one.call_at
        ]
        ids = await stored.of_list_records(
            tx, self._tenant_id, campaign.id, [record_id for record_id, _, _ in promised]
        )
        await stored.arrange(tx, self._tenant_id, [(ids[record_id], at, recall) for record_id, at, recall in promised])

    async def _name(self, campaign_ref: int | str, chosen: Chosen, first_name: str) -> None:
        """Write the name into records of the own list that have none, one at a time as any write of a record."""
        async with self._context.database.reading() as tx:
            campaign = await find_campaign(tx, self._tenant_id, campaign_ref)
            own = await lists.own_list(tx, self._tenant_id, campaign.id)
            ids = await stored.chosen_ids(tx, self._tenant_id, campaign.id, chosen)
            found = await campaign_records.of_records(
                tx,
                self._tenant_id,
                await campaigns.record_ids(tx, self._tenant_id, campaign.id, own.id, ids) or (),
                campaign.id,
            )
        for one in found:
            if not one.value(_FIRST_NAME):
                async with self._context.database.transaction() as tx:
                    await update_record(tx, self._context, own, one.record.id, {_FIRST_NAME: first_name})

    async def _chosen(self, tx: Tx, campaign_ref: int | str, chosen: Chosen) -> tuple[Campaign, list[int]]:
        """The campaign and its records that are meant, held until the transaction ends: the campaign first."""
        campaign = await hold_campaign(tx, self._tenant_id, campaign_ref)
        return campaign, await stored.chosen_ids(tx, self._tenant_id, campaign.id, chosen, for_update=True)

    async def _note(self, tx: Tx, campaign: Campaign, chosen: Chosen, said: Mapping[str, Any]) -> None:
        await journal.record(tx, self._context.author, "campaign", campaign.id, {"records": chosen}, said)

    async def _listed(self, tx: Tx, seats: Sequence[tuple[int, int]]) -> list[ListedRecord]:
        by_campaign: dict[int, list[int]] = defaultdict(list)
        for campaign_id, record_id in seats:
            by_campaign[campaign_id].append(record_id)
        found: list[ListedRecord] = []
        for campaign_id, record_ids in by_campaign.items():
            found += await campaign_records.of_records(tx, self._tenant_id, record_ids, campaign_id)
        return found

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
