"""`ringbook import`, and `ringbook imports`, which says what came of each: with a bar, and with numbers that add up."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ringbook.app import collect_seldom
from ringbook.cli.choices import one_of
from ringbook.cli.options import Data, DatabaseUrl, Json, Tenant
from ringbook.cli.place import Place, records_of
from ringbook.cli.telling import tell_json, tell_rows
from ringbook.core.access import Core, Records
from ringbook.core.import_run import is_dead
from ringbook.domain.cells import REPORT_COLUMNS
from ringbook.domain.imports import Import, ImportMode, ImportSettings
from ringbook.domain.problems import Invalid
from ringbook.domain.table import DecimalSign, FileFormat

app = typer.Typer()

_MODES = {"add-or-update": "upsert"}
_POLL_SECONDS = 0.2
_NICE = 10
"""An import gives way to a server on the same machine: a ringing phone does not wait."""

File = Annotated[Path | None, typer.Argument(help="CSV, JSON lines, vCard or XLSX; - is standard input.")]
Contacts = Annotated[bool, typer.Option("--contacts", help="The rows are contacts.", envvar="RINGBOOK_CONTACTS")]
ListName = Annotated[
    str | None, typer.Option("--list", help="The rows are records of this list.", envvar="RINGBOOK_LIST")
]


_LISTED = ("id", "created_at", "file", "of", "state", "rows", "added", "updated", "unchanged", "refused", "removed")


@app.command("imports")
def list_imports(
    data: Data = None,
    database: DatabaseUrl = None,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(help="So many at most.", envvar="RINGBOOK_LIMIT")] = 20,
    as_json: Json = False,
) -> None:
    """The newest imports, and what became of their rows."""

    async def work(core: Core) -> list[Import]:
        return await (await records_of(core, tenant)).imports.all(limit=limit)

    found = Place(data, database).run(work)
    if as_json:
        tell_json(found)
    else:
        tell_rows([_line(job) for job in found], _LISTED, as_json=False)


def _line(job: Import) -> dict[str, Any]:
    of = job.settings.of if job.settings.list_id is None else f"list {job.settings.list_id}"
    now = "interrupted" if job.state == "running" and is_dead(job.worker) else job.state
    state = f"{now} (dry run)" if job.settings.dry_run else now
    facts = {"id": job.id, "created_at": f"{job.created_at:%Y-%m-%d %H:%M}", "file": job.file_name, "of": of}
    return facts | {"state": state} | msgspec.structs.asdict(job.counts)


@app.command("import")
def import_file(
    file: File = None,
    data: Data = None,
    database: DatabaseUrl = None,
    tenant: Tenant = None,
    contacts: Contacts = False,
    list_name: ListName = None,
    key: Annotated[
        str | None, typer.Option(help="The attribute that says who a contact is.", envvar="RINGBOOK_KEY")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="add, update, upsert (add or update) or replace (a list).", envvar="RINGBOOK_MODE"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="COLUMN=ATTRIBUTE; nothing behind = leaves it out. Without a header: 'column 1', 'column 2', …",
            envvar="RINGBOOK_MAP",
        ),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Saved settings.", envvar="RINGBOOK_PROFILE")] = None,
    save_profile: Annotated[
        str | None, typer.Option(help="Save these settings under a name.", envvar="RINGBOOK_SAVE_PROFILE")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, jsonl, vcard or xlsx.", envvar="RINGBOOK_FORMAT")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="As Python names it.", envvar="RINGBOOK_ENCODING")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character, or tab.", envvar="RINGBOOK_DELIMITER")] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first row names the columns; else they are 'column 1', 'column 2', …",
            envvar="RINGBOOK_HEADER",
        ),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(help="How dates are written, such as dd.MM.yyyy; else ISO 8601.", envvar="RINGBOOK_DATES"),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(help="What is before a fraction: . or a comma (1.234,56).", envvar="RINGBOOK_DECIMAL"),
    ] = None,
    clear_blanks: Annotated[
        bool, typer.Option("--clear-blanks", help="An empty cell clears.", envvar="RINGBOOK_CLEAR_BLANKS")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count, and change nothing.", envvar="RINGBOOK_DRY_RUN")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where the refused rows go, as CSV.", envvar="RINGBOOK_REPORT")
    ] = None,
    bom: Annotated[
        bool,
        typer.Option(
            "--bom", help="The report has a UTF-8 mark, by which Excel knows its letters.", envvar="RINGBOOK_BOM"
        ),
    ] = False,
    undo: Annotated[
        int | None, typer.Option(help="Take the import with this id back, instead.", envvar="RINGBOOK_UNDO")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the rows of a file in. Killed, the same command goes on where it was."""
    place = Place(data, database)
    if undo is not None:
        _tell_undone(place.run(lambda core: _undo(core, tenant, undo)), as_json)
        return
    if file is None:
        raise Invalid("Say which file: `ringbook import FILE --contacts`, or - for standard input.")
    if contacts == (list_name is not None):
        raise Invalid("Say what the rows are: --contacts, or --list NAME.")
    asked = ImportSettings(
        key=key,
        dry_run=dry_run,
        mapping=_mapping(column or []),
        blanks="clear" if clear_blanks else "keep",
        format=None if file_format is None else one_of(file_format, FileFormat, "--format"),
        encoding=encoding,
        delimiter="\t" if delimiter == "tab" else delimiter,
        header=header,
        dates=dates,
    )
    sign = None if decimal is None else one_of(decimal, DecimalSign, "--decimal")

    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    collect_seldom()

    async def work(core: Core) -> Import:
        records = await records_of(core, tenant)
        settings = asked if profile is None else _over((await records.import_profiles.get(profile)).settings, asked)
        # What the rows are, the command line says, whatever the profile was made for.
        settings = msgspec.structs.replace(settings, list_id=None, decimal=sign or settings.decimal)
        wanted = None if mode is None else one_of(_MODES.get(mode, mode), ImportMode, "--mode")
        if wanted is None and profile is not None:
            wanted = settings.mode
        settings = await records.imports.settings(settings, list_name, mode=wanted)
        if save_profile is not None:
            await records.import_profiles.put(save_profile, msgspec.structs.replace(settings, dry_run=False))
        with _at_hand(file) as (path, name), _bar(quiet=as_json) as told:
            job = await records.imports.carry_out(path, name, settings, told)
        if report is not None:
            await _write_report(records, job, report, bom)
        return job

    job = place.run(work)
    if as_json:
        tell_json(job)
    else:
        _tell(job, report)
    if job.state != "done" or job.counts.refused == job.counts.rows:
        raise typer.Exit(1)


