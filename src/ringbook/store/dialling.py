"""What a campaign's owner decides about its records: notes, recalls, what is barred, and how far the whole is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from ringbook.domain.campaign import BARRED_BY_FILTER, BARRED_NUMBER, Chosen, Recall, Result, Tally
from ringbook.domain.phone import MatchKey, Phone
from ringbook.store.campaign_records import MOST
from ringbook.store.do_not_call import MOST_LISTS
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

RESULT = f"CASE WHEN c.barred = '{BARRED_NUMBER}' THEN 'do_not_call' ELSE COALESCE(c.outcome, 'clean') END"
"""What CampaignRecord.result says, of a campaign record `c`."""
_MEETS = f"""
           AND ($3::text[] IS NULL OR {RESULT} = ANY ($3))
           AND ($4::text IS NULL OR c.disposition = $4)
           AND ($5::text IS NULL OR c.second_disposition = $5)"""
_TAKEN_UP_ANEW = """
               completed_at = NULL,
               claimed_by = NULL,
               claim_token = NULL,
               claimed_until = NULL,
               told_at = CASE WHEN last_attempt_at IS NOT NULL THEN told_at END,
               changed_at = now"""


async def chosen_ids(
    tx: Tx, tenant_id: int, campaign_id: int, chosen: Chosen, *, for_update: bool = False
) -> list[int]:
    """The ids of the campaign's records that are meant; if they are to be changed, held in the order of list records,
    as who deletes those holds them.

    Indexes: list_record_customer and campaign_record_record where customers are named; else
    campaign_record_tenant_id_campaign_id_record_id_key.
    """
    meets = (chosen.results, chosen.disposition, chosen.second_disposition)
    held = "FOR UPDATE OF c" if for_update else ""
    if chosen.customers is None:
        rows = await tx.fetch(
            f"""
            SELECT c.id
              FROM live_campaign_record c
             WHERE c.tenant_id = $1
               AND c.campaign_id = $2{_MEETS}
             ORDER BY c.record_id
               {held}
            """,
            tenant_id,
            campaign_id,
            *meets,
        )
    else:
        rows = await tx.fetch(
            f"""
            SELECT c.id
              FROM list_record r
              JOIN live_campaign_record c
                ON c.tenant_id = $1
               AND c.record_id = r.id
               AND c.campaign_id = $2
             WHERE r.tenant_id = $1
               AND r.customer_id = ANY ($6::text[]){_MEETS}
             ORDER BY c.record_id
               {held}
            """,
            tenant_id,
            campaign_id,
            *meets,
            chosen.customers,
        )
    return [row["id"] for row in rows]


async def has_records(tx: Tx, tenant_id: int, campaign_id: int) -> bool:
    """Whether there is anybody to call. Index: campaign_record_tenant_id_campaign_id_record_id_key."""
    # In order, or else PostgreSQL reads the table until it meets one.
    row = await tx.fetchrow(
        """
        SELECT record_id
          FROM live_campaign_record
         WHERE tenant_id = $1
           AND campaign_id = $2
         ORDER BY record_id
         LIMIT 1
        """,
        tenant_id,
        campaign_id,
    )
    return row is not None


async def count_list(tx: Tx, tenant_id: int, list_id: int, at_most: int) -> int:
    """How many records the list has, counted no further than `at_most`. Index: list_record_position."""
    found: int = await tx.fetchval(
        """
        SELECT count(*)
          FROM (
                SELECT 1
                  FROM list_record
                 WHERE tenant_id = $1
                   AND list_id = $2
                 LIMIT $3
               ) r
        """,
        tenant_id,
        list_id,
        at_most,
    )
    return found


async def running(tx: Tx, tenant_id: int) -> int:
    """How many campaigns dial by themselves now; the tenant's row keeps two that start apart."""
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
    found: int = await tx.fetchval(
        "SELECT count(*) FROM campaign WHERE tenant_id = $1 AND type <> 'preview' AND state = 'running'", tenant_id
    )
    return found


async def now(tx: Tx, tenant_id: int) -> datetime:
    """The tenant's moment."""
    found: datetime = await tx.fetchval("SELECT ringbook_now($1)", tenant_id)
    return found


