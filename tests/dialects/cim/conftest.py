"""What tests of CIM share: its client, and one for a tenant with switches of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from tests.conftest import workspace_of
from tests.dialects.cim.promises import CIM_KEY
from tests.dialects.promised import bearer

Switched = Callable[..., Awaitable[httpx.AsyncClient]]


def client_of(router: httpx.AsyncClient, slug: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=router._transport, base_url=router.base_url, auth=bearer(CIM_KEY.format(slug=slug))
    )


@pytest.fixture
async def cim(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    """The router for the fresh tenant's cim key."""
    return client_of(router, records.tenant.slug)


@pytest.fixture
async def switched(router: httpx.AsyncClient, records: Records, core: Core, passwords: Passwords) -> Switched:
    """The same after the tenant has been given these switches."""

    async def switch(**switches: object) -> httpx.AsyncClient:
        table = "".join(f"{name} = {_toml(value)}\n" for name, value in switches.items())
        text = f"{workspace_of(records.tenant.slug)}\n[cim]\n{table}"
        await apply(core, passwords, read_workspace(text))
        core._admitted.clear()  # what it had before is believed for half a second
        return client_of(router, records.tenant.slug)

    return switch


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


async def saved(client: httpx.AsyncClient, **attributes: Any) -> dict[str, Any]:
    """A contact that saveContact has made or overwritten."""
    answer = await client.post("/saveContact", json=attributes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def searched(client: httpx.AsyncClient, **criteria: Any) -> list[str]:
    """The ids of a search."""
    answer = await client.post("/contacts/getContactsBySearchTerms", json=criteria)
    assert answer.status_code == 200, answer.text
    return [contact["_id"] for contact in answer.json()]


async def leg(client: httpx.AsyncClient, root: str = "c-1", ani: str = "", /, **fields: Any) -> dict[str, Any]:
    """A leg that was posted, as it is answered."""
    body = {"interaction": fields, "call_Id": root, "ani": ani}
    answer = await client.post(f"/interactions/updateOrSaveInteractionTree/{root}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def calls_of(client: httpx.AsyncClient, contact: dict[str, Any], **query: Any) -> Any:
    answer = await client.get(f"/interactions/loadInteractions/{contact['_id']}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
