"""Campaigns: made with a list of their own, bound to others, started and stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ringbook.core.barring import Callee, bars
from ringbook.core.context import Context
from ringbook.core.filtering import FILTER, refilter
from ringbook.core.lists import delete_records, drop_list, find_list
from ringbook.domain.calling_list import OWN_LAYOUT, CallingList
from ringbook.domain.campaign import Campaign, CampaignRecord, CampaignState, CampaignType, within_hours
from ringbook.domain.may_call import CALLING, RETRY
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.store import campaigns as stored
from ringbook.store import dialling, journal, lists
from ringbook.store.holds import look_again

if TYPE_CHECKING:
    from ringbook.store.database import Tx

LARGEST_ID = 2**31 - 1
MOST_A_PAGE = 500


class Dropped(NamedTuple):
    """A campaign that is no more, and the lists that it ran over."""

    campaign: Campaign
    lists: Sequence[CallingList]


class Campaigns:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[Campaign]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.all_campaigns(tx, self._tenant_id)

    async def page(self, after: int = 0, limit: int = 50) -> list[Campaign]:
        """Campaigns in the order of their ids, after this one."""
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, after, limit)

    async def get(self, ref: int | str) -> Campaign:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await find_campaign(tx, self._tenant_id, ref)

    async def lists_of(self, ref: int | str) -> list[CallingList]:
        """The lists the campaign runs over, in its order."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await self._lists_of(tx, await find_campaign(tx, self._tenant_id, ref))

    async def create(
        self,
        name: str,
        *,
        campaign_id: int | None = None,
        kind: CampaignType = "predictive",
        description: str = "",
        enabled: bool = True,
        state: CampaignState = "stopped",
        settings: Mapping[str, Any] | None = None,
        lists_to_run: Sequence[int | str] = (),
    ) -> Campaign:
        """A new campaign with its own list, over other lists too; its id, unless given, is above all that exist."""
        self._context.require("write")
        if campaign_id is not None and not 1 <= campaign_id <= LARGEST_ID:
            raise Invalid(f"A campaign's id is from 1 to {LARGEST_ID}.", field="id")
        async with self._context.database.transaction() as tx:
            new_id = await stored.next_id(tx, self._tenant_id) if campaign_id is None else campaign_id
            draft = Campaign(new_id, name, description, kind, enabled, state, settings or {})
            campaign = await stored.insert(tx, self._tenant_id, draft)
            own = await self._make_own_list(tx, campaign)
            await stored.bind(tx, self._tenant_id, campaign.id, own.id)
            await journal.record(tx, self._context.author, "campaign", campaign.id, None, campaign)
            shared = [await find_list(tx, self._tenant_id, list_ref) for list_ref in lists_to_run]
            # Taken by id, as everybody takes several: two campaigns over the same lists never wait in a circle.
            for list_id in sorted({target.id for target in shared}):
                await lists.lock(tx, self._tenant_id, list_id)
            for target in shared:
                await self._bind(tx, campaign, target)
            return campaign

    async def update(
        self,
        ref: int | str,
        *,
        name: str | None = None,
        description: str | None = None,
        kind: CampaignType | None = None,
        enabled: bool | None = None,
        state: CampaignState | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Campaign:
        """Change what is given, `settings` one by one; the campaign as it is then. Its own list takes its name.

        Its rules of calling and retrying are taken away by None.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            before = await hold_campaign(tx, self._tenant_id, ref)
            given: dict[str, Any] = {"name": name, "description": description, "type": kind, "enabled": enabled}
            given["state"] = state
            if settings is not None:
                put = {**before.settings, **settings}
                given["settings"] = {k: v for k, v in put.items() if v is not None or k not in (CALLING, RETRY)}
            after = msgspec.structs.replace(before, **{k: v for k, v in given.items() if v is not None})
            if after != before:
                await stored.update(tx, self._tenant_id, after)
                if after.settings.get(CALLING) != before.settings.get(CALLING):
                    await look_again(tx, self._tenant_id, after.id)
                if after.name != before.name:
                    await stored.rename_own_list(tx, self._tenant_id, after.id, after.name)
                await journal.record(tx, self._context.author, "campaign", before.id, before, after)
            return after

    async def start(self, ref: int | str, *, zone: tzinfo = UTC, most_predictive: int | None = None) -> Campaign:
        """Have the campaign call; the campaign as it is then. Conflict with the fact `why` where it cannot.

        It must have records, not run already, and be within its hours, read in `zone`; and of those that are no preview
        campaigns only so many may run at once (`running` says how many do).
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            before = await hold_campaign(tx, self._tenant_id, ref)
            if before.state == "running":
                raise Conflict("The campaign is running.", why="running")
            if not await dialling.has_records(tx, self._tenant_id, before.id):
                raise Conflict("The campaign has no records.", why="empty")
            now = await dialling.now(tx, self._tenant_id)
            if not within_hours(before.settings, now.astimezone(zone).time()):
                raise Conflict("The campaign calls at other hours.", why="hours")
            if before.type != "preview" and most_predictive is not None:
                running = await dialling.running(tx, self._tenant_id)
                if running >= most_predictive:
                    raise Conflict("Too many predictive campaigns are running.", why="predictives", running=running)
            after = msgspec.structs.replace(before, state="running")
            await stored.update(tx, self._tenant_id, after)
            await journal.record(tx, self._context.author, "campaign", after.id, before, after)
            return after

    async def bind(self, ref: int | str, list_ref: int | str) -> bool:
        """Run the campaign over a list too; False if it does already."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            # Its filter decides about the list's records, and stays until they are its own.
            campaign = await hold_campaign(tx, self._tenant_id, ref)
            target = await find_list(tx, self._tenant_id, list_ref)
            await lists.lock(tx, self._tenant_id, target.id)
            return await self._bind(tx, campaign, target)

    async def unbind(self, ref: int | str, list_ref: int | str) -> None:
        """Stop running over a list; its records stay, the campaign's records of it go."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            target = await find_list(tx, self._tenant_id, list_ref)
            if target.campaign_id == campaign.id:
                raise Conflict("A campaign always runs over its own list.")
            await lists.lock(tx, self._tenant_id, target.id)
            await stored.unbind(tx, self._tenant_id, campaign.id, target.id)
            before = {"list": target.id, "bound": True}
            await journal.record(tx, self._context.author, "campaign", campaign.id, before, None)

    async def clear(self, ref: int | str, ids: Sequence[int] | None = None) -> int:
        """Remove campaign records (None: all), as wolkvox and jtel do; how many.

        Records of the campaign's own list are deleted; of shared lists they are only taken out of this campaign.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await hold_campaign(tx, self._tenant_id, ref)
            return await remove_records(tx, self._context, campaign, ids)

    async def drop(self, ref: int | str) -> Dropped:
        """Delete the campaign with its own list; shared lists stay whole. What it was."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await hold_campaign(tx, self._tenant_id, ref)
            ran_over = await self._lists_of(tx, campaign)
            own = await lists.own_list(tx, self._tenant_id, campaign.id)
            await drop_list(tx, self._context, own)
            await stored.drop(tx, self._tenant_id, campaign.id)
            await journal.record(tx, self._context.author, "campaign", campaign.id, campaign, None)
            return Dropped(campaign, ran_over)

    async def records_of(self, record_id: int) -> list[CampaignRecord]:
        """A list record as each of its campaigns sees it."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.of_record(tx, self._tenant_id, record_id)

    async def barred_by(self, ref: int | str, phone: str) -> str | None:
        """The do-not-call list that bars a number from the campaign, if one does."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            callee = Callee([self._context.asked_phone(phone)])
            barred = (await bars(tx, self._context, campaign.id, {0: callee})).get(0, ())
            return min((bar.list for bar in barred), default=None)

    async def _lists_of(self, tx: Tx, campaign: Campaign) -> list[CallingList]:
        ids = await stored.bound_lists(tx, self._tenant_id, campaign.id)
        return [await lists.get(tx, self._tenant_id, list_id) for list_id in ids]

    async def _bind(self, tx: Tx, campaign: Campaign, target: CallingList) -> bool:
        """Run over a list that the caller holds; False if the campaign does already."""
        bound = await stored.bind(tx, self._tenant_id, campaign.id, target.id)
        if bound:
            await stored.materialise(tx, self._tenant_id, target.id, campaign.id)
            if FILTER in campaign.settings:
                await refilter(tx, self._tenant_id, campaign)
            after = {"list": target.id, "bound": True}
            await journal.record(tx, self._context.author, "campaign", campaign.id, None, after)
        return bound

    async def _make_own_list(self, tx: Tx, campaign: Campaign) -> CallingList:
        taken = await lists.by_name(tx, self._tenant_id, campaign.name) is not None
        name = f"{campaign.name} (own)" if taken else campaign.name
        return await lists.add_list(
            tx, self._tenant_id, name, OWN_LAYOUT.fields, campaign_id=campaign.id, unique_keys=False
        )

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


async def remove_records(tx: Tx, context: Context, campaign: Campaign, ids: Sequence[int] | None) -> int:
    """Delete these campaign records (None: all) of the campaign's own list, detach those of shared ones; how many."""
    tenant_id = context.tenant.id
    gone = 0
    for list_id in sorted(await stored.bound_lists(tx, tenant_id, campaign.id)):
        target = await lists.get(tx, tenant_id, list_id)
        await lists.lock(tx, tenant_id, list_id)
        if target.campaign_id == campaign.id:
            record_ids = await stored.record_ids(tx, tenant_id, campaign.id, list_id, ids)
            gone += await delete_records(tx, context, target, record_ids)
        else:
            gone += await stored.detach(tx, tenant_id, campaign.id, list_id, ids)
    before = {"records": "all" if ids is None else list(ids)}
    await journal.record(tx, context.author, "campaign", campaign.id, before, {"removed": gone})
    return gone


async def find_campaign(tx: Tx, tenant_id: int, ref: int | str) -> Campaign:
    """The campaign of this id or name; Missing if there is none."""
    if isinstance(ref, int):
        return await stored.get(tx, tenant_id, ref)
    found = await stored.by_name(tx, tenant_id, ref)
    if found is None:
        raise Missing("There is no such campaign.", of="campaign")
    return found


async def hold_campaign(tx: Tx, tenant_id: int, ref: int | str) -> Campaign:
    """The same, held until the transaction ends, before any list or record: who changes many of a campaign's records
    waits here for whoever else does.
    """
    found = await find_campaign(tx, tenant_id, ref)
    return await stored.get(tx, tenant_id, found.id, for_update=True)
