"""Whose record is it: which contact each of many list records belongs to, and what that contact takes over from it.

Decided in memory, one record after the other: what one says of a person, the next one finds. So many records that
enter together end as the same records entering one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from ringbook.domain.contact import MOST_SHARING, IdentifiedBy, fitting
from ringbook.domain.layout import RecordDraft
from ringbook.domain.ownership import Link, writable
from ringbook.domain.phone import Phone
from ringbook.domain.schema import CUSTOMER_ID, Attribute, Schema, fault_of, searchable_text
from ringbook.domain.text import search_key

Source = tuple[int, str]
"""Where a contact's number comes from: (0, attribute) or (list record, field)."""
ATTRIBUTES = 0

Value = tuple[int, str]
"""An attribute's id and a value of it, folded."""


@dataclass(slots=True)
class Entering:
    """A record that is being written, with the contact it has, if it has one, and how it found that."""

    record_id: int
    draft: RecordDraft
    phones: Mapping[int, Phone]
    contact_id: int | None = None
    link: Link | None = None

    customer: str = field(init=False)
    """The customer id that the record names, folded; empty where it names none."""

    def __post_init__(self) -> None:
        self.customer = search_key(self.draft.customer_id or "")


@dataclass(slots=True)
class Person:
    """A contact while records are told to it: as it was stored (None: it is new), and as it is becoming."""

    id: int
    before: Mapping[str, Any] | None
    attributes: dict[str, Any]
    numbers_before: Mapping[Source, Phone]
    numbers: dict[Source, Phone]
    written: int
    made_from: int | None = None
    writes: int = 0
    """How often it was written since it was read; making it is none."""
    keys: set[str] = field(default_factory=set)
    customer: str = ""
    """The customer id, folded; empty for who has none."""

    @property
    def changed(self) -> bool:
        return self.writes > 0


class Choice(msgspec.Struct, frozen=True):
    """Among several contacts that a record could have meant, the one that was taken."""

    chosen: int
    by: str
    """What it was recognised by: customer_id, phone, or the attribute that was sought."""
    among: Sequence[int]


class Linked(msgspec.Struct, frozen=True):
    record_id: int
    contact_id: int
    link: Link


def said(schema: Schema, draft: RecordDraft) -> dict[str, Any]:
    """What a record says of its contact; a value that does not fit its attribute stays in the record alone."""
    by_key = schema.by_key
    return {k: v for k, v in draft.attributes.items() if k in by_key and not fault_of(by_key[k], v)}


def values_of(attributes: Iterable[Attribute], values: Mapping[str, Any]) -> Iterator[tuple[Attribute, Value]]:
    """Those of `values` that are these attributes', folded."""
    for attribute in attributes:
        folded = searchable_text(attribute, values.get(attribute.key))
        if folded:
            yield attribute, (attribute.id, folded)


def value_key(value: Value) -> str:
    """The identity key of a value that says who somebody is."""
    return f"u:{value[0]}:{value[1]}"


def customer_key(customer: str) -> str:
    """The identity key of a customer id, folded."""
    return f"c:{customer}"


def value_of(key: str, customer_id: int) -> Value | None:
    """The value that an identity key is of; None for a number's. `customer_id` is that attribute's id."""
    if key.startswith("c:"):
        return customer_id, key[2:]
    if key.startswith("u:"):
        _, attribute_id, folded = key.split(":", 2)
        return int(attribute_id), folded
    return None


def identity_keys(schema: Schema, customer: str, phones: Iterable[Phone], values: Mapping[str, Any]) -> list[str]:
    """What a writer of these holds: identifying numbers, the folded customer id, and values that have to be unique."""
    return [
        *(phone.match_key for phone in phones if phone.identifies),
        *(value_key(value) for _, value in values_of(schema.unique, values)),
        *([customer_key(customer)] if customer else []),
    ]


