"""The native API's operations: unpack, ask the core, render."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.dialects.native import wire
from ringbook.domain.contact import Contact
from ringbook.domain.page import FIRST, LARGEST_ID, Cursor, decode_cursor, encode_cursor
from ringbook.domain.problems import Invalid, Missing, NotBuilt, Stale
from ringbook.web import answer
from ringbook.web.auth import bearer
from ringbook.web.dialect import Call

_TAG = re.compile(r'(?:W/)?"?([^",]*)"?')


async def authenticate(request: Request, core: Core) -> Records:
    return await core.authenticate("native", bearer(request))


async def lookup(records: Records, call: Call[wire.LookupQuery, None]) -> Response:
    return answer.json(await records.lookup.by_number(call.query.phone))


async def screenpop(records: Records, call: Call[wire.NoQuery, wire.ScreenPopBody]) -> Response:
    asked = call.body
    return answer.json(wire.screenpop(await records.screenpops.evaluate(asked.ani, asked.dnis, asked.variables)))


async def list_contacts(records: Records, call: Call[wire.PageQuery, None]) -> Response:
    asked = call.query
    return _page(await records.contacts.page(_cursor(asked.cursor), asked.limit), asked.limit)


async def search_contacts(records: Records, call: Call[wire.NoQuery, wire.SearchBody]) -> Response:
    asked = call.body
    found = await records.contacts.search(asked.criteria, _cursor(asked.cursor), asked.limit)
    return _page(found, asked.limit)


async def save_contact(records: Records, call: Call[wire.NoQuery, wire.ContactBody]) -> Response:
    contact, created = await records.contacts.save(call.body.attributes)
    return _contact(contact, 201 if created else 200)


async def get_contact(records: Records, call: Call[wire.NoQuery, None]) -> Response:
    return _contact(await records.contacts.get(id_of(call)))


async def update_contact(records: Records, call: Call[wire.NoQuery, wire.ContactBody]) -> Response:
    version = _if_match(call.request)
    saved = await records.contacts.update(id_of(call), call.body.attributes, version=version)
    return _contact(saved.contact)


async def delete_contact(records: Records, call: Call[wire.DeleteQuery, None]) -> Response:
    if call.query.erase:
        raise NotBuilt("Not in Ringbook yet: erasing a contact with its history. Without erase, it is only deleted.")
    return _contact(await records.contacts.delete(id_of(call), version=_if_match(call.request)))


async def report_attempt(records: Records, call: Call[wire.NoQuery, wire.AttemptBody]) -> Response:
    attempt, record = await records.attempts.report(call.body)
    return answer.json(wire.AttemptAnswer(attempt, wire.record_status(record)), 201)


async def submit_data_set(records: Records, call: Call[wire.NoQuery, wire.DataSetBody]) -> Response:
    asked = call.body
    made = await records.datasets.submit(asked.template, asked.number, asked.values)
    return answer.json(wire.data_set(made), 201)


async def list_data_sets(records: Records, call: Call[wire.NumberQuery, None]) -> Response:
    found = await records.datasets.of_number(call.query.number)
    return answer.json(wire.DataSetsAnswer([wire.data_set(d) for d in found]))


async def register_callback(records: Records, call: Call[wire.NoQuery, wire.CallbackBody]) -> Response:
    asked = call.body
    changed = await records.datasets.callback(
        asked.number, new_number=asked.new_number, ecbt=asked.ecbt, callback_id=asked.callback_id
    )
    return answer.json(wire.DataSetsAnswer([wire.data_set(d) for d in changed]))


async def list_changes(records: Records, call: Call[wire.ChangesQuery, None]) -> Response:
    asked = call.query
    changes = await records.journal.changes(
        entity=asked.entity, entity_id=asked.id, below=asked.cursor or LARGEST_ID, limit=asked.limit
    )
    items = [wire.ChangeAnswer(c.id, c.at, c.by, c.dialect, c.entity, c.entity_id, c.before, c.after) for c in changes]
    return answer.json(wire.ChangesAnswer(items, items[-1].id if len(items) == asked.limit else None))


async def list_keys(records: Records, call: Call[wire.NoQuery, None]) -> Response:
    return answer.json(wire.KeysAnswer([wire.key(k) for k in await records.keys.all()]))


async def create_key(records: Records, call: Call[wire.NoQuery, wire.KeyBody]) -> Response:
    asked = call.body
    made = await records.keys.create(
        asked.name, asked.for_, scopes=asked.scopes, per_second=asked.per_second, expires_at=asked.expires_at
    )
    return answer.json(wire.key(made.credential, made.secret), 201)


async def revoke_key(records: Records, call: Call[wire.NoQuery, None]) -> Response:
    return answer.json(wire.key(await records.keys.revoke(id_of(call))))


def id_of(call: Call[Any, Any]) -> int:
    """The id in the path. A text that cannot be one names no record, which is all that anybody learns."""
    text = call.path["id"]
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST_ID):
        raise Missing
    return int(text)


def _cursor(text: str | None) -> Cursor:
    return FIRST if text is None else decode_cursor(text)


def _if_match(request: Request) -> int | None:
    """The version that the client has read; None if it does not say. `*` means any; no tag but ours matches."""
    text = request.headers.get("if-match", "*").strip()
    if text == "*":
        return None
    tag = _TAG.fullmatch(text)
    if tag is None:
        raise Invalid('If-Match holds one version, such as "3".', field="If-Match")
    version = tag[1]
    if not (version.isascii() and version.isdecimal() and len(version) <= 9):
        raise Stale("No version has this tag.")
    return int(version)


def _contact(contact: Contact, status: int = 200) -> Response:
    return answer.json(wire.contact(contact), status, {"etag": f'"{contact.version}"'})


def _page(contacts: Sequence[Contact], limit: int) -> Response:
    last = contacts[-1] if len(contacts) == limit else None
    cursor = None if last is None else encode_cursor(Cursor(last.created_second, last.id))
    return answer.json(wire.ContactsAnswer([wire.contact(c) for c in contacts], cursor))
