"""Barring: which numbers a campaign must leave alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.do_not_call import DoNotCall
from ringbook.domain.do_not_call import DncType
from ringbook.domain.problems import Missing, TooLarge
from tests.core.cast import SPRING, history, move_clock, number, told

HOUR = timedelta(hours=1)


async def test_a_list_that_is_bound_to_no_campaign_bars_all(records: Records) -> None:
    await records.campaigns.create("Autumn")
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    for campaign in (SPRING, "Autumn"):
        assert await records.campaigns.barred_by(campaign, "+1 (330) 555-0101") == "internal"
        assert await records.campaigns.barred_by(campaign, number(2)) is None


async def test_a_bound_list_bars_its_campaigns_alone(records: Records) -> None:
    await records.campaigns.create("Autumn")
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    await records.do_not_call.bind("internal", "Autumn")
    assert await records.campaigns.barred_by("Autumn", number(1)) == "internal"
    assert await records.campaigns.barred_by(SPRING, number(1)) is None
    await records.do_not_call.bind("internal", SPRING)
    assert await records.campaigns.barred_by(SPRING, number(1)) == "internal"


async def test_an_entry_ends_on_the_second(core: Core, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)], expires_at=datetime.now(UTC) + HOUR)
    await move_clock(core, records, HOUR - timedelta(seconds=10))
    assert await records.campaigns.barred_by(SPRING, number(1)) == "internal"
    await move_clock(core, records, HOUR)
    assert await records.campaigns.barred_by(SPRING, number(1)) is None


async def test_barring_counts_what_was_not_barred_before(core: Core, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    assert await records.do_not_call.add("internal", [number(1), number(2), "+1 330 555 0101"]) == 2
    assert await records.do_not_call.add("internal", [number(2), number(3)]) == 1
    soon = datetime.now(UTC) + HOUR
    assert await records.do_not_call.add("internal", [number(4)], expires_at=soon) == 1
    await move_clock(core, records, 2 * HOUR)
    assert await records.do_not_call.add("internal", [number(4)]) == 1


async def test_barring_for_longer_bars_for_longer_and_never_for_less(core: Core, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    now = datetime.now(UTC)
    await records.do_not_call.add("internal", [number(1), number(2), number(3)], expires_at=now + 2 * HOUR)
    assert await records.do_not_call.add("internal", [number(1)]) == 0
    assert await records.do_not_call.add("internal", [number(2)], expires_at=now + 4 * HOUR) == 0
    assert await records.do_not_call.add("internal", [number(3)], expires_at=now + HOUR) == 0
    await records.do_not_call.add("internal", [number(1)], expires_at=now + HOUR)

    async def barred() -> list[bool]:
        return [await records.campaigns.barred_by(SPRING, number(n)) is not None for n in (1, 2, 3)]

    await move_clock(core, records, 1.5 * HOUR)
    assert await barred() == [True, True, True]
    await move_clock(core, records, 3 * HOUR)
    assert await barred() == [True, True, False]
    await move_clock(core, records, 5 * HOUR)
    assert await barred() == [True, False, False]


async def test_a_dropped_list_bars_nobody(records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    await records.do_not_call.drop_list("internal")
    assert await records.campaigns.barred_by(SPRING, number(1)) is None
    assert await records.do_not_call.names() == []


async def test_a_list_is_made_once_and_a_new_type_is_journalled(records: Records) -> None:
    assert await records.do_not_call.put_list("area", "INTERNAL") is True
    assert await records.do_not_call.put_list("area", "INTERNAL") is False
    assert await records.do_not_call.put_list("area", "AREA_CODES") is False
    assert await records.do_not_call.kinds() == {"area": "AREA_CODES"}
    assert len(await history(records, "dnc_list")) == 2


async def test_other_entries_are_compared_folded(records: Records) -> None:
    await records.do_not_call.put_list("codes", "AREA_CODES")
    assert await records.do_not_call.add("codes", ["330", " 330 ", "Ohio", "OHIO"]) == 2


async def test_a_list_or_campaign_that_is_not_there_is_missing(records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    for call in (
        records.do_not_call.add("no such", [number(1)]),
        records.do_not_call.bind("no such", SPRING),
        records.do_not_call.bind("internal", "no such"),
    ):
        with pytest.raises(Missing):
            await call


# ---- Directions


async def test_barring_what_is_barred_inbound_bars_it_outbound_too(core: Core, records: Records) -> None:
    """wolkvox bars a caller, Bright Pattern the same number: neither takes back what the other has said."""
    dnc = records.do_not_call
    soon = datetime.now(UTC) + HOUR
    await dnc.put("internal", [number(1), number(2)], "inbound")
    await dnc.put("internal", [number(3)], "inbound", soon)
    assert await records.campaigns.barred_by(SPRING, number(1)) is None
    assert await dnc.add("internal", [number(1), number(3), number(4)]) == 3
    assert await dnc.add("internal", [number(2)], expires_at=soon) == 1
    assert await dnc.add("internal", [number(1), number(2), number(3), number(4)]) == 0
    await move_clock(core, records, 2 * HOUR)
    for n in range(1, 5):
        assert await records.campaigns.barred_by(SPRING, number(n)) == "internal"
    found = {entry.raw: entry.direction for entry in await dnc.entries("internal")}
    assert found == {number(1): "both", number(2): "both", number(3): "both", number(4): "outbound"}


async def test_what_was_barred_inbound_and_ended_begins_anew(core: Core, records: Records) -> None:
    dnc = records.do_not_call
    await dnc.put("internal", [number(1)], "inbound", datetime.now(UTC) + HOUR)
    await move_clock(core, records, 2 * HOUR)
    assert await dnc.add("internal", [number(1)]) == 1
    assert [entry.direction for entry in await dnc.entries("internal")] == ["outbound"]


async def test_barring_inbound_what_is_barred_outbound_bars_both_for_as_long(core: Core, records: Records) -> None:
    dnc = records.do_not_call
    await dnc.put_list("internal", "INTERNAL")
    await dnc.add("internal", [number(1)])
    assert await dnc.put("internal", [number(1)], "inbound", datetime.now(UTC) + HOUR) == 1
    await move_clock(core, records, 2 * HOUR)
    assert [(e.direction, e.expires_at) for e in await dnc.entries("internal")] == [("both", None)]


# ---- Many


async def test_others_have_their_turn_while_a_long_list_is_read(records: Records) -> None:
    """Texts that are no numbers take libphonenumber longest."""
    dnc = records.do_not_call
    await dnc.put_list("internal", "INTERNAL")
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    started = time.perf_counter()
    assert await dnc.add("internal", [f"9{n:05}" for n in range(3000)]) == 3000
    took = time.perf_counter() - started
    watching.cancel()
    assert longest < took / 2, (longest, took)


async def test_the_list_is_free_while_numbers_are_read(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    dnc = records.do_not_call
    await dnc.put_list("internal", "INTERNAL")
    reading, on = asyncio.Event(), asyncio.Event()
    keys = DoNotCall._keys

    async def slowly(self: DoNotCall, kind: DncType, entries: Sequence[str]) -> dict[str, str]:
        if len(entries) > 1:
            reading.set()
            await on.wait()
        return await keys(self, kind, entries)

    monkeypatch.setattr(DoNotCall, "_keys", slowly)
    many = asyncio.create_task(dnc.add("internal", [number(n) for n in range(10)]))
    await reading.wait()
    async with asyncio.timeout(5):
        assert await dnc.add("internal", [number(50)]) == 1
    on.set()
    assert await many == 10


async def test_more_than_a_hundred_thousand_entries_are_too_many(records: Records) -> None:
    dnc = records.do_not_call
    await dnc.put_list("internal", "INTERNAL")
    entries = ["x"] * 100_001
    for call in (dnc.add("internal", entries), dnc.replace("internal", entries), dnc.remove("internal", entries)):
        with pytest.raises(TooLarge):
            await call


async def test_the_journal_tells_what_has_changed_and_some_at_a_time(records: Records) -> None:
    dnc = records.do_not_call
    await dnc.put_list("codes", "AREA_CODES")
    codes = [f"{n}" for n in range(2500)]
    await dnc.add("codes", codes)
    await dnc.add("codes", codes)
    changes = [told(one.after) for one in (await history(records, "dnc_list"))[1:]]
    assert [len(one["added"]) for one in changes] == [1000, 1000, 500]
    await dnc.replace("codes", [*codes[1:], "new"])
    last = (await history(records, "dnc_list"))[4:]
    assert [told(one.before) or told(one.after) for one in last] == [{"removed": ["0"]}, {"added": ["new"]}]
    await dnc.remove("codes")
    removed = [told(one.before)["removed"] for one in (await history(records, "dnc_list"))[6:]]
    assert [len(one) for one in removed] == [1000, 1000, 500]


async def test_replacing_leaves_what_stays_as_it_was(core: Core, records: Records) -> None:
    dnc = records.do_not_call
    await dnc.put_list("internal", "INTERNAL")
    await dnc.add("internal", [number(1), number(2)], comments={number(1): "by letter"})
    await dnc.put("internal", [number(3)], "inbound")
    before = {entry.raw: entry for entry in await dnc.entries("internal")}
    await move_clock(core, records, HOUR)
    assert await dnc.replace("internal", [number(1), number(3), number(4)], comments={number(1): "by letter"}) == 3
    after = {entry.raw: entry for entry in await dnc.entries("internal")}
    assert set(after) == {number(1), number(3), number(4)}
    assert after[number(1)] == before[number(1)]
    assert after[number(3)].direction == "outbound"
