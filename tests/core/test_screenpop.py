"""Whom a ringing call is about (contracts/cim.md 4.3)."""

from __future__ import annotations

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.screenpop import ScreenPop
from ringbook.domain.caller import LastCall
from ringbook.domain.interaction import LegDraft
from ringbook.domain.object_id import ObjectId
from ringbook.domain.schema import Attribute
from tests.core.cast import NOON, number, only, save

OWN = "Spring"


@pytest.fixture
async def mapped(records: Records) -> Records:
    """A tenant whose callVariable3 is the unique customer number and callVariable4 the last name."""
    await records.schema.add_condition("", "callVariable3", "customer_number", "")
    await records.schema.add_condition("", "callVariable4", "last_name", "")
    return records


async def pop(records: Records, ani: str = "", **variables: str) -> ScreenPop:
    return await records.screenpops.evaluate(ani, "", variables)


def ids(popped: ScreenPop) -> list[int]:
    return [candidate.contact.id for candidate in popped.candidates]


# ---- ANI


async def test_ani_finds_by_number_without_any_mapping(records: Records) -> None:
    contact = await save(records, phone4=number(1))
    popped = await pop(records, "+1 (330) 555-0101")
    assert (popped.match, ids(popped), popped.create) == ("one", [contact.id], None)
    reason = only(popped.candidates[0].matched_by)
    assert (reason.variable, reason.key, reason.value) == ("ani", "phone", "+1 (330) 555-0101")


async def test_ani_takes_part_beside_a_mapping(mapped: Records) -> None:
    contact = await save(mapped, phone1=number(1))
    assert ids(await pop(mapped, number(1))) == [contact.id]


async def test_a_mapping_for_ani_replaces_the_built_in_one(records: Records) -> None:
    await records.schema.add_condition("", "fromAddress", "customer_number", "")
    by_phone = await save(records, phone1=number(1))
    by_key = await save(records, customer_number=number(1))
    assert ids(await pop(records, number(1))) == [by_key.id]
    assert by_phone.id != by_key.id


# ---- All together, then each alone


async def test_conditions_are_tried_together_first(mapped: Records) -> None:
    both = await save(mapped, last_name="Bell", phone1=number(1), customer_id="a")
    await save(mapped, last_name="Cox", phone1=number(1), customer_id="b")
    await save(mapped, last_name="Bell", customer_id="c")
    popped = await pop(mapped, number(1), callVariable4="BELL")
    assert (popped.match, ids(popped)) == ("one", [both.id])
    assert [m.variable for m in popped.candidates[0].matched_by] == ["ani", "callvariable4"]


async def test_else_each_alone_ranked_by_how_specific_it_is(mapped: Records) -> None:
    by_name = await save(mapped, last_name="Bell")
    by_number = await save(mapped, phone1=number(1))
    by_key = await save(mapped, customer_number="K-1")
    popped = await pop(mapped, number(1), callVariable3="k-1", callVariable4="Bell")
    assert (popped.match, ids(popped)) == ("many", [by_key.id, by_number.id, by_name.id])
    assert [candidate.score for candidate in popped.candidates] == [3, 2, 1]


async def test_who_meets_more_conditions_comes_first_among_equals(mapped: Records) -> None:
    two = await save(mapped, last_name="Bell", phone1=number(1), customer_id="a")
    newer = await save(mapped, last_name="Cox", phone1=number(1), customer_id="b")
    popped = await pop(mapped, number(1), callVariable3="none such", callVariable4="Bell")
    assert ids(popped) == [two.id, newer.id]


async def test_the_order_is_always_the_same_most_recently_written_first(records: Records) -> None:
    people = [(await save(records, customer_id=f"c{n}", phone1=number(1))).id for n in range(4)]
    await records.contacts.update(people[1], {"city": "Akron"})
    popped = [ids(await pop(records, number(1))) for _ in range(3)]
    assert popped == [[people[1], people[3], people[2], people[0]]] * 3


async def test_more_than_twenty_candidates_are_cut_and_said_so(records: Records) -> None:
    for n in range(21):
        await save(records, customer_id=f"c{n}", phone1=number(1))
    popped = await pop(records, number(1))
    assert (popped.match, len(popped.candidates), popped.more) == ("many", 20, True)


async def test_a_value_that_very_many_have_still_narrows_the_others(core: Core, mapped: Records) -> None:
    old = await save(mapped, last_name="Bell", phone1=number(1), customer_id="a")
    await save(mapped, last_name="Cox", phone1=number(1), customer_id="b")
    async with core.database.transaction() as tx:
        await tx.execute(
            """
            WITH made AS (
                INSERT INTO contact (tenant_id, created_second, attributes, created_at, updated_at)
                SELECT $1, 1, '{"last_name": "Bell"}', now(), now()
                  FROM generate_series(1, 250)
                RETURNING id
            )
            INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
            SELECT $1, a.id, 'bell', made.id
              FROM made
              JOIN attribute a
                ON a.tenant_id = $1
               AND a.key = 'last_name'
            """,
            mapped.tenant.id,
        )
    assert ids(await pop(mapped, number(1), callVariable4="Bell")) == [old.id]


