"""Import settings that are saved under a name, to be used again."""

from __future__ import annotations

from ringbook.core.context import Context
from ringbook.domain.imports import ImportSettings, Profile
from ringbook.store import import_profiles as stored


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
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            return await stored.put_profile(tx, self._tenant_id, name, settings)

    async def drop(self, name: str) -> Profile:
        """The profile that is no more."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            gone = await stored.profile(tx, self._tenant_id, name)
            await stored.drop_profile(tx, self._tenant_id, name)
            return gone

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
