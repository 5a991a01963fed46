"""What the native API's tests share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Saved = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def save(native: httpx.AsyncClient) -> Saved:
    """Saves a contact with these attributes."""

    async def saved(**attributes: Any) -> dict[str, Any]:
        answer = await native.post("/v1/contacts", json={"attributes": attributes})
        assert answer.status_code in (200, 201), answer.text
        contact: dict[str, Any] = answer.json()
        return contact

    return saved
