"""Campaigns, their bindings to lists, and the campaign records that a binding materialises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.campaign import Campaign, CampaignRecord, Recall, status_of
from ringbook.domain.page import fits
from ringbook.domain.problems import Missing
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

AT_A_TIME = 10_000
"""Records that one statement makes or removes: that takes it well under a second."""

_CAMPAIGN = "id, name, description, type, enabled, state, settings"
_RECORD = (
    "c.id, c.campaign_id, c.list_id, c.record_id, c.tries, c.phone_tries, c.next_try_at, c.barred, c.outcome, "
    "c.disposition, c.completed_at, c.last_attempt_at, c.second_disposition, c.notes, c.recalls, c.recall"
)


async def next_id(tx: Tx, tenant_id: int) -> int:
    """An id above all that this tenant's campaigns have; the tenant's row keeps two askers apart."""
    await tx.execute("SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
    found: int = await tx.fetchval("SELECT COALESCE(max(id), 0) + 1 FROM campaign WHERE tenant_id = $1", tenant_id)
    return found


async def insert(tx: Tx, tenant_id: int, campaign: Campaign) -> Campaign:
    row = await tx.fetchrow(
        f"""
        INSERT INTO campaign (tenant_id, id, name, description, type, enabled, state, settings, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8::json, ringbook_now($1))
        RETURNING {_CAMPAIGN}
        """,
        tenant_id,
        campaign.id,
        campaign.name,
        campaign.description,
        campaign.type,
        campaign.enabled,
        campaign.state,
        json_text(campaign.settings),
    )
    assert row is not None
    return _campaign(row)


async def update(tx: Tx, tenant_id: int, campaign: Campaign) -> None:
    await tx.execute(
        """
        UPDATE campaign
           SET name = $3,
               description = $4,
               type = $5,
               enabled = $6,
               state = $7,
               settings = $8::json
         WHERE tenant_id = $1
           AND id = $2
        """,
        tenant_id,
        campaign.id,
        campaign.name,
        campaign.description,
        campaign.type,
        campaign.enabled,
        campaign.state,
        json_text(campaign.settings),
    )


async def drop(tx: Tx, tenant_id: int, campaign_id: int) -> None:
    """Delete the campaign and what only it had; attempts stay in the contacts' history."""
    # The records first: an attempt that is being reported holds its record, and is seen once that is gone.
    await tx.execute("DELETE FROM campaign_record WHERE tenant_id = $1 AND campaign_id = $2", tenant_id, campaign_id)
    await tx.execute(
        """
        UPDATE attempt
           SET campaign_record_id = NULL,
               record_id = NULL
         WHERE tenant_id = $1
           AND campaign_id = $2
        """,
        tenant_id,
        campaign_id,
    )
    await tx.execute("DELETE FROM campaign WHERE tenant_id = $1 AND id = $2", tenant_id, campaign_id)


async def get(tx: Tx, tenant_id: int, campaign_id: int, *, for_update: bool = False) -> Campaign:
    if not fits(campaign_id):
        raise Missing("There is no such campaign.", of="campaign")
    row = await tx.fetchrow(
        f"SELECT {_CAMPAIGN} FROM campaign WHERE tenant_id = $1 AND id = $2"
        + (" FOR NO KEY UPDATE" if for_update else ""),
        tenant_id,
        campaign_id,
    )
    if row is None:
        raise Missing("There is no such campaign.", of="campaign")
    return _campaign(row)


async def by_name(tx: Tx, tenant_id: int, name: str) -> Campaign | None:
    row = await tx.fetchrow(f"SELECT {_CAMPAIGN} FROM campaign WHERE tenant_id = $1 AND name = $2", tenant_id, name)
    return None if row is None else _campaign(row)


async def rename_own_list(tx: Tx, tenant_id: int, campaign_id: int, name: str) -> None:
    """The campaign's own list under this name, or under it and ` (own)` where another list has it."""
    await tx.execute(
        """
        UPDATE calling_list
           SET name = CASE
                      WHEN EXISTS (SELECT 1 FROM calling_list l WHERE l.tenant_id = $1 AND l.name = $3)
                      THEN $3 || ' (own)'
                      ELSE $3
                      END
         WHERE tenant_id = $1
           AND campaign_id = $2
        """,
        tenant_id,
        campaign_id,
        name,
    )


async def all_campaigns(tx: Tx, tenant_id: int, *, for_update: bool = False) -> list[Campaign]:
    rows = await tx.fetch(
        f"SELECT {_CAMPAIGN} FROM campaign WHERE tenant_id = $1 ORDER BY id"
        + (" FOR NO KEY UPDATE" if for_update else ""),
        tenant_id,
    )
    return [_campaign(row) for row in rows]


