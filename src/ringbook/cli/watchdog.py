"""Keeping the embedded PostgreSQL alive: if it dies under the server, it is started again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from ringbook.store.embedded import EmbeddedProblem, EmbeddedServer

log = structlog.get_logger()

_LOOK_SECONDS = 0.2
_AFTER_FAILURE_SECONDS = 5.0


@contextmanager
def kept_alive(server: EmbeddedServer) -> Iterator[None]:
    """While the block runs, a PostgreSQL that ends is back within a second or as soon as its journal is replayed."""
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(server, over), name="watchdog", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _watch(server: EmbeddedServer, over: threading.Event) -> None:
    while not over.wait(_LOOK_SECONDS):
        if server.pid is not None:
            continue
        try:
            if server.revive():
                log.warning("PostgreSQL had ended and was started again", pid=server.pid)
        except (EmbeddedProblem, OSError) as problem:
            log.error("PostgreSQL has ended and does not start", reason=str(problem))
            over.wait(_AFTER_FAILURE_SECONDS)
