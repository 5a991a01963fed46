"""Which records a campaign's filter leaves out of dialling: looked at when the filter or a record changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ringbook.domain.campaign import Campaign, ListedRecord
from ringbook.domain.record_filter import RESULT, RecordFilter
from ringbook.store import campaign_records, campaigns
from ringbook.store import dialling as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx

FILTER = "filter"
"""Where a campaign's settings have its filter."""

_AT_A_TIME = 5000


def by_result(campaign: Campaign) -> bool:
    """Whether the campaign's filter has to look again when a record's result changes."""
    conditions = campaign.settings.get(FILTER, {}).get("conditions", ())
    return any(condition["column"] == RESULT for condition in conditions)


async def refilter(tx: Tx, tenant_id: int, campaign: Campaign, record_ids: Sequence[int] | None = None) -> None:
    """Leave out what the campaign's filter does not take, of these list records or (None) of all."""
    filter_ = msgspec.convert(campaign.settings.get(FILTER, {}), RecordFilter)
    if record_ids is not None:
        await _apply(tx, tenant_id, filter_, await campaign_records.of_records(tx, tenant_id, record_ids, campaign.id))
        return
    after = 0
    while part := await campaign_records.of_campaign(tx, tenant_id, campaign.id, after, _AT_A_TIME):
        await _apply(tx, tenant_id, filter_, part)
        after = part[-1].record.id


async def refilter_list(tx: Tx, tenant_id: int, list_id: int, record_ids: Sequence[int]) -> None:
    """The same for records of a list that are new or were written, in every campaign over it that has a filter."""
    for campaign in await campaigns.over_list_with(tx, tenant_id, list_id, FILTER):
        await refilter(tx, tenant_id, campaign, record_ids)


async def _apply(tx: Tx, tenant_id: int, filter_: RecordFilter, records: Sequence[ListedRecord]) -> None:
    taken: dict[bool, list[int]] = {True: [], False: []}
    for record in records:
        assert record.state is not None, "these are a campaign's records"
        taken[filter_.takes(record)].append(record.state.id)
    for takes, ids in taken.items():
        await stored.leave_out(tx, tenant_id, ids, left_out=not takes)
