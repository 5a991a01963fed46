"""Dates in Java's formats, in and out."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.date_format import date_format

# Those of contracts/brightpattern.md 2.1.
FORMATS = [
    "MM/dd/yyyy HH:mm",
    "dd.MM.yyyy HH:mm",
    "yyyy-MM-dd HH:mm",
    "yyyy-MM-dd",
    "dd-MM-yyyy",
    "MM-dd-yyyy",
    "MM/dd/yyyy HH:mm:ss",
    "MM/dd/yyyy hh:mm a",
    "MM/dd/yyyy HH:mm a",
]


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("MM/dd/yyyy HH:mm", "01/07/2025 13:05", datetime(2025, 1, 7, 13, 5)),
        ("dd.MM.yyyy HH:mm", "07.01.2025 13:05", datetime(2025, 1, 7, 13, 5)),
        ("yyyy-MM-dd", "2025-01-07", datetime(2025, 1, 7)),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 12:00 AM", datetime(2025, 1, 7, 0, 0)),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 12:30 PM", datetime(2025, 1, 7, 12, 30)),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 01:30 pm", datetime(2025, 1, 7, 13, 30)),
        ("MM/dd/yyyy HH:mm a", "01/07/2025 13:30 PM", datetime(2025, 1, 7, 13, 30)),
        ("d.M.yy H:mm:ss.SSS", "7.1.25 3:05:06.789", datetime(2025, 1, 7, 3, 5, 6, 789000)),
        ("yyyy-MM-dd'T'HH:mm", "2025-01-07T03:05", datetime(2025, 1, 7, 3, 5)),
        ("h 'o''clock' a", "3 o'clock PM", datetime(2000, 1, 1, 15)),
    ],
)
def test_a_text_is_read_and_written(form: str, text: str, moment: datetime) -> None:
    assert date_format(form).parse(text) == moment
    assert date_format(form).render(moment).casefold() == text.casefold()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("MM/dd/yyyy HH:mm", "2025-01-07"),
        ("MM/dd/yyyy HH:mm", "13/07/2025 13:05"),
        ("MM/dd/yyyy HH:mm", "02/29/2025 13:05"),
        ("MM/dd/yyyy HH:mm", "01/07/2025 24:05"),
        ("MM/dd/yyyy HH:mm", "01/07/2025 13:05 "),
        ("MM/dd/yyyy HH:mm", "01/07/25 13:05"),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 13:05 PM"),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 00:05 AM"),
        ("MM/dd/yyyy hh:mm a", "01/07/2025 01:05"),
        ("yyyy-MM-dd", "0000-01-07"),
        ("yyyy-MM-dd", "٢٠٢٥-01-07"),
    ],
)
def test_what_has_another_form_is_none(form: str, text: str) -> None:
    assert date_format(form).parse(text) is None


def test_leading_zeros_may_be_missing_and_are_written() -> None:
    form = date_format("MM/dd/yyyy HH:mm")
    moment = form.parse("1/7/2025 3:5")
    assert moment is not None
    assert form.render(moment) == "01/07/2025 03:05"


@pytest.mark.parametrize("form", ["yyyyMM-DD", "EEE", "yyyy-MM-dd yyyy", "MMM d", "z"])
def test_letters_that_are_not_known_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        date_format(form)


@pytest.mark.parametrize("form", FORMATS)
@given(moment=st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_what_is_written_is_read_again(form: str, moment: datetime) -> None:
    known = date_format(form)
    text = known.render(moment)
    again = known.parse(text)
    assert again is not None
    assert known.render(again) == text
