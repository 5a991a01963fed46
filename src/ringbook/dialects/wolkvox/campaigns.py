"""campaign.php, campaigns themselves: create, edit, speed, start, stop, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.wolkvox import dates, wire
from ringbook.dialects.wolkvox.asked import (
    campaign_id,
    campaign_of,
    check_declared,
    doomed_campaign,
    is_declared,
    kind_of,
)
from ringbook.dialects.wolkvox.envelope import success, switches
from ringbook.dialects.wolkvox.errors import Parameters, SaidSo
from ringbook.domain.campaign import CampaignType
from ringbook.domain.problems import Conflict, Missing
from ringbook.web.dialect import Call

_LONGEST_NAME = 200
_LONGEST_TEXT = 1000
_MOST_CAMPAIGNS = 1000
_FASTEST = 100
_COUNTRIES = ("ARG", "CHL", "COL", "CRI", "ECU", "ESP", "GTM", "HND", "ITA", "MEX", "NIC", "PAN", "PER")
_ORDERS = ("linear", "zigzag", "random")
_EDITED_TYPES: Mapping[str, CampaignType] = {"predictive": "predictive", "preview": "preview"}
_LABELS = tuple(f"opt{n}" for n in range(13))
NOT_STARTED = "The campaign has not been started, please validate the data"


class CreateQuery(msgspec.Struct, frozen=True):
    type_campaign: str = ""


class CreateBody(wire.Body, frozen=True):
    campaign_name: wire.Value = None
    campaign_description: wire.Value = None
    start_time: wire.Value = None
    end_time: wire.Value = None
    skill_id: wire.Value = None
    opt1: wire.Value = None
    opt2: wire.Value = None
    opt3: wire.Value = None
    opt4: wire.Value = None
    opt5: wire.Value = None
    opt6: wire.Value = None
    opt7: wire.Value = None
    opt8: wire.Value = None
    opt9: wire.Value = None
    opt10: wire.Value = None
    opt11: wire.Value = None
    opt12: wire.Value = None
    amd: wire.Value = None
    enable_edition: wire.Value = None


class EditBody(wire.Body, frozen=True, forbid_unknown_fields=True):
    """What is absent stays. Unknown fields are refused here, as the vendor says of this operation alone."""

    campaign_name: wire.Value = None
    campaign_description: wire.Value = None
    type_camp: wire.Value = None
    enable_edition: wire.Value = None
    start_time: wire.Value = None
    end_time: wire.Value = None
    skill_id: wire.Value = None
    VAGENT: wire.Value = None
    """The same, as the vendor also spells it."""
    amd_conf: wire.Value = None
    turbo_dial: wire.Value = None
    routing_recall: wire.Value = None
    camp_dial_order: wire.Value = None
    optional_labels: dict[str, wire.Value] | None = None


class SpeedBody(wire.Body, frozen=True):
    speed: wire.Value = None


class DeleteBody(wire.Optional, frozen=True):
    campaign_ids: tuple[wire.Value, ...] = ()


async def create_campaign(records: Records, call: Call[CreateQuery, CreateBody]) -> Response:
    """A stopped campaign of speed 0 with a list of its own (D-W23)."""
    kind = kind_of(call.query.type_campaign)
    asked = call.body
    name, skill = _named(asked.campaign_name), wire.text(asked.skill_id).strip()
    if kind is None or not name or not skill:
        raise Parameters
    settings = {
        "speed": 0,
        "skill": skill,
        "amd": _one_of(asked.amd, ("", *_COUNTRIES)),
        "edition": _switch(asked.enable_edition, default=False),
        "labels": {label: text for label in _LABELS[1:] if (text := _text(getattr(asked, label)))},
        **_hours(asked.start_time, asked.end_time),
    }
    await check_declared(records, "skills", skill)
    try:
        made = await records.campaigns.create(
            name, kind=kind, description=_text(asked.campaign_description), settings=settings
        )
    except Conflict:
        raise SaidSo("The campaign has not been created, please validate the data") from None
    msg = f"The {made.id} campaign_id has been created successfully"
    return success(call.request, 201, msg, [{"id_campaign": str(made.id), "name_campaign": made.name}])


async def edit_campaign(records: Records, call: Call[wire.Query, EditBody]) -> Response:
    asked = call.body
    kind = None if asked.type_camp is None else _EDITED_TYPES.get(_text(asked.type_camp).lower())
    name = None if asked.campaign_name is None else _named(asked.campaign_name)
    if name == "" or (asked.type_camp is not None and kind is None):
        raise Parameters
    _edited(asked, {})  # what is wrong in itself is told before what is not there (D-W5)
    campaign = await campaign_of(records, call.query.campaign_id)
    changed = _edited(asked, campaign.settings)
    if not await is_declared(records, "skills", changed.get("skill", "")):
        raise Parameters  # here a bad skill is 400 (contract 2.15)
    description = None if asked.campaign_description is None else _text(asked.campaign_description)
    try:
        after = await records.campaigns.update(
            campaign.id, name=name, description=description, kind=kind, settings=changed
        )
    except Conflict:
        raise SaidSo("Campaign has not been updated, please validate the data") from None
    said = after.settings
    row = {
        "campaign_id": str(after.id),
        "campaign_name": after.name,
        "campaign_description": after.description,
        "type_camp": "Preview" if after.type == "preview" else "Predictive",
        "enable_edition": wire.yes_no(said.get("edition")),
        "start_time": said.get("start_time", ""),
        "end_time": said.get("end_time", ""),
        "skill_id": said.get("skill", ""),
        "amd_conf": said.get("amd") or "default",
        "turbo_dial": wire.yes_no(said.get("turbo")),
        "routing_recall": wire.yes_no(said.get("routing_recall")),
        "optional_labels": said.get("labels", {}),
    }
    return success(call.request, 200, "Campaign has been updated successfully", [row], documented="str")


async def speed(records: Records, call: Call[wire.Query, SpeedBody]) -> Response:
    kind_of(call.query.type_campaign)
    asked = wire.text(call.body.speed).strip()
    if not asked.isascii() or not asked.isdecimal() or len(asked) > 3 or int(asked) > _FASTEST:
        raise Parameters
    campaign = await campaign_of(records, call.query.campaign_id)
    await records.campaigns.update(campaign.id, settings={"speed": int(asked)})
    return success(call.request, 202, f"The speed of {campaign.id} campaign_id has been updated successfully")


async def start(records: Records, call: Call[wire.Query, None]) -> Response:
    """Refused where it runs, has no records, is outside its hours, or too many predictive ones run (D-W27)."""
    kind_of(call.query.type_campaign)
    if not call.query.campaign_id.strip():
        raise Parameters
    most = switches(call.request).most_predictives(records.tenant.wolkvox_licences)
    try:
        id_ = campaign_id(call.query.campaign_id)
        if id_ is None:
            raise Missing
        await records.campaigns.start(id_, zone=dates.ZONE, most_predictive=most)
    except Missing:
        raise SaidSo(NOT_STARTED) from None
    except Conflict as why:
        if why.facts["why"] != "predictives":
            raise SaidSo(NOT_STARTED) from None
        raise SaidSo(
            "You must turn off a predictive before starting this one, "
            f"you currently have {why.facts['running']} active predictives"
        ) from None
    return success(call.request, 202, f"The {id_} campaign_id has been started successfully")


async def stop(records: Records, call: Call[wire.Query, None]) -> Response:
    """Also one that is stopped already."""
    kind_of(call.query.type_campaign)
    campaign = await campaign_of(records, call.query.campaign_id)
    await records.campaigns.update(campaign.id, state="stopped")
    return success(call.request, 202, f"The {campaign.id} campaign_id has been stopped successfully")


async def delete_campaign(records: Records, call: Call[wire.Query, DeleteBody]) -> Response:
    """One in the query, several in the body, or both. Their own lists go with them, shared lists stay whole."""
    kind_of(call.query.type_campaign)
    asked = [text for text in (call.query.campaign_id, *map(wire.text, call.body.campaign_ids)) if text.strip()]
    asked = list(dict.fromkeys(text.strip() for text in asked))
    if not asked or len(asked) > _MOST_CAMPAIGNS:
        raise Parameters
    deleted = 0
    for text in asked:
        try:
            campaign = await doomed_campaign(records, text, call.query.type_campaign)
            await records.campaigns.drop(campaign.id)
        except Missing:
            continue
        deleted += 1
    msg = f"{deleted} campaigns deleted successfully. {len(asked) - deleted} operations failed."
    if not deleted:
        raise SaidSo(msg)
    return success(call.request, 200, msg, documented="str")


def _edited(asked: EditBody, before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a body changes; Parameters where one is none that there is."""
    changed: dict[str, Any] = {}
    if asked.enable_edition is not None:
        changed["edition"] = _switch(asked.enable_edition)
    if asked.turbo_dial is not None:
        changed["turbo"] = _switch(asked.turbo_dial)
    if asked.routing_recall is not None:
        changed["routing_recall"] = _switch(asked.routing_recall)
    skill = asked.VAGENT if asked.skill_id is None else asked.skill_id
    if skill is not None:
        changed["skill"] = _text(skill)
    if asked.amd_conf is not None:
        amd = _one_of(asked.amd_conf, ("default", "none", *_COUNTRIES))
        changed["amd"] = "" if amd == "default" else amd
    if asked.camp_dial_order is not None:
        changed["dial_order"] = _one_of(asked.camp_dial_order, _ORDERS)
    if asked.start_time is not None or asked.end_time is not None:
        start = before.get("start_time") if asked.start_time is None else asked.start_time
        end = before.get("end_time") if asked.end_time is None else asked.end_time
        changed |= _hours(start, end)
    if asked.optional_labels is not None:
        if not set(asked.optional_labels) <= set(_LABELS):
            raise Parameters
        changed["labels"] = {
            **before.get("labels", {}),
            **{label: _text(value) for label, value in asked.optional_labels.items()},
        }
    return changed


