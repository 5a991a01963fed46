"""Ringbook as people run it: a process of its own, asked over HTTP and ended by signals."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from ringbook.store.postmaster import Postmaster
from ringbook.store.programs import find_programs

COMMAND = Path(sys.executable).with_name("ringbook")
COMPILED = Path(tempfile.gettempdir()) / f"ringbook-tests-{os.geteuid()}"
"""An installed Ringbook is compiled; a test run that writes no bytecode would measure the compiler."""

PATIENCE = 60.0


class Running:
    """`ringbook serve` or `ringbook demo`, started and ready."""

    def __init__(self, folder: Path, *arguments: str, command: str = "serve", data: bool = True) -> None:
        self.data = folder / "data"
        self.out, self.err = (folder / f"{time.monotonic_ns()}.{name}" for name in ("out", "err"))
        place = ("--data", str(self.data)) if data else ()
        began = time.monotonic()
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [COMMAND, command, "--port", "0", *place, *arguments],
                stdout=out,
                stderr=err,
                env=environment(),
                start_new_session=True,
            )
        until(lambda: "Ringbook is ready" in self.said or self.process.poll() is not None)
        self.seconds = time.monotonic() - began
        """From the command to the ready line."""
        assert "Ringbook is ready" in self.said, self.err.read_text()
        line = next(line for line in self.said.splitlines() if line.startswith("Ringbook is ready"))
        self.url = line.removeprefix("Ringbook is ready at ")

    @property
    def said(self) -> str:
        return self.out.read_text()

    def client(self, secret: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {secret}"}, timeout=10)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def kill(self, *, database: bool = False) -> None:
        """kill -9 of the whole process group; of PostgreSQL too, if asked."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        if database:
            kill_database(self.data)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGBOOK_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPYCACHEPREFIX": str(COMPILED)} | more


def postmaster(data: Path) -> Postmaster | None:
    return Postmaster.of(data / f"postgres-{find_programs().major}")


def kill_database(data: Path) -> None:
    """kill -9 of PostgreSQL and all its processes at once."""
    running = postmaster(data)
    assert running is not None
    for pid in (running.pid, *_children(running.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not running.lives())


def until(happens: Callable[[], object], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
