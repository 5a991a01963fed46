"""An import carried out: the rows of a file, slice by slice, through the intake into the database.

A slice, what became of its rows and where the next one begins are one transaction. So who is killed leaves whole
slices, and the next worker goes on behind them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ringbook.core import import_ids, intake
from ringbook.core.abreast import Abreast, Turn
from ringbook.core.context import Context
from ringbook.core.import_files import Examined, Slice, examine, reader_of, slices_of
from ringbook.core.import_replace import note_named, remove_rest
from ringbook.core.intake import Decided
from ringbook.domain.calling_list import CallingList
from ringbook.domain.cells import RINGBOOK_ID
from ringbook.domain.drafting import Drafting
from ringbook.domain.event import PROGRESS
from ringbook.domain.import_mapping import propose_attributes, propose_fields, settled
from ringbook.domain.import_plan import Plan
from ringbook.domain.imports import Counts, Import, ImportSettings, ImportState, progress_of
from ringbook.domain.intake import Mode, Outcome, Preparing
from ringbook.domain.problems import Conflict, Invalid, Problem, Unavailable
from ringbook.domain.schema import Schema
from ringbook.domain.table import FileForm, Mark
from ringbook.store import events, imports, journal, lists
from ringbook.store import import_work as stored
from ringbook.store.import_content import Refusal
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx

T = TypeVar("T")
Told = Callable[[Import], None]

_PATIENCE = 60.0
"""How long a slice waits for a database that does not answer, or for who holds what it needs."""
_FEW = 10
_LONGEST_TOLD = 200
_PROGRESS_SECONDS = 1.0
"""Who listens is told how far an import is at most so often."""


def new_worker() -> str:
    """A name for who is about to work: the host and process are in it, so that its death can be seen."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"


def is_dead(worker: str | None) -> bool:
    """Whether this worker surely works no longer: it was a process of this host, and is not there."""
    host, _, rest = (worker or "").partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def mapping_of(
    tx: Tx, context: Context, asked: ImportSettings, form: FileForm
) -> tuple[dict[str, str | None], Schema | CallingList]:
    """What goes where, by what was said and what the columns are called; Invalid where that cannot be."""
    strict = form.is_textual
    if asked.list_id is None:
        schema = await stored_schema(tx, context.tenant.id)
        check_settings(asked.mode, asked.key, schema)
        proposed = propose_attributes(form.columns, schema)
        return settled(proposed, asked.mapping, {*schema.by_key, RINGBOOK_ID}, strict=strict), schema
    target = await lists.get(tx, context.tenant.id, asked.list_id)
    fields = [field.name for field in target.layout.fields if not field.skip]
    return settled(propose_fields(form.columns, target.layout), asked.mapping, fields, strict=strict), target


async def plan_of(tx: Tx, context: Context, asked: ImportSettings, form: FileForm) -> tuple[Plan, CallingList | None]:
    """How rows are read, and the list that they are for."""
    mapping, target = await mapping_of(tx, context, asked, form)
    clear = asked.blanks == "clear"
    if isinstance(target, Schema):
        return Plan(mapping, target, form, clear=clear), None
    return Plan(mapping, target.layout, form, clear=clear), target


def check_settings(mode: str, key: str | None, schema: Schema) -> None:
    """Invalid for what contacts cannot be imported by."""
    if mode == "replace":
        raise Invalid("Only a list can be replaced.", field="mode")
    if key is not None and key not in schema.by_key:
        raise Invalid(f"The schema has no attribute {key[:60]}.", field="key")


