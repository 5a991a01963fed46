"""What a search asks for: criteria that a contact meets in one of several ways, read from a client's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ringbook.domain.phone import Phone
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import LONGEST_TEXT, NAME_KEYS, Attribute, Schema, fault_of, searchable_text
from ringbook.domain.text import fold, words

PHONE = "phone"
NAME = "name"
ANY = "q"
"""The virtual keys: any number of a contact, the words of its name, any searchable attribute."""
VIRTUAL_KEYS = (PHONE, NAME, ANY)
"""What no attribute can be called: these mean the same whatever a tenant's schema is."""
NAME_WORD = 0
"""In the place of an attribute's id: the words of names that no name of the contact begins with."""

NEWEST = "-created_at"
"""The order in which a search answers unless it is told another one: the newest contact first."""

MOST_CRITERIA = 50
_TEXTS = frozenset({"Text", "Email", "URL"})
_UNORDERED = frozenset({"Phone", "Bool"})


@dataclass(frozen=True, slots=True)
class Between:
    """A criterion that asks for a range: from one value to another, both included; None leaves an end open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to meet a criterion.

    `value`: the attribute's folded value is this text; `prefix`: it begins with it; `part`: it has it somewhere;
    `range`: it is not below `text` and not above `high`; `amount`: the same, of numbers, which no index has in their
    order; `number`: the contact has this match key, whatever attribute or record it is from; `literal` is the text that
    it is found by alone, if it is no number (contracts/cim.md 2.8).
    """

    kind: Literal["value", "prefix", "range", "part", "amount", "number"]
    text: str
    attribute_id: int = 0
    key: str = ""
    literal: str = ""
    high: str = ""

    @property
    def is_indexed(self) -> bool:
        """Whether an index finds who meets it; else it is asked of contacts that another criterion has found."""
        return self.kind not in ("part", "amount")


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
    asked = {key: value for key, value in given.items() if _asks(key, value)}
    groups = [
        (_range(schema, key, value),)
        if isinstance(value, Between)
        else _group(schema, key, _text(key, value), reading, contains)
        for key, value in asked.items()
    ]
    if not any_of and groups:
        groups = [tuple(criterion for group in groups for criterion in group)]
    for group in groups:
        if not any(way.is_indexed for criterion in group for way in criterion) and any(group):
            raise Invalid(
                "A part of a text, or a range of numbers, is found beside another criterion: a phone, a name, a value."
            )
    unknown = tuple(key for key in asked if key not in VIRTUAL_KEYS and schema.named(key) is None)
    return Search(tuple(group for group in groups if group and all(group)), unknown)


def _asks(key: str, value: Any) -> bool:
    """Whether a value asks for anything."""
    if isinstance(value, Between):
        return _asks(key, value.low) or _asks(key, value.high)
    return bool(_text(key, value).strip())


def _range(schema: Schema, key: str, asked: Between) -> Criterion:
    """The criterion of a range of dates, times, numbers or texts; met by nobody where the schema lacks the key.

    Invalid for an attribute that has no order, and for an end that its values cannot have.
    """
    attribute = schema.named(key)
    if key in VIRTUAL_KEYS or (attribute is not None and attribute.type in _UNORDERED):
        raise Invalid("There is no range of this.", field=key[:64])
    if attribute is None:
        return ()
    ends = []
    for end in (asked.low, asked.high):
        text = _text(key, end).strip()
        if text and attribute.type not in _TEXTS and fault_of(attribute, text):
            raise Invalid(f"{key} {fault_of(attribute, text)}.", field=key[:64])
        ends.append(searchable_text(attribute, text) or "" if text else "")
    kind: Literal["amount", "range"] = "amount" if attribute.type == "Number" else "range"
    return (Way(kind, ends[0], attribute.id, attribute.key, high=ends[1]),)


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
        return tuple(_of_names(schema, word) for word in words(text)) or ((),)
    if key == ANY:
        return (_anywhere(schema, text, reading),)
    attribute = schema.named(key)
    return ((),) if attribute is None else (_of_attribute(attribute, key, text, reading, contains),)


def _of_names(schema: Schema, word: str) -> Criterion:
    """A word of a name begins so. Where that is the first one, the name itself does, and the word has no entry."""
    names = (schema.by_key[key] for key in NAME_KEYS if key in schema.by_key)
    return (Way("prefix", word, NAME_WORD), *(Way("prefix", word, name.id, name.key) for name in names))


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
