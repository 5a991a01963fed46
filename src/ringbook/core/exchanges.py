"""What clients asked lately and what they were answered, for who builds an integration."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.core.context import Context
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid
from ringbook.store import exchanges as stored
from ringbook.store.database import Database
from ringbook.store.exchanges import Exchange, Noted

__all__ = ["Exchange", "Exchanges", "Noted", "keep", "sweep"]

MOST_OF_A_KEY = 200
KEPT_SECONDS = 3600.0
_MOST_A_PAGE = 100
_LONGEST_REQUEST_ID = 64


class Exchanges:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def keys(self) -> list[tuple[str, str]]:
        """Whose exchanges there are: (dialect, name of the key or login)."""
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await stored.keys(tx, self._context.tenant.id)

    async def latest(
        self,
        *,
        dialect: str | None = None,
        key: str | None = None,
        request_id: str | None = None,
        below: int = LARGEST_ID,
        limit: int = 50,
    ) -> Sequence[Exchange]:
        """The latest exchanges first: of one dialect's key, or the one with this request id, if asked."""
        self._context.require("admin")
        if not 1 <= limit <= _MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {_MOST_A_PAGE}.", field="limit")
        if request_id is not None and len(request_id) > _LONGEST_REQUEST_ID:
            return []
        async with self._context.database.reading() as tx:
            return await stored.latest(tx, self._context.tenant.id, dialect, key, request_id, below, limit)


async def keep(database: Database, noted: Sequence[Noted]) -> None:
    """Add these to what is kept, of each key so many at most."""
    async with database.transaction() as tx:
        await stored.add(tx, noted)
        for tenant_id, dialect, name in sorted({(one.tenant_id, one.dialect, one.key_name) for one in noted}):
            await stored.trim(tx, tenant_id, dialect, name, MOST_OF_A_KEY)


async def sweep(database: Database) -> None:
    """Remove what is too old to be kept."""
    async with database.transaction() as tx:
        await stored.sweep(tx, KEPT_SECONDS)
