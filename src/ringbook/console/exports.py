"""Exports: files of contacts, lists, campaigns, calls and the journal, made while the browser takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from starlette.responses import Response

from ringbook.console.door import looks
from ringbook.console.frame import file, page
from ringbook.core.access import Records
from ringbook.core.exports import CONTENT_TYPES, ExportFormat, ExportOf
from ringbook.web.dialect import Call
from ringbook.web.stream import started

_ENDINGS: Mapping[ExportFormat, str] = {"csv": "csv", "jsonl": "jsonl", "vcard": "vcf"}
_SHAPES: Mapping[str, tuple[ExportFormat, bool, str]] = {
    "csv": ("csv", False, ","),
    "excel": ("csv", True, ","),
    "excel-semicolon": ("csv", True, ";"),
    "jsonl": ("jsonl", False, ","),
    "vcard": ("vcard", False, ","),
}
"""By what is asked for: format, mark and delimiter."""
_SPANS: Mapping[int, str] = {1: "the last day", 7: "the last 7 days", 30: "the last 30 days", 0: "all there is"}
_MOST_DAYS = 36_500


class FileQuery(msgspec.Struct, frozen=True):
    """`id` is the list or campaign. `days`: only calls and changes of the last so many (0: all).

    "excel" is CSV with a mark at its beginning, without which Excel takes it for another encoding; "excel-semicolon"
    has semicolons, as Excel expects where numbers have a decimal comma.
    """

    of: ExportOf = "contacts"
    id: int | None = None
    format: ExportFormat | Literal["excel", "excel-semicolon"] = "csv"
    days: int = 0


async def exports(records: Records, call: Call[None, None]) -> Response:
    records.require("write")
    lists, campaigns = await records.lists.all(), await records.campaigns.all()
    return page(call.request, "exports.html", lists=lists, campaigns=campaigns, spans=_SPANS)


async def download(records: Records, call: Call[FileQuery, None]) -> Response:
    """All of a kind as a file: for those who may import one, too, for it is everybody's data at once."""
    records.require("write")
    asked, now = call.query, datetime.now(UTC)
    since = now - timedelta(days=min(asked.days, _MOST_DAYS)) if asked.days > 0 else None
    form, bom, delimiter = _SHAPES[asked.format]
    pieces = records.exports.pieces(asked.of, asked.id, form=form, since=since, bom=bom, delimiter=delimiter)
    name = "-".join(str(part) for part in (asked.of, asked.id, f"{now:%Y%m%d-%H%M%S}") if part is not None)
    return file(await started(pieces), CONTENT_TYPES[form], f"{name}.{_ENDINGS[form]}")


OPERATIONS = (
    looks("/exports", exports, "What can be exported"),
    looks("/exports/file", download, "Contacts, a list, a campaign, calls or the journal as a file", FileQuery),
)
