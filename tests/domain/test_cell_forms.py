"""Dates and numbers as people write them: read in the form that was said, or not at all."""

from __future__ import annotations

from datetime import datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.cell_forms import CellForms, DateForm
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Attribute, AttributeType, Misread


def attribute(type_: AttributeType) -> Attribute:
    return Attribute(1, "it", "It", type_)


def said(forms: CellForms, type_: AttributeType, cell: str) -> Any:
    """What a cell says, whether it is read by itself or with its column; None where it is refused."""
    kind = attribute(type_)
    alone = forms.value_of(kind, cell)
    together = CellForms().value_of(kind, forms.plain(kind, [cell])[0])
    if isinstance(alone, Misread):
        assert not isinstance(together, str) or together == "?" or not forms.differ(kind)
        return None
    assert together == alone
    return alone


DATES = {
    ("dd.MM.yyyy", "31.12.2026"): "2026-12-31",
    ("dd.MM.yyyy", " 1.2.2026 "): "2026-02-01",
    ("dd.MM.yyyy", "31.12.26"): None,
    ("dd.MM.yyyy", "31.02.2026"): None,
    ("dd.MM.yyyy", "12/31/2026"): None,
    ("dd.MM.yyyy", "2026-12-31"): None,
    ("dd.MM.yyyy", "31.12.2026 00:00"): "2026-12-31",
    ("dd.MM.yyyy", "31.12.2026 14:30"): None,
    ("dd.MM.yyyy HH:mm", "31.12.2026"): "2026-12-31",
    ("dd.MM.yyyy HH:mm", "31.12.2026 00:00"): "2026-12-31",
    ("MM/dd/yyyy", "12/31/2026"): "2026-12-31",
    ("MM/dd/yyyy", "31/12/2026"): None,
    ("dd/MM/yyyy", "05/06/2026"): "2026-06-05",
    ("d 'de' M 'de' yyyy", "5 de 6 de 2026"): "2026-06-05",
    ("yyyyMMdd", "20261231"): "2026-12-31",
    ("yyyyMMdd", "2026111"): None,
    ("dd.MM.yyyy", ""): "",
}

MOMENTS = {
    ("dd.MM.yyyy", "31.12.2026 14:30"): "2026-12-31T14:30:00",
    ("dd.MM.yyyy", "31.12.2026 9:05:07"): "2026-12-31T09:05:07",
    ("dd.MM.yyyy", "31.12.2026"): "2026-12-31T00:00:00",
    ("dd.MM.yyyy", "31.12.2026 24:30"): None,
    ("dd.MM.yyyy", "2026-12-31T14:30:00+01:00"): "2026-12-31T14:30:00+01:00",
    ("dd.MM.yyyy", "2026-13-31T14:30:00"): None,
    ("dd.MM.yyyy", "Tuesday"): None,
    ("dd.MM.yyyy HH:mm", "31.12.2026 14:30"): "2026-12-31T14:30:00",
    ("dd.MM.yyyy HH:mm", "31.12.2026 14:30:05"): None,
    ("dd.MM.yyyy HH:mm", "31.12.2026"): "2026-12-31T00:00:00",
    ("MM/dd/yyyy hh:mm a", "12/31/2026 02:30 PM"): "2026-12-31T14:30:00",
    ("MM/dd/yyyy hh:mm a", "12/31/2026 14:30"): None,
    ("HH:mm dd.MM.yyyy", "14:30 31.12.2026"): "2026-12-31T14:30:00",
    ("HH:mm dd.MM.yyyy", "31.12.2026"): "2026-12-31T00:00:00",
    ("yyyy-dd-MM'T'HH:mm:ss", "2026-05-12T14:30:00"): "2026-12-05T14:30:00",
}

COMMAS = {
    "1.234,56": 1234.56,
    "1234,56": 1234.56,
    "1.234": 1234,
    "1.234.567": 1234567,
    "-0,5": -0.5,
    "7": 7,
    "'-1.234,5": -1234.5,
    "12,50": "12.50",
    "1.5": None,
    "0.123": None,
    "12.34,5": None,
    "1.2345": None,
    "1,234.56": None,
    "1,2,3": None,
    "many": None,
    " ": "",
}


