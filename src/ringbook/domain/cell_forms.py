"""How a file writes dates and numbers, where it is not as an export would: `31.12.2026 14:30`, `1.234,56`.

A cell is in the form that was said, or it is refused: what could be read in two ways is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ringbook.domain.cells import undefused, value_of
from ringbook.domain.date_format import DateFormat, day_part, letters_of
from ringbook.domain.problems import Invalid
from ringbook.domain.schema import Attribute, Misread, fault_of

_LONGEST = 60
_LONGEST_SHOWN = 40
_LONGEST_TEXT = 100
"""Characters of a date that is in a form. A longer text is not tried: one with many blanks would take hours."""
_LETTERS = "yyyy, MM or M, dd or d, HH or H, hh or h with a, mm, ss and SSS"
_TIMED = re.compile(r"(?P<day>.+?) +(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?", re.ASCII)
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T.+", re.ASCII)
_COMMA_NUMBER = re.compile(r"-?(?:(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d+)?|,\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+", re.ASCII)
_UNFIT = "?"
"""A cell that no date and no number is."""
_ORDER = str.maketrans("yMdHhmsS", "dddttttt")
_OFTEN = ("dd.MM.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "yyyy/MM/dd")
"""Formats that are named where a date is in none that was said."""


class DateForm:
    """Days and moments in a format; Invalid for one that does not say all of a date, or could be read in two ways.

    A moment may be a day alone, its midnight. Where the format has no time, one may stand behind the day, as 14:30 or
    14:30:05. A moment of ISO 8601, with its T, is understood beside every format.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _LONGEST:
            raise Invalid(f"A date's format has {_LONGEST} characters at most.", field="dates")
        try:
            self._whole = DateFormat(text)
        except ValueError as error:
            told = f"{error}. It has {_LETTERS}; other letters stand between apostrophes."
            raise Invalid(told, field="dates") from None
        groups = letters_of(text)
        if fault := _fault_of_format(self._whole.names, groups):
            raise Invalid(fault, field="dates")
        self._day = DateFormat(day_part(text))
        self._has_time = self._whole.names != self._day.names
        self._is_dense = _is_dense(groups)

    @property
    def of_moments(self) -> str:
        """The format, with a time."""
        return self.text if self._has_time else f"{self.text} HH:mm"

    def day(self, text: str) -> str | None:
        """The day that a text says, as an export writes it. Its midnight may stand behind it."""
        moment = self._moment(text)
        return moment.date().isoformat() if moment is not None and moment.time() == time() else None

    def moment(self, text: str) -> str | None:
        """The moment that a text says, as an export writes it."""
        if _ISO_MOMENT.fullmatch(text) and not self._whole.matches(text):
            return text
        moment = self._moment(text)
        return None if moment is None else moment.isoformat()

    def shown(self, moment: datetime) -> str:
        """A moment as a text that moment() reads as that one, and day(), if it is midnight."""
        if moment.time() == time():
            return self._day.render(moment)
        whole = self._whole.render(moment)
        return whole if self._whole.parse(whole) == moment else moment.isoformat()

    def _moment(self, text: str) -> datetime | None:
        if len(text) > _LONGEST_TEXT:
            return None
        if self._has_time:
            return self._read(self._whole, text) or self._read(self._day, text)
        timed = _TIMED.fullmatch(text)
        if timed is None:
            return self._read(self._day, text)
        day = self._read(self._day, timed["day"])
        hour, minute, second = (int(number or 0) for number in timed.group("hour", "minute", "second"))
        try:
            return day and datetime.combine(day, time(hour, minute, second))
        except ValueError:
            return None

    def _read(self, form: DateFormat, text: str) -> datetime | None:
        moment = form.parse(text)
        # Where nothing is between two numbers, a missing zero would leave open where the second one begins.
        return None if moment is None or (self._is_dense and form.render(moment) != text) else moment


