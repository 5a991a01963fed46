"""How far a campaign is, for whoever watches it: counts, what comes next, attempts an hour; and its records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from ringbook.core.campaigns import find_campaign, hold_campaign
from ringbook.core.context import Context
from ringbook.domain.campaign import ListedRecord, Standing, Status
from ringbook.domain.problems import Missing
from ringbook.store import campaign_records, dialling, journal
from ringbook.store import progress as stored

_MOST_KEPT = 100
_WORTH_KEEPING = 0.02
_KEPT_FOR = 20
"""A count that took so long is told again for this many times as long: watching costs a twentieth of a core."""


class InHour(msgspec.Struct, frozen=True):
    hour: datetime
    records: int


class CalledInHour(msgspec.Struct, frozen=True):
    hour: datetime
    attempts: int
    answered: int


class Progress(msgspec.Struct, frozen=True):
    """`statuses` and `standings` each add up to `records`. `next_tries` are by the hour in which they are due, the
    last of them also whatever comes later; `attempts` by the hour in which they began.
    """

    as_of: datetime
    records: int
    statuses: Mapping[str, int]
    standings: Mapping[str, int]
    held: Mapping[str, int]
    outcomes: Mapping[str, int]
    next_tries: Sequence[InHour]
    attempts: Sequence[CalledInHour]


class RecordsPage(NamedTuple):
    records: Sequence[ListedRecord]
    after: int | None


class _Kept(NamedTuple):
    progress: Progress
    until: float


class Watching:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept: dict[tuple[int, int], _Kept] = {}

    async def progress(self, ref: int | str, hours: int = 24) -> Progress:
        """How far the campaign is, with its attempts of the last hours and its next tries of as many to come.

        All of its records are counted. What takes long is remembered for twenty times as long: `as_of` says when it
        was true.
        """
        self._context.require("read")
        async with self._context.database.reading() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            kept = self._kept.get((campaign.id, hours))
            if kept is not None and kept.until > time.monotonic():
                return kept.progress
            began = time.monotonic()
            now = await dialling.now(tx, self._tenant_id)
            span = timedelta(hours=hours)
            counted = await stored.counts(tx, self._tenant_id, campaign.id, now, span)
            called = await stored.attempts_by_hour(tx, self._tenant_id, campaign.id, now - span)
        found = _progress(now, counted, called)
        took = time.monotonic() - began
        if took > _WORTH_KEEPING:
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[campaign.id, hours] = _Kept(found, time.monotonic() + took * _KEPT_FOR)
        return found

    async def records(
        self, ref: int | str, *, which: Standing | Status | None = None, after: int = 0, limit: int = 100
    ) -> RecordsPage:
        """The campaign's records of a standing or status (None: all), in the order of list records.

        A page may have few records, or none, and others after it: what is rare is not looked for without end.
        """
        self._context.require("read")
        async with self._context.database.reading() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            now = await dialling.now(tx, self._tenant_id)
            page = await stored.page(tx, self._tenant_id, campaign.id, now, after, which, limit)
            listed = await campaign_records.of_records(tx, self._tenant_id, page.record_ids, campaign.id)
            return RecordsPage(sorted(listed, key=lambda one: one.record.id), page.after)

    async def arrange(
        self,
        ref: int | str,
        ids: Sequence[int],
        *,
        priority: int | None = None,
        next_try_at: datetime | None = None,
    ) -> Sequence[int]:
        """Give these campaign records another priority or time of the next try, where given; those that there are.

        Missing where there are none.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await hold_campaign(tx, self._tenant_id, ref)
            arranged = await stored.arrange(tx, self._tenant_id, campaign.id, ids, priority, next_try_at)
            if not arranged:
                raise Missing
            said = {"priority": priority, "next_try_at": next_try_at}
            before = {"records": arranged}
            await journal.record(tx, self._context.author, "campaign", campaign.id, before, before | said)
            return arranged

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _progress(now: datetime, counted: Sequence[stored.Counted], called: Sequence[stored.Called]) -> Progress:
    statuses: Counter[str] = Counter({"new": 0, "in_progress": 0, "completed": 0})
    standings: Counter[str] = Counter({"ready": 0, "claimed": 0, "waiting": 0, "held": 0, "barred": 0, "completed": 0})
    held: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    hours: Counter[datetime] = Counter()
    for one in counted:
        statuses[one.status] += one.records
        standings[one.standing] += one.records
        if one.standing == "held" and one.held_by:
            held[one.held_by] += one.records
        if one.outcome:
            outcomes[one.outcome] += one.records
        if one.hour is not None and one.standing in ("waiting", "held"):
            hours[one.hour] += one.records
    return Progress(
        as_of=now,
        records=statuses.total(),
        statuses=statuses,
        standings=standings,
        held=held,
        outcomes=outcomes,
        next_tries=[InHour(hour, hours[hour]) for hour in sorted(hours)],
        attempts=[CalledInHour(*one) for one in called],
    )
