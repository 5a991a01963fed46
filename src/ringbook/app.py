"""Settings → database → core → dialects and background: one ASGI app. The only module that knows all the others."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from types import FrameType

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbook.background.events import Gatherer, forget_events, listen
from ringbook.background.expire import sweep_answers, sweep_expired, sweep_keys, sweep_numbers, sweep_sessions
from ringbook.background.imports import Importers
from ringbook.background.loop import every
from ringbook.background.webhooks import Deliverer
from ringbook.console import console
from ringbook.core import exchanges
from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.dialects import ALL
from ringbook.domain.problems import Problem
from ringbook.settings import Settings
from ringbook.store import (
    caller_name,
    campaign_records,
    contact_search,
    credentials,
    datasets,
    directory,
    lists,
    lookup,
)
from ringbook.store.database import Connecting, Database
from ringbook.web.exchanges import Exchanges
from ringbook.web.front import Front
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog, configure_logging
from ringbook.web.metrics import Metrics
from ringbook.web.proxies import behind, networks
from ringbook.web.worker import Worker

log = structlog.get_logger()

HOT = (
    *directory.HOT,
    *credentials.HOT,
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
_EVENTS_SECONDS = 300.0
_ANSWERS_SECONDS = 300.0
_COUNTS_SECONDS = 1.0
_IMPORTS_SECONDS = 0.5
_OLD_IMPORTS_SECONDS = 3600.0
_EXCHANGES_SECONDS = 0.5


def open_core(dsn: str, pool: int = 8, passwords: Passwords | None = None) -> Core:
    """A core over a database that is not connected yet: `await core.database.open()`."""
    return Core(Database(Connecting(dsn, pool=pool), HOT), passwords)


def build_front(worker: Worker) -> Front:
    """The console and all dialects over one core."""
    return Front((console(ALL), *ALL), worker)


def collect_seldom() -> None:
    """Have what was made until now stay for good, and what comes be looked through seldom.

    Looking through all of it again and again would make callers wait. A batch makes a million things and hardly a
    circle: as often as usual, looking costs a quarter of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


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
            Exchanges(core) if settings.exchanges else None,
        )
        await core.database.open()
        await core.warm()
        self._front = build_front(worker)
        if settings.trusted_proxies:
            self._front = behind(self._front, networks(settings.trusted_proxies))
        collect_seldom()
        _on_sigterm(core.hub.end)
        # Without the key nothing can be signed.
        allowed = networks(settings.webhook_private_networks)
        delivering = [] if core.passwords is None else [Deliverer(core.database, core.passwords, allowed)]
        kept = timedelta(days=settings.events_days)
        importers = Importers(core.database, settings.dsn)
        background = [
            asyncio.create_task(Gatherer(core.database).run()),
            asyncio.create_task(listen(core.database, core.hub.wake, *(each.wake for each in delivering))),
            *(asyncio.create_task(each.run()) for each in delivering),
            asyncio.create_task(core.hub.run()),
            asyncio.create_task(core.hub.watch()),
            asyncio.create_task(every(_EVENTS_SECONDS, "events", lambda: forget_events(core.database, kept))),
            asyncio.create_task(every(_SWEEP_SECONDS, "expire", lambda: sweep_expired(core.database))),
            asyncio.create_task(every(_KEYS_SECONDS, "keys", lambda: sweep_keys(core.database))),
            asyncio.create_task(every(_KEYS_SECONDS, "numbers", lambda: sweep_numbers(core.database))),
            asyncio.create_task(every(_ANSWERS_SECONDS, "answers", lambda: sweep_answers(core.database))),
            asyncio.create_task(every(_COUNTS_SECONDS, "counts", worker.metrics.flush)),
            asyncio.create_task(every(_IMPORTS_SECONDS, "imports", importers.look)),
            asyncio.create_task(every(_OLD_IMPORTS_SECONDS, "old imports", importers.sweep)),
            asyncio.create_task(every(_KEYS_SECONDS, "sessions", lambda: sweep_sessions(core.database))),
            asyncio.create_task(every(_KEYS_SECONDS, "exchanges", lambda: exchanges.sweep(core.database))),
        ]
        if worker.exchanges is not None:
            background.append(asyncio.create_task(every(_EXCHANGES_SECONDS, "kept", worker.exchanges.flush)))
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


def _on_sigterm(act: Callable[[], None]) -> None:
    """Do this too, and first, when the worker is told to stop: the server waits for every answer to end."""
    before = signal.getsignal(signal.SIGTERM)
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, handle)
    signal.siginterrupt(signal.SIGTERM, False)


def load(settings: Settings) -> App:
    """What a worker process serves."""
    return App(settings)
