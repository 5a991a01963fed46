"""Rows that are contacts, many at a time: what can be known of each without the database, and what each does to whom.

A row does what a single write of the same attributes does. Decided in memory, one row after the other: what one says of
a person, the next one finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from operator import attrgetter
from typing import Any, Literal

import msgspec

from ringbook.domain.contact import check_size
from ringbook.domain.linking import ATTRIBUTES, People, Person, Value, identity_keys, value_key, values_of
from ringbook.domain.phone import Phone, normalise
from ringbook.domain.plain_rows import NO_ROWS, PlainRows
from ringbook.domain.problems import Conflict, Invalid, Missing, Problem
from ringbook.domain.schema import CUSTOMER_ID, Attribute, Schema
from ringbook.domain.text import is_storable, search_key

Mode = Literal["add", "update", "upsert"]
What = Literal["added", "updated", "unchanged", "refused"]
Effect = Literal["nothing", "newcomers", "changes"]
"""What rows do to contacts: nothing; they bring new ones, and leave those who were there alone; or they may not."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one row: whom it made or is about, or why it was refused. `at` is its place, from 0."""

    at: int
    what: What
    id: int | None = None
    problem: Problem | None = None


class Preparing(msgspec.Struct, frozen=True):
    """What rows are read by: the tenant's region and attributes, and the attribute that says who it is.

    Without one, it is said by the customer id, else by a valid number.
    """

    region: str
    attributes: tuple[Attribute, ...]
    match: str | None = None

    @property
    def sought(self) -> Attribute | None:
        """The attribute that says who it is; Invalid if the schema lacks it."""
        if self.match is None:
            return None
        found = next((a for a in self.attributes if a.key == self.match), None)
        if found is None:
            raise Invalid("The schema has no such attribute.", field="match")
        return found


class Arrival(msgspec.Struct):
    """A row that fits the schema. `at` is its place."""

    at: int
    values: dict[str, Any]
    phones: dict[str, Phone]
    """Its numbers, by attribute."""
    customer: str
    """The customer id that it names, folded; empty where it names none."""
    keys: list[str]
    """The identity keys of whom it may be about."""
    sought: Value | str | None = None
    """What says who it is, where an attribute was chosen for that: a value of it, or a match key."""


class Prepared(msgspec.Struct):
    """Rows as they were read, in their order; those that do not fit; and those that are plain."""

    how: Preparing
    arrivals: list[Arrival]
    refused: list[Outcome]
    plain: PlainRows = NO_ROWS

    @property
    def count(self) -> int:
        return len(self.arrivals) + len(self.refused) + len(self.plain.places)

    def keys(self) -> Set[str] | None:
        """The identity keys of whom the rows may be about; None where these do not say all.

        A default may be a key, and whom a number means that is sought may have it as any of its numbers.
        """
        sought = self.how.sought
        if any(attribute.default for attribute in self.how.attributes) or (sought and sought.type == "Phone"):
            return None
        return {*self.plain.held(), *(key for row in self.arrivals for key in row.keys)}

    def reading_apart(self, places: Collection[int]) -> Prepared:
        """The same, with the plain rows at these places read as all others are."""
        if not places:
            return self
        apart = prepared(self.how, self.plain.only(places).said())
        arrivals = sorted([*self.arrivals, *apart.arrivals], key=attrgetter("at"))
        return Prepared(self.how, arrivals, [*self.refused, *apart.refused], self.plain.without(places))


def prepare(how: Preparing, rows: Sequence[Mapping[str, Any]]) -> Prepared:
    """Read rows of attributes. It needs no database, so that another process can do it."""
    return prepared(how, enumerate(rows))


