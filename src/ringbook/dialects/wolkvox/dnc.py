"""Numbers that are not called: campaign.php, configuration.php and information.php write and read one list of them.

It is the do-not-call list `wolkvox`; those of other systems bar too, and are neither shown nor emptied here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.wolkvox import dates, wire
from ringbook.dialects.wolkvox.asked import campaign_of
from ringbook.dialects.wolkvox.envelope import success, switches
from ringbook.dialects.wolkvox.errors import Parameters, SaidSo, nothing_found
from ringbook.domain.campaign import Chosen
from ringbook.domain.do_not_call import WOLKVOX_LIST, Direction
from ringbook.web.dialect import Call

_DIRECTIONS: dict[str, Direction] = {
    "inbound": "inbound",
    "outbound": "outbound",
    "inbound/outbound": "both",
    "all": "both",
}
_SHOWN: dict[Direction, str] = {"inbound": "inbound", "outbound": "outbound", "both": "inbound/outbound"}
_MOST_DAYS = 36_500


class Blocked(wire.Body, frozen=True):
    """A number, and for how many days; for good where none are given."""

    telephone: wire.Value = None
    days_block: wire.Value = None


class AddBody(wire.Body, frozen=True):
    type_call: wire.Value = None
    telephones: tuple[wire.Value, ...] = ()


class RemoveBody(wire.Body, frozen=True):
    """`telephones` are numbers, or the word All."""

    telephones: tuple[wire.Value, ...] | str = ()
    type: wire.Value = None


class BlockBody(wire.Body, frozen=True):
    id_campaing: wire.Value = None
    id_cliente: tuple[wire.Value, ...] = ()


class GetQuery(msgspec.Struct, frozen=True):
    type: str = ""


class NoQuery(msgspec.Struct, frozen=True):
    pass


async def add_to_campaigns(records: Records, call: Call[NoQuery, list[Blocked]]) -> Response:
    """Bar numbers for days or for good. What is barred already counts as rejected; each number once."""
    _check_count(call, call.body)
    by_days: dict[int | None, list[str]] = {}
    for one in {wire.text(one.telephone).strip(): one for one in call.body}.values():
        by_days.setdefault(_days(one.days_block), []).append(_number(one.telephone))
    now = await records.dialling.now()
    added = 0
    for days, numbers in by_days.items():
        until = None if days is None else now + timedelta(days=days)
        added += await records.do_not_call.put(WOLKVOX_LIST, numbers, "outbound", until)
    row = {
        "total_added": str(added),
        "total_rejected": str(len(call.body) - added),
        "total_sent": str(len(call.body)),
    }
    return success(call.request, 201, f"{added} telephones were added", [row])


async def add_dnc(records: Records, call: Call[NoQuery, AddBody]) -> Response:
    direction = _DIRECTIONS.get(wire.text(call.body.type_call).strip().lower())
    if direction is None:
        raise Parameters
    _check_count(call, call.body.telephones)
    added = await records.do_not_call.put(WOLKVOX_LIST, [_number(one) for one in call.body.telephones], direction)
    return success(call.request, 201, f"{added} telephones were added")


async def remove_dnc(records: Records, call: Call[NoQuery, RemoveBody]) -> Response:
    direction = _DIRECTIONS.get(wire.text(call.body.type).strip().lower())
    asked = call.body.telephones
    if direction is None or (isinstance(asked, str) and asked.strip().lower() != "all"):
        raise Parameters
    if not isinstance(asked, str):
        _check_count(call, asked)
    numbers = None if isinstance(asked, str) else [_number(one) for one in asked]
    gone = await records.do_not_call.take(WOLKVOX_LIST, numbers, direction)
    return success(call.request, 202, f"{gone} telephones were deleted")


async def block_predictive_dnc(records: Records, call: Call[NoQuery, BlockBody]) -> Response:
    """Mark records of some customers as barred, in one predictive campaign."""
    customers = tuple(dict.fromkeys(wire.text(one).strip() for one in call.body.id_cliente))
    _check_count(call, call.body.id_cliente)
    if "" in customers:
        raise Parameters
    campaign = await campaign_of(records, wire.text(call.body.id_campaing))
    marked = await records.dialling.bar(campaign.id, Chosen(customers=customers))
    msg = f"{marked} records were successfully marked as DO-NOT-CALL in campaign {campaign.id}"
    if not marked:
        raise SaidSo(msg)
    return success(call.request, 202, msg, documented="str")


async def get_dnc(records: Records, call: Call[GetQuery, None]) -> Response:
    asked = _DIRECTIONS.get(call.query.type.strip().lower() or "all")
    if asked is None:
        raise Parameters
    rows = [
        {
            "phone_number": entry.raw,
            "type": _SHOWN[entry.direction],
            "date_delete": dates.printed(entry.expires_at),
        }
        for entry in await records.do_not_call.entries(WOLKVOX_LIST)
        if asked == "both" or entry.direction in (asked, "both")
    ]
    if not rows:
        raise nothing_found()
    return success(call.request, 200, f"{len(rows)} records were found", rows, documented="str")


def _check_count(call: Call[NoQuery, Any], sent: Sequence[object]) -> None:
    if not sent or len(sent) > switches(call.request).upload:
        raise Parameters


def _number(value: wire.Value) -> str:
    number = wire.text(value).strip()
    if not any(character.isdecimal() for character in number):
        raise Parameters
    return number


def _days(value: wire.Value) -> int | None:
    text = wire.text(value).strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:9]) <= _MOST_DAYS:
        raise Parameters
    return int(text)
