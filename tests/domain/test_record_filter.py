"""Conditions on records: what is compared as a number, what as a word, and what a pattern takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ringbook.domain.calling_list import OWN_LAYOUT, ListRecord
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.record_filter import Comparison, Condition, RecordFilter


def record(**fields: str) -> ListedRecord:
    return ListedRecord(ListRecord(1, 1, 1, fields, "", None, None, None, datetime.now(UTC)), "own", OWN_LAYOUT)


@pytest.mark.parametrize(
    ("has", "comparison", "value", "holds"),
    [
        ("9", "<", "10", True),
        ("9", "<", "1a", False),
        ("-1.5", ">=", "-2", True),
        ("007", "=", "7", True),
        ("Bogotá", "=", "BOGOTA", True),
        ("Bogotá", "!=", "bogota", False),
        ("", "is", "", True),
        ("x", "is", "", False),
        ("", "<", "5", True),
        ("Medellín", "like", "%dell%", True),
        ("Medellín", "like", "me%in", True),
        ("Medellín", "like", "me%me%", False),
        ("aa", "like", "a%a%a", False),
        ("Medellín", "like", "dell", True),
        ("Medellín", "like", "cali", False),
        ("x", "like", "%", True),
        ("9" * 31, "=", "9" * 31, True),
        ("1e3", "=", "1000", False),
        ("\u0663", "=", "3", False),
    ],
)
def test_a_condition(has: str, comparison: Comparison, value: str, holds: bool) -> None:
    assert Condition("city", comparison, value, "city").holds(record(city=has)) is holds


def test_a_field_that_is_absent_is_empty() -> None:
    assert Condition("opt1", "is", "").holds(record())
    assert Condition("no such column", "=", "").holds(record())


def test_what_was_never_called_is_clean() -> None:
    assert Condition("result", "=", "clean").holds(record())
    assert not Condition("result", "=", "busy").holds(record())


def test_all_or_any_must_hold() -> None:
    conditions = (Condition("city", "=", "Cali"), Condition("age", ">", "30"))
    both = RecordFilter("and", conditions)
    either = RecordFilter("or", conditions)
    assert [both.takes(record(city="Cali", age=age)) for age in ("41", "20")] == [True, False]
    assert [either.takes(record(city=city, age="20")) for city in ("Cali", "Pasto")] == [True, False]
    assert RecordFilter().takes(record())