def prepared(how: Preparing, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Prepared:
    """The same of rows with their places."""
    reading = _Reading(how)
    arrivals: list[Arrival] = []
    refused: list[Outcome] = []
    for at, row in rows:
        try:
            arrivals.append(reading.arrival(at, row))
        except Problem as problem:
            refused.append(Outcome(at, "refused", None, problem.to_keep()))
    return Prepared(how, arrivals, refused)


class _Reading:
    def __init__(self, how: Preparing) -> None:
        self._schema = Schema(how.attributes)
        self._region = how.region
        self._sought = how.sought

    def arrival(self, at: int, row: Mapping[str, Any]) -> Arrival:
        values = self._schema.accept(row)
        for key, value in values.items():
            if isinstance(value, str) and not is_storable(value):
                raise Invalid("A value cannot be stored.", field=key)
        phone_keys = self._schema.phone_keys
        phones = {key: normalise(values[key], self._region) for key in values if key in phone_keys and values[key]}
        customer = values.get(CUSTOMER_ID)
        # As a single write reads it: blanks are nobody's id.
        folded = search_key(customer) if customer and customer.strip() else ""
        sought = self._sought_by(values, phones)
        return Arrival(at, values, phones, folded, self._keys(values, phones, folded, sought), sought)

    def _keys(
        self, values: Mapping[str, Any], phones: Mapping[str, Phone], customer: str, sought: Value | str | None
    ) -> list[str]:
        keys = identity_keys(self._schema, customer, phones.values(), values)
        if isinstance(sought, str):
            keys.append(sought)
        elif sought is not None:
            keys.append(value_key(sought))
        return keys

    def _sought_by(self, values: Mapping[str, Any], phones: Mapping[str, Phone]) -> Value | str | None:
        sought = self._sought
        if sought is None:
            return None
        if sought.type == "Phone":
            phone = phones.get(sought.key)
            if phone is not None:
                return phone.match_key
        else:
            for _, value in values_of([sought], values):
                return value
        raise Invalid(f"{sought.key} says who it is, and is empty.", field=sought.key)


def about_nobody_else(rows: Sequence[Arrival]) -> set[int]:
    """The places of rows that are about nobody whom another row here is about: they share no key."""
    having = Counter(key for row in rows for key in set(row.keys))
    return {row.at for row in rows if all(having[key] == 1 for key in row.keys)}


def says_nothing_new(schema: Schema, values: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether a contact with the attributes that are known stays as it is, and may, when these are told to it."""
    if any(known.get(key) != value for key, value in values.items()):
        return False
    return all(known.get(key) not in (None, "") for key in schema.required_keys if key in values)


class Newcomers:
    """Rows, told one after the other to the people that they may be about.

    `made` are those who came in: id and attributes. `changes` is what rows did to those who were there: id, attributes
    before and after. Both in the order of the rows.
    """

    def __init__(self, schema: Schema, people: People, how: Preparing, mode: Mode) -> None:
        self._schema = schema
        self._people = people
        self._match = how.match
        self._mode = mode
        self.made: list[tuple[int, Mapping[str, Any]]] = []
        self.strangers: list[Person] = []
        """Those who came in without being told to the people."""
        self.changes: list[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = []

    def tell(self, row: Arrival) -> Outcome:
        """What becomes of a row, as of a single write of it."""
        choices = len(self._people.choices)
        try:
            person, by = self._person(row)
            return self._make(row) if person is None else self._change(row, person, by)
        except Problem as problem:
            # Who was refused has chosen nobody.
            del self._people.choices[choices:]
            return Outcome(row.at, "refused", None, problem.to_keep())

    def _person(self, row: Arrival) -> tuple[Person | None, str]:
        if self._match is None:
            person, by = self._people.recognise(row.customer, row.phones.values())
            return person, by or ""
        if isinstance(row.sought, str):
            return self._people.with_number(row.sought, self._match), self._match
        assert row.sought is not None, "a row without what says who it is does not arrive"
        return self._people.with_value(row.sought, self._match), self._match

    def _make(self, row: Arrival) -> Outcome:
        if self._mode == "update":
            raise Missing("There is no such contact.", field=self._match)
        attributes = self._schema.complete(row.values)
        check_size(attributes, {})
        self._refuse_taken(attributes, besides=0)
        return self._made(row, self._people.make(attributes))

    def let_in(self, row: Arrival, id_: int) -> Outcome:
        """The same as tell(), of a row that is about nobody who is known, nor about whom another row here is."""
        try:
            attributes = self._schema.complete(row.values)
            check_size(attributes, {})
        except Problem as problem:
            return Outcome(row.at, "refused", None, problem.to_keep())
        numbers = {(ATTRIBUTES, key): phone for key, phone in row.phones.items()}
        person = Person(id_, None, attributes, {}, numbers, self._people.next_turn())
        self.strangers.append(person)
        return self._made(row, person)

    def _made(self, row: Arrival, person: Person) -> Outcome:
        self.made.append((person.id, person.attributes))
        return Outcome(row.at, "added", person.id)

    def _change(self, row: Arrival, person: Person, by: str) -> Outcome:
        if self._mode == "add":
            raise Conflict(f"A contact with this {by} exists.", field=by, contact_id=person.id)
        before = person.attributes
        after = {key: value for key, value in (before | row.values).items() if value is not None}
        self._schema.check_required(after, row.values)
        if after == before:
            return Outcome(row.at, "unchanged", person.id)
        check_size(after, before)
        self._refuse_taken(after, besides=person.id)
        self._people.write(person, row.values)
        self.changes.append((person.id, before, person.attributes))
        return Outcome(row.at, "updated", person.id)

    def _refuse_taken(self, attributes: Mapping[str, Any], besides: int) -> None:
        for attribute in self._people.taken(attributes, besides):
            raise Conflict(f"Another contact has this {attribute.key}.", field=attribute.key)
