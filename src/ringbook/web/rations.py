"""What a vendor grants of its API, over the worker processes of one host: requests at once, and requests a day.

Requests in progress are counted in a column for each worker, so those of a worker that was killed are free again. The
day's requests belong to all keys of a tenant: the host leases them from the database in small blocks and counts them
down in cells that are everybody's, so that exactly so many are granted as there are, whatever the number of workers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ringbook.core import rations as leasing
from ringbook.core.access import Core
from ringbook.domain.access import Credential, Tenant
from ringbook.domain.problems import TooMany
from ringbook.web.shared_memory import SharedColumns

BLOCK = 50
_LARGEST_BLOCK = 5_000
"""Requests that a host leases at a time: what a day may lose when the host loses its power."""

_SETS = 128
_WAYS = 8
_ASK_AGAIN_SECONDS = 0.5
_WAIT_SECONDS = 0.002
_MILLISECONDS = 1000


class DayUsedUp(TooMany):
    """The requests of this day are used up."""


class TooManyAtOnce(TooMany):
    """So many requests of this key are in progress already."""


@dataclass(frozen=True, slots=True)
class Rations:
    """What one key may have in progress, and all keys of a tenant may make on one of its days (None: any number)."""

    at_once: int
    a_day: Callable[[Tenant], int | None]


class Usage(NamedTuple):
    """Of the tenant's day: what there is in all, what all keys have used of it, and what this key has."""

    most: int | None
    by_all: int
    by_key: int


class _Table(NamedTuple):
    """Cells found by an id: `width` of them each, the id first. A set that is full gives up its stalest."""

    start: int
    width: int

    @property
    def size(self) -> int:
        return _SETS * _WAYS * self.width

    def ways(self, id_: int) -> range:
        first = self.start + id_ % _SETS * _WAYS * self.width
        return range(first, first + _WAYS * self.width, self.width)

    def all(self) -> range:
        return range(self.start, self.start + self.size, self.width)

    def find(self, cells: memoryview, id_: int) -> int | None:
        return next((at for at in self.ways(id_) if cells[at] == id_), None)

    def put(self, cells: memoryview, id_: int) -> int:
        """The id's cells, new ones empty."""
        at = self.find(cells, id_)
        if at is None:
            at = min(self.ways(id_), key=lambda at: cells[at + 1])
            for cell in range(at, at + self.width):
                cells[cell] = 0
            cells[at] = id_
        return at


_POOLS = _Table(0, 5)  # tenant; when its day ends; requests left; when to ask again (ms); the column that is asking
_USES = _Table(_POOLS.size, 4)  # credential; when the day ends; requests not told to the database; tenant
_PROGRESS = _Table(0, 2)  # in each worker's column: credential; its requests in progress


