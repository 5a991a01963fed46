"""Saving, changing and deleting contacts (contracts/cim.md 2.4 to 2.8)."""

from __future__ import annotations

import asyncio
import re

import httpx
import msgspec
import pytest

from ringbook.core.access import Records
from ringbook.domain.object_id import parse_object_id
from tests.core.cast import everybody, history, number, only, told
from tests.dialects.cim.conftest import Switched, saved, searched


def id_of(contact: dict[str, object]) -> int:
    parsed = parse_object_id(str(contact["_id"]))
    assert parsed is not None
    return parsed.id


# ---- saveContact


async def test_one_phone_and_two_names_are_one_contact_with_the_second_and_the_journal_has_the_first(
    cim: httpx.AsyncClient, records: Records
) -> None:
    first = await saved(cim, phone1=number(1), first_name="Ada", last_name="Bell")
    second = await saved(cim, phone1="+1 (330) 555-0101", first_name="Eve")
    assert second["_id"] == first["_id"]
    assert "last_name" not in second
    contact = only(await everybody(records))
    change = (await history(records, "contact", contact.id))[-1]
    assert told(change.before) == {"phone1": number(1), "first_name": "Ada", "last_name": "Bell"}
    restored = await records.contacts.restore(contact.id, change.id)
    assert restored.attributes == {"phone1": number(1), "first_name": "Ada", "last_name": "Bell"}
    assert await searched(cim, name="ada bell") == [first["_id"]]
    assert await searched(cim, name="eve") == []


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        ("330-555-0101", "+1 330 555 0101"),
        ("330-555-0101", "13305550101"),
        ("4711", "47-11"),
        ("4711", "+4711"),
        ("0815 4711", "08154711"),
    ],
)
async def test_equal_digits_are_the_same_phone(cim: httpx.AsyncClient, stored: str, given: str) -> None:
    first = await saved(cim, phone1=stored, first_name="Ada")
    assert (await saved(cim, phone3=given, first_name="Eve"))["_id"] == first["_id"]


@pytest.mark.parametrize("text", ["string", "anonymous", "no number", "-"])
async def test_what_is_no_number_makes_nobody_the_same(cim: httpx.AsyncClient, text: str) -> None:
    first = await saved(cim, phone1=text, first_name="Ada")
    second = await saved(cim, phone1=text, first_name="Eve")
    assert second["_id"] != first["_id"]
    assert second["phone1"] == text
    assert await searched(cim, phone=text.upper()) == [second["_id"], first["_id"]]


async def test_two_that_save_one_number_at_once_make_one_contact(cim: httpx.AsyncClient, records: Records) -> None:
    for n, phone in enumerate(("330-555-0101", "4711")):
        await asyncio.gather(*(saved(cim, phone1=phone, first_name=f"a{m}") for m in range(8)))
        assert len(await everybody(records)) == n + 1


async def test_a_number_may_be_twice_in_one_contact(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1), phone2=number(1))
    assert await searched(cim, phone=number(1)) == [contact["_id"]]


async def test_attributes_are_answered_as_they_were_sent_and_unset_ones_are_absent(cim: httpx.AsyncClient) -> None:
    answer = await cim.post(
        "/saveContact", content=b'{"last_name": "Bell", "city": null, "phone1": "1", "company": ""}'
    )
    pattern = (
        r'\{"_id":"[0-9a-f]{24}","last_name":"Bell","phone1":"1","company":"",'
        r'"created_at":"[^"]+Z","updated_at":"[^"]+Z","__v":0\}'
    )
    assert re.fullmatch(pattern, answer.text), answer.text


async def test_ids_sort_as_contacts_were_made(cim: httpx.AsyncClient) -> None:
    ids = [(await saved(cim, first_name=f"a{n}"))["_id"] for n in range(5)]
    assert ids == sorted(ids)
    assert [c["_id"] for c in (await cim.get("/getContactList")).json()] == ids[::-1]


async def test_with_merge_only_given_values_are_written(switched: Switched) -> None:
    cim = await switched(duplicate_phone="merge")
    first = await saved(cim, phone1=number(1), first_name="Ada", last_name="Bell")
    answer = await cim.post(
        "/saveContact", json={"phone1": number(1), "first_name": "Eve", "last_name": "", "city": None}
    )
    assert answer.headers["x-cim-result"] == "merged"
    after = answer.json()
    assert (after["_id"], after["first_name"], after["last_name"]) == (first["_id"], "Eve", "Bell")


