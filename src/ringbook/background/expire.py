"""Removing data sets that have expired. Reads do not see them anyway; this gives the space back."""

from __future__ import annotations

from ringbook.store import datasets, journal
from ringbook.store.database import Database
from ringbook.store.journal import Author

_BATCH = 500


async def sweep_expired(database: Database) -> int:
    """Remove what has expired, a bounded batch at a time, with a receipt in the journal for each; how many."""
    swept = 0
    while True:
        async with database.transaction() as tx:
            gone = await datasets.sweep(tx, _BATCH)
            for tenant_id, data_set_id in gone:
                author = Author(tenant_id, "expiry", "background")
                await journal.record(tx, author, "data_set", data_set_id, None, {"expired": True})
        swept += len(gone)
        if len(gone) < _BATCH:
            return swept