@pytest.mark.parametrize(("case", "read"), DATES.items())
def test_a_day_is_read_in_its_format_and_in_no_other(case: tuple[str, str], read: str | None) -> None:
    assert said(CellForms(case[0]), "Date", case[1]) == read


@pytest.mark.parametrize(("case", "read"), MOMENTS.items())
def test_a_moment_is_read_in_its_format_and_in_no_other(case: tuple[str, str], read: str | None) -> None:
    assert said(CellForms(case[0]), "DateTime", case[1]) == read


@pytest.mark.parametrize(("cell", "read"), COMMAS.items())
def test_a_number_has_a_decimal_comma_where_that_was_said(cell: str, read: float | str | None) -> None:
    assert said(CellForms(decimal=","), "Number", cell) == read


def test_what_is_no_date_and_no_number_is_read_as_ever() -> None:
    forms = CellForms("dd.MM.yyyy", ",")
    for type_ in ("Text", "Phone", "Email", "URL"):
        assert said(forms, type_, "1.234,56") == "1.234,56"
    assert said(forms, "Bool", "yes") is True


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ("dd.MM.YYYY", "YYYY is not known"),
        ("dd.mm.yyyy", "MM: mm is the minutes"),
        ("dd.MM.yy", "four digits"),
        ("MM/yyyy", "a day"),
        ("", "a day"),
        ("dd.MM.yyyy hh:mm", "hh with a"),
        ("dd.MM.yyyy HH", "an hour"),
        ("dd.MM.yyyy mm", "an hour"),
        ("dd.MM.yyyy HH:mm:SSS", "milliseconds"),
        ("dMyyyy", "two letters"),
        ("dd HH:mm MM yyyy", "before the day or behind"),
        ("dd.MM.yyyy" + "." * 60, "60 characters"),
    ],
)
def test_a_format_that_does_not_say_all_or_says_two_things_is_none(dates: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as caught:
        CellForms(dates)
    assert caught.value.field == "dates"


HINTS: dict[tuple[AttributeType, str], str | None] = {
    (
        "Date",
        "31.12.2026",
    ): "must be a date, YYYY-MM-DD, and not 31.12.2026: with dates as dd.MM.yyyy the import reads it",
    ("Date", "05/06/2026"): (
        "must be a date, YYYY-MM-DD, and not 05/06/2026: with dates as dd/MM/yyyy or MM/dd/yyyy the import reads it"
    ),
    ("DateTime", "31.12.2026 14:30"): (
        "must be a date and time, ISO 8601, and not 31.12.2026 14:30: with dates as dd.MM.yyyy the import reads it"
    ),
    ("Number", "1.234,56"): "must be a number, and not 1.234,56: with a decimal comma the import reads it",
    ("Date", "soon"): None,
    ("Number", "1,234"): None,
}


@pytest.mark.parametrize(("case", "told"), HINTS.items())
def test_who_does_not_say_the_form_is_told_which_one_would_fit(
    case: tuple[AttributeType, str], told: str | None
) -> None:
    value = CellForms().value_of(attribute(case[0]), case[1])
    assert (value.fault if isinstance(value, Misread) else None) == told


@pytest.mark.parametrize("forms", [CellForms(), CellForms("dd.MM.yyyy")])
def test_a_long_cell_of_blanks_holds_nobody_up(forms: CellForms) -> None:
    began = process_time()
    assert isinstance(forms.value_of(attribute("DateTime"), f"1{' ' * 10_000}b"), str | Misread)
    assert process_time() - began < 0.5


FORMS = [
    "dd.MM.yyyy",
    "dd.MM.yyyy HH:mm",
    "MM/dd/yyyy hh:mm a",
    "yyyyMMddHHmmss",
    "yyyy-dd-MM'T'HH:mm:ss",
    "H:mm d/M/yyyy",
]


@given(st.sampled_from(FORMS), st.datetimes(datetime(1900, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_what_a_workbook_has_as_a_date_is_read_as_that_one(form: str, moment: datetime) -> None:
    dates = DateForm(form)
    assert datetime.fromisoformat(dates.moment(dates.shown(moment)) or "") == moment


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_what_a_workbook_has_as_a_number_is_read_as_that_one(value: float) -> None:
    forms = CellForms(decimal=",")
    assert float(forms.value_of(attribute("Number"), forms.number_shown(repr(value)))) == value
