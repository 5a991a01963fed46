"""Many lists' records as one sequence in the order of names, without holding more than a part of any."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence

from ringbook.core.context import Context
from ringbook.domain.campaign import ListedRecord
from ringbook.store import campaign_records as stored
from ringbook.store import campaign_seats as seats
from ringbook.store.campaign_seats import Place

_FIRST_PART = 20
_PART = 250
"""Records that are read at once: while they are made ready, the worker does nothing else."""
_MOST_PLACES = 4000
_LEAST_PLACES = 10
_MOST_OF_ONE_NAME = 500
"""Records of one name that are put into the order of their ids; more are left in the order of their lists."""


async def in_order_of_names(
    context: Context, list_ids: Sequence[int], campaign_id: int
) -> AsyncIterator[Sequence[ListedRecord]]:
    """The lists' records in the campaign (0: in any), by name and then by campaign record id, some at a time."""
    places = _Places(list_ids)
    held: list[tuple[str, int, ListedRecord]] = []
    more, most = True, _FIRST_PART
    while more:
        async with context.database.reading() as tx:
            part = places.take(most)
            while not part and places.unread():
                found = await seats.places_after(tx, context.tenant.id, places.unread(), places.page)
                places.add(found)
                part = places.take(most)
            names = {place.record_id: place.sort_name for place in part}
            records = await stored.of_records(tx, context.tenant.id, list(names), campaign_id) if part else []
        held += [(names[one.record.id], one.state.id, one) for one in records if one.state]
        held.sort(key=lambda entry: entry[:2])
        more, most = bool(part), _PART
        # Of the last name there may be more to come.
        last = part[-1].sort_name if more and len(held) < _MOST_OF_ONE_NAME else None
        ready = [one for name, _, one in held if name != last]
        held = [entry for entry in held if entry[0] == last]
        for at in range(0, len(ready), _PART):
            yield ready[at : at + _PART]


class _Places:
    """The next places of each list, and how far each is read."""

    def __init__(self, list_ids: Sequence[int]) -> None:
        self.page = max(_LEAST_PLACES, min(_PART, _MOST_PLACES // max(1, len(list_ids))))
        self._read: dict[int, Place] = dict.fromkeys(list_ids, seats.FIRST_PLACE)
        self._waiting: dict[int, deque[Place]] = {}
        self._ready: deque[Place] = deque()

    def unread(self) -> dict[int, Place]:
        """How far the lists are read that are not at their end and of which little is left."""
        low = self.page // 2
        return {id_: place for id_, place in self._read.items() if len(self._waiting.get(id_, ())) <= low}

    def add(self, found: Sequence[tuple[int, Place]]) -> None:
        """Take what the lists of unread() had; one that had less than a page is at its end."""
        asked = list(self.unread())
        counts = dict.fromkeys(asked, 0)
        for id_, place in found:
            counts[id_] += 1
            self._waiting.setdefault(id_, deque()).append(place)
            self._read[id_] = place
        for id_, count in counts.items():
            if count < self.page:
                del self._read[id_]
        self._ready.extend(sorted(self._settled()))

    def take(self, most: int) -> list[Place]:
        """The next places of all lists together, as far as they are known."""
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def _settled(self) -> Iterator[Place]:
        """What waits and comes before all that is not read yet."""
        end = min(self._read.values(), default=None)
        for waiting in self._waiting.values():
            while waiting and (end is None or waiting[0] <= end):
                yield waiting.popleft()
