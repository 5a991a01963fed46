"""Data folders for commands to work in."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from ringbook.cli import main
from tests.cli.running import Running, postmaster, until


class Told(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


Ringbook = Callable[..., Told]


@pytest.fixture
def ringbook(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Ringbook]:
    """The command, in this process: starting Python anew for each would take most of the time."""

    def run(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["ringbook", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Told(int(ended.value.code or 0), *capfd.readouterr())

    yield run
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def demo_data() -> Iterator[Path]:
    """A data folder with the demo in it, to be copied: making one takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="rb-"))
    demo = Running(folder, command="demo")
    assert demo.end() == 0
    yield demo.data
    shutil.rmtree(folder)


@pytest.fixture
def folder(demo_data: Path) -> Iterator[Path]:
    """A folder with a short name, as `mktemp -d` makes it, whose `data` has the demo in it."""
    path = Path(tempfile.mkdtemp(prefix="rb-"))
    shutil.copytree(demo_data, path / "data")
    yield path
    _end_everything(path / "data")
    shutil.rmtree(path)


def _end_everything(data: Path) -> None:
    """What a failed test left running, and the PostgreSQL that a killed Ringbook left, as it should."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(data).encode() in (process / "cmdline").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
    running = postmaster(data)
    if running is not None:
        running.stop(lambda: not running.lives())
        until(lambda: not running.lives())
