"""What a search asks for: criteria that a contact meets in one of several ways, read from a client's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ringbook.domain.phone import Phone
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import LONGEST_TEXT, Attribute, Schema, fault_of, searchable_text
from ringbook.domain.text import fold, words

PHONE = "phone"
NAME = "name"
ANY = "q"
"""The virtual keys: any number of a contact, the words of its name, any searchable attribute."""
VIRTUAL_KEYS = (PHONE, NAME, ANY)
"""What no attribute can be called: these mean the same whatever a tenant's schema is."""
NAME_WORD = 0
"""In the place of an attribute's id: the words of names."""

MOST_CRITERIA = 50
_TEXTS = frozenset({"Text", "Email", "URL"})


@dataclass(frozen=True, slots=True)
class Way:
    """One way to meet a criterion.

    `value`: the attribute's folded value is this text; `prefix`: it begins with it; `part`: it has it somewhere;
    `number`: the contact has this match key, whatever attribute or record it is from; `literal` is the text that it
    is found by alone, if it is no number (contracts/cim.md 2.8).
    """

    kind: Literal["value", "prefix", "part", "number"]
    text: str
    attribute_id: int = 0
    key: str = ""
    literal: str = ""


Criterion = tuple[Way, ...]
"""Met by who meets one of its ways; by nobody if there is none."""

Group = tuple[Criterion, ...]
"""Met by who meets all of its criteria."""


@dataclass(frozen=True, slots=True)
class Search:
    """Met by who meets one of the groups. `unknown` are the keys that the schema lacks."""

    groups: tuple[Group, ...]
    unknown: tuple[str, ...] = ()


def search_of(
    schema: Schema,
    given: Mapping[str, Any],
    reading: Callable[[str], Phone],
    *,
    any_of: bool = False,
    contains: bool = False,
) -> Search:
    """What these criteria mean together, or with `any_of` each alone.

    Keys are attributes, `phone`, `name` or `q`. An empty value asks for nothing, and if nothing is asked for, nobody
    is found: an unset variable must not pop a stranger. A key that the schema lacks, or a value that its attribute
    cannot have, nobody meets. `*` at the end of a text asks for its beginning. `contains` finds texts by any part,
    beside a criterion that is found by index.
    """
    if len(given) > MOST_CRITERIA:
        raise Invalid(f"A search has {MOST_CRITERIA} criteria at most.")
    asked = {key: text for key, value in given.items() if (text := _text(key, value)).strip()}
    groups = [_group(schema, key, text, reading, contains) for key, text in asked.items()]
    if not any_of and groups:
        groups = [tuple(criterion for group in groups for criterion in group)]
    for group in groups:
        if all(way.kind == "part" for criterion in group for way in criterion) and any(group):
            raise Invalid("A part of a text is found beside another criterion: a number, a name, a beginning with *.")
    unknown = tuple(key for key in asked if key not in VIRTUAL_KEYS and schema.named(key) is None)
    return Search(tuple(group for group in groups if group and all(group)), unknown)


def _text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise Invalid("A criterion is a text, a number, true or false.", field=key[:64])
    text = str(value)
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"A criterion has {LONGEST_TEXT} characters at most.", field=key[:64])
    return text


def _group(schema: Schema, key: str, text: str, reading: Callable[[str], Phone], contains: bool) -> Group:
    """The criteria of one key: a name has one for each word. A criterion without a way is met by nobody."""
    if key == PHONE:
        return ((_number(reading(text)),),)
    if key == NAME:
        return tuple((Way("prefix", word, NAME_WORD),) for word in words(text)) or ((),)
    if key == ANY:
        return (_anywhere(schema, text, reading),)
    attribute = schema.named(key)
    return ((),) if attribute is None else (_of_attribute(attribute, key, text, reading, contains),)


def _number(phone: Phone) -> Way:
    return Way("number", phone.match_key, literal=phone.literal)


def _of_attribute(
    attribute: Attribute, asked: str, text: str, reading: Callable[[str], Phone], contains: bool
) -> Criterion:
    if attribute.type == "Phone":
        return (_number(reading(text)),)
    if attribute.type in _TEXTS:
        begun, star, rest = text.partition("*")
        if star and (rest.strip("* ") or not fold(begun)):
            raise Invalid("* stands at the end of a value only, behind its beginning.", field=asked)
        if star:
            return (Way("prefix", fold(begun), attribute.id, attribute.key),)
        if contains and attribute.type == "Text":
            return (Way("part", fold(text), attribute.id, attribute.key),)
    elif fault_of(attribute, text.strip()):
        return ()
    folded = searchable_text(attribute, text.strip())
    return () if folded is None else (Way("value", folded, attribute.id, attribute.key),)


def _anywhere(schema: Schema, text: str, reading: Callable[[str], Phone]) -> Criterion:
    """Any searchable attribute with this value, or any number that this is."""
    ways = [] if "*" in text else [_number(reading(text))]
    for attribute in schema.attributes:
        if attribute.searchable and attribute.type != "Phone":
            ways += _of_attribute(attribute, ANY, text, reading, contains=False)
    return tuple(ways)
