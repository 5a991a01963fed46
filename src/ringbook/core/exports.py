"""Exports: all of a kind as a file that is made while it is read, a part at a time and with no long transaction.

What is written meanwhile may be there or not. What was exported can be imported again, and changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.lists import find_list
from ringbook.core.reports import Reports
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.cells import RINGBOOK_ID, cell_of
from ringbook.domain.contact import Contact
from ringbook.domain.interaction import Interaction
from ringbook.domain.object_id import ObjectId
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Schema
from ringbook.domain.sheet_text import csv_of, marked
from ringbook.domain.vcard import vcard_of
from ringbook.store import campaign_seats, lists
from ringbook.store import exports as stored
from ringbook.store.journal import Change
from ringbook.store.schema import schema as stored_schema

ExportOf = Literal["contacts", "list", "campaign", "interactions", "changes"]
ExportFormat = Literal["csv", "jsonl", "vcard"]
Pieces = AsyncGenerator[bytes, None]

CONTENT_TYPES: Mapping[ExportFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "vcard": "text/vcard; charset=utf-8",
}

_PART = 1000
_RESULT = (
    *("list", "status", "outcome", "disposition", "second_disposition", "tries", "next_try_at", "last_attempt_at"),
    *("completed_at", "barred", "last_phone", "last_agent", "notes"),
)
_LEG = (
    *("actor", "direction", "leg_call_id", "agent", "team", "queue", "leg_started_at", "duration_seconds"),
    *("ivr_trail", "disposition", "outcome", "wrap_up", "notes"),
)
_CHANGE = ("id", "at", "by", "dialect", "entity", "entity_id", "before", "after")


DELIMITERS = (",", ";", "\t")
"""What may be between the columns of a CSV file. Excel takes the one that its country has between numbers of a list."""


class _Form(NamedTuple):
    format: ExportFormat
    delimiter: str

    @property
    def is_csv(self) -> bool:
        return self.format == "csv"

    def csv(self, rows: Iterable[Sequence[str]]) -> bytes:
        return csv_of(rows, self.delimiter)


class Exports:
    def __init__(self, context: Context) -> None:
        self._context = context

    def pieces(
        self,
        of: ExportOf,
        ref: int | str | None = None,
        *,
        form: ExportFormat = "csv",
        since: datetime | None = None,
        bom: bool = False,
        delimiter: str = ",",
    ) -> Pieces:
        """The file, piece by piece. What cannot be exported is a Problem with the first piece.

        `ref` is the list or campaign. `since`: only calls that began, or changes that were made, then or later. `bom`:
        a CSV file begins with the mark of UTF-8; `delimiter` is what is between its columns.
        """
        self._context.require("read")
        if bom and form != "csv":
            raise Invalid("Only CSV has a mark of its encoding.", field="bom")
        if delimiter not in DELIMITERS or (form != "csv" and delimiter != ","):
            raise Invalid("Only CSV has a delimiter: a comma, a semicolon or a tab.", field="delimiter")
        pieces = self._pieces(of, ref, _Form(form, delimiter), since)
        return marked(pieces) if bom else pieces

    def _pieces(self, of: ExportOf, ref: int | str | None, form: _Form, since: datetime | None) -> Pieces:
        if form.format == "vcard" and of != "contacts":
            raise Invalid("Only contacts can be vCards.", field="format")
        if of in ("list", "campaign"):
            if ref is None:
                raise Invalid(f"Say which {of}.", field=of)
            return self._list(ref, form) if of == "list" else self._campaign(ref, form)
        if of == "contacts":
            return self._contacts(form)
        return self._interactions(form, since) if of == "interactions" else self._changes(form, since)

    # ---- Contacts

    async def _contacts(self, form: _Form) -> Pieces:
        async with self._context.database.reading() as tx:
            schema = await stored_schema(tx, self._tenant_id)
            loose = await stored.loose_keys(tx, self._tenant_id)
        keys = [attribute.key for attribute in schema.attributes] + [key for key in loose if key not in schema.by_key]
        yield form.csv([[RINGBOOK_ID, *keys]]) if form.is_csv else b""
        after = 0
        while True:
            async with self._context.database.reading() as tx:
                part = await stored.contacts(tx, self._tenant_id, after, _PART)
            if part:
                yield _contacts_as(form, schema, keys, part)
            if len(part) < _PART:
                return
            after = part[-1].id

    # ---- Lists and campaigns

    async def _list(self, ref: int | str, form: _Form) -> Pieces:
        async with self._context.database.reading() as tx:
            target = await find_list(tx, self._tenant_id, ref)
        names = [field.name for field in target.layout.fields if not field.skip]
        yield form.csv([[cell_of(name) for name in names]]) if form.is_csv else b""
        start = 0
        while True:
            async with self._context.database.reading() as tx:
                part = await lists.records(tx, self._tenant_id, target.id, start, _PART)
                numbers = await stored.written_numbers(tx, self._tenant_id, [record.id for record in part])
            rows = [(one, one.fields | dict(numbers.get(one.id, {}))) for one in part]
            if form.is_csv:
                yield form.csv([[cell_of(fields.get(name)) for name in names] for _, fields in rows])
            else:
                yield _lines(
                    {"id": one.id, "position": one.position, "contact_id": one.contact_id, "fields": fields}
                    for one, fields in rows
                )
            if len(part) < _PART:
                return
            start = part[-1].position + 1

    async def _campaign(self, ref: int | str, form: _Form) -> Pieces:
        async with self._context.database.reading() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            ids = await campaign_seats.run_lists(tx, self._tenant_id, campaign.id)
            run = [await lists.get(tx, self._tenant_id, list_id) for list_id in sorted(ids)]
        names = list(dict.fromkeys(field.name for one in run for field in one.layout.fields if not field.skip))
        yield form.csv([["record_id", *_RESULT, *(cell_of(name) for name in names)]]) if form.is_csv else b""
        async for part in Reports(self._context).every_record(campaign.id):
            told = [(one, _result(one)) for one in part]
            if form.is_csv:
                yield form.csv(
                    [str(one.record.id), *_cells(result), *(cell_of(one.record.fields.get(n)) for n in names)]
                    for one, result in told
                )
            else:
                yield _lines(
                    {"record_id": one.record.id} | result | {"fields": one.record.fields} for one, result in told
                )

    # ---- What happened

    async def _interactions(self, form: _Form, since: datetime | None) -> Pieces:
        heads = ("call_id", "ani", RINGBOOK_ID, "started_at")
        yield form.csv([[*heads, *_LEG]]) if form.is_csv else b""
        after: int | None = 0
        while after is not None:
            async with self._context.database.reading() as tx:
                part, after = await stored.interactions(tx, self._tenant_id, since, after, _PART)
                known = await stored.object_ids(
                    tx, self._tenant_id, [one.contact_id for one in part if one.contact_id is not None]
                )
            told = [(one, _call(one, known)) for one in part]
            if form.is_csv:
                yield form.csv([*_cells(call), *_cells(leg)] for one, call in told for leg in _legs(one))
            else:
                yield _lines(call | {"legs": _legs(one)} for one, call in told)

    async def _changes(self, form: _Form, since: datetime | None) -> Pieces:
        yield form.csv([_CHANGE]) if form.is_csv else b""
        below: int | None = LARGEST_ID
        while below is not None:
            async with self._context.database.reading() as tx:
                part, below = await stored.changes(tx, self._tenant_id, since, below, _PART)
            yield form.csv(_change_row(one) for one in part) if form.is_csv else _lines(part)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _contacts_as(form: _Form, schema: Schema, keys: Sequence[str], part: Sequence[Contact]) -> bytes:
    if form.format == "vcard":
        return "".join(vcard_of(schema, one) for one in part).encode()
    ids = [str(ObjectId(one.created_second, one.id)) for one in part]
    if form.is_csv:
        return form.csv(
            [id_, *(cell_of(one.attributes.get(key)) for key in keys)] for id_, one in zip(ids, part, strict=True)
        )
    return _lines(
        {
            RINGBOOK_ID: id_,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "attributes": one.attributes,
            "phones": one.phones,
        }
        for id_, one in zip(ids, part, strict=True)
    )


def _result(one: ListedRecord) -> dict[str, Any]:
    """How far the campaign is with a record."""
    state, last = one.state, one.last
    told = {name: getattr(state, name, None) for name in _RESULT}
    return told | {
        "list": one.list_name,
        "last_phone": last.phone if last else None,
        "last_agent": last.agent if last else None,
    }


def _call(one: Interaction, seconds: Mapping[int, int]) -> dict[str, Any]:
    second = None if one.contact_id is None else seconds.get(one.contact_id)
    whose = None if second is None or one.contact_id is None else str(ObjectId(second, one.contact_id))
    return {"call_id": one.call_id, "ani": one.ani, RINGBOOK_ID: whose, "started_at": one.started_at}


def _legs(one: Interaction) -> list[dict[str, Any]]:
    return [{name: getattr(leg, name.removeprefix("leg_")) for name in _LEG} for leg in one.legs if not leg.supervision]


def _change_row(one: Change) -> list[str]:
    values = (one.id, one.at, one.by, one.dialect, one.entity, one.entity_id, one.before, one.after)
    return [_cell(value) for value in values]


def _cells(told: Mapping[str, Any]) -> list[str]:
    return [_cell(value) for value in told.values()]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, msgspec.Raw):
        text = bytes(value).decode()
        return "" if text == "null" else text
    return cell_of(value)


def _lines(objects: Any) -> bytes:
    return b"".join(_encode(one) + b"\n" for one in objects)


_encode = msgspec.json.Encoder().encode
