"""Whom a typed text means, and contacts in an attribute's order."""

from __future__ import annotations

import random

import pytest

from ringbook.core.access import Records
from ringbook.domain.contact import Contact
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import NAME_KEYS, Attribute
from ringbook.domain.text import words
from tests.core.cast import everybody, number, only, save


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


NAMES = (
    *("Ada", "ada", "Ada Maria", "Maria Ada", "O'Brien", "Obrien", "Brien O", "Dr. Ada", "de la Cruz", "_ada", "a_b"),
    *(
        "Zoë",
        "Zo\u0308e",
        "Straße",
        "STRASSE",
        "Ⅸ",
        "!?",
        "  ",
        "",
        "李 小龍",
        "adamaria",
        "A",
        "Smith-Jones",
        "x" * 70,
    ),
    *(" ".join(f"word{n}" for n in range(40)), f"{'long ' * 90}tail", "y" * 64 + "z maria", "ada\u2028maria"),
)
ASKED = (
    "a",
    "ad",
    "ada",
    "adam",
    "ma",
    "o",
    "br",
    "obrien",
    "o'b",
    "zoe",
    "strass",
    "小",
    "李",
    "ix",
    "la cruz",
    "b",
    "d",
)
LONG = (
    "x" * 64,
    "x" * 80,
    "y" * 65,
    "z",
    "word3",
    "word39",
    "tail",
    "long",
    "word1 ada",
    "maria ada",
    "ada ada",
    "jon",
)


async def test_whoever_has_a_word_of_a_name_that_begins_so_is_found_and_nobody_else(records: Records) -> None:
    chosen = random.Random(4)
    for first in NAMES:
        last = chosen.choice(NAMES)
        contact = await save(records, first_name=chosen.choice(NAMES), last_name=chosen.choice(NAMES))
        await records.contacts.update(contact.id, {"first_name": first, "last_name": last})
    contacts = await everybody(records)
    for text in (*ASKED, *LONG):
        found = await records.contacts.search({"name": text}, limit=500)
        assert [contact.id for contact in found] == [c.id for c in contacts if _is_called(c, text)], text


def _is_called(contact: Contact, text: str) -> bool:
    """Each word of the text begins a word of a name: the plain scan."""
    known = [word for key in NAME_KEYS for word in words(contact.attributes.get(key, ""))]
    return all(any(word.startswith(asked) for word in known) for asked in words(text))
