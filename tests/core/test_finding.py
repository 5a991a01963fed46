"""Whom a typed text means, and contacts in an attribute's order."""

from __future__ import annotations

import pytest

from ringbook.core.access import Records
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Attribute
from tests.core.cast import number, only, save


async def test_a_number_comes_before_everything_else(records: Records) -> None:
    ada = await save(records, first_name="Ada", phone1=number(1))
    await save(records, customer_id="3305550101", first_name="Eve")
    for spelled in (number(1), "+1 (330) 555-0101", "3305550101"):
        match = only((await records.finding.find(spelled)).matches)
        assert match.contact.id == ada.id
        assert [why.how for why in match.why] == ["same number"]


async def test_an_id_a_customer_id_a_name_and_any_value_find(records: Records) -> None:
    ada = await save(records, customer_id="A-1", first_name="Ada", last_name="Byron", city="Ockham", phone1=number(1))
    for text, of in (("a-1", "customer_id"), ("byr ad", "name"), ("OCKHAM", "city"), (str(ada.id), "id")):
        match = only((await records.finding.find(text)).matches)
        assert (match.contact.id, match.why[0].of) == (ada.id, of), text
    await records.schema.create(Attribute(id=0, key="paperless", label="Paperless", type="Bool"), "Bool")
    await records.contacts.update(ada.id, {"paperless": False})
    assert [why.of for why in only((await records.finding.find("byr")).matches).why] == ["name"]
    assert (await records.finding.find("nobody")).matches == []
    with pytest.raises(Invalid):
        await records.finding.find("  ")


async def test_a_number_that_is_nobodys_still_tells_what_is_known_of_it(records: Records) -> None:
    await records.datasets.submit("Inbound IVR context", number(9), {"AccNum": "A-9"})
    found = await records.finding.find(number(9))
    assert found.matches == []
    assert found.caller is not None
    assert [one.template for one in found.caller.data_sets] == ["Inbound IVR context"]


async def test_contacts_are_walked_in_an_attributes_order_either_way(records: Records) -> None:
    for n, name in enumerate(["béta", "Alpha", "gamma", "alpha"]):
        await save(records, last_name=name, phone1=number(n))
    await save(records, first_name="without", phone1=number(9))
    seen: list[str] = []
    after = None
    while True:
        page = await records.ordering.by("last_name", after, 2)
        seen += [contact.attributes["last_name"] for contact in page.contacts]
        after = page.next
        if after is None:
            break
    assert seen == ["Alpha", "alpha", "béta", "gamma"]
    down = (await records.ordering.by("last_name", limit=10, down=True)).contacts
    assert [contact.attributes["last_name"] for contact in down] == ["gamma", "béta", "alpha", "Alpha"]
    for key in ("phone1", "no_such"):
        with pytest.raises(Invalid):
            await records.ordering.by(key)
