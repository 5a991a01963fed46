"""Imports, natively: a file is sent, a worker takes it, and everybody can see how far it is and what it refused."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.imports import LARGEST_UPLOAD
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import Id, Line, Name, NoQuery, PageSize, Request
from ringbook.domain.imports import Counts, Import, ImportMode, ImportSettings, ImportState, LeftAlone, Profile
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid
from ringbook.domain.table import DecimalSign, FileFormat
from ringbook.web import answer
from ringbook.web.dialect import MEGABYTE, AnyOperation, Call, Described, Limits, Operation
from ringbook.web.stream import Stream, started
from ringbook.web.upload import Upload

LARGEST_PREVIEW = 64 * MEGABYTE

Places = Annotated[dict[str, str | None], Meta(max_length=1000)]


class ImportQuery(Request, frozen=True):
    """What to do with a file. `list` is an id or a name; without one, the rows are contacts.

    `key` is the attribute that says who a contact is. `mapping` is a JSON object from columns to attributes or fields,
    null for a column to be left out. What neither it nor the `profile` says is proposed and found out. `dates` is how a
    table writes dates, such as `dd.MM.yyyy` (none: ISO 8601), and `decimal` what is before a fraction.
    """

    list: Line | None = None
    mode: ImportMode | None = None
    key: Line | None = None
    dry_run: bool = False
    mapping: str | None = None
    profile: Name | None = None
    blanks: Literal["keep", "clear"] | None = None
    format: FileFormat | None = None
    encoding: Line | None = None
    delimiter: Line | None = None
    header: bool | None = None
    dates: Line | None = None
    decimal: DecimalSign | None = None
    name: Line = ""


class ImportsQuery(Request, frozen=True):
    limit: PageSize = 50
    cursor: Id | None = None


class ReportQuery(Request, frozen=True):
    """`bom`: it begins with the mark of UTF-8, by which Excel knows it."""

    bom: bool = False


class ProfileBody(Request, frozen=True):
    mode: ImportMode = "upsert"
    list_id: Id | None = None
    key: Line | None = None
    mapping: Places = msgspec.field(default_factory=dict)
    blanks: Literal["keep", "clear"] = "keep"
    format: FileFormat | None = None
    encoding: Line | None = None
    delimiter: Line | None = None
    header: bool | None = None
    dates: Line | None = None
    decimal: DecimalSign = "."


class UndoneAnswer(msgspec.Struct, frozen=True):
    """`left` rows stay as they are, `some` of them with the reason."""

    restored: int
    deleted: int
    left: int
    some: tuple[LeftAlone, ...]


class ImportAnswer(msgspec.Struct, frozen=True):
    """`counts.rows` is the sum of added, updated, unchanged and refused. `percent` is of the file's bytes; while it is
    taken back, of what is to be taken back.

    An import that runs ends after the rows that it is at once its `cancel_asked` is true.
    """

    id: int
    state: ImportState
    file_name: str
    size: int
    settings: ImportSettings
    counts: Counts
    percent: float
    rows_per_second: float
    seconds_left: float | None
    columns: dict[str, str | None] | None
    undone: UndoneAnswer | None
    cancel_asked: bool
    failure: str | None
    by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ImportsAnswer(msgspec.Struct, frozen=True):
    items: list[ImportAnswer]
    next_cursor: int | None


class ProfilesAnswer(msgspec.Struct, frozen=True):
    items: list[Profile]


class PreviewAnswer(msgspec.Struct, frozen=True):
    format: str
    encoding: str
    delimiter: str
    header: bool
    columns: tuple[str, ...]
    mapping: dict[str, str | None]
    rows: list[dict[str, str]]


async def start_import(records: Records, call: Call[ImportQuery, None]) -> Response:
    settings = await _settings(records, call.query)
    upload = Upload(call.request, LARGEST_UPLOAD)
    content = upload.content()
    first = await anext(content, b"")
    made = await records.imports.upload(call.query.name or upload.name or "upload", settings, _whole(first, content))
    return answer.json(_import(made), 202, {"location": f"/v1/imports/{made.id}"})


async def list_imports(records: Records, call: Call[ImportsQuery, None]) -> Response:
    asked = call.query
    found = await records.imports.all(asked.cursor or LARGEST_ID, asked.limit)
    more = found[-1].id if len(found) == asked.limit else None
    return answer.json(ImportsAnswer([_import(each) for each in found], more))


async def get_import(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_import(await records.imports.get(id_of(call, "import"))))


async def cancel_import(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_import(await records.imports.cancel(id_of(call, "import"))))


async def undo_import(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_import(await records.imports.undo(id_of(call, "import"))), 202)


async def report_import(records: Records, call: Call[ReportQuery, None]) -> Response:
    import_id = id_of(call, "import")
    name = f"refused-{import_id}.csv"
    return Stream(await started(records.imports.report(import_id, bom=call.query.bom)), "text/csv", name)


async def preview_import(records: Records, call: Call[ImportQuery, None]) -> Response:
    settings = await _settings(records, call.query)
    upload = Upload(call.request, LARGEST_PREVIEW)
    with tempfile.TemporaryDirectory(prefix="ringbook-preview-") as folder:
        file = Path(folder) / "content"
        with file.open("wb") as opened:
            async for piece in upload.content():
                opened.write(piece)
        found = await records.imports.preview(file, settings)
    form = found.form
    rows = [{name: str(value) for name, value in row.items()} for row in found.rows]
    return answer.json(
        PreviewAnswer(form.format, form.encoding, form.delimiter, form.header, form.columns, found.mapping, rows)
    )


async def list_profiles(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(ProfilesAnswer(await records.import_profiles.all()))


async def put_profile(records: Records, call: Call[NoQuery, ProfileBody]) -> Response:
    records.require("write")  # before it is told which lists there are
    asked = msgspec.convert(msgspec.structs.asdict(call.body), ImportSettings)
    settings = await records.imports.settings(asked, mode=call.body.mode)
    return answer.json(await records.import_profiles.put(call.path["name"], settings))


async def delete_profile(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(await records.import_profiles.drop(call.path["name"]))


async def _whole(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in rest:
        yield piece


async def _settings(records: Records, asked: ImportQuery) -> ImportSettings:
    """The profile's settings with what the query says instead."""
    base = ImportSettings() if asked.profile is None else (await records.import_profiles.get(asked.profile)).settings
    said = {
        name: value
        for name in ("key", "blanks", "format", "encoding", "delimiter", "header", "dates", "decimal")
        if (value := getattr(asked, name)) is not None
    }
    if asked.mapping is not None:
        try:
            said["mapping"] = base.mapping | msgspec.json.decode(asked.mapping, type=Places)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Invalid("mapping is a JSON object from columns to attributes or fields.", field="mapping") from None
    chosen = msgspec.structs.replace(base, dry_run=asked.dry_run, **said)
    ref = asked.list
    list_ref = int(ref) if ref and ref.isascii() and ref.isdecimal() and len(ref) <= 18 else ref
    mode = asked.mode or (base.mode if asked.profile is not None else None)
    return await records.imports.settings(chosen, list_ref, mode=mode)


