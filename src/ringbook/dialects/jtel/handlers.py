"""The operations: unpack, ask the core, render. What is decided here is decided for one vendor alone."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.dialects.jtel import contacts, wire
from ringbook.dialects.jtel.errors import CampaignNotFound
from ringbook.dialects.jtel.switches import switches_of
from ringbook.domain.campaign import Campaign
from ringbook.domain.problems import Invalid, Missing, Unauthenticated
from ringbook.web import answer
from ringbook.web.auth import bearer
from ringbook.web.dialect import Call
from ringbook.web.stream import JsonStream, started

ROOT = "/rest/v1.0/"

_INTEGER = re.compile(r"-?\d+", re.ASCII)
_MOST_DIGITS = 19


async def authenticate(request: Request, core: Core) -> Records:
    """The token and the ClientsID of the path must be the same client's (contract 8, J16)."""
    records = await core.authenticate("jtel", bearer(request))
    clients_id, _, _ = request.scope["path"].removeprefix(ROOT).partition("/")
    if records.tenant.jtel_clients_id is None or clients_id != str(records.tenant.jtel_clients_id):
        raise Unauthenticated
    return records


async def list_contacts(records: Records, call: Call[wire.ContactsQuery, None]) -> Response:
    """All contacts, or a campaign's, made while they are sent: there may be a million."""
    campaign = call.query.campaign
    parts = records.campaign_records.by_name(None if campaign is UNSET else campaign)
    try:
        return JsonStream(await started(contacts.listing(parts, records.tenant)))
    except Missing:
        raise CampaignNotFound from None


async def contacts_by_user_data(records: Records, call: Call[wire.UserDataQuery, None]) -> Response:
    """Those with this user data; made while they are sent where they are many."""
    first, rest = await records.campaign_records.with_external_id(_user_data(call))
    if rest is not None:
        return JsonStream(await started(contacts.found(first, rest, records.tenant)))
    if not first and switches_of(records.tenant).unknown_user_data_is_missing:
        raise Missing
    return answer.json(wire.found([contacts.contact(one, records.tenant) for one in first]))


async def get_contact(records: Records, call: Call[None, None]) -> Response:
    found = await records.campaign_records.get(_id(call, "DiallerContactsID"))
    return answer.json(wire.found([contacts.contact(found, records.tenant)]))


async def import_contact(records: Records, call: Call[wire.ImportQuery, wire.ImportBody]) -> Response:
    body = call.body
    if body.missing:
        raise Invalid(body.missing)
    if not wire.is_date_time(body.FollowUpDateTime or ""):
        raise Invalid("FollowUpDateTime is a date and a time, as in 2020-08-09T02:33:50.347", field="FollowUpDateTime")
    campaign = await _campaign_of(records, body)
    said = body.said
    overwritten = said.get("UserData", "").strip() if call.query.overwrite else None
    loaded = await records.campaign_records.load(
        campaign.id,
        said,
        over_external_id=overwritten or None,
        cleared=body.cleared,
        anew=bool(body.ResetContact),
        pluses_lost=True,  # jtel's E.164 has none (contract 8)
    )
    return answer.json(wire.found([contacts.contact(loaded, records.tenant)]))


async def delete_contact(records: Records, call: Call[None, None]) -> Response:
    await records.campaign_records.remove(_id(call, "DiallerContactsID"))
    return answer.json(wire.Done())


async def delete_contact_by_user_data(records: Records, call: Call[wire.UserDataQuery, None]) -> Response:
    await records.campaign_records.remove_with_external_id(_user_data(call))
    return answer.json(wire.Done())


async def list_campaigns(records: Records, call: Call[None, None]) -> Response:
    campaigns = sorted(await records.campaigns.all(), key=lambda each: (each.name.casefold(), each.id))
    told = [contacts.campaign(each, records.tenant) for each in campaigns]
    return answer.json(wire.Collection(records=told, count=len(told)))


async def get_campaign(records: Records, call: Call[None, None]) -> Response:
    found = await _campaign(records, _id(call, "DiallerCampaignsID"))
    return answer.json(wire.found([contacts.campaign(found, records.tenant)]))


async def _campaign_of(records: Records, body: wire.ImportBody) -> Campaign:
    """The campaign that a contact names: by its id, which its name must not contradict, or by its name (J11)."""
    if body.DiallerCampaignsID is None:
        assert body.DiallerCampaignsName
        return await _campaign(records, body.DiallerCampaignsName)
    found = await _campaign(records, body.DiallerCampaignsID)
    if body.DiallerCampaignsName and body.DiallerCampaignsName != found.name:
        raise Invalid("DiallerCampaignsName is not the name of DiallerCampaignsID")
    return found


async def _campaign(records: Records, ref: int | str) -> Campaign:
    try:
        return await records.campaigns.get(ref)
    except Missing:
        raise CampaignNotFound from None


def _user_data(call: Call[wire.UserDataQuery, None]) -> str:
    user_data = call.query.user_data.strip()  # as it is stored
    if not user_data:
        raise Invalid("userData is required", field="userData")
    return user_data


def _id(call: Call[Any, Any], name: str) -> int:
    """The integer in the path; Invalid for what is none (J5). One that no record can have is nobody's."""
    text = call.path[name]
    if not _INTEGER.fullmatch(text):
        raise Invalid(f"{name} is an integer", field=name)
    return int(text) if len(text) <= _MOST_DIGITS else 0
