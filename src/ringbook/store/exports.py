"""Everything of a kind, a part at a time: each part begins at a key of its index and is read for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ringbook.domain.contact import Contact
from ringbook.domain.interaction import Interaction
from ringbook.store.contacts import contact_of, with_phones
from ringbook.store.journal import Change, change_of
from ringbook.store.legs import LEG, leg_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def contacts(tx: Tx, tenant_id: int, after: int, limit: int) -> list[Contact]:
    """Contacts by their ids, behind this one. Index: contact_pkey."""
    rows = await tx.fetch(
        """
        SELECT id, created_second, attributes, version, created_at, updated_at
          FROM live_contact
         WHERE tenant_id = $1
           AND id > $2
         ORDER BY id
         LIMIT $3
        """,
        tenant_id,
        after,
        limit,
    )
    return await with_phones(tx, tenant_id, [contact_of(row) for row in rows])


async def loose_keys(tx: Tx, tenant_id: int) -> list[str]:
    """Keys that contacts have values of although the schema lacks them."""
    rows = await tx.fetch("SELECT key FROM loose_key WHERE tenant_id = $1 ORDER BY key", tenant_id)
    return [row["key"] for row in rows]


async def written_numbers(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    """The numbers of list records as they were submitted, by record and field. Index: list_record_phone_pkey."""
    numbers: dict[int, dict[str, str]] = {}
    for row in await tx.fetch(
        """
        SELECT record_id, field, raw
          FROM list_record_phone
         WHERE tenant_id = $1
           AND record_id = ANY ($2::bigint[])
        """,
        tenant_id,
        record_ids,
    ):
        numbers.setdefault(row["record_id"], {})[row["field"]] = row["raw"]
    return numbers


async def interactions(
    tx: Tx, tenant_id: int, since: datetime | None, after: int, limit: int
) -> tuple[list[Interaction], int | None]:
    """Calls that began at this time or later, of the next so many by id; and behind which id the rest is, if any.

    Indexes: interaction_pkey, leg_tenant_id_interaction_id_identity_key.
    """
    rows = await tx.fetch(
        """
        SELECT id, call_id, ani, contact_id, started_at
          FROM interaction
         WHERE tenant_id = $1
           AND id > $2
         ORDER BY id
         LIMIT $3
        """,
        tenant_id,
        after,
        limit,
    )
    roots = {
        row["id"]: Interaction(row["id"], row["call_id"], row["ani"], row["contact_id"], row["started_at"], [])
        for row in rows
        if since is None or row["started_at"] >= since
    }
    legs = await tx.fetch(
        f"""
        SELECT {LEG}, interaction_id
          FROM leg
         WHERE tenant_id = $1
           AND interaction_id = ANY ($2::bigint[])
         ORDER BY interaction_id, started_at NULLS LAST, id
        """,
        tenant_id,
        list(roots),
    )
    for leg in legs:
        roots[leg["interaction_id"]].legs.append(leg_of(leg))
    return list(roots.values()), rows[-1]["id"] if len(rows) == limit else None


async def object_ids(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> Mapping[int, int]:
    """The creation seconds of contacts, by id. Index: contact_pkey."""
    rows = await tx.fetch(
        "SELECT id, created_second FROM contact WHERE tenant_id = $1 AND id = ANY ($2::bigint[])",
        tenant_id,
        contact_ids,
    )
    return {row["id"]: row["created_second"] for row in rows}


async def changes(
    tx: Tx, tenant_id: int, since: datetime | None, below: int, limit: int
) -> tuple[list[Change], int | None]:
    """Changes at this time or later, the newest first; and below which id there are more, if there are.

    The ids of a moment rise with it but for what was written at the same time, so one part is looked at beyond it.
    Index: change_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT id, at, actor, dialect, entity, entity_id, before, after
          FROM change
         WHERE tenant_id = $1
           AND id < $2
         ORDER BY id DESC
         LIMIT $3
        """,
        tenant_id,
        below,
        limit,
    )
    found = [change_of(row) for row in rows if since is None or row["at"] >= since]
    more = len(rows) == limit and (since is None or bool(found))
    return found, rows[-1]["id"] if more else None
