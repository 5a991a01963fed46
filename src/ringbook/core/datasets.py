"""Data sets: context that a system leaves for a number, and that is gone on the second."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ringbook.core.context import Context
from ringbook.domain.dataset import DataSet, Template, Values, digits_of
from ringbook.domain.problems import Invalid, Missing
from ringbook.store import datasets as stored
from ringbook.store import journal

if TYPE_CHECKING:
    from ringbook.store.database import Tx

LONGEST_ECBT = 366 * 86400


class TemplateData(msgspec.Struct, frozen=True):
    """One live data set as its template's reader sees it; `values` stay the stored JSON."""

    number: str
    ani: str
    ecbt: int | None
    expires_at: datetime
    values: msgspec.Raw


class DataSets:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def of_template(self, template: Template, number: str) -> TemplateData:
        """The template's live data for these digits (no country code is added or removed); Missing if there is none."""
        self._context.require("read")
        context = self._context
        digits = digits_of(number)
        if not 0 < len(digits) <= _LONGEST_DIGITS:
            raise Missing
        rows = await context.database.lanes.ask(stored.BY_TEMPLATE, (context.tenant.id, template.id), digits)
        if not rows:
            raise Missing
        row = rows[0]
        return TemplateData(row[1], row[2], row[3], row[4], msgspec.Raw(row[5].encode()))

    async def submit(self, template: Template | str, number: str, values: Values) -> DataSet:
        """Leave values for a number, replacing what the template held for it. Invalid for a number without digits.

        A template is given by name where the credential does not bring it.
        """
        self._context.require("write")
        digits = digits_of(number)
        if not 0 < len(digits) <= _LONGEST_DIGITS:
            raise Invalid("A number with digits is required.", field="number")
        key = self._context.asked_phone(number, "number").match_key
        async with self._context.database.transaction() as tx:
            if isinstance(template, str):
                template = await self._by_name(tx, template)
            made = await stored.submit(tx, self._tenant_id, template, digits, key, values)
            await journal.record(tx, self._context.author, "data_set", made.id, None, _told(made))
            return made

    async def of_number(self, number: str) -> list[DataSet]:
        """The live data sets of a number over all templates, in any spelling of it."""
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.of_number(tx, self._tenant_id, self._context.asked_phone(number, "number").match_key)

    async def callback(
        self,
        number: str,
        *,
        new_number: str | None = None,
        ecbt: int | None = None,
        callback_id: str | None = None,
    ) -> list[DataSet]:
        """A callback was registered, changed or (with `ecbt` None) cancelled: what its number's data sets become.

        The expiry moves with the estimate (D-M16). A changed number replaces the search key of every template's data
        set; the number that was detected stays (D-M17). Missing if the number has no live data set.
        """
        self._context.require("write")
        if ecbt is not None and not 0 <= ecbt <= LONGEST_ECBT:
            raise Invalid(f"ecbt is from 0 to {LONGEST_ECBT} seconds.", field="ecbt")
        key = self._context.asked_phone(number, "number").match_key
        async with self._context.database.transaction() as tx:
            before = await stored.of_number(tx, self._tenant_id, key)
            if not before:
                raise Missing
            after = await stored.register_callback(tx, self._tenant_id, key, ecbt, callback_id)
            if new_number is not None:
                after = await self._move(tx, key, new_number) or after
            for data_set in after:
                was = next((b for b in before if b.id == data_set.id), None)
                before_it = None if was is None else _told(was)
                await journal.record(tx, self._context.author, "data_set", data_set.id, before_it, _told(data_set))
            return sorted(after, key=lambda d: d.template)

    async def templates(self) -> list[Template]:
        self._context.require("read")
        async with self._context.database.reading() as tx:
            return await stored.templates(tx, self._tenant_id)

    async def _move(self, tx: Tx, key: str, new_number: str) -> list[DataSet]:
        """The data sets under their new number; none where only a country code was added: the ACD asks by its own."""
        phone, digits = self._context.asked_phone(new_number, "new_number"), digits_of(new_number)
        if not 0 < len(digits) <= _LONGEST_DIGITS:
            raise Invalid("A number with digits is required.", field="new_number")
        if phone.match_key == key:
            return []
        return await stored.move(tx, self._tenant_id, key, digits, phone.match_key)

    async def _by_name(self, tx: Tx, name: str) -> Template:
        found = next((t for t in await stored.templates(tx, self._tenant_id) if t.name == name), None)
        if found is None:
            raise Missing("There is no such template.")
        return found

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


_LONGEST_DIGITS = 40


def _told(data_set: DataSet) -> dict[str, object]:
    """What the journal keeps of a data set: not its values, which are gone when it expires."""
    return {
        "template": data_set.template,
        "number": data_set.number,
        "expires_at": data_set.expires_at,
        "ecbt": data_set.ecbt,
    }
