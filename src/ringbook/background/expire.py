"""Removing what is over: data sets that have expired, which reads do not see anyway, and the keys of identities."""

from __future__ import annotations

from ringbook.core.sessions import THROTTLE_SECONDS
from ringbook.store import claimed_numbers, datasets, idempotency, identity, journal, sessions
from ringbook.store.database import Database
from ringbook.store.journal import Author

_BATCH = 500
_KEYS = 1000


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


async def sweep_answers(database: Database) -> int:
    """Remove answers that were kept for a day, a bounded batch at a time; how many."""
    swept = 0
    while True:
        async with database.transaction() as tx:
            gone = await idempotency.sweep(tx, _BATCH)
        swept += gone
        if gone < _BATCH:
            return swept


async def sweep_numbers(database: Database) -> int:
    """Remove the numbers of claims that have lapsed, a bounded batch at a time; how many."""
    swept = 0
    while True:
        async with database.transaction() as tx:
            gone = await claimed_numbers.sweep(tx, _BATCH)
        swept += gone
        if gone < _BATCH:
            return swept


async def sweep_keys(database: Database) -> int:
    """Remove the numbers and customer ids at which writers have met, so that none outlives its person; how many.

    What a writer holds at this moment is left to the next time.
    """
    swept = 0
    after = identity.FIRST_KEY
    while True:
        async with database.transaction() as tx:
            gone = await identity.forget_keys(tx, after, _KEYS)
        swept += len(gone)
        if len(gone) < _KEYS:
            return swept
        after = gone[-1]


async def sweep_sessions(database: Database) -> None:
    """Remove the console's sessions and links that have ended, and failures to sign in that no longer count."""
    async with database.transaction() as tx:
        await sessions.sweep(tx, THROTTLE_SECONDS)
