"""What the rows of campaign_records.READING say."""

from __future__ import annotations

from functools import lru_cache

import asyncpg
import msgspec

from ringbook.domain.attempt import Attempt
from ringbook.domain.calling_list import OWN_LAYOUT, ListRecord
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.layout import Field, Layout
from ringbook.store.campaigns import campaign_record_of
from ringbook.store.lanes import Rows


def listed(rows: Rows) -> list[ListedRecord]:
    """What the rows of these statements say, each (list record, campaign) once, by campaign and then by insertion."""
    found = {(row["campaign_id"] or 0, row["record_id"]): row for row in rows}
    return [listed_record(found[key]) for key in sorted(found)]


def listed_record(row: asyncpg.Record) -> ListedRecord:
    record = ListRecord(
        id=row["record_id"],
        list_id=row["list_id"],
        position=row["position"],
        fields=msgspec.json.decode(row["fields"], type=dict[str, str]),
        key_text=row["key_text"],
        customer_id=row["customer_id"],
        contact_id=row["contact_id"],
        link=row["link"],
        updated_at=row["updated_at"],
    )
    layout = OWN_LAYOUT if row["layout"] is None else layout_of(row["layout"])
    if row["id"] is None:
        return ListedRecord(record, row["list_name"], layout, added_at=row["created_at"])
    return ListedRecord(
        record,
        row["list_name"],
        layout,
        row["campaign_name"],
        row["campaign_type"],
        campaign_record_of(row, notes="record_notes"),
        _last(row),
        row["created_at"],
    )


def _last(row: asyncpg.Record) -> Attempt | None:
    if row["attempt_id"] is None:
        return None
    return Attempt(
        id=row["attempt_id"],
        campaign_id=row["campaign_id"],
        campaign_record_id=row["id"],
        phone=row["phone"],
        started_at=row["started_at"],
        ring_seconds=row["ring_seconds"],
        talk_seconds=row["talk_seconds"],
        outcome=row["attempt_outcome"],
        disposition=row["attempt_disposition"],
        final=row["final"],
        agent=row["agent"],
        call_id=row["call_id"],
        cause=row["cause"],
        next_try_at=row["attempt_next_try_at"],
        notes=row["notes"],
    )


@lru_cache(maxsize=1000)
def layout_of(text: str) -> Layout:
    """A shared list's layout, read once: the text is its own key, so that a changed one is another."""
    return Layout(msgspec.json.decode(text, type=tuple[Field, ...]))
