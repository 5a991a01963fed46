"""Batches of contacts and records: each item is answered for itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from tests.core.cast import everybody, lead


async def send(native: httpx.AsyncClient, path: str, *items: Any, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await native.post(path, json={"items": items}, headers=headers)


async def test_contacts_are_each_saved_or_refused(native: httpx.AsyncClient, records: Records) -> None:
    known = (await native.post("/v1/contacts", json={"attributes": {"customer_id": "1"}})).json()
    answer = await send(
        native,
        "/v1/contacts/batch",
        {"attributes": {"customer_id": "1", "city": "Akron"}},
        {"attributes": {"shoe_size": "44"}},
        {"attributes": {"customer_id": "2"}},
    )
    told = answer.json()
    assert (answer.status_code, told["refused"]) == (200, 1)
    assert [item["status"] for item in told["items"]] == [200, 422, 201]
    assert told["items"][0] == {"status": 200, "id": known["id"]}
    assert told["items"][1]["problem"]["field"] == "shoe_size"
    assert {contact.id for contact in await everybody(records)} == {known["id"], told["items"][2]["id"]}


async def test_records_are_each_added_or_refused(native: httpx.AsyncClient) -> None:
    path = "/v1/lists/leads.csv/records"
    items = [{"fields": lead(n)} for n in (1, 2, 1)] + [{"fields": {"id": "4"}}, {"fields": lead(5)}]
    told = (await send(native, f"{path}/batch", *items)).json()
    assert [item["status"] for item in told["items"]] == [201, 201, 409, 422, 201]
    assert told["refused"] == 2
    listed = (await native.get(path)).json()["items"]
    assert [(each["id"], each["fields"]["id"]) for each in listed] == [
        (item["id"], str(n)) for item, n in zip(told["items"], (1, 2, 1, 4, 5), strict=True) if "id" in item
    ]


async def test_a_batch_that_is_sent_again_is_done_once(native: httpx.AsyncClient, records: Records) -> None:
    items = [{"attributes": {"city": "Akron"}}, {"attributes": {"shoe_size": "44"}}]
    first, again = [await send(native, "/v1/contacts/batch", *items, key="a") for _ in range(2)]
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await everybody(records)) == 1


@pytest.mark.parametrize("path", ["/v1/contacts/batch", "/v1/lists/leads.csv/records/batch"])
async def test_a_batch_has_some_items_and_not_too_many(native: httpx.AsyncClient, path: str) -> None:
    item: dict[str, Any] = {"attributes": {}} if "contacts" in path else {"fields": {}}
    most = 500 if "contacts" in path else 10_000
    for count in (0, most + 1):
        assert (await send(native, path, *[item] * count)).status_code == 422


async def test_lists_and_campaigns_come_in_pages(native: httpx.AsyncClient) -> None:
    for n in range(3):
        await native.post("/v1/lists", json={"name": f"list {n}", "fields": [{"name": "Phone", "type": "PHONE"}]})
        await native.post("/v1/campaigns", json={"name": f"campaign {n}"})
    for path, names in (
        ("/v1/lists", ["leads.csv", "list 0", "list 1", "list 2"]),
        ("/v1/campaigns", ["Spring", "campaign 0", "campaign 1", "campaign 2"]),
    ):
        seen: list[str] = []
        asked: dict[str, Any] = {"limit": 3}
        while True:
            page = (await native.get(path, params=asked)).json()
            seen += [item["name"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            asked["cursor"] = page["next_cursor"]
        assert seen == names


async def test_who_may_not_write_is_told_so_once(native: httpx.AsyncClient, router: httpx.AsyncClient) -> None:
    key = (await native.post("/v1/keys", json={"name": "reader", "scopes": ["read"]})).json()["secret"]
    body = {"items": [{"attributes": {"city": "Akron"}}] * 3}
    answer = await router.post("/v1/contacts/batch", json=body, headers={"authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:ringbook:problem:forbidden")
