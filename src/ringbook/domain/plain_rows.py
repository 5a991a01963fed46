"""Rows of a table read column by column: most of them are plain, and what is plain needs no look at each row.

Plain is a row whose cells all fit, that says something, and that has what the schema requires. It says what
domain/intake.py would read in it, and all others are left to that. A column is read by the rules that a single value is
read by: once for each different cell, or, where all of it is plain text, once for the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple, TypeVar

import msgspec

from ringbook.domain.cells import value_of
from ringbook.domain.contact import LARGEST_CONTACT, MOST_ATTRIBUTES
from ringbook.domain.linking import customer_key, value_key
from ringbook.domain.phone import normalise_all
from ringbook.domain.schema import CUSTOMER_ID, Attribute, Schema, all_fit, fault_of, searchable_text
from ringbook.domain.text import is_storable, plain_search_keys

T = TypeVar("T")


class ReadNumbers(NamedTuple):
    """Telephone numbers as they are understood, row by row; empty and None where a row has none."""

    raws: Sequence[str]
    e164s: Sequence[str | None]
    digits: Sequence[str]
    match_keys: Sequence[str | None]


class Numbers:
    """The telephone numbers of an attribute, row by row: read once somebody asks, which costs as much as all else.

    Who a row is about says its customer id first, and of most rows nobody wants to know more.
    """

    def __init__(self, attribute: str, cells: Sequence[str | None], region: str) -> None:
        self.attribute = attribute
        self._cells = cells
        self._region = region

    @cached_property
    def read(self) -> ReadNumbers:
        return ReadNumbers(*normalise_all(self._cells, self._region))

    @property
    def keys(self) -> Keys:
        """The match keys of valid numbers, as Phone.identifies tells."""
        return Keys(None, "", [key if key and key[0] == "+" else None for key in self.read.match_keys])

    def kept(self, wanted: Sequence[bool]) -> Numbers:
        """Those of these rows."""
        some = Numbers(self.attribute, list(compress(self._cells, wanted)), self._region)
        if "read" in self.__dict__:
            raws, e164s, digits, match_keys = self.read
            some.read = ReadNumbers(
                list(compress(raws, wanted)),
                list(compress(e164s, wanted)),
                list(compress(digits, wanted)),
                list(compress(match_keys, wanted)),
            )
        return some


class Entries(NamedTuple):
    """What contacts are found by: the folded values of an attribute, row by row, None where a row has none."""

    attribute: Attribute
    folded: Sequence[str | None]


class Keys(NamedTuple):
    """Identity keys of one kind, row by row, None where a row has none: values of an attribute, or match keys.

    With its prefix, a key is what writers hold.
    """

    attribute_id: int | None
    prefix: str
    keys: Sequence[str | None]


@dataclass(frozen=True)
class PlainRows:
    """Rows by column. `places` are theirs in the slice, `documents` what they say, as JSON.

    `customers` are the keys of their customer ids, `unique` those of other values that say who somebody is; `sought`
    is the attribute that was chosen for that.
    """

    places: Sequence[int] = ()
    documents: Sequence[str] = ()
    entries: Sequence[Entries] = ()
    numbers: Sequence[Numbers] = ()
    customers: Sequence[Keys] = ()
    unique: Sequence[Keys] = ()
    sought: Attribute | None = None

    @cached_property
    def keys(self) -> Sequence[Keys]:
        """All identity keys."""
        keys = [*(numbers.keys for numbers in self.numbers), *self.unique, *self.customers]
        return keys if self.sought is None else [*keys, *(key for key in self.who if key not in keys)]

    @cached_property
    def who(self) -> Sequence[Keys]:
        """Those of the keys that decide whom a row is about."""
        sought = self.sought
        if sought is None:
            return [*self.customers, *self._numbers_of_nameless()]
        folded = {attribute.key: folded for attribute, folded in self.entries}
        by_number = [Keys(None, "", n.read.match_keys) for n in self.numbers if n.attribute == sought.key]
        return _keys_of_values(folded, sought.key, sought.id, value_key((sought.id, ""))) or by_number

    def _numbers_of_nameless(self) -> Iterator[Keys]:
        """The numbers of rows that name no customer."""
        named = self.customers[0].keys if self.customers else [None] * len(self.places)
        if None in named:
            for numbers in self.numbers:
                keys = zip(numbers.keys.keys, named, strict=True)
                yield Keys(None, "", [key if customer is None else None for key, customer in keys])

    def without(self, places: Collection[int]) -> PlainRows:
        """The others than those at these places."""
        return self._kept([place not in places for place in self.places]) if places else self

    def only(self, places: Collection[int]) -> PlainRows:
        """Those at these places."""
        return self._kept([place in places for place in self.places])

    def _kept(self, wanted: Sequence[bool]) -> PlainRows:
        def some(values: Sequence[T]) -> list[T]:
            return list(compress(values, wanted))

        if all(wanted):
            return self

        def some_keys(columns: Sequence[Keys]) -> list[Keys]:
            return [Keys(keys.attribute_id, keys.prefix, some(keys.keys)) for keys in columns]

        return PlainRows(
            some(self.places),
            some(self.documents),
            [Entries(entries.attribute, some(entries.folded)) for entries in self.entries],
            [numbers.kept(wanted) for numbers in self.numbers],
            some_keys(self.customers),
            some_keys(self.unique),
            self.sought,
        )

    def said(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Places and values, for who reads row by row."""
        return zip(self.places, map(decoded, self.documents), strict=True)

    def held(self) -> list[str]:
        """All identity keys; one that several rows have, several times."""
        return [prefix + key for _, prefix, keys in self.keys for key in keys if key is not None]

    def numbers_of(self, ids: Sequence[int]) -> Iterator[tuple[str, int]]:
        """The match keys that identify somebody, and whose they are, by the ids of the rows."""
        for column in self.numbers:
            yield from ((key, id_) for key, id_ in zip(column.keys.keys, ids, strict=True) if key is not None)

    def sharing(self, others: Collection[str]) -> set[int]:
        """The places of rows that have a key of another row here, or one of the `others`."""
        held = self.held()
        if len(set(held)) == len(held) and (not others or set(others).isdisjoint(held)):
            return set()
        counted = Counter(held)
        counted.update(others)
        return {
            place
            for _, prefix, keys in self.keys
            for place, key in zip(self.places, keys, strict=True)
            if key is not None and counted[prefix + key] > 1
        }


