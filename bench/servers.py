"""The HTTP servers that are compared, each a process of its own on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.problem import BenchProblem

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Running:
    """A server that accepts."""

    name: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, token: str = "") -> bytes:
        """One answer; an error raises."""
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            body: bytes = answer.read()
            return body

    def challenge(self, path: str) -> str:
        """What a request without a credential is told to authenticate with."""
        try:
            urllib.request.urlopen(self.url + path, timeout=10).close()
        except urllib.error.HTTPError as refusal:
            return refusal.headers.get("www-authenticate", "")
        return ""


def ringbook_command(name: str) -> list[str]:
    """The program of this environment."""
    return [str(Path(sys.executable).with_name("ringbook")), name]


def run_quietly(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchProblem(f"{Path(command[0]).name} {command[1]} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def ringbook(data: Path, *arguments: str) -> Iterator[Running]:
    """`ringbook serve` with one worker; authentication, limits, counters and the log are on, as always."""
    command = [*ringbook_command("serve"), "--data", str(data), "--port", "0", "--workers", "1", *arguments]
    with _started("ringbook", command, {}) as (process, log):
        yield Running("ringbook", _announced_port(process, log), process.pid)


@contextmanager
def constant() -> Iterator[Running]:
    """Ringbook's HTTP server with its settings, answering the same few bytes to everything."""
    with _at_free_port("constant", [sys.executable, "-m", "bench.constant"], {}) as running:
        yield running


@contextmanager
def usual(dsn: str, tenant: int) -> Iterator[Running]:
    """FastAPI and SQLAlchemy under uvicorn, on the same data."""
    command = [sys.executable, "-m", "uvicorn", "bench.usual:app", "--loop", "uvloop", "--http", "httptools"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    with _at_free_port("usual", [*command, *quiet], {"BENCH_DSN": dsn, "BENCH_TENANT": str(tenant)}) as running:
        yield running


@contextmanager
def _at_free_port(name: str, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Running]:
    port = _free_port()
    with _started(name, [*command, "--port", str(port)], environment) as (process, log):
        _await_port(name, port, process, log)
        yield Running(name, port, process.pid)


@contextmanager
def _started(
    name: str, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], IO[bytes]]]:
    """The process with its log in a file, as it would be in production; both are gone at the end."""
    with tempfile.TemporaryFile(prefix=f"bench-{name}-") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | environment,
            cwd=Path(__file__).parent.parent,
        )
        try:
            yield process, log
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _announced_port(process: subprocess.Popen[str], log: IO[bytes]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if "is ready at" in line:
            return int(line.rstrip().rpartition(":")[2])
    raise BenchProblem(f"ringbook serve did not start: {_said(log)}")


def _await_port(name: str, port: int, process: subprocess.Popen[str], log: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise BenchProblem(f"The server {name} did not start: {_said(log)}")


def _said(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")[-1000:].strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
