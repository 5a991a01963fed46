"""What is told first of several things that are wrong, what counts against the day (D-W5), and how long one takes."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from ringbook.core.access import Core, Records
from ringbook.dialects.wolkvox import habits
from ringbook.store import campaigns
from tests.dialects.wolkvox.conftest import SPRING, Ask, MakeOperation, record, told

AGENTBOX = "/api/v2/agentbox.php"
INFORMATION = "/api/v2/information.php"
USED_UP = "TOKEN LIMIT EXCEEDED"


async def test_a_used_up_day_is_told_before_an_unknown_api_and_missing_parameters(operation: MakeOperation) -> None:
    own = await operation(licences=0)
    for api in ("find_record", "no_such_api", "codify"):
        answer = await own.ask("GET", api)
        assert (answer.status_code, answer.json()["msg"]) == (403, USED_UP)


async def test_the_agents_own_operations_are_not_counted(operation: MakeOperation) -> None:
    own = await operation(licences=0)
    answer = await own.ask("POST", "recall", {}, script=AGENTBOX)
    assert told(answer, 400)["msg"] == "SOME PARAMETERS ARE REQUIRED"


async def test_token_info_tells_what_is_used(operation: MakeOperation) -> None:
    own = await operation(licences=1)
    await own.ask("POST", "add_record", [record("1")], campaign_id=SPRING)
    await own.ask("GET", "no_such_api")
    (row,) = told(await own.ask("GET", "token_info", script=INFORMATION), 200)["data"]
    assert row == {
        "description": "tests",
        "token_limit": "1000",
        "token_use_today": "3",
        "all_token_today": "3",
        "available_consumption_options": "997",
    }


@pytest.mark.parametrize(
    ("switch", "error"), [("", "Not Found"), ('error = "title"', "Not Found"), ('error = "capitals"', "NOT FOUND")]
)
async def test_an_operation_may_have_its_errors_in_capitals(operation: MakeOperation, switch: str, error: str) -> None:
    own = await operation(more=f"[wolkvox]\n{switch}")
    assert (await own.ask("GET", "find_record", customer_id="1")).json()["error"] == error


async def test_an_operation_may_have_codes_as_documented_and_slashes_plain(operation: MakeOperation) -> None:
    own = await operation(more='[wolkvox]\ncode = "documented"\nescape = "plain"')
    await own.records.lists.add("Spring", record("1", address="Cra. 7 n/a ñ"))
    speed = await own.ask("PUT", "speed", {"speed": "1"}, campaign_id=SPRING)
    assert speed.json()["code"] == 202
    found = await own.ask("GET", "find_record", customer_id="1")
    assert found.json()["code"] == "200"
    assert '"Cra. 7 n/a ñ"' in found.text
    body = {"filter_active": "no"}
    assert (await own.ask("PUT", "campaign_filter", body, campaign_id=SPRING)).json()["code"] == ""


async def test_what_takes_too_long_is_cut_off_and_not_done(
    campaign: Ask, core: Core, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(habits, "SECONDS", 0.3)
    async with core.database.transaction() as tx:
        await campaigns.get(tx, records.tenant.id, int(SPRING), for_update=True)
        with pytest.raises(habits.CutOff):
            await campaign("PUT", "speed", {"speed": "77"}, campaign_id=SPRING)
    assert (await records.campaigns.get(int(SPRING))).settings.get("speed") != 77
    told(await campaign("PUT", "speed", {"speed": "78"}, campaign_id=SPRING), 202)


async def test_nothing_comes_after_the_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits, "SECONDS", 0.01)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(5)

    async def slow_to_end(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await slow(scope, receive, send)

    for app, status in ((slow, 504), (slow_to_end, 200)):
        sent.clear()
        with pytest.raises(habits.CutOff):
            await habits.within_its_time(app)({"path": "/api/v2/campaign.php"}, receive, send)
        assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [status]
        assert all(message["more_body"] for message in sent if message["type"] == "http.response.body")
