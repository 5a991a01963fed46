"""A PostgreSQL server seen from outside: its pid file, its pulse, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

ROLE = "ringbook"
DATABASE = "ringbook"
PORT = 5432
TICK = 0.005
"""Seconds between two looks: short, because somebody is waiting for the ready line."""

_PROTOCOL = 3 << 16
_NO_SUCH_DATABASE = "3D000"
_FAST, _FAST_SECONDS = signal.SIGINT, 20.0  # rolls back, writes a checkpoint
_IMMEDIATE, _IMMEDIATE_SECONDS = (
    signal.SIGQUIT,
    8.0,
)  # leaves the rest to the next start; nothing committed is lost


class Pulse(Enum):
    """What a server answers to a knock at its socket."""

    READY = auto()
    NO_DATABASE = auto()
    BUSY = auto()  # starting up, recovering, shutting down
    SILENT = auto()


@dataclass(frozen=True)
class Postmaster:
    """The main process of a running server, as its pid file names it."""

    pid: int
    cluster: Path
    socket: Path

    @classmethod
    def of(cls, cluster: Path) -> Postmaster | None:
        """The living server of a cluster, None if there is none (a pid file may well be left over)."""
        lines = _pid_lines(cluster)
        if len(lines) < 5 or not lines[0].lstrip("-").isdigit():
            return None
        found = cls(int(lines[0]), cluster, Path(lines[4]))
        return found if found.lives() else None

    def lives(self) -> bool:
        """Whether the process is there, is PostgreSQL, and works on this cluster."""
        if sys.platform != "linux":
            return _exists(self.pid) and bool(_pid_lines(self.cluster))
        process = Path("/proc", str(self.pid))
        try:
            name, _, state = (process / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            return False
        if name != "postgres" or state.split()[0] in "ZX":
            return False
        try:
            return (process / "cwd").samefile(self.cluster)
        except PermissionError:  # another user's, and a container took root's right to look
            return True
        except OSError:
            return False

    def stop(self, gone: Callable[[], bool]) -> bool:
        """End it; False if it outlives both ways of asking."""
        for how, seconds in ((_FAST, _FAST_SECONDS), (_IMMEDIATE, _IMMEDIATE_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if gone():
                    return True
                time.sleep(TICK)
        return False


def pulse(folder: Path) -> Pulse:
    """Knock at the socket in this folder, as a client of Ringbook's database."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2)
        try:
            line.connect(str(socket_path(folder)))
            line.sendall(_startup())
            kind, body = _read_until(line, b"ZE")
            if kind == b"Z":
                line.sendall(b"X" + struct.pack("!i", 4))
                return Pulse.READY
        except OSError:
            return Pulse.SILENT
    fields = {part[:1]: part[1:].decode() for part in body.split(b"\0")}
    return Pulse.NO_DATABASE if fields.get(b"C") == _NO_SUCH_DATABASE else Pulse.BUSY


def socket_path(folder: Path) -> Path:
    """Where PostgreSQL puts its socket in a folder."""
    return folder / f".s.PGSQL.{PORT}"


def claims_ready(cluster: Path) -> bool:
    """Whether the pid file says that connections are accepted. True of a dead server's file too."""
    return any(line.strip() == "ready" for line in _pid_lines(cluster)[7:])


def clear(folder: Path) -> None:
    """Remove what a dead server left in its socket folder. Only for who knows that none is alive."""
    path = socket_path(folder)
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def disown_stale_pid_file(cluster: Path) -> None:
    """Keep a pid file that a crash left from barring the way when its number now is somebody else's.

    PostgreSQL refuses to start while the number in the file is alive, whoever that is; after a container's
    restart it easily is. Its parent's number it ignores, so we put ours, and leave the file: the rest of it
    lets PostgreSQL see whether old backends still use the shared memory.
    """
    lines = _pid_lines(cluster)
    if lines and Postmaster.of(cluster) is None:
        (cluster / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:7]]) + "\n")


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _startup() -> bytes:
    words = b"".join(f"{word}\0".encode() for word in ("user", ROLE, "database", DATABASE, ""))
    return struct.pack("!ii", 8 + len(words), _PROTOCOL) + words


def _read_until(line: socket.socket, kinds: bytes) -> tuple[bytes, bytes]:
    """The first message of one of these kinds."""
    with line.makefile("rb") as stream:
        while True:
            head = stream.read(5)
            if len(head) < 5:
                raise ConnectionResetError
            body = stream.read(struct.unpack("!i", head[1:])[0] - 4)
            if head[:1] in kinds:
                return head[:1], body
