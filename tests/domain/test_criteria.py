"""What a client's criteria mean."""

from __future__ import annotations

from typing import Any

import pytest

from ringbook.domain.criteria import MOST_CRITERIA, NAME_WORD, Search, Way, search_of
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Attribute, AttributeType, Schema

KINDS: dict[str, AttributeType] = {
    "first_name": "Text",
    "city": "Text",
    "email": "Email",
    "phone1": "Phone",
    "vip": "Bool",
    "size": "Number",
    "secret": "Text",
}
SCHEMA = Schema(
    Attribute(
        id=n, key=key, label=key, type=kind, searchable=key != "secret", aliases=("town",) if key == "city" else ()
    )
    for n, (key, kind) in enumerate(KINDS.items(), start=1)
)
FIRST_NAME, CITY = 1, 2


def of_names(word: str) -> tuple[Way, ...]:
    return (Way("prefix", word, NAME_WORD), Way("prefix", word, FIRST_NAME, "first_name"))


def search(given: dict[str, Any], **how: bool) -> Search:
    return search_of(SCHEMA, given, lambda raw: Phone(raw, None, "", MatchKey(f"key of {raw}"), ""), **how)


def value(text: str, attribute_id: int, key: str) -> tuple[Way, ...]:
    return (Way("value", text, attribute_id, key),)


@pytest.mark.parametrize(
    ("given", "criteria"),
    [
        ({"city": " Ákron "}, [value("akron", CITY, "city")]),
        ({"town": "Akron"}, [value("akron", CITY, "city")]),
        ({"city": "Ak*"}, [(Way("prefix", "ak", CITY, "city"),)]),
        ({"email": "ADA@Example.org"}, [value("ada@example.org", 3, "email")]),
        ({"vip": True}, [value("true", 5, "vip")]),
        ({"vip": "false"}, [value("false", 5, "vip")]),
        ({"size": 43}, [value("43.0", 6, "size")]),
        ({"phone": "555 0101"}, [(Way("number", "key of 555 0101"),)]),
        ({"phone1": "*21#"}, [(Way("number", "key of *21#"),)]),
        ({"name": "Ada  O'Brien"}, [of_names(w) for w in ("ada", "o", "brien")]),
        ({"secret": "x"}, [value("x", 7, "secret")]),
        ({"city": "Akron", "email": "", "vip": None, "name": " "}, [value("akron", CITY, "city")]),
    ],
)
def test_a_value_is_read_by_its_attributes_type(given: dict[str, Any], criteria: list[tuple[Way, ...]]) -> None:
    assert search(given) == Search((tuple(criteria),))


def test_any_searchable_attribute_can_be_meant() -> None:
    (group,) = search({"q": "43"}).groups
    assert {(way.kind, way.key) for way in group[0]} == {
        ("number", ""),
        ("value", "first_name"),
        ("value", "city"),
        ("value", "email"),
        ("value", "size"),
    }


@pytest.mark.parametrize("given", [{}, {"city": ""}, {"city": "  ", "phone": None}])
def test_nothing_asked_is_nobody_found(given: dict[str, Any]) -> None:
    assert search(given) == search(given, any_of=True) == Search(())


@pytest.mark.parametrize("impossible", [{"vip": "perhaps"}, {"size": "large"}, {"no_such": "x"}, {"name": "!?"}])
def test_what_nobody_can_have_empties_the_whole_unless_any_is_enough(impossible: dict[str, Any]) -> None:
    given = {"city": "Akron", **impossible}
    assert search(given).groups == ()
    assert search(given, any_of=True).groups == ((value("akron", CITY, "city"),),)
    assert search(given).unknown == tuple(key for key in impossible if key == "no_such")


def test_a_part_needs_another_criterion() -> None:
    beside = search({"city": "kro", "name": "a"}, contains=True).groups
    assert beside == (((Way("part", "kro", CITY, "city"),), of_names("a")),)
    for how in ({"contains": True}, {"contains": True, "any_of": True}):
        with pytest.raises(Invalid, match="beside another"):
            search({"city": "kro", "first_name": "x"}, **how)
    assert search({"city": "kro*"}, contains=True).groups == (((Way("prefix", "kro", CITY, "city"),),),)


@pytest.mark.parametrize("text", ["*", "a*b", "*a", "**", " *"])
def test_a_star_stands_at_the_end_behind_something(text: str) -> None:
    with pytest.raises(Invalid) as told:
        search({"city": text})
    assert told.value.field == "city"


def test_a_search_is_bounded() -> None:
    with pytest.raises(Invalid):
        search({f"k{n}": "x" for n in range(MOST_CRITERIA + 1)})
    for bad in ("x" * 1001, ["x"], {"a": 1}):
        with pytest.raises(Invalid):
            search({"city": bad})
