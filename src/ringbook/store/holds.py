"""Holds: campaign records that a claim has passed by, and until when; and what has claims look at them anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ringbook.domain.may_call import HeldBy, Hold

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_RELEASE = """
        UPDATE campaign_record c
           SET held_until = NULL,
               held_by = NULL"""


async def pass_by(tx: Tx, tenant_id: int, held: Mapping[int, Hold]) -> None:
    """Look at these campaign records again then, and no sooner. Index: campaign_record_pkey."""
    await tx.execute(
        """
        UPDATE campaign_record c
           SET held_by = q.held_by,
               held_until = q.until
          FROM unnest($2::bigint[], $3::text[], $4::timestamptz[]) AS q (id, held_by, until)
         WHERE c.tenant_id = $1
           AND c.id = q.id
        """,
        tenant_id,
        list(held),
        [by for by, _ in held.values()],
        [until for _, until in held.values()],
    )


async def look_again(tx: Tx, tenant_id: int, campaign_id: int, by: HeldBy | None = None) -> None:
    """Have claims look anew at what they passed by in this campaign for this reason (None: any).

    Index: campaign_record_next.
    """
    await tx.execute(
        f"""{_RELEASE}
          FROM (
                SELECT h.id
                  FROM campaign_record h
                 WHERE h.tenant_id = $1
                   AND h.campaign_id = $2
                   AND h.completed_at IS NULL
                   AND h.removed_at IS NULL
                   AND h.barred IS NULL
                   AND h.due_at IS NOT NULL
                   AND h.held_until IS NOT NULL
                   AND ($3::text IS NULL OR h.held_by = $3)
                 ORDER BY h.record_id
                   FOR UPDATE
               ) h
         WHERE c.tenant_id = $1
           AND c.id = h.id
        """,
        tenant_id,
        campaign_id,
        by,
    )


async def release_records(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> None:
    """Have claims look anew at these list records: they say something else now. Index: campaign_record_record."""
    await tx.execute(
        f"""{_RELEASE}
          FROM (
                SELECT h.id
                  FROM campaign_record h
                 WHERE h.tenant_id = $1
                   AND h.record_id = ANY ($2::bigint[])
                   AND h.held_until IS NOT NULL
                 ORDER BY h.record_id, h.id
                   FOR UPDATE
               ) h
         WHERE c.tenant_id = $1
           AND c.id = h.id
        """,
        tenant_id,
        record_ids,
    )


async def release_numbers(tx: Tx, tenant_id: int, keys: Collection[str]) -> None:
    """Have claims look anew at what has these numbers and was passed by because of a do-not-call list.

    Indexes: list_record_phone_match, campaign_record_record.
    """
    await tx.execute(
        f"""{_RELEASE}
          FROM (
                SELECT h.id
                  FROM campaign_record h
                 WHERE h.tenant_id = $1
                   AND h.record_id = ANY (ARRAY(SELECT p.record_id
                                                  FROM list_record_phone p
                                                 WHERE p.tenant_id = $1
                                                   AND p.match_key = ANY ($2::text[])))
                   AND h.held_by = 'do_not_call'
                 ORDER BY h.record_id, h.id
                   FOR UPDATE
               ) h
         WHERE c.tenant_id = $1
           AND c.id = h.id
        """,
        tenant_id,
        list(keys),
    )
