"""Running the server: the database first, then the worker processes, then the sentence that all of them accept."""

from __future__ import annotations

import asyncio
import errno
import http.client
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import typer
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from ringbook.app import App, load
from ringbook.cli.place import Place, bring_up_to_date
from ringbook.domain.problems import Invalid, Problem
from ringbook.settings import Settings
from ringbook.web.log import configure_logging
from ringbook.web.proxies import networks

_START_SECONDS = 60.0
_PORT_SECONDS = 1.0
"""How long the workers of a killed Ringbook may still hold the port."""
_ORPHAN_SECONDS = 0.2
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where to knock at such an address


def run(
    place: Place,
    host: str,
    port: int,
    workers: int,
    prepare: Callable[[str], None],
    announce: Callable[[str], None] = lambda url: None,
    trusted_proxies: str = "",
    exchanges: bool = False,
    webhook_private_networks: str = "",
    events_days: float = 7.0,
) -> None:
    """Serve until SIGTERM or SIGINT. `prepare` gets the connection string before workers start, `announce` the URL."""
    proxies = tuple(str(network) for network in networks(trusted_proxies.split(",")))
    private = tuple(map(str, networks(webhook_private_networks.split(","), "private networks of webhooks")))
    structlog.reset_defaults()  # a command is quiet, a server is not
    configure_logging()
    with ExitStack() as stack:
        address, chosen = _free_port(host, port)
        dsn = stack.enter_context(place.reached(serving=True))
        asyncio.run(bring_up_to_date(dsn))
        prepare(dsn)
        run_folder = Path(tempfile.mkdtemp(prefix="ringbook-"))
        stack.callback(shutil.rmtree, run_folder, ignore_errors=True)
        settings = Settings(
            dsn,
            address,
            chosen,
            workers,
            run_folder,
            key=_key(place),
            trusted_proxies=proxies,
            exchanges=exchanges,
            webhook_private_networks=private,
            events_days=events_days,
        )
        url = f"http://{f'[{host}]' if ':' in host else host}:{chosen}"
        _serve(settings, lambda: _say_ready(url, announce))


def _key(place: Place) -> bytes | None:
    """The place's key. Without one, as where no file can be written, everything is served but users are not let in."""
    try:
        return place.key()
    except Invalid as problem:
        typer.echo(f"{problem.message} Users cannot sign in.", err=True)
        return None


class _Supervisor(MPServer):
    """granian's server, which ends when its terminal does, instead of starting its workers anew."""

    interrupt_signal: bool
    main_loop_interrupt: threading.Event

    def signal_handler_reload(self, *arguments: Any, **more: Any) -> None:
        self.end()

    def end(self) -> None:
        """Drain and stop, as SIGTERM does."""
        self.interrupt_signal = True
        self.main_loop_interrupt.set()


def _serve(settings: Settings, ready: Callable[[], None]) -> None:
    server = _Supervisor(
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
        backpressure=1024,  # connections, of which 400 may be streams
    )
    late = threading.Event()
    threading.Thread(target=_await_ready, args=(settings, server, ready, late), daemon=True).start()
    try:
        server.serve(target_loader=partial(_load_below, os.getpid(), settings), wrap_loader=False)
    except SystemExit:
        if not server.interrupt_signal:
            raise Problem("The worker processes ended again and again: the log above says why.") from None
    except OSError as error:
        raise Invalid(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from error
    if late.is_set():
        raise Problem("The workers did not start within a minute: the log above says why.")


def _load_below(supervisor: int, settings: Settings) -> App:
    """What a worker serves, for as long as its supervisor lives: nobody else would end it and free the port.

    It ends when the supervisor says so, with SIGTERM: at once while it is starting, and later after its requests. A
    terminal's ^C and end go to every process, and are the supervisor's to answer.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asyncio.get_event_loop().call_soon(_leave_interrupt)  # after granian, which is about to handle it
    threading.Thread(target=_end_with, args=(supervisor,), daemon=True).start()
    return load(settings)


def _leave_interrupt() -> None:
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(_ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _await_ready(settings: Settings, server: _Supervisor, ready: Callable[[], None], late: threading.Event) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while len(list(settings.run.glob("ready-*"))) < settings.workers:
        if time.monotonic() > deadline:
            late.set()
            server.end()
            return
        time.sleep(0.01)
    accepting: set[str] = set()
    while len(accepting) < settings.workers and time.monotonic() < deadline:
        try:
            accepting.add(_answering(settings))
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)
    if len(accepting) < settings.workers:
        late.set()
        server.end()
        return
    ready()


def _answering(settings: Settings) -> str:
    """Which worker answers a new connection: the kernel spreads them, and every worker's request ids begin alike."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    line = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        line.request("GET", "/health/live")
        return (line.getresponse().getheader("x-request-id") or "").partition("-")[0]
    finally:
        line.close()


def _say_ready(url: str, announce: Callable[[str], None]) -> None:
    with suppress(BrokenPipeError):  # whoever waited for the first line may have left with it
        typer.echo(f"Ringbook is ready at {url}")
        announce(url)


def _free_port(host: str, port: int) -> tuple[str, int]:
    """The address and port to serve on, a free one for 0. Invalid if it is taken or the address is not ours."""
    deadline = time.monotonic() + _PORT_SECONDS
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                found: int = probe.getsockname()[1]
                return str(address[0]), found
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise Invalid(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
        time.sleep(0.05)
