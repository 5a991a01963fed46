"""A new import: a file is chosen, its columns are given places, and how it is read can be kept under a name."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast, get_args

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import check_token, looks
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.imports import LARGEST_UPLOAD, Preview
from ringbook.domain.cells import RINGBOOK_ID
from ringbook.domain.import_mapping import settled
from ringbook.domain.imports import ImportMode, ImportSettings
from ringbook.domain.problems import Conflict, Invalid, Malformed, Missing, TooLarge
from ringbook.domain.table import DecimalSign
from ringbook.web.body import CONTROL
from ringbook.web.dialect import MEGABYTE, Call, Limits, Operation

_LARGEST_PREVIEW = 64 * MEGABYTE
_MOST_FIELDS = 2100
_LONGEST_LINE = 200
_BLOCK = 256 * 1024
MODES: Mapping[str, str] = {
    "": "what fits",
    "upsert": "add new ones, update known ones",
    "add": "only add new ones",
    "update": "only update known ones",
    "replace": "replace the list",
}
DATES: Mapping[str, str] = {
    "": "2026-03-31",
    "dd.MM.yyyy": "31.03.2026",
    "dd/MM/yyyy": "31/03/2026, day first",
    "MM/dd/yyyy": "03/31/2026, month first",
    "MM/dd/yyyy hh:mm a": "03/31/2026 02:30 PM, month first",
    "dd-MM-yyyy": "31-03-2026",
    "yyyy/MM/dd": "2026/03/31",
    "yyyyMMdd": "20260331",
}
"""Ways to write a date, each with the last day of March; a time behind it is read, too."""
DECIMALS: Mapping[DecimalSign, str] = {".": "1234.50", ",": "1234,50 or 1.234,50"}


class NewQuery(msgspec.Struct, frozen=True):
    """`profile` are saved settings, `like` is an import whose settings are taken."""

    list: int = 0
    profile: str = ""
    like: str = ""


async def show_new(records: Records, call: Call[NewQuery, None]) -> Response:
    records.require("write")
    asked = call.query
    if not asked.profile and not asked.like:
        return await _new(records, call.request, {"list": str(asked.list or "")})
    base = await _base(records, asked.profile, asked.like)
    return await _new(records, call.request, _given(base) | {"profile": asked.profile, "like": asked.like})


async def preview(records: Records, call: Call[None, None]) -> Response:
    """Where a file's columns would go, with its first rows: a piece of the page, for its script."""
    records.require("write")
    async with _sent(call.request, _LARGEST_PREVIEW) as form:
        check_token(call.request, str(form.get("form_token", "")))
        try:
            base = await _base(records, _line(form, "profile"), _line(form, "like"))
            settings = await _settings(records, form, msgspec.structs.replace(base, mapping={}))
            with tempfile.TemporaryDirectory(prefix="ringbook-preview-") as folder:
                file = Path(folder) / "content"
                with file.open("wb") as opened:
                    async for piece in _pieces(_file(form)):
                        opened.write(piece)
                found = await records.imports.preview(file, settings)
            places = await _places(records, settings)
            mapping = _as_before(found.mapping, base.mapping, [key for key, _ in places])
        except (Invalid, Malformed, Missing) as told:
            return page(call.request, "import_preview.html", found=None, fault=told.message, places=[])
    facts = {"mapping": mapping, "lacks": [column for column in base.mapping if column not in mapping]}
    return page(call.request, "import_preview.html", found=found, fault="", places=places, rows=_rows(found), **facts)


async def create(records: Records, call: Call[None, None]) -> Response:
    records.require("write")
    async with _sent(call.request, LARGEST_UPLOAD) as form:
        check_token(call.request, str(form.get("form_token", "")))
        try:
            base = await _base(records, _line(form, "profile"), _line(form, "like"))
            settings = await _settings(records, form, base)
            name = _line(form, "save_as")
            file = _file(form)
            if name:
                await records.import_profiles.put(name, msgspec.structs.replace(settings, dry_run=False))
            job = await records.imports.upload(file.filename or "upload", settings, _pieces(file))
        except (Invalid, Conflict, Malformed, Missing) as told:
            return await _new(records, call.request, {k: str(v) for k, v in form.items()}, told.message)
    return go(f"{HOME}/imports/{job.id}")


