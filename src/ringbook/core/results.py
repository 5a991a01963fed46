"""What campaigns have made of the records of a list, for who fetches it page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.lists import find_list
from ringbook.domain.attempt import Attempt
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.problems import Missing
from ringbook.store import results as stored
from ringbook.store.results import RunCampaign

if TYPE_CHECKING:
    from ringbook.store.database import Tx

__all__ = ["Results", "RunCampaign", "Tried"]


@dataclass(frozen=True, slots=True)
class Tried:
    """A record with all attempts on it, the newest first."""

    listed: ListedRecord
    attempts: Sequence[Attempt]


class Results:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def enabled_campaigns(self) -> list[RunCampaign]:
        """The enabled campaigns by name, each with its state and the names of its lists."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.enabled_campaigns(tx, self._tenant_id)

    async def from_position(self, list_name: str, campaign_name: str, start: int, limit: int) -> list[ListedRecord]:
        """The list's records from a position on. Missing for the list, and for a campaign that does not run over it."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            campaign_id, list_id = await self._bound(tx, list_name, campaign_name)
            return await stored.from_position(tx, self._tenant_id, campaign_id, list_id, start, limit)

    async def completed_since(
        self, list_name: str, campaign_name: str, since: datetime, limit: int
    ) -> list[ListedRecord]:
        """The list's records that the campaign completed at this moment or later, in that order; Missing as above."""
        return await self._since(stored.completed_since, list_name, campaign_name, since, limit)

    async def changed_since(self, list_name: str, campaign_name: str, since: datetime, limit: int) -> list[Tried]:
        """The list's records that were tried, by when the campaign was told of it; Missing as above."""
        found = await self._since(stored.changed_since, list_name, campaign_name, since, limit)
        ids = [one.state.id for one in found if one.state is not None]
        async with self._context.database.reading() as tx:
            attempts = await stored.attempts_of(tx, self._tenant_id, ids)
        return [Tried(one, attempts[one.state.id]) for one in found if one.state is not None]

    async def _since(
        self,
        ask: Callable[[Tx, int, int, int, datetime, int], Awaitable[list[ListedRecord]]],
        list_name: str,
        campaign_name: str,
        since: datetime,
        limit: int,
    ) -> list[ListedRecord]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            campaign_id, list_id = await self._bound(tx, list_name, campaign_name)
            return await ask(tx, self._tenant_id, campaign_id, list_id, since, limit)

    async def _bound(self, tx: Tx, list_name: str, campaign_name: str) -> tuple[int, int]:
        """The ids of a campaign and of a list that it runs over."""
        target = await find_list(tx, self._tenant_id, list_name)
        campaign = await find_campaign(tx, self._tenant_id, campaign_name)
        if not await stored.runs_over(tx, self._tenant_id, campaign.id, target.id):
            raise Missing("The campaign does not run over the list.", of="campaign")
        return campaign.id, target.id

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
