"""What a campaign's owner does with its records, by many at once and with what the journal keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from ringbook.core import dialling
from ringbook.core.access import Records
from ringbook.core.dialling import NewRecord
from ringbook.domain.campaign import Chosen, Recall
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Missing
from ringbook.domain.record_filter import RESULT, Condition, RecordFilter
from ringbook.store import attempts
from tests.core.cast import LEADS, NOON, SPRING, attempt, history, lead, number, told

CALI = RecordFilter("and", (Condition("city", "=", "Cali", "city"),))


def new(customer: int, phone: str = "", **fields: str) -> NewRecord:
    return NewRecord({"customer_id": str(customer), "tel1": phone} | fields)


async def customers(records: Records) -> list[str | None]:
    return [one.record.customer_id for one in await records.campaign_records.find(campaign=SPRING)]


async def test_of_campaigns_that_start_at_once_only_so_many_do(records: Records) -> None:
    await records.campaigns.update(SPRING, state="stopped")
    ids = [SPRING, *[(await records.campaigns.create(f"C{n}")).id for n in range(5)]]
    for id_ in ids:
        await records.dialling.load(id_, [new(1)])
    done = await asyncio.gather(
        *(records.campaigns.start(id_, most_predictive=2) for id_ in ids), return_exceptions=True
    )
    refused = [one for one in done if isinstance(one, Conflict)]
    assert [one.facts for one in refused] == [{"why": "predictives", "running": 2}] * 4
    assert sum(one.state == "running" for one in await records.campaigns.all()) == 2


async def test_loads_at_once_never_exceed_what_a_campaign_may_hold(records: Records) -> None:
    loads = [records.dialling.load(SPRING, [new(10 * n), new(10 * n + 1)], most=7) for n in range(6)]
    done = await asyncio.gather(*loads, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in done) == 3
    assert len(await customers(records)) == 6


async def test_everybody_does_everything_at_once(records: Records) -> None:
    await records.dialling.load(SPRING, [new(n % 5, number(n)) for n in range(20)])
    for n in range(20, 30):
        await records.lists.add(LEADS, lead(n, number(n), account=str(n % 5)))
    chosen = Chosen(customers=("0", "1", "2"))
    work = [
        operation
        for n in range(6)
        for operation in (
            records.dialling.code(SPRING, chosen, "002", None, "note"),
            records.dialling.arrange(SPRING, chosen, NOON, Recall("1"), "Luz"),
            records.dialling.renew(SPRING, Chosen(results=("busy", "clean"))),
            records.dialling.bar(SPRING, Chosen(customers=("3",))),
            records.dialling.filter(SPRING, CALI if n % 2 else None),
            records.dialling.load(SPRING, [new(n, number(n))]),
            records.dialling.remove(SPRING, Chosen(customers=("4",))),
            attempt(records, phone=number(n % 4), outcome="busy"),
        )
    ]
    await asyncio.gather(*work)
    await records.dialling.remove(SPRING, Chosen(customers=("4",)))
    assert "4" not in await customers(records)
    assert len(await records.lists.records(LEADS)) == 10


async def test_a_filter_that_changes_meanwhile_sees_every_record(records: Records) -> None:
    other = RecordFilter("and", (Condition("city", "=", "Lima", "city"),))
    for n in range(8):
        list_ = await records.lists.create(f"shared {n}", [Field("city"), Field("p", "PHONE", key=True)])
        await records.lists.add(list_.name, {"city": "Lima", "p": number(n)})
        await asyncio.gather(
            records.campaigns.bind(SPRING, list_.name),
            records.dialling.filter(SPRING, CALI if n % 2 else other),
            records.lists.add_many(list_.name, [{"city": "Cali", "p": number(50 + n)}]),
        )
        found = await records.campaign_records.find(campaign=SPRING)
        taken = {one.record.fields["city"] for one in found if one.state and not one.state.barred}
        assert taken == ({"Cali"} if n % 2 else {"Lima"})


@pytest.mark.parametrize("first", ["attempt", "filter"])
async def test_a_filter_on_results_and_an_attempt_at_once_agree(
    records: Records, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    await records.dialling.load(SPRING, [new(1, number(1))])
    module, name = {"attempt": (attempts, "insert"), "filter": (dialling, "refilter")}[first]
    begun, go_on = asyncio.Event(), asyncio.Event()
    real = getattr(module, name)

    async def slowly(*args: Any, **facts: Any) -> Any:
        done = await real(*args, **facts)
        begun.set()
        await go_on.wait()
        return done

    monkeypatch.setattr(module, name, slowly)
    calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "attempt": lambda: attempt(records, key={"customer_id": "1"}, outcome="busy"),
        "filter": lambda: records.dialling.filter(SPRING, RecordFilter("and", (Condition(RESULT, "=", "busy"),))),
    }
    one = asyncio.ensure_future(calls.pop(first)())
    await begun.wait()
    (other,) = (asyncio.ensure_future(call()) for call in calls.values())
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.gather(one, other)
    (found,) = await records.campaign_records.find(campaign=SPRING)
    assert found.state is not None
    assert (found.state.result, found.state.barred) == ("busy", None)


async def test_what_was_decided_is_in_the_journal(records: Records) -> None:
    await records.dialling.load(SPRING, [new(1, number(1))])
    await records.dialling.code(SPRING, Chosen(customers=("1",)), "002")
    said = (await history(records, "campaign", SPRING))[-1]
    assert told(said.before) == {"records": {"customers": ["1"]}}
    assert told(said.after)["coded"] == 1
    assert (said.by, said.dialect) == ("tests", "native")


async def test_a_late_attempt_leaves_a_recall_that_came_after_it(records: Records) -> None:
    await records.dialling.load(SPRING, [new(1, number(1))])
    await attempt(records, key={"customer_id": "1"}, started_at=NOON)
    await records.dialling.arrange(SPRING, Chosen(customers=("1",)), datetime(2030, 1, 1, tzinfo=UTC), Recall("1"))
    after = await attempt(records, key={"customer_id": "1"}, started_at=NOON.replace(hour=1))
    assert after.recall == Recall("1")
    assert (await attempt(records, key={"customer_id": "1"})).recall is None


async def test_a_campaign_that_is_not_there_is_missing(records: Records, other: Records) -> None:
    foreign = await other.campaigns.create("Foreign", campaign_id=99)
    for ref in (foreign.id, 98, "no such"):
        for call in (
            records.dialling.load(ref, [new(1)]),
            records.dialling.code(ref, Chosen(), "1"),
            records.dialling.arrange(ref, Chosen(), NOON, Recall()),
            records.dialling.renew(ref, Chosen()),
            records.dialling.bar(ref, Chosen()),
            records.dialling.remove(ref, Chosen()),
            records.dialling.filter(ref, None),
            records.campaigns.start(ref),
        ):
            with pytest.raises(Missing):
                await call
