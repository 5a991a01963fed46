"""What a request is about: its token, its campaign, and whether it speaks of the campaign's real type."""

from __future__ import annotations

from starlette.requests import Request

from ringbook.core.access import Core, Records
from ringbook.dialects.wolkvox import envelope
from ringbook.dialects.wolkvox.errors import LONGEST_ECHO, NoToken, Parameters, SaidSo, no_campaign
from ringbook.dialects.wolkvox.switches import switches_of
from ringbook.domain.campaign import Campaign, CampaignType
from ringbook.domain.problems import Missing, Unauthenticated

_LONGEST_TOKEN = 1024
_LONGEST_ID = 10
_KINDS = {"skills": "Skill_id", "agents": "Agent_id", "activity_codes": "Cod_act"}
_TYPES = {"predictive", "preview", "progressive"}


async def authenticate(request: Request, core: Core) -> Records:
    """The token is in the header `wolkvox-token`. Without one it is 401, with a wrong one 403 (D-W5)."""
    token = next((value for name, value in request.scope["headers"] if name == b"wolkvox-token"), b"").strip()
    if not token:
        raise NoToken
    if len(token) > _LONGEST_TOKEN:
        raise Unauthenticated
    records = await core.authenticate("wolkvox", str(token, "latin-1"))
    envelope.keep(request, switches_of(records))
    return records


def campaign_id(text: str) -> int | None:
    """The id that a parameter is; None where it can be none."""
    plain = text.strip()
    fits = plain.isascii() and plain.isdecimal() and len(plain) <= _LONGEST_ID
    return int(plain) if fits else None


async def campaign_of(records: Records, asked: str) -> Campaign:
    """The campaign that is asked for; refused where none is named, or there is none."""
    if not asked.strip():
        raise Parameters
    id_ = campaign_id(asked)
    try:
        if id_ is None:
            raise Missing
        return await records.campaigns.get(id_)
    except Missing:
        raise no_campaign(asked) from None


def kind_of(type_campaign: str) -> CampaignType | None:
    """The type that a parameter names; None for a numeral, which real clients send and which never contradicts."""
    plain = type_campaign.strip().lower()
    if not plain or plain.isdecimal():
        return None
    if plain not in _TYPES:
        raise Parameters
    return "preview" if plain == "preview" else "predictive"


async def doomed_campaign(records: Records, asked: str, type_campaign: str) -> Campaign:
    """The campaign that is to lose something; refused where the request speaks of another type than it has (D-W8)."""
    named = kind_of(type_campaign)
    campaign = await campaign_of(records, asked)
    real = "preview" if campaign.type == "preview" else "predictive"
    if named is not None and named != real:
        raise no_campaign(asked)
    return campaign


async def check_declared(records: Records, kind: str, id_: str) -> None:
    """Refuse a skill, an agent or a code that an operation does not have which names those it has."""
    if not await is_declared(records, kind, id_):
        raise SaidSo(f"{_KINDS[kind]} {id_[:LONGEST_ECHO]} does not exist in your operation.")


async def is_declared(records: Records, kind: str, id_: str) -> bool:
    """Whether an operation has such a skill, agent or code: any, if it names none."""
    declared = await records.reports.declared(kind)
    return not declared or not id_ or id_ in declared
