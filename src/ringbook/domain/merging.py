"""What two contacts become as one, value by value, and what is left of them when that is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ringbook.domain.contact import Contact
from ringbook.domain.phone import Phone
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Schema, converted

_EMPTY = (None, "")


class KeptValue(msgspec.Struct, frozen=True):
    """A value of the merged contact: whose it is (`contact`), and the other's, if that was `dropped` for it."""

    key: str
    value: Any
    contact: int
    dropped: Any = None


class KeptNumber(msgspec.Struct, frozen=True):
    """A number that lost its attribute `was` to another one, and the attribute that it has now.

    Without one it still finds the contact, as a number that came with `contact`.
    """

    raw: str
    contact: int
    was: str
    key: str | None = None


class Evidence(msgspec.Struct, frozen=True):
    """Why a merged contact is what it is, and all that undoing it needs.

    `before` and `after` are the attributes of the contact that was kept. `records` are list records with how they had
    found their contact, `sources` are those that numbers came along from.
    """

    fields: list[KeptValue]
    numbers: list[KeptNumber]
    before: dict[str, Any]
    after: dict[str, Any]
    records: list[tuple[int, str | None]]
    calls: list[int]
    attempts: list[int]
    sources: list[int]


class Merge(msgspec.Struct, frozen=True):
    """One contact (`merged`) that was made part of another one (`kept`), until that is undone."""

    id: int
    kept: int
    merged: int
    merged_at: datetime
    undone_at: datetime | None
    evidence: Evidence


class Combined(msgspec.Struct, frozen=True):
    """The attributes of two contacts as one, and where each of them is from."""

    attributes: dict[str, Any]
    fields: list[KeptValue]
    numbers: list[KeptNumber]


def combine(
    schema: Schema, kept: Contact, merged: Contact, chosen: Mapping[str, int], reading: Callable[[str], Phone]
) -> Combined:
    """What both are together: the kept one's values, and the other's where it has none.

    `chosen` says whose value of an attribute is kept instead, also if that one has none. A number is never lost: one
    whose attribute has another value moves to the next phone attribute that is free.
    """
    attributes = dict(kept.attributes)
    fields: list[KeptValue] = []
    lost: list[KeptNumber] = []
    for key in {**kept.attributes, **merged.attributes}:
        mine, theirs = kept.attributes.get(key), merged.attributes.get(key)
        owner = chosen.get(key)
        if owner not in (kept.id, merged.id):
            owner = merged.id if mine in _EMPTY and theirs not in _EMPTY else kept.id
        value, other = (mine, theirs) if owner == kept.id else (theirs, mine)
        dropped = other if other not in _EMPTY and other != value else None
        if value is None:
            attributes.pop(key, None)
        else:
            attributes[key] = value
        fields.append(KeptValue(key, value, owner, dropped))
        if dropped is not None and key in schema.phone_keys:
            lost.append(KeptNumber(str(dropped), merged.id if owner == kept.id else kept.id, key))
    return Combined(attributes, fields, _placed(schema, attributes, lost, chosen, reading))


def _placed(
    schema: Schema,
    attributes: dict[str, Any],
    lost: Sequence[KeptNumber],
    chosen: Mapping[str, int],
    reading: Callable[[str], Phone],
) -> list[KeptNumber]:
    """The numbers that lost their attribute, less those that the contact has anyway, each in its new place."""
    has = {reading(str(attributes[key])).match_key for key in schema.phone_keys if attributes.get(key)}
    free = [
        a.key
        for a in schema.attributes
        if a.type == "Phone" and attributes.get(a.key) in _EMPTY and a.key not in chosen
    ]
    placed: list[KeptNumber] = []
    for number in lost:
        match_key = reading(number.raw).match_key
        if match_key in has:
            continue
        has.add(match_key)
        place = free.pop(0) if free else None
        if place is not None:
            attributes[place] = number.raw
        placed.append(msgspec.structs.replace(number, key=place))
    return placed


def undone(now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`now` without what going from `before` to `after` did: what was written since stays."""
    since = {key for key in {*now, *after} if now.get(key) != after.get(key)}
    left = {key: now.get(key) if key in since else value for key, value in before.items()}
    left |= {key: value for key, value in now.items() if key in since}
    return {key: value for key, value in left.items() if value is not None}


def as_of_now(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of an earlier time under their present keys; a value that its attribute cannot have is left out."""
    present: dict[str, Any] = {}
    for key, value in values.items():
        attribute = schema.named(key)
        try:
            present[attribute.key if attribute else key] = converted(attribute, value) if attribute else value
        except Invalid:
            continue
    return present
