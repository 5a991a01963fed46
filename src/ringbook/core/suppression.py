"""The numbers of who was erased: barred from being called, and known only by a hash that needs the key file."""

from __future__ import annotations

from ringbook.core.context import Context
from ringbook.domain.erasure import hashed_key
from ringbook.domain.phone import MatchKey

_PURPOSE = "number of an erased person"


def suppressed_key(context: Context, key: MatchKey) -> str | None:
    """What a do-not-call list has of this number if its holder was erased; None where there is no key file.

    Whoever asks what bars a number asks for this entry, too. It is another one in each tenant.
    """
    if context.passwords is None:
        return None
    return hashed_key(context.passwords.signature(_PURPOSE, f"{context.tenant.id}:{key}".encode()))