def _fault_of_format(names: frozenset[str], groups: Sequence[str]) -> str | None:
    hours = {"hour", "hour12"} & names
    dense = _is_dense(groups) and {"d", "M", "H", "h"} & set(groups)
    order = "".join(group[0] for group in groups if group and group[0] != "a").translate(_ORDER).strip("t")
    rules = (
        (
            not {"year", "month", "day"} <= names,
            "a day (dd), a month (MM: mm is the minutes) and a year of four digits (yyyy)",
        ),
        (("hour12" in names) != ("half" in names) or len(hours) > 1, "hours as HH, or as hh with a (AM or PM)"),
        (("minute" in names) != bool(hours), "an hour (HH) and minutes (mm: MM is the month), or neither"),
        ("second" in names and "minute" not in names, "seconds (ss) behind minutes (mm) only"),
        ("millisecond" in names and "second" not in names, "milliseconds (SSS) behind seconds (ss) only"),
        (dense, "two letters for each number (dd, MM, HH) where nothing stands between two of them"),
        ("t" in order, "the time before the day or behind it"),
    )
    return next((f"dates has {told}." for broken, told in rules if broken), None)


def _is_dense(groups: Sequence[str]) -> bool:
    """Whether a number follows another with nothing between them."""
    return any(one and other and "a" not in (one, other) for one, other in pairwise(groups))


class CellForms:
    """`dates` is a format (None: ISO 8601) and `decimal` what is before a fraction. Invalid for what can be no format.

    A decimal comma may have dots between thousands.
    """

    def __init__(self, dates: str | None = None, decimal: str = ".") -> None:
        self.dates = None if dates is None else DateForm(dates)
        self._has_comma = decimal == ","

    def differ(self, attribute: Attribute) -> bool:
        """Whether cells of this attribute are written otherwise than an export writes them."""
        if attribute.type == "Number":
            return self._has_comma
        return self.dates is not None and attribute.type in ("Date", "DateTime")

    def plain(self, attribute: Attribute, cells: Sequence[str]) -> Sequence[str]:
        """Cells as an export would have written them; what is in no form is a text that fits nowhere."""
        if not self.differ(attribute):
            return cells
        read = {cell: self._plain(attribute, cell) for cell in set(cells)}
        return [_UNFIT if (text := read[cell]) is None else text for cell in cells]

    def value_of(self, attribute: Attribute, cell: str) -> Any:
        """What a cell says of an attribute; Misread where a date or a number is in another form."""
        text = self._plain(attribute, cell) if self.differ(attribute) else cell
        value = None if text is None else value_of(attribute, text)
        if attribute.type not in ("Date", "DateTime", "Number"):
            return value
        if value is not None and fault_of(attribute, value) is None:
            return value
        return self._misread(attribute, undefused(cell).strip()) or value

    def number_shown(self, text: str) -> str:
        """A number as this file writes it."""
        return text.replace(".", ",") if self._has_comma else text

    def _plain(self, attribute: Attribute, cell: str) -> str | None:
        text = undefused(cell).strip()
        if not text:
            return ""
        if attribute.type == "Number":
            fits = _COMMA_NUMBER.fullmatch(text)
            return text.replace(".", "").replace(",", ".") if fits else None
        assert self.dates is not None
        return self.dates.day(text) if attribute.type == "Date" else self.dates.moment(text)

    def _misread(self, attribute: Attribute, text: str) -> Misread | None:
        """Why a cell is not read; None where the schema says all that there is to say."""
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
        if attribute.type == "Number":
            if self._has_comma:
                return Misread(f"must be a number with a decimal comma, such as 1.234,56, and not {shown}")
            if _COMMA_NUMBER.fullmatch(text) and not _THOUSANDS.fullmatch(text):
                return Misread(f"must be a number, and not {shown}: with a decimal comma the import reads it")
            return None
        of, iso = ("a date", "YYYY-MM-DD") if attribute.type == "Date" else ("a date and time", "ISO 8601")
        if self.dates is not None:
            form = self.dates.text if attribute.type == "Date" else self.dates.of_moments
            return Misread(f"must be {of} in the form {form}, and not {shown}")
        fitting = [form for form in _OFTEN if cell_forms(form)._plain(attribute, text) is not None]
        if not fitting:
            return None
        hint = f"with dates as {' or '.join(fitting)} the import reads it"
        return Misread(f"must be {of}, {iso}, and not {shown}: {hint}")


@lru_cache(maxsize=200)
def cell_forms(dates: str | None = None, decimal: str = ".") -> CellForms:
    """These forms, made once."""
    return CellForms(dates, decimal)


PLAIN_FORMS = cell_forms()
"""Those of an export."""