def _import(noun: Import) -> ImportAnswer:
    undo = noun.undo
    return ImportAnswer(
        noun.id,
        noun.state,
        noun.file_name,
        noun.size,
        noun.settings,
        noun.counts,
        round(noun.share * 100, 1),
        round(noun.rows_a_second, 1),
        None if noun.seconds_left is None else round(noun.seconds_left, 1),
        None if noun.form is None else noun.form.places,
        None if undo is None else UndoneAnswer(undo.restored, undo.deleted, undo.left, undo.some),
        noun.cancel_asked,
        noun.failure,
        noun.actor,
        noun.created_at,
        noun.started_at,
        noun.finished_at,
    )


_UNKEPT = "An import is not kept for a second request: /v1/imports says whether it has begun."
_A_FILE = Described(
    files=(
        "text/csv",
        "application/x-ndjson",
        "text/vcard",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/octet-stream",
    )
)

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "POST",
        "/v1/imports",
        start_import,
        "Import the file that is the body, or the file of a form",
        query=ImportQuery,
        answer=ImportAnswer,
        status=202,
        limits=Limits(body=LARGEST_UPLOAD),
        unkept=_UNKEPT,
        described=_A_FILE,
    ),
    Operation("GET", "/v1/imports", list_imports, "Imports, newest first", query=ImportsQuery, answer=ImportsAnswer),
    Operation(
        "POST",
        "/v1/imports/preview",
        preview_import,
        "What a file is, where its columns would go, and its first rows",
        query=ImportQuery,
        answer=PreviewAnswer,
        limits=Limits(body=LARGEST_PREVIEW),
        reads=True,
        described=_A_FILE,
    ),
    Operation("GET", "/v1/imports/{id}", get_import, "How far an import is", query=NoQuery, answer=ImportAnswer),
    Operation(
        "POST",
        "/v1/imports/{id}/cancel",
        cancel_import,
        "End an import; what it wrote stays",
        query=NoQuery,
        answer=ImportAnswer,
    ),
    Operation(
        "POST",
        "/v1/imports/{id}/undo",
        undo_import,
        "Take an import back, within a week",
        query=NoQuery,
        answer=ImportAnswer,
        status=202,
    ),
    Operation(
        "GET",
        "/v1/imports/{id}/report",
        report_import,
        "The refused rows as CSV, each with its reason, to be mended and imported again",
        query=ReportQuery,
        described=Described(media_types=("text/csv",)),
    ),
    Operation(
        "GET", "/v1/import-profiles", list_profiles, "Import settings by name", query=NoQuery, answer=ProfilesAnswer
    ),
    Operation(
        "PUT",
        "/v1/import-profiles/{name}",
        put_profile,
        "Save import settings under a name",
        query=NoQuery,
        body=ProfileBody,
        answer=Profile,
    ),
    Operation(
        "DELETE", "/v1/import-profiles/{name}", delete_profile, "Forget a profile", query=NoQuery, answer=Profile
    ),
)
