"""A call from end to end: sipp calls, Kamailio asks Ringbook who it is, and a telephone rings with the caller's name.

Run by `make demo-call`, it shows calls of a customer, of a stranger, and while Ringbook is stopped. The tests of
the telephone use the same exchange (tests/phone).
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

PBX = Path(__file__).resolve().parent.parent / "examples" / "pbx" / "kamailio"
PROGRAMS = ("kamailio", "sipp")
INSTALL = "apt-get install kamailio kamailio-utils-modules sip-tester"

PATIENCE = 60.0
_HOST = "127.0.0.1"
_HTTP_CLIENT = tuple(f"usr/{lib}/kamailio/modules/http_client.so" for lib in ("lib/*", "lib", "lib64", "local/lib*"))
_ATTEMPTS = 5
_MESSAGE = re.compile(r"^-{20,} (\S+ ?\S*)\nUDP message (sent|received)[^\n]*\n+(.*?)(?=^-{20,} |\Z)", re.M | re.S)
_FROM = re.compile(r"^From: *(.*?) *<sip:([^@>]*)@", re.MULTILINE)


def missing_programs() -> list[str]:
    """What has to be installed before a call can be made."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if "kamailio" not in missing and not any(Path("/").glob(place) for place in _HTTP_CLIENT):
        missing.append("Kamailio's module http_client")
    return missing


class Ringing(NamedTuple):
    """How a call arrived at the telephone."""

    name: str
    number: str
    seconds: float
    """From the caller's INVITE to the telephone's."""


class Exchange:
    """Kamailio between a caller and a telephone, on free ports of this machine, as `examples/pbx/kamailio` has it."""

    def __init__(self, folder: Path, ringbook: str, key: str) -> None:
        self._folder = folder
        self._calls = itertools.count(1)
        self._running: list[subprocess.Popen[bytes]] = []
        telephone = ["sipp", "-sf", str(PBX / "telephone.xml"), "-i", _HOST, "-nostdin", *_traced(folder / "telephone")]
        self._telephone_port = self._start("telephone", lambda port: [*telephone, "-p", str(port)])
        self._port = self._start(
            "kamailio",
            lambda port: [
                *("kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-w", str(folder), "-Y", str(folder)),
                *("-f", str(PBX / "kamailio.cfg"), "-A", "CHILDREN=2"),
                *("-A", f'RINGBOOK="{ringbook}"', "-A", f'RINGBOOK_KEY="{key}"'),
                *("-A", f"LISTEN=udp:{_HOST}:{port}", "-A", f'PBX="sip:{_HOST}:{self._telephone_port}"'),
            ],
        )

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End both programs, with all their processes."""
        for process in reversed(self._running):
            _end(process)
        self._running.clear()

    def call(self, number: str) -> Ringing:
        """Call the telephone from this number, with no name, and hang up; how it rang."""
        call_id = f"call-{next(self._calls)}"
        log = self._folder / call_id
        done = subprocess.run(
            [
                *("sipp", "-sf", str(PBX / "call.xml"), "-key", "caller", number, "-s", "100", "-m", "1"),
                *("-cid_str", f"{call_id}@{_HOST}", "-i", _HOST, "-nostdin"),
                *("-timeout", f"{PATIENCE:.0f}", "-timeout_error", *_traced(log)),
                f"{_HOST}:{self._port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
            env=_environment(),
        )
        if done.returncode:
            raise RuntimeError(f"the call failed ({done.returncode}): {done.stderr}\n{self._said()}")
        sent, _ = self._invite(log, "sent", call_id)
        arrived, message = self._invite(self._folder / "telephone", "received", call_id)
        shown = _FROM.search(message)
        assert shown is not None, message
        return Ringing(shown[1].strip('"'), shown[2], (arrived - sent).total_seconds())

    def _invite(self, log: Path, direction: str, call_id: str) -> tuple[datetime, str]:
        """The call's INVITE as a program traced it, and when."""
        for at, way, message in _MESSAGE.findall(log.with_suffix(".trace").read_text("utf-8", "replace")):
            if way == direction and message.startswith("INVITE ") and f"Call-ID: {call_id}@" in message:
                return datetime.fromisoformat(at), message
        raise RuntimeError(f"there is no INVITE of {call_id} in {log}\n{self._said()}")

    def _start(self, name: str, command: Callable[[int], list[str]]) -> int:
        """Start a program on a free UDP port: it may be taken by somebody else in between."""
        for _ in range(_ATTEMPTS):
            port = _free_port()
            with (self._folder / f"{name}.log").open("wb") as log:
                process = subprocess.Popen(
                    command(port),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    start_new_session=True,
                    env=_environment(),
                )
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and not _is_taken(port) and time.monotonic() < deadline:
                time.sleep(0.02)
            if process.poll() is None and _is_taken(port):
                self._running.append(process)
                return port
            _end(process)
        self.close()
        raise RuntimeError(f"{name} does not start\n{self._said()}")

    def _said(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text('utf-8', 'replace')}" for log in self._folder.glob("*.log"))


def _traced(log: Path) -> list[str]:
    return ["-trace_msg", "-message_file", str(log.with_suffix(".trace"))]


def _environment() -> dict[str, str]:
    return os.environ | {"TERM": os.environ.get("TERM") or "dumb", "LC_ALL": "C.UTF-8"}


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and whatever it has started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                continue
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


class _Demo:
    """`ringbook demo` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        said = folder / "ringbook.log"
        with said.open("wb") as out:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("ringbook"), "demo", "--port", "0", "--data", str(folder / "data")],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE
        while not (ready := re.search(r"^Ringbook is ready at (\S+)$", said.read_text(), re.MULTILINE)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Ringbook does not start\n{said.read_text()}")
            time.sleep(0.05)
        self.url = ready[1]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)


def main() -> int:
    missing = missing_programs()
    if missing:
        print(f"This needs {' and '.join(missing)}: {INSTALL}", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="rb-"))
    print("Starting Ringbook with the demo's customers, Kamailio, and a telephone (sipp) ...", flush=True)
    demo = _Demo(folder)
    try:
        with Exchange(folder, demo.url, "demo-callerid-key") as exchange:
            _show(exchange, "03023125047", "A customer calls, as Berlin writes the number")
            _show(exchange, "+491713920047", "A customer calls from a mobile, internationally")
            _show(exchange, "03023125099", "A stranger calls")
            demo.stop()
            _show(exchange, "03023125047", "Ringbook is stopped, and the customer calls again")
    finally:
        demo.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print("\nThe proxy's configuration is examples/pbx/kamailio/kamailio.cfg.")
    return 0


def _show(exchange: Exchange, number: str, sentence: str) -> None:
    ringing = exchange.call(number)
    shown = f'"{ringing.name}" <{ringing.number}>' if ringing.name else f"<{ringing.number}>"
    print(f"\n{sentence}.\n  caller:    From: <{number}>\n  telephone: From: {shown}", end="")
    print(f"   after {ringing.seconds * 1000:.0f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(main())
