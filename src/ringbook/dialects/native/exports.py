"""Exports, natively: everything of a kind as a file that streams, however long it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.exports import CONTENT_TYPES, ExportFormat, ExportOf
from ringbook.dialects.native.wire import Line, Moment, NoQuery, Request
from ringbook.domain.problems import Invalid
from ringbook.web.dialect import AnyOperation, Call, Described, Operation
from ringbook.web.stream import Stream, started

_ENDINGS = {"csv": "csv", "jsonl": "jsonl", "vcard": "vcf"}


class ExportAsked(Request, frozen=True):
    """`list` and `campaign` are an id or a name, and say what is exported; without them `of` does.

    `since` is for interactions and changes. `bom`: a CSV file begins with the mark of UTF-8, by which Excel knows it.
    `delimiter` is what is between its columns.
    """

    of: ExportOf | None = None
    list: Line | None = None
    campaign: Line | None = None
    format: ExportFormat = "csv"
    since: Moment | None = None
    bom: bool = False
    delimiter: Literal[",", ";", "\t"] = ","


async def export(records: Records, call: Call[ExportAsked, None]) -> Response:
    return await _export(records, call.query)


async def export_posted(records: Records, call: Call[NoQuery, ExportAsked]) -> Response:
    return await _export(records, call.body)


async def _export(records: Records, asked: ExportAsked) -> Response:
    named = asked.list if asked.list is not None else asked.campaign
    meant: ExportOf = "list" if asked.list is not None else "campaign" if asked.campaign is not None else "contacts"
    of = asked.of or meant
    if (asked.list is not None and asked.campaign is not None) or (named is not None and of != meant):
        raise Invalid("Say one thing that is to be exported.", field="of")
    ref = int(named) if named and named.isascii() and named.isdecimal() and len(named) <= 18 else named
    form, bom, delimiter = asked.format, asked.bom, asked.delimiter
    pieces = records.exports.pieces(of, ref, form=form, since=asked.since, bom=bom, delimiter=delimiter)
    name = f"{of}-{datetime.now(UTC):%Y%m%d-%H%M%S}.{_ENDINGS[asked.format]}"
    return Stream(await started(pieces), CONTENT_TYPES[asked.format], name)


_FILES = Described(media_types=tuple(kind.partition(";")[0] for kind in CONTENT_TYPES.values()))

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/exports",
        export,
        "Contacts, a list, a campaign's results, interactions or changes as CSV, JSON lines or vCard",
        query=ExportAsked,
        described=_FILES,
    ),
    Operation(
        "POST",
        "/v1/exports",
        export_posted,
        "The same as GET",
        query=NoQuery,
        body=ExportAsked,
        reads=True,
        described=_FILES,
    ),
)
