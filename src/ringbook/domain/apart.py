"""Records of a batch about whom no other record of it is: such a one is linked without a look at the others.

Most are. The others, and who changes a contact that is known, are told to People one after the other
(domain/linking.py), whose rules these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ringbook.domain.contact import IdentifiedBy, fitting
from ringbook.domain.linking import ATTRIBUTES, Entering, Linked, People, Person, Source, values_of
from ringbook.domain.ownership import writable
from ringbook.domain.phone import Phone
from ringbook.domain.schema import CUSTOMER_ID, Schema
from ringbook.domain.text import search_key

Holding = tuple[str, int]
"""An identity key, and a contact that has it."""


def apart(keys: Sequence[Sequence[str]], holdings: Iterable[Holding]) -> dict[int, int | None]:
    """By place, the records that share neither a key nor a contact with another one here: the one contact that each may
    mean, None where that is nobody. `keys` are the identity keys of each, `holdings` who has them.
    """
    first: dict[str, int] = {}
    entangled: set[int] = set()
    for at, own in enumerate(keys):
        for key in own:
            other = first.setdefault(key, at)
            if other != at:
                entangled.add(at)
                entangled.add(other)
    meant: dict[int, int] = {}
    about: dict[int, int] = {}
    for key, contact_id in holdings:
        at = first[key]
        if meant.setdefault(at, contact_id) != contact_id:
            entangled.add(at)
        other = about.setdefault(contact_id, at)
        if other != at:
            entangled.add(at)
            entangled.add(other)
    return {at: meant.get(at) for at in range(len(keys)) if at not in entangled}


def known_as(
    schema: Schema,
    record: Entering,
    values: Mapping[str, Any],
    attributes: Mapping[str, Any],
    has_number: Callable[[str], bool],
) -> IdentifiedBy | None:
    """How the record finds the one contact with these attributes that it may mean; None where it changes that contact,
    or means another one.
    """
    customer = search_key(str(attributes.get(CUSTOMER_ID) or ""))
    if record.customer and customer and record.customer != customer:
        return None
    by: IdentifiedBy = "customer_id" if record.customer and customer else "phone"
    taken = writable(by, values, attributes, schema.phone_keys, has_number)
    return None if any(attributes.get(key) != value for key, value in taken.items()) else by


def stranger(
    schema: Schema, record: Entering, values: Mapping[str, Any], reading: Callable[[str], Phone], id_: int, turn: int
) -> Person:
    """The contact that a record makes of whom nobody knows, in a schema without defaults."""
    attributes = dict(fitting({}, values))
    numbers = {
        (ATTRIBUTES, key): reading(value) for key, value in attributes.items() if value and key in schema.phone_keys
    }
    for phone in record.draft.phones:
        numbers[record.record_id, phone.field] = record.phones[phone.slot]
    return Person(id_, None, attributes, {}, numbers, turn, record.record_id)


class Told(NamedTuple):
    """A record, what it says of its contact, and the identity keys of whom it may mean."""

    record: Entering
    values: Mapping[str, Any]
    keys: Sequence[str]


class ShortWays:
    """Which records of a batch go a short way, and the links of those that do.

    `holdings` are the contacts with their keys, `contacts` the attributes of those, by id.
    """

    def __init__(
        self,
        schema: Schema,
        told: Sequence[Told],
        holdings: Sequence[Holding],
        contacts: Mapping[int, Mapping[str, Any]],
        reading: Callable[[str], Phone],
    ) -> None:
        self._schema = schema
        self._reading = reading
        self._contacts = contacts
        self._holdings = set(holdings)
        # A default may be a number or a value that says who somebody is.
        self._meant = {} if schema.has_defaults else apart([one.keys for one in told], holdings)
        self._known: dict[int, Linked] = {}
        self._unknown: set[int] = set()
        self.numbers: list[tuple[int, Source, Phone]] = []
        """What contacts that stay as they are, are found by from now on."""
        self.strangers: list[Person] = []
        """The contacts that were made."""

    def look(self, at: int, told: Told) -> None:
        """Decide about the record at this place of the batch."""
        record, values, _ = told
        if record.contact_id is not None or at not in self._meant or any(values_of(self._schema.unique, values)):
            return
        contact_id = self._meant[at]
        if contact_id is None:
            self._unknown.add(record.record_id)
        elif contact_id in self._contacts:
            by = known_as(self._schema, record, values, self._contacts[contact_id], partial(self._has, contact_id))
            if by is not None:
                self._known[record.record_id] = Linked(record.record_id, contact_id, by)

    def _has(self, contact_id: int, raw: str) -> bool:
        return (self._reading(raw).match_key, contact_id) in self._holdings

    @property
    def settled(self) -> set[int]:
        """The contacts that stay as they are: nobody has to be told of them."""
        return {linked.contact_id for linked in self._known.values()}

    def link(self, told: Told, people: People, next_id: Callable[[], int]) -> Linked:
        """What becomes of a record: the same as if it was told to the people, to whom all others are."""
        record, values, _ = told
        linked = self._known.get(record.record_id)
        if linked is not None:
            for phone in record.draft.phones:
                number = record.phones[phone.slot]
                self.numbers.append((linked.contact_id, (record.record_id, phone.field), number))
                if number.identifies:
                    people.calls.setdefault(number.match_key, linked.contact_id)
            return linked
        if record.record_id not in self._unknown:
            return people.settle(record, values)
        person = stranger(self._schema, record, values, self._reading, next_id(), people.next_turn())
        self.strangers.append(person)
        for number in person.numbers.values():
            if number.identifies:
                people.calls.setdefault(number.match_key, person.id)
        return Linked(record.record_id, person.id, "created")
