"""What pages compute of the core's nouns before they show them: names, time lines, ids and cursors in addresses."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from ringbook.domain.contact import Contact
from ringbook.domain.interaction import Interaction, Leg
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Invalid, Missing
from ringbook.domain.schema import CUSTOMER_ID, Schema

_TRAIL = re.compile(r"\s*(?:>|\u203a|\u2192|\||;)\s*")


def id_of(text: str) -> int:
    """The id in an address; Missing for what cannot be one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and 0 < int(text) <= LARGEST_ID):
        raise Missing
    return int(text)


def name_of(attributes: Mapping[str, Any]) -> str:
    """What a person is called: the name, else the company, the customer id, or nothing known."""
    whole = " ".join(str(attributes.get(key) or "").strip() for key in ("first_name", "last_name")).strip()
    return whole or str(attributes.get("company") or "") or str(attributes.get(CUSTOMER_ID) or "") or "No name"


def initials_of(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


class Shown(NamedTuple):
    """An attribute as a page shows it."""

    key: str
    label: str
    type: str
    value: Any
    pii: bool = False


def shown(schema: Schema, contact: Contact) -> list[Shown]:
    """What is known of a contact, in the schema's order, and behind it what the schema lacks. Phones are left out."""
    values = contact.attributes
    known = [
        Shown(a.key, a.label or a.key, a.type, values[a.key], a.pii)
        for a in schema.attributes
        if a.type != "Phone" and values.get(a.key) not in (None, "")
    ]
    loose = [Shown(key, key, "Text", values[key]) for key in schema.unknown(values) if values[key] not in (None, "")]
    return known + loose


def trail(text: str) -> list[str]:
    """The stations of an IVR's trail."""
    return [station for station in _TRAIL.split(text) if station]


def notes_of(leg: Leg) -> list[str]:
    """All wrap-ups and notes of a leg that say something, each once, the newest last."""
    said = [_reason(one) for one in leg.wrap_ups]
    return list(dict.fromkeys(text for text in (*said, leg.wrap_up) if text))


def _reason(wrap_up: Any) -> str:
    """What an agent chose or wrote, in whatever shape the desktop sent it."""
    if isinstance(wrap_up, dict):
        return str(wrap_up.get("reason") or wrap_up.get("name") or "")
    return str(wrap_up or "")


def is_outbound(call: Interaction) -> bool:
    return any(leg.direction == "OUTBOUND" for leg in call.legs)


def as_they_happened(legs: Iterable[Leg]) -> list[Leg]:
    return sorted(legs, key=lambda leg: (leg.at, leg.id))


def cursor(*parts: Any) -> str:
    """A position as a text for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def position(text: str, *types: type) -> Sequence[Any]:
    """What a cursor says; Invalid for one that was not made here."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type]
    except ValueError:
        raise Invalid("This page's address is not whole. Begin at the first page.", field="after") from None


def moment(text: str) -> datetime | None:
    """A time in an address."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        raise Invalid("This page's address is not whole. Begin at the first page.", field="after") from None
