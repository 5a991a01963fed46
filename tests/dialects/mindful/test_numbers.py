"""What Mindful's number rule does to what everybody else sees of a data set."""

from __future__ import annotations

import time

import httpx
import pytest


@pytest.mark.parametrize(
    "spelling", ["330-555-0147", "(330) 555-0147", "+1 330 555 0147", "13305550147", "0113305550147", "330.555.0147"]
)
async def test_a_data_set_is_seen_natively_however_its_number_is_spelled(
    spelling: str, mindful: httpx.AsyncClient, native: httpx.AsyncClient
) -> None:
    body = {"customer_contact_number": "+13305550147", "data_values": {"Callid": "c-1"}}
    submitted = await mindful.post("/api/v1/data_sets", json=body)
    assert submitted.status_code == 200
    (found,) = (await native.get("/v1/lookup", params={"phone": "330-555-0147"})).json()["data_sets"]
    assert list(found) == ["template", "number", "values", "expires_at", "ecbt"]
    assert (found["template"], found["number"], found["values"]) == (
        "Inbound IVR context",
        "13305550147",
        {"Callid": "c-1"},
    )
    if not spelling.startswith("011"):
        assert (await native.get("/v1/datasets", params={"number": spelling})).json()["items"][0][
            "number"
        ] == "13305550147"


async def test_a_native_submission_is_found_through_mindful(
    mindful: httpx.AsyncClient, native: httpx.AsyncClient
) -> None:
    body = {"template": "Inbound IVR context", "number": "330-555-0147", "values": {"AccNum": "A-1", "more": "x"}}
    assert (await native.post("/v1/datasets", json=body)).status_code == 201
    found = await mindful.get("/api/v1/data_sets/search?customer_contact_number=3305550147")
    assert found.json()["AccNum"] == "A-1"
    assert "more" not in found.json(), "a key that the template lacks"


async def test_an_absurd_number_costs_no_time(mindful: httpx.AsyncClient) -> None:
    began = time.perf_counter()
    for number in ("+" * 60_000, "+" * 60_000 + "1", "%20" * 20_000 + "7", "x" * 60_000):
        for query in (f"customer_contact_number={number}", f"{number}=1", number):
            answer = await mindful.get(f"http://ringbook.example/api/v1/data_sets/search?{query}")
            assert answer.status_code == 404
    for number in ("1" * 900_000, "+" * 900_000, "(" * 900_000 + "330-555-0147", "a1" * 400_000):
        answer = await mindful.post("/api/v1/data_sets", json={"customer_contact_number": number})
        assert answer.status_code in (200, 400)
    assert time.perf_counter() - began < 15, "and no more than in proportion to its length"
