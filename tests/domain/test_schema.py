"""The eight types of attributes, and what a contact must and may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.problems import Invalid
from ringbook.domain.schema import (
    LONGEST_TEXT,
    PREDEFINED,
    TYPE_SPELLINGS,
    Attribute,
    AttributeType,
    Schema,
    all_fit,
    converted,
    fault_of,
    searchable_text,
)

GOOD: dict[AttributeType, list[Any]] = {
    "Text": ["", "x", "x" * LONGEST_TEXT, "日本", "a\nb"],
    "Phone": ["", "330-555-0147", "anonymous", "+49 30 23125 000"],
    "Email": ["", "kim@example.org", "a+b@example.com"],
    "Date": ["", "2026-02-28"],
    "DateTime": ["", "2026-02-28T10:00:00Z", "2026-02-28T10:00:00+01:00", "2026-02-28 10:00"],
    "URL": ["", "https://example.org/x?y=1", "ftp://example.net/"],
    "Bool": ["", True, False, "true", "false"],
    "Number": ["", 0, -1, 2.5, "3", "-4.25", "1e3"],
}
BAD: dict[AttributeType, list[Any]] = {
    "Text": [1, True, [], {}, "x" * (LONGEST_TEXT + 1)],
    "Phone": [3305550147, ["330-555-0147"], "1" * (LONGEST_TEXT + 1)],
    "Email": ["kim", "kim@", "@example.org", "a b@example.org", "a@b@example.org", 5],
    "Date": ["2026-02-30", "28.02.2026", "20260228", "2026-02-28T10:00:00", "2026-W09-6", 20260228],
    "DateTime": ["yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 1700000000],
    "URL": ["example.org", "https://", "http://exa mple.org", "/path", "http://[", 1],
    "Bool": ["yes", "True", 1, 0, "1"],
    "Number": ["three", True, "nan", "inf", "1e999", 10**400, float("nan"), "1_000", "0" * 101, [1]],
}


def attribute(kind: AttributeType = "Text", key: str = "it", **facts: Any) -> Attribute:
    return Attribute(id=7, key=key, label=key, type=kind, **facts)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values])
def test_a_fitting_value_is_accepted_as_it_is(kind: AttributeType, value: Any) -> None:
    assert Schema([attribute(kind)]).accept({"it": value}) == {"it": value}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values])
def test_an_unfitting_value_is_invalid_and_named(kind: AttributeType, value: Any) -> None:
    with pytest.raises(Invalid, match="it must") as told:
        Schema([attribute(kind)]).accept({"it": value})
    assert told.value.field == "it"


@pytest.mark.parametrize("kind", GOOD)
def test_none_clears_an_attribute_of_any_type(kind: AttributeType) -> None:
    assert Schema([attribute(kind)]).accept({"it": None}) == {"it": None}


def test_an_attribute_that_the_schema_lacks_is_invalid() -> None:
    with pytest.raises(Invalid) as told:
        Schema([attribute()]).accept({"it": "x", "other": "y"})
    assert told.value.field == "other"


def test_a_length_of_its_own_bounds_a_text() -> None:
    assert fault_of(attribute(max_length=3), "abc") is None
    assert fault_of(attribute(max_length=3), "abcd") == "must have 3 characters at most"


@pytest.mark.parametrize(
    ("given_", "complete"),
    [
        ({"name": "Kim"}, {"name": "Kim", "tier": "basic"}),
        ({"name": "Kim", "tier": "gold"}, {"name": "Kim", "tier": "gold"}),
        ({"tier": None, "name": "Kim", "note": None}, {"name": "Kim", "tier": "basic"}),
        ({"name": "Kim", "tier": ""}, {"name": "Kim", "tier": ""}),
    ],
)
def test_a_new_contact_has_defaults_and_no_unset_values(given_: Mapping[str, Any], complete: Mapping[str, Any]) -> None:
    schema = Schema(
        [attribute(key="name", required=True), attribute(key="tier", default="basic"), attribute(key="note")]
    )
    assert schema.complete(given_) == complete


@pytest.mark.parametrize("values", [{}, {"name": None}, {"name": ""}])
def test_a_required_attribute_must_have_a_value(values: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid, match="name is required") as told:
        Schema([attribute(key="name", required=True)]).complete(values)
    assert told.value.field == "name"


def test_a_default_fulfils_what_is_required() -> None:
    assert Schema([attribute(required=True, default="x")]).complete({}) == {"it": "x"}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("Text", "Zoë  Bell", "zoe bell"),
        ("Bool", True, "true"),
        ("Number", 5, "5.0"),
        ("DateTime", "2026-02-28T10:00:00+01:00", "2026-02-28T09:00:00Z"),
        ("Email", "Kim@Example.org", "kim@example.org"),
    ],
)
def test_equal_values_are_found_in_any_form(kind: AttributeType, one: Any, other: Any) -> None:
    found = searchable_text(attribute(kind), one)
    assert found is not None
    assert found == searchable_text(attribute(kind), other)


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_not_found_by_anything(kind: AttributeType, value: Any) -> None:
    assert searchable_text(attribute(kind), value) is None


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.none() | st.lists(st.integers(), max_size=2))
def test_a_value_either_fits_a_number_or_is_refused(value: Any) -> None:
    number = attribute("Number")
    if value not in (None, "") and fault_of(number, value) is None:
        assert searchable_text(number, value) is not None


def test_phones_are_not_unique_attributes() -> None:
    schema = Schema([attribute("Phone", "phone1", unique=True), attribute(key="id", unique=True)])
    assert [a.key for a in schema.unique] == ["id"]
    assert schema.phone_keys == {"phone1"}


def test_every_type_has_a_spelling_and_every_tenant_has_the_predefined_attributes() -> None:
    assert set(TYPE_SPELLINGS.values()) == set(GOOD) == set(BAD)
    assert [key for key, *_ in PREDEFINED][:5] == ["customer_id", "first_name", "last_name", "phone1", "phone2"]
    assert len(PREDEFINED) == 20


def test_a_former_key_is_understood_and_written_under_the_present_one() -> None:
    schema = Schema([attribute(key="account", aliases=("customer_number",)), attribute(key="other")])
    assert schema.accept({"customer_number": "K-1"}) == {"account": "K-1"}
    assert schema.named("customer_number") is schema.named("account") is not None
    assert "customer_number" not in schema.by_key
    assert schema.unknown(["customer_number", "other", "no_such"]) == ("no_such",)


@pytest.mark.parametrize("value", ["x", "", 1, 1.5, True, None])
def test_a_plain_value_of_an_unknown_key_passes_where_that_is_allowed(value: Any) -> None:
    assert Schema([]).accept({"loose": value}, loose=True) == {"loose": value}


@pytest.mark.parametrize(
    "values", [{"loose": [1]}, {"loose": {}}, {"loose": "x" * 1001}, {"loose": 10**400}, {"a-b": "x"}, {"__v": "x"}]
)
def test_any_other_does_not(values: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid):
        Schema([]).accept(values, loose=True)


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("Text", 43, "43"),
        ("Text", 2.5, "2.5"),
        ("Text", True, "true"),
        ("Number", " 43 ", " 43 "),
        ("Bool", "true", "true"),
        ("Date", " 2026-02-28 ", "2026-02-28"),
        ("Text", "", ""),
    ],
)
def test_a_value_becomes_what_the_new_type_has(kind: AttributeType, value: Any, becomes: Any) -> None:
    assert converted(attribute(kind), value) == becomes


@pytest.mark.parametrize(("kind", "value"), [("Number", "large"), ("Bool", "yes"), ("Date", "28.2.2026"), ("URL", 1)])
def test_a_value_that_cannot_is_invalid(kind: AttributeType, value: Any) -> None:
    with pytest.raises(Invalid):
        converted(attribute(kind), value)


@pytest.mark.parametrize("kind", ["Text", "Phone", "Email", "Date", "URL", "Bool", "Number"])
@given(
    st.lists(st.sampled_from(["", "a", "a@example.com", "2026-01-31", "https://example.com", "true", "1", "x" * 1001]))
)
def test_all_fit_where_each_does(kind: AttributeType, texts: list[str]) -> None:
    assert all_fit(attribute(kind), texts) == all(fault_of(attribute(kind), text) is None for text in texts)