def _hours(start: wire.Value, end: wire.Value) -> dict[str, str]:
    """The settings of hours that are given; Parameters for what is no hour, or reversed."""
    given = {"start_time": _text(start), "end_time": _text(end)}
    hours = {name: dates.hour(text) for name, text in given.items() if text}
    if None in hours.values():
        raise Parameters
    known = {name: hour for name, hour in hours.items() if hour is not None}
    if len(known) == len(given) and known["end_time"] < known["start_time"]:
        raise Parameters
    return known


def _named(value: wire.Value) -> str:
    name = wire.text(value).strip()
    if len(name) > _LONGEST_NAME:
        raise Parameters
    return name


def _text(value: wire.Value) -> str:
    text = wire.text(value).strip()
    if len(text) > _LONGEST_TEXT:
        raise Parameters
    return text


def _one_of(value: wire.Value, words: tuple[str, ...]) -> str:
    """The word of these that is meant, in any case."""
    text = wire.text(value).strip().lower()
    found = next((word for word in words if word.lower() == text), None)
    if found is None:
        raise Parameters
    return found


def _switch(value: wire.Value, default: bool | None = None) -> bool:
    if value is None and default is not None:
        return default
    said = wire.yes(wire.text(value))
    if said is None:
        raise Parameters
    return said
