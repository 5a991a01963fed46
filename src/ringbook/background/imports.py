"""Imports that were sent: a process of its own carries them out, so that no caller waits for one.

This module is both ends: what a worker does every second, and the program that it starts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time

import structlog

from ringbook.core.access import Core
from ringbook.core.import_rehearsals import forget_files
from ringbook.core.imports import forget_old, tenants_with_work
from ringbook.domain.problems import Problem
from ringbook.store import directory
from ringbook.store.database import Connecting, Database

log = structlog.get_logger()

_LOOK_SECONDS = 0.2


class Importers:
    """Starts the importer when there is something to import, one at a time for each worker."""

    def __init__(self, database: Database, dsn: str) -> None:
        self._database = database
        self._dsn = dsn
        self._importer: asyncio.subprocess.Process | None = None

    async def look(self) -> None:
        """Start the importer if there is work that nobody does, and wait until it has ended."""
        if not await tenants_with_work(self._database):
            return
        self._importer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            # Not an argument or a variable: those can be seen by others, and it may hold a password.
            await self._importer.communicate(self._dsn.encode())
            if self._importer.returncode:
                log.warning("importer ended", code=self._importer.returncode)
        finally:
            if self._importer.returncode is None:
                self._importer.terminate()

    async def sweep(self) -> int:
        """Forget the refused rows and leftovers of old imports; of how many."""
        return await forget_old(self._database) + await forget_files(self._database)


async def carry_out_all(dsn: str) -> None:
    """Carry out what waits, tenant by tenant, until nothing does."""
    database = Database(Connecting(dsn, pool=4, lanes=1, modest=True), ())
    await database.open()
    core = Core(database)
    try:
        while tenant_ids := await tenants_with_work(database):
            done = False
            for tenant_id in tenant_ids:
                async with database.reading() as tx:
                    tenant = await directory.tenant(tx, tenant_id)
                done = await core.for_tenant(tenant, "import").imports.work() or done
            if not done:
                return
    finally:
        await database.close()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """The importer: it reads from standard input where the database is, and ends with its parent."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    try:
        asyncio.run(carry_out_all(sys.stdin.read()))
    except Problem as problem:
        print(f"importer: {problem.message}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
