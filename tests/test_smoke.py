from __future__ import annotations

import httpx


async def test_a_caller_is_found(native: httpx.AsyncClient) -> None:
    made = await native.post("/v1/contacts", json={"attributes": {"first_name": "Ilse", "phone1": "330-555-0147"}})
    assert made.status_code == 201, made.text
    found = (await native.get("/v1/lookup", params={"phone": "+1 (330) 555-0147"})).json()
    assert [c["id"] for c in found["contacts"]] == [made.json()["id"]]
