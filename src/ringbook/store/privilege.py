"""Who may run PostgreSQL, and from where.

The server refuses root, and Ringbook must work for root: in containers, in CI, in a folder that only root may
enter. The first way that works is taken:

1. Not root: run it.
2. Root: run it in a user namespace, where root goes by another number. The kernel still sees root, so
   programs and data below 0700 folders are reached; PostgreSQL does not, so it starts. No OS user is added.
3. Root where namespaces are forbidden (a container's default seccomp), or where the data is another user's:
   become that user, or nobody, with a copy of the programs if it cannot reach them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ringbook.store.programs import EmbeddedProblem, Programs

_INSIDE = ("daemon", "bin", "nobody")
"""Names whose number root may go by in the namespace. initdb insists on one that the system knows."""


class Identity(TypedDict, total=False):
    """What `subprocess` is told, to start a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Runner:
    """As whom PostgreSQL runs, and from which folder."""

    binaries: Path
    prefix: tuple[str, ...] = ()
    identity: tuple[int, int] | None = None
    notice: str = ""

    def command(self, program: str, *arguments: str) -> list[str]:
        """The words that start a program."""
        return [*self.prefix, str(self.binaries / program), *arguments]

    def become(self) -> Identity:
        """The arguments of `subprocess.Popen` that change the user, none if it stays."""
        if self.identity is None:
            return {}
        user, group = self.identity
        return {"user": user, "group": group, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all that is in it, to whom PostgreSQL runs as."""
        if self.identity is None or path.stat().st_uid == self.identity[0]:
            return
        os.chown(path, *self.identity)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), *self.identity, follow_symlinks=False)


def choose_runner(data: Path, cluster: Path, programs: Programs) -> Runner:
    """Who runs PostgreSQL on this data folder. Raises EmbeddedProblem where nobody can."""
    owner = cluster.stat().st_uid if cluster.exists() else None
    we = os.geteuid()
    if we != 0:
        if owner not in (None, we):
            raise EmbeddedProblem(f"{cluster} belongs to {_name(owner)}: run Ringbook as {_name(owner)}, or as root.")
        # A container may give us a number that has no name; initdb would refuse it.
        prefix = () if _known(we) else _namespace(data, programs.folder)
        return Runner(programs.folder, prefix or ())
    if owner in (None, 0):
        prefix = _namespace(data, programs.folder)
        if prefix:
            return Runner(programs.folder, prefix)
    return _somebody_else(data, owner, programs)


def _namespace(data: Path, binaries: Path) -> tuple[str, ...] | None:
    """What to put before a command to run it under another number, None where that is forbidden."""
    inside = _number_inside()
    unshare = shutil.which("unshare")
    if unshare is None or inside is None:
        return None
    prefix = (unshare, "--user", f"--map-user={inside}", f"--map-group={inside}", "--")
    reaches = 'test -x "$0" && test -x "$1" && test -w "$1"'
    probe = _quietly([*prefix, "/bin/sh", "-c", reaches, str(binaries / "postgres"), str(data)])
    return prefix if probe else None


def _number_inside() -> int | None:
    # By name: listing all users may mean asking a directory server for them.
    for name in _INSIDE:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


def _somebody_else(data: Path, owner: int | None, programs: Programs) -> Runner:
    account = _account(owner or data.stat().st_uid)
    identity = (account.pw_uid, account.pw_gid)
    _let_in(data, account, identity)
    binaries = programs.folder
    copied = ""
    if not _quietly([str(binaries / "postgres"), "--version"], identity):
        binaries = _copy(programs, data)
        copied = f", from a copy of its programs in {binaries}"
    notice = f"PostgreSQL does not run as root: it runs as {account.pw_name}{copied}."
    return Runner(binaries, identity=identity, notice=notice)


def _account(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
    except KeyError:
        who = f"the user {uid}, to whom the data belongs," if uid else "the user nobody"
        raise EmbeddedProblem(
            f"PostgreSQL does not run as root, and {who} is not known to this system: run Ringbook as another user."
        ) from None


def _let_in(data: Path, account: pwd.struct_passwd, identity: tuple[int, int]) -> None:
    """Make sure that the account can pass through the data folder."""
    enter = ["/bin/sh", "-c", 'test -x "$0"', str(data)]
    if _quietly(enter, identity):
        return
    facts = data.stat()
    if facts.st_uid == 0:
        # Ringbook's own folder: passing through shows no name in it, and every file in it keeps its own mode.
        data.chmod(stat.S_IMODE(facts.st_mode) | 0o011)
        if _quietly(enter, identity):
            return
        data.chmod(stat.S_IMODE(facts.st_mode))
    raise EmbeddedProblem(
        f"PostgreSQL does not run as root, and {account.pw_name} cannot enter {data}: choose a folder "
        "all of whose parents everybody may pass through, or run Ringbook as another user."
    )


def _copy(programs: Programs, data: Path) -> Path:
    """The programs again, where everybody who may pass through the data folder can run them."""
    installation = programs.folder.parent
    package = installation.parent
    # A wheel keeps its libraries beside the package and finds them by a relative path, so the layout stays.
    libraries = package.parent / f"{package.name}.libs"
    target = data / f"program-{programs.version}"
    binaries = target / package.name / installation.name / programs.folder.name
    if binaries.exists():
        return binaries
    for old in data.glob("program-*"):
        shutil.rmtree(old, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".partial", dir=data))
    leave_out = shutil.ignore_patterns("include", "pgxs", "*.a")
    shutil.copytree(installation, draft / package.name / installation.name, ignore=leave_out, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    _open_to_all(draft)
    draft.rename(target)
    return binaries


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runnable else 0o644)


def _quietly(command: list[str], identity: tuple[int, int] | None = None) -> bool:
    """Whether a command succeeds, run as somebody."""
    who = Runner(Path(), identity=identity).become()
    try:
        done = subprocess.run(  # noqa: S603 - programs of ours and the system's
            command, capture_output=True, check=False, cwd="/", timeout=10, **who
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"the user {uid}"