async def _new(records: Records, request: Request, given: Mapping[str, str], fault: str = "") -> Response:
    lists = await records.lists.all()
    schema = await records.schema.attributes()
    keys = [a for a in schema.attributes if a.searchable and a.type in ("Text", "Email", "Number")]
    dates = given.get("dates", "")
    facts = {
        "lists": lists,
        "keys": keys,
        "modes": MODES,
        "dates": DATES if dates in DATES else {**DATES, dates: dates},
        "decimals": DECIMALS,
        "profiles": await records.import_profiles.all(),
        "given": given,
        "fault": fault,
    }
    return page(request, "import_new.html", 400 if fault else 200, **facts)


async def _base(records: Records, profile: str, like: str) -> ImportSettings:
    """The settings that a form begins with: a profile's, or those of an earlier import; else the usual ones."""
    if profile:
        return (await records.import_profiles.get(profile)).settings
    return (await records.imports.get(words.id_of(like))).settings_for_real if like else ImportSettings()


def _given(settings: ImportSettings) -> dict[str, str]:
    return {
        "list": str(settings.list_id or ""),
        "mode": settings.mode,
        "key": settings.key or "",
        "blanks": settings.blanks,
        "dates": settings.dates or "",
        "decimal": settings.decimal,
    }


async def _settings(records: Records, form: FormData, base: ImportSettings) -> ImportSettings:
    """What a form asks for. Columns and their places come side by side."""
    columns, to = (form.getlist(name) for name in ("column", "to"))
    mapping = {str(column): str(place) or None for column, place in zip(columns, to, strict=False)}
    mode = _line(form, "mode")
    if mode and mode not in get_args(ImportMode):
        raise Invalid("There is no such mode.", field="mode")
    decimal = _line(form, "decimal") or "."
    if decimal not in DECIMALS:
        raise Invalid("A number has a point or a comma.", field="decimal")
    list_id = _line(form, "list")
    for_contacts = not list_id  # a list's fields say all this themselves
    asked = msgspec.structs.replace(
        base,
        of="contacts",
        list_id=None,
        key=_line(form, "key") or None if for_contacts else None,
        dry_run=form.get("dry_run") == "true",
        blanks="clear" if form.get("blanks") == "clear" else "keep",
        dates=_line(form, "dates") or None if for_contacts else None,
        decimal=cast("DecimalSign", decimal) if for_contacts else ".",
        mapping=mapping or base.mapping,
    )
    chosen = cast("ImportMode", mode) if mode else None
    return await records.imports.settings(asked, words.id_of(list_id) if list_id else None, mode=chosen)


async def _places(records: Records, settings: ImportSettings) -> list[tuple[str, str]]:
    """Where a column may go: (key, label)."""
    if settings.list_id is None:
        schema = await records.schema.attributes()
        places = [(a.key, a.label or a.key) for a in schema.attributes]
        return [*places, (RINGBOOK_ID, "the contact that has this id")]
    layouts = [one.layout for one in await records.lists.all() if one.id == settings.list_id]
    return [(field.name, field.name) for layout in layouts for field in layout.fields if not field.skip]


def _as_before(
    proposed: Mapping[str, str | None], said: Mapping[str, str | None], places: list[str]
) -> dict[str, str | None]:
    """The proposal with what was said of an earlier file, as far as this one has the columns and there are places."""
    known = {c: place for c, place in said.items() if c in proposed and (place is None or place in places)}
    return settled(proposed, known, places)


def _rows(found: Preview) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in found.rows]


def _line(form: FormData, name: str) -> str:
    text = str(form.get(name, "")).strip()
    if CONTROL.search(text) or len(text) > _LONGEST_LINE:
        raise Invalid(f"A field of the form is too long, or has a control character: {name}.", field=name)
    return text


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
    looks("/imports/new", show_new, "A new import", NewQuery),
    Operation("POST", f"{HOME}/imports/new", create, "Import a file", limits=_FILES),
    Operation("POST", f"{HOME}/imports/preview", preview, "Where a file's columns would go", limits=_FILES),
)
