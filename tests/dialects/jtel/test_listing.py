"""The collection of contacts: its order, its filter, and that it is made while it is sent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from ringbook.app import build_front, open_core
from ringbook.core.access import Core, Records
from ringbook.domain.problems import Unavailable
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics
from ringbook.web.worker import Worker
from tests.core.cast import LEADS, SPRING, lead, only
from tests.dialects.jtel.conftest import Jtel

MANY = 700


async def fill(records: Records, count: int = MANY) -> None:
    rows = [{"Name": f"n{n:04}", "PhoneNumber1": f"1330555{n:04}"} for n in range(count)]
    added = await records.lists.add_many("Spring", rows)
    assert added.count == count


async def test_contacts_come_by_name_and_then_by_id_whatever_their_list(jtel: Jtel, records: Records) -> None:
    for name in ("Zorn", "abel", "Bell", "Ärlig", "Bell"):
        await jtel.imported(Name=name)
    await records.lists.add(LEADS, lead(1, last="Bell"))
    contacts = await jtel.found("/contacts")
    assert [contact["Name"] for contact in contacts] == ["abel", "Ärlig", "Bell", "Bell", "Bell", "Zorn"]
    bells = [contact["ID"] for contact in contacts if contact["Name"] == "Bell"]
    assert bells == sorted(bells)
    assert await jtel.found("/contacts", diallerCampaignsID=str(SPRING)) == contacts


async def test_the_filter_leaves_one_campaign(jtel: Jtel, records: Records) -> None:
    await records.campaigns.create("Summer", campaign_id=7300)
    await jtel.imported(Name="Bell")
    summer = await jtel.imported(Name="Moor", campaign=7300)
    assert await jtel.found("/contacts", diallerCampaignsID="7300") == [summer]
    for wrong in ("", "abc", "1.5", "null", "9" * 30):
        answer = await jtel.ask("GET", "/contacts", params={"diallerCampaignsID": wrong})
        assert (answer.status_code, answer.json()["status"]) == (400, 400)


async def test_many_are_one_envelope_that_counts_them_at_its_end(jtel: Jtel, records: Records) -> None:
    await fill(records)
    answer = await jtel.ask("GET", "/contacts")
    told = answer.json()
    assert list(told) == [
        "filter",
        "limitStart",
        "limitPageSize",
        "records",
        "count",
        "orderBy",
        "ascending",
        "status",
    ]
    assert [contact["Name"] for contact in told["records"]] == [f"n{n:04}" for n in range(MANY)]
    assert told["count"] == MANY
    assert "content-length" not in answer.headers


async def test_what_very_many_have_as_user_data_is_told_whole(jtel: Jtel, records: Records) -> None:
    await records.lists.add_many("Spring", [{"Name": "Bell", "UserData": "kd-1"}] * MANY)
    answer = await jtel.ask("GET", "/contacts/contact?userData=kd-1")
    assert "content-length" not in answer.headers, "it is made while it is sent"
    told = answer.json()
    assert list(told) == ["records", "count", "status"]
    assert (told["count"], told["status"]) == (MANY, 200)
    ids = [contact["ID"] for contact in told["records"]]
    assert ids == sorted(set(ids))
    assert len(ids) == MANY
    assert told["records"][-1] == only(await jtel.found(f"/contacts/{ids[-1]}"))


class Listener:
    """Reads a list as it comes, and does something after each piece."""

    def __init__(self, after: Any) -> None:
        self.pieces: list[bytes] = []
        self.ended = False
        self._after = after

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.pieces.append(message["body"])
            self.ended = not message["more_body"]
            await self._after()


async def listen(core: Core, records: Records, run: Path, after: Any) -> Listener:
    """The list, by a worker of its own over this core."""
    front = build_front(Worker(core, SharedLimits(run, workers=1), RequestLog(None), Metrics(run)))
    listener = Listener(after)
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/rest/v1.0/{records.tenant.jtel_clients_id}/dialler/contacts",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer jtel-key-of-{records.tenant.slug}".encode())],
    }
    try:
        await front(scope, listener.receive, listener.send)
    except Unavailable:
        listener.ended = False
    return listener


async def test_a_slow_reader_holds_no_connection(dsn: str, records: Records, tmp_path: Path) -> None:
    await fill(records)
    core = open_core(dsn, pool=1)
    await core.database.open()

    async def use_the_only_connection() -> None:
        async with asyncio.timeout(1), core.database.reading() as tx:
            assert await tx.fetchval("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == 0

    listener = await listen(core, records, tmp_path, use_the_only_connection)
    await core.database.close()
    assert listener.ended
    assert len(listener.pieces) > 3
    assert json.loads(b"".join(listener.pieces))["count"] == MANY


async def test_a_database_that_goes_away_breaks_the_list_off(dsn: str, records: Records, tmp_path: Path) -> None:
    await fill(records)
    core = open_core(dsn)
    await core.database.open()

    listener = await listen(core, records, tmp_path, core.database.close)
    assert listener.pieces, "some of it came"
    assert not listener.ended
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(listener.pieces))


async def test_no_piece_is_larger_than_some_hundred_contacts(
    jtel: Jtel, core: Core, records: Records, tmp_path: Path
) -> None:
    await records.lists.add_many("Spring", [{"Name": "Bell", "PhoneNumber1": "13305550101"}] * 3000)

    async def go_on() -> None:
        return None

    listener = await listen(core, records, tmp_path, go_on)
    assert max(piece.count(b'"ID":') for piece in listener.pieces) <= 500
