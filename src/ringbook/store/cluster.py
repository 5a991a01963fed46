"""The cluster in the data folder: which PostgreSQL it is for, and how a new one is made, whole or not."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ringbook.store.postmaster import ROLE
from ringbook.store.privilege import Runner
from ringbook.store.programs import EmbeddedProblem, Programs, find_programs, installed

_NO_ROOM = (os.strerror(errno.ENOSPC), "Check free disk space")  # the system's words, and PostgreSQL's


def programs_for(data: Path) -> Programs:
    """The programs for the cluster that is there, or for the one to be made."""
    majors = sorted(int(path.name[9:]) for path in data.glob("postgres-*") if re.fullmatch(r"\d+", path.name[9:]))
    if not majors:
        return find_programs()
    ours = [programs.major for programs in installed()]
    usable = [major for major in majors if major in ours]
    if not usable:
        raise _other_version(data, majors[-1], ours)
    programs = find_programs(usable[-1])
    _check_marked(data / f"postgres-{programs.major}", programs.major)
    return programs


def make_cluster(cluster: Path, programs: Programs, runner: Runner) -> None:
    """A new cluster under its final name, whole and on the disk; what a crash leaves has another name."""
    for remains in cluster.parent.glob("postgres-*.partial"):
        shutil.rmtree(remains, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{cluster.name}.", suffix=".partial", dir=cluster.parent))
    try:
        runner.own(draft)
        _initdb(draft, programs, runner)
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'ringbook.conf'\n\n# Your own settings follow here, and win.\n")
        _sync(draft)
        draft.rename(cluster)
        _sync(cluster.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def environment() -> dict[str, str]:
    """Ours without what would reach into PostgreSQL: its own variables, and systemd's socket for us."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "NOTIFY_SOCKET"}


def failure(what: str, said: str, more: str = "") -> EmbeddedProblem:
    """One sentence out of what a program said."""
    if any(words in said for words in _NO_ROOM):
        return EmbeddedProblem(f"{what}, for the disk is full: make room and start again.")
    telling = re.findall(r"(?:FATAL|PANIC|error): +(.+)", said)
    reason = telling[-1].rstrip(".") if telling else (said.strip().splitlines() or ["it said nothing"])[-1]
    return EmbeddedProblem(f"{what}: {reason}" + (f" ({more})." if more else "."))


def _other_version(data: Path, theirs: int, ours: list[int]) -> EmbeddedProblem:
    made = f"{data} was made by PostgreSQL {theirs}"
    if not ours:
        return EmbeddedProblem(f"{made}, and no PostgreSQL was found on this machine: install that version.")
    if theirs > max(ours):
        return EmbeddedProblem(
            f"{made} and this Ringbook has {max(ours)}: start it with the Ringbook that made it, or with a newer one."
        )
    return EmbeddedProblem(
        f"{made} and this Ringbook has {max(ours)}: dump it with the Ringbook that made it and restore the dump "
        "into a new folder with this one (docs/operating.md says how)."
    )


def _check_marked(cluster: Path, major: int) -> None:
    """A folder with the right name must also be a cluster of that version."""
    try:
        mark = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedProblem(
            f"{cluster} is damaged (it has no PG_VERSION): move it away and restore a backup."
        ) from None
    except PermissionError:  # another user's: whoever runs PostgreSQL is told so
        return
    if mark != str(major):
        raise EmbeddedProblem(f"{cluster} was made by PostgreSQL {mark}, not {major}: give it back its name.")


def _initdb(folder: Path, programs: Programs, runner: Runner) -> None:
    # Sorting is by code point on every machine; only the newer majors know letters without asking the system.
    sorting = ["--locale=C", "--lc-collate=C", "--lc-ctype=C.UTF-8"]
    if programs.major >= 17:
        sorting = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = subprocess.run(  # noqa: S603 - a program of ours
        runner.command(
            "initdb",
            f"--pgdata={folder}",
            f"--username={ROLE}",
            "--auth=trust",
            "--encoding=UTF8",
            *sorting,
            "--data-checksums",
            "--no-instructions",
            "--no-sync",  # done once for all files, by _sync
        ),
        check=False,
        capture_output=True,
        cwd="/",
        env=environment(),
        **runner.become(),
    )
    if done.returncode:
        raise failure(f"PostgreSQL could not set up {folder.parent}", done.stderr.decode(errors="replace"))


def _sync(folder: Path) -> None:
    """Bring everything below to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # One call for a thousand files, where the system has it.
        whole = getattr(ctypes.CDLL(None), "syncfs", None)
        if whole is None or whole(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)
