"""Do-not-call lists: what bars a number from campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import LONGEST_NUMBER, Context
from ringbook.domain.do_not_call import Direction, DncEntry, DncList, DncType
from ringbook.domain.erasure import ERASED_LIST
from ringbook.domain.phone import match_key
from ringbook.domain.problems import Conflict, Invalid, Missing, TooLarge
from ringbook.domain.text import search_key
from ringbook.store import campaigns, holds, journal
from ringbook.store import do_not_call as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_ENTRIES = 100_000
"""Entries that one request may name."""
MOST_AT_ONCE = 1000
"""Entries of one request of which each is answered for itself."""
_SLICE = 20
"""Entries that are read before others have their turn: ten milliseconds of thinking at most."""
_PART = 1000
"""Entries that are written, and told of in the journal, at a time."""
_NONE: Mapping[str, str] = MappingProxyType({})


Fate = Literal["added", "prolonged", "unchanged"]
"""What became of an entry: it is barred now, or for longer than before, or as it was."""


@dataclass(frozen=True, slots=True)
class Removed:
    """How many entries were taken away, and those, as they were asked for, that were not there."""

    count: int
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A number, or postcode, area code or record key, that is to be barred, until a time (None: for ever)."""

    entry: str
    comment: str = ""
    expires_at: datetime | None = None


class _Written(NamedTuple):
    """The keys of entries that were not barred before, and of those that were for less."""

    new: set[str]
    longer: set[str]


