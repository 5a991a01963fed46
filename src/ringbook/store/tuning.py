"""How the embedded PostgreSQL is set up: what must hold, and what suits a small machine.

The first kind is given on the command line, where no file can override it. The second kind is a file that
Ringbook writes at every start; what the operator adds at the end of postgresql.conf, or by ALTER SYSTEM,
comes after it and wins.
"""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 1024 * 1024
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),  # version 2
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),  # version 1
)

_MUST = {
    "listen_addresses": "",  # a unix socket only: nothing to reach from another machine
    "unix_socket_permissions": "0700",  # and from this one by the same user only
    "port": "5432",  # part of the socket's name
    "fsync": "on",  # what was answered with success survives the power cut,
    "synchronous_commit": "on",  # from the moment of the answer,
    "full_page_writes": "on",  # also when the cut hit the middle of a page
    "logging_collector": "off",  # the log is the server's standard error: one process less
    "log_destination": "stderr",
}

_TUNING = """\
# Written by Ringbook at every start. Your own settings belong at the end of postgresql.conf.

# Memory. Ringbook with PostgreSQL idles below 250 MB; buffers count only once they are touched.
shared_buffers = {shared_buffers}MB         # a sixteenth of the memory: the system's own cache holds the rest
effective_cache_size = {cache}MB     # what the planner may believe is cached: half of the memory
max_connections = 200                # eight workers have 96, and their importers 40
max_worker_processes = 2             # extensions that an operator may load; Ringbook needs none
max_parallel_workers = 0             # look-ups are too small to share out, and sharing needs more of /dev/shm
max_parallel_workers_per_gather = 0  # than a container has
max_parallel_maintenance_workers = 0
max_logical_replication_workers = 0  # no launcher process
autovacuum = on                      # records expire and are overwritten all day
autovacuum_max_workers = 2
autovacuum_naptime = 10s             # an empty table that fills is planned for within seconds
huge_pages = off                     # they would be taken whole at the start

# Speed of one small statement.
jit = off                            # compiling costs more than any look-up
random_page_cost = 1.1               # an SSD: an index is nearly always right

# The journal, whose replay is the recovery after a crash: 180 to 330 MB a second, of whole pages as they are.
max_wal_size = 2GB                   # some 10 s of replay at most; 400,000 new contacts write so much
checkpoint_timeout = 5min            # the replay begins at the last checkpoint
wal_compression = off                # pglz, the only one there is, takes nearly half of a new contact's time

# The log: what the server says about itself. A refused statement is Ringbook's to report, without the
# caller's number in it.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off                # a line every 5 minutes for ever
log_line_prefix = '%m [%p] '

# The same answers on every machine.
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C'                    # Ringbook reads why a start failed
"""

_TUNING_18 = """
io_method = sync                     # no three reading processes: what is hot is in memory
"""


def required(socket: Path) -> list[str]:
    """The command line's part."""
    settings = {**_MUST, "unix_socket_directories": f'"{socket}"'}
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def suggested(major: int) -> str:
    """The file's part."""
    memory = _memory() // _MIB
    text = _TUNING.format(shared_buffers=min(max(memory // 16, 32), 512), cache=max(memory // 2, 64))
    return text + (_TUNING_18 if major >= 18 else "")


def _memory() -> int:
    """What this machine, or the container that we are in, may use, in bytes."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for path in _CONTAINER_LIMITS if (text := _read(path)).isdigit()]
    return min(whole, *limits) if limits else whole


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
