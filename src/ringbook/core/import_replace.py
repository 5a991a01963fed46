"""A list that a file replaces: the records that the file does not name go, and can be brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringbook.core.context import Context
from ringbook.core.lists import delete_records, key_texts
from ringbook.domain.calling_list import CallingList
from ringbook.domain.imports import Import
from ringbook.domain.intake import Outcome
from ringbook.domain.problems import Problem
from ringbook.store import import_replace as stored
from ringbook.store import lists

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_BATCH = 1000


async def note_named(
    tx: Tx,
    context: Context,
    job: Import,
    target: CallingList,
    rows: Sequence[Mapping[str, Any]],
    outcomes: Sequence[Outcome],
) -> None:
    """Remember the records that a slice names. A row that was refused names its record, too, where it has its key."""
    named = {outcome.id for outcome in outcomes if outcome.id is not None}
    for outcome in outcomes:
        if outcome.problem is not None and target.layout.keys:
            known = await _record_of(tx, context, target, rows[outcome.at])
            named |= {known} if known is not None else set()
    await stored.name_records(tx, context.tenant.id, job.id, sorted(named))


async def _record_of(tx: Tx, context: Context, target: CallingList, row: Mapping[str, Any]) -> int | None:
    try:
        texts = key_texts(target, row, asked=True)
    except Problem:
        return None
    found = await lists.by_key(tx, context.tenant.id, target, *texts)
    return None if found is None else found.id


async def remove_rest(tx: Tx, context: Context, job: Import, target: CallingList) -> int:
    """Delete some of the records that no row named, and keep them for an undo; how many, none when all are gone."""
    await lists.lock(tx, context.tenant.id, target.id)
    ids = await stored.unnamed(tx, context.tenant.id, job.id, target.id, _BATCH)
    if ids:
        await stored.keep(tx, context.tenant.id, job.id, ids)
        await delete_records(tx, context, target, ids)
    return len(ids)
