"""A telephone system that asks who calls."""

from __future__ import annotations

import httpx
import pytest

from ringbook.core.access import Records
from tests.dialects.callerid.promises import CALLERID_KEY


class Pbx:
    """Asks with its tenant's key in the URL, as most telephone systems must."""

    def __init__(self, router: httpx.AsyncClient, records: Records) -> None:
        self._router = router
        self.key = CALLERID_KEY.format(slug=records.tenant.slug)

    async def asks(self, query: str) -> httpx.Response:
        """The answer to this query string, as it stands on the wire; whatever happens, it is a 200."""
        answer = await self._router.get(f"http://ringbook.example/callerid?key={self.key}&{query}")
        assert answer.status_code == 200
        return answer

    async def shows(self, query: str) -> str:
        """The name that is shown."""
        answer = await self.asks(query)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return answer.text


@pytest.fixture
def pbx(router: httpx.AsyncClient, records: Records) -> Pbx:
    return Pbx(router, records)
