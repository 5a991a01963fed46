"""Contacts: listed and filtered, written with the schema's types, with a history that can be gone back in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Fields, Form
from ringbook.console.frame import HOME, go, page, visit_of
from ringbook.core.access import Records
from ringbook.core.ordering import Position
from ringbook.domain.contact import Contact
from ringbook.domain.page import FIRST, LARGEST_ID, Cursor
from ringbook.domain.problems import Conflict, Invalid, Problem, Stale
from ringbook.domain.schema import Attribute, Schema
from ringbook.web.dialect import Call

_A_PAGE = 50
_BEYOND = 5
"""How many phone attributes a form shows beyond those that are filled."""
_FILTERS = ("name", "phone", "key", "value", "sort", "down")


class ListQuery(msgspec.Struct, frozen=True):
    name: str = ""
    phone: str = ""
    key: str = ""
    value: str = ""
    sort: str = ""
    down: str = ""
    after: str = ""
    said: str = ""


class NewFilter(Form, frozen=True):
    name: str = ""
    query: str = ""


class Restore(Form, frozen=True):
    change: int = 0


class HistoryQuery(msgspec.Struct, frozen=True):
    after: str = ""
    said: str = ""


async def contacts(records: Records, call: Call[ListQuery, None]) -> Response:
    asked = call.query
    schema = await records.schema.attributes()
    fault = ""
    found: Sequence[Contact] = []
    after = ""
    try:
        found, after = await _found(records, asked)
    except Invalid as told:
        fault = told.message
    filters = await records.accounts.filters(visit_of(call.request).user)
    kept = urlencode({name: text for name in _FILTERS if (text := getattr(asked, name))})
    return page(
        call.request,
        "contacts.html",
        asked=asked,
        kept=kept,
        found=found,
        next=after,
        fault=fault,
        filters=filters,
        searchable=[a for a in schema.attributes if a.searchable and a.type != "Phone"],
        sortable=[a for a in schema.attributes if a.searchable and a.type not in ("Phone", "Number")],
        said={"saved": "The filter is kept.", "dropped": "The filter is gone."}.get(asked.said, ""),
        is_filtered=any((asked.name, asked.phone, asked.value)),
        words=words,
        urlencode=urlencode,
    )


async def _found(records: Records, asked: ListQuery) -> tuple[Sequence[Contact], str]:
    """A page of the contacts that are asked for, and the cursor behind it."""
    criteria = {"name": asked.name, "phone": asked.phone} | ({asked.key: asked.value} if asked.key else {})
    is_filtered = any(text.strip() for text in criteria.values())
    if asked.sort:
        position = Position(*words.position(asked.after, str, int)) if asked.after else None
        if is_filtered:
            order = f"-{asked.sort}" if asked.down else asked.sort
            ordered = await records.contacts.search_sorted(criteria, order, position, _A_PAGE)
            return ordered.contacts, words.cursor(*ordered.next) if ordered.next else ""
        ordered = await records.ordering.by(asked.sort, position, _A_PAGE, down=bool(asked.down))
        return ordered.contacts, words.cursor(*ordered.next) if ordered.next else ""
    place = Cursor(*words.position(asked.after, int, int)) if asked.after else FIRST
    if is_filtered:
        found = await records.contacts.search(criteria, place, _A_PAGE)
    else:
        found = await records.contacts.page(place, _A_PAGE)
    last = found[-1] if len(found) == _A_PAGE else None
    return found, words.cursor(last.created_second, last.id) if last else ""


async def save_filter(records: Records, call: Call[None, NewFilter]) -> Response:
    form = call.body
    asked = {name: text for name, text in parse_qsl(form.query) if name in _FILTERS}
    await records.accounts.save_filter(visit_of(call.request).user, form.name, urlencode(asked))
    return go(f"{HOME}/contacts?{urlencode(asked | {'said': 'saved'})}")


async def drop_filter(records: Records, call: Call[None, NewFilter]) -> Response:
    await records.accounts.drop_filter(visit_of(call.request).user, call.body.name)
    return go(f"{HOME}/contacts?said=dropped")


async def show_new(records: Records, call: Call[Any, None]) -> Response:
    schema = await records.schema.attributes()
    told = dict(parse_qsl(call.request.scope["query_string"].decode("latin-1")))
    given = {attribute.key: told[attribute.key] for attribute in schema.attributes if attribute.key in told}
    return _form(call, schema, None, given)


async def create(records: Records, call: Call[None, Fields]) -> Response:
    schema = await records.schema.attributes()
    given = call.body.texts
    try:
        contact, is_new = await records.contacts.save(_written(schema, given, {}))
    except (Invalid, Conflict) as told:
        return _form(call, schema, None, given, told)
    return go(f"{HOME}/contacts/{contact.id}?said={'created' if is_new else 'saved'}")


async def show_edit(records: Records, call: Call[Any, None]) -> Response:
    schema = await records.schema.attributes()
    contact = await records.contacts.get(words.id_of(call.path["id"]))
    return _form(call, schema, contact, {key: _text(value) for key, value in contact.attributes.items()})


async def edit(records: Records, call: Call[None, Fields]) -> Response:
    schema = await records.schema.attributes()
    contact = await records.contacts.get(words.id_of(call.path["id"]))
    given = dict(call.body.texts)
    version = given.pop("version", "")
    try:
        if version != str(contact.version):
            raise Stale("Somebody has changed this contact meanwhile. Below is what you typed; look what is new first.")
        changed = _written(schema, given, contact.attributes)
        if changed:
            await records.contacts.update(contact.id, changed, version=contact.version)
    except (Invalid, Conflict) as told:
        return _form(call, schema, contact, given, told)
    return go(f"{HOME}/contacts/{contact.id}?said=saved")


async def delete(records: Records, call: Call[None, Form]) -> Response:
    await records.contacts.delete(words.id_of(call.path["id"]))
    return go(f"{HOME}?said=deleted")


async def history(records: Records, call: Call[HistoryQuery, None]) -> Response:
    """Who changed what of a contact; it may be gone, which is when this is needed most."""
    contact_id = words.id_of(call.path["id"])
    below = words.position(call.query.after, int)[0] if call.query.after else LARGEST_ID
    changes = await records.contacts.history(contact_id, below=below, limit=_A_PAGE)
    schema = await records.schema.attributes()
    told = [(change, _differences(schema, change.before, change.after)) for change in changes]
    newest = msgspec.json.decode(changes[0].after) if changes else None
    return page(
        call.request,
        "history.html",
        contact_id=contact_id,
        changes=told,
        is_gone=below == LARGEST_ID and bool(changes) and newest is None,
        name=words.name_of(_first_known(changes)),
        next=words.cursor(changes[-1].id) if len(changes) == _A_PAGE else "",
        said="",
    )


async def restore(records: Records, call: Call[None, Restore]) -> Response:
    contact_id = words.id_of(call.path["id"])
    await records.contacts.restore(contact_id, call.body.change)
    return go(f"{HOME}/contacts/{contact_id}?said=restored")


def _form(
    call: Call[Any, Any],
    schema: Schema,
    contact: Contact | None,
    given: Mapping[str, str],
    told: Problem | None = None,
) -> Response:
    """The form of a new contact or of one that is there, with what was typed and what is wrong with it."""
    phones = [a for a in schema.attributes if a.type == "Phone"]
    filled = [a for a in phones if given.get(a.key)]
    empty = [a for a in phones if not given.get(a.key)]
    return page(
        call.request,
        "edit.html",
        400 if told else 200,
        contact=contact,
        name="New contact" if contact is None else words.name_of(contact.attributes),
        first=[a for a in schema.attributes if a.predefined and a.type != "Phone"],
        phones=[*filled, *empty[: 2 if filled else 3]],
        more_phones=empty[2 if filled else 3 :],
        own=[a for a in schema.attributes if not a.predefined and a.type != "Phone"],
        given=given,
        fault=told.message if told else "",
        fault_at=getattr(told, "field", None) or "",
    )


def _written(schema: Schema, given: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """What a form changes, in the schema's types; an emptied field clears its attribute."""
    written: dict[str, Any] = {}
    for key, typed in given.items():
        attribute = schema.named(key)
        if attribute is None:
            continue
        text = typed.strip()
        if text != _text(before.get(key)):
            written[key] = _value(attribute, text) if text else None
    return written if before else {key: value for key, value in written.items() if value is not None}