class People:
    """The contacts that some records may be about, and those that they make.

    `persons` come in the order they were last written. `holders` are the contacts that have a unique value, or one of
    the attribute that is `sought`; `reading` is the tenant's reading of a number, `next_id` gives the id of a contact
    that is made.
    """

    def __init__(
        self,
        schema: Schema,
        persons: Iterable[Person],
        holders: Iterable[tuple[Value, int]],
        reading: Callable[[str], Phone],
        next_id: Callable[[], int],
        sought: Attribute | None = None,
    ) -> None:
        self._schema = schema
        self._told_by = schema.unique if sought is None or sought in schema.unique else (*schema.unique, sought)
        self._reading = reading
        self._next_id = next_id
        self._by_id: dict[int, Person] = {}
        self._by_customer: dict[str, set[int]] = {}
        self._by_number: dict[str, set[int]] = {}
        self._holders: dict[Value, set[int]] = {}
        self._written = 0
        for value, holder in holders:
            self._holders.setdefault(value, set()).add(holder)
        for person in persons:
            self._add(person)
        self.choices: list[Choice] = []
        self.calls: dict[str, int] = {}
        """Whose the calls of unknown callers from a number are now."""

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_id.values())

    def settle(self, record: Entering, values: Mapping[str, Any]) -> Linked:
        """Find or make the record's contact and tell it what the record says, as said() reads it."""
        person, link = self._person_of(record, values)
        if person.made_from != record.record_id:
            # What the contact has no room for stays in the record alone.
            self.write(person, fitting(person.attributes, self._taken(person, link, values)))
        self._number(person, record)
        return Linked(record.record_id, person.id, link)

    # ---- Who is it

    def _person_of(self, record: Entering, values: Mapping[str, Any]) -> tuple[Person, Link]:
        found, by = self.recognise(record.customer, record.phones.values())
        if record.contact_id is not None:
            linked = self._by_id[record.contact_id]
            if self._link_stands(record, linked, by):
                return linked, cast("Link", record.link)
        if found is None:
            # What the schema requires of a contact is no reason to lose a record.
            values = fitting({}, self._schema.with_defaults(self._untaken(values, besides=0)))
            return self.make(values, made_from=record.record_id), "created"
        assert by is not None
        return found, cast("Link", record.link) if record.contact_id == found.id else by

    def next_turn(self) -> int:
        """When the next is written, among all."""
        self._written += 1
        return self._written

    def pass_turns(self, until: int) -> None:
        """Leave the turns up to this one to who is not told here."""
        self._written = max(self._written, until)

    def make(self, values: Mapping[str, Any], made_from: int | None = None) -> Person:
        """A new contact with these values."""
        person = Person(self._next_id(), None, dict(values), {}, {}, self.next_turn(), made_from)
        self._add(person)
        for key, value in values.items():
            if value and key in self._schema.phone_keys:
                self._put_number(person, (ATTRIBUTES, key), self._reading(value))
        return person

    def recognise(self, customer: str, phones: Iterable[Phone]) -> tuple[Person | None, IdentifiedBy | None]:
        """The contact with this customer id, folded, else with one of these numbers; the last written of several."""
        if customer:
            found = self._by_customer.get(customer)
            if found:
                return self._latest(found, "customer_id"), "customer_id"
        numbers = (self._by_number.get(p.match_key, ()) for p in phones if p.identifies)
        sharing = {id_ for ids in numbers if len(ids) <= MOST_SHARING for id_ in ids}
        if customer:
            # One with another customer id is somebody else, whatever the numbers.
            sharing = {id_ for id_ in sharing if not self._by_id[id_].customer}
        return (self._latest(sharing, "phone"), "phone") if sharing else (None, None)

    def _latest(self, ids: Collection[int], by: str) -> Person:
        ordered = sorted((self._by_id[id_] for id_ in ids), key=lambda p: (p.written, p.id), reverse=True)
        if len(ordered) > 1:
            self.choices.append(Choice(ordered[0].id, by, [person.id for person in ordered]))
        return ordered[0]

    def _link_stands(self, record: Entering, linked: Person, by: IdentifiedBy | None) -> bool:
        """Whether a linked record stays with its contact: customer id beats the link, but never a hand-made one.

        A number does not. A record that has come to name another customer than its contact belongs to that one, unless
        it made the contact, which follows it.
        """
        if record.link == "hand":
            return True
        if by == "customer_id":
            return False
        other = record.customer and linked.customer and record.customer != linked.customer
        return record.link == "created" or not other

    # ---- What the contact takes over

    def _taken(self, person: Person, link: Link, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the person takes over, less the unique values that another contact has."""

        def has(raw: str) -> bool:
            return self._reading(raw).match_key in person.keys

        taken = writable(link, values, person.attributes, self._schema.phone_keys, has)
        return self._untaken(taken, besides=person.id)

    def _untaken(self, values: Mapping[str, Any], besides: int) -> Mapping[str, Any]:
        """`values` less the unique ones that another contact has: the record keeps them all the same."""
        taken = {attribute.key for attribute in self.taken(values, besides)}
        return {key: value for key, value in values.items() if key not in taken} if taken else values

    def taken(self, values: Mapping[str, Any], besides: int) -> Iterator[Attribute]:
        """The attributes of whose values, which have to be unique, another contact has the same."""
        for attribute, value in values_of(self._schema.unique, values):
            if self._holders.get(value, set()) - {besides}:
                yield attribute

    def write(self, person: Person, values: Mapping[str, Any]) -> None:
        """Write values over the person's own; None clears one."""
        before = person.attributes
        after = {k: v for k, v in (before | dict(values)).items() if v is not None}
        if after == before:
            return
        self._forget_values(person)
        person.attributes = after
        self._learn_values(person)
        person.written = self.next_turn()
        person.writes += 1
        for key in self._schema.phone_keys:
            if before.get(key) != after.get(key):
                self._put_number(person, (ATTRIBUTES, key), self._reading(after[key]) if after.get(key) else None)

    def _number(self, person: Person, record: Entering) -> None:
        """Have the person found by the record's numbers, and nobody else by them any more."""
        if record.contact_id is not None:
            former = self._by_id[record.contact_id]
            for source in [source for source in former.numbers if source[0] == record.record_id]:
                self._put_number(former, source, None)
        for phone in record.draft.phones:
            self._put_number(person, (record.record_id, phone.field), record.phones[phone.slot])

    def _put_number(self, person: Person, source: Source, phone: Phone | None) -> None:
        old = person.numbers.pop(source, None)
        if old is not None and all(other.match_key != old.match_key for other in person.numbers.values()):
            person.keys.discard(old.match_key)
            self._by_number[old.match_key].discard(person.id)
        if phone is not None:
            person.numbers[source] = phone
            person.keys.add(phone.match_key)
            self._by_number.setdefault(phone.match_key, set()).add(person.id)
            if phone.identifies:
                self.calls.setdefault(phone.match_key, person.id)

    # ---- Who is known

    def with_value(self, value: Value, by: str) -> Person | None:
        """Who has this value of the attribute that is sought; the last written of several."""
        known = self._holders.get(value, set()) & self._by_id.keys()
        return self._latest(known, by) if known else None

    def with_number(self, match_key: str, by: str) -> Person | None:
        """Who has this number, valid or not, unless too many share it; the last written of several."""
        sharing = self._by_number.get(match_key, set())
        return self._latest(sharing, by) if 0 < len(sharing) <= MOST_SHARING else None

    def _add(self, person: Person) -> None:
        self._by_id[person.id] = person
        self._written = max(self._written, person.written)
        self._learn_values(person)
        for phone in person.numbers.values():
            person.keys.add(phone.match_key)
            self._by_number.setdefault(phone.match_key, set()).add(person.id)

    def _learn_values(self, person: Person) -> None:
        person.customer = search_key(str(person.attributes.get(CUSTOMER_ID) or ""))
        if person.customer:
            self._by_customer.setdefault(person.customer, set()).add(person.id)
        for _, value in values_of(self._told_by, person.attributes):
            self._holders.setdefault(value, set()).add(person.id)

    def _forget_values(self, person: Person) -> None:
        if person.customer:
            self._by_customer[person.customer].discard(person.id)
        for _, value in values_of(self._told_by, person.attributes):
            self._holders[value].discard(person.id)
