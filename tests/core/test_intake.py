"""Imports: many rows in one go end as the same rows written one by one, and none stops the others."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

from ringbook.core import intake
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.drafting import Drafting, Drafts
from ringbook.domain.intake import Mode, prepare
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Invalid, Missing, Problem, TooLarge
from ringbook.domain.schema import Attribute
from ringbook.store import intake as stored
from tests.conftest import make_tenant
from tests.core.cast import LEADS, agent_leg, everybody, history, lead, number, only, save, told

Row = dict[str, Any]
IMPORT = 77


def crowd(seed: int, count: int = 60) -> list[Row]:
    """Rows about few people, who share numbers, ids and unique values, and of which some do not fit."""
    dice = random.Random(seed)

    def sometimes(share: float, key: str, *among: Any) -> Row:
        return {key: dice.choice(among)} if dice.random() < share else {}

    numbers = [number(n) for n in range(1, 9)]
    spelled = [*numbers, "+1 (330) 555-0103", "13305550104", "4711", "none", "", "030 23125-047"]
    return [
        sometimes(0.8, "phone1", *spelled)
        | sometimes(0.3, "phone2", *spelled, None)
        | sometimes(0.4, "customer_id", "900", "901", "Ä-1", "a-1", "ä-1", " ", None, "902")
        | sometimes(0.3, "customer_number", *"123456", None)
        | sometimes(0.7, "first_name", "Ada", "Eve", "ada", "Ivy Mae", None)
        | sometimes(0.5, "last_name", "Bell", "Cox", "")
        | sometimes(0.2, "email", "ada@example.com", "nobody", "Eve@Example.com")
        | sometimes(0.05, "nonsense", "1")
        | sometimes(0.05, "city", "x" * 1001, 7)
        for _ in range(count)
    ]


async def known_beforehand(records: Records) -> None:
    await save(records, first_name="Ida", phone1=number(1), customer_id="900")
    await save(records, first_name="Ute", phone1=number(2))
    await save(records, last_name="Orr", phone1=number(2), phone2=number(3), customer_number="3")
    await agent_leg(records, "early", ani=number(5))
    await records.lists.add(LEADS, lead(1, number(6), first="Max"))


async def one_by_one(records: Records, rows: list[Row]) -> list[str]:
    became = []
    for row in rows:
        before = {contact.id: contact.version for contact in await everybody(records)}
        try:
            contact, new = await records.contacts.save(row)
        except Problem as problem:
            became.append(f"{type(problem).__name__}: {problem.message}")
        else:
            changed = before.get(contact.id) != contact.version
            became.append("added" if new else "updated" if changed else "unchanged")
    return became


async def together(records: Records, rows: list[Row], a_slice: int) -> list[str]:
    became = []
    for at in range(0, len(rows), a_slice):
        for outcome in await records.intake.contacts(rows[at : at + a_slice], import_id=IMPORT):
            problem = outcome.problem
            became.append(outcome.what if problem is None else f"{type(problem).__name__}: {problem.message}")
    return became


_TIMES = {"tenant_id", "created_at", "updated_at", "at", "created_second", "import_id", "started_at", "xact"}


async def dump(records: Records) -> dict[str, Any]:
    """All that imports write, with places instead of ids, and without times."""
    place: dict[int, int] = {}
    tables: dict[str, Any] = {}
    async with records.intake._context.database.reading() as tx:

        async def rows(table: str, order: str, where: str = "true") -> list[Row]:
            found = await tx.fetch(
                f"SELECT * FROM {table} WHERE tenant_id = $1 AND {where} ORDER BY {order}", records.tenant.id
            )
            return [{key: value for key, value in row.items() if key not in _TIMES} for row in found]

        attributes = {row["id"]: row["key"] for row in await rows("attribute", "id")}
        for table in ("contact", "list_record", "interaction"):
            entries = await rows(table, "id")
            place.update({row["id"]: at for at, row in enumerate(entries)})
            tables[table] = entries
        tables["contact_phone"] = await rows("contact_phone", "contact_id, source_id, source")
        tables["contact_search"] = await rows("contact_search", "contact_id, attribute_id, folded")
        # What an import inserts is in its own entry.
        tables["change"] = await rows("change", "id", "(before IS NOT NULL OR entity <> 'contact')")
        tables["change"] = [row for row in tables["change"] if row["entity"] in ("contact", "identity")]
    for row in tables["contact_search"]:
        row["attribute_id"] = attributes.get(row["attribute_id"], "name")
    for entry in tables["change"]:
        entry["id"] = entry["entity_id"]
        if entry["entity"] == "identity":
            chosen = told(entry["after"].encode())
            entry["after"] = (place[chosen["chosen"]], chosen["by"], [place[id_] for id_ in chosen["among"]])
    ids = {"id", "contact_id", "source_id", "list_id", "entity_id"}
    return {
        table: [{key: place.get(value, "?") if key in ids else value for key, value in row.items()} for row in found]
        for table, found in tables.items()
    }


def sorted_changes(dumped: dict[str, Any]) -> dict[str, Any]:
    """One by one, a choice is noted between the changes; of many, behind them."""
    return dumped | {"change": sorted(map(repr, dumped["change"]))}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("a_slice", [7, 60])
async def test_many_end_as_one_by_one(core: Core, passwords: Passwords, seed: int, a_slice: int) -> None:
    rows = crowd(seed)
    alone, at_once = await make_tenant(core, passwords), await make_tenant(core, passwords)
    for records in (alone, at_once):
        await known_beforehand(records)
    assert await one_by_one(alone, rows) == await together(at_once, rows, a_slice)
    assert sorted_changes(await dump(alone)) == sorted_changes(await dump(at_once))


async def test_what_cannot_be_stored_is_refused_alone(records: Records) -> None:
    rows = [{"city": "a\0b"}, {"phone1": number(1)}, {"first_name": "\ud800"}, {"city": "c", "customer_id": "1"}]
    outcomes = await records.intake.contacts(rows)
    assert [outcome.what for outcome in outcomes] == ["refused", "added", "refused", "added"]
    assert [refused.field for o in outcomes if isinstance(refused := o.problem, Invalid)] == ["city", "first_name"]
    assert [outcome.id for outcome in outcomes if outcome.id] == sorted(c.id for c in await everybody(records))


@pytest.mark.parametrize(("mode", "became"), [("add", "refused added"), ("update", "updated refused")])
async def test_who_is_known_is_not_added_and_who_is_not_is_not_updated(
    records: Records, mode: Mode, became: str
) -> None:
    known = await save(records, customer_id="900", phone1=number(1))
    rows = [{"customer_id": "900", "first_name": "Ada"}, {"customer_id": "901"}]
    outcomes = await records.intake.contacts(rows, mode=mode)
    assert " ".join(outcome.what for outcome in outcomes) == became
    problem = next(outcome.problem for outcome in outcomes if outcome.problem)
    if mode == "add":
        assert isinstance(problem, Conflict) and problem.facts == {"field": "customer_id", "contact_id": known.id}
    else:
        assert isinstance(problem, Missing)


@pytest.mark.parametrize(
    ("match", "spelled"), [("email", "ADA@example.com"), ("phone2", "(330) 555-0105"), ("customer_number", "x-1")]
)
async def test_an_attribute_can_say_who_it_is(records: Records, match: str, spelled: str) -> None:
    known = {"email": "ada@example.com", "phone2": number(5), "customer_number": "X-1"}
    ada = await save(records, first_name="Ada", customer_id="900", **known)
    await save(records, phone1=number(1))
    rows: list[Row] = [
        {match: spelled, "first_name": "Eve", "phone1": number(1)},
        {match: "", "first_name": "Nobody"},
        {match: "7@example.com" if match == "email" else "330-555-0177", "customer_id": "900"},
    ]
    outcomes = await records.intake.contacts(rows, match=match)
    assert [outcome.what for outcome in outcomes] == ["updated", "refused", "added"]
    assert outcomes[0].id == ada.id
    refused = outcomes[1].problem
    assert isinstance(refused, Invalid) and refused.field == match
    again = await records.intake.contacts(rows, match=match)
    assert [outcome.what for outcome in again] == ["unchanged", "refused", "unchanged"]
    assert [outcome.id for outcome in again] == [outcome.id for outcome in outcomes]


async def test_an_attribute_that_is_not_there_says_nothing(records: Records) -> None:
    with pytest.raises(Invalid) as told_:
        await records.intake.contacts([{"first_name": "Ada"}], match="nonsense")
    assert told_.value.field == "match"


async def test_a_dry_run_tells_the_same_and_changes_nothing(records: Records) -> None:
    await known_beforehand(records)
    rows = crowd(1)
    before = await dump(records)
    rehearsed = await records.intake.contacts(rows, dry_run=True, import_id=IMPORT)
    assert await dump(records) == before
    real = await records.intake.contacts(rows, import_id=IMPORT)
    assert [(o.at, o.what) for o in rehearsed] == [(o.at, o.what) for o in real]


async def test_what_an_import_inserted_and_changed_is_found_by_its_id(records: Records) -> None:
    known = await save(records, customer_id="900", phone1=number(1), city="Ohio")
    rows = [{"customer_id": str(900 + n), "phone1": number(1 + n), "city": "Rome"} for n in range(5)]
    outcomes = await records.intake.contacts(rows, import_id=IMPORT)
    listed = [lead(n, number(n), account=str(898 + n)) for n in range(1, 4)]
    added = await records.intake.list_records(LEADS, listed, import_id=IMPORT)
    async with records.intake._context.database.reading() as tx:
        tenant_id = records.tenant.id
        contacts = await stored.inserted(tx, tenant_id, IMPORT, "contact", 0, 100)
        assert list(contacts)[:4] == [outcome.id for outcome in outcomes[1:]]
        assert len(contacts) == 5, "the first of the list is somebody new"
        assert await stored.inserted(tx, tenant_id, IMPORT, "contact", contacts[1], 2) == contacts[2:4]
        assert await stored.inserted(tx, tenant_id, IMPORT, "list_record", 0, 9) == [o.id for o in added]
        assert await stored.inserted(tx, tenant_id, IMPORT + 1, "contact", 0, 100) == []
        changed = await stored.changed(tx, tenant_id, IMPORT, 2**62, 100)
        mine = only([change for change in changed if change.entity_id == known.id])
        assert told(mine.before)["city"] == "Ohio"
        assert told(mine.after)["city"] == "Rome"
    assert len(await history(records, "contact")) == 1 + len(changed), "inserts have no entry of their own"


async def test_prepared_rows_go_through_another_process_and_a_changed_schema(records: Records) -> None:
    rows: list[Row] = [
        {"first_name": "Ada", "phone1": number(1)},
        {"nonsense": 1},
        {"city": "Rome", "customer_id": "900"},
    ]
    async with records.intake._context.database.reading() as tx:
        how = await intake.preparing(tx, records.intake._context)
    read = pickle.loads(pickle.dumps(prepare(pickle.loads(pickle.dumps(how)), rows)))
    await records.schema.create(Attribute(0, "shoe", "Shoe", "Text", required=True), "Text")
    outcomes = await records.intake.contacts(read)
    assert [outcome.what for outcome in outcomes] == ["refused"] * 3
    fields = [outcome.problem.field for outcome in outcomes if isinstance(outcome.problem, Invalid)]
    assert fields == ["shoe", "nonsense", "shoe"]


async def test_who_could_be_two_is_chosen_also_if_both_have_said_it_all(records: Records) -> None:
    one = await save(records, phone1=number(7), customer_id="8")
    other = await save(records, phone1=number(7), customer_id="9")
    for contact in (other, one):
        await records.contacts.update(contact.id, {"customer_id": None})
    (outcome,) = await records.intake.contacts([{"phone1": number(7)}])
    assert (outcome.what, outcome.id) == ("unchanged", one.id)
    assert told(only(await history(records, "identity")).after)["among"] == [one.id, other.id]


async def test_what_was_refused_holds_nothing_of_its_batch_in_memory(records: Records) -> None:
    """A traceback holds frames, and those hold all that they worked on."""
    contacts = await records.intake.contacts([{"nonsense": 1}, {"email": "nobody"}, {"customer_id": " \0"}])
    listed = await records.intake.list_records(LEADS, [{}, {"id": "1"}, lead(2, "none")], mode="upsert")
    await records.intake.list_records(LEADS, [lead(3)], mode="upsert")
    changed = await records.intake.list_records(LEADS, [lead(3, "none")], mode="upsert")
    problems = [outcome.problem for outcome in (*contacts, *listed, *changed) if outcome.problem is not None]
    assert len(problems) == 7
    assert all(problem.__traceback__ is None and problem.__context__ is None for problem in problems)


async def test_there_is_a_most_at_once(records: Records) -> None:
    with pytest.raises(TooLarge):
        await records.intake.contacts([{}] * (intake.MOST_AT_ONCE + 1))
    with pytest.raises(TooLarge):
        await records.intake.list_records(LEADS, [{}] * (intake.MOST_AT_ONCE + 1))


# ---- Lists


async def records_one_by_one(records: Records, rows: list[Row], mode: Mode) -> list[str]:
    became = []
    for row in rows:
        try:
            if mode == "add":
                await records.lists.add(LEADS, row)
                became.append("added")
                continue
            try:
                before = await records.lists.get(LEADS, row)
            except Missing:
                if mode == "update":
                    raise
                await records.lists.add(LEADS, row)
                became.append("added")
            else:
                after = await records.lists.update(LEADS, row)
                became.append("unchanged" if after.fields == before.fields else "updated")
        except Problem as problem:
            became.append(type(problem).__name__)
    return became


def listed_crowd(seed: int) -> list[Row]:
    dice = random.Random(seed)
    rows = []
    for _ in range(50):
        row: Row = {"id": dice.choice(["", *map(str, range(15))]), "Phone": number(dice.randrange(1, 9))}
        if dice.random() < 0.1:
            row["Phone"] = dice.choice(["", "none"])
        if dice.random() < 0.4:
            row["Account"] = dice.choice(["900", "901"])
        if dice.random() < 0.6:
            row["First name"] = dice.choice(["Ada", "Eve"])
        rows.append(row)
    return rows


@pytest.mark.parametrize("mode", ["add", "update", "upsert"])
@pytest.mark.parametrize("seed", range(3))
async def test_records_of_a_list_end_as_one_by_one(core: Core, passwords: Passwords, seed: int, mode: Mode) -> None:
    rows = listed_crowd(seed)
    alone, at_once = await make_tenant(core, passwords), await make_tenant(core, passwords)
    for records in (alone, at_once):
        await known_beforehand(records)
        await records.lists.add(LEADS, lead(3, number(3), first="Eve", account="901"))
    outcomes = await at_once.intake.list_records(LEADS, rows, mode=mode, import_id=IMPORT)
    became = [o.what if o.problem is None else type(o.problem).__name__ for o in outcomes]
    assert await records_one_by_one(alone, rows, mode) == became
    one, other = await dump(alone), await dump(at_once)
    for table in ("contact", "contact_phone", "contact_search", "list_record", "interaction"):
        assert one[table] == other[table], table


async def test_records_without_a_key_can_only_be_added(records: Records) -> None:
    await records.lists.create("loose.csv", [Field("Phone", type="PHONE")])
    with pytest.raises(Invalid) as told_:
        await records.intake.list_records("loose.csv", [], mode="upsert")
    assert told_.value.field == "mode"
    rows = [{"Phone": number(1)}, {"Phone": number(1)}]
    assert [outcome.what for outcome in await records.intake.list_records("loose.csv", rows)] == ["added", "added"]


async def test_a_record_that_says_what_it_said_before_is_left_alone(records: Records) -> None:
    rows = [lead(n, number(n)) for n in range(3)]
    await records.intake.list_records(LEADS, rows, mode="upsert")
    before = await dump(records)
    again = await records.intake.list_records(LEADS, [*rows, lead(2, number(9))], mode="upsert")
    assert [outcome.what for outcome in again] == ["unchanged", "unchanged", "unchanged", "updated"]
    assert (await dump(records))["list_record"][:2] == before["list_record"][:2]


async def test_records_are_those_of_the_fields_that_the_list_has_when_they_are_written(records: Records) -> None:
    before = await records.lists.named(LEADS)
    rows = [lead(1, number(1), first="Ada")]
    drafts = Drafts(Drafting(before.layout, "US")).add(enumerate(rows))
    renamed = [field for field in before.fields if field.name != "First name"]
    await records.lists.lay_out(LEADS, renamed)
    context = records.intake._context
    async with context.database.transaction() as tx:
        await intake.list_records(tx, context, before, rows, drafts=drafts)
    assert "First name" not in only(await records.lists.records(LEADS)).fields
