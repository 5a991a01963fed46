"""Running something again and again: it survives its own failures, and stops when it is told to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from ringbook.domain.problems import Unavailable

log = structlog.get_logger()


async def every(seconds: float, name: str, work: Callable[[], Awaitable[object] | None]) -> None:
    """Do `work` about every so many seconds until cancelled; about, so that workers do not all sweep at once."""
    while True:
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        try:
            working = work()
            if working is not None:
                await working
        except Unavailable:
            log.warning("background work waits for the database", work=name)
        except Exception:
            log.exception("bug", work=name)
