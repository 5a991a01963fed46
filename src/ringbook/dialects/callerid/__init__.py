"""Caller names for telephone systems: one question, and an answer that is always short, plain, in time and a 200."""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.dialects.callerid import handlers, wire
from ringbook.dialects.callerid.errors import problem
from ringbook.web.dialect import BASIC, BEARER, AnyOperation, Described, Dialect, Operation

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/callerid",
        handlers.name_of_caller,
        "Who is calling, as a name to show",
        query=wire.NameQuery,
        described=Described(media_types=wire.MEDIA_TYPES),
    ),
)

CALLERID = Dialect(
    name="callerid",
    title="caller name for telephone systems",
    prefixes=("/callerid",),
    operations=OPERATIONS,
    authenticate=handlers.authenticate,
    problem=problem,
    security={"key": BEARER, "password": BASIC, "parameter": {"type": "apiKey", "in": "query", "name": "key"}},
)
