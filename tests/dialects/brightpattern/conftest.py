"""Bright Pattern's clients, signed in as the fresh tenant's user who may manage lists."""

from __future__ import annotations

import httpx
import pytest

from ringbook.core.access import Records
from tests.dialects.brightpattern.signing_in import Token, digest


@pytest.fixture
def old(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    """3.x, below the tenant's path."""
    slug = records.tenant.slug
    return httpx.AsyncClient(
        transport=router._transport, base_url=f"http://ringbook.example/admin/ws/t/{slug}", auth=digest(slug)
    )


@pytest.fixture
def v2(router: httpx.AsyncClient, records: Records) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=router._transport,
        base_url="http://ringbook.example/configapi/v2",
        auth=Token(records.tenant.slug),
    )