def _value(attribute: Attribute, text: str) -> Any:
    """A typed text as the attribute's type; what does not fit is left to the core to refuse."""
    if attribute.type == "Bool":
        return {"true": True, "false": False}.get(text, text)
    if attribute.type == "Number":
        try:
            return int(text) if text.lstrip("-").isdecimal() else float(text.replace(",", "."))
        except ValueError:
            return text
    return text


def _text(value: Any) -> str:
    """A value as a form's field has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _differences(schema: Schema, before: msgspec.Raw, after: msgspec.Raw) -> list[tuple[str, Any, Any]]:
    """What a change has changed: label, value before, value after."""
    was, is_ = (msgspec.json.decode(raw) or {} for raw in (before, after))
    if not isinstance(was, dict) or not isinstance(is_, dict):
        return [("", was, is_)]
    labels = {a.key: a.label or a.key for a in schema.attributes}
    keys = [key for key in {**was, **is_} if was.get(key) != is_.get(key)]
    return [(labels.get(key, key), was.get(key), is_.get(key)) for key in keys]


def _first_known(changes: Sequence[Any]) -> Mapping[str, Any]:
    """The newest attributes that a journal tells of."""
    for change in changes:
        for raw in (change.after, change.before):
            told = msgspec.json.decode(raw)
            if isinstance(told, dict):
                return told
    return {}


OPERATIONS = (
    looks("/contacts", contacts, "Contacts", ListQuery),
    looks("/contacts/new", show_new, "A new contact"),
    sends("/contacts/new", create, "Make a contact", Fields),
    sends("/contacts/filters", save_filter, "Keep a filter", NewFilter),
    sends("/contacts/filters/drop", drop_filter, "Let a filter go", NewFilter),
    looks("/contacts/{id}/edit", show_edit, "Change a contact"),
    sends("/contacts/{id}/edit", edit, "Change a contact", Fields),
    sends("/contacts/{id}/delete", delete, "Take a contact away"),
    looks("/contacts/{id}/history", history, "Who changed what of a contact", HistoryQuery),
    sends("/contacts/{id}/restore", restore, "Make a contact what it was before a change", Restore),
)
