"""Who brings a million rows gives way to who is on the phone: PostgreSQL knows no priorities, the machine does."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

_NICE = 10


def give_way(dsn: str, backend: int) -> None:
    """Let others on this machine go before this backend, if it is one here that we may tell: by a socket, on Linux."""
    if "host=/" not in unquote(dsn):
        return
    with suppress(OSError):
        # Where the server sees other process ids than we do, ours may be anybody's.
        if Path(f"/proc/{backend}/comm").read_text().strip() == "postgres":
            os.setpriority(os.PRIO_PROCESS, backend, _NICE)
