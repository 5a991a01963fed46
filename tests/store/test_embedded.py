"""The embedded server's life, with real servers: started, shared, killed, and by people of every kind."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from ringbook.store.embedded import EmbeddedProblem, EmbeddedServer, find_binaries, open_embedded
from ringbook.store.folder_lock import FolderLock
from ringbook.store.postmaster import Postmaster
from ringbook.store.programs import find_programs

SOURCE = Path(__file__).parents[2] / "src"
ROOT = os.geteuid() == 0
MAJOR = find_programs().major

USER = """
import sys
from pathlib import Path
from ringbook.store.embedded import EmbeddedProblem, open_embedded
try:
    with open_embedded(Path(sys.argv[1]), serving=sys.argv[2] == "serving") as server:
        print(f"{server.pid}|{server.notice}", flush=True)
        sys.stdin.read()
except EmbeddedProblem as problem:
    print(f"problem|{problem}", flush=True)
"""


PREFIX = f"rb-{os.getpid()}-"


class Ringbook:
    """Another process that uses a data folder until it is told to go."""

    def __init__(self, data: Path, mode: str = "visiting", *, user: str | None = None, source: Path = SOURCE) -> None:
        python = sys.executable if user is None else _python_for_everybody()
        identity = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        self.process = subprocess.Popen(
            [python, "-c", USER, str(data), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            **identity,  # type: ignore[call-overload]
        )
        self.pid = self.process.pid
        assert self.process.stdout
        self.first, _, self.second = self.process.stdout.readline().strip().partition("|")

    def end(self, how: signal.Signals | None = None) -> int:
        if how:
            os.killpg(self.pid, how)
        self.process.communicate()
        return int(self.process.returncode)


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    """Nothing of ours, that is: other tests' servers may run beside."""
    yield
    ours = f"{tempfile.gettempdir()}/{PREFIX}"
    assert not [pid for pid in _servers() if str(_folder_of(pid)).startswith(ours)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of ours with a short name, as `mktemp -d` makes it, and without servers in the end."""
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    yield path
    _end_servers(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def first() -> Iterator[Path]:
    """A data folder that was used before: making one takes most of a second."""
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    with open_embedded(path / "data", serving=True) as server:
        _ask(server, "CREATE TABLE kept (n int)")
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture
def data(first: Path) -> Iterator[Path]:
    """A data folder with a stopped server and an empty table, for tests that leave nothing but rows in it."""
    yield first
    _end_servers(first)
    with open_embedded(first, serving=False) as server:
        _ask(server, "TRUNCATE kept")


@pytest.fixture
def postgresql_conf(data: Path) -> Iterator[Path]:
    """The operator's file, put back in the end."""
    path = data / f"postgres-{MAJOR}" / "postgresql.conf"
    before = path.read_text()
    yield path
    path.write_text(before)


@pytest.fixture
def foreign(folder: Path) -> Path:
    """What looks like a data folder and never gets as far as a server."""
    cluster = folder / "data" / f"postgres-{MAJOR}"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{MAJOR}\n")
    return folder / "data"


@pytest.fixture(scope="module")
def for_everybody() -> Iterator[Path]:
    """Ringbook's code and the server's programs where any user can read them."""
    if not ROOT:
        pytest.skip("only root can become somebody else")
    _python_for_everybody()
    path = Path(tempfile.mkdtemp(prefix=PREFIX))
    shutil.copytree(SOURCE / "ringbook" / "store", path / "ringbook" / "store")
    shutil.copy(SOURCE / "ringbook" / "__init__.py", path / "ringbook")
    wheel = find_binaries().parents[1]
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, path / part.name, ignore=shutil.ignore_patterns("include"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def open_folder(folder: Path) -> Path:
    """A folder below which everybody may have one."""
    folder.chmod(0o755)
    return folder


async def test_the_first_start_makes_a_database_that_asyncpg_reaches(folder: Path) -> None:
    began = time.monotonic()
    with open_embedded(folder / "new" / "data", serving=True) as server:
        took = time.monotonic() - began
        by_dsn = await asyncpg.connect(server.dsn)
        by_arguments = await asyncpg.connect(**server.connection)
        try:
            assert await by_dsn.fetchval("SELECT current_database()") == "ringbook"
            assert await by_arguments.fetchval("SELECT current_user") == "ringbook"
        finally:
            await by_dsn.close()
            await by_arguments.close()
    assert took < 5, "most of a second on a quiet machine"
    assert not list(server.data.glob("*.partial"))


def test_what_was_answered_is_on_the_disk_and_sorting_is_by_code_point(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        assert _ask(server, "SHOW fsync") == "on"
        assert _ask(server, "SHOW synchronous_commit") == "on"
        assert _ask(server, "SHOW full_page_writes") == "on"
        assert _ask(server, "SHOW data_checksums") == "on"
        assert _ask(server, "SELECT string_agg(w, '' ORDER BY w) FROM unnest('{a,B,é,Z,ß,z}'::text[]) w") == "BZazßé"
        assert _ask(server, "SELECT lower('ÉÄ')") == "éä"


def test_only_its_owner_reaches_the_server_and_only_through_the_socket(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        assert _ask(server, "SHOW listen_addresses") == ""
        assert server.socket == data / "socket"
        assert server.socket.stat().st_mode & 0o777 == 0o700


def test_what_the_operator_sets_wins_over_the_tuning_but_not_over_durability(data: Path, postgresql_conf: Path) -> None:
    with postgresql_conf.open("a") as conf:
        conf.write("max_connections = 42\nfsync = off\n")
    with open_embedded(data, serving=True) as server:
        assert _ask(server, "SHOW max_connections") == "42"
        assert _ask(server, "SHOW fsync") == "on"


def test_settings_for_other_servers_do_not_leak_in(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGPORT": "6000",
        "PGHOST": "db.example",
        "PGDATABASE": "other",
        "PGOPTIONS": "-c x=y",
    }.items():
        monkeypatch.setenv(name, value)
    with open_embedded(data, serving=True) as server:
        assert _ask(server, "SELECT current_database()") == "ringbook"


def test_a_restart_is_fast_and_keeps_the_data(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        _ask(server, "INSERT INTO kept VALUES (7)")
    assert server.pid is None
    began = time.monotonic()
    with open_embedded(data, serving=True) as server:
        assert time.monotonic() - began < 2
        assert _ask(server, "SELECT n FROM kept") == "7"


def test_a_visitor_uses_the_running_server_and_leaves_it_running(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        visitor = Ringbook(data)
        assert visitor.first == str(server.pid)
        visitor.end()
        assert _ask(server, "SELECT 1") == "1"


def test_the_last_to_leave_stops_the_server_whoever_started_it(data: Path) -> None:
    starter = Ringbook(data, "serving")
    with open_embedded(data, serving=False) as server:
        starter.end()
        assert str(server.pid) == starter.first
        assert _ask(server, "SELECT 1") == "1"
    assert server.pid is None
    assert int(starter.first) not in _servers()


def test_several_that_come_at_once_share_one_new_server(folder: Path) -> None:
    code = USER.replace("sys.stdin.read()", "sys.stdin.readline()")
    command = [sys.executable, "-c", code, str(folder / "data"), "visiting"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    together = [
        subprocess.Popen(command, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}, **pipes)  # type: ignore[call-overload]
        for _ in range(4)
    ]
    pids = {process.stdout.readline() for process in together}
    for process in together:
        process.communicate("go\n")
    assert len(pids) == 1
    assert "problem" not in pids.pop()
    assert Postmaster.of(folder / "data" / f"postgres-{MAJOR}") is None


def test_a_folder_serves_one_ringbook(data: Path) -> None:
    other = Ringbook(data, "serving")
    with (
        pytest.raises(EmbeddedProblem, match=rf"is in use by another Ringbook \(pid {other.pid}\)"),
        open_embedded(data, serving=True),
    ):
        pass
    other.end()


def test_sigterm_stops_the_server_on_the_way_out(data: Path) -> None:
    ringbook = Ringbook(data, "serving")
    assert ringbook.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert Postmaster.of(data / f"postgres-{MAJOR}") is None


def test_the_next_one_takes_over_the_server_of_a_killed_ringbook(data: Path) -> None:
    killed = Ringbook(data, "serving")
    killed.end(signal.SIGKILL)
    began = time.monotonic()
    with open_embedded(data, serving=True) as server:
        assert time.monotonic() - began < 1
        assert str(server.pid) == killed.first
    assert server.pid is None


def test_nothing_committed_is_lost_when_everything_is_killed(data: Path) -> None:
    killed = Ringbook(data, "serving")
    with open_embedded(data, serving=False) as server:
        _ask(server, "INSERT INTO kept SELECT generate_series(1, 1000)")
        _kill_all(data)
        killed.end(signal.SIGKILL)
    began = time.monotonic()
    with open_embedded(data, serving=True) as server:
        assert time.monotonic() - began < 2
        assert _ask(server, "SELECT count(*) FROM kept") == "1000"


def test_it_waits_for_the_backends_of_a_killed_server(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        _ask(server, "INSERT INTO kept VALUES (1)")
        backend = _connect(server)
        frozen = next(pid for pid in _children(server.pid) if b"ringbook" in _title(pid))
        os.kill(frozen, signal.SIGSTOP)
        os.kill(server.pid or 0, signal.SIGKILL)
        _until(lambda: server.pid is None)
        waker = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.5; kill -CONT {frozen}"])
        assert server.revive()
        waker.wait()
        backend.close()
        assert _ask(server, "SELECT n FROM kept") == "1"


def test_a_dead_server_is_revived_under_its_users_and_a_living_one_left_alone(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        assert not server.revive()
        _kill_all(data)
        assert server.revive()
        assert _ask(server, "SELECT 1") == "1"


def test_a_pid_file_that_names_somebody_elses_process_does_not_bar_the_way(data: Path) -> None:
    with open_embedded(data, serving=True) as server:
        pid_file = server.cluster / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        _kill_all(data)
        bystander = subprocess.Popen(["sleep", "60"])
        pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        assert server.revive()
        bystander.kill()
        bystander.wait()


def test_a_first_start_that_was_cut_short_is_done_again(folder: Path) -> None:
    data = folder / "data"
    cut_short = subprocess.Popen(
        [sys.executable, "-c", USER, str(data), "serving"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        start_new_session=True,
    )
    _until(lambda: any(data.glob("*.partial/base")))
    os.killpg(cut_short.pid, signal.SIGKILL)
    cut_short.wait()
    with open_embedded(data, serving=True) as server:
        assert _ask(server, "SELECT 1") == "1"
    assert not list(data.glob("*.partial"))


def test_a_forked_worker_does_not_keep_the_folder(folder: Path) -> None:
    lock = FolderLock(folder / "ringbook.lock")
    assert lock.alone()
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    lock.close()
    again = FolderLock(folder / "ringbook.lock")
    assert again.alone(patience=1)
    again.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


async def test_a_path_too_long_for_a_socket_gets_one_elsewhere_unless_that_place_is_foreign(
    folder: Path, first: Path
) -> None:
    data = folder / ("deep" * 20) / "data, with a comma"
    shutil.copytree(first, data)
    with open_embedded(data, serving=True) as server:
        assert not server.socket.is_relative_to(data)
        assert server.socket.stat().st_mode & 0o777 == 0o700
        connection = await asyncpg.connect(server.dsn)
        await connection.close()
    server.socket.rmdir()
    server.socket.symlink_to(folder)
    with pytest.raises(EmbeddedProblem, match="is not ours"), open_embedded(data, serving=True):
        pass
    server.socket.unlink()


def test_the_log_does_not_grow_for_ever(data: Path) -> None:
    (data / "postgresql.log").write_bytes(b"x" * (11 * 1024 * 1024))
    with open_embedded(data, serving=True):
        assert (data / "postgresql.log").stat().st_size < 100_000


def test_a_dump_is_taken_with_the_servers_own_programs(data: Path) -> None:
    with open_embedded(data, serving=False) as server:
        dump = server.client("pg_dump", "--schema-only", capture_output=True).stdout
    assert b"CREATE TABLE public.kept" in dump


def test_a_file_in_place_of_the_folder_is_named(folder: Path) -> None:
    (folder / "file").touch()
    for wrong in (folder / "file", folder / "file" / "below"):
        with (
            pytest.raises(EmbeddedProblem, match=r"give (a folder|one) with --data"),
            open_embedded(wrong, serving=True),
        ):
            pass


@pytest.mark.parametrize(
    ("theirs", "way_out"), [(14, "restore the dump into a new folder"), (99, "or with a newer one")]
)
def test_data_of_another_major_version_is_refused_with_the_way_out(foreign: Path, theirs: int, way_out: str) -> None:
    (foreign / f"postgres-{MAJOR}").rename(foreign / f"postgres-{theirs}")
    with (
        pytest.raises(EmbeddedProblem, match=rf"was made by PostgreSQL {theirs} and .* {MAJOR}: .*{way_out}"),
        open_embedded(foreign, serving=True),
    ):
        pass


def test_a_damaged_cluster_is_named(foreign: Path) -> None:
    (foreign / f"postgres-{MAJOR}" / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedProblem, match="is damaged"), open_embedded(foreign, serving=True):
        pass


def test_a_server_that_does_not_start_says_why_in_one_sentence(data: Path, postgresql_conf: Path) -> None:
    with postgresql_conf.open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedProblem) as told, open_embedded(data, serving=True):
        pass
    assert "did not start" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_full_disk_is_named(folder: Path) -> None:
    (folder / "small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder / "small")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        with (
            pytest.raises(EmbeddedProblem, match="the disk is full"),
            open_embedded(folder / "small", serving=True),
        ):
            pass
    finally:
        subprocess.run(["umount", str(folder / "small")], check=True)


def test_somebody_who_is_not_root_just_runs_it(open_folder: Path, for_everybody: Path) -> None:
    home = open_folder / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    ringbook = Ringbook(home / "data", "serving", user="nobody", source=for_everybody)
    assert (ringbook.first.isdigit(), ringbook.second) == (True, "")
    assert (home / "data" / f"postgres-{MAJOR}").owner() == "nobody"
    # Root visits: the same server, and nothing of root's stays behind to lock the owner out.
    with open_embedded(home / "data", serving=False) as server:
        assert str(server.pid) == ringbook.first
        ringbook.end()
    with open_embedded(home / "data", serving=True) as server:
        assert "runs as nobody" in server.notice
    again = Ringbook(home / "data", "serving", user="nobody", source=for_everybody)
    assert again.first.isdigit()
    again.end()


def test_a_folder_that_cannot_be_written_is_named(open_folder: Path, for_everybody: Path) -> None:
    for wrong in (open_folder, open_folder / "below"):
        refused = Ringbook(wrong, "serving", user="nobody", source=for_everybody)
        refused.end()
        assert refused.first == "problem"
        assert "cannot be written by this user" in refused.second


def test_roots_data_is_refused_to_others_in_one_sentence(foreign: Path, for_everybody: Path) -> None:
    foreign.parent.chmod(0o755)
    shutil.chown(foreign, "nobody")
    refused = Ringbook(foreign, user="nobody", source=for_everybody)
    refused.end()
    assert "belongs to root: run Ringbook as root" in refused.second


@pytest.mark.skipif(not ROOT, reason="only root has this difficulty")
def test_root_runs_the_server_in_a_folder_that_only_root_may_enter(data: Path) -> None:
    assert data.parent.stat().st_mode & 0o777 == 0o700
    users = Path("/etc/passwd").read_bytes()
    with open_embedded(data, serving=True) as server:
        if server.notice:
            pytest.skip("no user namespaces here")
        assert server.cluster.stat().st_uid == 0
    assert Path("/etc/passwd").read_bytes() == users


@pytest.mark.skipif(not ROOT, reason="only root has this difficulty")
def test_without_namespaces_root_becomes_nobody_and_says_so(
    open_folder: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forbid_namespaces(monkeypatch)
    data = open_folder / "data"
    shutil.copytree(first, data)  # made by root where namespaces were allowed
    assert data.stat().st_mode & 0o777 == 0o700
    with open_embedded(data, serving=True) as server:
        assert "runs as nobody" in server.notice
        assert server.cluster.owner() == "nobody"
        assert _ask(server, "SELECT 1") == "1"
    monkeypatch.undo()
    with open_embedded(data, serving=True) as server:  # and where they are allowed again
        assert _ask(server, "SELECT 1") == "1"


@pytest.mark.skipif(not ROOT, reason="only root has this difficulty")
def test_programs_that_nobody_cannot_reach_are_copied(
    open_folder: Path, for_everybody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = open_folder / "hidden"
    shutil.copytree(for_everybody, hidden, copy_function=os.link)
    hidden.chmod(0o700)
    monkeypatch.setenv("PATH", "/nonexistent")
    ringbook = Ringbook(open_folder / "data", "serving", source=hidden)
    copy = open_folder / "data" / f"program-{find_programs().version}"
    assert ringbook.second.startswith("PostgreSQL does not run as root: it runs as nobody, from a copy of its programs")
    assert (ringbook.first.isdigit(), copy.is_dir()) == (True, True)
    made = copy.stat().st_mtime_ns
    ringbook.end()
    again = Ringbook(open_folder / "data", "serving", source=hidden)
    again.end()
    assert copy.stat().st_mtime_ns == made


@pytest.mark.skipif(not ROOT, reason="only root has this difficulty")
def test_a_folder_that_nobody_cannot_enter_is_named(folder: Path, first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forbid_namespaces(monkeypatch)
    with (
        pytest.raises(EmbeddedProblem, match="nobody cannot enter"),
        open_embedded(folder / "data", serving=True),
    ):
        pass


def _python_for_everybody() -> str:
    """This Python, or the system's where only root may enter this one's folder."""
    for python in (sys.executable, "/usr/bin/python3"):
        check = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        with contextlib.suppress(OSError):
            if subprocess.run(check, user="nobody", check=False, cwd="/").returncode == 0:
                return python
    pytest.skip("no Python 3.11 that nobody can run")


def _forbid_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a container's seccomp does, to us: no `unshare`."""
    monkeypatch.setenv("PATH", "/nonexistent")


def _ask(server: EmbeddedServer, sql: str) -> str:
    return server.client("psql", "-XAtqc", sql, capture_output=True).stdout.decode().strip()


def _connect(server: EmbeddedServer) -> socket.socket:
    """A session that does nothing."""
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(server.socket / ".s.PGSQL.5432"))
    words = b"user\0ringbook\0database\0ringbook\0\0"
    line.sendall((8 + len(words)).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + words)
    while not line.recv(4096).endswith(b"Z\0\0\0\5I"):
        pass
    return line


def _servers() -> set[int]:
    """PostgreSQL's processes that live; a container's first process may not bury the others."""
    found = subprocess.run(["pgrep", "-x", "-r", "R,S,D,T", "postgres"], capture_output=True, check=False).stdout
    return {int(pid) for pid in found.split()}


def _end_servers(below: Path) -> None:
    """Those that a killed Ringbook left in a folder, as it should."""
    for pid in _servers():
        if _works_in(pid, below):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
    _until(lambda: not any(_works_in(pid, below) for pid in _servers()))


def _works_in(pid: int, folder: Path) -> bool:
    return _folder_of(pid).is_relative_to(folder)


def _folder_of(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("gone")


def _children(pid: int | None) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _title(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _kill_all(data: Path) -> None:
    """kill -9 of the server and all its processes at once."""
    running = Postmaster.of(data / f"postgres-{MAJOR}")
    assert running
    for pid in (running.pid, *_children(running.pid)):
        with contextlib.suppress(ProcessLookupError):  # the backend of the last question may just have ended
            os.kill(pid, signal.SIGKILL)
    _until(lambda: not running.lives())


def _until(happens: object, patience: float = 10) -> None:
    assert callable(happens)
    deadline = time.monotonic() + patience
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)
