"""Imports: a file is sent, its columns are given places, and everybody sees how far it is and what it refused."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast, get_args

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import check_token, looks, sends
from ringbook.console.forms import Form
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.imports import LARGEST_UPLOAD, UNDO_DAYS, Preview
from ringbook.domain.cells import RINGBOOK_ID
from ringbook.domain.imports import OPEN, Import, ImportMode, ImportSettings
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid, Malformed, TooLarge
from ringbook.web.dialect import MEGABYTE, Call, Limits, Operation
from ringbook.web.stream import Stream, started

_A_PAGE = 50
_LARGEST_PREVIEW = 64 * MEGABYTE
_MOST_FIELDS = 2100
_BLOCK = 256 * 1024
MODES: Mapping[str, str] = {
    "": "what fits",
    "upsert": "add new ones, update those that are there",
    "add": "only add new ones",
    "update": "only update those that are there",
    "replace": "replace the list",
}


class ListQuery(msgspec.Struct, frozen=True):
    after: str = ""


class NewQuery(msgspec.Struct, frozen=True):
    list: int = 0


class JobQuery(msgspec.Struct, frozen=True):
    said: str = ""


async def imports(records: Records, call: Call[ListQuery, None]) -> Response:
    below = words.position(call.query.after, int)[0] if call.query.after else LARGEST_ID
    found = await records.imports.all(below, _A_PAGE)
    names = {one.id: one.name for one in await records.lists.all()}
    after = words.cursor(found[-1].id) if len(found) == _A_PAGE else ""
    return page(call.request, "imports.html", imports=found, lists=names, next=after, open=OPEN)


async def show_new(records: Records, call: Call[NewQuery, None]) -> Response:
    records.require("write")
    return await _new(records, call.request, {"list": str(call.query.list or "")})


async def preview(records: Records, call: Call[None, None]) -> Response:
    """Where a file's columns would go, with its first rows: a piece of the page, for its script."""
    records.require("write")
    async with _sent(call.request, _LARGEST_PREVIEW) as form:
        check_token(call.request, str(form.get("form_token", "")))
        try:
            settings = await _settings(records, form)
            with tempfile.TemporaryDirectory(prefix="ringbook-preview-") as folder:
                file = Path(folder) / "content"
                with file.open("wb") as opened:
                    async for piece in _pieces(_file(form)):
                        opened.write(piece)
                found = await records.imports.preview(file, settings)
        except (Invalid, Malformed) as told:
            return page(call.request, "import_preview.html", found=None, fault=told.message, places=[])
    places = await _places(records, settings)
    return page(call.request, "import_preview.html", found=found, fault="", places=places, rows=_rows(found))


async def create(records: Records, call: Call[None, None]) -> Response:
    records.require("write")
    async with _sent(call.request, LARGEST_UPLOAD) as form:
        check_token(call.request, str(form.get("form_token", "")))
        try:
            settings = await _settings(records, form)
            file = _file(form)
            job = await records.imports.upload(file.filename or "upload", settings, _pieces(file))
        except (Invalid, Conflict, Malformed) as told:
            return await _new(records, call.request, {k: str(v) for k, v in form.items()}, told.message)
    return go(f"{HOME}/imports/{job.id}")


async def job(records: Records, call: Call[JobQuery, None]) -> Response:
    found = await records.imports.get(words.id_of(call.path["id"]))
    return await _job(records, call.request, found)


async def cancel(records: Records, call: Call[None, Form]) -> Response:
    job = await records.imports.cancel(words.id_of(call.path["id"]))
    return go(f"{HOME}/imports/{job.id}")


async def undo(records: Records, call: Call[None, Form]) -> Response:
    import_id = words.id_of(call.path["id"])
    try:
        await records.imports.undo(import_id)
    except Conflict as told:
        return await _job(records, call.request, await records.imports.get(import_id), told.message)
    return go(f"{HOME}/imports/{import_id}")


async def report(records: Records, call: Call[None, None]) -> Response:
    import_id = words.id_of(call.path["id"])
    pieces = await started(records.imports.report(import_id))
    return Stream(pieces, "text/csv", f"refused-{import_id}.csv")


async def _job(records: Records, request: Request, found: Import, fault: str = "") -> Response:
    names = {one.id: one.name for one in await records.lists.all()}
    facts: dict[str, Any] = {"open": OPEN, "fault": fault, "undo_days": UNDO_DAYS}
    facts |= {"columns": (found.form.places if found.form else None) or {}}
    return page(request, "import.html", 409 if fault else 200, job=found, lists=names, **facts)


async def _new(records: Records, request: Request, given: Mapping[str, str], fault: str = "") -> Response:
    lists = await records.lists.all()
    schema = await records.schema.attributes()
    keys = [a for a in schema.attributes if a.searchable and a.type in ("Text", "Email", "Number")]
    facts = {"lists": lists, "keys": keys, "modes": MODES, "given": given, "fault": fault}
    return page(request, "import_new.html", 400 if fault else 200, **facts)


async def _settings(records: Records, form: FormData) -> ImportSettings:
    """What a form asks for. Columns and their places come side by side."""
    columns, to = (form.getlist(name) for name in ("column", "to"))
    mapping = {str(column): str(place) or None for column, place in zip(columns, to, strict=False)}
    mode = str(form.get("mode", ""))
    if mode and mode not in get_args(ImportMode):
        raise Invalid("There is no such mode.", field="mode")
    list_id = str(form.get("list", ""))
    asked = ImportSettings(
        key=str(form.get("key", "")) or None if not list_id else None,
        dry_run=form.get("dry_run") == "true",
        blanks="clear" if form.get("blanks") == "clear" else "keep",
        mapping=mapping,
    )
    chosen = cast("ImportMode", mode) if mode else None
    return await records.imports.settings(asked, words.id_of(list_id) if list_id else None, mode=chosen)


async def _places(records: Records, settings: ImportSettings) -> list[tuple[str, str]]:
    """Where a column may go: (key, label)."""
    if settings.list_id is None:
        schema = await records.schema.attributes()
        places = [(a.key, a.label or a.key) for a in schema.attributes]
        return [*places, (RINGBOOK_ID, "the contact that has this id")]
    target = next(one for one in await records.lists.all() if one.id == settings.list_id)
    return [(field.name, field.name) for field in target.layout.fields if not field.skip]


def _rows(found: Preview) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in found.rows]


def _file(form: FormData) -> UploadFile:
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("Choose a file first.", field="file")
    return file


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_BLOCK):
        yield piece


@asynccontextmanager
async def _sent(request: Request, most: int) -> AsyncIterator[FormData]:
    """A form with a file, bounded; what was put on disk of it is gone behind the block."""
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > most:
        raise TooLarge(f"A file has {most // MEGABYTE} megabytes at most here.")
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except (MultiPartException, ClientDisconnect):
        raise Malformed("The form cannot be read.") from None
    try:
        yield form
    finally:
        await form.close()


_FILES = Limits(body=LARGEST_UPLOAD, seconds=3600.0)

OPERATIONS = (
    looks("/imports", imports, "Imports", ListQuery),
    looks("/imports/new", show_new, "A new import", NewQuery),
    Operation("POST", f"{HOME}/imports/new", create, "Import a file", limits=_FILES),
    Operation("POST", f"{HOME}/imports/preview", preview, "Where a file's columns would go", limits=_FILES),
    looks("/imports/{id}", job, "How far an import is", JobQuery),
    looks("/imports/{id}/report", report, "What an import refused"),
    sends("/imports/{id}/cancel", cancel, "End an import"),
    sends("/imports/{id}/undo", undo, "Take an import back"),
)