async def code(
    tx: Tx, tenant_id: int, ids: Sequence[int], disposition: str, second: str | None, notes: str | None
) -> None:
    """Note what came of these campaign records, and call them no more.

    It is told of them one after the other, so that who fetches results page by page gets past them.
    """
    await tx.execute(
        """
        UPDATE campaign_record
           SET disposition = $3,
               second_disposition = COALESCE($4, second_disposition),
               notes = COALESCE($5, notes),
               completed_at = now + (q.n - 1) * interval '1 millisecond',
               next_try_at = NULL,
               recall = NULL,
               claimed_by = NULL,
               claim_token = NULL,
               claimed_until = NULL,
               changed_at = now,
               told_at = now + (q.n - 1) * interval '1 millisecond'
          FROM ringbook_now($1) AS now,
               unnest($2::bigint[]) WITH ORDINALITY AS q (campaign_record_id, n)
         WHERE tenant_id = $1
           AND id = q.campaign_record_id
        """,
        tenant_id,
        ids,
        disposition,
        second,
        notes,
    )


async def arrange(tx: Tx, tenant_id: int, calls: Sequence[tuple[int, datetime, Recall]]) -> None:
    """Promise a call for each of these campaign records, instead of one that was promised before."""
    await tx.execute(
        f"""
        UPDATE campaign_record
           SET next_try_at = q.at,
               recall = q.recall::json,
               recalls = recalls + 1,{_TAKEN_UP_ANEW}
          FROM ringbook_now($1) AS now,
               unnest($2::bigint[], $3::timestamptz[], $4::text[]) AS q (campaign_record_id, at, recall)
         WHERE tenant_id = $1
           AND id = q.campaign_record_id
        """,
        tenant_id,
        [id_ for id_, _, _ in calls],
        [at for _, at, _ in calls],
        [json_text(recall) for _, _, recall in calls],
    )


async def give_up_recall(tx: Tx, tenant_id: int, ids: Sequence[int]) -> None:
    """Promise nothing any more: the records are called when their turn comes."""
    await tx.execute(
        """
        UPDATE campaign_record
           SET next_try_at = NULL,
               recall = NULL,
               changed_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
           AND recall IS NOT NULL
        """,
        tenant_id,
        ids,
    )


async def renew(tx: Tx, tenant_id: int, ids: Sequence[int]) -> None:
    """As if these campaign records had never been called, except for what is known of the attempts."""
    await tx.execute(
        f"""
        UPDATE campaign_record
           SET outcome = NULL,
               next_try_at = NULL,
               recall = NULL,
               phone_tries = COALESCE((SELECT json_object_agg(slot, tried::jsonb - 'outcomes' - 'used_up')
                                         FROM json_each(phone_tries) AS t (slot, tried)), '{{}}'),
               barred = NULLIF(barred, '{BARRED_NUMBER}'),{_TAKEN_UP_ANEW}
          FROM ringbook_now($1) AS now
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
        """,
        tenant_id,
        ids,
    )


async def bar(tx: Tx, tenant_id: int, ids: Sequence[int]) -> None:
    """Call none of these campaign records any more, as if their numbers were on a do-not-call list."""
    await tx.execute(
        f"""
        UPDATE campaign_record
           SET barred = '{BARRED_NUMBER}',
               changed_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = ANY ($2::bigint[])
        """,
        tenant_id,
        ids,
    )


