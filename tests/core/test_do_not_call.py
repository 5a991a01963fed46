"""Barring: which numbers a campaign must leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Missing
from tests.core.cast import SPRING, history, move_clock, number

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
    assert await records.do_not_call.add("codes", ["330", " 330 ", "Ohio", "OHIO"], numbers=False) == 2


async def test_a_list_or_campaign_that_is_not_there_is_missing(records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    for call in (
        records.do_not_call.add("no such", [number(1)]),
        records.do_not_call.bind("no such", SPRING),
        records.do_not_call.bind("internal", "no such"),
    ):
        with pytest.raises(Missing):
            await call
