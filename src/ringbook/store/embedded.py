"""The PostgreSQL server that comes with Ringbook: made, started, shared and stopped in the data folder.

    postgres-<major>/   the cluster
    socket/             its only way in
    postgresql.log      what it says
    ringbook.lock       held by the one Ringbook that serves
    users.lock          held by everybody who uses the server
    start.lock          held while the server is started or stopped

Whoever comes first starts it and whoever leaves last stops it, so `ringbook lookup` works beside
`ringbook serve` and without it. A Ringbook that is killed leaves the server running;
the next one takes it over.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import IO, Any
from urllib.parse import quote

from ringbook.store import postmaster, privilege, tuning
from ringbook.store.cluster import environment, failure, make_cluster, programs_for
from ringbook.store.folder_lock import FolderLock
from ringbook.store.postmaster import DATABASE, PORT, ROLE, TICK, Postmaster, Pulse
from ringbook.store.privilege import Runner
from ringbook.store.programs import EmbeddedProblem, find_binaries

__all__ = ["EmbeddedProblem", "EmbeddedServer", "find_binaries", "open_embedded"]

_LONGEST_SOCKET = 103  # bytes of a socket's path: 107 on Linux, 103 on macOS
_PLAIN_PATH = re.compile(r"[\w/. +=~-]+")  # what connection strings and lists carry without quoting
_LOG_LIMIT = 10 * 1024 * 1024
_PATIENCE_WITH_OTHERS = 60.0  # another Ringbook starts or stops the server
_PATIENCE_WITH_REMAINS = 10.0  # backends of a killed server end by themselves
_PATIENCE_WITH_RECOVERY = 300.0  # the journal of a crash is replayed, 2 GB at most
_REMAINS = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')

_left_running: list[subprocess.Popen[bytes]] = []
"""Servers that outlive our use of them. Python complains when it loses sight of a running child."""


@contextmanager
def open_embedded(data: Path, *, serving: bool) -> Iterator[EmbeddedServer]:
    """The running server of a data folder. Both, folder and server, are made where they are missing.

    With `serving` this is the one Ringbook that serves from this folder, and a second one is refused.
    Raises EmbeddedProblem. A SIGTERM or SIGHUP that nobody handles becomes SystemExit, so that both end here.
    """
    with _unwinding_when_ended(), ExitStack() as kept:
        with _explained(data):
            folder = _folder(data)
            if serving:
                _claim(folder, kept)
            server = EmbeddedServer(folder)
            kept.callback(server.close)
            kept.callback(server.leave)
            server.join()
        yield server


class EmbeddedServer:
    """The server of one data folder, and how to reach it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.programs = programs_for(data)
        self.cluster = data / f"postgres-{self.programs.major}"
        self.socket = _socket_folder(data)
        self.notice = ""
        """One line for the operator when something out of the ordinary was done to start it."""
        self._joined = False
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = FolderLock(data / "start.lock")
        self._users = FolderLock(data / "users.lock")

    @property
    def dsn(self) -> str:
        """The connection string, as asyncpg and libpq understand it."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.socket), safe='')}&port={PORT}"

    @property
    def connection(self) -> dict[str, Any]:
        """The same as arguments of `asyncpg.connect`."""
        return {"host": str(self.socket), "port": PORT, "user": ROLE, "database": DATABASE}

    @property
    def pid(self) -> int | None:
        """The server's process, None if it is not running."""
        running = Postmaster.of(self.cluster)
        return running.pid if running else None

    def client(self, program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run pg_dump, psql, ... of the server's version, connected to it; `options` are for `run`."""
        reach = {"PGHOST": str(self.socket), "PGPORT": str(PORT), "PGUSER": ROLE, "PGDATABASE": DATABASE}
        command = [str(self.programs.folder / program), *arguments]
        return subprocess.run(  # noqa: S603 - a program of ours
            command, env=environment() | reach, check=options.pop("check", True), **options
        )

    def join(self) -> None:
        """Become a user of the server, and start it if it does not run."""
        self._lock_start()
        self._joined = True
        try:
            self._users.shared()
            self._ensure()
        finally:
            self._starting.release()

    def revive(self) -> bool:
        """Start the server again if it died under its users; True if it had."""
        self._lock_start()
        try:
            return self._ensure()
        finally:
            self._starting.release()

    def leave(self) -> None:
        """Stop being a user; the last one stops the server."""
        if not self._joined:
            return
        self._joined = False
        self._lock_start()
        if self._users.alone():
            self._stop()
        elif self._process:
            _left_running.append(self._process)
        self._users.release()
        self._starting.release()

    def close(self) -> None:
        """Let go of the lock files."""
        self._users.close()
        self._starting.close()

    def _lock_start(self) -> None:
        if not self._starting.alone(_PATIENCE_WITH_OTHERS):
            raise EmbeddedProblem(
                f"Another Ringbook has been starting or stopping PostgreSQL in {self.data} for a minute: "
                f"look into {self._log}."
            )

    def _ensure(self) -> bool:
        """Have it running; True if it had to be started."""
        if self._attach():
            return False
        self._end_own()
        runner = privilege.choose_runner(self.data, self.cluster, self.programs)
        self.notice = runner.notice
        if not self.cluster.exists():
            make_cluster(self.cluster, self.programs, runner)
        runner.own(self.cluster)
        _make_private(self.socket, runner)
        postmaster.clear(self.socket)
        (self.cluster / "ringbook.conf").write_text(tuning.suggested(self.programs.major))
        (self.cluster / "ringbook.conf").chmod(0o644)
        self._start(runner)
        return True

    def _attach(self) -> bool:
        running = Postmaster.of(self.cluster)
        if running is None:
            return False
        deadline = time.monotonic() + _PATIENCE_WITH_REMAINS
        while running.lives():
            answer = postmaster.pulse(running.socket)
            if answer in (Pulse.READY, Pulse.NO_DATABASE):
                self.socket = running.socket
                self._have_database(answer)
                return True
            if answer is Pulse.SILENT and time.monotonic() > deadline:
                self._end_unreachable(running)
            time.sleep(TICK)
        return False

    def _end_unreachable(self, running: Postmaster) -> None:
        """A server whose socket was swept away is of no use, unless somebody still holds a connection."""
        alone = self._users.alone()
        self._users.shared()
        if not alone or not running.stop(lambda: not running.lives()):
            raise EmbeddedProblem(
                f"PostgreSQL (pid {running.pid}) runs in {self.data} and is silent at {running.socket}: "
                "stop the Ringbook that uses it and start again."
            )

    def _start(self, runner: Runner) -> None:
        deadline = time.monotonic() + _PATIENCE_WITH_REMAINS
        while True:
            postmaster.disown_stale_pid_file(self.cluster)
            with _open_log(self._log, self.data) as log:
                beginning = log.tell()
                self._process = self._launch(runner, log)
                answer = self._await_answer(self._process)
            if answer is not None:
                self._have_database(answer)
                return
            said = self._said_since(beginning)
            if time.monotonic() > deadline or not any(words in said for words in _REMAINS):
                raise failure(f"PostgreSQL did not start in {self.data}", said, f"{self._log} has the rest")
            time.sleep(0.05)

    def _launch(self, runner: Runner, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """A session of its own: ^C in the terminal is for Ringbook, which still has calls to finish."""
        return subprocess.Popen(  # noqa: S603 - a program of ours
            runner.command("postgres", "-D", str(self.cluster), *tuning.required(self.socket)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(),
            start_new_session=True,
            **runner.become(),
        )

    def _await_answer(self, process: subprocess.Popen[bytes]) -> Pulse | None:
        """What the new server answers once it accepts connections, None if it ended instead."""
        deadline = time.monotonic() + _PATIENCE_WITH_RECOVERY
        try:
            while process.poll() is None:
                # The pid file says when to knock; every knock before that is a line in the log.
                answer = postmaster.pulse(self.socket) if postmaster.claims_ready(self.cluster) else Pulse.BUSY
                if answer in (Pulse.READY, Pulse.NO_DATABASE):
                    return answer
                if time.monotonic() > deadline:
                    raise EmbeddedProblem(f"PostgreSQL in {self.data} is not ready: look into {self._log}.")
                time.sleep(TICK)
        except BaseException:
            Postmaster(process.pid, self.cluster, self.socket).stop(lambda: process.poll() is not None)
            raise
        return None

    def _have_database(self, answer: Pulse) -> None:
        """Make the database, at the first start or where that one was cut short."""
        if answer is Pulse.NO_DATABASE:
            command = f'CREATE DATABASE "{DATABASE}"'
            done = self.client(
                "psql",
                "-Xqc",
                command,
                "postgres",
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
            if done.returncode:
                raise failure(f"PostgreSQL could not make the database in {self.data}", done.stderr.decode())

    def _stop(self) -> None:
        self._end_own()
        running = Postmaster.of(self.cluster)
        if running:
            running.stop(lambda: not running.lives())

    def _end_own(self) -> None:
        """End and bury the server that we started: PostgreSQL takes an unburied process for a living one."""
        process, self._process = self._process, None
        if process and process.poll() is None:
            Postmaster(process.pid, self.cluster, self.socket).stop(lambda: process.poll() is not None)

    @property
    def _log(self) -> Path:
        return self.data / "postgresql.log"

    def _said_since(self, beginning: int) -> str:
        with self._log.open("rb") as log:
            log.seek(beginning)
            return log.read().decode(errors="replace")


def _folder(data: Path) -> Path:
    folder = data.expanduser().resolve()
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    if not folder.is_dir():
        raise EmbeddedProblem(f"{data} is a file: give a folder with --data.")
    return folder


def _claim(folder: Path, kept: ExitStack) -> None:
    lock = FolderLock(folder / "ringbook.lock")
    kept.callback(lock.close)
    if not lock.alone():
        raise EmbeddedProblem(
            f"{folder} is in use by another Ringbook (pid {lock.signature()}): stop that one, "
            "or give this one another folder with --data."
        )
    lock.sign()


def _socket_folder(data: Path) -> Path:
    """In the data folder, or under the temporary one where that name is too much for a socket."""
    beside = data / "socket"
    if _fits(beside):
        return beside
    name = f"ringbook-{sha256(os.fsencode(data)).hexdigest()[:16]}"
    elsewhere = Path(tempfile.gettempdir()).resolve() / name
    return elsewhere if _fits(elsewhere) else Path("/tmp") / name  # noqa: S108 - checked to be ours by _make_private


def _fits(folder: Path) -> bool:
    path = postmaster.socket_path(folder)
    return len(os.fsencode(path)) <= _LONGEST_SOCKET and bool(_PLAIN_PATH.fullmatch(str(path)))


def _make_private(folder: Path, runner: Runner) -> None:
    """A folder that only whom PostgreSQL runs as may enter. A foreign one of that name is refused."""
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    owners = {os.geteuid(), *(runner.identity or ())[:1]}
    if folder.is_symlink() or facts.st_uid not in owners:
        raise EmbeddedProblem(f"{folder}, where PostgreSQL's socket belongs, is not ours: remove it and start again.")
    folder.chmod(0o700)
    runner.own(folder)


def _open_log(path: Path, data: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    log = path.open("ab")
    os.fchmod(log.fileno(), 0o600)
    if os.geteuid() == 0:
        owner = data.stat()
        os.fchown(log.fileno(), owner.st_uid, owner.st_gid)
    return log


@contextmanager
def _explained(data: Path) -> Iterator[None]:
    """What the file system refuses, as a sentence."""
    try:
        yield
    except PermissionError as refusal:
        raise EmbeddedProblem(
            f"{refusal.filename or data} cannot be written by this user: give another folder with --data, "
            "or make it this user's."
        ) from refusal
    except (FileExistsError, NotADirectoryError) as refusal:
        raise EmbeddedProblem(f"{refusal.filename or data} is not a folder: give one with --data.") from refusal
    except OSError as refusal:
        reason = refusal.strerror or str(refusal)
        raise EmbeddedProblem(f"{data} cannot hold Ringbook's data: {reason}.") from refusal


@contextmanager
def _unwinding_when_ended() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack where they would kill; handlers that are there already stay."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number in ours:
            if signal.getsignal(number) in (_unwind, signal.SIG_IGN):
                signal.signal(number, signal.SIG_DFL)


def _unwind(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # leaving is under way: a second one must not cut it short
    raise SystemExit(128 + number)
