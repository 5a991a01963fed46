"""The schema and the mapping (contracts/cim.md 3 and 4), also while their values are there."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from tests.core.cast import number, only
from tests.dialects.cim.conftest import Switched, saved, searched
from tests.dialects.promised import bearer


async def add(client: httpx.AsyncClient, key: str, kind: str = "Text", **facts: Any) -> dict[str, Any]:
    answer = await client.post("/saveSchema", json={"label": key, "key": key, "type": kind, **facts})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def get(client: httpx.AsyncClient, contact: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/contacts/{contact['_id']}")).json())


async def keys(client: httpx.AsyncClient) -> list[str]:
    return [attribute["key"] for attribute in (await client.get("/getSchema")).json()]


# ---- Types


async def test_a_type_is_echoed_as_it_was_spelled_and_stored_in_one_way(cim: httpx.AsyncClient) -> None:
    for n, (spelled, canonical) in enumerate(
        [
            ("text", "Text"),
            ("String", "Text"),
            ("string", "Text"),
            ("PHONE", "Phone"),
            ("email", "Email"),
            ("Date", "Date"),
            ("Datetime", "DateTime"),
            ("Url", "URL"),
            ("Boolean", "Bool"),
            ("bool", "Bool"),
            ("Number", "Number"),
        ]
    ):
        assert (await add(cim, f"it{n}", spelled))["type"] == spelled
        assert (await cim.get("/getSchema")).json()[-1]["type"] == canonical


async def test_a_key_is_a_plain_word(cim: httpx.AsyncClient) -> None:
    for key in ("_id", "__v", "updated_at", "1st", "a-b", "a b", "x" * 65, ""):
        answer = await cim.post("/saveSchema", json={"label": "", "key": key, "type": "Text"})
        assert (answer.status_code, answer.json()["field"]) == (400, "key"), key


@pytest.mark.parametrize(("label", "key"), [("Shoe size (EU)", "shoe_size_eu"), ("2nd name", "_2nd_name")])
async def test_a_key_is_made_of_the_label(cim: httpx.AsyncClient, label: str, key: str) -> None:
    assert (await cim.post("/saveSchema", json={"label": label, "type": "Text"})).json()["key"] == key


async def test_more_can_be_said_of_an_attribute(cim: httpx.AsyncClient) -> None:
    facts: dict[str, Any] = {
        "required": False,
        "default": "x",
        "unique": True,
        "searchable": False,
        "pii": True,
        "max_length": 10,
        "order": 3,
        "description": "said",
        "channel_identifier": "Viber",
    }
    told = await add(cim, "it", **facts)
    assert {name: told.get(name, False) for name in facts} == facts
    assert (await cim.get("/getSchema")).json()[2:4][1]["key"] == "it"


async def test_a_default_may_be_sent_as_its_value_and_a_channel_identifier_as_a_flag(cim: httpx.AsyncClient) -> None:
    said = {"key": "vip", "type": "Bool", "default": False, "channel_identifier": True}
    told = (await cim.post("/saveSchema", json=said)).json()
    assert (told["default"], told["channel_identifier"]) == ("false", "true")
    assert (await cim.post("/saveSchema", json={"key": "n", "type": "Number", "default": "x"})).status_code == 400
    made = (await cim.post("/saveSchema", json={"key": "n", "type": "Number", "default": 1.5})).json()
    assert made["default"] == "1.5"


async def test_only_so_many_attributes_can_be_added(switched: Switched) -> None:
    cim = await switched(max_custom_attributes=2)
    await add(cim, "second")
    answer = await cim.post("/saveSchema", json={"key": "third", "type": "Text"})
    assert (answer.status_code, answer.json()["error"]) == (400, "AttributeLimit")


async def test_of_two_that_add_one_attribute_at_once_one_is_told_that_it_is_there(cim: httpx.AsyncClient) -> None:
    posts = [cim.post("/saveSchema", json={"key": "it", "type": "Text", "label": str(n)}) for n in range(6)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*posts)) == [200] + [409] * 5


async def test_what_is_searchable_stays_so_where_the_tenant_is_strict(
    cim: httpx.AsyncClient, switched: Switched
) -> None:
    assert (await cim.put("/schema/customer_number", json={"searchable": False})).json()["searchable"] is False
    assert (await cim.put("/schema/customer_number", json={"searchable": True})).status_code == 200
    strict = await switched(strict=True)
    assert (await strict.put("/schema/customer_number", json={"searchable": False})).status_code == 409


async def test_an_attribute_that_is_not_searchable_is_found_by_its_key_alone(cim: httpx.AsyncClient) -> None:
    await add(cim, "it", searchable=False)
    contact = await saved(cim, it="needle")
    assert await searched(cim, it="needle") == [contact["_id"]]
    assert await searched(cim, q="needle") == []


async def test_of_two_that_change_one_attribute_at_once_neither_undoes_the_other(cim: httpx.AsyncClient) -> None:
    facts: dict[str, Any] = {"label": "It", "pii": True, "max_length": 9, "default": "x", "description": "said"}
    await add(cim, "it")
    puts = [cim.put("/schema/it", json={name: value}) for name, value in facts.items()]
    assert {answer.status_code for answer in await asyncio.gather(*puts)} == {200}
    told = (await cim.get("/getSchema")).json()[-1]
    assert {name: told.get(name) for name in facts} == facts


@pytest.mark.parametrize("key", ["name", "phone", "q"])
async def test_an_attribute_cannot_be_called_what_a_search_means_otherwise(cim: httpx.AsyncClient, key: str) -> None:
    assert (await cim.post("/saveSchema", json={"key": key, "type": "Text"})).json()["field"] == "key"
    assert (await cim.put("/schema/customer_number", json={"key": key})).status_code == 400
    contact = await saved(cim, first_name="Ada", **{key: "x"})
    assert [c["_id"] for c in (await cim.get("/contacts/getContactByName/ad")).json()] == [contact["_id"]]


# ---- Rename


async def test_a_rename_takes_values_and_conditions_along_and_the_old_key_is_understood(cim: httpx.AsyncClient) -> None:
    await cim.post("/mapping", json={"callVariable": "callVariable3", "key": "customer_number"})
    contact = await saved(cim, first_name="Ada", customer_number="K-1", city="Akron")
    answer = await cim.put("/schema/customer_number", json={"key": "account", "label": "Account", "type": "Text"})
    assert (answer.json()["key"], answer.json()["label"]) == ("account", "Account")
    after = await get(cim, contact)
    assert list(after)[1:4] == ["first_name", "account", "city"]
    assert (after["account"], after["__v"]) == ("K-1", 0)
    assert (await cim.get("/mapping")).json()[1]["key"] == "account"
    assert (await cim.put("/schema/customer_number", json={"label": "Again"})).json()["key"] == "account"
    assert (await cim.post("/saveContact", json={"customer_number": "k-1"})).status_code == 409
    assert "customer_number" not in await keys(cim)


async def test_a_renamed_phone_still_identifies(cim: httpx.AsyncClient) -> None:
    await add(cim, "mobile", "Phone")
    contact = await saved(cim, mobile=number(1))
    await cim.put("/schema/mobile", json={"key": "handy"})
    assert (await saved(cim, phone1=number(1), first_name="Ada"))["_id"] == contact["_id"]
    assert await searched(cim, phone=number(1)) == [contact["_id"]]


async def test_a_key_that_is_taken_cannot_be_had(cim: httpx.AsyncClient) -> None:
    await add(cim, "hidden")
    await cim.delete("/schema/hidden")
    await saved(cim, loose="x")
    for key in ("first_name", "hidden", "loose"):
        answer = await cim.put("/schema/customer_number", json={"key": key})
        assert (answer.status_code, answer.json()["field"]) == (409, "key"), key


async def test_a_new_attribute_takes_an_old_key_over(cim: httpx.AsyncClient) -> None:
    first = await saved(cim, customer_number="K-1")
    await cim.put("/schema/customer_number", json={"key": "account"})
    await add(cim, "customer_number")
    second = await saved(cim, customer_number="K-1")
    assert await searched(cim, customer_number="K-1") == [second["_id"]]
    assert await searched(cim, account="K-1") == [first["_id"]]
    await cim.delete("/schema/customer_number")
    assert await searched(cim, account="K-1") == [first["_id"]]


async def test_a_name_can_be_given_back(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, customer_number="K-1")
    for key in ("account", "customer_number"):
        assert (await cim.put("/schema/customer_number", json={"key": key})).status_code == 200
    assert await searched(cim, customer_number="K-1") == await searched(cim, account="k-1") == [contact["_id"]]


# ---- Types of stored values


@pytest.mark.parametrize(
    ("before", "after", "value", "becomes", "found_by"),
    [
        ("Number", "Text", 43, "43", "43"),
        ("Text", "Number", "43", "43", 43.0),
        ("Bool", "Text", True, "true", "TRUE"),
        ("Text", "Bool", "false", "false", False),
        ("Text", "Date", "2026-02-28", "2026-02-28", "2026-02-28"),
        ("Date", "DateTime", "2026-02-28", "2026-02-28", "2026-02-28T00:00:00Z"),
        ("Text", "Phone", "330 555 0101", "330 555 0101", "+13305550101"),
        ("Phone", "Text", "330 555 0101", "330 555 0101", "330 555 0101"),
    ],
)
async def test_values_that_all_convert_are_found_by_the_new_type(
    cim: httpx.AsyncClient, before: str, after: str, value: object, becomes: object, found_by: object
) -> None:
    await add(cim, "it", before)
    contact = await saved(cim, it=value)
    await saved(cim, it="")
    answer = await cim.put("/schema/it", json={"type": after})
    assert answer.status_code == 200, answer.text
    assert (await get(cim, contact))["it"] == becomes
    assert await searched(cim, it=found_by) == [contact["_id"]]
    assert await searched(cim, phone="3305550101") == ([contact["_id"]] if after == "Phone" else [])


async def test_values_that_do_not_convert_are_counted_and_sampled_and_stay(cim: httpx.AsyncClient) -> None:
    await add(cim, "it")
    for n in range(7):
        await saved(cim, it=f"x{n}")
    contact = await saved(cim, it="43")
    answer = await cim.put("/schema/it", json={"type": "Number"})
    assert (answer.status_code, answer.json()["count"]) == (409, 7)
    assert answer.json()["sample"] == [f"x{n}" for n in range(5)]
    assert await searched(cim, it="43") == [contact["_id"]]


async def test_an_attribute_becomes_unique_only_if_its_values_are(cim: httpx.AsyncClient) -> None:
    await add(cim, "it")
    first, second = await saved(cim, it="x"), await saved(cim, it="X")
    answer = await cim.put("/schema/it", json={"unique": True})
    assert (answer.status_code, answer.json()["sample"]) == (409, ["x"])
    await cim.put(f"/contacts/{second['_id']}", json={"it": None})
    assert (await cim.put("/schema/it", json={"unique": True})).status_code == 200
    assert first["it"] == "x"


# ---- Hide and bring back


async def test_a_hidden_attributes_values_are_nowhere_and_come_back(
    cim: httpx.AsyncClient, native: httpx.AsyncClient
) -> None:
    contact = await saved(cim, phone1=number(1), customer_number="K-1", first_name="Ada")
    assert (await cim.delete("/schema/customer_number")).content == b""
    assert "customer_number" not in await get(cim, contact)
    assert "K-1" not in (await native.get("/v1/lookup", params={"phone": number(1)})).text
    assert "K-1" not in (await cim.post("/contacts/getContactsBySearchTerms", json={"phone": number(1)})).text
    assert await searched(cim, q="K-1") == await searched(cim, customer_number="K-1") == []
    assert "customer_number" not in await keys(cim)
    await saved(cim, phone1=number(1), first_name="Eve")
    await add(cim, "customer_number", unique=True)
    after = await get(cim, contact)
    assert (after["first_name"], after["customer_number"]) == ("Eve", "K-1")
    assert await searched(cim, customer_number="k-1") == [contact["_id"]]


async def test_a_hidden_phone_finds_nobody_until_it_comes_back(cim: httpx.AsyncClient) -> None:
    await add(cim, "mobile", "Phone")
    contact = await saved(cim, mobile=number(1))
    await cim.delete("/schema/mobile")
    assert await searched(cim, phone=number(1)) == []
    await add(cim, "mobile", "Phone")
    assert await searched(cim, phone=number(1)) == [contact["_id"]]


async def test_what_was_given_meanwhile_stays_when_the_attribute_comes_back(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone1=number(1), customer_number="K-1")
    await cim.delete("/schema/customer_number")
    await saved(cim, phone1=number(1), customer_number="K-2")
    await add(cim, "customer_number")
    assert (await get(cim, contact))["customer_number"] == "K-2"
    assert await searched(cim, customer_number="K-2") == [contact["_id"]]


async def test_hidden_values_come_back_as_another_type_only_if_they_fit_it(cim: httpx.AsyncClient) -> None:
    await add(cim, "it")
    contact = await saved(cim, it="43")
    await cim.delete("/schema/it")
    refused = await cim.post("/saveSchema", json={"key": "it", "type": "Date"})
    assert (refused.status_code, refused.json()["count"]) == (409, 1)
    assert "it" not in await keys(cim)
    await add(cim, "it", "Number")
    assert await searched(cim, it=43) == [contact["_id"]]


async def test_loose_values_that_do_not_fit_are_told_when_their_attribute_is_made(cim: httpx.AsyncClient) -> None:
    await saved(cim, it="large")
    answer = await cim.post("/saveSchema", json={"key": "it", "type": "Number"})
    assert (answer.status_code, answer.json()["sample"]) == (409, ["large"])
    await add(cim, "it")
    assert len(await searched(cim, it="LARGE")) == 1


# ---- Mapping


async def test_a_new_condition_can_be_answered_alone(switched: Switched) -> None:
    cim = await switched(mapping_post="object")
    await cim.post("/mapping", json={"callVar": "ANI", "key": "phone"})
    told = (await cim.post("/mapping", json={"callVariable": "callVariable1", "key": "city"})).json()
    assert (told["callVariable"], told["key"]) == ("callVariable1", "city")


async def test_a_condition_changes_by_what_is_sent(cim: httpx.AsyncClient) -> None:
    made = only((await cim.post("/mapping", json={"callVar": "ANI", "key": "phone", "varNumber": "1"})).json())
    told = (await cim.put(f"/mapping/{made['_id']}", json={"key": "phone2"})).json()
    assert told == {**made, "key": "phone2"}
    assert (await cim.put(f"/mapping/{made['_id']}", json={"key": "no_such"})).status_code == 400


async def test_a_condition_does_not_become_another_one(cim: httpx.AsyncClient) -> None:
    first = only((await cim.post("/mapping", json={"callVar": "ANI", "key": "phone"})).json())
    await cim.post("/mapping", json={"callVar": "ANI", "key": "phone2"})
    assert (await cim.put(f"/mapping/{first['_id']}", json={"key": "phone2"})).status_code == 409


async def test_the_built_in_condition_is_there_until_another_one_for_ani_replaces_it(cim: httpx.AsyncClient) -> None:
    built_in = only((await cim.get("/mapping")).json())
    assert (built_in["callVariable"], built_in["key"], built_in["varNumber"]) == ("ANI", "phone", "")
    url = f"/mapping/{built_in['_id']}"
    assert (await cim.put(url, json={"callVar": "x", "callVariable": "callVariable3"})).status_code == 409
    assert (await cim.delete(url)).status_code == 409
    told = (await cim.put(url, json={"key": "phone1"})).json()
    assert told == {**built_in, "_id": told["_id"], "key": "phone1"}
    assert (await cim.get("/mapping")).json() == [told]
    assert (await cim.put(url, json={"key": "phone2"})).status_code == (await cim.delete(url)).status_code == 404
    assert (await cim.delete(f"/mapping/{told['_id']}")).status_code == 200
    assert (await cim.get("/mapping")).json() == [built_in]


@pytest.mark.parametrize("body", [{"key": "city", "callVar": "x" * 201}, {"key": 1}, {"callVar": "ANI"}])
async def test_a_condition_has_bounds(cim: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await cim.post("/mapping", json=body)).status_code == 400


async def test_a_condition_of_the_longest_texts_is_stored(cim: httpx.AsyncClient) -> None:
    face = "\N{GRINNING FACE}" * 200
    body = {"callVar": face, "callVariable": face, "varNumber": face, "key": "postal_code"}
    assert (await cim.post("/mapping", json=body)).json()[1]["varNumber"] == face


async def test_there_are_so_many_conditions_and_no_more(
    records: Records, cim: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbook.core.schema.MOST_CONDITIONS", 2)
    for n in range(2):
        await records.schema.add_condition("", f"user.x{n}", "city", "")
    assert (await cim.post("/mapping", json={"callVar": "ANI", "key": "phone"})).status_code == 400


# ---- Scopes


async def test_a_key_without_admin_changes_no_schema_and_no_mapping(cim: httpx.AsyncClient, records: Records) -> None:
    made = await records.keys.create("agent", "cim", scopes=("write",))
    agent = httpx.AsyncClient(transport=cim._transport, base_url=cim.base_url, auth=bearer(made.secret))
    body = {"label": "x", "key": "x", "type": "Text"}
    for answer in (
        await agent.post("/saveSchema", json=body),
        await agent.put("/schema/customer_number", json=body),
        await agent.delete("/schema/customer_number"),
        await agent.put("/schema/no_such", json=body),
        await agent.delete("/schema/no_such"),
        await agent.post("/mapping", json={"callVar": "ANI", "key": "phone"}),
        await agent.put("/mapping/65f0c1a20000000000000001", json={"key": "phone"}),
        await agent.delete("/mapping/65f0c1a20000000000000001"),
        await agent.put("/mapping/000000000000000000000001", json={"callVar": "x"}),
        await agent.delete("/mapping/000000000000000000000001"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
    assert (await agent.get("/getSchema")).status_code == 200
    assert (await agent.post("/saveContact", json={"first_name": "Ada"})).status_code == 200
