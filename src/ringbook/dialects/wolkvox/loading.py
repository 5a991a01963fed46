"""campaign.php, records: find, load, note, recall, remove, export. A recall and a note are facts of the core."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.dialling import NewRecord
from ringbook.dialects.wolkvox import dates, wire
from ringbook.dialects.wolkvox.asked import campaign_id, campaign_of, kind_of
from ringbook.dialects.wolkvox.envelope import MOST_ROWS, success, switches
from ringbook.dialects.wolkvox.errors import Parameters, SaidSo, no_campaign, nothing_found
from ringbook.domain.campaign import Campaign, Recall
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.web.dialect import Call

_ON = {"start", "started", "1"}
_OFF = {"stop", "stopped", "0"}
_NO_RECALL = {"", dates.NEVER, "string"}
"""Values of recall_date that promise nothing; the last is what the vendor's page prints in its place."""
_TURN = 200
"""Records that are read before others have their turn."""


class NoCustomer(Invalid):
    """A record does not say whose it is."""


class FindQuery(msgspec.Struct, frozen=True):
    campaign_id: str = ""
    customer_phone: str = ""
    customer_id: str = ""


class LoadQuery(wire.Query, frozen=True):
    campaign_status: str = ""


async def find_record(records: Records, call: Call[FindQuery, None]) -> Response:
    """The filters are ANDed; an empty one is none, and so is the campaign `all` (D-W16)."""
    asked = call.query
    campaign = asked.campaign_id.strip()
    phone, customer = asked.customer_phone.strip(), asked.customer_id.strip()
    if not (campaign or phone or customer):
        raise Parameters
    if campaign.lower() == "all":
        campaign = ""
        if not (phone or customer):
            raise Parameters
    id_ = campaign_id(campaign)
    if campaign and not id_:
        raise no_campaign(campaign)
    try:
        found = await records.campaign_records.find(phone=phone or None, customer_id=customer or None, campaign=id_)
    except Missing:
        raise no_campaign(campaign) from None
    if not found:
        raise nothing_found()
    seed = switches(call.request).find_record == "seed"
    rows = [wire.found(one, seed) for one in found[:MOST_ROWS]]
    return success(call.request, 200, f"{len(rows)} records were found", rows, documented="str")


async def add_record(records: Records, call: Call[LoadQuery, list[wire.Unread]]) -> Response:
    """Load records, and start or stop the campaign afterwards if told so: `campaign_status` is an order (D-W14)."""
    kind_of(call.query.type_campaign)
    sent = call.body
    if not sent:
        raise Parameters
    campaign = await campaign_of(records, call.query.campaign_id)
    most = _most(records, call, len(sent))
    new, errors = await _checked(sent)
    count = await _load(records, campaign, new, len(sent), most, errors)
    await _order(records, call, campaign, call.query.campaign_status)
    if not errors:
        data = [{"total_registers": str(count)}]
        return success(call.request, 201, "All records has been added successfully", data, documented="str")
    told = _told(len(sent), count, errors)
    if not count:
        raise SaidSo("0 records has been added, please validate the data", told)
    return success(
        call.request, 201, f"{count} records has been added, please validate the data", told, documented="str"
    )


async def _checked(sent: Sequence[wire.Unread]) -> tuple[dict[int, NewRecord], dict[int, Mapping[str, str]]]:
    """By position, the records that can be loaded, and what is wrong with the others (D-W9, D-W10)."""
    good: dict[int, NewRecord] = {}
    wrong: dict[int, Mapping[str, str]] = {}
    for at, unread in enumerate(sent):
        if at % _TURN == _TURN - 1:
            await asyncio.sleep(0)  # a ringing phone does not wait for a batch
        try:
            good[at] = _new(wire.loaded(wire.read(unread)))
        except NoCustomer:
            wrong[at] = _error(
                f"CUSTOMER_ID is empty, object position {at}",
                "CUSTOMER_ID is a required field, see schema for required fields",
            )
        except Invalid as error:
            name = (error.field or "").upper() or "The record"
            wrong[at] = _error(f"{name} is not valid, object position {at}", error.message)
    return good, wrong


def _most(records: Records, call: Call[Any, Any], sent: int) -> int | None:
    """How many records a campaign may have (None: any number), where not more than that are sent."""
    chosen = switches(call.request)
    most = chosen.most_records(records.tenant.wolkvox_licences)
    if most is not None and sent > most:
        raise _too_many(sent, most)
    if sent > chosen.upload:
        raise SaidSo(
            f"You are uploading ({sent}) records to the system. You can upload {chosen.upload} records at a time."
        )
    return most


async def _load(
    records: Records,
    campaign: Campaign,
    new: Mapping[int, NewRecord],
    sent: int,
    most: int | None,
    errors: dict[int, Mapping[str, str]],
) -> int:
    """Load what is good; how many. What the list refuses joins the errors."""
    try:
        added = await records.dialling.load(campaign.id, list(new.values()), most)
    except Conflict as full:
        raise _too_many(sent, full.facts["most"]) from None
    places = list(new)
    for refused in added.refused:
        at = places[refused.at]
        errors[at] = _error(f"The record is not valid, object position {at}", refused.problem.message)
    return added.count


def _new(row: Mapping[str, str]) -> NewRecord:
    if not row.get("customer_id", "").strip():
        raise NoCustomer("CUSTOMER_ID is empty.", field="customer_id")
    told = row.get("recall_date", "").strip()
    at = dates.moment(told)
    if at is None and told not in _NO_RECALL:
        raise Invalid("RECALL_DATE is a moment, YYYYmmddHHiiss.", field="recall_date")
    return NewRecord(row, at, Recall(row.get("recall_telephone", "")))


def _too_many(sent: int, most: int) -> SaidSo:
    return SaidSo(
        f"You are uploading ({sent}) records to the system. According to quantity active licenses, "
        f"You can upload {most} records. Try again."
    )


def _error(error: str, msg: str) -> Mapping[str, str]:
    return {"error": error, "msg": msg}


def _told(sent: int, added: int, errors: Mapping[int, Mapping[str, str]]) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "total_registers": str(sent),
            "total_success": str(added),
            "total_errors": str(len(errors)),
            "array_errors": [errors[at] for at in sorted(errors)],
        }
    ]


async def _order(records: Records, call: Call[Any, Any], campaign: Campaign, status: str) -> None:
    """Start or stop the campaign; one that may not start fails no load."""
    plain = status.strip().lower()
    if plain in _OFF:
        await records.campaigns.update(campaign.id, state="stopped")
    if plain in _ON:
        most = switches(call.request).most_predictives(records.tenant.wolkvox_licences)
        try:
            await records.campaigns.start(campaign.id, zone=dates.ZONE, most_predictive=most)
        except Conflict:
            return
