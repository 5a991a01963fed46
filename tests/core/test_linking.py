"""Many records that enter together end as the same records entering one by one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.problems import Conflict, Invalid, Problem
from ringbook.domain.schema import Attribute
from tests.conftest import make_tenant
from tests.core.cast import LEADS, agent_leg, everybody, history, lead, number, save

Story = list[dict[str, Any]]


def crowd(seed: int, count: int = 40) -> Story:
    """Records of few people, who share numbers, accounts and keys, and of which some do not fit."""
    dice = random.Random(seed)
    rows = []
    for n in range(count):
        row: dict[str, Any] = {"id": str(n if dice.random() < 0.9 else dice.randrange(count))}
        row["Phone"] = number(dice.randrange(1, 8)) if dice.random() < 0.9 else dice.choice(["", "4711", "none"])
        if dice.random() < 0.4:
            row["Phone 2"] = number(dice.randrange(1, 8))
        if dice.random() < 0.4:
            row["Account"] = dice.choice(["900", "901", "Ä-1", "a-1"])
        if dice.random() < 0.7:
            row["First name"] = dice.choice(["Ada", "Eve", "Ivy"])
        if dice.random() < 0.5:
            row["Last name"] = dice.choice(["Bell", "Cox"])
        rows.append(row)
    return rows


def queue(seed: int, count: int = 45) -> Story:
    """Records of people of whom most come once: known ones by number or id, some of whom change, and strangers."""
    dice = random.Random(seed)
    rows = []
    for n in range(count):
        person = n if dice.random() < 0.9 else dice.randrange(count)
        row = {"id": str(n), "Phone": number(person)}
        said = {"First name": f"First{person}", "Last name": f"Last\t{person}\\", "Account": f"A{person}"}
        row |= {name: value for name, value in said.items() if dice.random() < 0.4}
        if dice.random() < 0.2:
            row["Phone 2"] = dice.choice([number(50 + person), row["Phone"], "4711", "Room 12"])
        rows.append(row)
    return rows


async def regulars(records: Records, seed: int, count: int = 45) -> None:
    """Half of those people, of whom some share a number, and some have two."""
    dice = random.Random(-seed)
    for person in range(0, count, 2):
        known = {"first_name": f"First{person}", "last_name": f"Last\t{person}\\", "customer_id": f"a{person}"}
        known = {name: value for name, value in known.items() if dice.random() < 0.7}
        known["phone1"] = number(person)
        if dice.random() < 0.2:
            known["phone2"] = number(person + 1)
        await records.contacts.save(known)
        if dice.random() < 0.1:
            await records.contacts.save({"phone2": known["phone1"], "customer_id": f"other{person}"})
    await agent_leg(records, "early", ani=number(5))


async def known_beforehand(records: Records) -> None:
    await save(records, first_name="Ida", phone1=number(1), customer_id="900")
    await save(records, first_name="Ute", phone1=number(2))
    await save(records, last_name="Orr", phone1=number(2), phone2=number(3))
    await agent_leg(records, "early", ani=number(5))


async def one_by_one(records: Records, story: Story) -> list[str]:
    told = []
    for row in story:
        try:
            await records.lists.add(LEADS, row)
            told.append("")
        except Problem as problem:
            told.append(problem.message)
    return told


async def together(records: Records, story: Story) -> list[str]:
    added = await records.lists.add_many(LEADS, story)
    told = [""] * len(story)
    for refused in added.refused:
        told[refused.at] = refused.problem.message
    assert added.count == told.count("")
    return told


async def outcome(records: Records) -> Any:
    """Everything that the records have led to, without ids: who is there, in the order they came, and whose is what."""
    contacts = sorted(await everybody(records), key=lambda contact: contact.id)
    place = {contact.id: at for at, contact in enumerate(contacts)}
    listed = await records.lists.records(LEADS, 0, 1000)

    people = [(c.attributes, sorted((p.raw, p.e164 or "", p.source) for p in c.phones)) for c in contacts]
    links = [(r.position, r.fields, r.link, place[r.contact_id or 0]) for r in listed]
    call = (await records.interactions.get("early")).contact_id
    return people, links, None if call is None else place[call]


@pytest.mark.parametrize("seed", range(6))
async def test_many_end_as_one_by_one(core: Core, passwords: Passwords, seed: int) -> None:
    story = crowd(seed)
    alone, at_once = await make_tenant(core, passwords), await make_tenant(core, passwords)
    for records in (alone, at_once):
        await known_beforehand(records)
    assert await one_by_one(alone, story) == await together(at_once, story)
    assert await outcome(alone) == await outcome(at_once)


PAGER = Attribute(0, "pager", "Pager", "Phone", default=number(7))


@pytest.mark.parametrize("attributes", [[], [PAGER]])
@pytest.mark.parametrize("seed", range(4))
async def test_who_comes_once_ends_as_one_by_one(
    core: Core, passwords: Passwords, seed: int, attributes: list[Attribute]
) -> None:
    story = queue(seed)
    alone, at_once = await make_tenant(core, passwords), await make_tenant(core, passwords)
    for records in (alone, at_once):
        for attribute in attributes:
            await records.schema.create(attribute, attribute.type)
        await regulars(records, seed)
    assert await one_by_one(alone, story) == await together(at_once, story)
    assert await outcome(alone) == await outcome(at_once)


async def test_one_that_does_not_fit_is_refused_alone(records: Records) -> None:
    added = await records.lists.add_many(
        LEADS, [lead(1), {"id": "2"}, lead(1, number(2)), {"Phone": number(3)}, lead(4)]
    )
    assert [record.fields["id"] for record in await records.lists.records(LEADS)] == ["1", "4"]
    assert [record.position for record in await records.lists.records(LEADS)] == [0, 1]
    assert [(refused.at, type(refused.problem)) for refused in added.refused] == [
        (1, Invalid),
        (2, Conflict),
        (3, Invalid),
    ]


async def test_nothing_to_add_adds_nothing(records: Records) -> None:
    added = await records.lists.add_many(LEADS, [])
    assert (added.count, added.refused) == (0, [])


async def test_each_of_many_is_taken_up_and_journalled(records: Records) -> None:
    added = await records.lists.add_many(LEADS, [lead(n, number(n)) for n in range(1, 4)])
    assert len(await history(records, "list_record")) == 3
    assert len(await history(records, "contact")) == 3
    for record_id in added.ids:
        (in_campaign,) = await records.campaigns.records_of(record_id)
        assert in_campaign.status == "new"
