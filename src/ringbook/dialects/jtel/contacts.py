"""Records as dialler contacts, campaigns as dialler campaigns, and many contacts as one collection."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from ringbook.dialects.jtel import wire
from ringbook.dialects.jtel.switches import Switches, switches_of
from ringbook.dialects.jtel.wire import ATTRIBUTES, COLUMNS, PHONES, SAID, Collection
from ringbook.domain.access import Tenant
from ringbook.domain.attempt import Outcome
from ringbook.domain.campaign import Campaign, CampaignRecord, ListedRecord
from ringbook.domain.layout import Layout

_NOT_SET: Mapping[str, Any] = dict.fromkeys(COLUMNS)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?([Ee][+-]?\d{1,3})?", re.ASCII)
_TO_MILLISECONDS = len("2020-08-09T02:33:50.347")

_WRONG_NUMBERS = frozenset({1, 22, 28})
"""Clearing causes of Q.850 that say the number is wrong: unallocated, changed, invalid format."""
_RIGHT_NUMBER: frozenset[Outcome] = frozenset({"answered", "machine", "busy", "no_answer", "refused", "abandoned"})


class _Plan(NamedTuple):
    """What each field of a layout is: columns, and how each is written. And the slots of the six phones."""

    columns: Mapping[str, Sequence[tuple[str, Callable[[str], Any]]]]
    slots: Sequence[tuple[int, str]]


def contact(of: ListedRecord, tenant: Tenant) -> dict[str, Any]:
    """The record as a dialler contact, with all columns."""
    state = of.state
    assert state is not None, "what is asked for by campaign has a state"
    switches = switches_of(tenant)
    zone = ZoneInfo(tenant.time_zone)
    told = dict(_NOT_SET)
    plan = _plan(of.layout)
    for field, text in of.record.fields.items():
        for column, write in plan.columns.get(field, ()):
            told[column] = write(text)
    told["ID"] = state.id
    told["DiallerCampaignsID"] = state.campaign_id
    told["DiallerCampaignsName"] = of.campaign_name
    told["dtImported"] = _time(of.added_at, zone)
    told["dtNextTry"] = _time(state.next_try_at, zone)
    for n, slot in plan.slots:
        _tell_phone(told, n, state.phone_tries.get(slot, {}), switches)
    _tell_result(told, state, switches, zone)
    return told


def campaign(of: Campaign, tenant: Tenant) -> dict[str, Any]:
    """A campaign. Of its dialling settings Ringbook has none: they are not set, or off."""
    return {
        "ContactPreviewTime": 0,
        "nMaxParallelLines": None,
        "bCloseContactsOnIncomingCallsMatchCallerID": False,
        "dtTo": None,
        "LanguagesID": None,
        "bCallerIDActive": False,
        "Name": of.name,
        "ClientsID": tenant.jtel_clients_id,
        "AbortOnNoTelNumberResultCodesID": None,
        "IncomingCallResultCodesID": None,
        "ID": of.id,
    }


def listing(parts: AsyncIterator[Sequence[ListedRecord]], tenant: Tenant) -> AsyncGenerator[bytes, None]:
    """A Collection of contacts, a piece for each part: the count comes last, when it is known."""
    return _pieces(Collection(records=(), count=0), parts, tenant)


def found(
    first: Sequence[ListedRecord], rest: AsyncGenerator[Sequence[ListedRecord], None], tenant: Tenant
) -> AsyncGenerator[bytes, None]:
    """What is found, likewise in pieces."""

    async def parts() -> AsyncGenerator[Sequence[ListedRecord], None]:
        if first:
            yield first
        async for part in rest:
            yield part

    return _pieces(wire.found(()), parts(), tenant)


async def _pieces(
    envelope: wire.Found | Collection, parts: AsyncIterator[Sequence[ListedRecord]], tenant: Tenant
) -> AsyncGenerator[bytes, None]:
    head, tail = _encode(envelope).split(b"]", 1)
    count = 0
    async for part in parts:
        records = b",".join([_encode(contact(one, tenant)) for one in part])
        yield (b"," if count else head) + records
        count += len(part)
    yield (b"" if count else head) + b"]" + tail.replace(b'"count":0', b'"count":%d' % count)


def _tell_phone(told: dict[str, Any], n: int, tried: Mapping[str, Any], switches: Switches) -> None:
    """What the attempts on one phone tell."""
    told[f"nTriesPhoneNumber{n}"] = tried.get("tries", 0)
    if not tried:
        return
    cause, outcome = tried.get("cause"), tried.get("outcome")
    told[f"nPhoneNumber{n}LastCause"] = cause
    told[f"PhoneNumber{n}LastAcdAgentEndReasonsID"] = switches.end_reason(tried.get("disposition"))
    if cause in _WRONG_NUMBERS:
        told[f"bPhoneNumber{n}Invalid"] = True
    elif outcome in _RIGHT_NUMBER:
        told[f"bPhoneNumber{n}Invalid"] = False


def _tell_result(told: dict[str, Any], state: CampaignRecord, switches: Switches, zone: ZoneInfo) -> None:
    """What the last attempt tells: its result code, and for Delay and Appointment, which are not final, the time."""
    if state.outcome is not None:
        told["bLastResultMailbox"] = state.outcome == "machine"
    told["LastAcdAgentEndReasonsID"] = switches.end_reason(state.disposition)
    if state.disposition:
        told["ResultCodesExportKey"] = state.disposition
    if state.completed_at is None and state.next_try_at is not None and (state.outcome or state.recall):
        told["FollowUpDateTime"] = _time(state.next_try_at, zone)
    if state.recall is not None and state.recall.agent:
        told["FollowUpUsersUID"] = state.recall.agent


def _time(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """In the tenant's own time, without a zone (contract 8)."""
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="milliseconds")[:_TO_MILLISECONDS]


@lru_cache(maxsize=1000)
def _plan(layout: Layout) -> _Plan:
    columns: dict[str, list[tuple[str, Callable[[str], Any]]]] = {}
    slots = {phone.name: str(slot) for slot, phone in enumerate(layout.phones, 1)}
    phones: dict[str, str] = {}
    for column, kind in SAID.items():
        field = layout.field_of(column, ATTRIBUTES.get(column))
        if field is not None:
            write = _number if column in _PHONE_COLUMNS else _WRITTEN[kind]
            columns.setdefault(field.name, []).append((column, write))
            phones[column] = slots.get(field.name, "")
    return _Plan(columns, [(n, phones.get(f"PhoneNumber{n}", "")) for n in PHONES])


def _text(text: str) -> str:
    return text


def _number(text: str) -> str:
    """jtel's numbers have no plus (contract 8); else it is as it was stored."""
    return text.removeprefix("+")


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _amount(text: str) -> float | None:
    amount = float(text) if _NUMBER.fullmatch(text) else math.inf
    return amount if math.isfinite(amount) else None


_WRITTEN: Mapping[type, Callable[[str], Any]] = {str: _text, int: _integer, float: _amount}
_PHONE_COLUMNS = frozenset(f"PhoneNumber{n}" for n in PHONES)
_encode = msgspec.json.Encoder().encode
