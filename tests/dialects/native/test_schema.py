"""/v1/schema and /v1/mappings: attributes with their values, and which call variable finds them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Records


async def add(native: httpx.AsyncClient, key: str, **facts: Any) -> dict[str, Any]:
    answer = await native.post("/v1/schema", json={"key": key, **facts})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def save(native: httpx.AsyncClient, **attributes: Any) -> int:
    answer = await native.post("/v1/contacts", json={"attributes": attributes})
    assert answer.status_code in (200, 201), answer.text
    return int(answer.json()["id"])


async def attributes(native: httpx.AsyncClient, contact_id: int) -> dict[str, Any]:
    told: dict[str, Any] = (await native.get(f"/v1/contacts/{contact_id}")).json()["attributes"]
    return told


async def test_an_attribute_is_made_read_and_listed(native: httpx.AsyncClient) -> None:
    made = await add(native, "tier", label="Tier", type="Number", max_length=10, pii=True)
    assert (made["type"], made["pii"], made["searchable"], made["predefined"]) == ("Number", True, True, False)
    assert (await native.get(f"/v1/schema/{made['id']}")).json() == made
    items = (await native.get("/v1/schema")).json()["items"]
    assert made in items
    assert items[0]["key"] == "customer_id"
    again = await native.post("/v1/schema", json={"key": "tier"})
    assert (again.status_code, again.json()["field"]) == (409, "key")


async def test_a_renamed_attribute_keeps_its_values_and_is_understood_by_its_old_key(
    native: httpx.AsyncClient,
) -> None:
    made = await add(native, "tier")
    ann = await save(native, tier="gold")
    renamed = (await native.patch(f"/v1/schema/{made['id']}", json={"key": "level"})).json()
    assert (renamed["key"], renamed["aliases"]) == ("level", ["tier"])
    assert await attributes(native, ann) == {"level": "gold"}
    await native.patch(f"/v1/contacts/{ann}", json={"attributes": {"tier": "silver"}})
    assert await attributes(native, ann) == {"level": "silver"}


async def test_another_type_tells_which_values_stand_in_the_way(native: httpx.AsyncClient) -> None:
    made = await add(native, "tier")
    for tier in ("1", "2", "gold"):
        await save(native, customer_id=tier, tier=tier)
    refused = await native.patch(f"/v1/schema/{made['id']}", json={"type": "Number"})
    assert (refused.status_code, refused.json()["field"]) == (409, "type")
    assert refused.json()["offenders"] == {"count": 1, "sample": ["gold"]}
    await save(native, customer_id="gold", tier="3")
    assert (await native.patch(f"/v1/schema/{made['id']}", json={"type": "Number"})).json()["type"] == "Number"


async def test_a_hidden_attribute_comes_back_with_its_values_and_its_mappings_when_they_are_enabled(
    native: httpx.AsyncClient,
) -> None:
    made = await add(native, "tier", label="Tier")
    ann = await save(native, customer_id="1", tier="gold")
    mapping = (await native.post("/v1/mappings", json={"variable": "callVariable3", "key": "tier"})).json()
    hidden = (await native.delete(f"/v1/schema/{made['id']}")).json()
    assert hidden["attribute"]["key"] == "tier"
    assert [each["id"] for each in hidden["disabled_mappings"]] == [mapping["id"]]
    assert await attributes(native, ann) == {"customer_id": "1"}
    assert (await native.get(f"/v1/schema/{made['id']}")).status_code == 404
    listed = (await native.get("/v1/schema", params={"hidden": "true"})).json()["items"]
    assert [each["key"] for each in listed] == ["tier"]
    back = (await native.post(f"/v1/schema/{made['id']}/restore")).json()
    assert (back["id"], back["label"]) == (made["id"], "Tier")
    assert await attributes(native, ann) == {"customer_id": "1", "tier": "gold"}
    assert (await native.post(f"/v1/schema/{made['id']}/restore")).status_code == 404
    enabled = (await native.post(f"/v1/mappings/{mapping['id']}/enable")).json()
    assert enabled["enabled"] is True


async def test_of_a_predefined_attribute_only_the_label_changes(native: httpx.AsyncClient) -> None:
    city = next(each for each in (await native.get("/v1/schema")).json()["items"] if each["key"] == "city")
    labelled = await native.patch(f"/v1/schema/{city['id']}", json={"label": "Town"})
    assert (labelled.status_code, labelled.json()["label"]) == (200, "Town")
    for said in ({"key": "town"}, {"type": "Number"}, {"required": True}):
        assert (await native.patch(f"/v1/schema/{city['id']}", json=said)).status_code == 409
    assert (await native.delete(f"/v1/schema/{city['id']}")).status_code == 409


@pytest.mark.parametrize(
    "body",
    [{}, {"key": ""}, {"key": "1st"}, {"key": "x" * 65}, {"key": "a", "type": "Money"}, {"key": "a", "max_length": 0}],
)
async def test_an_attribute_that_cannot_be_is_told(native: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await native.post("/v1/schema", json=body)).status_code == 422


async def test_another_tenants_attribute_and_mapping_are_missing(native: httpx.AsyncClient, other: Records) -> None:
    foreign = (await other.schema.attributes()).named("customer_number")
    assert foreign is not None
    mapping, _ = await other.schema.put_condition("callVariable1", "customer_number")
    answers = [
        await native.get(f"/v1/schema/{foreign.id}"),
        await native.patch(f"/v1/schema/{foreign.id}", json={"label": "x"}),
        await native.delete(f"/v1/schema/{foreign.id}"),
        await native.post(f"/v1/schema/{foreign.id}/restore"),
        await native.put(f"/v1/mappings/{mapping.id}", json={"variable": "x", "key": "city"}),
        await native.post(f"/v1/mappings/{mapping.id}/disable"),
        await native.post(f"/v1/mappings/{mapping.id}/enable"),
        await native.delete(f"/v1/mappings/{mapping.id}"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


# ---- Mappings


async def pops(native: httpx.AsyncClient, **variables: str) -> str:
    match: str = (await native.post("/v1/screenpop", json={"variables": variables})).json()["match"]
    return match


async def test_a_mapping_is_made_changed_disabled_enabled_and_removed(native: httpx.AsyncClient) -> None:
    await save(native, customer_id="900", customer_number="c-1")
    (built_in,) = (await native.get("/v1/mappings")).json()["items"]
    assert (built_in["variable"], built_in["key"], built_in["built_in"]) == ("ani", "phone", True)
    asked = {"variable": "callVariable3", "key": "customer_number"}
    made = await native.post("/v1/mappings", json=asked)
    assert made.status_code == 201
    assert (await native.post("/v1/mappings", json=asked)).status_code == 200
    path = f"/v1/mappings/{made.json()['id']}"
    assert await pops(native, callVariable3="c-1") == "one"
    assert (await native.post(f"{path}/disable")).json()["enabled"] is False
    assert await pops(native, callVariable3="c-1") == "none"
    assert [each["enabled"] for each in (await native.get("/v1/mappings")).json()["items"]] == [True, False]
    assert (await native.post(f"{path}/enable")).json()["enabled"] is True
    assert await pops(native, callVariable3="c-1") == "one"
    changed = await native.put(path, json={"variable": "callVariable4", "key": "customer_id"})
    assert (changed.json()["variable"], changed.json()["key"]) == ("callvariable4", "customer_id")
    assert await pops(native, callVariable4="900") == "one"
    assert (await native.delete(path)).status_code == 200
    assert (await native.delete(path)).status_code == 404
    changes = (await native.get("/v1/changes", params={"entity": "mapping"})).json()["items"]
    assert len(changes) == 5


async def test_a_mapping_to_nothing_is_told(native: httpx.AsyncClient) -> None:
    answer = await native.post("/v1/mappings", json={"variable": "x", "key": "no_such_attribute"})
    assert (answer.status_code, answer.json()["field"]) == (422, "key")
