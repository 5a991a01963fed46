"""Finding a person from whatever somebody types, and showing everything about one: what a look-up page asks.

It asks nothing that the other use cases do not: a number, an id, a customer id, a name, a value of an attribute.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ringbook.core.contacts import Contacts
from ringbook.core.context import Context
from ringbook.core.interactions import Interactions
from ringbook.core.lookup import Lookup
from ringbook.domain.caller import Caller, FoundCampaignRecord, FoundDataSet
from ringbook.domain.contact import Contact
from ringbook.domain.criteria import ANY, NAME
from ringbook.domain.interaction import Interaction
from ringbook.domain.object_id import parse_object_id
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.phone import SPELLED
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import CUSTOMER_ID, NAME_KEYS, Schema, fault_of, searchable_text
from ringbook.domain.text import words
from ringbook.store import contacts as stored
from ringbook.store.schema import schema as stored_schema

LONGEST = 200
MOST_FOUND = 20
_MOST_NUMBERS = 10
"""Numbers of one person that are looked up for data sets and campaign records."""
_FEWEST_DIGITS = 3
_NUMBER = re.compile(SPELLED, re.IGNORECASE)
_DIGIT = re.compile(r"\d")


class Why(NamedTuple):
    """A reason why a contact was found: what of it matched, its value there, and how."""

    of: str
    value: str
    how: str


class Match(NamedTuple):
    contact: Contact
    why: Sequence[Why]


class Found(NamedTuple):
    """What a text has found. `caller` is what is known of it as a number, also where that is nobody's.

    `cut`: there may be more people than these.
    """

    matches: Sequence[Match]
    caller: Caller | None = None
    cut: bool = False


class Person(NamedTuple):
    """A contact with everything about it: `data_sets` and `campaign_records` are those of its numbers."""

    contact: Contact
    data_sets: Sequence[FoundDataSet]
    campaign_records: Sequence[FoundCampaignRecord]
    interactions: Sequence[Interaction]
    more: bool


class Finding:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._contacts = Contacts(context)
        self._lookup = Lookup(context)
        self._interactions = Interactions(context)

    async def find(self, text: str) -> Found:
        """Whom a text means: a number in any spelling first, then an id, a customer id, a name, any value."""
        self._context.require("read")
        text = text.strip()
        if not 0 < len(text) <= LONGEST:
            raise Invalid(f"Type a number, a name or an id, of {LONGEST} characters at most.", field="q")
        caller = await self._caller(text)
        if caller is not None and caller.contacts:
            reasons = {c.id: [Why(m.source, m.phone, m.how) for m in c.matched_by] for c in caller.contacts}
            return Found(await self._matches(reasons), caller, caller.more)
        by_id = await self._matches({id_: [Why("id", text, "same id")] for id_ in _ids(text)})
        by_id = [match for match in by_id if _is_meant(match.contact, text)]
        if by_id:
            return Found(by_id, caller)
        found = await self._contacts.find({CUSTOMER_ID: text, NAME: text, ANY: text}, any_of=True, limit=MOST_FOUND + 1)
        async with self._context.database.reading() as tx:
            schema = await stored_schema(tx, self._context.tenant.id)
        matches = [Match(contact, _reasons(schema, contact, text)) for contact in found.contacts[:MOST_FOUND]]
        return Found(matches, caller, found.cut or len(found.contacts) > MOST_FOUND)

    async def person(self, contact_id: int, legs: int = 100) -> Person:
        """Everything about a contact; Missing if there is none."""
        contact, interactions = await self._interactions.of_contact(contact_id, limit=legs)
        numbers = {self._context.phone(p.raw).match_key: p.raw for p in contact.phones if p.raw.strip()}
        asked = list(numbers.values())[:_MOST_NUMBERS]
        callers = await asyncio.gather(*(self._lookup.by_number(raw) for raw in asked))
        records = {record.id: record for caller in callers for record in caller.campaign_records}
        sets = {(one.template, one.number): one for caller in callers for one in caller.data_sets}
        more = any(caller.more for caller in callers) or len(numbers) > _MOST_NUMBERS
        return Person(contact, list(sets.values()), list(records.values()), interactions, more)

    async def _caller(self, text: str) -> Caller | None:
        """What is known of the text as a number; None if it does not look like one."""
        if len(_DIGIT.findall(text)) < _FEWEST_DIGITS or not _NUMBER.fullmatch(text):
            return None
        return await self._lookup.by_number(text)

    async def _matches(self, reasons: dict[int, list[Why]]) -> list[Match]:
        if not reasons:
            return []
        async with self._context.database.reading() as tx:
            found = await stored.several(tx, self._context.tenant.id, list(reasons))
        return [Match(contact, reasons[contact.id]) for contact in found]


def _ids(text: str) -> Iterable[int]:
    """The ids that a text may be: its own, or the one in 24 hexadecimal digits."""
    object_id = parse_object_id(text)
    if object_id is not None:
        yield object_id.id
    elif text.isascii() and text.isdecimal() and len(text) <= 19 and 0 < int(text) <= LARGEST_ID:
        yield int(text)


def _is_meant(contact: Contact, text: str) -> bool:
    object_id = parse_object_id(text)
    return object_id is None or object_id.second == contact.created_second


def _reasons(schema: Schema, contact: Contact, text: str) -> list[Why]:
    """What of a contact is what was typed."""
    reasons: list[Why] = []
    for attribute in schema.attributes:
        value = contact.attributes.get(attribute.key)
        folded = searchable_text(attribute, value)
        if folded is not None and not fault_of(attribute, text) and folded == searchable_text(attribute, text):
            reasons.append(Why(attribute.key, str(value), "same value"))
    if not reasons:
        name = " ".join(str(contact.attributes.get(key) or "") for key in NAME_KEYS).strip()
        begun = [word for word in words(name) if any(word.startswith(asked) for asked in words(text))]
        if begun:
            reasons.append(Why("name", name, "name begins so"))
    return reasons
