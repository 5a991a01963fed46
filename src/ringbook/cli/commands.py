"""The commands. Each takes --data or --database, says what it did, and with --json says it to a program."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from ringbook import __version__
from ringbook.app import HOT
from ringbook.cli import exchanging, exporting, serving
from ringbook.cli.demo import console_link, load_demo, sample_calls, sign_in_link
from ringbook.cli.options import Data, DatabaseUrl, Json, Tenant
from ringbook.cli.place import Place, bring_up_to_date, default_data, explaining, on_core, records_of
from ringbook.cli.telling import tell_caller, tell_json, tell_rows, tell_step
from ringbook.core.access import Core
from ringbook.core.keys import Keys
from ringbook.core.workspace import Applied, Step, apply, prune, pruning
from ringbook.core.workspace_file import Workspace, read_workspace
from ringbook.dialects import ALL
from ringbook.domain.access import Credential, KeyDialect
from ringbook.domain.caller import Caller
from ringbook.domain.problems import Invalid
from ringbook.web.dialect import NotYet, OpenOperation

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
key_commands = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke keys.")
app.add_typer(key_commands, name="key")
app.add_typer(exchanging.app)
app.add_typer(exporting.app)

Host = Annotated[str, typer.Option(help="Address to listen on.", envvar="RINGBOOK_HOST")]
Port = Annotated[int, typer.Option(help="0 picks a free one.", envvar="RINGBOOK_PORT", min=0, max=65535)]
Workers = Annotated[int, typer.Option(help="Worker processes.", envvar="RINGBOOK_WORKERS", min=1, max=256)]
WorkspaceFile = Annotated[
    Path | None, typer.Option("--workspace", help="Applied before serving.", envvar="RINGBOOK_WORKSPACE")
]
TrustedProxies = Annotated[
    str,
    typer.Option(help="Addresses and networks of your own proxies, with commas.", envvar="RINGBOOK_TRUSTED_PROXIES"),
]
WebhookNetworks = Annotated[
    str,
    typer.Option(
        help="Private networks in which receivers of webhooks may be, with commas.",
        envvar="RINGBOOK_WEBHOOK_PRIVATE_NETWORKS",
    ),
]
EventsDays = Annotated[
    float,
    typer.Option(min=0.01, max=400, help="How long events can be read again.", envvar="RINGBOOK_EVENTS_DAYS"),
]
Exchanges = Annotated[
    bool,
    typer.Option(
        "--exchanges",
        help="Keep what clients ask for an hour, for administrators to see in the console.",
        envvar="RINGBOOK_EXCHANGES",
    ),
]


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Ringbook {__version__}")
        raise typer.Exit


@app.callback()
def ringbook(
    version: Annotated[
        bool, typer.Option("--version", help="Say which Ringbook this is.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """The book a contact centre opens when the phone rings: who is calling, what do we know, what happened last."""


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data: Data = None,
    database: DatabaseUrl = None,
    workers: Workers = 1,
    workspace: WorkspaceFile = None,
    trusted_proxies: TrustedProxies = "",
    exchanges: Exchanges = False,
    webhook_private_networks: WebhookNetworks = "",
    events_days: EventsDays = 7.0,
) -> None:
    """Run everything. Without --database the embedded PostgreSQL lives in --data."""
    place = Place(data, database)
    file = None if workspace is None else _read(workspace)

    def prepare(dsn: str) -> None:
        if file is not None:
            told = partial(apply, passwords=place.passwords(), workspace=file, told=tell_step)
            asyncio.run(on_core(dsn, told))

    serving.run(
        place,
        host,
        port,
        workers,
        prepare,
        trusted_proxies=trusted_proxies,
        exchanges=exchanges,
        webhook_private_networks=webhook_private_networks,
        events_days=events_days,
    )


@app.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the embedded PostgreSQL.", envvar="RINGBOOK_DATA", show_default="user data/demo"),
    ] = None,
    database: DatabaseUrl = None,
    workers: Workers = 1,
) -> None:
    """Serve a utility's contact centre, with callers and their histories, and print calls to try.

    Its data has a folder of its own, so that it never mixes with yours.
    """
    place = Place(data or default_data() / "demo", database)
    links: list[str] = []

    async def load(core: Core) -> None:
        await load_demo(core, place.passwords())
        links.append(await sign_in_link(core))

    def prepare(dsn: str) -> None:
        asyncio.run(on_core(dsn, load))

    def announce(url: str) -> None:
        typer.echo("\n".join([*sample_calls(url), *console_link(url, links[0])]))

    serving.run(place, host, port, workers, prepare, announce, exchanges=True)


@app.command("apply")
def apply_file(
    file: Path,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: Json = False,
    prune_: Annotated[
        bool,
        typer.Option("--prune", help="Delete what the file does not name, after the plan.", envvar="RINGBOOK_PRUNE"),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="State, tokens, secrets and passwords count again.", envvar="RINGBOOK_FORCE"),
    ] = False,
) -> None:
    """Create and update what a workspace file names. It deletes nothing, and twice is as good as once."""
    place = Place(data, database)
    workspace = _read(file)

    steps: list[Step] = []

    def told(step: Step) -> None:
        steps.append(step)
        if not as_json:
            tell_step(step)

    async def work(core: Core) -> None:
        await apply(core, place.passwords(), workspace, force=force, told=told)
        plan = await pruning(core, workspace) if prune_ else []
        if plan and not as_json:
            typer.echo("Deleting what the file does not name:")
        for step in plan:
            told(step)
        await prune(core, workspace, plan)

    try:
        place.run(work)
    finally:
        # Also when a step was refused: a secret that was made is told now or never.
        if as_json:
            tell_json(Applied(workspace.tenant.slug, steps))


@app.command()
def lookup(
    number: str, data: Data = None, database: DatabaseUrl = None, tenant: Tenant = None, as_json: Json = False
) -> None:
    """Who is calling, what do we know, what happened last."""

    async def work(core: Core) -> tuple[Caller, str]:
        records = await records_of(core, tenant)
        return await records.lookup.by_number(number), records.tenant.time_zone

    found, time_zone = Place(data, database).run(work)
    if as_json:
        tell_json(found)
    else:
        tell_caller(found, time_zone)


@key_commands.command("create")
def create_key(
    name: str,
    data: Data = None,
    database: DatabaseUrl = None,
    tenant: Tenant = None,
    dialect: Annotated[KeyDialect, typer.Option("--for", help="Whose API it opens.", envvar="RINGBOOK_FOR")] = "native",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, write or admin; may be given several times.", envvar="RINGBOOK_SCOPE"),
    ] = None,
    per_second: Annotated[
        int | None,
        typer.Option(help="Requests a second that are answered.", envvar="RINGBOOK_PER_SECOND", min=1, max=1_000_000),
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(help="When it ends, in UTC: 2026-12-31 or 2026-12-31T23:00:00.", envvar="RINGBOOK_EXPIRES"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print its secret, this once."""
    ends = None if expires is None else expires.replace(tzinfo=UTC)

    async def work(core: Core) -> dict[str, Any]:
        keys = (await records_of(core, tenant)).keys
        made = await keys.create(name, dialect, scopes=scope or (), per_second=per_second, expires_at=ends)
        return _key(made.credential) | {"secret": made.secret}

    made = Place(data, database).run(work)
    if as_json:
        tell_json(made)
    else:
        typer.echo(made["secret"])


