"""What an agent should know at once of whom a call may be about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ringbook.domain.caller import Callback, LastCall, Standing

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def standings(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> dict[int, Standing]:
    """By contact: their last call, and at most 20 callbacks that are open for their numbers.

    Indexes: interaction_contact, contact_phone_contact, data_set_match.
    """
    rows = await tx.fetch(
        """
        SELECT q.id, i.call_id, i.started_at, d.callbacks
          FROM unnest($2::bigint[]) AS q (id)
          LEFT JOIN LATERAL (
                SELECT i.call_id, i.started_at
                  FROM interaction i
                 WHERE i.tenant_id = $1
                   AND i.contact_id = q.id
                 ORDER BY i.started_at DESC, i.id DESC
                 LIMIT 1
               ) i ON true
         CROSS JOIN LATERAL (
                SELECT json_agg(json_build_object('number', d.number, 'ecbt', d.ecbt, 'expires_at', d.expires_at)
                                ORDER BY d.ecbt, d.number) AS callbacks
                  FROM (
                        SELECT d.number, d.ecbt, d.expires_at
                          FROM (SELECT DISTINCT p.match_key
                                  FROM contact_phone p
                                 WHERE p.tenant_id = $1
                                   AND p.contact_id = q.id
                                 LIMIT 100) p
                         CROSS JOIN LATERAL (
                                SELECT d.number, d.ecbt, d.expires_at
                                  FROM live_data_set d
                                 WHERE d.tenant_id = $1
                                   AND d.match_key = p.match_key
                                   AND d.ecbt IS NOT NULL
                                 LIMIT 20
                               ) d
                         LIMIT 20
                       ) d
               ) d
        """,
        tenant_id,
        contact_ids,
    )
    return {
        row["id"]: Standing(
            None if row["call_id"] is None else LastCall(row["call_id"], row["started_at"]),
            msgspec.json.decode(row["callbacks"] or "[]", type=list[Callback]),
        )
        for row in rows
    }
