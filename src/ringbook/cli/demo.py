"""The demo: a utility's contact centre out of examples/demo, through the same core as every other write."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from typing import TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from ringbook.core.access import Core, Records
from ringbook.core.attempts import AttemptReport
from ringbook.core.passwords import Passwords
from ringbook.core.sessions import LINK_SECONDS
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.domain.interaction import LegDraft
from ringbook.domain.problems import Missing
from ringbook.store import directory

T = TypeVar("T")

_FILES = resources.files("ringbook") / "demo"
_MOMENT = re.compile(r'"([+-]\d+) days (\d\d):(\d\d)"')
_LISTS = ("meters.csv", "reminders.csv")

NATIVE_KEY = "demo-native-key"
WOLKVOX_TOKEN = "demo-wolkvox-token"  # noqa: S105
JTEL_KEY = "demo-jtel-key"
CIM_KEY = "demo-cim-key"
CALLERID_KEY = "demo-callerid-key"
LOGIN, PASSWORD = "dana.keller", "demo-password"
DIGEST_USER = f"{LOGIN}:{PASSWORD}"
MINDFUL_TOKEN = "ZGVtby10b2tlbi1mb3ItdGhlLWl2ci1jb250ZXh0LTE="  # noqa: S105 - the demo's, and no secret


class _Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    call_id: str
    ani: str
    legs: list[LegDraft]


class _DataSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    template: str
    number: str
    values: dict[str, str]


async def load_demo(core: Core, passwords: Passwords) -> None:
    """Have the demo's records. What an earlier start left stays as it is; only the data sets are new each time."""
    workspace = read_workspace((_FILES / "workspace.toml").read_text("utf-8"))
    await apply(core, passwords, workspace)
    async with core.database.reading() as tx:
        tenant = await directory.tenant_by_slug(tx, workspace.tenant.slug)
    assert tenant is not None
    records = core.for_tenant(tenant, "demo")
    now = datetime.now(ZoneInfo(tenant.time_zone))
    for row in _rows("contacts.csv"):
        if not await records.contacts.search({"customer_id": row["customer_id"]}):
            await records.contacts.save(row)
    for name in _LISTS:
        for row in _rows(name):
            await _add(records, name, row)
    for call in _lines("calls.jsonl", _Call, now):
        for leg in call.legs[await _legs(records, call.call_id) :]:
            await records.interactions.save_leg(call.call_id, call.ani, leg)
    for report in _lines("attempts.jsonl", AttemptReport, now):
        if not await _legs(records, report.call_id):
            await records.attempts.report(report)
    for row in _rows("do_not_call.csv"):
        await records.do_not_call.add(row["list"], [row["number"]])
    for left in _lines("data_sets.jsonl", _DataSet, now):
        await records.datasets.submit(left.template, left.number, left.values)


async def sign_in_link(core: Core) -> str:
    """What signs in to the demo's console once."""
    return await core.sessions.make_link("demo", LOGIN)


def console_link(url: str, secret: str) -> list[str]:
    """Lines to print: how to open the console."""
    return [
        "",
        f"Open the console, signed in already (once, within {LINK_SECONDS // 60} minutes):",
        f"{url}/console/link?link={secret}",
        f"... or sign in at {url}/console as {LOGIN} with the password {PASSWORD}",
    ]


