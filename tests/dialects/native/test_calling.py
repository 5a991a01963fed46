"""Lists, records and campaigns, and what a call attempt does to them."""

from __future__ import annotations

import httpx

FIELDS = [
    {"name": "Id", "key": True},
    {"name": "First name", "type": "FIRST_NAME"},
    {"name": "Phone", "type": "PHONE"},
]
RECORD = {"Id": "1", "First name": "Ilse", "Phone": "330-555-0147"}


async def test_a_record_that_is_added_rings_back_with_its_campaigns(native: httpx.AsyncClient) -> None:
    assert (await native.post("/v1/lists", json={"name": "meters.csv", "fields": FIELDS})).status_code == 201
    campaign = (await native.post("/v1/campaigns", json={"name": "Meters", "lists": ["meters.csv"]})).json()
    added = (await native.post("/v1/lists/meters.csv/records", json={"fields": RECORD})).json()
    (open_record,) = (await native.get("/v1/lookup", params={"phone": "+1 330 555 0147"})).json()["campaign_records"]
    assert open_record["campaign"] == {"id": campaign["id"], "name": "Meters"}
    assert open_record["list"] == {"id": added["list_id"], "name": "meters.csv"}
    assert (open_record["status"], open_record["tries"], open_record["next_try_at"]) == ("new", 0, None)


async def test_a_final_attempt_closes_the_record(native: httpx.AsyncClient) -> None:
    await native.post("/v1/lists/leads.csv/records", json={"fields": {"id": 1, "Phone": "330-555-0147"}})
    report = {"campaign": "Spring", "list": "leads.csv", "key": {"id": "1"}, "outcome": "answered", "final": True}
    reported = await native.post("/v1/attempts", json=report)
    assert (reported.status_code, reported.json()["record"]["status"]) == (201, "completed")
    found = (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()
    assert found["campaign_records"] == []
    assert [leg["outcome"] for call in found["interactions"] for leg in call["legs"]] == ["answered"]


async def test_a_taken_key_is_a_conflict_and_a_missing_one_is_named(native: httpx.AsyncClient) -> None:
    await native.post("/v1/lists", json={"name": "meters.csv", "fields": FIELDS})
    assert (await native.post("/v1/lists/meters.csv/records", json={"fields": RECORD})).status_code == 201
    assert (await native.post("/v1/lists/meters.csv/records", json={"fields": RECORD})).status_code == 409
    without = await native.post("/v1/lists/meters.csv/records", json={"fields": {"Phone": "330-555-0148"}})
    assert (without.status_code, without.json()["field"]) == (422, "id")


async def test_records_are_read_on_from_a_position(native: httpx.AsyncClient) -> None:
    for n in range(3):
        await native.post("/v1/lists/leads.csv/records", json={"fields": {"id": n, "Phone": f"330-555-014{n}"}})
    first = (await native.get("/v1/lists/leads.csv/records", params={"limit": 2})).json()
    rest = (await native.get("/v1/lists/leads.csv/records", params={"from": first["next_from"]})).json()
    assert [item["fields"]["id"] for item in first["items"] + rest["items"]] == ["0", "1", "2"]
    assert rest["next_from"] is None


async def test_a_campaign_starts_and_stops_and_shows_its_lists(native: httpx.AsyncClient) -> None:
    made = (await native.post("/v1/campaigns", json={"name": "Meters", "lists": ["leads.csv"]})).json()
    assert [bound["name"] for bound in made["lists"]] == ["Meters", "leads.csv"]
    assert (await native.post(f"/v1/campaigns/{made['id']}/start")).json()["state"] == "running"
    assert (await native.post("/v1/campaigns/Meters/stop")).json()["state"] == "stopped"
    listed = (await native.get("/v1/campaigns")).json()["items"]
    assert [(campaign["name"], campaign["state"]) for campaign in listed] == [
        ("Spring", "running"),
        ("Meters", "stopped"),
    ]


async def test_an_id_of_any_length_is_answered(native: httpx.AsyncClient) -> None:
    for unknown in ("0" * 5000, "9" * 19, "9" * 20, "unknown.csv"):
        assert (await native.get(f"/v1/lists/{unknown}/records")).status_code == 404


async def test_a_campaign_over_an_unknown_list_is_not_made(native: httpx.AsyncClient) -> None:
    refused = await native.post("/v1/campaigns", json={"name": "Meters", "lists": ["unknown.csv"]})
    assert refused.status_code == 404
    assert [campaign["name"] for campaign in (await native.get("/v1/campaigns")).json()["items"]] == ["Spring"]


async def test_a_list_is_read_laid_out_anew_and_deleted(native: httpx.AsyncClient) -> None:
    key, phone = {"name": "id", "type": "OTHER", "key": True}, {"name": "Phone", "type": "PHONE"}
    made = (await native.post("/v1/lists", json={"name": "leads", "fields": [key, phone]})).json()
    path = f"/v1/lists/{made['id']}"
    assert (await native.get(path)).json() == (await native.get("/v1/lists/leads")).json() == made
    await native.post(f"{path}/records", json={"fields": {"id": "1", "Phone": "330-555-0147"}})
    changed = await native.put(path, json={"fields": [key, phone, {"name": "City", "type": "OTHER"}]})
    assert (changed.status_code, [field["name"] for field in changed.json()["fields"]]) == (
        200,
        ["id", "Phone", "City"],
    )
    assert (await native.put(path, json={"fields": [phone]})).status_code == 409
    gone = await native.delete(path)
    assert (gone.status_code, gone.json()) == (200, changed.json())
    assert (await native.get(path)).status_code == 404
    assert len((await native.get("/v1/contacts")).json()["items"]) == 1
    own = (await native.get("/v1/campaigns/7224")).json()["lists"][0]["id"]
    assert (await native.delete(f"/v1/lists/{own}")).status_code == 409