async def page(tx: Tx, tenant_id: int, after: int, limit: int) -> list[Campaign]:
    """Campaigns with ids above `after`, in their order. Index: campaign_pkey."""
    rows = await tx.fetch(
        f"SELECT {_CAMPAIGN} FROM campaign WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_campaign(row) for row in rows]


async def over_list_with(tx: Tx, tenant_id: int, list_id: int, setting: str) -> list[Campaign]:
    """The campaigns over a list that have a setting of this name. Index: campaign_list_list."""
    rows = await tx.fetch(
        f"""
        SELECT {", ".join(f"k.{column}" for column in _CAMPAIGN.split(", "))}
          FROM campaign_list b
          JOIN campaign k
            ON k.tenant_id = $1
           AND k.id = b.campaign_id
         WHERE b.tenant_id = $1
           AND b.list_id = $2
           AND k.settings -> $3 IS NOT NULL
         ORDER BY k.id
        """,
        tenant_id,
        list_id,
        setting,
    )
    return [_campaign(row) for row in rows]


async def bound_lists(tx: Tx, tenant_id: int, campaign_id: int) -> list[int]:
    """The ids of the campaign's lists, in the order it runs over them."""
    rows = await tx.fetch(
        "SELECT list_id FROM campaign_list WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY position, id",
        tenant_id,
        campaign_id,
    )
    return [row["list_id"] for row in rows]


async def bind(tx: Tx, tenant_id: int, campaign_id: int, list_id: int) -> bool:
    """Run the campaign over the list too; False if it does. The caller holds the list's lock."""
    status = await tx.execute(
        """
        INSERT INTO campaign_list (tenant_id, campaign_id, list_id, position)
        SELECT $1, $2, $3, COALESCE((SELECT max(position) + 1
                                       FROM campaign_list
                                      WHERE tenant_id = $1
                                        AND campaign_id = $2), 1)
         WHERE NOT EXISTS (
                SELECT 1
                  FROM campaign_list
                 WHERE tenant_id = $1
                   AND campaign_id = $2
                   AND list_id = $3
               )
        """,
        tenant_id,
        campaign_id,
        list_id,
    )
    return status == "INSERT 0 1"


async def unbind(tx: Tx, tenant_id: int, campaign_id: int, list_id: int) -> None:
    """Stop running over the list: its campaign records go, their attempts stay in the contacts' history.

    Tombstones stay, so that what was taken out of the campaign does not come back with the list.
    """
    async for part in _parts(tx, tenant_id, campaign_id, list_id):
        # The records first: an attempt that is being reported holds its record, and is seen once that is gone.
        gone = await tx.fetch(
            """
            DELETE FROM campaign_record
             WHERE tenant_id = $1
               AND id = ANY ($2::bigint[])
               AND removed_at IS NULL
            RETURNING id
            """,
            tenant_id,
            part,
        )
        await leave_attempts(tx, tenant_id, [row["id"] for row in gone])
    await tx.execute(
        "DELETE FROM campaign_list WHERE tenant_id = $1 AND campaign_id = $2 AND list_id = $3",
        tenant_id,
        campaign_id,
        list_id,
    )


async def materialise(tx: Tx, tenant_id: int, list_id: int, campaign_id: int) -> None:
    """Make the campaign's records of the list that it has come to run over.

    What was detached through its campaign has a tombstone and is not made again. The caller holds the list.
    """
    end: int = await tx.fetchval(
        "SELECT next_position FROM calling_list WHERE tenant_id = $1 AND id = $2", tenant_id, list_id
    )
    for first in range(0, end, AT_A_TIME):
        await tx.execute(_MATERIALISE, tenant_id, list_id, campaign_id, first, first + AT_A_TIME)


# Index: list_record_position.
_MATERIALISE = """
INSERT INTO campaign_record (tenant_id, campaign_id, list_id, record_id, created_at, changed_at)
SELECT $1, $3, $2, r.id, now, now
  FROM ringbook_now($1) AS now
  JOIN list_record r
    ON r.tenant_id = $1
   AND r.list_id = $2
   AND r.position >= $4
   AND r.position < $5
 ORDER BY r.position
ON CONFLICT (tenant_id, campaign_id, record_id) DO NOTHING
"""


async def record_ids(
    tx: Tx, tenant_id: int, campaign_id: int, list_id: int, ids: Sequence[int] | None
) -> list[int] | None:
    """The list records behind these campaign records (None: all of the list, which None stands for again)."""
    if ids is None:
        return None
    rows = await tx.fetch(
        """
        SELECT record_id
          FROM live_campaign_record
         WHERE tenant_id = $1
           AND campaign_id = $2
           AND list_id = $3
           AND id = ANY ($4::bigint[])
        """,
        tenant_id,
        campaign_id,
        list_id,
        ids,
    )
    return [row["record_id"] for row in rows]


async def detach(tx: Tx, tenant_id: int, campaign_id: int, list_id: int, ids: Sequence[int] | None) -> int:
    """Take records (by campaign record id; None: all of the list) out of the campaign for good; how many."""
    if ids is not None:
        return await _detach(tx, tenant_id, campaign_id, list_id, ids)
    gone = 0
    async for part in _parts(tx, tenant_id, campaign_id, list_id):
        gone += await _detach(tx, tenant_id, campaign_id, list_id, part)
    return gone


async def _detach(tx: Tx, tenant_id: int, campaign_id: int, list_id: int, ids: Sequence[int]) -> int:
    rows = await tx.fetch(
        """
        UPDATE campaign_record
           SET removed_at = ringbook_now($1),
               changed_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND campaign_id = $2
           AND list_id = $3
           AND removed_at IS NULL
           AND id = ANY ($4::bigint[])
        RETURNING id
        """,
        tenant_id,
        campaign_id,
        list_id,
        ids,
    )
    await leave_attempts(tx, tenant_id, [row["id"] for row in rows])
    return len(rows)


async def _parts(tx: Tx, tenant_id: int, campaign_id: int, list_id: int) -> AsyncIterator[list[int]]:
    """The campaign's records of the list, so many at a time: no statement on a long list runs into its time limit.

    Index: campaign_record_tenant_id_campaign_id_record_id_key.
    """
    after = 0
    while True:
        rows = await tx.fetch(
            """
            SELECT id, record_id
              FROM campaign_record
             WHERE tenant_id = $1
               AND campaign_id = $2
               AND list_id = $3
               AND record_id > $4
               AND removed_at IS NULL
             ORDER BY record_id
             LIMIT $5
            """,
            tenant_id,
            campaign_id,
            list_id,
            after,
            AT_A_TIME,
        )
        if not rows:
            return
        yield [row["id"] for row in rows]
        after = rows[-1]["record_id"]


async def leave_attempts(tx: Tx, tenant_id: int, campaign_record_ids: Sequence[int]) -> None:
    """Leave the attempts on records that are gone to the contacts' history alone. Index: attempt_record."""
    await tx.execute(
        """
        UPDATE attempt
           SET campaign_record_id = NULL,
               record_id = NULL
         WHERE tenant_id = $1
           AND campaign_record_id = ANY ($2::bigint[])
        """,
        tenant_id,
        campaign_record_ids,
    )


async def record(tx: Tx, tenant_id: int, campaign_id: int, record_or_own_id: int) -> CampaignRecord:
    """The campaign record with this id, or the one of the list record with this id, held for update."""
    if not fits(record_or_own_id):
        raise Missing
    row = await tx.fetchrow(
        f"""
        SELECT {_RECORD}
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.campaign_id = $2
           AND (c.id = $3 OR c.record_id = $3)
         LIMIT 1
           FOR UPDATE
        """,
        tenant_id,
        campaign_id,
        record_or_own_id,
    )
    if row is None:
        raise Missing
    return campaign_record_of(row)


async def with_number(tx: Tx, tenant_id: int, campaign_id: int, match_key: str) -> int | None:
    """The newest list record in the campaign that has this number. Index: list_record_phone_match."""
    found: int | None = await tx.fetchval(
        """
        SELECT c.record_id
          FROM list_record_phone f
          JOIN live_campaign_record c
            ON c.tenant_id = $1
           AND c.record_id = f.record_id
           AND c.campaign_id = $2
         WHERE f.tenant_id = $1
           AND f.match_key = $3
         ORDER BY c.record_id DESC
         LIMIT 1
        """,
        tenant_id,
        campaign_id,
        match_key,
    )
    return found


async def of_record(tx: Tx, tenant_id: int, record_id: int) -> list[CampaignRecord]:
    """The list record in all its campaigns. Index: campaign_record_record."""
    rows = await tx.fetch(
        f"""
        SELECT {_RECORD}
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.record_id = $2
         ORDER BY c.campaign_id
        """,
        tenant_id,
        record_id,
    )
    return [campaign_record_of(row) for row in rows]


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(
        row["id"],
        row["name"],
        row["description"],
        row["type"],
        row["enabled"],
        row["state"],
        msgspec.json.decode(row["settings"], type=dict[str, Any]),
    )


def campaign_record_of(row: asyncpg.Record, notes: str = "notes") -> CampaignRecord:
    """What a row says of a campaign record; `notes` is the column of its notes."""
    return CampaignRecord(
        id=row["id"],
        campaign_id=row["campaign_id"],
        list_id=row["list_id"],
        record_id=row["record_id"],
        status=status_of(row["tries"], row["completed_at"] is not None),
        tries=row["tries"],
        phone_tries=msgspec.json.decode(row["phone_tries"]),
        next_try_at=row["next_try_at"],
        barred=row["barred"],
        outcome=row["outcome"],
        disposition=row["disposition"],
        completed_at=row["completed_at"],
        last_attempt_at=row["last_attempt_at"],
        second_disposition=row["second_disposition"],
        notes=row[notes],
        recalls=row["recalls"],
        recall=None if row["recall"] is None else msgspec.json.decode(row["recall"], type=Recall),
    )