class ImportRun:
    """One import in one worker's hands. `told` hears of its progress."""

    def __init__(self, context: Context, job: Import, worker: str, file: Path, told: Told) -> None:
        self._context = context
        self._job = job
        self._worker = worker
        self._file = file
        self._told = told
        self._cancelled = False
        self._since = time.monotonic()
        self._published = 0.0

    async def carry_out(self) -> Import:
        """Do what is still to be done; the import in its last state. A Problem with the file or settings fails it."""
        async with self._heartbeat():
            try:
                plan, target = await self._begin()
                state = await (self._rehearse if self._job.settings.dry_run else self._enter_all)(plan, target)
            except Unavailable:
                raise
            except Problem as problem:
                if isinstance(problem, Conflict):
                    raise
                return await self._finish("failed", problem.message)
            return await self._finish(state)

    async def _begin(self) -> tuple[Plan, CallingList | None]:
        """Know the file, and say that the import begins if it does."""
        context, tenant_id = self._context, self._context.tenant.id
        if self._job.form is None:
            found: Examined = await asyncio.to_thread(examine, self._file, self._job.settings)
            async with context.database.transaction() as tx:
                places, _ = await mapping_of(tx, context, self._job.settings, found.form)
                if found.form.is_textual and not any(places.values()):
                    told = f"Read as {found.form.told}, the file has no column that goes anywhere"
                    raise Invalid(f"{told}: {_some(found.form.columns)}.", field="mapping")
                form = msgspec.structs.replace(found.form, places=places)
                await stored.set_form(tx, tenant_id, self._job, form, found.extent, found.size, found.digest)
                await journal.record(tx, self._importing.author, "import", self._job.id, None, _facts(self._job))
        async with context.database.transaction() as tx:
            if self._job.settings.dry_run:
                await stored.start_over(tx, tenant_id, self._job.id)
            self._job = await imports.get(tx, tenant_id, self._job.id)
            assert self._job.form is not None
            return await plan_of(tx, context, self._job.settings, self._job.form)

    async def _enter_all(self, plan: Plan, target: CallingList | None) -> ImportState:
        """Write the slices, each in its own transaction, and committed in their order."""
        abreast = Abreast(partial(self._write, plan, target), self._patiently)
        try:
            async with aclosing(self._slices(plan, target)) as slices:
                async for part in slices:
                    await abreast.add(part)
                    if self._cancelled:
                        break
            await abreast.finish()
        finally:
            await abreast.stop()
        if self._cancelled:
            return "cancelled"
        if self._job.settings.mode == "replace" and target is not None:
            self._check_taken()
            while await self._patiently(partial(self._remove, target)):
                pass
        return "done"

    async def _write(self, plan: Plan, target: CallingList | None, part: Slice, turn: Turn) -> None:
        async with self._context.database.transaction() as tx:
            counts, refusals = await self._enter(tx, plan, target, part, turn.decided)
            await turn.comes()
            job = await self._advance(tx, part.mark, counts, refusals)
        self._tell(job)

    async def _remove(self, target: CallingList) -> int:
        async with self._context.database.transaction() as tx:
            removed = await remove_rest(tx, self._importing, self._job, target)
            job = await self._advance(tx, self._reached, Counts(removed=removed), [])
        self._tell(job)
        return removed

    async def _rehearse(self, plan: Plan, target: CallingList | None) -> ImportState:
        """The same in one transaction that is taken back: so each row finds what those before it would have left.

        Progress and refusals are written beside it.
        """
        job = self._job
        async with self._context.database.transaction() as tx:
            rehearsal = tx.transaction()
            await rehearsal.start()
            try:
                async with aclosing(self._slices(plan, target)) as slices:
                    async for part in slices:
                        counts, refusals = await self._enter(tx, plan, target, part)
                        await self._note(part.mark, counts, refusals)
                        if self._cancelled:
                            return "cancelled"
                if job.settings.mode == "replace":
                    self._check_taken()
                while job.settings.mode == "replace" and target is not None:
                    removed = await remove_rest(tx, self._importing, job, target)
                    if not removed:
                        break
                    await self._note(self._reached, Counts(removed=removed), [])
            finally:
                await rehearsal.rollback()
        return "done"

    def _check_taken(self) -> None:
        """Invalid where all rows were refused: such a file is an accident, and no list without records."""
        if self._job.counts.refused == self._job.counts.rows:
            raise Invalid("No row of the file could be taken, so the list keeps its records.")

    async def _note(self, to: Mark, counts: Counts, refusals: Sequence[Refusal]) -> None:
        async with self._context.database.transaction() as tx:
            job = await self._advance(tx, to, counts, refusals)
        self._tell(job)

    async def _advance(self, tx: Tx, to: Mark, counts: Counts, refusals: Sequence[Refusal]) -> Import:
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        job = await stored.advance(
            tx,
            self._context.tenant.id,
            self._job,
            self._worker,
            to,
            counts,
            seconds,
            refusals,
        )
        if now >= self._published + _PROGRESS_SECONDS:
            self._published = now
            await events.publish(tx, self._context.author, PROGRESS, progress_of(job), entity_id=job.id)
        return job

    @property
    def _reached(self) -> Mark:
        return Mark(self._job.next_offset, self._job.next_row)

    def _tell(self, job: Import) -> None:
        self._job = job
        self._cancelled = self._cancelled or job.cancel_asked
        self._told(job)

    # ---- One slice

    async def _enter(
        self, tx: Tx, plan: Plan, target: CallingList | None, part: Slice, decided: Decided = lambda effect: None
    ) -> tuple[Counts, Sequence[Refusal]]:
        """Write a slice; what became of its rows, and which were refused."""
        job, context = self._job, self._context
        if target is None:
            outcomes = await import_ids.contacts(tx, context, part.said, job, part.prepared, decided)
        else:
            mode: Mode = "upsert" if job.settings.mode == "replace" else job.settings.mode
            if not target.layout.keys and job.settings.mode == "replace":
                mode = "add"
            outcomes = await intake.list_records(
                tx, context, target, part.said, mode=mode, import_id=job.id, drafts=part.drafts
            )
            if job.settings.mode == "replace":
                await note_named(tx, context, job, target, part.said, outcomes)
        repeated = await self._repeated(tx, outcomes, "contact" if target is None else "list_record")
        counts = _counted(outcomes, part, len(repeated))
        refusals = [Refusal(row.number, "", f"{_capital(row.fault)}.", dict(row.values)) for row in part.unread]
        for outcome in outcomes:
            if outcome.problem is not None:
                refusals.append(self._refusal(plan, part, outcome, outcome.at in repeated))
        return counts, refusals

    async def _repeated(self, tx: Tx, outcomes: Sequence[Outcome], table: str) -> set[int]:
        """The places of rows about somebody, or some record, that an earlier row of the file was about."""
        about = [(outcome.at, _about(outcome)) for outcome in outcomes if outcome.what != "added"]
        ids = [id_ for _, id_ in about if id_ is not None]
        # Of a file that brings nobody new, no row is about somebody whom it brought.
        has_brought = self._job.counts.added > 0 or len(about) < len(outcomes)
        own: set[int] = set()
        if ids and has_brought:
            own = await stored.own_among(tx, self._context.tenant.id, self._job.id, table, ids)
        seen: set[int] = set()
        repeated = {at for at, id_ in about if id_ in own}
        for at, id_ in about:
            if id_ is not None and id_ in seen:
                repeated.add(at)
            if id_ is not None:
                seen.add(id_)
        return repeated

    def _refusal(self, plan: Plan, part: Slice, outcome: Outcome, repeated: bool) -> Refusal:
        problem, row = outcome.problem, part.rows[outcome.at]
        assert problem is not None
        place = getattr(problem, "field", None) or problem.facts.get("field")
        told = f"{problem.message.rstrip('.')}."
        if repeated:
            told = f"An earlier row of the file is about the same {'contact' if place else 'record'}. {told}"
        return Refusal(row.number, plan.column_of(place) or place or "", told, dict(row.values))

    # ---- Steps around it

    async def _slices(self, plan: Plan, target: CallingList | None) -> AsyncGenerator[Slice, None]:
        """The slices that are still to be done; the next is read while one is written."""
        job = self._job
        assert job.form is not None
        reader = reader_of(self._file, job.form, Mark(job.next_offset, job.next_row))
        how: Preparing | Drafting
        if target is not None:
            how = Drafting(target.layout, self._context.tenant.region)
        else:
            async with self._context.database.reading() as tx:
                how = await intake.preparing(tx, self._context, job.settings.key)
        slices = slices_of(reader, plan, how, lambda: self._job.counts.added >= self._job.counts.unchanged)
        coming = asyncio.create_task(asyncio.to_thread(next, slices, None))
        try:
            while (part := await coming) is not None:
                coming = asyncio.create_task(asyncio.to_thread(next, slices, None))
                yield part
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError, Problem):
                await coming

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """What `act` brings, tried again for a while where the database is away or somebody holds what it needs."""
        end = time.monotonic() + _PATIENCE
        wait = 0.05
        while True:
            try:
                return await act()
            except Unavailable:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(wait)
            wait = min(2.0, wait * 2)

    async def _finish(self, state: ImportState, failure: str | None = None) -> Import:
        tenant_id = self._context.tenant.id

        async def end() -> Import:
            async with self._context.database.transaction() as tx:
                job = await stored.finish(tx, tenant_id, self._job.id, self._worker, state, failure)
                counts: dict[str, Any] = msgspec.to_builtins(job.counts)
                await journal.record(
                    tx, self._importing.author, "import", job.id, {"state": "running"}, {"state": state} | counts
                )
            return job

        self._job = await self._patiently(end)
        self._told(self._job)
        return self._job

    @asynccontextmanager
    async def _heartbeat(self) -> AsyncIterator[None]:
        """While the block runs, others know that somebody works."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(stored.LEASE_SECONDS / 6)
                with suppress(Unavailable):
                    async with self._context.database.transaction() as tx:
                        wanted = await stored.beat(tx, self._context.tenant.id, self._job.id, self._worker)
                    self._cancelled = self._cancelled or not wanted

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    @property
    def _importing(self) -> Context:
        return import_ids.importing(self._context, self._job)


def _counted(outcomes: Sequence[Outcome], part: Slice, repeated: int) -> Counts:
    what = [outcome.what for outcome in outcomes]
    return Counts(
        rows=part.count,
        added=what.count("added"),
        updated=what.count("updated"),
        unchanged=what.count("unchanged"),
        refused=what.count("refused") + len(part.unread),
        repeated=repeated,
        blank=part.blank,
    )


def _about(outcome: Outcome) -> int | None:
    """Whom a row is about, also where it was refused because somebody is known."""
    if outcome.id is not None or outcome.problem is None:
        return outcome.id
    known = outcome.problem.facts.get("contact_id")
    return known if isinstance(known, int) else None


def _facts(job: Import) -> dict[str, Any]:
    settings = {k: v for k, v in msgspec.to_builtins(job.settings).items() if v not in (None, {}, False)}
    return {"file": job.file_name, "settings": settings}


def _some(columns: Sequence[str]) -> str:
    """A few names of columns, for people."""
    told = ", ".join(columns[:_FEW])[:_LONGEST_TOLD]
    return told if len(columns) <= _FEW and len(told) < _LONGEST_TOLD else f"{told}…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
