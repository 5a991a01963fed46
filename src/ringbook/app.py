"""Settings → database → core → dialects and background: one ASGI app. The only module that knows all the others."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbook.background.expire import sweep_expired, sweep_keys
from ringbook.background.loop import every
from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.dialects import ALL
from ringbook.domain.problems import Problem
from ringbook.settings import Settings
from ringbook.store import caller_name, campaign_records, contact_search, datasets, directory, lists, lookup
from ringbook.store.database import Connecting, Database
from ringbook.web.front import Front
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog, configure_logging
from ringbook.web.metrics import Metrics
from ringbook.web.proxies import behind, networks
from ringbook.web.worker import Worker

log = structlog.get_logger()

HOT = (
    *directory.HOT,
    *lookup.HOT,
    *caller_name.HOT,
    *datasets.HOT,
    *campaign_records.HOT,
    *lists.HOT,
    *contact_search.HOT,
)
"""The statements that every read lane has prepared."""

_SWEEP_SECONDS = 30.0
_KEYS_SECONDS = 60.0
_COUNTS_SECONDS = 1.0


def open_core(dsn: str, pool: int = 8, passwords: Passwords | None = None) -> Core:
    """A core over a database that is not connected yet: `await core.database.open()`."""
    return Core(Database(Connecting(dsn, pool=pool), HOT), passwords)


def build_front(worker: Worker) -> Front:
    """All dialects over one core."""
    return Front(ALL, worker)


class App:
    """One worker's ASGI app, with its lifespan."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._front: ASGIApp | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            assert self._front is not None, "requests come after startup"
            return self._front(scope, receive, send)
        return self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self._running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception:
            log.exception("worker cannot start")
            await send({"type": "lifespan.startup.failed"})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        settings = self._settings
        configure_logging()
        core = open_core(settings.dsn, passwords=None if settings.key is None else Passwords(settings.key))
        worker = Worker(
            core,
            SharedLimits(settings.run, settings.workers),
            RequestLog(settings.log_descriptor),
            Metrics(settings.run),
        )
        await core.database.open()
        await core.warm()
        self._front = build_front(worker)
        if settings.trusted_proxies:
            self._front = behind(self._front, networks(settings.trusted_proxies))
        # What was made until now stays for good. Looking through it again and again would make callers wait.
        gc.collect()
        gc.freeze()
        background = [
            asyncio.create_task(every(_SWEEP_SECONDS, "expire", lambda: sweep_expired(core.database))),
            asyncio.create_task(every(_KEYS_SECONDS, "keys", lambda: sweep_keys(core.database))),
            asyncio.create_task(every(_COUNTS_SECONDS, "counts", worker.metrics.flush)),
        ]
        (settings.run / f"ready-{os.getpid()}").touch()
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            worker.metrics.flush()
            worker.log.flush()
            with suppress(Problem):  # without the database there is nobody to give anything back to
                await worker.limits.rations.close(core)
            await core.database.close()


def load(settings: Settings) -> App:
    """What a worker process serves."""
    return App(settings)
