"""Two contacts that are one person: side by side, made one, and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Fields, Form
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.domain.contact import Contact
from ringbook.domain.problems import Conflict, Invalid
from ringbook.domain.schema import Schema
from ringbook.web.dialect import Call


class Query(msgspec.Struct, frozen=True):
    q: str = ""
    other: str = ""


class Apart(Form, frozen=True):
    merged: int = 0


class Compared(NamedTuple):
    """An attribute of both: its key and label, and the two values."""

    key: str
    label: str
    type: str
    mine: object
    theirs: object

    @property
    def differs(self) -> bool:
        return self.mine not in (None, "") and self.theirs not in (None, "") and self.mine != self.theirs


async def show(records: Records, call: Call[Query, None]) -> Response:
    """Find the other one, then both side by side."""
    contact = await records.contacts.get(words.id_of(call.path["id"]))
    if not call.query.other:
        return await _choose(records, call, contact)
    other = await records.contacts.get(words.id_of(call.query.other))
    return await _side_by_side(records, call, contact, other)


async def merge(records: Records, call: Call[None, Fields]) -> Response:
    contact = await records.contacts.get(words.id_of(call.path["id"]))
    other = await records.contacts.get(words.id_of(call.body.texts.get("other", "")))
    whose = {name[5:]: text for name, text in call.body.texts.items() if name.startswith("keep-")}
    chosen = {key: other.id if text == "theirs" else contact.id for key, text in whose.items()}
    try:
        await records.merging.merge(contact.id, [other.id], chosen)
    except (Invalid, Conflict) as told:
        return await _side_by_side(records, call, contact, other, told.message, 409)
    return go(f"{HOME}/contacts/{contact.id}?said=merged")


async def unmerge(records: Records, call: Call[None, Apart]) -> Response:
    parted = await records.merging.unmerge(words.id_of(call.path["id"]), call.body.merged or None)
    return go(f"{HOME}/contacts/{parted.kept.id}?said=unmerged")


async def _choose(records: Records, call: Call[Query, None], contact: Contact) -> Response:
    """Whom to merge with: who shares a number, or is found by what is typed."""
    text = call.query.q.strip()
    candidates: dict[int, Contact] = {}
    if text:
        candidates = {m.contact.id: m.contact for m in (await records.finding.find(text[:200])).matches}
    else:
        for phone in contact.phones[:5]:
            candidates |= {m.contact.id: m.contact for m in (await records.finding.find(phone.raw)).matches}
    candidates.pop(contact.id, None)
    return page(
        call.request,
        "merge_choose.html",
        contact=contact,
        name=words.name_of(contact.attributes),
        text=text,
        candidates=list(candidates.values()),
        words=words,
    )


async def _side_by_side(
    records: Records,
    call: Call[Query, None] | Call[None, Fields],
    contact: Contact,
    other: Contact,
    fault: str = "",
    status: int = 200,
) -> Response:
    schema = await records.schema.attributes()
    return page(
        call.request,
        "merge.html",
        status,
        contact=contact,
        other=other,
        name=words.name_of(contact.attributes),
        other_name=words.name_of(other.attributes),
        compared=_compared(schema, contact, other),
        fault=fault,
        words=words,
    )


def _compared(schema: Schema, contact: Contact, other: Contact) -> Sequence[Compared]:
    keys = list(dict.fromkeys([*(a.key for a in schema.attributes), *contact.attributes, *other.attributes]))
    found = []
    for key in keys:
        mine, theirs = contact.attributes.get(key), other.attributes.get(key)
        if mine not in (None, "") or theirs not in (None, ""):
            attribute = schema.named(key)
            label = key if attribute is None else attribute.label or key
            found.append(Compared(key, label, "Text" if attribute is None else attribute.type, mine, theirs))
    return found


OPERATIONS = (
    looks("/contacts/{id}/merge", show, "Two contacts side by side", Query),
    sends("/contacts/{id}/merge", merge, "Make two contacts one", Fields),
    sends("/contacts/{id}/unmerge", unmerge, "Take two contacts apart", Apart),
)