def sample_calls(url: str) -> list[str]:
    """Lines to print: calls that answer 200 as they are pasted, each below a sentence on what it shows."""
    key = f"curl -s -H 'Authorization: Bearer {NATIVE_KEY}'"
    token = f"curl -s -H 'Authorization: Bearer {MINDFUL_TOKEN}'"
    json = "-H 'Content-Type: application/json' -d"
    digest = f"curl -s --digest -u {DIGEST_USER}"
    jtel = f"curl -s -H 'Authorization: Bearer {JTEL_KEY}'"
    wolkvox = f"curl -s -H 'wolkvox-token: {WOLKVOX_TOKEN}'"
    national, international = quote("030 23125-047"), quote("+49 30 23125047")
    calls = (
        (
            "Who is calling, what do we know, what happened last: Ilse Brandt, as Berlin writes her number",
            f"{key} '{url}/v1/lookup?phone={national}'",
        ),
        (
            "The same person by the international spelling",
            f"{key} '{url}/v1/lookup?phone={international}'",
        ),
        (
            "What the IVR left for her call, at Mindful's own path",
            f"{token} '{url}/api/v1/data_sets/search?customer_contact_number={quote('030-23125-047')}'",
        ),
        (
            "Leave context for another caller, as an IVR that speaks to Mindful does",
            f"{token} {json} '"
            '{"customer_contact_number": "030-23125-012", "data_values": {"AccNum": "K-10012", "LastName": "Yilmaz"}}'
            f"' '{url}/api/v1/data_sets'",
        ),
        (
            "... and read it natively, by any spelling of the number",
            f"{key} '{url}/v1/datasets?number={quote('+49 30 23125012')}'",
        ),
        (
            "The screen pop for a call from an unknown number that carries a meter number in a call variable",
            f"{key} {json} '"
            '{"ani": "030 23125-070", "variables": {"callVariable3": "M-2014-0023"}}'
            f"' '{url}/v1/screenpop'",
        ),
        (
            "Customers by the beginning of their name",
            f'{key} {json} \'{{"criteria": {{"name": "schn"}}}}\' \'{url}/v1/contacts/search\'',
        ),
        (
            "Who changed what, the newest first",
            f"{key} '{url}/v1/changes?limit=5'",
        ),
        (
            "Her record and its status in a campaign, as Bright Pattern 3.x answers (HTTP Digest)",
            f'{digest} {json} \'{{"Meter": "M-2015-0047"}}\' '
            f"'{url}/admin/ws/t/demo/callinglist/get/meters.csv/{quote('Meter replacement')}'",
        ),
        (
            "The same record as wolkvox answers, in all campaigns",
            f"{wolkvox} '{url}/api/v2/campaign.php?api=find_record&customer_phone={national}'",
        ),
        (
            "... as jtel's dialler answers, for one campaign",
            f"{jtel} '{url}/rest/v1.0/7/dialler/contacts?diallerCampaignsID=101'",
        ),
        (
            "... and the person behind it, as Expertflow CIM answers",
            f"curl -s -H 'Authorization: Bearer {CIM_KEY}' {json} '"
            '{"phone": "030 23125-047"}'
            f"' '{url}/contacts/getContactsBySearchTerms'",
        ),
        (
            "... and who it is for a telephone system, whose key has no more than the name",
            f"curl -s '{url}/callerid?number={quote('+493023125047')}&format=json&key={CALLERID_KEY}'",
        ),
        (
            "The description of Mindful's part, as OpenAPI",
            f"curl -s '{url}/v1/openapi.json?dialect=mindful'",
        ),
    )
    lines = [line for sentence, call in calls for line in ("", f"# {sentence}:", call)]
    return ["", f"Read about every call, and try them, at {url}/docs", *lines]


async def _add(records: Records, name: str, row: dict[str, str]) -> None:
    try:
        await records.lists.get(name, row)
    except Missing:
        await records.lists.add(name, row)


async def _legs(records: Records, call_id: str) -> int:
    """How many legs of a call are stored already."""
    try:
        return len((await records.interactions.get(call_id)).legs)
    except Missing:
        return 0


def _rows(name: str) -> Iterator[dict[str, str]]:
    """A CSV file's rows, without what is empty in them."""
    for row in csv.DictReader((_FILES / name).read_text("utf-8").splitlines()):
        yield {column: value for column, value in row.items() if value}


def _lines(name: str, kind: type[T], now: datetime) -> Iterator[T]:
    """A file's lines as `kind`, their times counted from today: "-3 days 09:12" is a time of day in `now`'s zone."""

    def moment(found: re.Match[str]) -> str:
        days, hour, minute = (int(part) for part in found.groups())
        day = now + timedelta(days=days)
        return f'"{day.replace(hour=hour, minute=minute, second=0, microsecond=0).isoformat()}"'

    for line in (_FILES / name).read_text("utf-8").splitlines():
        yield msgspec.json.decode(_MOMENT.sub(moment, line), type=kind)
