"""/v1/contacts: written by identity, versions, pages, searches."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.domain.schema import Attribute
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


# ---- Versions


async def test_who_is_stale_is_told_the_version_that_there_is(native: httpx.AsyncClient, save: Saved) -> None:
    path = f"/v1/contacts/{(await save(first_name='Ilse'))['id']}"
    await native.patch(path, json={"attributes": {"first_name": "Elsa"}})
    change = (await native.get(f"{path}/history")).json()["items"][0]["id"]
    for method, to, body in (
        ("PATCH", "", {"attributes": {"city": "Kent"}}),
        ("PUT", "", {"attributes": {"city": "Kent"}}),
        ("DELETE", "", None),
        ("DELETE", "?erase=true", None),
        ("POST", "/restore", {"change": change}),
        ("POST", "/merge", {"with": [(await save(city="Akron"))["id"]]}),
    ):
        refused = await native.request(method, path + to, json=body, headers={"If-Match": '"0"'})
        assert (refused.status_code, refused.json()["version"], refused.headers["etag"]) == (412, 1, '"1"'), to
    assert (await native.get(path)).headers["etag"] == '"1"'


# ---- Merging


async def test_contacts_are_merged_and_taken_apart(native: httpx.AsyncClient, save: Saved) -> None:
    ada = await save(first_name="Ada", phone1="330-555-0101", city="Akron")
    other = await save(first_name="Adah", phone1="330-555-0102", company="Bell", city="Kent")
    path = f"/v1/contacts/{ada['id']}"
    body = {"with": [other["id"]], "fields": {"city": "Kent", "first_name": ada["id"]}}
    merged = await native.post(f"{path}/merge", json=body)
    assert merged.status_code == 200, merged.text
    told = merged.json()
    assert told["attributes"] == {
        "first_name": "Ada",
        "phone1": "330-555-0101",
        "city": "Kent",
        "company": "Bell",
        "phone2": "330-555-0102",
    }
    (merge,) = told["merges"]
    assert {field["key"]: (field["from"], field["dropped"]) for field in merge["fields"]} == {
        "first_name": (ada["id"], "Adah"),
        "phone1": (ada["id"], "330-555-0102"),
        "city": (other["id"], "Akron"),
        "company": (other["id"], None),
    }
    assert merge["numbers"] == [{"number": "330-555-0102", "from": other["id"], "was": "phone1", "now": "phone2"}]
    assert merge["moved"] == {"list_records": 0, "interactions": 0, "attempts": 0}
    gone = await native.get(f"/v1/contacts/{other['id']}")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:ringbook:problem:merged")
    assert gone.json()["merged_into"] == ada["id"]
    for id_ in (ada["id"], other["id"]):
        assert (await native.get(f"/v1/contacts/{id_}/merges")).json() == {"items": [merge], "next_cursor": None}

    parted = await native.post(f"{path}/unmerge")
    assert parted.status_code == 200, parted.text
    assert parted.json()["restored"] == other == (await native.get(f"/v1/contacts/{other['id']}")).json()
    kept = (await native.get(path)).json()
    assert parted.json()["kept"] == kept
    assert {**kept, "version": 0, "updated_at": ada["updated_at"]} == ada
    assert (parted.headers["etag"], kept["version"]) == ('"2"', 2)
    assert (await native.get(f"{path}/merges")).json()["items"][0]["undone_at"] is not None
    again = await native.post(f"{path}/unmerge", json={"contact": other["id"]})
    assert (again.status_code, again.json()["type"]) == (409, "urn:ringbook:problem:conflict")


async def test_merges_are_paged(native: httpx.AsyncClient, save: Saved) -> None:
    ada = (await save(city="Akron"))["id"]
    others = [(await save(company=f"c{n}"))["id"] for n in range(3)]
    await native.post(f"/v1/contacts/{ada}/merge", json={"with": others})
    first = (await native.get(f"/v1/contacts/{ada}/merges?limit=2")).json()
    rest = (await native.get(f"/v1/contacts/{ada}/merges?limit=2&cursor={first['next_cursor']}")).json()
    assert [merge["merged"] for merge in first["items"] + rest["items"]] == others[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"with": []}, "with"),
        ({"with": [1, 1]}, "with"),
        ({"with": [1] * 21}, "with"),
        ({}, "with"),
        ({"with": [1], "field": {}}, "field"),
    ],
)
async def test_a_merge_that_cannot_be_is_told(
    body: dict[str, Any], field: str, native: httpx.AsyncClient, save: Saved
) -> None:
    answer = await native.post(f"/v1/contacts/{(await save(city='Akron'))['id']}/merge", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


# ---- History


async def test_a_contact_becomes_what_it_was(native: httpx.AsyncClient, save: Saved) -> None:
    made = await save(first_name="Ilse", phone1="330-555-0147")
    path = f"/v1/contacts/{made['id']}"
    await native.patch(path, json={"attributes": {"first_name": "Elsa", "phone1": None, "city": "Kent"}})
    await native.delete(path)
    history = (await native.get(f"{path}/history")).json()
    assert [(each["before"] is None, each["after"] is None) for each in history["items"]] == [
        (False, True),
        (False, False),
        (True, False),
    ]
    assert history["next_cursor"] is None
    page = (await native.get(f"{path}/history?limit=2")).json()
    rest = (await native.get(f"{path}/history?limit=2&cursor={page['next_cursor']}")).json()
    assert page["items"] + rest["items"] == history["items"]
    back = await native.post(f"{path}/restore", json={"change": history["items"][1]["id"]})
    assert (back.status_code, back.json()["attributes"]) == (200, made["attributes"])
    assert back.json()["phones"] == made["phones"]
    assert back.headers["etag"] == f'"{back.json()["version"]}"'
    made_it = await native.post(f"{path}/restore", json={"change": history["items"][2]["id"]})
    assert made_it.status_code == 404


# ---- Erasing


async def test_an_erased_person_leaves_a_receipt(native: httpx.AsyncClient, save: Saved) -> None:
    made = await save(first_name="Ilse", phone1="330-555-0147")
    path = f"/v1/contacts/{made['id']}"
    erased = await native.delete(f"{path}?erase=true")
    assert erased.status_code == 200, erased.text
    assert erased.json()["id"] == made["id"]
    assert (erased.json()["reached"]["contacts"], erased.json()["reached"]["numbers_barred"]) == (1, 1)
    for asked in (path, f"{path}/history", f"{path}/merges"):
        assert (await native.get(asked)).status_code == 404, asked
    assert (await native.delete(f"{path}?erase=true")).status_code == 404
    changes = (await native.get("/v1/changes?limit=5")).json()["items"]
    receipt = next(change for change in changes if change["entity"] == "erasure")
    assert (receipt["entity_id"], receipt["after"]) == (made["id"], erased.json()["reached"])


# ---- Searching further


async def test_a_search_has_ranges(native: httpx.AsyncClient, save: Saved, records: Records) -> None:
    for key, kind in (("born", "Date"), ("seen", "DateTime"), ("spent", "Number")):
        await records.schema.put(Attribute(id=0, key=key, label=key, type=kind), kind)  # type: ignore[arg-type]
    days = ("1970-01-01", "1980-05-06", "1990-12-31")
    ids = [
        (await save(born=day, seen=f"2026-03-0{n + 1}T12:00:00+02:00", spent=9 + n, city="Akron", last_name=f"b{n}"))[
            "id"
        ]
        for n, day in enumerate(days)
    ]

    async def found(**criteria: Any) -> list[int]:
        answer = await native.post("/v1/contacts/search", json={"criteria": criteria})
        assert answer.status_code == 200, answer.text
        return [ids.index(contact["id"]) for contact in answer.json()["items"]]

    assert await found(born={"from": "1980-05-06"}) == [2, 1]
    assert await found(born={"to": "1980-05-06"}) == [1, 0]
    assert await found(born={"from": "1970-01-02", "to": "1990-12-30"}) == [1]
    assert await found(born={"from": "1990-01-01", "to": "1980-01-01"}) == []
    assert await found(born={"from": None}) == []
    assert await found(seen={"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T10:00:00Z"}) == [1]
    assert await found(last_name={"from": "B1"}) == [2, 1]
    assert await found(city="Akron", spent={"from": 10}) == [2, 1]
    assert await found(city="Akron", spent={"from": 9, "to": 10.5}, born={"to": "1979-01-01"}) == [0]
    assert await found(spent=10) == [1]


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        ({"born": {"from": "yesterday"}}, "born"),
        ({"phone1": {"from": "330"}}, "phone1"),
        ({"phone": {"from": "330"}}, "phone"),
        ({"spent": {"from": 1}}, None),
        ({"no_such": {"from": 1}}, "no_such"),
        ({"born": {"above": 1}}, "criteria[...]"),
    ],
)
async def test_a_range_that_cannot_be_is_told(
    criteria: dict[str, Any], field: str | None, native: httpx.AsyncClient, records: Records
) -> None:
    for key, kind in (("born", "Date"), ("spent", "Number")):
        await records.schema.put(Attribute(id=0, key=key, label=key, type=kind), kind)  # type: ignore[arg-type]
    answer = await native.post("/v1/contacts/search", json={"criteria": criteria})
    assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text


async def test_contacts_are_sorted_by_an_attribute_a_page_at_a_time(
    native: httpx.AsyncClient, save: Saved, records: Records
) -> None:
    await records.schema.put(Attribute(id=0, key="spent", label="Spent", type="Number"), "Number")
    names = ("Cox", "bell", "Ábel", None, "Bell", "Dole")
    ids = [
        (
            await save(
                city="Akron", phone1=f"330-555-01{n:02}", **({"last_name": name, "spent": 11 - 2 * n} if name else {})
            )
        )["id"]
        for n, name in enumerate(names)
    ]

    async def walk(sort: str, search: bool) -> list[int]:
        seen: list[int] = []
        cursor = None
        while True:
            asked: dict[str, Any] = {"limit": 2, "sort": sort} | ({"cursor": cursor} if cursor else {})
            if search:
                answer = await native.post("/v1/contacts/search", json={"criteria": {"city": "akron"}, **asked})
            else:
                answer = await native.get("/v1/contacts", params=asked)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            seen += [ids.index(contact["id"]) for contact in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return seen

    assert await walk("last_name", search=True) == [2, 1, 4, 0, 5, 3]
    assert await walk("-last_name", search=True) == [5, 0, 1, 4, 2, 3]
    assert await walk("spent", search=True) == [5, 4, 2, 1, 0, 3]
    assert await walk("last_name", search=False) == [2, 1, 4, 0, 5]
    assert await walk("-created_at", search=True) == [5, 4, 3, 2, 1, 0]
    for sort in ("no_such", "phone1", "-"):
        refused = await native.post("/v1/contacts/search", json={"criteria": {"city": "akron"}, "sort": sort})
        assert (refused.status_code, refused.json()["field"]) == (422, "sort"), sort
    spoilt = await native.get("/v1/contacts?sort=last_name&cursor=eA")
    assert (spoilt.status_code, spoilt.json()["field"]) == (422, "cursor")
