"""Data set templates: what may be left for a number and for how long; and the token that belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ringbook.core.context import Context
from ringbook.core.keys import add_key, end_key, key_named, new_token
from ringbook.domain.access import Credential, digest
from ringbook.domain.dataset import Template, check_template
from ringbook.domain.problems import Conflict
from ringbook.store import credentials, journal
from ringbook.store import datasets as stored

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class OwnedTemplate(msgspec.Struct, frozen=True):
    """A template, whether its token is live and, from who has just made one, the token."""

    template: Template
    enabled: bool
    token: str | None = None


class Templates:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[OwnedTemplate]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            keys = await credentials.live(tx, self._tenant_id)
            live = {key.template_id for key in keys}
            return [OwnedTemplate(each, each.id in live) for each in await stored.templates(tx, self._tenant_id)]

    async def create(
        self,
        name: str,
        retention_seconds: float,
        data_keys: Sequence[str],
        *,
        description: str = "",
        token: str | None = None,
    ) -> OwnedTemplate:
        """A new template with its token, random unless given. Conflict where the name or the token is taken."""
        self._context.require("admin")
        check_template(name, retention_seconds, data_keys)
        async with self._context.database.transaction() as tx:
            template, created = await stored.put_template(tx, self._tenant_id, name, retention_seconds, data_keys)
            if not created:
                raise Conflict("A template of this name exists.")
            if description:
                template = await stored.describe_template(tx, self._tenant_id, template.id, description)
            await self._note(tx, template, None, template)
            return OwnedTemplate(template, enabled=True, token=await self._give_token(tx, template, token))

    async def change(
        self,
        template_id: int,
        *,
        retention_seconds: float | None = None,
        data_keys: Sequence[str] | None = None,
        description: str | None = None,
    ) -> OwnedTemplate:
        """Change what is given. A data set that is there keeps its time, until it is submitted or called back anew."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = await stored.template(tx, self._tenant_id, template_id, for_update=True)
            seconds = before.retention_seconds if retention_seconds is None else retention_seconds
            keys = before.data_keys if data_keys is None else data_keys
            check_template(before.name, seconds, keys)
            after, _ = await stored.put_template(tx, self._tenant_id, before.name, seconds, keys)
            if description is not None:
                after = await stored.describe_template(tx, self._tenant_id, template_id, description)
            if after != before:
                await self._note(tx, before, before, after)
            return OwnedTemplate(after, enabled=await self._key(tx, before) is not None)

    async def rotate_token(self, template_id: int) -> OwnedTemplate:
        """Another token, and the end of the one before: within a second, no worker accepts that.

        A template whose token was ended has one again.
        """
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            template = await stored.template(tx, self._tenant_id, template_id, for_update=True)
            return OwnedTemplate(template, enabled=True, token=await self._give_token(tx, template, None))

    async def disable(self, template_id: int) -> OwnedTemplate:
        """End the template's token. Its data sets stay for who asks natively, until they expire."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            template = await stored.template(tx, self._tenant_id, template_id, for_update=True)
            key = await self._key(tx, template)
            if key is not None:
                await end_key(tx, self._context, key)
            return OwnedTemplate(template, enabled=False)

    async def put(
        self,
        name: str,
        retention_seconds: float,
        data_keys: Sequence[str],
        token: str | None,
        *,
        force: bool = False,
    ) -> tuple[Template, str | None]:
        """Create the template of this name or change it; it, and its token if this made one.

        The token counts when the template is new, or with `force`.
        """
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = next((t for t in await stored.templates(tx, self._tenant_id) if t.name == name), None)
            template, created = await stored.put_template(tx, self._tenant_id, name, retention_seconds, data_keys)
            if template != before:
                await self._note(tx, template, before, template)
            if not created and not (force and token):
                return template, None
            key = await self._key(tx, template)
            if key is not None and token and await credentials.has_secret(tx, key.id, digest(token), "mindful"):
                return template, None
            return template, await self._give_token(tx, template, token)

    async def drop(self, template: Template) -> None:
        """Delete a template with its token and its data sets."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            key = await self._key(tx, template)
            if key is not None:
                await end_key(tx, self._context, key)
            await stored.drop_template(tx, self._tenant_id, template.id)
            await self._note(tx, template, template, None)

    async def _give_token(self, tx: Tx, template: Template, token: str | None) -> str:
        """The template's only token from now on: a random one unless given."""
        known = await self._key(tx, template)
        if known is not None:
            await end_key(tx, self._context, known)
        secret = token or new_token()
        await add_key(tx, self._context, template.name, "mindful", secret, scopes=("write",), template_id=template.id)
        return secret

    async def _key(self, tx: Tx, template: Template) -> Credential | None:
        return await key_named(tx, self._tenant_id, template.name, "mindful")

    async def _note(self, tx: Tx, of: Template, before: Template | None, after: Template | None) -> None:
        await journal.record(tx, self._context.author, "template", of.id, before, after)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id
