"""What a tenant may have otherwise (D-M2)."""

from __future__ import annotations

import httpx
import pytest

from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from tests.conftest import MINDFUL_TOKEN, workspace_of


@pytest.mark.parametrize(
    ("table", "status"),
    [
        ("", 200),
        ("refuse_unknown_keys = false", 200),
        ("refuse_unknown_keys = true", 400),
        ('refuse_unknown_keys = "x"', 409),
        ("no_such = 1", 409),
    ],
)
async def test_a_data_key_that_the_template_lacks(
    core: Core, passwords: Passwords, router: httpx.AsyncClient, table: str, status: int
) -> None:
    slug = f"mindful-switch-{abs(hash(table))}"
    await apply(core, passwords, read_workspace(f"{workspace_of(slug)}\n[mindful]\n{table}\n"))
    headers = {"authorization": f"Bearer {MINDFUL_TOKEN.format(slug=slug)}"}
    body = {"customer_contact_number": "330-555-0147", "data_values": {"Callid": "c-1", "Tier": "gold"}}
    answer = await router.post("/api/v1/data_sets", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found = await router.get(
        "/api/v1/data_sets/search", params={"customer_contact_number": "330-555-0147"}, headers=headers
    )
    assert found.status_code == (200 if status == 200 else 404)
