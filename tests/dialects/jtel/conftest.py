"""A client of jtel's API."""

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

_numbers = itertools.count(1)


class Jtel:
    """Asks at the fresh tenant's base URL, with its token."""

    def __init__(self, router: httpx.AsyncClient, records: Records) -> None:
        self._client = httpx.AsyncClient(
            transport=router._transport,
            base_url=f"http://ringbook.example/rest/v1.0/{records.tenant.jtel_clients_id}/dialler",
            headers={"authorization": f"Bearer jtel-key-of-{records.tenant.slug}"},
        )

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return await self._client.request(method, path, **request)

    async def found(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The records of a 200."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert (told["status"], told["count"]) == (200, len(told["records"]))
        records: list[dict[str, Any]] = told["records"]
        return records

    async def imported(self, campaign: int = 7224, overwrite: bool = False, **columns: Any) -> dict[str, Any]:
        """The contact that an import answers with."""
        body = {"DiallerCampaignsID": campaign, "Name": "Bell", "PhoneNumber1": "13305550101"} | columns
        answer = await self.ask(
            "POST", "/contacts/import", params={"overwriteDuplicates": str(overwrite).lower()}, json=body
        )
        assert answer.status_code == 200, answer.text
        contact: dict[str, Any] = answer.json()["records"][0]
        return contact


@pytest.fixture
def jtel(router: httpx.AsyncClient, records: Records) -> Jtel:
    return Jtel(router, records)


Switched = Callable[[str], Awaitable[tuple[Records, Jtel]]]


@pytest.fixture
def switched(core: Core, passwords: Passwords, router: httpx.AsyncClient) -> Switched:
    """Makes a tenant with these lines in its table [jtel]; its records and a client."""

    async def make(table: str) -> tuple[Records, Jtel]:
        slug = f"jtel-switched-{next(_numbers)}"
        await apply(core, passwords, read_workspace(f"{workspace_of(slug)}\n[jtel]\n{table}\n"))
        records = await core.authenticate("native", NATIVE_KEY.format(slug=slug))
        return records, Jtel(router, records)

    return make
