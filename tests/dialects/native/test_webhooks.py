"""/v1/webhooks: made, changed, tried, and what was sent. How events are delivered is in tests/background."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.event import Place
from ringbook.domain.webhook import Outcome
from ringbook.store import webhooks as stored
from ringbook.store.webhooks import Tried
from tests.core.cast import save

BODY: dict[str, Any] = {"url": "https://crm.example/ringbook", "types": ["pop", "contact.changed"]}


async def made(native: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await native.post("/v1/webhooks", json=BODY | more)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_secret_is_told_once(native: httpx.AsyncClient) -> None:
    webhook = await made(native)
    assert webhook["secret"].startswith("whsec_")
    shown = {name: value for name, value in webhook.items() if name != "secret"}
    assert shown["types"] == ["contact.changed", "pop"]
    assert (await native.get("/v1/webhooks")).json() == {"items": [shown]}
    assert (await native.get(f"/v1/webhooks/{webhook['id']}")).json() == shown
    rotated = (await native.post(f"/v1/webhooks/{webhook['id']}/secret")).json()
    assert rotated == shown | {"secret": rotated["secret"]}
    assert rotated["secret"] != webhook["secret"]


async def test_what_is_given_is_changed_and_deleting_ends_it(native: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/{(await made(native))['id']}"
    changed = (await native.patch(path, json={"types": [], "enabled": False})).json()
    assert (changed["types"], changed["enabled"], changed["url"]) == ([], False, BODY["url"])
    assert (await native.post(f"{path}/ping")).status_code == 409
    assert (await native.patch(path, json={"enabled": True, "agent": "kim"})).json()["agent"] == "kim"
    assert (await native.post(f"{path}/ping")).status_code == 202
    assert (await native.delete(path)).status_code == 200
    assert (await native.get(path)).status_code == 404
    changes = (await native.get("/v1/changes?entity=webhook")).json()["items"]
    assert [(c["before"] is None, c["after"] is None) for c in changes][::3] == [(False, True), (True, False)]


async def test_what_a_url_keeps_secret_is_not_in_the_journal(native: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/{(await made(native, url='https://crm.example/T0/hush-1?token=hush-2'))['id']}"
    await native.patch(path, json={"url": "https://crm.example/hush-3"})
    await native.post(f"{path}/secret")
    await native.delete(path)
    told = (await native.get("/v1/changes?entity=webhook")).text
    assert "https://crm.example" in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "ftp://crm.example"), ("url", ""), ("types", ["Pop!"]), ("types", "pop"), ("url", "http://u:p@x.example")],
)
async def test_what_can_be_no_webhook_is_refused_by_field(native: httpx.AsyncClient, field: str, value: Any) -> None:
    answer = await native.post("/v1/webhooks", json=BODY | {field: value})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_dead_deliveries_are_listed_page_by_page_and_replayed(
    native: httpx.AsyncClient, core: Core, records: Records
) -> None:
    webhook = await made(native)
    tenant_id, webhook_id = records.tenant.id, webhook["id"]
    ids = [(await save(records, customer_id=str(n))).id for n in range(5)]
    async with core.database.transaction() as tx:
        assert await stored.hold(tx, tenant_id, webhook_id, "me", 60)
        events = [_Event(Place(1, each), f"contact {each}") for each in ids]
        await stored.enqueue(tx, tenant_id, webhook_id, "me", events, Place(1, ids[-1]))  # type: ignore[arg-type]
        refused = Outcome(status=500)
        await stored.note(tx, tenant_id, webhook_id, "me", [Tried(each, "dead", refused, None) for each in ids[1:]])
    path = f"/v1/webhooks/{webhook_id}"
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await native.get(f"{path}/deliveries?state=dead&limit=2{cursor}")).json()
        seen += [each["event_id"] for each in page["items"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen == sorted(ids[1:], reverse=True)
    first = (await native.get(f"{path}/deliveries?state=waiting")).json()["items"]
    assert [(each["event_id"], each["state"], each["tries"]) for each in first] == [(ids[0], "waiting", 0)]
    assert (await native.post(f"{path}/replay", json={"event_ids": [ids[1], ids[0]]})).json() == {"replayed": 1}
    assert (await native.post(f"{path}/replay", json={})).json() == {"replayed": 3}
    assert len((await native.get(f"{path}/deliveries?state=waiting")).json()["items"]) == 5


async def test_another_tenants_webhook_is_missing(native: httpx.AsyncClient, other: Records) -> None:
    theirs = (await other.webhooks.create(BODY["url"])).webhook
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("POST", "/ping", None),
        ("GET", "/deliveries", None),
        ("POST", "/replay", {}),
    ):
        foreign = await native.request(method, f"/v1/webhooks/{theirs.id}{path}", json=body)
        unknown = await native.request(method, f"/v1/webhooks/1{path}", json=body)
        assert (foreign.status_code, foreign.content) == (404, unknown.content)


class _Event:
    def __init__(self, place: Place, subject: str) -> None:
        self.place = place
        self.subject = subject
        self.type = "contact.created"