@key_commands.command("list")
def list_keys(data: Data = None, database: DatabaseUrl = None, tenant: Tenant = None, as_json: Json = False) -> None:
    """The tenant's keys, without their secrets."""

    async def work(core: Core) -> list[dict[str, Any]]:
        return [_key(key) for key in await (await records_of(core, tenant)).keys.all()]

    tell_rows(
        Place(data, database).run(work),
        ["id", "name", "for", "scopes", "created_at", "expires_at", "per_second"],
        as_json,
    )


@key_commands.command("revoke")
def revoke_key(
    key: str, data: Data = None, database: DatabaseUrl = None, tenant: Tenant = None, as_json: Json = False
) -> None:
    """End a key, by its id or its name. Within a second no worker accepts it."""

    async def work(core: Core) -> dict[str, Any]:
        keys = (await records_of(core, tenant)).keys
        return _key(await keys.revoke((await _named(keys, key)).id))

    revoked = Place(data, database).run(work)
    if as_json:
        tell_json(revoked)
    else:
        typer.echo(f"Revoked {revoked['name']}.")


@key_commands.command("rotate")
def rotate_key(
    key: str,
    data: Data = None,
    database: DatabaseUrl = None,
    tenant: Tenant = None,
    overlap: Annotated[
        int,
        typer.Option(
            help="Seconds for which the secret before goes on opening.",
            envvar="RINGBOOK_OVERLAP",
            min=0,
            max=30 * 86_400,
        ),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Give a key, by its id or its name, another secret and print it, this once."""

    async def work(core: Core) -> dict[str, Any]:
        keys = (await records_of(core, tenant)).keys
        rotated = await keys.rotate((await _named(keys, key)).id, overlap_seconds=overlap)
        return _key(rotated.credential) | {"secret": rotated.secret, "former_until": rotated.former_until}

    rotated = Place(data, database).run(work)
    if as_json:
        tell_json(rotated)
    else:
        typer.echo(rotated["secret"])


@app.command("migrate")
def migrate_database(data: Data = None, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """Bring the database's schema to this version."""
    with Place(data, database).reached() as dsn:
        applied = asyncio.run(bring_up_to_date(dsn))
    if as_json:
        tell_json({"applied": applied})
    else:
        typer.echo(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


@app.command()
def check(data: Data = None, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """Is everything there that serving needs? Exits 1 if not."""
    place = Place(data, database)

    async def work(core: Core) -> list[dict[str, Any]]:
        async with core.database.reading() as tx:
            version = await tx.fetchval("SHOW server_version")
            durable = [
                await tx.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
            ]
        return [
            _checked("database answers", True, f"PostgreSQL {version}"),
            _checked("schema is up to date", True, f"Ringbook {__version__}"),
            _checked("what is acknowledged is on disk", durable == ["on", "on", "on"], ", ".join(durable)),
            _checked("hot statements are prepared", True, ", ".join(statement.name for statement in HOT)),
        ]

    found = place.run(work)
    tell_rows(found, ["check", "ok", "detail"], as_json)
    if not all(row["ok"] for row in found):
        raise typer.Exit(1)


@app.command()
def dialects(as_json: Json = False) -> None:
    """What Ringbook answers in each dialect, and what not yet."""
    rows = [
        {
            "dialect": dialect.name,
            "method": operation.method,
            "path": operation.path,
            "there": not isinstance(operation, NotYet),
            "credential": not isinstance(operation, OpenOperation),
            "about": operation.why if isinstance(operation, NotYet) else operation.summary,
        }
        for dialect in ALL
        for operation in dialect.operations
    ]
    tell_rows(rows, ["dialect", "method", "path", "there", "credential", "about"], as_json)


def main() -> None:
    # What a command's user is told is a sentence; the log is for who serves, and begins there.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with explaining():
        app()


def _read(file: Path) -> Workspace:
    try:
        return read_workspace(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} cannot be read: it is not UTF-8 text (byte {error.start}).") from error
    except Invalid as invalid:
        raise Invalid(f"{file}: {invalid.message}", invalid.field) from invalid


async def _named(keys: Keys, key: str) -> Credential:
    """The one key of this id or name."""
    named = [known for known in await keys.all() if key in (str(known.id), known.name)]
    if not named:
        raise Invalid(f"There is no key {key}: `ringbook key list` shows those there are.")
    if len(named) > 1:
        raise Invalid(f"There are {len(named)} keys {key}: give the id that `ringbook key list` shows.")
    return named[0]


def _key(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "name": credential.name,
        "for": credential.dialect,
        "scopes": sorted(credential.scopes),
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "per_second": credential.per_second,
    }


def _checked(name: str, ok: bool, detail: str) -> dict[str, Any]:
    return {"check": name, "ok": ok, "detail": detail}