async def test_with_reject_a_known_phone_is_refused_with_whose_it_is(switched: Switched, records: Records) -> None:
    cim = await switched(duplicate_phone="reject")
    first = await saved(cim, phone1=number(1), first_name="Ada")
    other = await saved(cim, phone1=number(2))
    for answer in (
        await cim.post("/saveContact", json={"phone2": number(1)}),
        await cim.put(f"/contacts/{other['_id']}", json={"phone1": number(1)}),
    ):
        assert answer.status_code == 409
        assert answer.json()["existing_id"] == first["_id"]
    assert (await cim.put(f"/contacts/{first['_id']}", json={"phone1": number(1)})).status_code == 200
    assert len(await everybody(records)) == 2


async def test_a_required_attribute_has_a_value_or_a_default(cim: httpx.AsyncClient) -> None:
    await cim.post("/saveSchema", json={"key": "tier", "type": "Text", "required": True})
    answer = await cim.post("/saveContact", json={"first_name": "Ada"})
    assert (answer.status_code, answer.json()["field"]) == (400, "tier")
    await cim.put("/schema/tier", json={"default": "basic"})
    assert (await saved(cim, first_name="Ada"))["tier"] == "basic"


async def test_a_unique_value_of_another_contact_is_a_conflict(cim: httpx.AsyncClient) -> None:
    await saved(cim, customer_number="K-1")
    answer = await cim.post("/saveContact", json={"customer_number": "k-1"})
    assert (answer.status_code, answer.json()["field"]) == (409, "customer_number")


