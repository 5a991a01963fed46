"""Rows of an import that are records of a list: new ones go in one go, known ones are changed one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringbook.core import linking
from ringbook.core.context import Context
from ringbook.core.lists import key_texts
from ringbook.domain.calling_list import CallingList, ListRecord
from ringbook.domain.drafting import Drafts
from ringbook.domain.intake import Mode, Outcome
from ringbook.domain.layout import RecordDraft
from ringbook.domain.problems import Missing, Problem
from ringbook.store import lists

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def added(
    tx: Tx, context: Context, target: CallingList, rows: Sequence[Mapping[str, Any]], drafts: Drafts | None
) -> Sequence[Outcome]:
    """Rows that are all new."""
    if drafts is None:
        drafts = await linking.drafts_of(context, target, rows)
    added = await linking.add_drafted(tx, context, target, drafts)
    problems = {refused.at: refused.problem for refused in added.refused}
    ids = iter(added.ids)
    return [
        Outcome(at, "refused", None, problems[at]) if at in problems else Outcome(at, "added", next(ids))
        for at in range(len(rows))
    ]


async def written(
    tx: Tx, context: Context, target: CallingList, rows: Sequence[Mapping[str, Any]], mode: Mode, drafts: Drafts | None
) -> Sequence[Outcome]:
    """Rows of which some are known: what is new goes in one go, until a row changes one of those."""
    tenant_id = context.tenant.id
    if drafts is None:
        drafts = await linking.drafts_of(context, target, rows)
    keys, outcomes = _keys(target, rows, drafts.fit)
    places = list(keys)
    found = await lists.by_keys(tx, tenant_id, target, list(keys.values()))
    known = {places[n]: record for n, record in found.items()}
    numbers = await lists.numbers_of(tx, tenant_id, [record.id for record in known.values()])
    waiting: list[int] = []
    coming: set[str] = set()
    stale: set[int] = set()
    for at, key in keys.items():
        before = known.get(at)
        if before is None and not coming.isdisjoint(key):
            outcomes += await _entered(tx, context, target, drafts, waiting)
            before = await lists.by_key(tx, tenant_id, target, *key)
            stale |= {before.id} if before is not None else set()
        if before is None and mode == "update":
            outcomes.append(Outcome(at, "refused", None, Missing("There is no such record.")))
        elif before is None and at in drafts.problems:
            outcomes.append(Outcome(at, "refused", None, drafts.problems[at]))
        elif before is None:
            waiting.append(at)
            coming.update(key)
        elif before.id not in stale and _says_the_same(target, rows[at], before, numbers[before.id]):
            outcomes.append(Outcome(at, "unchanged", before.id))
        else:
            outcomes += await _entered(tx, context, target, drafts, waiting)
            outcomes.append(await _updated(tx, context, target, at, rows[at], before.id))
            stale.add(before.id)
            coming.update(key)
    outcomes += await _entered(tx, context, target, drafts, waiting)
    return sorted(outcomes, key=lambda outcome: outcome.at)


def _keys(
    target: CallingList, rows: Sequence[Mapping[str, Any]], drafts: Mapping[int, RecordDraft]
) -> tuple[dict[int, tuple[str, str]], list[Outcome]]:
    """By place, the key of each row as it would be stored and as it was sent; and the rows that have none."""
    keys: dict[int, tuple[str, str]] = {}
    without: list[Outcome] = []
    strict = target.layout.strict
    for at in range(len(rows)):
        draft = drafts.get(at)
        try:
            # A strict layout drafts nothing without its key.
            keys[at] = (draft.key_text, draft.key_submitted) if draft and strict else key_texts(target, rows[at])
        except Problem as problem:
            without.append(Outcome(at, "refused", None, problem.to_keep()))
    return keys, without


async def _entered(
    tx: Tx, context: Context, target: CallingList, drafts: Drafts, waiting: list[int]
) -> Sequence[Outcome]:
    """What becomes of records that wait to be added; none does any more."""
    ids = await linking.add_drafts(tx, context, target, drafts, waiting)
    outcomes = [Outcome(at, "added", id_) for at, id_ in zip(waiting, ids, strict=True)]
    waiting.clear()
    return outcomes


def _says_the_same(target: CallingList, row: Mapping[str, Any], before: ListRecord, numbers: Mapping[str, str]) -> bool:
    try:
        draft = target.layout.draft(row, before.fields, numbers)
    except Problem:
        return False
    return draft.fields == before.fields and {phone.field: phone.raw for phone in draft.phones} == numbers


async def _updated(
    tx: Tx, context: Context, target: CallingList, at: int, row: Mapping[str, Any], record_id: int
) -> Outcome:
    tenant_id = context.tenant.id
    before = await lists.record(tx, tenant_id, record_id)
    if _says_the_same(target, row, before, await lists.numbers(tx, tenant_id, record_id)):
        return Outcome(at, "unchanged", record_id)
    try:
        async with tx.transaction():
            await linking.update_record(tx, context, target, record_id, row)
    except Problem as problem:
        return Outcome(at, "refused", None, problem.to_keep())
    return Outcome(at, "updated", record_id)
