"""Data sets: exact expiry, replacement, and what a callback does to them (contracts/mindful.md 1.3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ringbook.background.expire import sweep_expired
from ringbook.core.access import Core, Records
from ringbook.domain.dataset import Template, Values
from ringbook.domain.problems import Invalid, Missing, Problem
from ringbook.store import datasets as stored
from tests.core.cast import history, move_clock, number, only, told

CONTEXT = "Inbound IVR context"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def template(records: Records) -> Template:
    return only(await records.datasets.templates())


async def second_template(records: Records, hours: float = 1) -> Template:
    made, _ = await records.templates.put("Second", hours * 3600, ["A"], None)
    return made


async def values_of(records: Records, phone: str) -> list[Values]:
    return [d.values for d in await records.datasets.of_number(phone)]


# ---- Leaving and reading


async def test_a_data_set_is_read_by_its_digits_in_its_template(records: Records, template: Template) -> None:
    made = await records.datasets.submit(CONTEXT, "(330) 555-0101", {"AccNum": "7"})
    read = await records.datasets.of_template(template, "330.555.0101")
    assert (read.number, read.ani, told(read.values), read.ecbt) == ("3305550101", "3305550101", {"AccNum": "7"}, None)
    assert read.expires_at == made.expires_at == made.submitted_at + DAY


async def test_its_template_never_adds_or_removes_a_country_code(records: Records, template: Template) -> None:
    await records.datasets.submit(CONTEXT, "330-555-0101", {})
    for spelling in ("1 330 555 0101", "+1 330 555 0101", "", "none", "1" * 41):
        with pytest.raises(Missing):
            await records.datasets.of_template(template, spelling)
    for spelling in ("+1 330 555 0101", "330-555-0101", "001 330 555 0101"):
        assert len(await records.datasets.of_number(spelling)) == 1


async def test_the_next_one_replaces_it_whole(records: Records, template: Template) -> None:
    await records.datasets.submit(template, number(1), {"AccNum": "7", "LastName": "Bell"})
    await records.datasets.callback(number(1), ecbt=900)
    second = await records.datasets.submit(template, number(1), {"AccNum": "8"})
    assert (second.values, second.ecbt) == ({"AccNum": "8"}, None)
    assert second.expires_at == second.submitted_at + DAY
    assert only(await records.datasets.of_number(number(1))) == second


async def test_many_that_come_at_once_for_one_number_leave_one(records: Records) -> None:
    await asyncio.gather(*(records.datasets.submit(CONTEXT, number(1), {"AccNum": str(n)}) for n in range(16)))
    assert len(await values_of(records, number(1))) == 1


async def test_templates_hold_a_number_side_by_side(records: Records, template: Template) -> None:
    second = await second_template(records)
    await records.datasets.submit(CONTEXT, number(1), {"AccNum": "7"})
    await records.datasets.submit("Second", number(1), {"A": "8"})
    assert await values_of(records, number(1)) == [{"AccNum": "7"}, {"A": "8"}]
    assert told((await records.datasets.of_template(second, number(1))).values) == {"A": "8"}


@pytest.mark.parametrize(
    ("name", "phone", "problem"),
    [("no such", number(1), Missing), (CONTEXT, "-", Invalid), (CONTEXT, "1" * 41, Invalid)],
)
async def test_what_cannot_be_kept_is_refused(records: Records, name: str, phone: str, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        await records.datasets.submit(name, phone, {})


# ---- Expiry


async def test_it_is_gone_on_the_second(core: Core, records: Records, template: Template) -> None:
    await records.datasets.submit(CONTEXT, number(1), {})
    await move_clock(core, records, DAY - 20 * SECOND)
    assert await records.datasets.of_template(template, number(1))
    assert (await records.lookup.by_number(number(1))).data_sets
    await move_clock(core, records, DAY)
    with pytest.raises(Missing):
        await records.datasets.of_template(template, number(1))
    assert await records.datasets.of_number(number(1)) == []
    assert (await records.lookup.by_number(number(1))).data_sets == []
    with pytest.raises(Missing):
        await records.datasets.callback(number(1), ecbt=60)


async def test_an_expired_one_is_gone_before_it_is_swept_and_sweeping_leaves_a_receipt(
    core: Core, records: Records
) -> None:
    expired = await records.datasets.submit(CONTEXT, number(1), {"LastName": "Bell"})
    await second_template(records, hours=48)
    kept = await records.datasets.submit("Second", number(1), {"A": "1"})
    await move_clock(core, records, DAY + SECOND)
    assert only(await records.datasets.of_number(number(1))).id == kept.id
    assert await sweep_expired(core.database) >= 1
    receipt = (await history(records, "data_set", expired.id))[-1]
    assert (told(receipt.after), receipt.by, receipt.dialect) == ({"expired": True}, "expiry", "background")
    assert only(await records.datasets.of_number(number(1))).id == kept.id
    await move_clock(core, records, timedelta(0))
    assert only(await records.datasets.of_number(number(1))).id == kept.id


async def test_what_is_replaced_while_the_sweep_waits_for_it_stays(
    core: Core, records: Records, template: Template
) -> None:
    await records.datasets.submit(CONTEXT, number(1), {"AccNum": "old"})
    await move_clock(core, records, DAY + SECOND)
    async with core.database.transaction() as tx:
        await stored.submit(tx, records.tenant.id, template, "3305550101", "+13305550101", {"AccNum": "new"})
        sweep = asyncio.create_task(sweep_expired(core.database))
        await asyncio.sleep(0.04)
        assert not sweep.done()
    await sweep
    assert await values_of(records, number(1)) == [{"AccNum": "new"}]


# ---- Callbacks


async def test_the_estimate_moves_the_expiry_and_cancelling_takes_it_back(core: Core, records: Records) -> None:
    made = await records.datasets.submit(CONTEXT, number(1), {})
    await move_clock(core, records, timedelta(hours=6))
    registered = only(await records.datasets.callback("+1 330 555 0101", ecbt=1800, callback_id="cb-1"))
    expected = made.expires_at + timedelta(hours=6, seconds=1800)
    assert registered.ecbt == 1800
    assert abs(registered.expires_at - expected) < 10 * SECOND
    await move_clock(core, records, timedelta(hours=8))
    later = only(await records.datasets.callback(number(1), ecbt=60))
    assert abs(later.expires_at - (made.expires_at + timedelta(hours=8, seconds=60))) < 10 * SECOND
    cancelled = only(await records.datasets.callback(number(1), ecbt=None))
    assert (cancelled.ecbt, cancelled.expires_at) == (None, made.expires_at)


async def test_a_callback_reaches_every_template_of_the_number(records: Records) -> None:
    await second_template(records)
    for name in (CONTEXT, "Second"):
        await records.datasets.submit(name, number(1), {})
    await records.datasets.submit(CONTEXT, number(2), {})
    changed = await records.datasets.callback(number(1), ecbt=60)
    assert [d.template for d in changed] == [CONTEXT, "Second"]
    assert only(await records.datasets.of_number(number(2))).ecbt is None


async def test_a_changed_number_is_the_new_search_key_and_the_detected_one_stays(
    records: Records, template: Template
) -> None:
    await records.datasets.submit(CONTEXT, number(1), {"AccNum": "7"})
    moved = only(await records.datasets.callback(number(1), new_number="(330) 555-0102", ecbt=60))
    assert (moved.number, moved.ani, moved.ecbt) == ("3305550102", "3305550101", 60)
    with pytest.raises(Missing):
        await records.datasets.of_template(template, number(1))
    assert (await records.datasets.of_template(template, number(2))).ani == "3305550101"
    assert await values_of(records, number(2)) == [{"AccNum": "7"}]


async def test_a_moved_data_set_replaces_what_its_template_held_for_the_new_number(records: Records) -> None:
    await second_template(records)
    await records.datasets.submit(CONTEXT, number(1), {"AccNum": "moved"})
    await records.datasets.submit(CONTEXT, number(2), {"AccNum": "replaced"})
    await records.datasets.submit("Second", number(2), {"A": "stays"})
    await records.datasets.callback(number(1), new_number=number(2))
    assert await values_of(records, number(2)) == [{"AccNum": "moved"}, {"A": "stays"}]


async def test_of_two_spellings_of_the_old_number_the_newest_is_moved(records: Records) -> None:
    await records.datasets.submit(CONTEXT, "330-555-0101", {"AccNum": "older"})
    await records.datasets.submit(CONTEXT, "1-330-555-0101", {"AccNum": "newer"})
    moved = only(await records.datasets.callback(number(1), new_number=number(2)))
    assert (moved.values, moved.ani) == ({"AccNum": "newer"}, "13305550101")
    assert await values_of(records, number(1)) == []


async def test_a_country_code_that_was_only_added_changes_no_search_key(records: Records, template: Template) -> None:
    await records.datasets.submit(CONTEXT, number(1), {})
    same = only(await records.datasets.callback(number(1), new_number="+13305550101", ecbt=60))
    assert (same.number, same.ecbt) == ("3305550101", 60)
    assert await records.datasets.of_template(template, number(1))


@pytest.mark.parametrize("facts", [{"ecbt": -1}, {"ecbt": 367 * 86400}, {"new_number": ""}, {"new_number": "none"}])
async def test_a_callback_that_makes_no_sense_is_invalid_and_changes_nothing(
    records: Records, facts: dict[str, int | str]
) -> None:
    made = await records.datasets.submit(CONTEXT, number(1), {})
    with pytest.raises(Invalid):
        await records.datasets.callback(number(1), **facts)  # type: ignore[arg-type]
    assert only(await records.datasets.of_number(number(1))) == made


async def test_a_callback_for_a_number_without_data_is_missing(records: Records) -> None:
    with pytest.raises(Missing):
        await records.datasets.callback(number(1), ecbt=60)


async def test_what_a_callback_changed_is_in_the_journal(records: Records) -> None:
    made = await records.datasets.submit(CONTEXT, number(1), {})
    await records.datasets.callback(number(1), new_number=number(2), ecbt=60)
    last = (await history(records, "data_set", made.id))[-1]
    assert (told(last.before)["number"], told(last.after)["number"]) == ("3305550101", "3305550102")


# ---- Templates


async def test_a_dropped_template_takes_its_data_along(records: Records, template: Template) -> None:
    await records.datasets.submit(CONTEXT, number(1), {})
    await records.templates.drop(template)
    assert await records.datasets.of_number(number(1)) == []
    assert await records.datasets.templates() == []


async def test_the_journal_keeps_no_values_that_expire(records: Records) -> None:
    await records.datasets.submit("Inbound IVR context", number(1), {"AccNum": "secret-7"})
    await records.datasets.callback(number(1), ecbt=60)
    entries = await records.journal.changes(entity="data_set")
    assert len(entries) == 2
    assert not any(b"secret-7" in bytes(part) for entry in entries for part in (entry.before, entry.after))
