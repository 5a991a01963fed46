"""A tenant's attributes and mapping: made, changed, hidden, and back with their values."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.domain.schema import PREDEFINED, Attribute, AttributeType
from ringbook.store.schema import for_writing
from tests.core.cast import history, number, only, save


async def put(records: Records, key: str, kind: AttributeType = "Text", **facts: Any) -> bool:
    return await records.schema.put(Attribute(id=0, key=key, label=key, type=kind, **facts), kind)


async def test_every_tenant_has_the_predefined_attributes_first(records: Records) -> None:
    attributes = (await records.schema.attributes()).attributes
    assert [(a.key, a.label, a.type) for a in attributes if a.predefined] == list(PREDEFINED)
    assert attributes[-1].key == "customer_number"


async def test_an_attribute_is_made_once_and_then_changed(records: Records) -> None:
    assert await put(records, "tier") is True
    assert await put(records, "tier", max_length=5) is False
    assert await put(records, "tier", max_length=5) is False
    known = (await records.schema.attributes()).by_key["tier"]
    assert known.max_length == 5
    assert len(await history(records, "attribute", known.id)) == 2


@pytest.mark.parametrize("key", ["", "1st", "a-b", "a b", "x" * 65, "naïve", "_id", "__v", "created_at", "updated_at"])
async def test_a_key_is_a_plain_word(records: Records, key: str) -> None:
    with pytest.raises(Invalid) as told:
        await put(records, key)
    assert told.value.field == "key"


async def test_predefined_attributes_stay_as_they_are(records: Records) -> None:
    with pytest.raises(Conflict):
        await put(records, "city", required=True)
    with pytest.raises(Conflict):
        await records.schema.hide("city")


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_type_does_not_change_under_stored_values(records: Records, hidden: bool) -> None:
    await put(records, "shoe_size", "Number")
    await save(records, shoe_size=43)
    if hidden:
        await records.schema.hide("shoe_size")
    with pytest.raises(Conflict, match="Number"):
        await put(records, "shoe_size", "Date")


async def test_a_default_must_fit_its_type(records: Records) -> None:
    with pytest.raises(Invalid) as told:
        await put(records, "shoe_size", "Number", default="large")
    assert told.value.field == "default"
    await put(records, "shoe_size", "Number", default="43")
    assert (await save(records, city="Akron")).attributes["shoe_size"] == "43"


async def test_a_hidden_attribute_hides_its_values_and_brings_them_back(records: Records) -> None:
    contact = await save(records, customer_number="K-1")
    await records.schema.hide("customer_number")
    with pytest.raises(Invalid):
        await records.contacts.save({"customer_number": "K-2"})
    with pytest.raises(Invalid):
        await records.contacts.search({"customer_number": "K-1"})
    await records.contacts.update(contact.id, {"city": "Akron"})
    assert await put(records, "customer_number", unique=True) is True
    assert only(await records.contacts.search({"customer_number": "K-1"})).id == contact.id


async def test_hiding_what_is_not_there_does_nothing(records: Records) -> None:
    await records.schema.hide("no_such")
    assert len(await history(records, "attribute")) == 1


async def test_a_number_of_a_phone_attribute_of_ones_own_is_found(records: Records) -> None:
    await put(records, "mobile", "Phone")
    contact = await save(records, mobile=number(1))
    assert (await save(records, phone1=number(1))).id == contact.id


async def attribute(records: Records, key: str) -> Attribute:
    return (await records.schema.attributes()).by_key[key]


async def test_an_attribute_gets_another_key_and_type_in_one_go(records: Records) -> None:
    await put(records, "shoe_size", "Number")
    contact = await save(records, shoe_size=43)
    before = await attribute(records, "shoe_size")
    after = await records.schema.change(before.id, {"key": "size", "type": "Text"}, "text")
    assert (after.id, after.key, after.type, after.aliases) == (before.id, "size", "Text", ("shoe_size",))
    assert (await records.contacts.get(contact.id)).attributes == {"size": "43"}
    assert only(await records.contacts.search({"shoe_size": "43"})).id == contact.id
    with pytest.raises(Missing):
        await records.schema.change(1, {"label": "Size"})


async def test_a_refused_change_leaves_everything_as_it_was(records: Records) -> None:
    await put(records, "shoe_size")
    contact = await save(records, shoe_size="large")
    before = await attribute(records, "shoe_size")
    with pytest.raises(Conflict) as refused:
        await records.schema.change(before.id, {"key": "size", "type": "Number"}, "Number")
    assert (refused.value.facts["count"], refused.value.facts["sample"]) == (1, ["large"])
    assert await attribute(records, "shoe_size") == before
    assert only(await records.contacts.search({"shoe_size": "large"})).id == contact.id


async def test_values_of_many_contacts_are_renamed_converted_hidden_and_brought_back(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbook.store.attribute_values._BATCH", 3)
    await put(records, "shoe_size")
    people = [await save(records, shoe_size=str(n), city="Akron") for n in range(8)]
    before = await attribute(records, "shoe_size")
    await records.schema.change(before.id, {"key": "size", "type": "Number"}, "Number")
    await records.schema.hide("size")
    assert {tuple((await records.contacts.get(p.id)).attributes) for p in people} == {("city",)}
    await records.contacts.delete(people[0].id)
    await put(records, "size", "Number")
    for n, person in enumerate(people[1:], start=1):
        assert only(await records.contacts.search({"size": n})).id == person.id
    assert await records.contacts.search({"size": "0"}) == []


async def test_hiding_says_which_conditions_it_disables(records: Records) -> None:
    await records.schema.add_condition("", "callVariable3", "customer_number", "")
    hidden = await records.schema.hide("customer_number")
    assert hidden is not None
    assert [condition.key for condition in hidden.disabled] == ["customer_number"]


async def test_who_changes_an_attribute_waits_for_those_who_write_contacts_by_it(core: Core, records: Records) -> None:
    before = await attribute(records, "customer_number")
    async with core.database.transaction() as tx:
        await for_writing(tx, records.tenant.id)
        renaming = asyncio.create_task(records.schema.change(before.id, {"key": "account"}))
        await asyncio.sleep(0.1)
        assert not renaming.done()
    assert (await renaming).key == "account"


async def test_a_contact_that_is_written_while_its_key_changes_has_the_new_one(records: Records) -> None:
    before = await attribute(records, "customer_number")
    people = [await save(records, customer_number=f"K-{n}") for n in range(4)]
    await asyncio.gather(
        *(records.contacts.update(p.id, {"customer_number": f"L-{p.id}-{n}"}) for p in people for n in range(3)),
        records.schema.change(before.id, {"key": "account"}),
        *(records.contacts.update(p.id, {"customer_number": f"M-{p.id}-{n}"}) for p in people for n in range(3)),
    )
    assert {tuple((await records.contacts.get(p.id)).attributes) for p in people} == {("account",)}


# ---- Mapping


async def test_a_condition_is_stored_as_it_came_and_only_once(records: Records) -> None:
    assert await records.schema.add_condition("Call Variable", "callVariable3", "customer_number", "3") is True
    assert await records.schema.add_condition("Call Variable", "callVariable3", "customer_number", "3") is False
    assert await records.schema.add_condition("", "callVariable3", "email", "") is True
    first, second = await records.schema.conditions()
    assert (first.call_var, first.call_variable, first.key, first.var_number) == (
        "Call Variable",
        "callVariable3",
        "customer_number",
        "3",
    )
    assert second.key == "email"


async def test_a_condition_needs_an_attribute_or_phone(records: Records) -> None:
    assert await records.schema.add_condition("ANI", "", "phone", "")
    with pytest.raises(Invalid) as told:
        await records.schema.add_condition("ANI", "", "no_such", "")
    assert told.value.field == "key"


async def test_a_condition_is_dropped_once(records: Records) -> None:
    await records.schema.add_condition("ANI", "", "phone", "")
    condition = only(await records.schema.conditions())
    await records.schema.drop_condition(condition.id)
    assert await records.schema.conditions() == []
    with pytest.raises(Missing):
        await records.schema.drop_condition(condition.id)


async def test_hiding_an_attribute_disables_its_conditions_until_they_are_made_again(records: Records) -> None:
    texts = ("", "callVariable3", "customer_number", "")
    await records.schema.add_condition(*texts)
    await records.schema.hide("customer_number")
    assert await records.schema.conditions() == []
    await put(records, "customer_number")
    assert await records.schema.add_condition(*texts) is True
    assert only(await records.schema.conditions()).key == "customer_number"
