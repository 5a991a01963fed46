"""What an undo asks and takes away: whether somebody works with what an import made, and its contacts for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def touched_records(tx: Tx, tenant_id: int, import_id: int, ids: Sequence[int]) -> Mapping[int, str]:
    """Why some of these list records are to stay. Indexes: change_of, campaign_record_record."""
    rows = await tx.fetch(
        """
        SELECT g.id,
               EXISTS (
                SELECT 1
                  FROM change c
                 WHERE c.tenant_id = $1
                   AND c.entity || '' = 'list_record'  -- else a rare kind is read whole
                   AND c.entity_id = g.id
                   AND c.import_id IS DISTINCT FROM $2
               ) AS changed,
               EXISTS (
                SELECT 1
                  FROM campaign_record r
                 WHERE r.tenant_id = $1
                   AND r.record_id = g.id
                   AND (r.last_attempt_at IS NOT NULL OR r.completed_at IS NOT NULL OR r.claimed_by IS NOT NULL)
               ) AS called
          FROM unnest($3::bigint[]) AS g (id)
        """,
        tenant_id,
        import_id,
        ids,
    )
    return {
        row["id"]: "somebody has changed it since" if row["changed"] else "a campaign has worked on it"
        for row in rows
        if row["changed"] or row["called"]
    }


async def touched_contacts(tx: Tx, tenant_id: int, import_id: int, ids: Sequence[int]) -> Mapping[int, str]:
    """The same for contacts. Indexes: change_of, list_record_contact, interaction_contact, contact_merge_kept."""
    rows = await tx.fetch(
        """
        SELECT g.id,
               EXISTS (
                SELECT 1
                  FROM change c
                 WHERE c.tenant_id = $1
                   AND c.entity || '' = 'contact'
                   AND c.entity_id = g.id
                   AND c.import_id IS DISTINCT FROM $2
               ) AS changed,
               EXISTS (SELECT 1 FROM list_record r WHERE r.tenant_id = $1 AND r.contact_id = g.id) AS listed,
               EXISTS (SELECT 1 FROM contact_merge m WHERE m.tenant_id = $1 AND m.kept_id = g.id) AS merged,
               EXISTS (
                SELECT 1
                  FROM interaction i
                 WHERE i.tenant_id = $1
                   AND i.contact_id = g.id
                   AND i.link = 'hand'
               ) AS linked
          FROM unnest($3::bigint[]) AS g (id)
        """,
        tenant_id,
        import_id,
        ids,
    )
    reasons = {
        "changed": "somebody has changed it since",
        "listed": "a list has a record of it",
        "merged": "another contact was merged into it",
        "linked": "somebody has linked a call to it",
    }
    return {row["id"]: told for row in rows for name, told in reversed(reasons.items()) if row[name]}


async def remove_contacts(tx: Tx, tenant_id: int, ids: Sequence[int]) -> None:
    """Take contacts away as if they had never been there; calls from their numbers are nobody's again."""
    await tx.execute(
        "SELECT 1 FROM contact WHERE tenant_id = $1 AND id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE", tenant_id, ids
    )
    await tx.execute(
        """
        UPDATE interaction
           SET contact_id = NULL,
               link = NULL
         WHERE tenant_id = $1
           AND contact_id = ANY ($2::bigint[])
        """,
        tenant_id,
        ids,
    )
    for table in ("contact_phone", "hidden_value"):
        await tx.execute(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])", tenant_id, ids
        )
    await tx.execute("DELETE FROM contact WHERE tenant_id = $1 AND id = ANY ($2::bigint[])", tenant_id, ids)


async def remove_entries(tx: Tx, tenant_id: int, entries: Sequence[tuple[int, str, int]]) -> None:
    """Remove (attribute id, folded value, contact id) from what contacts are found by. Index: contact_search_pkey."""
    await tx.execute(
        """
        DELETE FROM contact_search s
         USING unnest($2::bigint[], $3::text[], $4::bigint[]) AS e (attribute_id, folded, contact_id)
         WHERE s.tenant_id = $1
           AND s.attribute_id = e.attribute_id
           AND s.folded = e.folded
           AND s.contact_id = e.contact_id
        """,
        tenant_id,
        [attribute_id for attribute_id, _, _ in entries],
        [folded for _, folded, _ in entries],
        [contact_id for _, _, contact_id in entries],
    )
