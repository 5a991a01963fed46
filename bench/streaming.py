"""jtel's whole account in one answer: when its first record comes, what the server grows by, and its transactions."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass

from bench.data import Database
from bench.machine import memory, tree
from bench.problem import BenchProblem
from bench.servers import Running

_FIRST_RECORD = b'"records":[{'
_PIECE = 64 * 1024
_LOOK_SECONDS = 0.1
_LONGEST_TRANSACTION = """
    SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
      FROM pg_stat_activity
     WHERE application_name <> 'psql'
       AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Streamed:
    """One listing of everything; milliseconds, megabytes, and how many records."""

    first_record: float
    growth: float
    longest_transaction: float
    records: int
    seconds: float


def measure(made: Database, ringbook: Running, secret: str, clients_id: int) -> Streamed:
    """List every contact of the account while the server's memory and transactions are watched."""
    path = f"/rest/v1.0/{clients_id}/dialler/contacts"
    _read(ringbook, path, secret, pieces=1)  # the first answer of all brings its modules and statements
    watch = _Watch(made, ringbook)
    watch.start()
    try:
        first, records, seconds = _read(ringbook, path, secret)
    finally:
        watch.stop()
    if records < made.size.contacts:
        raise BenchProblem(f"Of {made.size.contacts} contacts jtel lists {records}.")
    return Streamed(first * 1000, watch.most - watch.before, watch.longest * 1000, records, seconds)


def _read(ringbook: Running, path: str, secret: str, pieces: int | None = None) -> tuple[float, int, float]:
    """Seconds to the first record, records, seconds; `pieces`: leave after so many."""
    connection = http.client.HTTPConnection("127.0.0.1", ringbook.port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
    answer = connection.getresponse()
    first, records, read, tail = 0.0, 0, 0, b""
    while piece := answer.read1(_PIECE):
        if not first and _FIRST_RECORD in tail + piece:
            first = time.perf_counter() - began
        # A record's name may be cut in two.
        whole = tail + piece
        records += whole.count(b'"bLastResultMailbox"') - tail.count(b'"bLastResultMailbox"')
        tail = whole[-64:]
        read += 1
        if read == pieces:
            break
    connection.close()
    return first, records, time.perf_counter() - began


class _Watch(threading.Thread):
    """Looks at the server's memory and the database's oldest transaction, again and again."""

    def __init__(self, made: Database, ringbook: Running) -> None:
        super().__init__(daemon=True)
        self._made = made
        self._pids = tree(ringbook.pid)
        self._over = threading.Event()
        self.before = self.most = memory(self._pids).rss
        self.longest = 0.0

    def run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.most = max(self.most, memory(self._pids).rss)
            self.longest = max(self.longest, float(self._made.value(_LONGEST_TRANSACTION)))

    def stop(self) -> None:
        self._over.set()
        self.join()