class DoNotCall:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def put_list(self, name: str, kind: DncType) -> bool:
        """Create the do-not-call list of this name, or change its type; whether it is new.

        Bound to no campaign, it bars all.
        """
        self._context.require("write")
        refuse_erased(name)
        async with self._context.database.transaction() as tx:
            before = (await stored.list_kinds(tx, self._context.tenant.id)).get(name)
            if before != kind:
                list_id = await stored.put_list(tx, self._context.tenant.id, name, kind)
                await look_again(tx, self._context.tenant.id)
                was = None if before is None else {"name": name, "type": before}
                await journal.record(tx, self._context.author, "dnc_list", list_id, was, {"name": name, "type": kind})
            return before is None

    async def bind(self, name: str, campaign: int | str) -> None:
        """From now on the list bars only the campaigns it is bound to, this one among them."""
        self._context.require("write")
        refuse_erased(name)
        async with self._context.database.transaction() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            if list_id is None:
                raise Missing("There is no such do-not-call list.", of="dnc_list")
            target = await find_campaign(tx, self._context.tenant.id, campaign)
            await stored.bind(tx, self._context.tenant.id, list_id, target.id)
            await look_again(tx, self._context.tenant.id)
            await journal.record(tx, self._context.author, "dnc_list", list_id, None, {"campaign": target.id})

    async def drop_list(self, name: str) -> None:
        self._context.require("write")
        refuse_erased(name)
        async with self._context.database.transaction() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            if list_id is not None:
                await stored.drop_list(tx, self._context.tenant.id, list_id)
                await look_again(tx, self._context.tenant.id)
                await journal.record(tx, self._context.author, "dnc_list", list_id, {"name": name}, None)

    async def names(self) -> list[str]:
        return sorted(await self.kinds())

    async def kinds(self) -> dict[str, str]:
        """What each list bars, by the list's name."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.list_kinds(tx, self._context.tenant.id)

    async def add(
        self,
        name: str,
        entries: Sequence[str],
        *,
        comments: Mapping[str, str] = _NONE,
        expires_at: datetime | None = None,
    ) -> int:
        """Bar these numbers (or postcodes, area codes, record keys); how many campaigns were free to call before.

        `comments` are by entry, as it is written. TooLarge for more than MOST_ENTRIES.
        """
        self._context.require("write")
        kind = await self._kind(name)
        keyed = await self._keyed(kind, entries)
        async with self._context.database.transaction() as tx:
            target = await self._held(tx, name, kind)
            return len((await self._add(tx, target, keyed, comments, "outbound", expires_at)).new)

    async def add_each(self, name: str, entries: Sequence[NewEntry]) -> Sequence[Fate | Invalid]:
        """Bar each of these; what became of each, or what is wrong with it. TooLarge for more than MOST_AT_ONCE."""
        self._context.require("write")
        if len(entries) > MOST_AT_ONCE:
            raise TooLarge(f"No more than {MOST_AT_ONCE} do-not-call entries at once.")
        kind = await self._kind(name)
        keys = [self._key_or_fault(kind, each.entry) for each in entries]
        alike: dict[datetime | None, dict[str, NewEntry]] = {}
        for key, each in zip(keys, entries, strict=True):
            if not isinstance(key, Invalid):
                alike.setdefault(each.expires_at, {})[key] = each
        new: set[str] = set()
        longer: set[str] = set()
        async with self._context.database.transaction() as tx:
            target = await self._held(tx, name, kind)
            for expires_at, keyed in alike.items():
                raws = {key: each.entry for key, each in keyed.items()}
                comments = {each.entry: each.comment for each in keyed.values()}
                written = await self._add(tx, target, raws, comments, "outbound", expires_at)
                new |= written.new
                longer |= written.longer
        return [key if isinstance(key, Invalid) else _fate(key, new, longer) for key in keys]

    async def replace(self, name: str, entries: Sequence[str], *, comments: Mapping[str, str] = _NONE) -> int:
        """Bar these and nothing else; how many they are. TooLarge for more than MOST_ENTRIES."""
        self._context.require("write")
        kind = await self._kind(name)
        keyed = await self._keyed(kind, entries)
        async with self._context.database.transaction() as tx:
            target = await self._held(tx, name, kind)
            kept: set[str] = set()
            gone: list[str] = []
            for row in await stored.rows(tx, self._context.tenant.id, target.id):
                entry = keyed.get(row.key)
                same = entry is not None and row.bars_as(entry, comments.get(entry, ""))
                kept.add(row.key) if same else gone.append(row.key)
            await self._remove(tx, target, gone)
            come = {key: entry for key, entry in keyed.items() if key not in kept}
            await self._add(tx, target, come, comments, "outbound", None)
            return len(keyed)

    async def remove(self, name: str, entries: Sequence[str] | None = None) -> Removed:
        """Bar these (None: all of the list) no more. TooLarge for more than MOST_ENTRIES."""
        self._context.require("write")
        kind = await self._kind(name)
        keys = None if entries is None else await self._keys(kind, entries)
        async with self._context.database.transaction() as tx:
            target = await self._held(tx, name, kind)
            there = await self._remove(tx, target, None if keys is None else list(set(keys.values())))
            return Removed(len(there), [entry for entry, key in (keys or {}).items() if key not in there])

    async def put(
        self, name: str, entries: Sequence[str], direction: Direction = "outbound", expires_at: datetime | None = None
    ) -> int:
        """Bar these numbers in a direction, in a list that is made where it is missing; how many were not before."""
        self._context.require("write")
        tenant_id = self._context.tenant.id
        kind = await self._kind(name, "INTERNAL")
        keyed = await self._keyed(kind, entries[::-1])
        async with self._context.database.transaction() as tx:
            if await stored.hold(tx, tenant_id, name) is None:
                await stored.put_list(tx, tenant_id, name, kind)
            target = await self._held(tx, name, kind)
            return len((await self._add(tx, target, keyed, _NONE, direction, expires_at)).new)

    async def take(self, name: str, entries: Sequence[str] | None, direction: Direction = "both") -> int:
        """Bar these numbers (None: all of the list) no more in a direction; how many were."""
        self._context.require("write")
        tenant_id = self._context.tenant.id
        kind = await self._kind(name, "INTERNAL")
        asked = None if entries is None else list(await self._keyed(kind, entries))
        async with self._context.database.transaction() as tx:
            if await stored.hold(tx, tenant_id, name) is None:
                return 0
            target = await self._held(tx, name, kind)
            before = await stored.directions(tx, tenant_id, target.id, asked)
            gone = [key for key, barred in before.items() if direction in (barred, "both")]
            left: Direction = "inbound" if direction == "outbound" else "outbound"
            halved = [key for key, barred in before.items() if barred == "both" and direction != "both"]
            await stored.remove(tx, tenant_id, target.id, gone)
            await stored.turn(tx, tenant_id, target.id, halved, left)
            lost = [*gone, *halved]
            await self._release(tx, target, lost)
            await self._journal(
                tx, target, [({"removed": part, "direction": direction}, None) for part in _parts(lost)]
            )
            return len(lost)

    async def entries(self, name: str, limit: int = 60_000) -> list[DncEntry]:
        """What the list bars, in the order it came; nothing where there is no such list."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            list_id = (await stored.list_names(tx, self._context.tenant.id)).get(name)
            return [] if list_id is None else await stored.entries(tx, self._context.tenant.id, list_id, limit)

    async def _kind(self, name: str, otherwise: DncType | None = None) -> DncType:
        """What the list bars; Missing if there is none and nothing is said for that case."""
        refuse_erased(name)
        async with self._context.database.reading() as tx:
            kind = await stored.kind_of(tx, self._context.tenant.id, name) or otherwise
        if kind is None:
            raise Missing("There is no such do-not-call list.", of="dnc_list")
        return kind

    async def _held(self, tx: Tx, name: str, kind: DncType) -> DncList:
        """The list, held against other writers; Conflict if its entries were read for another type than it has."""
        found = await stored.hold(tx, self._context.tenant.id, name)
        if found is None:
            raise Missing("There is no such do-not-call list.", of="dnc_list")
        if found.type != kind:
            raise Conflict("The do-not-call list has another type now.")
        return found

    async def _add(
        self,
        tx: Tx,
        target: DncList,
        keyed: Mapping[str, str],
        comments: Mapping[str, str],
        direction: Direction,
        expires_at: datetime | None,
    ) -> _Written:
        """Bar these entries, by key, in a direction; the keys that were not barred in it before, and those for less."""
        tenant_id = self._context.tenant.id
        all_written = _Written(set(), set())
        for part in _parts(list(keyed)):
            before = await stored.directions(tx, tenant_id, target.id, part)
            rows = {key: (keyed[key], comments.get(keyed[key], "")) for key in part}
            written = await stored.add(tx, tenant_id, target.id, rows, direction, expires_at)
            new = [key for key in part if before.get(key) not in (direction, "both")]
            longer = written.difference(new)
            all_written.new.update(new)
            all_written.longer.update(longer)
            said: dict[str, Any] = {"added": [keyed[key] for key in new]}
            if longer:
                said["prolonged"] = [keyed[key] for key in part if key in longer]
            if direction != "outbound":
                said["direction"] = direction
            await self._journal(tx, target, [(None, said)] if written else [])
        return all_written

    async def _remove(self, tx: Tx, target: DncList, keys: Sequence[str] | None) -> set[str]:
        """Take these entries (None: all) off the list; the keys of those that stood."""
        gone = await stored.remove(tx, self._context.tenant.id, target.id, keys)
        await self._release(tx, target, [key for key, _ in gone])
        raws = [raw for _, raw in gone]
        await self._journal(tx, target, [({"removed": part}, None) for part in _parts(raws)])
        return {key for key, _ in gone}

    async def _release(self, tx: Tx, target: DncList, keys: Sequence[str]) -> None:
        """Have claims look anew at whom these entries have barred."""
        if target.type != "INTERNAL":
            await look_again(tx, self._context.tenant.id)
            return
        for part in _parts(keys):
            await holds.release_numbers(tx, self._context.tenant.id, part)

    async def _journal(self, tx: Tx, target: DncList, changes: Sequence[tuple[Any, Any]]) -> None:
        said = [(target.id, before, after) for before, after in changes]
        await journal.record_all(tx, self._context.author, "dnc_list", said)

    async def _keyed(self, kind: DncType, entries: Sequence[str]) -> dict[str, str]:
        """The entries by what they are compared by; of several spellings the last."""
        return {key: entry for entry, key in (await self._keys(kind, entries)).items()}

    async def _keys(self, kind: DncType, entries: Sequence[str]) -> dict[str, str]:
        """What each entry is compared by. Reading numbers takes long: others are let in between."""
        if len(entries) > MOST_ENTRIES:
            raise TooLarge(f"No more than {MOST_ENTRIES} do-not-call entries at once.")
        keys: dict[str, str] = {}
        for at, entry in enumerate(entries):
            if at % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            # Of a spelling that is there twice, the place of the last counts.
            keys.pop(entry, None)
            keys[entry] = self._key(kind, entry)
        return keys

    def _key_or_fault(self, kind: DncType, entry: str) -> str | Invalid:
        try:
            key = self._key(kind, entry)
        except Invalid as fault:
            return fault.to_keep()
        return key if entry.strip() else Invalid("An entry is not empty.", field="entry")

    def _key(self, kind: DncType, entry: str) -> str:
        """What a list's entries are compared by: numbers in any spelling, everything else folded."""
        if len(entry) > LONGEST_NUMBER:
            raise Invalid(f"An entry has {LONGEST_NUMBER} characters at most.")
        return match_key(entry, self._context.tenant.region) if kind == "INTERNAL" else search_key(entry)


async def look_again(tx: Tx, tenant_id: int) -> None:
    """Have claims look anew at whomever a do-not-call list has barred: one bars fewer now."""
    for campaign in await campaigns.all_campaigns(tx, tenant_id):
        await holds.look_again(tx, tenant_id, campaign.id, "do_not_call")


def refuse_erased(name: str) -> None:
    """Conflict for the list of who was erased: only hashes are on it, and who is on it stays barred everywhere."""
    if name == ERASED_LIST:
        raise Conflict(f"Nobody edits the list {ERASED_LIST}: it keeps who was erased from being called.")


def _fate(key: str, new: Container[str], longer: Container[str]) -> Fate:
    return "added" if key in new else "prolonged" if key in longer else "unchanged"


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as one entry of the journal tells of."""
    return (texts[at : at + _PART] for at in range(0, len(texts), _PART))
