"""A fresh operation of wolkvox's, and the words that its tests share."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from tests.conftest import NATIVE_KEY, workspace_of
from tests.dialects.wolkvox.promises import TOKEN

CAMPAIGN = "/api/v2/campaign.php"
SPRING = "7224"

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def wolkvox(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    """The router for the fresh tenant's wolkvox token."""
    return httpx.AsyncClient(
        transport=router._transport,
        base_url=router.base_url,
        headers={"wolkvox-token": TOKEN.format(slug=records.tenant.slug)},
    )


@pytest.fixture
def manager(wolkvox: httpx.AsyncClient) -> Ask:
    """Asks a script for an operation: `await manager("GET", "reports_manager", "cdr_1", …)`."""

    async def ask(method: str, script: str, api: str, body: Any = None, **query: str) -> httpx.Response:
        return await wolkvox.request(method, f"/api/v2/{script}.php", params={"api": api, **query}, json=body)

    return ask


@pytest.fixture
def campaign(wolkvox: httpx.AsyncClient) -> Ask:
    """Asks campaign.php for an operation."""

    async def ask(method: str, api: str, body: Any = None, **query: str) -> httpx.Response:
        return await wolkvox.request(method, CAMPAIGN, params={"api": api, **query}, json=body)

    return ask


_numbers = itertools.count(1)


class Operation:
    """A wolkvox operation of a test's own: its records, and requests with its token."""

    def __init__(self, router: httpx.AsyncClient, records: Records, token: str) -> None:
        self._router = router
        self._token = token
        self.records = records

    async def ask(
        self, method: str, api: str, body: Any = None, script: str = CAMPAIGN, **query: str
    ) -> httpx.Response:
        headers = {"wolkvox-token": self._token}
        return await self._router.request(method, script, params={"api": api, **query}, json=body, headers=headers)


MakeOperation = Callable[..., Awaitable[Operation]]


@pytest.fixture
def operation(core: Core, passwords: Passwords, router: httpx.AsyncClient) -> MakeOperation:
    """Makes an operation with so many licences, and more lines of workspace file."""

    async def make(licences: int = 100, more: str = "") -> Operation:
        slug = f"operation-{next(_numbers)}"
        text = workspace_of(slug).replace("wolkvox_licences = 100", f"wolkvox_licences = {licences}")
        await apply(core, passwords, read_workspace(f"{text}\n{more}\n"))
        records = await core.authenticate("native", NATIVE_KEY.format(slug=slug))
        return Operation(router, records, TOKEN.format(slug=slug))

    return make


async def load(ask: Ask, *rows: dict[str, str], campaign_id: str = SPRING, status: str = "") -> None:
    """Load records; all of them must be good."""
    query = {"campaign_status": status} if status else {}
    answer = await ask("POST", "add_record", list(rows), type_campaign="predictive", campaign_id=campaign_id, **query)
    assert answer.json()["msg"] == "All records has been added successfully", answer.text


async def found(ask: Ask, **query: str) -> list[dict[str, str]]:
    """The rows of find_record; none where it answers 404."""
    answer = await ask("GET", "find_record", **query)
    assert answer.status_code in (200, 404), answer.text
    rows: list[dict[str, str]] = answer.json().get("data", [])
    return rows


async def results(ask: Ask, campaign_id: str = SPRING) -> dict[str, str]:
    """The results of a campaign's records, by customer."""
    return {row["customer_id"]: row["result"] for row in await found(ask, campaign_id=campaign_id)}


def record(customer: str, tel1: str = "", **more: str) -> dict[str, str]:
    return {"customer_name": "Ines", "customer_last_name": "Prada", "customer_id": customer, "tel1": tel1} | more


def told(answer: httpx.Response, status: int) -> Any:
    """The envelope, of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()
