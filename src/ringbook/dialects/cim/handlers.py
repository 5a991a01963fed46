"""Contacts: unpack, ask the core, render."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.cim import wire
from ringbook.dialects.cim.ids import asked_id, asked_position, object_id
from ringbook.dialects.cim.switches import Switches, switches_of
from ringbook.domain.contact import Contact
from ringbook.domain.page import FIRST, Cursor
from ringbook.domain.problems import Invalid, MergedAway, Missing, Stale
from ringbook.web import answer
from ringbook.web.dialect import Call

_TAG = re.compile(r'(?:W/)?"?([^",]*)"?')
_NOBODY = "nobody has it"
_KEPT = "kept with the contact"
_CUT = "the search took too long and was cut short: more contacts may meet it"


async def by_name(records: Records, call: Call[wire.LimitQuery, None]) -> Response:
    name = call.path["name"]
    if len(name) > wire.LONGEST_NAME:
        raise Invalid(f"A name has {wire.LONGEST_NAME} characters at most.", field="name")
    if wire.UNREADABLE.search(name):
        raise Invalid("The name is not valid UTF-8.", field="name")
    switches = switches_of(records.tenant)
    return await _searched(records, switches, wire.Asked({"name": name}), FIRST, call.query.limit)


async def by_search_terms(records: Records, call: Call[wire.SearchQuery, wire.SearchBody | None]) -> Response:
    switches = switches_of(records.tenant)
    asked, limit = call.body, call.query.limit
    if asked is None:
        return await _first_page(records, switches, limit)
    criteria: Mapping[str, Any] = asked
    phone = criteria.get("phone")
    if len(criteria) == 1 and isinstance(phone, str) and phone.strip():
        return await _with_number(records, switches, phone, limit)
    any_of = (call.query.mode or switches.search_mode) == "or"
    return await _searched(records, switches, wire.Asked(dict(criteria), any_of), FIRST, limit)


async def load_more(records: Records, call: Call[wire.MoreQuery, None]) -> Response:
    switches = switches_of(records.tenant)
    after, limit = asked_position(call.path["last_id"], "last_id"), call.query.limit
    if call.query.cursor:
        return await _searched(records, switches, wire.decode_search(call.query.cursor), after, limit)
    contacts = await records.contacts.page(after, limit or switches.page_size)
    return answer.json(wire.contacts(contacts, switches.list_envelope))


async def first_page(records: Records, call: Call[wire.LimitQuery, None]) -> Response:
    return await _first_page(records, switches_of(records.tenant), call.query.limit)


async def get(records: Records, call: Call[None, None]) -> Response:
    asked = asked_id(call.path["contact_id"], "contact_id")
    try:
        contact = await records.contacts.get(asked.id)
    except MergedAway as away:
        if away.facts["created_second"] != asked.second:
            raise Missing from None
        contact = await records.contacts.get(away.facts["merged_into"])
        return _contact(contact, {"x-merged-into": object_id(contact)})
    if contact.created_second != asked.second:
        raise Missing
    return _contact(contact)


async def save(records: Records, call: Call[None, wire.ContactBody]) -> Response:
    switches = switches_of(records.tenant)
    saved = await records.contacts.save_profile(
        wire.attributes_of(call.body), known=switches.duplicate_phone, loose=not switches.strict
    )
    headers: dict[str, str] = {"x-cim-result": saved.result}
    if saved.unknown:
        headers["x-cim-warning"] = wire.unknown_keys(saved.unknown, _KEPT)
    return _contact(saved.contact, headers)


async def update(records: Records, call: Call[None, wire.ContactBody]) -> Response:
    switches = switches_of(records.tenant)
    asked = asked_id(call.path["contact_id"], "contact_id")
    saved = await records.contacts.update(
        asked.id,
        wire.attributes_of(call.body),
        version=_if_match(call.request),
        created_second=asked.second,
        known=switches.duplicate_phone,
        loose=not switches.strict,
    )
    headers = {"x-cim-warning": wire.unknown_keys(saved.unknown, _KEPT)} if saved.unknown else {}
    return _contact(saved.contact, headers)


async def delete(records: Records, call: Call[None, None]) -> Response:
    asked = asked_id(call.path["contact_id"], "contact_id")
    version = _if_match(call.request)
    return _contact(await records.contacts.delete(asked.id, version=version, created_second=asked.second))


async def _first_page(records: Records, switches: Switches, limit: int | None) -> Response:
    contacts = await records.contacts.page(FIRST, limit or switches.page_size)
    count, exact = await records.contacts.count()
    headers = {"x-total-count": str(count)} | ({} if exact else {"x-total-count-exact": "false"})
    return answer.json(wire.contacts(contacts, switches.list_envelope), headers=headers)


async def _with_number(records: Records, switches: Switches, phone: str, limit: int | None) -> Response:
    """The search that a ringing phone waits for: one statement, and the stored JSON passed through."""
    contacts = await records.contacts.with_number(phone, limit or switches.page_size)
    headers = _cursor(wire.Asked({"phone": phone})) if contacts else None
    told = [wire.stored_contact(contact) for contact in contacts]
    return answer.json(wire.enveloped(told, switches.list_envelope), headers=headers)


async def _searched(
    records: Records, switches: Switches, asked: wire.Asked, after: Cursor, limit: int | None
) -> Response:
    found = await records.contacts.find(
        asked.criteria,
        after,
        limit or switches.page_size,
        any_of=asked.any_of,
        contains=switches.text_match == "contains",
        strict=switches.strict,
    )
    headers = _cursor(asked) if found.contacts else {}
    warnings = [wire.unknown_keys(found.unknown, _NOBODY)] if found.unknown else []
    if found.cut:
        warnings.append(_CUT)
    if warnings:
        headers["x-cim-warning"] = wire.header_text("; ".join(warnings))
    return answer.json(wire.contacts(found.contacts, switches.list_envelope), headers=headers)


def _cursor(asked: wire.Asked) -> dict[str, str]:
    """What loadMore goes on with; nothing for a search that is too long for a header."""
    cursor = wire.encode_search(asked)
    return {} if cursor is None else {"x-cim-cursor": cursor}


def _contact(contact: Contact, headers: Mapping[str, str] | None = None) -> Response:
    return answer.json(wire.contact(contact), headers={"etag": f'"{contact.version}"', **(headers or {})})


def _if_match(request: Request) -> int | None:
    """The version that the client has read; None if it does not say. `*` means any; no tag but ours matches."""
    text = request.headers.get("if-match", "*").strip()
    if text == "*":
        return None
    tag = _TAG.fullmatch(text)
    if tag is None or not (tag[1].isascii() and tag[1].isdecimal() and len(tag[1]) <= 9):
        raise Stale("No version has this tag.")
    return int(tag[1])
