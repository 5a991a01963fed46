"""What one dialect writes, the others read a moment later: by any spelling of the number, through every operation.

The tables of survival.md say which field survives which way. They are made here:
RINGBOOK_WRITE_TABLES=1 pytest tests/dialects/test_across_dialects.py, and then scripts/dialects_page.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from tests.conftest import MINDFUL_TOKEN, clients_id_of, make_tenant
from tests.dialects.mouths import CAMPAIGN, CAMPAIGN_ID, LIST, MOUTHS, NUMBER, SECOND, Mouth, World, reads

TABLES = Path(__file__).with_name("survival.md")
SPELLINGS = ("3305550147", "(330) 555-0147", "+1 330 555 0147", "13305550147", "011 1 330.555.0147")
PUNCTUATIONS = ("3305550147", "(330) 555-0147", "330.555.0147", "330 555 0147", "330-555-0147")
READERS = ("native", "native record", "cim", "brightpattern", "wolkvox", "jtel")

every_mouth = pytest.mark.parametrize("mouth", MOUTHS, ids=lambda mouth: mouth.name)


@pytest.fixture
async def world(router: httpx.AsyncClient, records: Records) -> World:
    world = World(router, records)
    await world.prepare()
    return world


@every_mouth
async def test_whoever_wrote_it_everybody_reads_it_in_any_spelling(mouth: Mouth, world: World) -> None:
    await mouth.write(world, mouth.fields)
    for spelling in SPELLINGS:
        asked = 0
        async for told in reads(world, mouth, spelling):
            assert len(told.people) == 1, f"{told.operation}, asked for {spelling}"
            assert names_of("Bell", told.people[0]), f"{told.operation} does not tell the last name"
            asked += 1
        assert asked >= 7


@every_mouth
async def test_what_is_written_in_another_spelling_is_the_same_person(mouth: Mouth, world: World) -> None:
    (field,) = (name for name, value in mouth.fields.items() if value == NUMBER)
    await mouth.write(world, {**mouth.fields, field: "+1 (330) 555 0147"})
    async for told in reads(world, mouth, "330.555.0147"):
        assert len(told.people) == 1, told.operation


@pytest.mark.parametrize("spelling", PUNCTUATIONS)
async def test_mindfuls_context_is_found_natively(world: World, router: httpx.AsyncClient, spelling: str) -> None:
    token = {"authorization": f"Bearer {MINDFUL_TOKEN.format(slug=world.slug)}"}
    body = {"customer_contact_number": spelling, "data_values": {"AccNum": "A-1"}}
    assert (await router.post("/api/v1/data_sets", json=body, headers=token)).status_code == 200
    for asked in PUNCTUATIONS:
        answer = await router.get("/api/v1/data_sets/search", params={"customer_contact_number": asked}, headers=token)
        assert answer.json()["AccNum"] == "A-1"
        told = await world.send("native", "GET", f"/v1/lookup?phone={asked}")
        assert told["data_sets"][0]["values"] == {"AccNum": "A-1"}


async def test_an_attempt_is_recorded_once_and_shown_by_everybody(world: World) -> None:
    listed = next(mouth for mouth in MOUTHS if mouth.name == "Bright Pattern")
    await listed.write(world, listed.fields)
    await world.send(
        "native",
        "POST",
        "/v1/attempts",
        {
            "campaign": CAMPAIGN,
            "list": LIST,
            "key": {"Id": "K-1"},
            "phone": SECOND,
            "started_at": "2026-03-02T15:14:55Z",
            "ring_seconds": 20,
            "talk_seconds": 0,
            "outcome": "no_answer",
            "disposition": "No answer",
            "cause": 19,
            "call_id": "call-1",
        },
    )
    path = f"/admin/ws/t/{world.slug}/callinglist/get/{LIST}/{CAMPAIGN}"
    status = (await world.send("brightpattern", "POST", path, {"Id": "K-1"}))["status"]
    assert (status["completed"], status["totalAttempts"], status["lastDisposition"]) == (False, 1, "No answer")
    assert status["lastDate"] == "2026-03-02T15:14:55.000"
    told = await world.send("wolkvox", "GET", f"/api/v2/campaign.php?api=find_record&campaign_id={CAMPAIGN_ID}")
    row = told["data"][0]
    assert (row["calls"], row["result"], row["conn_id"]) == ("1", "NO-ANSWER", "call-1")
    assert row["date"] == "2026-03-02 10:14:55"
    id_ = await world.campaign_record_id(NUMBER)
    (contact,) = (await world.send("jtel", "GET", f"/rest/v1.0/{clients_id_of(world.slug)}/dialler/contacts/{id_}"))[
        "records"
    ]
    assert [contact[f"nTriesPhoneNumber{n}"] for n in range(1, 7)] == [0, 1, 0, 0, 0, 0]
    assert (contact["nPhoneNumber1LastCause"], contact["nPhoneNumber2LastCause"]) == (None, 19)
    (person,) = await world.send("cim", "POST", "/contacts/getContactsBySearchTerms", {"phone": NUMBER})
    tree = await world.send("cim", "GET", f"/interactions/loadInteractions/{person['_id']}")
    (leg,) = tree["interactions"]
    assert (tree["call_Id"], leg["call_disposition"]) == ("call-1", "No answer")
    assert "OUTBOUND" in (leg["type"], leg["interaction_type"])


async def test_the_tables_say_which_field_survives_which_way(
    core: Core, passwords: Passwords, router: httpx.AsyncClient
) -> None:
    lines = ["## What survives which way", "", *_INTRODUCTION, ""]
    for mouth in MOUTHS:
        world = World(router, await make_tenant(core, passwords))
        await world.prepare()
        await mouth.write(world, mouth.fields)
        lines += await table(world, mouth)
    text = "\n".join(lines)
    if os.environ.get("RINGBOOK_WRITE_TABLES"):
        TABLES.write_text(text, encoding="utf-8")
    assert TABLES.read_text(encoding="utf-8") == text


_INTRODUCTION = (
    "Made by `tests/dialects/test_across_dialects.py`: one person is written through a dialect with every field it",
    "has, and read through each other one. A cell is the name under which the value comes back; `-` is where that",
    "dialect has no place for it.",
)


async def table(world: World, mouth: Mouth) -> list[str]:
    """For each field that the mouth writes, its name in every dialect that can read the person."""
    people: dict[str, dict[str, Any]] = {}
    async for told in reads(world, mouth, NUMBER):
        for person in told.people:
            people.setdefault(told.dialect, {}).update(person)
    readers = [name for name in READERS if name in people]
    lines = [
        f"### Written as {mouth.name}",
        "",
        f"| field | {' | '.join(readers)} |",
        "|---" * (len(readers) + 1) + "|",
    ]
    for field, value in mouth.fields.items():
        cells = [", ".join(names_of(value, people[reader])) or "-" for reader in readers]
        lines.append(f"| {field} | {' | '.join(cells)} |")
    return [*lines, ""]


def names_of(value: str, told: Mapping[str, Any]) -> list[str]:
    """Under which names an answer carries this value; a number in any spelling."""
    attributes = told.get("attributes", told)
    return [name for name, found in attributes.items() if isinstance(found, str) and _same(found, value)]


def _same(one: str, other: str) -> bool:
    digits = re.sub(r"\D", "", other)
    if other in (NUMBER, SECOND):
        return re.sub(r"\D", "", one).removeprefix("1") == digits
    return one == other
