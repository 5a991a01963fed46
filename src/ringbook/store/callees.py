"""Whom a campaign's records would call: numbers, postcode, and what do-not-call lists may have of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ringbook.domain.phone import MatchKey, Phone

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class Facts(NamedTuple):
    """What of a list record says whether it may be called: its key, the ids that it has elsewhere, its contact's
    postcode, its numbers by slot.
    """

    key_text: str
    ids: Sequence[str]
    postcode: str | None
    phones: Mapping[int, Phone]


async def facts(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> Mapping[int, Facts]:
    """What is to be known of these list records. Indexes: list_record_pkey, contact_pkey, list_record_phone_pkey."""
    records = await tx.fetch(
        """
        SELECT r.id, r.key_text, r.customer_id, r.external_id, t.postcode
          FROM unnest($2::bigint[]) AS q (id)
         CROSS JOIN LATERAL (
                SELECT r.id, r.key_text, r.customer_id, r.external_id, r.contact_id
                  FROM list_record r
                 WHERE r.tenant_id = $1
                   AND r.id = q.id
                 LIMIT 1
               ) r
          LEFT JOIN LATERAL (
                SELECT t.attributes ->> 'postal_code' AS postcode
                  FROM live_contact t
                 WHERE t.tenant_id = $1
                   AND t.id = r.contact_id
                 LIMIT 1
               ) t
            ON true
        """,
        tenant_id,
        record_ids,
    )
    numbers = await tx.fetch(
        """
        SELECT p.record_id, p.slot, p.raw, p.e164, p.digits, p.match_key
          FROM unnest($2::bigint[]) AS q (id)
         CROSS JOIN LATERAL (
                SELECT p.record_id, p.slot, p.raw, p.e164, p.digits, p.match_key
                  FROM list_record_phone p
                 WHERE p.tenant_id = $1
                   AND p.record_id = q.id
                 ORDER BY p.slot
                 LIMIT 100
               ) p
        """,
        tenant_id,
        record_ids,
    )
    phones: dict[int, dict[int, Phone]] = {record_id: {} for record_id in record_ids}
    for row in numbers:
        phone = Phone(row["raw"], row["e164"], row["digits"], MatchKey(row["match_key"]), "")
        phones[row["record_id"]][row["slot"]] = phone
    return {
        row["id"]: Facts(
            row["key_text"],
            [known for known in (row["customer_id"], row["external_id"]) if known],
            row["postcode"],
            phones[row["id"]],
        )
        for row in records
    }
