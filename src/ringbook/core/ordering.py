"""Contacts sorted by an attribute, a page at a time."""

from __future__ import annotations

from typing import NamedTuple

from ringbook.core.context import Context
from ringbook.domain.contact import Contact
from ringbook.domain.problems import Invalid
from ringbook.store import contact_order as stored
from ringbook.store import contacts
from ringbook.store.contact_order import Position
from ringbook.store.schema import schema as stored_schema

__all__ = ["Ordering", "Position", "Sorted"]

MOST_A_PAGE = 200


class Sorted(NamedTuple):
    """A page of contacts, and where the next one begins; None behind the last."""

    contacts: list[Contact]
    next: Position | None


class Ordering:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def by(self, key: str, after: Position | None = None, limit: int = 50, *, down: bool = False) -> Sorted:
        """The contacts that have a value of this attribute, in its order; of equal values the oldest first.

        Texts are compared without case and accents. Invalid for an attribute that cannot be searched, and for phones.
        """
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        tenant_id = self._context.tenant.id
        async with self._context.database.reading() as tx:
            attribute = (await stored_schema(tx, tenant_id)).named(key)
            if attribute is None or not attribute.searchable or attribute.type in ("Phone", "Number"):
                raise Invalid("Contacts cannot be sorted by this.", field="sort")
            positions = await stored.walk(tx, tenant_id, attribute.id, after, limit + 1, down=down)
            found = {c.id: c for c in await contacts.several(tx, tenant_id, [p.id for p in positions[:limit]])}
        # One that was deleted between the two statements is left out.
        page = [found[p.id] for p in positions[:limit] if p.id in found]
        return Sorted(page, positions[limit - 1] if len(positions) > limit else None)
