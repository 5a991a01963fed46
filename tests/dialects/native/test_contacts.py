"""/v1/contacts: written by identity, versions, pages, searches."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from tests.dialects.native.conftest import Saved


async def test_the_same_person_is_changed_and_not_made_twice(native: httpx.AsyncClient) -> None:
    made = await native.post("/v1/contacts", json={"attributes": {"first_name": "Ilse", "phone1": "330-555-0147"}})
    again = await native.post("/v1/contacts", json={"attributes": {"city": "Akron", "phone1": "+1 (330) 555-0147"}})
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == made.json()["id"]
    assert again.json()["attributes"] == {"first_name": "Ilse", "phone1": "+1 (330) 555-0147", "city": "Akron"}
    assert (made.headers["etag"], again.headers["etag"]) == ('"0"', '"1"')


async def test_a_customer_id_beats_a_number(save: Saved) -> None:
    by_id = await save(customer_id="900", phone1="330-555-0147")
    by_phone = await save(customer_id="901", phone1="330-555-0147")
    assert by_phone["id"] != by_id["id"]
    assert (await save(customer_id="900", phone1="330-555-0148"))["id"] == by_id["id"]


async def test_a_contact_is_changed_only_at_the_version_that_was_read(native: httpx.AsyncClient, save: Saved) -> None:
    path = f"/v1/contacts/{(await save(first_name='Ilse'))['id']}"

    async def change(name: str, **headers: str) -> httpx.Response:
        return await native.patch(path, json={"attributes": {"first_name": name}}, headers=headers)

    assert (await change("Elsa", **{"If-Match": '"0"'})).headers["etag"] == '"1"'
    for stale in ('"0"', '"7"', 'W/"0"', '"no-such-tag"', '"999999999999"', '""'):
        refused = await change("Else", **{"If-Match": stale})
        assert (refused.status_code, refused.json()["type"]) == (412, "urn:ringbook:problem:stale"), stale
    assert (await change("Else", **{"If-Match": '"0", "1"'})).status_code == 422
    assert (await native.get(path)).json()["attributes"]["first_name"] == "Elsa"
    assert (await change("Else", **{"If-Match": "*"})).status_code == 200
    assert (await change("Ilse")).status_code == 200
    assert (await native.get(path)).headers["etag"] == '"3"'


async def test_a_contact_is_deleted_only_at_the_version_that_was_read(native: httpx.AsyncClient, save: Saved) -> None:
    path = f"/v1/contacts/{(await save(first_name='Ilse'))['id']}"
    await native.patch(path, json={"attributes": {"first_name": "Elsa"}})
    assert (await native.delete(path, headers={"If-Match": '"0"'})).status_code == 412
    assert (await native.delete(path, headers={"If-Match": '"1"'})).status_code == 200


async def test_null_clears_an_attribute_and_its_number(native: httpx.AsyncClient, save: Saved) -> None:
    contact = await save(first_name="Ilse", phone1="330-555-0147", phone2="330-555-0148")
    changed = await native.patch(f"/v1/contacts/{contact['id']}", json={"attributes": {"phone1": None, "city": None}})
    assert changed.json()["attributes"] == {"first_name": "Ilse", "phone2": "330-555-0148"}
    assert [p["source"] for p in changed.json()["phones"]] == ["phone2"]
    found = await native.get("/v1/lookup", params={"phone": "330-555-0147"})
    assert found.json()["contacts"] == []


async def test_writing_what_is_there_already_makes_no_version(native: httpx.AsyncClient, save: Saved) -> None:
    contact = await save(first_name="Ilse")
    same = await native.patch(f"/v1/contacts/{contact['id']}", json={"attributes": {"first_name": "Ilse"}})
    assert same.json()["version"] == 0


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"no_such_attribute": "x"}, "no_such_attribute"),
        ({"email": "nobody"}, "email"),
        ({"first_name": 5}, "first_name"),
        ({"first_name": ["Ilse"]}, "first_name"),
        ({"first_name": {"a": 1}}, "first_name"),
        ({"first_name": "x" * 1001}, "first_name"),
        ({"phone1": True}, "phone1"),
    ],
)
async def test_an_attribute_that_does_not_fit_is_named(
    attributes: dict[str, Any], field: str, native: httpx.AsyncClient
) -> None:
    answer = await native.post("/v1/contacts", json={"attributes": attributes})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_unique_value_is_had_once(native: httpx.AsyncClient, save: Saved) -> None:
    await save(customer_number="K-1", phone1="330-555-0147")
    answer = await native.post(
        "/v1/contacts", json={"attributes": {"customer_number": "k-1", "phone1": "330-555-0148"}}
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ringbook:problem:conflict")


async def test_pages_hold_every_contact_once_while_others_are_added(native: httpx.AsyncClient, save: Saved) -> None:
    made = [(await save(phone1=f"330-555-01{n:02}"))["id"] for n in range(7)]
    seen: list[int] = []
    cursor = None
    while True:
        page = (await native.get("/v1/contacts", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        assert len(page["items"]) <= 3
        seen += [contact["id"] for contact in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await save(phone1=f"330-555-01{50 + len(seen)}")
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=-1", "cursor=x", "cursor=MS4x.", "cursor=%2B", "page=2"]
)
async def test_a_page_that_cannot_be_is_told(query: str, native: httpx.AsyncClient) -> None:
    answer = await native.get(f"/v1/contacts?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


@pytest.mark.parametrize(
    "criteria",
    [
        {"name": "ilse"},
        {"name": "ILS Müll"},
        {"phone": "+13305550147"},
        {"phone2": "13305550147"},
        {"email": "ILSE@example.com"},
        {"last_name": "muller", "first_name": ""},
        {"name": "mu", "city": "akron", "phone": "330.555.0147"},
    ],
)
async def test_a_contact_is_found_by_what_it_has(
    criteria: dict[str, str], native: httpx.AsyncClient, save: Saved
) -> None:
    contact = await save(
        first_name="Ilse", last_name="Müller", city="Akron", email="ilse@example.com", phone1="330-555-0147"
    )
    await save(first_name="Kim", city="Akron", phone1="330-555-0148")
    found = await native.post("/v1/contacts/search", json={"criteria": criteria})
    assert [c["id"] for c in found.json()["items"]] == [contact["id"]], found.text


@pytest.mark.parametrize(
    "criteria", [{}, {"name": ""}, {"first_name": "  "}, {"name": "ilse", "city": "Berlin"}, {"first_name": "ils"}]
)
async def test_a_search_never_means_all(criteria: dict[str, str], native: httpx.AsyncClient, save: Saved) -> None:
    await save(first_name="Ilse", city="Akron")
    found = await native.post("/v1/contacts/search", json={"criteria": criteria})
    assert found.json() == {"items": [], "next_cursor": None}


async def test_a_search_is_paged(native: httpx.AsyncClient, save: Saved) -> None:
    made = [(await save(city="Akron", phone1=f"330-555-01{n:02}"))["id"] for n in range(3)]
    first = (await native.post("/v1/contacts/search", json={"criteria": {"city": "akron"}, "limit": 2})).json()
    body = {"criteria": {"city": "akron"}, "limit": 2, "cursor": first["next_cursor"]}
    second = (await native.post("/v1/contacts/search", json=body)).json()
    assert [c["id"] for c in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


async def test_missing_foreign_and_deleted_are_answered_byte_for_byte_alike(
    native: httpx.AsyncClient, save: Saved, other: Records
) -> None:
    deleted = (await save(first_name="Ilse", phone1="330-555-0147"))["id"]
    assert (await native.delete(f"/v1/contacts/{deleted}")).status_code == 200
    foreign = (await other.contacts.save({"first_name": "Theirs"}))[0].id
    for method in ("GET", "PATCH", "DELETE"):
        body = {"attributes": {"first_name": "Kim"}} if method == "PATCH" else None
        answers = [await native.request(method, f"/v1/contacts/{id_}", json=body) for id_ in (deleted, foreign, 1, "x")]
        assert {a.status_code for a in answers} == {404}
        assert len({a.content for a in answers}) == 1
        assert len({tuple(sorted(a.headers)) for a in answers}) == 1
    assert (await other.contacts.get(foreign)).attributes == {"first_name": "Theirs"}
    assert (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()["contacts"] == []


async def test_erasing_is_refused_and_not_taken_for_deleting(native: httpx.AsyncClient, save: Saved) -> None:
    path = f"/v1/contacts/{(await save(first_name='Ilse'))['id']}"
    assert (await native.delete(f"{path}?erase=true")).status_code == 501
    assert (await native.get(path)).status_code == 200
