"""A receiver of events: what may be one, how what it is sent is signed, and when it is tried again."""

from __future__ import annotations

import base64
import hmac
import random
import re
import secrets
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ringbook.domain.event import Place
from ringbook.domain.problems import Invalid

MOST_WEBHOOKS = 20
MOST_TRIES = 15
"""Over about four hours, by the pauses below."""
PING = "webhook.ping"

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 3600.0
_LONGEST_URL = 2000
_PREFIX = "whsec_"
_URL = re.compile(r"https?://[!-~]+")

State = Literal["waiting", "delivered", "dead"]


class Webhook(msgspec.Struct, frozen=True):
    """A receiver as its tenant sees it: never its secret. No types are all types."""

    id: int
    url: str
    types: tuple[str, ...]
    agent: str
    enabled: bool
    created_at: datetime


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to a receiver: dead after its last try. `status` is what the receiver answered last."""

    event_id: int
    type: str
    state: State
    tries: int
    next_try_at: datetime | None
    tried_at: datetime | None
    status: int | None
    error: str | None


class Due(msgspec.Struct, frozen=True):
    """A delivery that is to be tried now."""

    place: Place
    type: str
    tries: int


class Outcome(msgspec.Struct, frozen=True):
    """What a try came to: the receiver's status, or why there was none."""

    status: int | None = None
    error: str | None = None

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def checked_url(url: str) -> str:
    """The URL; Invalid for one to which nothing can be sent."""
    try:
        parts = urlsplit(url)
        fits = bool(_URL.fullmatch(url) and parts.hostname and len(url) <= _LONGEST_URL and parts.port != 0)
    except ValueError:
        fits = False
    if not fits:
        raise Invalid("A URL is like https://crm.example/ringbook, in ASCII.", field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("The URL has neither a user, nor a password, nor a fragment.", field="url")
    return url


def new_webhook_secret() -> str:
    """256 random bits, as Standard Webhooks writes them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of Standard Webhooks: HMAC-SHA256 over id, time and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def pause_after(tries: int) -> float:
    """How many seconds to wait after so many tries: twice as long each time, and never quite the same."""
    return min(_FIRST_PAUSE * 2.0 ** (tries - 1), _LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
