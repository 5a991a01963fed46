"""Calls and their legs: unpack, ask the core, render."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.cim import legs
from ringbook.dialects.cim.ids import asked_id
from ringbook.dialects.cim.switches import switches_of
from ringbook.domain.contact import Contact
from ringbook.domain.interaction import moment_of
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Schema
from ringbook.web import answer
from ringbook.web.dialect import Call

_USUAL_LEGS = 100


class LoadQuery(msgspec.Struct, frozen=True):
    """`before` is a time in any of the forms that a leg's start may have; `cursor` is what the last answer gave."""

    limit: int = _USUAL_LEGS
    before: str = ""
    cursor: str = ""


async def load(records: Records, call: Call[LoadQuery, None]) -> Response:
    switches = switches_of(records.tenant)
    asked, query = asked_id(call.path["id"], "id"), call.query
    contact, calls = await records.interactions.of_contact(
        asked.id,
        before=_before(query.before, ZoneInfo(records.tenant.time_zone)),
        after=legs.position(query.cursor),
        supervision=not switches.hide_supervision_legs,
        limit=query.limit,
        created_second=asked.second,
    )
    headers = legs.cursor(calls, query.limit)
    if switches.load_interactions == "array":
        return answer.json(legs.one_each(calls), headers=headers)
    phone = "" if calls else _first_phone(await records.schema.attributes(), contact)
    return answer.json(legs.as_one(phone, calls), headers=headers)


async def save(records: Records, call: Call[None, legs.InteractionBody]) -> Response:
    asked: dict[str, Any] = dict(call.body)
    call_id = call.path["call_Id"]
    if legs.text_of(asked.get("call_Id"), "call_Id") not in ("", call_id):
        raise Invalid("call_Id is another one than in the path.", field="call_Id")
    draft, related = legs.leg_of(asked.get("interaction"), ZoneInfo(records.tenant.time_zone))
    ani = legs.text_of(asked.get("ani"), "ani")
    saved = await records.interactions.save_leg(call_id, ani, draft, related_call_id=related)
    return answer.json(legs.leg(saved))


def _before(text: str, zone: tzinfo) -> datetime | None:
    if not text.strip():
        return None
    moment = moment_of(text, zone)
    if moment is None:
        raise Invalid("before is a time.", field="before")
    return moment


def _first_phone(schema: Schema, contact: Contact) -> str:
    """The contact's first phone, in the order of the schema."""
    phones = (contact.attributes.get(a.key) for a in schema.attributes if a.type == "Phone")
    return next((str(phone) for phone in phones if phone), "")
