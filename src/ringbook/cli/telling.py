"""Telling a person, or with --json a program, what a command found or did."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ringbook.core.workspace import Step
from ringbook.domain.caller import Caller, FoundInteraction, FoundLeg
from ringbook.domain.dataset import Values

_WIDE = 200
"""Columns of a table that goes into a file or a pipe, where nothing needs to be wrapped."""


def tell_json(found: Any) -> None:
    typer.echo(msgspec.json.encode(found))


def tell_step(step: Step) -> None:
    secret = f"  {step.secret}" if step.secret else ""
    typer.echo(f"{step.action:9} {step.kind:9} {step.name}{secret}")


def tell_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    if as_json:
        tell_json(rows)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_shown(row[column]) for column in columns))
    Console(width=None if sys.stdout.isatty() else _WIDE, markup=False, highlight=False).print(table)


def tell_caller(caller: Caller, time_zone: str) -> None:
    """What a look-up found, for a person; times as the tenant's clocks show them."""
    zone = ZoneInfo(time_zone)
    typer.echo(caller.number)
    for contact in caller.contacts:
        known = msgspec.json.decode(contact.attributes, type=dict[str, Any])
        name = " ".join(str(known[key]) for key in ("first_name", "last_name") if key in known)
        how = ", ".join(f"{matched.how} as {matched.source} {matched.phone}" for matched in contact.matched_by)
        _tell_part(f"{name or 'Contact'} ({contact.id}; {how})", [f"{key}: {value}" for key, value in known.items()])
    for data_set in caller.data_sets:
        values = msgspec.json.decode(data_set.values, type=Values)
        until = f"{data_set.template}, until {_moment(data_set.expires_at, zone)}"
        _tell_part(until, [f"{key}: {value or ''}".rstrip() for key, value in values.items()])
    for record in caller.campaign_records:
        again = "" if record.next_try_at is None else f", again {_moment(record.next_try_at, zone)}"
        _tell_part(f"{record.campaign.name} ({record.list.name}): {record.status}, tries {record.tries}{again}", [])
    for interaction in caller.interactions:
        _tell_part(_call(interaction, zone), [_leg(leg) for leg in interaction.legs])
    if not (caller.contacts or caller.data_sets or caller.campaign_records or caller.interactions):
        typer.echo("Nothing is known of this number.")
    if caller.more:
        typer.echo("There is more: --json and the API say what.")


def _tell_part(title: str, lines: Sequence[str]) -> None:
    typer.echo(f"\n{title}")
    for line in lines:
        typer.echo(f"  {line}")


def _call(interaction: FoundInteraction, zone: ZoneInfo) -> str:
    return f"Call {interaction.call_id}, {_moment(interaction.started_at, zone)}"


def _leg(leg: FoundLeg) -> str:
    seconds = "" if leg.duration_seconds is None else f"{leg.duration_seconds} s"
    facts = (leg.actor, leg.direction.lower(), leg.agent, leg.queue, seconds, leg.ivr_trail, leg.outcome or "")
    return ", ".join(fact for fact in (*facts, leg.disposition, leg.wrap_up) if fact)


def _moment(moment: datetime, zone: ZoneInfo | None = None) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _moment(value)
    return ", ".join(value) if isinstance(value, list) else str(value)
