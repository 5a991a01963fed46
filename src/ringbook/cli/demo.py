"""The demo."""

from __future__ import annotations

from ringbook.core.access import Core
from ringbook.core.passwords import Passwords


async def load_demo(core: Core, passwords: Passwords) -> None:
    return None


def sample_calls(url: str) -> list[str]:
    return []
