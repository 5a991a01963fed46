"""A browser's view of the console: the real router, a session's cookie, forms with their token."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.web.session import COOKIE

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class Visitor:
    """Somebody who is signed in, and sends forms as a browser does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.token = ""

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/console{path}", params=query or None)

    async def read(self, path: str, **query: Any) -> str:
        """A page that must be there, as text without its entities."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    async def send(self, path: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        if not self.token:
            found = _TOKEN.search((await self.get("/account")).text)
            assert found is not None
            self.token = found[1]
        return await self.client.post(f"/console{path}", data={"form_token": self.token} | dict(fields or {}))

    async def done(self, path: str, fields: Mapping[str, Any] | None = None) -> str:
        """Send a form that must do its work; where it leads."""
        answer = await self.send(path, fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


async def sign_in(router: httpx.AsyncClient, core: Core, records: Records, login: str) -> Visitor:
    """The user of this login, signed in by a link."""
    link = await core.sessions.make_link(records.tenant.slug, login)
    client = httpx.AsyncClient(transport=router._transport, base_url=router.base_url)
    answer = await client.get("/console/link", params={"link": link})
    assert answer.status_code == 303, answer.text
    assert COOKIE in client.cookies
    return Visitor(client)


@pytest.fixture
async def admin(router: httpx.AsyncClient, core: Core, records: Records) -> AsyncIterator[Visitor]:
    yield await sign_in(router, core, records, "kim.lee")


@pytest.fixture
async def agent(router: httpx.AsyncClient, core: Core, records: Records) -> AsyncIterator[Visitor]:
    yield await sign_in(router, core, records, "sam.poe")
