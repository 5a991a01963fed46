"""information.php and real_time.php: campaigns and how far they are, what is declared, what a token has used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.dialling import RENEWED
from ringbook.dialects.wolkvox import dates, wire
from ringbook.dialects.wolkvox.asked import campaign_of
from ringbook.dialects.wolkvox.envelope import Code, Row, success
from ringbook.dialects.wolkvox.errors import Parameters, nothing_found
from ringbook.dialects.wolkvox.percent import percent
from ringbook.domain.campaign import Campaign, Pace, Result, Tally
from ringbook.web.dialect import Call

_DIAL_MODE = "strategy"
_TROUBLE: tuple[Result, ...] = ("busy", "congestion", "failed", "refused", "unavailable")
_STYLES = ("all", "manual", "auto")


class CampaignsQuery(msgspec.Struct, frozen=True):
    campaign: str = ""


class SkillsQuery(msgspec.Struct, frozen=True):
    skill: str = ""


class AgentsQuery(msgspec.Struct, frozen=True):
    agent: str = ""


class CodesQuery(msgspec.Struct, frozen=True):
    cod_act: str = ""


class NoQuery(msgspec.Struct, frozen=True):
    pass


class LiveQuery(msgspec.Struct, frozen=True):
    campaign_id: str = ""


class RecallsQuery(msgspec.Struct, frozen=True):
    type: str = "all"


async def campaigns(records: Records, call: Call[CampaignsQuery, None]) -> Response:
    found = await _asked(records, call.query.campaign)
    ids = [one.id for one in found]
    tallies, paces = await records.dialling.tallies(ids), await records.reports.paces(ids)
    rows = [_described(one, tallies.get(one.id, ()), paces.get(one.id)) for one in found]
    return _listed(call, rows, "empty")


async def skills(records: Records, call: Call[SkillsQuery, None]) -> Response:
    rows = [
        {"skill_id": id_, "skill_name": name, "skill_description": "", "last_use": ""}
        for id_, name in await _declared(records, "skills", call.query.skill)
    ]
    return _listed(call, rows, "int")


async def agents(records: Records, call: Call[AgentsQuery, None]) -> Response:
    rows = [
        {
            "agent_id": id_,
            "agent_name": name,
            "agent_dni": "",
            "agent_status": "",
            "last_use": "",
            "agent_sso": "no",
            "enabled": "yes",
        }
        for id_, name in await _declared(records, "agents", call.query.agent)
    ]
    return _listed(call, rows, "int")


async def activity_codes(records: Records, call: Call[CodesQuery, None]) -> Response:
    rows = [
        {
            "cod_act": id_,
            "description_cod_act": name,
            "hit": "no",
            "rpc": "no",
            "chat": "no",
            "studio": "no",
            "voice": "yes",
            "type_code": "cod_act1",
            "interactions": "",
        }
        for id_, name in await _declared(records, "activity_codes", call.query.cod_act)
    ]
    return _listed(call, rows, "str")


async def token_info(records: Records, call: Call[NoQuery, None]) -> Response:
    """What this token and all of the operation have used today; asking counts too."""
    assert call.place is not None, "wolkvox is rationed"
    usage = await call.place.usage()
    most = usage.most
    row = {
        "description": records.credential.name if records.credential else "",
        "token_limit": "" if most is None else str(most),
        "token_use_today": str(usage.by_key),
        "all_token_today": str(usage.by_all),
        "available_consumption_options": "" if most is None else str(max(most - usage.by_all, 0)),
    }
    return _listed(call, [row], "str")


async def live_campaigns(records: Records, call: Call[LiveQuery, None]) -> Response:
    found = await _asked(records, call.query.campaign_id)
    ids = [one.id for one in found]
    tallies, paces = await records.dialling.tallies(ids), await records.reports.paces(ids)
    return _listed(call, [_live(one, tallies.get(one.id, ()), paces.get(one.id)) for one in found], "int")


async def live_recalls(records: Records, call: Call[RecallsQuery, None]) -> Response:
    wanted = call.query.type.strip().lower() or "all"
    if wanted not in _STYLES:
        raise Parameters
    rows = [
        {
            "type_recall": state.recall.style,
            "date_recall": dates.printed(state.next_try_at),
            "phone_number": state.recall.phone,
            "id_campaing": str(state.campaign_id),
            "id_agent": state.recall.agent,
        }
        for one in await records.dialling.recalls()
        if (state := one.state) is not None and state.recall is not None and wanted in ("all", state.recall.style)
    ]
    return _listed(call, rows, "int")


def _listed(call: Call[Any, None], rows: Sequence[Row], documented: Code) -> Response:
    if not rows:
        raise nothing_found()
    return success(call.request, 200, f"{len(rows)} records were found", rows, documented=documented)


async def _asked(records: Records, campaign: str) -> Sequence[Campaign]:
    """One campaign, or all."""
    if campaign.strip() and campaign.strip().lower() != "all":
        return [await campaign_of(records, campaign)]
    return await records.campaigns.all()


async def _declared(records: Records, kind: str, asked: str) -> Sequence[tuple[str, str]]:
    declared: Mapping[str, str] = await records.reports.declared(kind)
    return [(id_, name) for id_, name in sorted(declared.items()) if asked.strip() in ("", id_)]


def _described(campaign: Campaign, tallies: Sequence[Tally], pace: Pace | None) -> Row:
    said = campaign.settings
    return {
        "campaign_id": str(campaign.id),
        "campaign_name": campaign.name,
        "campaign_description": campaign.description,
        "type_campaign": "preview" if campaign.type == "preview" else "predictive",
        "status": "Started" if campaign.state == "running" else "Stopped",
        "records": str(sum(tally.records for tally in tallies)),
        "speed": str(said.get("speed", 0)),
        "dial_mode": _DIAL_MODE,
        "last_use": dates.printed(pace.last_at if pace else None),
        "recycled": str(said.get(RENEWED, 0)),
        "turbo_dial": wire.yes_no(said.get("turbo")),
        "skill_id": str(said.get("skill", "")),
    }


def _live(campaign: Campaign, tallies: Sequence[Tally], pace: Pace | None) -> Row:
    """A row of real_time. The campaign's label begins with its id and a hyphen, which clients split it at."""
    by_result = {tally.result: tally.records for tally in tallies}
    records, tried = sum(tally.records for tally in tallies), sum(tally.tried for tally in tallies)
    hits = by_result.get("answered", 0)
    said = campaign.settings
    return {
        "campaign": f"{campaign.id} - {campaign.name} - {_DIAL_MODE.capitalize()} (phone1)",
        "speed": str(said.get("speed", 0)),
        "status": "started" if campaign.state == "running" else "stopped",
        "skill_id": str(said.get("skill", "")),
        "records": str(records),
        "clean": str(by_result.get("clean", 0)),
        "dial": str(tried),
        "answer": str(hits),
        "no_answer": str(by_result.get("no_answer", 0)),
        "busy/congestion/failed": str(sum(by_result.get(result, 0) for result in _TROUBLE)),
        "answer_machine": str(by_result.get("machine", 0)),
        "penetration_day": percent(tried, records),
        "penetration_now": percent(records - by_result.get("clean", 0), records),
        "hits": str(hits),
        "calls_x_min": str(pace.in_last_minute if pace else 0),
        "recycled": str(said.get(RENEWED, 0)),
    }
