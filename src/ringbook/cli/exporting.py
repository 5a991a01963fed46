"""`ringbook export`: records as a file that comes in again."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from ringbook.cli.choices import one_of
from ringbook.cli.options import Data, DatabaseUrl, Tenant
from ringbook.cli.place import Place, records_of
from ringbook.core.access import Core
from ringbook.core.exports import ExportFormat, ExportOf
from ringbook.domain.problems import Invalid

app = typer.Typer()


@app.command("export")
def export_records(
    data: Data = None,
    database: DatabaseUrl = None,
    tenant: Tenant = None,
    contacts: Annotated[bool, typer.Option("--contacts", help="All contacts.", envvar="RINGBOOK_CONTACTS")] = False,
    list_name: Annotated[
        str | None, typer.Option("--list", help="The records of this list.", envvar="RINGBOOK_LIST")
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(help="What it made of its records.", envvar="RINGBOOK_CAMPAIGN")
    ] = None,
    interactions: Annotated[
        bool, typer.Option("--interactions", help="Calls with their legs.", envvar="RINGBOOK_INTERACTIONS")
    ] = False,
    changes: Annotated[
        bool, typer.Option("--changes", help="The journal, newest first.", envvar="RINGBOOK_CHANGES")
    ] = False,
    since: Annotated[
        datetime | None, typer.Option(help="Of interactions and changes, UTC.", envvar="RINGBOOK_SINCE")
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="csv, jsonl or vcard.", envvar="RINGBOOK_FORMAT")
    ] = "csv",
    bom: Annotated[
        bool,
        typer.Option("--bom", help="CSV with a UTF-8 mark, by which Excel knows its letters.", envvar="RINGBOOK_BOM"),
    ] = False,
    delimiter: Annotated[
        str,
        typer.Option(help="What is between CSV's columns: a comma, a semicolon or tab.", envvar="RINGBOOK_DELIMITER"),
    ] = ",",
) -> None:
    """Write records to standard output, as a file that `ringbook import` reads."""
    asked: dict[ExportOf, int | str | bool | None] = {
        "contacts": contacts,
        "list": list_name,
        "campaign": int(campaign) if campaign and campaign.isdecimal() else campaign,
        "interactions": interactions,
        "changes": changes,
    }
    chosen = [(of, ref) for of, ref in asked.items() if ref not in (None, False)]
    if len(chosen) != 1:
        raise Invalid("Say what: --contacts, --list NAME, --campaign NAME, --interactions or --changes.")
    of, ref = chosen[0]
    form: ExportFormat = one_of(file_format, ExportFormat, "--format")
    between = "\t" if delimiter == "tab" else delimiter
    moment = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)

    async def work(core: Core) -> None:
        records = await records_of(core, tenant)
        which = None if ref is True else ref
        pieces = records.exports.pieces(of, which, form=form, since=moment, bom=bom, delimiter=between)
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    try:
        Place(data, database).run(work)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who reads has had enough
