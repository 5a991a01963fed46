"""Imports: jobs over files that somebody sends or names, with a report, and with a way back for a week."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ringbook.core.context import Context
from ringbook.core.import_files import digest_of, examine, reader_of
from ringbook.core.import_run import ImportRun, Told, check_settings, is_dead, mapping_of, new_worker
from ringbook.core.import_undo import Undoing
from ringbook.core.lists import find_list
from ringbook.domain.cell_forms import cell_forms
from ringbook.domain.import_lines import showable
from ringbook.domain.imports import OPEN, Import, ImportMode, ImportSettings, ImportState, Undo
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid, Problem, TooLarge
from ringbook.domain.sheet_text import marked, report_of
from ringbook.domain.table import MOST_COLUMNS, FileForm, Mark, no_rows
from ringbook.store import import_content, import_work, journal
from ringbook.store import imports as stored
from ringbook.store.import_content import Refusal
from ringbook.store.schema import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Database, Tx

__all__ = ["Imports", "Preview", "Refusal"]

MOST_A_PAGE = 500
LARGEST_UPLOAD = 2 * 1024**3
UNDO_DAYS = 7
REPORT_DAYS = 30
_UPLOAD_HOURS = 24
_BLOCK = 512 * 1024
_LONGEST_NAME = 200
_SHOWN = 5
_AT_A_TIME = 1000
_BUG = "Something went wrong in Ringbook itself; its log says what."


class Preview(msgspec.Struct, frozen=True):
    """What a file was found to be, where its columns would go, and its first rows."""

    form: FileForm
    mapping: dict[str, str | None]
    rows: list[dict[str, Any]]


class Imports:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self, below: int = LARGEST_ID, limit: int = 50) -> list[Import]:
        """The newest first."""
        self._context.require("read")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            return await stored.page(tx, self._tenant_id, below, limit)

    async def get(self, import_id: int) -> Import:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.get(tx, self._tenant_id, import_id)

    async def settings(
        self, asked: ImportSettings, list_ref: int | str | None = None, *, mode: ImportMode | None = None
    ) -> ImportSettings:
        """The settings with the list that is meant; without a mode, the one that fits. Invalid where they cannot be."""
        self._context.require("read")
        cell_forms(asked.dates, asked.decimal)
        async with self._context.database.reading() as tx:
            ref = asked.list_id if list_ref is None else list_ref
            if ref is None:
                wanted = msgspec.structs.replace(asked, of="contacts", mode=mode or "upsert")
                check_settings(wanted.mode, wanted.key, await stored_schema(tx, self._tenant_id))
                return wanted
            target = await find_list(tx, self._tenant_id, ref)
        if asked.key is not None:
            raise Invalid("A list's own key fields say which record a row is about.", field="key")
        if asked.dates is not None or asked.decimal != ".":
            field = "dates" if asked.dates is not None else "decimal"
            raise Invalid("A list's own fields say how their dates and numbers are written.", field=field)
        has_key = bool(target.layout.keys)
        if mode in ("update", "upsert") and not has_key:
            raise Invalid("The list has no key: its records can be added, or replaced all together.", field="mode")
        fitting = mode or ("upsert" if has_key else "add")
        return msgspec.structs.replace(asked, of="list", list_id=target.id, mode=fitting)

    # ---- A file that is sent

    async def upload(self, file_name: str, settings: ImportSettings, content: AsyncIterator[bytes]) -> Import:
        """An import of what comes in, waiting for a worker once all of it is there; nothing is left where it is not."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            job = await self._new(tx, "uploading", file_name, settings, uploaded=True)
        try:
            size = await self._keep(job.id, content)
            if not size:
                raise no_rows(header=False)
            async with self._context.database.transaction() as tx:
                return await import_content.arrived(tx, self._tenant_id, job.id, size)
        except BaseException:
            with suppress(Exception):
                async with self._context.database.transaction() as tx:
                    await import_content.drop(tx, self._tenant_id, job.id)
            raise

    async def _keep(self, import_id: int, content: AsyncIterator[bytes]) -> int:
        size = n = 0
        held = bytearray()

        async def put() -> None:
            nonlocal n
            async with self._context.database.transaction() as tx:
                await import_content.put_block(tx, self._tenant_id, import_id, n, bytes(held))
            n += 1
            held.clear()

        async for piece in content:
            size += len(piece)
            if size > LARGEST_UPLOAD:
                raise TooLarge(f"A file has {LARGEST_UPLOAD} bytes at most.")
            held += piece
            if len(held) >= _BLOCK:
                await put()
        if held:
            await put()
        return size

    async def _new(self, tx: Tx, state: Any, file_name: str, settings: ImportSettings, *, uploaded: bool) -> Import:
        name = file_name.replace("\0", "")[-_LONGEST_NAME:] or "file"
        return await stored.add(tx, self._context.author, state, name, settings, uploaded=uploaded)

    # ---- A file of one's own

    async def carry_out(self, file: Path, file_name: str, settings: ImportSettings, told: Told) -> Import:
        """Import a file in this process. One with this content and these settings that was killed goes on.

        Conflict while another import of the tenant runs.
        """
        self._context.require("write")
        digest = await asyncio.to_thread(digest_of, file)
        worker = new_worker()
        async with self._context.database.transaction() as tx:
            job = await stored.unfinished(tx, self._tenant_id, digest, settings)
            if job is None or job.settings.dry_run:
                job = await self._new(tx, "interrupted", file_name, settings, uploaded=False)
            taken = await self._take(tx, job, worker)
        if taken is None:
            raise Conflict("Another import is running. Try again when it is done, or cancel it.")
        return await self._work(taken, worker, file, told)

    # ---- Working

    async def work(self, told: Told = lambda job: None) -> bool:
        """Do what waits for a worker, one import; whether there was one that nobody else has."""
        worker = new_worker()
        async with self._context.database.transaction() as tx:
            job = await import_work.next_open(tx, self._tenant_id)
            if job is None:
                return False
            if not job.uploaded and job.state == "running":
                await import_work.interrupt(tx, self._tenant_id, job, _dead(job))
                return False
            taken = await self._take(tx, job, worker)
        if taken is None:
            return False
        with tempfile.TemporaryDirectory(prefix="ringbook-import-") as folder:
            file = Path(folder) / "content"
            if taken.state == "running":
                await self._fetch(taken, file)
            await self._work(taken, worker, file, told)
        return True

    async def _take(self, tx: Tx, job: Import, worker: str) -> Import | None:
        state: ImportState = "undoing" if job.state == "undoing" else "running"
        running = await import_work.next_open(tx, self._tenant_id)
        if running is not None and running.id != job.id and running.state == "running" and not running.uploaded:
            await import_work.interrupt(tx, self._tenant_id, running, _dead(running))
        return await import_work.take(tx, self._tenant_id, job, worker, state, dead=_dead(job))

    async def _work(self, job: Import, worker: str, file: Path, told: Told) -> Import:
        """Carry an import or an undo out. A bug ends it, so that it is not tried for ever, and is raised."""
        try:
            if job.state == "undoing":
                return await Undoing(self._as(job), job, worker, told).carry_out()
            return await ImportRun(self._as(job), job, worker, file, told).carry_out()
        except Problem:
            raise
        except Exception:
            async with self._context.database.transaction() as tx:
                await import_work.finish(tx, self._tenant_id, job.id, worker, "failed", _BUG)
            raise
        finally:
            with suppress(Exception):
                async with self._context.database.transaction() as tx:
                    await import_work.let_go(tx, self._tenant_id, job.id, worker)

    def _as(self, job: Import) -> Context:
        """The context of who asked for the import: what it writes is theirs, whoever carries it out."""
        author = journal.Author(self._tenant_id, job.actor, job.dialect)
        return replace(self._context, author=author)

    async def _fetch(self, job: Import, file: Path) -> None:
        """Write what was sent into a file of this worker's own."""
        n = 0
        with file.open("wb") as opened:
            while True:
                async with self._context.database.reading() as tx:
                    content = await import_content.block(tx, self._tenant_id, job.id, n)
                if content is None:
                    return
                await asyncio.to_thread(opened.write, content)
                n += 1

    # ---- What becomes of it

    async def cancel(self, import_id: int) -> Import:
        """End an import; one that runs ends after the slice that it is at. What it wrote stays and can be undone."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            await stored.get(tx, self._tenant_id, import_id)
            await stored.ask_to_cancel(tx, self._tenant_id, import_id)
            job = await stored.get(tx, self._tenant_id, import_id)
            if job.state == "cancelled":
                await import_content.drop_blocks(tx, self._tenant_id, import_id)
            return job

    async def undo(self, import_id: int) -> Import:
        """Have an import that ended within a week taken back. Conflict where it cannot be."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            job = await stored.get(tx, self._tenant_id, import_id)
            if job.settings.dry_run:
                raise Conflict("A dry run has changed nothing.")
            if job.state == "undone":
                raise Conflict("The import is undone already.")
            if job.state in OPEN and job.state != "interrupted":
                raise Conflict("The import is not done yet: cancel it first.")
            if not await stored.ask_to_undo(tx, self._tenant_id, import_id, Undo(), UNDO_DAYS):
                raise Conflict(f"An import can be undone for {UNDO_DAYS} days.")
            return await stored.get(tx, self._tenant_id, import_id)

    async def refusals(self, import_id: int) -> AsyncGenerator[Sequence[Refusal], None]:
        """The refused rows in the file's order, some at a time."""
        self._context.require("read")
        after = 0
        while True:
            async with self._context.database.reading() as tx:
                part = await import_content.refusals(tx, self._tenant_id, import_id, after, _AT_A_TIME)
            if part:
                yield part
            if len(part) < _AT_A_TIME:
                return
            after = part[-1].row

    async def report(self, import_id: int, *, bom: bool = False) -> AsyncGenerator[bytes, None]:
        """The refused rows as CSV, to be mended and imported. Missing, with the first piece, for no such import.

        `bom`: it begins with the mark of UTF-8.
        """
        self._context.require("read")
        async with self._context.database.reading() as tx:
            job = await stored.get(tx, self._tenant_id, import_id)
            form = job.form or FileForm("csv")
            columns = form.columns
            if not form.is_textual:  # where rows name their columns, one may come up late
                columns = await import_content.refused_columns(tx, self._tenant_id, import_id, MOST_COLUMNS)
        pieces = report_of(self.refusals(import_id), form, columns)
        async for piece in marked(pieces) if bom else pieces:
            yield piece

    async def preview(self, file: Path, settings: ImportSettings) -> Preview:
        """What a file is and what would go where."""
        self._context.require("read")

        def look() -> tuple[FileForm, list[dict[str, Any]]]:
            form = examine(file, settings).form
            return form, [showable(dict(row.values)) for row in islice(reader_of(file, form, Mark()), _SHOWN)]

        form, rows = await asyncio.to_thread(look)
        async with self._context.database.reading() as tx:
            mapping, _ = await mapping_of(tx, self._context, settings, form)
        return Preview(form, mapping, rows)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _dead(job: Import) -> str | None:
    return job.worker if is_dead(job.worker) else None


async def tenants_with_work(database: Database) -> list[int]:
    """The tenants that have an import to be done, and nobody who does one."""
    async with database.reading() as tx:
        found = await import_work.open_imports(tx)
    busy = {one.tenant_id for one in found if not one.waits and one.worker and not is_dead(one.worker)}
    return list(dict.fromkeys(one.tenant_id for one in found if one.tenant_id not in busy))


async def forget_old(database: Database) -> int:
    """Forget the refused rows, and what else is kept, of imports that are too old to be asked for; of how many.

    What never arrived to its end, because who took it was killed, goes with them.
    """
    async with database.reading() as tx:
        tenant_ids = await import_content.tenants_with_old(tx, REPORT_DAYS)
        stranded = await import_content.stranded(tx, _UPLOAD_HOURS)
    for tenant_id, import_id in stranded:
        async with database.transaction() as tx:
            await import_content.drop(tx, tenant_id, import_id)
    forgotten = len(stranded)
    for tenant_id in tenant_ids:
        async with database.transaction() as tx:
            forgotten += await import_content.forget_old(tx, tenant_id, REPORT_DAYS, _AT_A_TIME)
    return forgotten
