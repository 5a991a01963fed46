"""Reading the journal."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.core.context import Context
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid
from ringbook.store import journal as stored
from ringbook.store.journal import Change

__all__ = ["MOST_A_PAGE", "Change", "Journal"]

MOST_A_PAGE = 500


class Journal:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def changes(
        self,
        *,
        entity: str | None = None,
        entity_id: int | None = None,
        below: int = LARGEST_ID,
        limit: int = 50,
    ) -> Sequence[Change]:
        """Who changed what, the newest first; of one kind of entity or of one entity if asked."""
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            return await stored.changes(
                tx, self._context.tenant.id, entity=entity, entity_id=entity_id, below=below, limit=limit
            )