async def numbers_of(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> list[tuple[int, Phone]]:
    """The numbers of these list records, each with its record. Index: list_record_phone_pkey."""
    rows = await tx.fetch(
        """
        SELECT record_id, raw, e164, digits, match_key
          FROM list_record_phone
         WHERE tenant_id = $1
           AND record_id = ANY ($2::bigint[])
        """,
        tenant_id,
        record_ids,
    )
    return [
        (row["record_id"], Phone(row["raw"], row["e164"], row["digits"], MatchKey(row["match_key"]), ""))
        for row in rows
    ]


async def barred_by_number(tx: Tx, tenant_id: int, campaign_id: int, keys: Sequence[tuple[int, str]]) -> list[int]:
    """Those of these list records, given with their numbers' keys, that a do-not-call list bars from the campaign.

    Indexes: dnc_entry_key, dnc_binding_pkey.
    """
    # Each step is a LATERAL with a LIMIT, which PostgreSQL does not turn around: most loads meet no entry at all.
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT q.record_id
          FROM unnest($3::bigint[], $4::text[]) AS q (record_id, key)
         CROSS JOIN LATERAL (
                SELECT 1
                  FROM (
                        SELECT e.list_id
                          FROM live_dnc_entry e
                         WHERE e.tenant_id = $1
                           AND e.key = q.key
                           AND e.kind <> 'inbound'
                         LIMIT {MOST_LISTS}
                       ) e
                 WHERE NOT EXISTS (SELECT 1 FROM dnc_binding b WHERE b.tenant_id = $1 AND b.list_id = e.list_id)
                    OR EXISTS (SELECT 1
                                 FROM dnc_binding b
                                WHERE b.tenant_id = $1
                                  AND b.list_id = e.list_id
                                  AND b.campaign_id = $2)
                 LIMIT 1
               ) barred
        """,
        tenant_id,
        campaign_id,
        [record_id for record_id, _ in keys],
        [key for _, key in keys],
    )
    return [row["record_id"] for row in rows]


async def hold_records(tx: Tx, tenant_id: int, campaign_id: int) -> None:
    """Hold all records of a campaign until the transaction ends.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    await tx.execute(
        """
        SELECT count(*)
          FROM (
                SELECT 1
                  FROM campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = $2
                   AND c.removed_at IS NULL
                 ORDER BY c.record_id
                   FOR UPDATE
               ) held
        """,
        tenant_id,
        campaign_id,
    )


async def leave_out(tx: Tx, tenant_id: int, ids: Sequence[int], left_out: bool) -> None:
    """Leave these campaign records out by the filter, or take them in again. A barred number stays barred."""
    before, after = (None, BARRED_BY_FILTER) if left_out else (BARRED_BY_FILTER, None)
    await tx.execute(
        """
        UPDATE campaign_record c
           SET barred = $4,
               changed_at = ringbook_now($1)
          FROM (
                SELECT h.id
                  FROM campaign_record h
                 WHERE h.tenant_id = $1
                   AND h.id = ANY ($2::bigint[])
                   AND h.barred IS NOT DISTINCT FROM $3
                 ORDER BY h.record_id
                   FOR UPDATE
               ) held
         WHERE c.tenant_id = $1
           AND c.id = held.id
        """,
        tenant_id,
        ids,
        before,
        after,
    )


async def tallies(tx: Tx, tenant_id: int, campaign_ids: Sequence[int]) -> list[Tally]:
    """How far these campaigns are. Index: campaign_record_tenant_id_campaign_id_record_id_key."""
    rows = await tx.fetch(
        f"""
        SELECT k.campaign_id, t.result, t.records, t.tried, t.open, t.recalls
          FROM unnest($2::bigint[]) AS k (campaign_id)
         CROSS JOIN LATERAL (
                SELECT {RESULT} AS result, count(*) AS records,
                       count(*) FILTER (WHERE c.tries > 0) AS tried,
                       count(*) FILTER (WHERE c.completed_at IS NULL AND c.barred IS NULL) AS open,
                       count(*) FILTER (WHERE c.recall IS NOT NULL) AS recalls
                  FROM live_campaign_record c
                 WHERE c.tenant_id = $1
                   AND c.campaign_id = k.campaign_id
                 GROUP BY 1
               ) t
        """,
        tenant_id,
        campaign_ids,
    )
    return [
        Tally(
            row["campaign_id"],
            cast("Result", row["result"]),
            row["records"],
            row["tried"],
            row["open"],
            row["recalls"],
        )
        for row in rows
    ]


async def of_list_records(tx: Tx, tenant_id: int, campaign_id: int, record_ids: Sequence[int]) -> dict[int, int]:
    """The campaign record of each of these list records. Index: campaign_record_record."""
    rows = await tx.fetch(
        """
        SELECT c.record_id, c.id
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.campaign_id = $2
           AND c.record_id = ANY ($3::bigint[])
        """,
        tenant_id,
        campaign_id,
        record_ids,
    )
    return {row["record_id"]: row["id"] for row in rows}


async def recalls(tx: Tx, tenant_id: int) -> list[tuple[int, int]]:
    """The campaign and list record of every promised call, the earliest first. Index: campaign_record_recall."""
    rows = await tx.fetch(
        """
        SELECT c.campaign_id, c.record_id
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.recall IS NOT NULL
         ORDER BY c.next_try_at
         LIMIT $2
        """,
        tenant_id,
        MOST,
    )
    return [(row["campaign_id"], row["record_id"]) for row in rows]