NO_ROWS = PlainRows()


class Read(NamedTuple):
    """A column: what each row says, None for nothing; that folded; and the indexes of rows that do not fit."""

    values: Sequence[Any]
    folded: Sequence[str | None]
    unfit: Collection[int]


def plain_rows(
    schema: Schema, region: str, sought: Attribute | None, columns: Mapping[str, Sequence[str]], count: int
) -> PlainRows:
    """The plain ones of `count` rows, whose cells stand by attribute; a row's place is its index.

    `sought` is the attribute that says who it is, if one was chosen for that.
    """
    if not columns.keys() <= schema.by_key.keys():
        return NO_ROWS  # an attribute is gone, or renamed, since it was settled what goes where
    attributes = [schema.by_key[key] for key in columns]
    read = {attribute.key: _column(attribute, columns[attribute.key]) for attribute in attributes}
    documents = _documents(list(columns), [column.values for column in read.values()], count)
    odd = {at for column in read.values() for at in column.unfit}
    # A character has four bytes at most; who says nearly too much is looked at by himself.
    odd.update(at for at, document in enumerate(documents) if not 2 < len(document) <= LARGEST_CONTACT // 4)
    for key in schema.required_keys:
        odd.update(at for at in range(count) if key not in read or read[key].values[at] is None)
    if schema.has_defaults or len(attributes) > MOST_ATTRIBUTES:
        odd.update(range(count))
    entries = [Entries(attribute, read[attribute.key].folded) for attribute in attributes if attribute.type != "Phone"]
    by_value = {attribute.key: folded for attribute, folded in entries}
    rows = PlainRows(
        range(count),
        documents,
        entries,
        [Numbers(a.key, read[a.key].values, region) for a in attributes if a.type == "Phone"],
        _keys_of_values(by_value, CUSTOMER_ID, schema.by_key[CUSTOMER_ID].id, customer_key("")),
        [key for a in schema.unique for key in _keys_of_values(by_value, a.key, a.id, value_key((a.id, "")))],
        sought,
    )
    if sought is not None:
        odd.update(at for at in range(count) if not rows.who or rows.who[0].keys[at] is None)
    return rows.without(odd)


def _column(attribute: Attribute, cells: Sequence[str]) -> Read:
    return _read_together(attribute, cells) or _read_apart(attribute, cells)


def _read_together(attribute: Attribute, cells: Sequence[str]) -> Read | None:
    """A column of plain text. None where it is not."""
    if attribute.type not in ("Text", "Phone", "Email"):
        return None
    folded = plain_search_keys(cells)
    # An apostrophe at the beginning may be one that an export put there.
    if folded is None or "\n'" in "\n".join(("", *cells)) or not all_fit(attribute, cells):
        return None
    if "" not in folded:
        return Read(cells, folded, ())
    return Read([cell or None for cell in cells], [text or None for text in folded], ())


def _read_apart(attribute: Attribute, cells: Sequence[str]) -> Read:
    """A column of which each different cell is read once."""
    read: dict[str, tuple[Any, str | None]] = {"": (None, None)}
    unfit: set[str] = set()
    for cell in set(cells):
        value = value_of(attribute, cell) if cell else ""
        if value == "":
            read[cell] = None, None
        elif fault_of(attribute, value) or (isinstance(value, str) and not is_storable(value)):
            read[cell] = None, None
            unfit.add(cell)
        else:
            read[cell] = value, searchable_text(attribute, value)
    both = [read[cell] for cell in cells]
    odd = [at for at, cell in enumerate(cells) if cell in unfit] if unfit else ()
    return Read([value for value, _ in both], [folded for _, folded in both], odd)


def _documents(keys: Sequence[str], columns: Sequence[Sequence[Any]], count: int) -> Sequence[str]:
    """What each row says, as JSON, in the order of the columns."""
    if not columns:
        return ["{}"] * count
    rows = zip(*columns, strict=True)
    if all(map(_is_json_within_quotes, columns)):
        cells = ",".join(_encode(key).decode().replace("%", "%%") + ':"%s"' for key in keys)
        template = "{" + cells + "}"
        return [template % row for row in rows]
    if any(None in column for column in columns):
        return [_encode({k: v for k, v in zip(keys, row, strict=True) if v is not None}).decode() for row in rows]
    return [_encode(dict(zip(keys, row, strict=True))).decode() for row in rows]


def _is_json_within_quotes(column: Sequence[Any]) -> bool:
    """Whether these are texts that JSON writes as they are."""
    try:
        together = "".join(column)
    except TypeError:
        return False
    return together.isascii() and together.isprintable() and '"' not in together and "\\" not in together


def _keys_of_values(folded: Mapping[str, Sequence[str | None]], key: str, attribute_id: int, prefix: str) -> list[Keys]:
    return [Keys(attribute_id, prefix, folded[key])] if key in folded else []


_encode = msgspec.json.Encoder().encode
decoded = msgspec.json.Decoder(dict[str, Any]).decode
"""What a document says."""
