"""The demo, running, for somebody else's clients."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.running import Running, until


class Demo(NamedTuple):
    """Where it is, the calls it printed in its first second, and the sentence above each."""

    url: str
    lines: list[str]

    @property
    def calls(self) -> list[str]:
        return [line for line in self.lines if line.startswith("curl ")]


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The demo, running."""
    folder = Path(tempfile.mkdtemp(prefix="rb-"))
    running = Running(folder, command="demo")
    began = time.monotonic()
    until(lambda: "openapi.json" in running.said, patience=1)
    assert time.monotonic() - began < 1
    yield Demo(running.url, running.said.splitlines())
    assert running.end() == 0
    shutil.rmtree(folder)
