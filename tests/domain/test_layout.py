"""What a submitted record becomes under its list's layout (contracts/brightpattern.md 2.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.calling_list import OWN_LAYOUT
from ringbook.domain.layout import LONGEST_VALUE, Field, FieldType, Layout, normalised
from ringbook.domain.problems import Invalid

KEY = Field("id", key=True)
PHONE = Field("Phone", type="PHONE")
LEADS = Layout([KEY, Field("First name", type="FIRST_NAME"), PHONE, Field("Phone 2", type="PHONE")])


def refusal(layout: Layout, submitted: dict[str, Any]) -> str:
    with pytest.raises(Invalid) as told:
        layout.draft(submitted)
    return str(told.value.facts["fault"])


def test_a_record_is_stored_trimmed_and_its_number_in_digits() -> None:
    draft = LEADS.draft({"id": " 7 ", "First name": "  Ada ", "Phone": "+1 (330) 555-0147"})
    assert draft.fields == {"id": "7", "First name": "Ada", "Phone": "13305550147"}
    assert [(p.slot, p.field, p.raw) for p in draft.phones] == [(1, "Phone", "+1 (330) 555-0147")]
    assert draft.attributes == {"phone1": "+1 (330) 555-0147", "first_name": "Ada"}


def test_field_names_have_no_case_and_unknown_and_skipped_ones_are_ignored() -> None:
    layout = Layout([KEY, PHONE, Field("secret", skip=True)])
    draft = layout.draft({"ID": "7", "phone": "330-555-0147", "secret": "x", "nonsense": "y"})
    assert draft.fields == {"id": "7", "Phone": "3305550147"}


@pytest.mark.parametrize("more", [{"key": True}, {"required": True}, {"searchable": True}])
def test_what_is_skipped_is_not_needed_for_anything(more: dict[str, bool]) -> None:
    fault = Layout([KEY, PHONE, Field("secret", skip=True, **more)]).fault()  # type: ignore[arg-type]
    assert fault == "A skipped field cannot be key, required or searchable."
    assert Layout([KEY, PHONE, Field("secret", skip=True)]).fault() is None


def test_a_missing_field_is_told_in_lower_case_and_no_other() -> None:
    street = Field("Straße", required=True)
    with pytest.raises(Invalid, match="missing required field: straße"):
        Layout([KEY, PHONE, street]).draft({"id": "1", "Phone": "1"})
    assert Layout([KEY, PHONE, street]).draft({"id": "1", "Phone": "1", "STRASSE": "x"}).fields["Straße"] == "x"
    with pytest.raises(Invalid, match="missing key: straße"):
        Layout([Field("Straße", key=True), PHONE]).draft({"Phone": "1"})


def test_numbers_and_flags_become_text_and_none_is_absent() -> None:
    layout = Layout([KEY, PHONE, Field("a"), Field("b"), Field("c"), Field("d")])
    draft = layout.draft({"id": 7, "Phone": 3305550147, "a": True, "b": 1.5, "c": None, "d": Decimal("1.50")})
    assert draft.fields == {"id": "7", "Phone": "3305550147", "a": "true", "b": "1.5", "d": "1.50"}


@pytest.mark.parametrize(
    ("submitted", "fault"),
    [
        ({"Phone": "330-555-0147"}, "missingKey"),
        ({"id": "  ", "Phone": "330-555-0147"}, "missingKey"),
        ({"id": "7"}, "missingRequired"),
        ({"id": "7", "Phone": " "}, "missingRequired"),
        ({"id": "7", "Phone": ["330-555-0147"]}, "formatError"),
        ({"id": "7", "Phone": "330-555-0147", "First name": "x" * (LONGEST_VALUE + 1)}, "formatError"),
    ],
)
def test_a_refusal_says_which_kind_of_fault_it_is(submitted: dict[str, Any], fault: str) -> None:
    assert refusal(LEADS, submitted) == fault


def test_a_missing_key_is_told_before_a_missing_field_and_that_before_a_wrong_format() -> None:
    layout = Layout([KEY, Field("n", type="INTEGER"), Field("must", required=True), PHONE])
    assert refusal(layout, {"n": "x"}) == "missingKey"
    assert refusal(layout, {"id": "1", "n": "x"}) == "missingRequired"
    assert refusal(layout, {"id": "1", "n": "x", "must": "y", "Phone": "330-555-0147"}) == "formatError"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("330-555-0147", "13305550147"),
        ("+1 330 555 0147", "13305550147"),
        ("13305550147", "13305550147"),
        ("011 49 30 23125000", "011493023125000"),
    ],
)
def test_a_us_number_is_stored_with_its_one(text: str, stored: str) -> None:
    assert normalised(Field("p", type="PHONE", phone_type="US_CANADA"), text) == stored


@pytest.mark.parametrize("text", ["1305550147", "555-0147", "030 23125-0000", "23305550147"])
def test_what_is_no_us_number_is_refused(text: str) -> None:
    assert (
        refusal(Layout([KEY, Field("p", type="PHONE", phone_type="US_CANADA")]), {"id": "1", "p": text})
        == "formatError"
    )


@pytest.mark.parametrize(
    ("field", "text", "stored"),
    [
        (Field("p", type="PHONE", remove_prefix="9"), "9 330-555-0147", "3305550147"),
        (Field("p", type="PHONE", remove_prefix="9"), "330-555-0147", "3305550147"),
        (Field("p", type="PHONE", default_country_code="49"), "30 23125-000", "493023125000"),
        (Field("p", type="PHONE", default_country_code="49"), "+49 30 23125-000", "493023125000"),
        (Field("p", type="PHONE", phone_type="AS_GIVEN"), " +49 (30) 23125 ", "+49 (30) 23125"),
        (Field("n", type="INTEGER"), " -12 ", "-12"),
        (Field("n", type="INTEGER"), "", ""),
        (Field("p", type="PHONE", default_country_code="1"), " none ", "none"),
        (Field("d", type="DATETIME"), " 1/7/2025 3:05 ", "01/07/2025 03:05"),
        (Field("d", type="DATETIME_CALL_AT", format="yyyy-MM-dd"), "2025-01-07", "2025-01-07"),
    ],
)
def test_each_type_has_its_form(field: Field, text: str, stored: str) -> None:
    assert normalised(field, text) == stored


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        (Field("n", type="INTEGER"), "abc", "n must be an integer"),
        (Field("n", type="INTEGER"), "1.5", "n must be an integer"),
        (Field("n", type="INTEGER"), "٣", "n must be an integer"),
        (
            Field("d", type="DATETIME", format="dd-MM-yyyy"),
            "2025-01-07",
            "Error parsing datetime value, please enter date in the correct format 'dd-MM-yyyy'",
        ),
    ],
)
def test_what_has_not_its_types_form_is_refused(field: Field, text: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        normalised(field, text)
    assert (refused.value.message, refused.value.facts["fault"]) == (told, "formatError")


def test_all_missing_keys_are_named_the_last_first() -> None:
    layout = Layout([Field("Phone1", type="PHONE", key=True), Field("Phone2", type="PHONE", key=True)])
    with pytest.raises(Invalid) as told:
        layout.draft({"phone1": " "})
    assert told.value.message == "missing key: phone2, phone1"
    with pytest.raises(Invalid) as told:
        layout.draft({"phone1": "1"})
    assert told.value.message == "missing key: phone2"


def test_whether_a_key_is_there_is_judged_as_it_was_sent() -> None:
    layout = Layout([Field("Phone", type="PHONE", key=True), Field("Other", type="PHONE")])
    fields = {"Phone": "x", "Other": "9003"}
    assert layout.draft(fields).fields == fields
    assert layout.asked_key_of({"Phone": "x"}) == layout.key_of({"Phone": "x"})


@pytest.mark.parametrize("text", ["abc", "+ ()-"])
def test_a_phone_without_a_digit_is_not_the_one_that_a_record_needs(text: str) -> None:
    fields = [KEY, Field("p1", type="PHONE"), Field("p2", type="PHONE", phone_type="AS_GIVEN")]
    for name in ("p1", "p2"):
        with pytest.raises(Invalid) as told:
            Layout(fields).draft({"id": "1", name: text})
        assert told.value.message == "missing required field: at least one phone field"
        assert Layout(fields, strict=False).draft({"id": "1", name: text}).fields[name] == text
    assert Layout(fields).draft({"id": "1", "p1": text, "p2": "9003"}).fields["p1"] == text


def test_a_key_that_no_record_can_have_may_be_asked_for() -> None:
    layout = Layout([Field("Phone", type="PHONE", phone_type="US_CANADA", key=True)])
    assert layout.asked_key_of({"Phone": "12"}) == layout.key_of({"Phone": "12"})
    with pytest.raises(Invalid):
        layout.stored_key_of({"Phone": "12"})


def test_an_update_leaves_what_it_does_not_name_as_it_is_stored() -> None:
    layout = Layout([KEY, Field("note"), Field("Phone", type="PHONE", remove_prefix="9")])
    first = layout.draft({"id": "7", "Phone": "9 9330-555-0147"})
    assert first.fields["Phone"] == "93305550147"
    second = layout.draft({"id": "7", "note": "x"}, first.fields, {"Phone": "9 9330-555-0147"})
    assert second.fields == {"id": "7", "note": "x", "Phone": "93305550147"}
    assert [p.raw for p in second.phones] == ["9 9330-555-0147"]
    assert second.attributes["phone1"] == "9 9330-555-0147"


def test_an_update_leaves_the_key_as_it_was_first_written() -> None:
    layout = Layout([Field("Phone", type="PHONE", key=True, remove_prefix="9")])
    first = layout.draft({"Phone": "9 330-555-0147"})
    again = layout.draft({"Phone": "3305550147"}, first.fields, {"Phone": "9 330-555-0147"})
    assert (again.key_text, again.fields) == (first.key_text, first.fields)


def test_an_emptied_number_is_none() -> None:
    first = LEADS.draft({"id": "7", "Phone": "330-555-0147", "Phone 2": "330-555-0148"})
    numbers = {p.field: p.raw for p in first.phones}
    draft = LEADS.draft({"id": "7", "Phone 2": ""}, first.fields, numbers)
    assert [p.field for p in draft.phones] == ["Phone"]


def test_a_key_is_asked_for_in_the_stored_or_the_submitted_form() -> None:
    layout = Layout([Field("Phone", type="PHONE", key=True)])
    draft = layout.draft({"Phone": "+1 330-555-0147"})
    assert draft.key_submitted == layout.key_of({"Phone": "+1 330-555-0147"})
    assert draft.key_text == layout.stored_key_of({"Phone": "1-330-555-0147"})


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2), st.lists(st.text(min_size=1), min_size=2, max_size=2))
def test_different_keys_never_become_one_text(one: list[str], other: list[str]) -> None:
    layout = Layout([Field("a", key=True), Field("b", key=True)], strict=False)
    keys = [layout.key_of(dict(zip("ab", values, strict=True))) for values in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ([KEY], "at least one field of type PHONE"),
        ([KEY, PHONE, Field("phone")], "the same name"),
        ([PHONE, Field("a", type="ACCOUNT"), Field("b", type="ACCOUNT")], "one field of type ACCOUNT at most"),
        ([PHONE, Field("d", type="DATETIME", format="MMM d")], "d: MMM is not known in a date's format"),
    ],
)
def test_a_layout_that_cannot_be_says_why(fields: list[Field], fault: str) -> None:
    assert fault in (Layout(fields).fault() or "")


@pytest.mark.parametrize(
    ("name", "type_", "attribute"),
    [
        ("Account", "ACCOUNT", "customer_id"),
        ("customer_id", "OTHER", None),  # only ACCOUNT says who somebody is
        ("E-Mail", "OTHER", None),
        ("Email", "OTHER", "email"),
        ("Postal code", "OTHER", "postal_code"),
        ("whatever", "ZIP_CODE", "postal_code"),
        ("phone1", "OTHER", None),
    ],
)
def test_a_field_knows_which_attribute_it_is(name: str, type_: FieldType, attribute: str | None) -> None:
    assert Field(name, type=type_).attribute == attribute


@pytest.mark.parametrize(
    ("wolkvox", "jtel"),
    [("customer_name", "FirstName"), ("customer_last_name", "Name"), ("state", "Region"), ("tel3", "PhoneNumber3")],
)
def test_in_an_own_list_wolkvox_and_jtel_name_one_column(wolkvox: str, jtel: str) -> None:
    assert OWN_LAYOUT[wolkvox] is OWN_LAYOUT[jtel] is not None
    assert OWN_LAYOUT.fault() is None


def test_an_own_list_takes_a_record_without_key_or_number() -> None:
    draft = OWN_LAYOUT.draft({"UserData": "crm-7"})
    assert (draft.customer_id, draft.external_id, draft.phones) == (None, "crm-7", ())


def test_ten_numbers_are_attributes_and_an_eleventh_is_only_found() -> None:
    draft = OWN_LAYOUT.draft({f"tel{n}": f"330-555-01{n:02}" for n in range(1, 11)} | {"tel_extra": "330-555-0199"})
    assert len(draft.phones) == 11
    assert sorted(draft.attributes) == sorted(f"phone{n}" for n in range(1, 11))