# ---- What an agent should know at once


async def test_candidates_have_their_last_call_open_callbacks_and_whether_they_may_be_called(records: Records) -> None:
    known, other = [await save(records, customer_id=key, phone1=number(1)) for key in ("a", "b")]
    await records.contacts.update(known.id, {"phone2": number(2)})
    for call, hour in (("call-2", 11), ("call-1", 10)):
        await records.interactions.save_leg(
            call, number(2), LegDraft(actor="AGENT"), started_at=NOON.replace(hour=hour)
        )
    await records.datasets.submit("Inbound IVR context", number(2), {"AccNum": "7"})
    before = {c.contact.id: c for c in (await pop(records, number(1))).candidates}
    assert not any(c.callbacks or c.do_not_call for c in before.values())
    await records.datasets.callback(number(2), ecbt=300)
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(2)])
    found = {c.contact.id: c for c in (await pop(records, number(1))).candidates}
    assert (found[known.id].last_call, found[other.id].last_call) == (LastCall("call-2", NOON.replace(hour=11)), None)
    assert [(c.number, c.ecbt) for c in found[known.id].callbacks] == [("3305550102", 300)]
    assert (found[known.id].do_not_call, found[other.id].do_not_call) == (True, False)
    assert found[other.id].callbacks == []


# ---- Why


async def test_what_each_condition_came_to_is_told(mapped: Records) -> None:
    await mapped.schema.add_condition("", "callVariable5", "email", "")
    for n in (1, 2):
        await save(mapped, customer_id=f"c{n}", last_name="Bell", phone1=number(1))
    popped = await pop(mapped, number(1), callVariable3="none such", callVariable4="Bell")
    assert not popped.together
    assert [(t.variable, t.key, t.value, t.outcome, t.found) for t in popped.tried] == [
        ("ani", "phone", number(1), "found", 2),
        ("callvariable3", "customer_number", "none such", "nobody", 0),
        ("callvariable4", "last_name", "Bell", "found", 2),
        ("callvariable5", "email", None, "not_carried", 0),
    ]
    assert (await pop(mapped, number(1), callVariable4="Bell")).together


async def test_a_value_that_no_attribute_of_this_type_can_have_is_told(records: Records) -> None:
    await records.schema.create(Attribute(0, "due", "Due", "Number"), "Number")
    await records.schema.add_condition("", "callVariable3", "due", "")
    contact = await save(records, phone1=number(1))
    popped = await pop(records, number(1), callVariable3="tomorrow or so")
    assert (ids(popped), popped.together) == ([contact.id], True)
    assert [t.outcome for t in popped.tried] == ["found", "not_comparable"]


# ---- Nothing, and what cannot be


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"callVariable3": ""},
        {"callVariable3": "  ", "callVariable4": "\t"},
        {"callVariable9": "Bell"},
        {"callVariable4": "Bel"},
    ],
)
async def test_empty_unmapped_and_partial_values_pop_nobody(mapped: Records, variables: dict[str, str]) -> None:
    await save(mapped, last_name="Bell", customer_number="", phone1="")
    popped = await pop(mapped, **variables)
    assert (popped.match, popped.candidates) == ("none", [])


async def test_the_contact_to_create_is_prefilled_when_nobody_matched(mapped: Records) -> None:
    popped = await pop(mapped, number(1), callVariable3="K-1", callVariable4="", callVariable5="x")
    assert popped.create == {"attributes": {"phone1": number(1), "customer_number": "K-1"}}


# ---- Ids


async def test_the_id_of_a_contact_wins_outright(mapped: Records) -> None:
    chosen = await save(mapped, city="Akron")
    await save(mapped, phone1=number(1), customer_number="K-1")
    object_id = str(ObjectId(chosen.created_second, chosen.id))
    popped = await pop(mapped, number(1), callVariable3="K-1", callVariable7=f" {object_id.upper()} ")
    assert (popped.match, ids(popped)) == ("one", [chosen.id])
    assert only(popped.candidates[0].matched_by).key == "id"


async def test_an_id_whose_parts_do_not_match_its_row_is_nobodys(records: Records) -> None:
    contact = await save(records, city="Akron")
    for object_id in (
        ObjectId(contact.created_second - 1, contact.id),
        ObjectId(contact.created_second, contact.id + 1),
    ):
        assert (await pop(records, callVariable7=str(object_id))).match == "none"


async def test_a_foreign_systems_id_counts_in_a_variable_that_is_called_so(records: Records) -> None:
    record = await records.lists.add(OWN, {"UserData": "crm-7", "tel1": number(1)})
    assert ids(await pop(records, id_crm="crm-7")) == [record.contact_id]
    assert (await pop(records, crm="crm-7")).match == "none"
