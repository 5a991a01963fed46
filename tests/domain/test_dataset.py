"""Numbers as Mindful compares them, and templates that can be answered for."""

from __future__ import annotations

import pytest

from ringbook.domain.dataset import check_template, digits_of
from ringbook.domain.problems import Invalid


@pytest.mark.parametrize(
    "text", ["330-555-0147", "(330) 555 0147", "330.555.0147", "\u0663\u0663\u06605550147", " 3305550147 "]
)
def test_digits_alone_are_compared(text: str) -> None:
    assert digits_of(text) == "3305550147"


def test_a_country_code_is_never_added_or_removed() -> None:
    assert digits_of("+1 330-555-0147") == digits_of("1-330-555-0147") == "13305550147"
    assert digits_of("two³") == ""


@pytest.mark.parametrize(
    ("hours", "keys", "field"),
    [
        (0, (), "retention_hours"),
        (48.1, (), "retention_hours"),
        (-1, (), "retention_hours"),
        (1, ("A", "A"), "data_keys"),
        (1, ("A", "ecbt"), "data_keys"),
    ],
)
def test_a_template_that_could_not_be_answered_for_is_invalid(hours: float, keys: tuple[str, ...], field: str) -> None:
    with pytest.raises(Invalid) as told:
        check_template("t", hours * 3600, keys)
    assert told.value.field == field


def test_a_template_keeps_for_two_days_at_most() -> None:
    check_template("t", 48 * 3600, ("A", "B"))
