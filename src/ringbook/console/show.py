"""How a person reads it: numbers as the region writes them, times in the reader's zone, words for what codes say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from markupsafe import Markup, escape
from phonenumbers import PhoneNumberFormat

from ringbook.core.sessions import Visit
from ringbook.domain.phone import Phone

_WORDS = {
    "new": "New",
    "in_progress": "In progress",
    "completed": "Completed",
    "no_answer": "No answer",
    "do_not_call": "Do not call",
    "clean": "Not called",
    "running": "Running",
    "stopped": "Stopped",
    "IVR": "IVR",
    "AGENT": "Agent",
    "INBOUND": "Inbound",
    "OUTBOUND": "Outbound",
    "UNKNOWN": "",
    "admin": "Administrator",
    "supervisor": "Supervisor",
    "agent": "Agent",
    "INTERNAL": "Numbers",
    "GEOGRAPHIC_POSTAL": "Postcodes",
    "AREA_CODES": "Area codes",
    "EXCLUSION": "Record keys",
    "brightpattern": "Bright Pattern",
    "cim": "Expertflow CIM",
    "callerid": "Caller id",
    "wolkvox": "wolkvox",
    "jtel": "jtel",
    "mindful": "Mindful",
    "native": "Native",
    "console": "Console",
    "cli": "Command line",
    "background": "Ringbook",
    "dnc_list": "Do-not-call list",
    "data_set": "Data set",
    "campaign_record": "Campaign record",
    "list_record": "List record",
}
_TONES = {
    "completed": "good",
    "answered": "good",
    "running": "good",
    "done": "good",
    "uploading": "busy",
    "waiting": "busy",
    "undoing": "busy",
    "undone": "warn",
    "cancelled": "warn",
    "interrupted": "warn",
    "in_progress": "busy",
    "no_answer": "warn",
    "busy": "warn",
    "machine": "warn",
    "abandoned": "warn",
    "congestion": "warn",
    "unavailable": "warn",
    "failed": "bad",
    "refused": "bad",
    "do_not_call": "bad",
}
"""The colour of a status, beside its word: nobody has to see colours."""
_NOTHING = Markup('<span class="none">&ndash;</span>')


@lru_cache(maxsize=20_000)
def written(e164: str, region: str) -> str:
    """A valid number as people of the region write it; a foreign one internationally."""
    number = phonenumbers.parse(e164)
    own = phonenumbers.country_code_for_region(region) == number.country_code
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL if own else PhoneNumberFormat.INTERNATIONAL)


class Show:
    """Rendering for one reader: `reading` is the tenant's of a number, `now` is when the page is made."""

    def __init__(self, region: str, zone: tzinfo, reading: Callable[[str], Phone], now: datetime | None = None) -> None:
        self._region = region
        self._reading = reading
        self.zone = zone
        self.now = (now or datetime.now(UTC)).astimezone(zone)

    def phone(self, text: str | None) -> str:
        """A number as people of the region write it; what is none as it is."""
        if not text:
            return ""
        read = self._reading(text)
        return text if read.e164 is None else written(read.e164, self._region) + _extension(read)

    def time(self, moment: datetime | None) -> Markup:
        """Day, time and zone, as a `time` element; a dash for no moment."""
        if moment is None:
            return _NOTHING
        there = moment.astimezone(self.zone)
        zone = there.tzname() or "UTC"
        return Markup('<time datetime="{}" title="{}">{} <span class="zone">{}</span></time>').format(
            moment.astimezone(UTC).isoformat(timespec="seconds"),
            f"{there:%A, %-d %B %Y, %H:%M:%S} {zone}",
            f"{self.day(there)}, {there:%H:%M}",
            zone,
        )

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M}"

    def day(self, moment: datetime) -> str:
        """Today, yesterday, tomorrow, or the date; without the year where it is this one."""
        there = moment.astimezone(self.zone)
        near = {0: "Today", -1: "Yesterday", 1: "Tomorrow"}.get((there.date() - self.now.date()).days)
        if near:
            return near
        return f"{there:%a %-d %b}" if there.year == self.now.year else f"{there:%-d %b %Y}"

    @staticmethod
    def duration(seconds: float | None) -> str:
        """So long, in the two largest units that say something."""
        if seconds is None:
            return ""
        whole = round(seconds)
        units = ((whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
        said = [f"{count} {unit}" for count, unit in units if count]
        return " ".join(said[:2]) or "0 s"

    def remaining(self, until: datetime) -> str:
        return self.duration(max((until - self.now).total_seconds(), 0))

    @staticmethod
    def word(code: Any) -> str:
        """What a code is called; a code that has no word says itself."""
        text = str(code or "")
        return _WORDS.get(text, text.replace("_", " ").capitalize() if text.islower() else text)

    def chip(self, code: Any) -> Markup:
        """A status as a small label."""
        return Markup('<span class="chip {}">{}</span>').format(_TONES.get(str(code), "plain"), self.word(code))

    @staticmethod
    def count(number: int) -> str:
        """A number with thin spaces between its thousands."""
        return f"{number:,}".replace(",", "\u202f")

    def value(self, value: Any, type_: str = "Text") -> Markup:
        """An attribute's value by its type; a dash for none."""
        if value is None or value == "":
            return _NOTHING
        rendered = self._rendered(str(value), type_)
        return escape(str(value)) if rendered is None else rendered

    def _rendered(self, text: str, type_: str) -> Markup | None:
        """A value of a type that is more than its text."""
        if type_ == "Bool":
            return Markup("yes") if text.lower() == "true" else Markup("no")
        if type_ == "Phone":
            return Markup('<a class="tel" href="tel:{}">{}</a>').format(text, self.phone(text))
        if type_ == "Email":
            return Markup('<a href="mailto:{0}">{0}</a>').format(text)
        if type_ == "URL" and urlsplit(text).scheme in ("http", "https"):
            return Markup('<a href="{0}" rel="noreferrer noopener" target="_blank">{0}</a>').format(text)
        return self._moment_of(text) if type_ == "DateTime" else None

    def _moment_of(self, text: str) -> Markup:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return escape(text)
        return self.time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def show_to(visit: Visit) -> Show:
    """How this visitor reads it."""
    return Show(visit.tenant.region, visit.zone, visit.records.reading)


def _extension(read: Phone) -> str:
    return f" ext. {read.extension}" if read.extension else ""