async def test_with_strict_an_unknown_key_is_refused(switched: Switched) -> None:
    cim = await switched(strict=True)
    for answer in (
        await cim.post("/saveContact", json={"shoe_size": "43"}),
        await cim.post("/contacts/getContactsBySearchTerms", json={"shoe_size": "43"}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (400, "shoe_size")


async def test_a_change_under_an_unknown_key_is_kept_and_told(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Ada")
    answer = await cim.put(f"/contacts/{contact['_id']}", json={"shoe_size": 43, "city": "Akron"})
    assert answer.headers["x-cim-warning"] == "the schema has no attribute shoe_size: kept with the contact"
    assert (answer.json()["shoe_size"], answer.json()["city"]) == (43, "Akron")
    assert "x-cim-warning" not in (await cim.put(f"/contacts/{contact['_id']}", json={"customer_number": "1"})).headers


@pytest.mark.parametrize("value", [[1], {"a": 1}, "x" * 1001])
async def test_a_value_of_an_unknown_key_is_plain_and_bounded(cim: httpx.AsyncClient, value: object) -> None:
    assert (await cim.post("/saveContact", json={"shoe_size": value})).status_code == 400


async def test_a_contact_has_a_bounded_number_of_keys(cim: httpx.AsyncClient) -> None:
    assert (await cim.post("/saveContact", json={f"k{n}": "1" for n in range(601)})).status_code == 400


# ---- PUT, DELETE, GET


async def test_changing_nothing_is_no_new_version(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Ada")
    assert (await cim.put(f"/contacts/{contact['_id']}", json={"first_name": "Ada"})).json() == contact
    assert (await cim.put(f"/contacts/{contact['_id']}", json={})).json() == contact


async def test_deleting_answers_what_was_there_and_can_be_undone(cim: httpx.AsyncClient, records: Records) -> None:
    contact = await saved(cim, first_name="Ada", phone1=number(1))
    url = f"/contacts/{contact['_id']}"
    assert (await cim.delete(url)).json() == contact
    assert [(await cim.request(verb, url, json={})).status_code for verb in ("GET", "PUT", "DELETE")] == [404] * 3
    assert await searched(cim, phone=number(1)) == []
    change = (await history(records, "contact", id_of(contact)))[-1]
    await records.contacts.restore(id_of(contact), change.id)
    again = (await cim.get(url)).json()
    assert (again["_id"], again["first_name"]) == (contact["_id"], "Ada")
    assert await searched(cim, phone=number(1)) == await searched(cim, name="ada") == [contact["_id"]]


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
async def test_an_id_whose_parts_do_not_belong_together_is_missing(cim: httpx.AsyncClient, verb: str) -> None:
    contact = await saved(cim, first_name="Ada")
    other = f"{int(contact['_id'][:8], 16) - 1:08x}{contact['_id'][8:]}"
    assert (await cim.request(verb, f"/contacts/{other}", json={})).status_code == 404
    assert (await cim.request(verb, f"/contacts/{contact['_id'].upper()}", json={})).status_code == 200


async def test_missing_foreign_and_deleted_contacts_are_alike(cim: httpx.AsyncClient, other: Records) -> None:
    deleted = await saved(cim, first_name="Ada")
    await cim.delete(f"/contacts/{deleted['_id']}")
    foreign, _ = await other.contacts.save({"first_name": "Eve"})
    ids = (deleted["_id"], f"{foreign.created_second:08x}{foreign.id:016x}", "65f0c1a20000000000000001")
    answers = {(await cim.get(f"/contacts/{one}")).content for one in ids}
    assert len(answers) == 1


async def test_what_others_write_is_read_here_and_the_other_way_round(cim: httpx.AsyncClient, records: Records) -> None:
    record = await records.lists.add("leads.csv", {"id": "1", "First name": "Ada", "Phone": number(1)})
    found = only((await cim.post("/contacts/getContactsBySearchTerms", json={"phone": number(1)})).json())
    assert (id_of(found), found["first_name"]) == (record.contact_id, "Ada")
    await cim.put(f"/contacts/{found['_id']}", json={"last_name": "Bell"})
    caller = msgspec.json.decode(msgspec.json.encode(await records.lookup.by_number(number(1))))
    assert only(caller["contacts"])["attributes"]["last_name"] == "Bell"


async def test_texts_that_share_digits_are_no_number_of_one_person(cim: httpx.AsyncClient) -> None:
    room = await saved(cim, phone1="Room 2", first_name="Ada")
    desk = await saved(cim, phone1="Desk 2", first_name="Eve")
    assert room["_id"] != desk["_id"]
    assert await searched(cim, phone="room 2") == await searched(cim, phone1="ROOM 2 ") == [room["_id"]]
    assert await searched(cim, phone="Desk 2", first_name="eve") == [desk["_id"]]
    assert await searched(cim, phone="Floor 2") == []
    texts = ("4711", "Room 4711", "4711", "47-11", "ext 4711", "12", "12")
    ids = [(await saved(cim, phone1=text))["_id"] for text in texts]
    assert ids[0] == ids[2] == ids[3] == ids[4]
    assert len({ids[0], ids[1], ids[5], ids[6]}) == 4


async def test_a_contact_does_not_grow_without_end(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Ada")
    url = f"/contacts/{contact['_id']}"
    assert (await cim.put(url, json={f"a{n}": "1" for n in range(500)})).status_code == 200
    assert (await cim.put(url, json={f"b{n}": "1" for n in range(200)})).status_code == 400
    big = {f"a{n}": "\N{GRINNING FACE}" * 1000 for n in range(100)}
    assert (await cim.put(url, json=big)).status_code == 400
    assert (await cim.put(url, json=dict(list(big.items())[:50]))).status_code == 200
    assert "b1" not in (await cim.get(url)).json()


# ---- Merging


async def test_a_merged_away_id_answers_with_who_it_became_part_of(cim: httpx.AsyncClient, records: Records) -> None:
    gone, kept, last = [await saved(cim, phone1=number(n), first_name=f"n{n}") for n in range(3)]
    await records.merging.merge(id_of(kept), [id_of(gone)])
    await records.merging.merge(id_of(last), [id_of(kept)])
    answer = await cim.get(f"/contacts/{gone['_id']}")
    assert (answer.status_code, answer.headers["x-merged-into"]) == (200, last["_id"])
    assert answer.json() == (await cim.get(f"/contacts/{last['_id']}")).json()
    assert "x-merged-into" not in (await cim.get(f"/contacts/{last['_id']}")).headers
    other_second = f"{int(str(gone['_id'])[:8], 16) - 1:08x}{str(gone['_id'])[8:]}"
    assert (await cim.get(f"/contacts/{other_second}")).status_code == 404
    for method, body in (("PUT", {"first_name": "x"}), ("DELETE", None)):
        assert (await cim.request(method, f"/contacts/{gone['_id']}", json=body)).status_code == 404
    await records.contacts.delete(id_of(last))
    assert (await cim.get(f"/contacts/{gone['_id']}")).status_code == 404
