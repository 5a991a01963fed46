"""Where records are: which lists campaigns run over, a record's place among names, and what a campaign record is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ringbook.store.campaign_records import MOST_CAMPAIGNS
from ringbook.store.campaigns import leave_attempts

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def run_lists(tx: Tx, tenant_id: int, campaign_id: int) -> list[int]:
    """The ids of the lists that the campaign, or (0) any campaign, runs over."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT list_id
          FROM campaign_list
         WHERE tenant_id = $1
           AND ($2::bigint = 0 OR campaign_id = $2)
        """,
        tenant_id,
        campaign_id,
    )
    return [row["list_id"] for row in rows]


class Place(NamedTuple):
    """Where a list's record is in the order of names."""

    sort_name: str
    record_id: int


FIRST_PLACE = Place("", 0)
"""The place before all."""


async def places_after(tx: Tx, tenant_id: int, after: Mapping[int, Place], limit: int) -> list[tuple[int, Place]]:
    """The next places of each list (by id) after the one given, at most `limit` of each, in their order.

    Index: list_record_name, which has all that is asked.
    """
    rows = await tx.fetch(
        """
        SELECT q.list_id, r.sort_name, r.id
          FROM unnest($2::bigint[], $3::text[], $4::bigint[]) WITH ORDINALITY AS q (list_id, sort_name, id, n)
         CROSS JOIN LATERAL (
                SELECT r.sort_name, r.id
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.list_id = q.list_id
                   AND (r.sort_name, r.id) > (q.sort_name, q.id)
                 ORDER BY r.sort_name, r.id
                 LIMIT $5
               ) r
         ORDER BY q.n, r.sort_name, r.id
        """,
        tenant_id,
        list(after),
        [place.sort_name for place in after.values()],
        [place.record_id for place in after.values()],
        limit,
    )
    return [(row["list_id"], Place(row["sort_name"], row["id"])) for row in rows]


class Seat(NamedTuple):
    """What a campaign record is of."""

    id: int
    campaign_id: int
    list_id: int
    record_id: int


async def seat(tx: Tx, tenant_id: int, campaign_record_id: int) -> Seat | None:
    """The campaign record's campaign, list and list record. Index: campaign_record_pkey."""
    row = await tx.fetchrow(
        """
        SELECT c.id, c.campaign_id, c.list_id, c.record_id
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.id = $2
        """,
        tenant_id,
        campaign_record_id,
    )
    return None if row is None else Seat(*row)


async def first_seat(tx: Tx, tenant_id: int, external_id: str, list_id: int) -> Seat | None:
    """The lowest campaign record of a foreign id, in the list or (0) in any.

    Indexes: list_record_external, campaign_record_record.
    """
    row = await tx.fetchrow(
        f"""
        WITH found AS MATERIALIZED (
                SELECT r.id
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.external_id = $2
                   AND ($3::bigint = 0 OR r.list_id = $3)
             )
        SELECT c.id, c.campaign_id, c.list_id, c.record_id
          FROM found f
         CROSS JOIN LATERAL (
                SELECT c.id, c.campaign_id, c.list_id, c.record_id
                  FROM live_campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.record_id = f.id
                 LIMIT {MOST_CAMPAIGNS}
               ) c
         ORDER BY c.id
         LIMIT 1
        """,
        tenant_id,
        external_id,
        list_id,
    )
    return None if row is None else Seat(*row)


async def begin_anew(tx: Tx, tenant_id: int, campaign_record_id: int) -> None:
    """Have the campaign record as it was before its first attempt. Indexes: campaign_record_pkey, attempt_record."""
    await tx.execute(
        """
        UPDATE campaign_record
           SET tries = 0,
               phone_tries = '{}',
               next_try_at = NULL,
               outcome = NULL,
               disposition = NULL,
               second_disposition = NULL,
               completed_at = NULL,
               last_attempt_at = NULL,
               recalls = 0,
               recall = NULL,
               claimed_by = NULL,
               claim_token = NULL,
               claimed_until = NULL,
               told_at = NULL,
               changed_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        campaign_record_id,
    )
    await leave_attempts(tx, tenant_id, [campaign_record_id])
