"""Dry runs that are done: their files are kept for an hour, so that they can be imported for real as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringbook.core.context import Context
from ringbook.domain.imports import Import
from ringbook.domain.problems import Conflict
from ringbook.store import import_content
from ringbook.store import imports as stored

if TYPE_CHECKING:
    from ringbook.store.database import Database

KEPT_HOURS = 1


class Rehearsals:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def has_file(self, import_id: int) -> bool:
        """Whether the file that a dry run has tried can still be imported without being sent again."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            job = await stored.get(tx, self._tenant_id, import_id)
            return job.is_rehearsed and await import_content.block(tx, self._tenant_id, import_id, 0) is not None

    async def for_real(self, import_id: int) -> Import:
        """A new import, waiting for a worker, of a dry run's file into the same places. The file is then its own.

        Conflict where there is no such file: the dry run is not done, or it was too long ago, or this was done before.
        """
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            tried = await stored.get(tx, self._tenant_id, import_id)
            if not tried.is_rehearsed:
                raise Conflict("Only a dry run that is done can be imported for real.")
            settings, author = tried.settings_for_real, self._context.author
            job = await stored.add(tx, author, "uploading", tried.file_name, settings, uploaded=True)
            if not await import_content.hand_over(tx, self._tenant_id, import_id, job.id):
                raise Conflict("The file of this dry run is not kept any longer: send it again.")
            return await import_content.arrived(tx, self._tenant_id, job.id, tried.size)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


async def forget_files(database: Database) -> int:
    """Forget the files of dry runs that were done more than an hour ago; of how many."""
    async with database.reading() as tx:
        found = await import_content.rehearsed(tx, KEPT_HOURS)
    for tenant_id, import_id in found:
        async with database.transaction() as tx:
            await import_content.drop_blocks(tx, tenant_id, import_id)
    return len(found)
