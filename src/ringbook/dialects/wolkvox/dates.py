"""wolkvox's clock: GMT-5 all year, whatever the operation's own (contract 2.0, "Dates")."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

from ringbook.dialects.wolkvox.errors import bad_dates

ZONE = timezone(timedelta(hours=-5))

_INPUT = "%Y%m%d%H%M%S"
_OUTPUT = "%Y-%m-%d %H:%M:%S"
_LENGTH = 14
_MOST_DAYS = 31
NEVER = "0" * _LENGTH


def printed(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(ZONE).strftime(_OUTPUT)


def compact(moment: datetime | None) -> str:
    """As recalls are written: YYYYmmddHHiiss."""
    return NEVER if moment is None else moment.astimezone(ZONE).strftime(_INPUT)


def moment(text: str) -> datetime | None:
    """What YYYYmmddHHiiss means; None where it is no moment."""
    plain = text.strip()
    if len(plain) != _LENGTH or not plain.isascii() or not plain.isdecimal():
        return None
    try:
        return datetime.strptime(plain, _INPUT).replace(tzinfo=ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def span(start: str, end: str) -> tuple[datetime, datetime]:
    """A report's range, the last second included; refused where it is reversed, unreadable or over 31 days (D-W2)."""
    first, last = moment(start), moment(end)
    if first is None or last is None or last < first or last - first > timedelta(days=_MOST_DAYS):
        raise bad_dates()
    return first, last + timedelta(seconds=1)


def hour(text: str) -> str | None:
    """A time of day from hhiiss, YYYYmmddhhiiss or HH:mm:ss, as HH:MM:SS; None where it is none."""
    plain = text.strip().replace(":", "")
    if len(plain) not in (6, _LENGTH) or not plain.isascii() or not plain.isdecimal():
        return None
    try:
        return time(int(plain[-6:-4]), int(plain[-4:-2]), int(plain[-2:])).isoformat()
    except ValueError:
        return None


def duration(seconds: int | None) -> str:
    """HH:MM:SS."""
    whole = max(seconds or 0, 0)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
