"""For who builds and who watches: the description of every API, the last exchanges, and the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks
from ringbook.console.frame import page
from ringbook.core.access import Records
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Missing
from ringbook.web.dialect import AnyOperation, Call, Dialect, NotYet, OpenOperation, Operation
from ringbook.web.worker import worker_of

_A_PAGE = 50


class DialectQuery(msgspec.Struct, frozen=True):
    dialect: str = "native"


class ExchangesQuery(msgspec.Struct, frozen=True):
    of: str = ""
    id: str = ""
    after: str = ""


class JournalQuery(msgspec.Struct, frozen=True):
    entity: str = ""
    after: str = ""


ENTITIES = ("contact", "list", "campaign", "data_set", "template", "dnc_list", "attribute", "mapping", "key", "user")


def operations(described: Sequence[Dialect]) -> Sequence[AnyOperation]:
    """The pages, of which one shows what these dialects describe."""
    by_name = {dialect.name: dialect for dialect in described}

    async def api(records: Records, call: Call[DialectQuery, None]) -> Response:
        dialect = by_name.get(call.query.dialect)
        if dialect is None:
            raise Missing
        return page(
            call.request,
            "api.html",
            dialect=dialect,
            dialects=described,
            done=[o for o in dialect.operations if not isinstance(o, NotYet)],
            later=[o for o in dialect.operations if isinstance(o, NotYet)],
            is_open=lambda operation: isinstance(operation, OpenOperation),
        )

    return (looks("/api", api, "What every API answers", DialectQuery), *_OPERATIONS)


async def exchanges(records: Records, call: Call[ExchangesQuery, None]) -> Response:
    asked = call.query
    keeping = worker_of(call.request).exchanges
    if keeping is not None:
        await keeping.flush()  # who has just asked looks here for the answer
    dialect, _, key = asked.of.partition(" ")
    below = words.position(asked.after, int)[0] if asked.after else LARGEST_ID
    found = await records.exchanges.latest(
        dialect=dialect or None, key=key or None, request_id=asked.id.strip() or None, below=below, limit=_A_PAGE
    )
    return page(
        call.request,
        "exchanges.html",
        asked=asked,
        keys=await records.exchanges.keys(),
        found=found,
        next=words.cursor(found[-1].id) if len(found) == _A_PAGE else "",
        indented=_indented,
    )


async def journal(records: Records, call: Call[JournalQuery, None]) -> Response:
    asked = call.query
    below = words.position(asked.after, int)[0] if asked.after else LARGEST_ID
    entity = asked.entity if asked.entity in ENTITIES else None
    changes = await records.journal.changes(entity=entity, below=below, limit=_A_PAGE)
    return page(
        call.request,
        "journal.html",
        asked=asked,
        entities=ENTITIES,
        changes=[(change, _summary(change.before, change.after)) for change in changes],
        next=words.cursor(changes[-1].id) if len(changes) == _A_PAGE else "",
        indented=_indented,
    )


def _indented(text: str | bytes | msgspec.Raw) -> str:
    """JSON in lines; what is no JSON as it is."""
    raw = text if isinstance(text, str) else bytes(text).decode()
    try:
        return msgspec.json.format(raw, indent=2)
    except msgspec.DecodeError:
        return raw


def _summary(before: msgspec.Raw, after: msgspec.Raw) -> str:
    """What a change did, in a word."""
    if bytes(before) == b"null":
        return "made"
    return "taken away" if bytes(after) == b"null" else "changed"


_OPERATIONS: Sequence[Operation[Any, Any]] = (
    looks("/exchanges", exchanges, "The last requests and their answers", ExchangesQuery),
    looks("/journal", journal, "Who changed what", JournalQuery),
)
