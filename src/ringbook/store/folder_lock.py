"""Locks between Ringbooks: files in the data folder. They end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

_ours: set[int] = set()


def _forget_in_child() -> None:
    """A forked worker must not keep what its parent held. (Started programs get none: they close on exec.)"""
    for descriptor in _ours:
        os.close(descriptor)
    _ours.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class FolderLock:
    """One lock file: open from construction to `close`, held alone or shared in between."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _ours.add(self._descriptor)
        if os.geteuid() == 0:
            # Root may be a visitor: the folder's owner must be able to take the lock tomorrow.
            owner = path.parent.stat()
            os.fchown(self._descriptor, owner.st_uid, owner.st_gid)

    def alone(self, patience: float = 0.0) -> bool:
        """Take it for ourselves; False if others still hold it after `patience` seconds."""
        return self._take(fcntl.LOCK_EX, patience)

    def shared(self, patience: float = 0.0) -> bool:
        """Take it together with others; False if somebody still has it alone after `patience` seconds."""
        return self._take(fcntl.LOCK_SH, patience)

    def release(self) -> None:
        """Let go, if it is held."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go, for good."""
        _ours.discard(self._descriptor)
        os.close(self._descriptor)

    def sign(self) -> None:
        """Write down who holds it, for whom it turns away."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def signature(self) -> str:
        """The process id that the holder wrote down."""
        return os.pread(self._descriptor, 32, 0).decode(errors="replace").strip()

    def _take(self, how: int, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.005)
            else:
                return True
