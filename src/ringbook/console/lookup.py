"""Looking up: one field for a number in any spelling, a name, an id; the answer is the person."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.finding import LONGEST, Person
from ringbook.web.dialect import Call


class Query(msgspec.Struct, frozen=True):
    q: str = ""
    said: str = ""


class PersonQuery(msgspec.Struct, frozen=True):
    q: str = ""
    said: str = ""


SAID = {
    "saved": "Saved.",
    "restored": "Restored as it was. The history keeps what it was until now.",
    "deleted": "The contact is gone. Its history stays in the journal.",
    "created": "The contact is there.",
    "merged": "They are one person now.",
    "unmerged": "They are two again.",
    "linked": "The call is this person's now.",
}
"""What a page says of the form that led to it."""


async def lookup(records: Records, call: Call[Query, None]) -> Response:
    text = call.query.q.strip()
    said = SAID.get(call.query.said, "")
    if not text:
        recent = await records.contacts.page(limit=5)
        return page(call.request, "lookup.html", text="", found=None, recent=recent, said=said, words=words)
    if len(text) > LONGEST:
        text = text[:LONGEST]
    found = await records.finding.find(text)
    if len(found.matches) == 1 and not found.cut:
        match = found.matches[0]
        person = await records.finding.person(match.contact.id)
        return await person_page(records, call, person, search=text, why=match.why)
    return page(
        call.request, "lookup.html", text=text, search=text, found=found, recent=[], said=said, words=words,
        schema=await records.schema.attributes(),
    )  # fmt: skip


async def contact(records: Records, call: Call[PersonQuery, None]) -> Response:
    person = await records.finding.person(words.id_of(call.path["id"]))
    return await person_page(records, call, person, search=call.query.q, said=SAID.get(call.query.said, ""))


async def person_page(
    records: Records,
    call: Call[Query, None] | Call[PersonQuery, None],
    person: Person,
    *,
    search: str = "",
    why: object = (),
    said: str = "",
) -> Response:
    schema = await records.schema.attributes()
    numbers: dict[str, list[str]] = {}
    for phone in person.contact.phones:
        numbers.setdefault(phone.e164 or phone.raw, []).append(phone.source)
    merges = await records.merging.of_contact(person.contact.id)
    labels = {attribute.key: attribute.label for attribute in schema.attributes}
    return page(
        call.request,
        "person.html",
        person=person,
        contact=person.contact,
        name=words.name_of(person.contact.attributes),
        attributes=words.shown(schema, person.contact),
        numbers=numbers,
        labels=labels,
        merges=[m for m in merges if m.undone_at is None and m.kept == person.contact.id],
        search=search,
        why=why,
        said=said,
        words=words,
    )


async def home(records: Records, call: Call[None, None]) -> Response:
    return go(HOME)


OPERATIONS = (
    looks("", lookup, "Look up anybody", Query),
    looks("/", home, "Look up anybody"),
    looks("/contacts/{id}", contact, "A person", PersonQuery),
)
