"""Reports over campaigns: what was called between two moments, with what result."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from ringbook.core.context import Context
from ringbook.domain.attempt import Outcome
from ringbook.domain.campaign import CalledRecord, Counted, ListedRecord, Pace
from ringbook.store import campaign_records, directory
from ringbook.store import reports as stored

_AT_A_TIME = 5000


class Reports:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def attempts(
        self, campaign_ids: Sequence[int], start: datetime, end: datetime, outcomes: Sequence[Outcome] | None = None
    ) -> list[CalledRecord]:
        """Attempts from `start` until before `end`, in their order; 60,000 at most."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.attempts(tx, self._tenant_id, campaign_ids, start, end, outcomes)

    async def outcomes(self, campaign_ids: Sequence[int], start: datetime, end: datetime) -> list[tuple[str, int]]:
        """How many attempts had which outcome."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.outcomes(tx, self._tenant_id, campaign_ids, start, end)

    async def results(self, campaign_ids: Sequence[int], start: datetime, end: datetime) -> list[Counted]:
        """How many records have which result; of those never called, the ones that were there by then."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.results(tx, self._tenant_id, campaign_ids, start, end)

    async def dispositions(self, campaign_ids: Sequence[int], start: datetime, end: datetime) -> list[tuple[str, int]]:
        """How many records were given which disposition."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.dispositions(tx, self._tenant_id, campaign_ids, start, end)

    async def numbers_called(self, campaign_record_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """The numbers on which each of these records was called, in their order."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.numbers_called(tx, self._tenant_id, campaign_record_ids)

    async def paces(self, campaign_ids: Sequence[int]) -> Mapping[int, Pace]:
        """When each of these campaigns called last, and how much in the last minute, of those that ever did."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.paces(tx, self._tenant_id, campaign_ids)

    async def every_record(self, campaign_id: int) -> AsyncIterator[Sequence[ListedRecord]]:
        """All records of a campaign in the order they were added, some at a time."""
        self._context.require("read")
        after = 0
        while True:
            async with self._context.database.reading() as tx:
                part = await campaign_records.of_campaign(tx, self._tenant_id, campaign_id, after, _AT_A_TIME)
            if part:
                yield part
            if len(part) < _AT_A_TIME:
                return
            after = part[-1].record.id

    async def declared(self, kind: str) -> Mapping[str, str]:
        """The skills, agents or activity codes that the workspace file names, by id; none where it names none."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await directory.declared(tx, self._tenant_id, kind)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
