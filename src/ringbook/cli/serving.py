"""Running the server: the database first, then the worker processes, then the sentence that all of them accept."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import typer
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from ringbook.app import load
from ringbook.cli.place import Place, bring_up_to_date
from ringbook.domain.problems import Invalid
from ringbook.settings import Settings

_START_SECONDS = 60.0


def run(
    place: Place,
    host: str,
    port: int,
    workers: int,
    prepare: Callable[[str], None],
    announce: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until SIGTERM or SIGINT. `prepare` gets the connection string before workers start, `announce` the URL."""
    with ExitStack() as stack:
        chosen = _free_port(host, port)
        dsn = stack.enter_context(place.reached(serving=True))
        asyncio.run(bring_up_to_date(dsn))
        prepare(dsn)
        run_folder = Path(tempfile.mkdtemp(prefix="ringbook-"))
        stack.callback(shutil.rmtree, run_folder, ignore_errors=True)
        settings = Settings(dsn=dsn, host=host, port=chosen, workers=workers, run=run_folder)
        threading.Thread(target=_announce, args=(settings, announce), daemon=True).start()
        _serve(settings)


def _serve(settings: Settings) -> None:
    server = Server(
        "ringbook",
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop if sys.platform != "win32" else Loops.auto,
        websockets=False,
        log_enabled=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=15,
        backpressure=512,
    )
    server.serve(target_loader=partial(load, settings), wrap_loader=False)


def _announce(settings: Settings, announce: Callable[[str], None]) -> None:
    """Say that it is ready once every worker accepts."""
    deadline = time.monotonic() + _START_SECONDS
    while len(list(settings.run.glob("ready-*"))) < settings.workers:
        if time.monotonic() > deadline:
            typer.echo("The workers did not start within a minute; their log says why.", err=True)
            return
        time.sleep(0.01)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    typer.echo(f"Ringbook is ready at {url}")
    announce(url)
    sys.stdout.flush()


def _free_port(host: str, port: int) -> int:
    """The port to serve on, a free one for 0. Invalid if it is taken or the address is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
            return found
    except OSError as error:
        raise Invalid(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
