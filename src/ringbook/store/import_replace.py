"""What an import names of a list that it replaces, and the records that it then takes out, kept as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_KEPT = {
    "list_record": "t.id = ANY ($3)",
    "list_record_phone": "t.record_id = ANY ($3)",
    "campaign_record": "t.record_id = ANY ($3)",
    "attempt": """
        t.campaign_record_id IN (SELECT id FROM campaign_record WHERE tenant_id = $1 AND record_id = ANY ($3))
    """,
    "contact_phone": """
        t.source_id = ANY ($3)
        AND t.contact_id IN (SELECT contact_id FROM list_record WHERE tenant_id = $1 AND id = ANY ($3))
    """,
}
"""The tables in which a record is, and which rows are its own."""


async def name_records(tx: Tx, tenant_id: int, import_id: int, record_ids: Sequence[int]) -> None:
    await tx.execute(
        """
        INSERT INTO import_named (tenant_id, import_id, record_id)
        SELECT $1, $2, n.id
          FROM unnest($3::bigint[]) AS n (id)
        ON CONFLICT DO NOTHING
        """,
        tenant_id,
        import_id,
        record_ids,
    )


async def unnamed(tx: Tx, tenant_id: int, import_id: int, list_id: int, limit: int) -> list[int]:
    """Records of the list that no row named, in its order. Indexes: list_record_position, import_named_pkey."""
    rows = await tx.fetch(
        """
        SELECT r.id
          FROM list_record r
         WHERE r.tenant_id = $1
           AND r.list_id = $3
           AND NOT EXISTS (
                SELECT 1
                  FROM import_named n
                 WHERE n.tenant_id = $1
                   AND n.import_id = $2
                   AND n.record_id = r.id
               )
         ORDER BY r.position
         LIMIT $4
        """,
        tenant_id,
        import_id,
        list_id,
        limit,
    )
    return [row["id"] for row in rows]


async def keep(tx: Tx, tenant_id: int, import_id: int, record_ids: Sequence[int]) -> None:
    """Keep all that there is of these records, before they are deleted."""
    for table, own in _KEPT.items():
        await tx.execute(
            f"""
            INSERT INTO import_removed (tenant_id, import_id, of_table, content)
            SELECT $1, $2, '{table}', to_json(t)
              FROM {table} t
             WHERE t.tenant_id = $1
               AND {own}
            """,
            tenant_id,
            import_id,
            record_ids,
        )


async def bring_back(tx: Tx, tenant_id: int, import_id: int) -> int:
    """Put the kept records back where they were, but for those whose place another has taken; how many."""
    ids: list[int] = []
    for table, still in _BROUGHT_BACK.items():
        columns = await _columns(tx, table)
        returning = "RETURNING id" if table == "list_record" else ""
        rows = await tx.fetch(
            f"""
            INSERT INTO {table} ({columns})
            SELECT {columns}
              FROM (
                    SELECT r.*
                      FROM import_removed k
                     CROSS JOIN LATERAL json_populate_record(NULL::{table}, k.content) r
                     WHERE k.tenant_id = $1
                       AND k.import_id = $2
                       AND k.of_table = '{table}'
                   ) r
             WHERE {still}
            ON CONFLICT DO NOTHING
            {returning}
            """,
            tenant_id,
            import_id,
            *([] if table == "list_record" else [ids]),
        )
        ids = ids or [row["id"] for row in rows]
    await _tie_attempts(tx, tenant_id, import_id, ids)
    await tx.execute("DELETE FROM import_removed WHERE tenant_id = $1 AND import_id = $2", tenant_id, import_id)
    return len(ids)


async def _tie_attempts(tx: Tx, tenant_id: int, import_id: int, record_ids: Sequence[int]) -> None:
    """Have the attempts on records that are back be theirs again."""
    await tx.execute(
        """
        UPDATE attempt a
           SET campaign_record_id = c.id,
               record_id = c.record_id
          FROM import_removed k
         CROSS JOIN LATERAL json_populate_record(NULL::attempt, k.content) w
          JOIN campaign_record c
            ON c.tenant_id = $1
           AND c.id = w.campaign_record_id
         WHERE k.tenant_id = $1
           AND k.import_id = $2
           AND k.of_table = 'attempt'
           AND a.tenant_id = $1
           AND a.id = w.id
           AND c.record_id = ANY ($3::bigint[])
        """,
        tenant_id,
        import_id,
        record_ids,
    )


_BROUGHT_BACK = {
    "list_record": "EXISTS (SELECT 1 FROM calling_list l WHERE l.tenant_id = $1 AND l.id = r.list_id)",
    "list_record_phone": "r.record_id = ANY ($3::bigint[])",
    "campaign_record": """
        r.record_id = ANY ($3::bigint[])
        AND EXISTS (
            SELECT 1
              FROM campaign_list b
             WHERE b.tenant_id = $1
               AND b.campaign_id = r.campaign_id
               AND b.list_id = r.list_id
        )
    """,
    "contact_phone": """
        r.source_id = ANY ($3::bigint[])
        AND EXISTS (SELECT 1 FROM live_contact c WHERE c.tenant_id = $1 AND c.id = r.contact_id)
    """,
}
"""The same tables, and which of the kept rows still have a place there."""


async def _columns(tx: Tx, table: str) -> str:
    """A table's columns but those that the database fills itself."""
    rows = await tx.fetch(
        """
        SELECT quote_ident(attname) AS name
          FROM pg_attribute
         WHERE attrelid = $1::text::regclass
           AND attnum > 0
           AND NOT attisdropped
           AND attgenerated = ''
         ORDER BY attnum
        """,
        table,
    )
    return ", ".join(row["name"] for row in rows)