async def _undo(core: Core, tenant: str | None, import_id: int) -> Import:
    records = await records_of(core, tenant)
    job = await records.imports.undo(import_id)
    while job.state == "undoing":
        if not await records.imports.work():
            await asyncio.sleep(_POLL_SECONDS)  # a server does it
        job = await records.imports.get(import_id)
    return job


async def _write_report(records: Records, job: Import, report: Path, bom: bool) -> None:
    try:
        with report.open("wb") as out:
            async for piece in records.imports.report(job.id, bom=bom):
                out.write(piece)
    except OSError as error:
        raise Invalid(f"{report} cannot be written: {error.strerror or error}.") from error


def _mapping(pairs: list[str]) -> dict[str, str | None]:
    mapping: dict[str, str | None] = {}
    for pair in pairs:
        column, sign, place = pair.rpartition("=")
        if not sign or not column:
            raise Invalid(f"--map takes COLUMN=ATTRIBUTE and not {pair}.")
        mapping[column] = place or None
    return mapping


def _over(base: ImportSettings, asked: ImportSettings) -> ImportSettings:
    """A profile with what the command line says instead."""
    plain = msgspec.structs.asdict(ImportSettings())
    said = {name: value for name, value in msgspec.structs.asdict(asked).items() if value != plain[name]}
    return msgspec.structs.replace(base, **said | {"mapping": base.mapping | asked.mapping})


@contextmanager
def _at_hand(file: Path) -> Iterator[tuple[Path, str]]:
    """The file and its name; what comes on standard input, or a pipe, is put into one first, since it is read twice."""
    if file.is_file():
        yield file, file.name
        return
    with tempfile.NamedTemporaryFile(prefix="ringbook-import-") as kept:
        if str(file) == "-":
            shutil.copyfileobj(sys.stdin.buffer, kept)
        elif file.is_dir() or not file.exists():
            raise Invalid(f"{file} cannot be read: there is no such file.")
        else:
            with file.open("rb") as pipe:
                shutil.copyfileobj(pipe, kept)
        kept.flush()
        yield Path(kept.name), "standard input" if str(file) == "-" else file.name


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Any]:
    """Hears of an import's progress and shows it on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("Importing", total=1.0, rows=0, rate=0.0)

        def told(job: Import) -> None:
            progress.update(task, completed=job.share, rows=job.counts.rows, rate=job.rows_a_second)

        yield told


def _tell(job: Import, report: Path | None) -> None:
    counts = job.counts
    if job.form is not None and job.form.places is not None:
        places = job.form.places
        typer.echo(f"Read as {job.form.told}.")
        typer.echo("  ".join(f"{column} -> {place}" for column, place in places.items() if place))
        ignored = [column for column, place in places.items() if place is None and column not in REPORT_COLUMNS]
        if ignored:
            typer.echo(f"Not taken: {', '.join(ignored)}. --map COLUMN=ATTRIBUTE takes one.")
    if job.failure:
        kind = "The dry run" if job.settings.dry_run else f"Import {job.id}"
        typer.echo(f"{kind} failed: {job.failure}", err=True)
    if job.failure and not counts.rows:
        return
    would = "would be " if job.settings.dry_run else ""
    parts = [f"{counts.added:,} {would}added", f"{counts.updated:,} {would}updated", f"{counts.unchanged:,} unchanged"]
    typer.echo(f"{counts.rows:,} rows: {', '.join(parts)}, {counts.refused:,} {would}refused.")
    if counts.repeated:
        typer.echo(f"{counts.repeated:,} of them were about somebody whom an earlier row was about.")
    if counts.removed:
        typer.echo(f"{counts.removed:,} records that the file does not name {would or 'were '}removed.")
    if counts.refused and report is None:
        typer.echo("--report OUT.csv writes the refused rows with their reasons.")
    elif counts.refused:
        typer.echo(f"The refused rows are in {report}: mend them and import that file.")
    if job.settings.dry_run:
        typer.echo("It was a dry run: nothing has changed.")
    elif not job.failure:
        typer.echo(f"Import {job.id} is {job.state}. `ringbook import --undo {job.id}` takes it back, for a week.")


def _tell_undone(job: Import, as_json: bool) -> None:
    if as_json or job.undo is None:
        tell_json(job)
        return
    typer.echo(f"Import {job.id} is {job.state}: {job.undo.deleted:,} deleted, {job.undo.restored:,} put back.")
    for one in job.undo.some:
        typer.echo(f"Left alone: {one.entity} {one.id}: {one.reason}.")
    if job.undo.left > len(job.undo.some):
        typer.echo(f"And {job.undo.left - len(job.undo.some):,} more.")
