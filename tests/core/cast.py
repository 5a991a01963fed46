"""The people, numbers and records that the tests of the core speak of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from ringbook.core.access import Core, Records
from ringbook.core.attempts import AttemptReport
from ringbook.domain.campaign import CampaignRecord
from ringbook.domain.contact import Contact
from ringbook.domain.interaction import Leg, LegDraft
from ringbook.store import directory
from ringbook.store.journal import Change

LEADS = "leads.csv"
SPRING = 7224
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

T = TypeVar("T")


def number(n: int) -> str:
    """One of the hundred numbers reserved for fiction."""
    assert 0 <= n < 100
    return f"330-555-01{n:02}"


def lead(key: object, phone: str = number(0), **fields: object) -> dict[str, Any]:
    """A record of leads.csv; `first`, `last`, `account` and `phone2` are its other columns."""
    columns = {"first": "First name", "last": "Last name", "account": "Account", "phone2": "Phone 2"}
    return {"id": str(key), "Phone": phone} | {columns[name]: value for name, value in fields.items()}


def only(found: Sequence[T]) -> T:
    """The one thing there is."""
    assert len(found) == 1, found
    return found[0]


async def save(records: Records, **attributes: Any) -> Contact:
    contact, _ = await records.contacts.save(attributes)
    return contact


async def with_number(records: Records, phone: str) -> list[Contact]:
    return await records.contacts.search({"phone": phone})


async def everybody(records: Records) -> list[Contact]:
    return await records.contacts.page(limit=500)


async def attempt(records: Records, **facts: Any) -> CampaignRecord:
    """Report an attempt on Spring, an unanswered one unless said otherwise; the campaign record after it."""
    said: dict[str, Any] = {"campaign": SPRING, "outcome": "no_answer"} | facts
    return (await records.attempts.report(AttemptReport(**said))).record


async def agent_leg(records: Records, root: str, agent: str = "kim", ani: str = number(0), **facts: Any) -> Leg:
    return await records.interactions.save_leg(root, ani, LegDraft(actor="AGENT", agent=agent, **facts))


async def history(records: Records, entity: str, entity_id: int | None = None) -> list[Change]:
    """The journal of an entity, the oldest first."""
    changes = await records.journal.changes(entity=entity, entity_id=entity_id, limit=500)
    return list(reversed(changes))


def told(raw: msgspec.Raw) -> Any:
    """What a journal entry says."""
    return msgspec.json.decode(raw)


async def move_clock(core: Core, records: Records, by: timedelta) -> None:
    """Set the tenant's clock so far ahead of the server's."""
    async with core.database.transaction() as tx:
        await directory.shift_clock(tx, records.tenant.id, by.total_seconds())


async def link_by_hand(core: Core, records: Records, table: str, row_id: int, contact_id: int) -> None:
    """What an agent's hand does: there is no operation for it yet."""
    assert table in ("list_record", "interaction")
    async with core.database.transaction() as tx:
        await tx.execute(
            f"UPDATE {table} SET contact_id = $3, link = 'hand' WHERE tenant_id = $1 AND id = $2",
            records.tenant.id,
            row_id,
            contact_id,
        )
