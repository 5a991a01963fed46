"""Import settings that are saved under a name, to be used again. The journal has what each name stood for before."""

from __future__ import annotations

from contextlib import suppress

from ringbook.core.context import Context
from ringbook.domain.imports import ImportSettings, Profile
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.store import import_profiles as stored
from ringbook.store import journal

LONGEST_NAME = 200
_ENTITY = "import_profile"
_NO_ID = 0
"""Profiles have names and no ids."""


class ImportProfiles:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[Profile]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.profiles(tx, self._tenant_id)

    async def get(self, name: str) -> Profile:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.profile(tx, self._tenant_id, name)

    async def put(self, name: str, settings: ImportSettings) -> Profile:
        """Save settings; what had the name before is replaced. Invalid for a name that is empty or too long, Conflict
        where there are 1,000 others.
        """
        self._context.require("write")
        if not 1 <= len(name) <= LONGEST_NAME:
            raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
        async with self._context.database.transaction() as tx:
            before: Profile | None = None
            with suppress(Missing):
                before = await stored.profile(tx, self._tenant_id, name, for_update=True)
            if before is None and len(await stored.profiles(tx, self._tenant_id)) >= stored.MOST_PROFILES:
                raise Conflict(f"There are {stored.MOST_PROFILES:,} import profiles at most.")
            after = await stored.put_profile(tx, self._tenant_id, name, settings)
            if before is None or before.settings != settings:
                await journal.record(tx, self._context.author, _ENTITY, _NO_ID, before, after)
            return after

    async def drop(self, name: str) -> Profile:
        """The profile that is no more."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            gone = await stored.profile(tx, self._tenant_id, name, for_update=True)
            await stored.drop_profile(tx, self._tenant_id, name)
            await journal.record(tx, self._context.author, _ENTITY, _NO_ID, gone, None)
            return gone

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