def _block_of(most: int) -> int:
    """How much of a day is leased at once: a hundredth, so that a busy operation does not ask all the time."""
    return min(max(BLOCK, most // 100), _LARGEST_BLOCK)


class Place:
    """A request's place among those of its key."""

    def __init__(self, of: SharedRations, core: Core, tenant: Tenant, credential: Credential, most: int | None) -> None:
        self._of = of
        self._core = core
        self._tenant = tenant
        self._credential = credential
        self._most = most

    async def usage(self) -> Usage:
        """What is used of the tenant's day, this request included."""
        told = await leasing.day_use(self._core.database, self._tenant, self._credential.id)
        left, untold = self._of.standing(self._tenant.id, self._credential.id)
        return Usage(self._most, max(told.leased - left, 0), told.by_key + untold)


class SharedRations:
    """One worker's view of what all have granted."""

    def __init__(self, run: Path, workers: int) -> None:
        self._columns = SharedColumns(run / "rations", workers, _PROGRESS.size, _POOLS.size + _USES.size)
        self._cells = self._columns.cells
        with self._columns.locked():
            for at in _POOLS.all():
                if self._cells[at + 4] == self._columns.own:
                    self._cells[at + 4] = 0  # who had this column died asking

    @asynccontextmanager
    async def place(
        self, core: Core, rations: Rations, tenant: Tenant, credential: Credential, counted: bool
    ) -> AsyncIterator[Place]:
        """A place for one request. DayUsedUp, or else TooManyAtOnce, where there is none.

        One that is not `counted` takes nothing of the day.
        """
        most = rations.a_day(tenant)
        await self._enter(core, rations, tenant, credential, most if counted else None)
        try:
            yield Place(self, core, tenant, credential, most)
        finally:
            self._end(credential)

    def standing(self, tenant_id: int, credential_id: int) -> tuple[int, int]:
        """What this host has left of the tenant's day, and what the key used that the database was not told."""
        cells, now = self._cells, time.time()
        with self._columns.locked():
            pool, use = _POOLS.find(cells, tenant_id), _USES.find(cells, credential_id)
            left = cells[pool + 2] if pool is not None and cells[pool + 1] > now else 0
            return left, cells[use + 2] if use is not None and cells[use + 1] > now else 0

    async def close(self, core: Core) -> None:
        """Give back what is left; other workers lease again what they need."""
        now = time.time()
        with self._columns.locked():
            left = {self._cells[at]: self._empty_pool(at) for at in _POOLS.all() if self._cells[at + 1] > now}
            used = {tenant_id: self._told(tenant_id) for tenant_id in left}
        for tenant_id, units in left.items():
            await leasing.give_back(core.database, tenant_id, units, used[tenant_id])

    async def _enter(
        self, core: Core, rations: Rations, tenant: Tenant, credential: Credential, most: int | None
    ) -> None:
        while True:
            with self._columns.locked():
                standing = None if most is None else self._pool_of(tenant.id)
                if standing is None or self._cells[standing + 2] > 0:
                    self._begin(rations.at_once, credential)
                    if standing is not None:
                        self._count(standing, tenant, credential)
                    return
                asking = self._may_ask(standing)
            if not asking:
                await asyncio.sleep(_WAIT_SECONDS)
            elif most is not None:
                await self._lease(core, tenant, most)

    def _pool_of(self, tenant_id: int) -> int:
        """The cells of the tenant's day; DayUsedUp where the database has said so a moment ago."""
        cells, now = self._cells, time.time()
        at = _POOLS.put(cells, tenant_id)
        if cells[at + 1] <= now:
            cells[at + 2] = 0
        if cells[at + 2] <= 0 and cells[at + 3] > now * _MILLISECONDS:
            raise DayUsedUp("The requests of this day are used up.", 60)
        return at

    def _may_ask(self, pool: int) -> bool:
        """Whether it is for this request to lease more: one at a time does, for all workers."""
        cells, own = self._cells, self._columns.own
        asking = cells[pool + 4]
        if asking and self._columns.lives(asking):
            return False
        cells[pool + 4] = own
        return True

    async def _lease(self, core: Core, tenant: Tenant, most: int) -> None:
        cells = self._cells
        with self._columns.locked():
            used = self._told(tenant.id)
        granted = None
        try:
            granted = await leasing.lease(core.database, tenant, most, _block_of(most), used)
        finally:
            now = time.time()
            with self._columns.locked():
                at = _POOLS.put(cells, tenant.id)
                cells[at + 4] = 0
                if granted is None:
                    for credential_id, requests in used.items():
                        cells[_USES.put(cells, credential_id) + 2] += requests
                else:
                    cells[at + 1] = int(now + granted.ends_in)
                    cells[at + 2] += granted.units
                    cells[at + 3] = 0 if granted.units else int((now + _ASK_AGAIN_SECONDS) * _MILLISECONDS)

    def _begin(self, at_once: int, credential: Credential) -> None:
        """Count a request in progress; TooManyAtOnce where there are as many as there may be. The lock is held."""
        if sum(self._in_progress(credential.id)) >= at_once:
            self._bury()
            if sum(self._in_progress(credential.id)) >= at_once:
                raise TooManyAtOnce(f"This key may have {at_once} requests in progress.")
        self._cells[_in_column(self._columns.own).put(self._cells, credential.id) + 1] += 1

    def _end(self, credential: Credential) -> None:
        at = _in_column(self._columns.own).find(self._cells, credential.id)
        if at is not None and self._cells[at + 1] > 0:
            self._cells[at + 1] -= 1

    def _in_progress(self, credential_id: int) -> Iterator[int]:
        for start in self._columns.starts:
            at = _in_column(start).find(self._cells, credential_id)
            if at is not None:
                yield self._cells[at + 1]

    def _bury(self) -> None:
        """Free what workers had in progress when they died."""
        for start in self._columns.starts:
            if start != self._columns.own and not self._columns.lives(start):
                self._columns.empty(start)

    def _count(self, pool: int, tenant: Tenant, credential: Credential) -> None:
        cells = self._cells
        cells[pool + 2] -= 1
        use = _USES.put(cells, credential.id)
        if cells[use + 1] != cells[pool + 1]:
            cells[use + 1], cells[use + 2], cells[use + 3] = cells[pool + 1], 0, tenant.id
        cells[use + 2] += 1

    def _told(self, tenant_id: int) -> dict[int, int]:
        """What the tenant's keys used that the database was not told, which it is now."""
        cells, now = self._cells, time.time()
        used: dict[int, int] = {}
        for at in _USES.all():
            if cells[at + 3] == tenant_id and cells[at + 2] > 0:
                if cells[at + 1] > now:
                    used[cells[at]] = cells[at + 2]
                cells[at + 2] = 0
        return used

    def _empty_pool(self, at: int) -> int:
        left: int = self._cells[at + 2]
        self._cells[at + 2] = 0
        return left


def _in_column(start: int) -> _Table:
    return _Table(start, _PROGRESS.width)
