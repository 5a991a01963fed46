"""Numbers that are not called: what counts as added, in which direction, for how long, and whose lists they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from tests.core.cast import move_clock, number
from tests.dialects.wolkvox.conftest import SPRING, Ask, load, record, results, told


async def listed(manager: Ask, type_: str = "all") -> dict[str, str]:
    """What get_dnc lists: the type of each number."""
    answer = await manager("GET", "information", "get_dnc", type=type_)
    assert answer.status_code in (200, 404)
    return {row["phone_number"]: row["type"] for row in answer.json().get("data", [])}


async def add(manager: Ask, type_call: str, *numbers: str) -> str:
    body = {"type_call": type_call, "telephones": list(numbers)}
    msg: str = told(await manager("POST", "configuration", "add_dnc", body), 201)["msg"]
    return msg.split(maxsplit=1)[0]


async def remove(manager: Ask, type_: str, numbers: Any) -> str:
    body = {"type": type_, "telephones": numbers}
    msg: str = told(await manager("DELETE", "configuration", "remove_dnc", body), 202)["msg"]
    return msg.split(maxsplit=1)[0]


async def test_a_number_is_added_once_in_whatever_spelling(campaign: Ask, manager: Ask) -> None:
    body = [{"telephone": number(1)}, {"telephone": "+1 330 555 0101"}, {"telephone": number(2), "days_block": "3"}]
    data = told(await campaign("POST", "add_dnc", body), 201)["data"]
    assert data == [{"total_added": "2", "total_rejected": "1", "total_sent": "3"}]
    assert await listed(manager) == {number(1): "outbound", number(2): "outbound"}


async def test_directions_are_kept_apart(manager: Ask) -> None:
    assert await add(manager, "inbound", number(1)) == "1"
    assert await add(manager, "outbound", number(1), number(2)) == "2"
    assert await add(manager, "inbound/outbound", number(1)) == "0"
    assert await listed(manager) == {number(1): "inbound/outbound", number(2): "outbound"}
    assert await listed(manager, "inbound") == {number(1): "inbound/outbound"}
    assert await remove(manager, "inbound", [number(1), number(2)]) == "1"
    assert await listed(manager) == {number(1): "outbound", number(2): "outbound"}
    assert await remove(manager, "all", "all") == "2"
    assert await listed(manager) == {}


async def test_a_number_that_may_only_not_call_in_is_called(campaign: Ask, manager: Ask, records: Records) -> None:
    await add(manager, "inbound", number(1))
    await add(manager, "outbound", number(2))
    await load(campaign, record("1", number(1)), record("2", number(2)))
    assert await results(campaign) == {"1": "CLEAN", "2": "DO-NOT-CALL"}
    assert await records.campaigns.barred_by(7224, number(1)) is None
    assert await records.campaigns.barred_by(7224, number(2)) == "wolkvox"


async def test_a_number_is_barred_for_its_days(campaign: Ask, manager: Ask, core: Core, records: Records) -> None:
    told(await campaign("POST", "add_dnc", [{"telephone": number(1), "days_block": "15"}]), 201)
    await move_clock(core, records, timedelta(days=14))
    assert await listed(manager) == {number(1): "outbound"}
    await move_clock(core, records, timedelta(days=16))
    assert await listed(manager) == {}
    assert await records.campaigns.barred_by(7224, number(1)) is None


async def test_other_systems_lists_bar_and_are_neither_shown_nor_emptied(
    campaign: Ask, manager: Ask, records: Records
) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    assert await listed(manager) == {}
    assert await remove(manager, "all", "All") == "0"
    await load(campaign, record("1", number(1)))
    assert await results(campaign) == {"1": "DO-NOT-CALL"}


async def test_marked_customers_are_not_called_until_they_are_renewed(campaign: Ask, manager: Ask) -> None:
    await load(campaign, record("1", number(1)), record("2", number(2)))
    body = {"id_campaing": SPRING, "id_cliente": ["1", "9"]}
    answer = await manager("PUT", "configuration", "block_predictive_dnc", body)
    assert told(answer, 202)["msg"] == "1 records were successfully marked as DO-NOT-CALL in campaign 7224"
    assert await results(campaign) == {"1": "DO-NOT-CALL", "2": "CLEAN"}
    again = {"field": "Cod_Machine", "value": "do-not-call"}
    told(await campaign("PUT", "recall_records", again, campaign_id=SPRING), 200)
    assert await results(campaign) == {"1": "CLEAN", "2": "CLEAN"}


@pytest.mark.parametrize(
    ("method", "script", "api", "body"),
    [
        ("POST", "campaign", "add_dnc", []),
        ("POST", "campaign", "add_dnc", [{"telephone": ""}]),
        ("POST", "campaign", "add_dnc", [{"telephone": "no digits"}]),
        ("POST", "campaign", "add_dnc", [{"telephone": "1", "days_block": "0"}]),
        ("POST", "campaign", "add_dnc", [{"telephone": "1", "days_block": "a week"}]),
        ("POST", "campaign", "add_dnc", [{"telephone": "1" * 101}]),
        ("POST", "configuration", "add_dnc", {"telephones": ["1"]}),
        ("POST", "configuration", "add_dnc", {"type_call": "outbound", "telephones": []}),
        ("DELETE", "configuration", "remove_dnc", {"type": "all", "telephones": "some"}),
        ("DELETE", "configuration", "remove_dnc", {"type": "sideways", "telephones": ["1"]}),
        ("PUT", "configuration", "block_predictive_dnc", {"id_campaing": SPRING, "id_cliente": []}),
        ("GET", "information", "get_dnc&type=sideways", None),
    ],
)
async def test_what_cannot_be_read_needs_parameters(
    manager: Ask, method: str, script: str, api: str, body: Any
) -> None:
    api, _, type_ = api.partition("&type=")
    query = {"type": type_} if type_ else {}
    assert (await manager(method, script, api, body, **query)).status_code == 400
