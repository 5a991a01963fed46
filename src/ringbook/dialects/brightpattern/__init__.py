"""Bright Pattern's List Management API: 3.x below the tenant's path, v2, and what v3 has beyond both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ringbook.dialects.brightpattern import credentials, handlers, wire
from ringbook.dialects.brightpattern.errors import TAKEN_IN_3X, WORDING, problem
from ringbook.dialects.brightpattern.habits import as_clients_do, decode
from ringbook.dialects.brightpattern.later import V3
from ringbook.web.dialect import BEARER, MEGABYTE, AnyOperation, Described, Dialect, Limits, OpenOperation, Operation

_BATCH = Limits(body=64 * MEGABYTE, seconds=60.0)


_OLD = Described(security=("digest",), statuses=TAKEN_IN_3X)
_OLD_BATCH = replace(_OLD, also=(204,))
_V2 = Described(security=("token",))


def _lists(prefix: str, written: int, plainly: Described, batch: Described) -> Iterator[AnyOperation]:
    """What 3.x and v2 have in common; `written` is the status of a write that answers nothing."""

    def post(path: str, handler: Any, summary: str, body: Any, answer: Any, **more: Any) -> AnyOperation:
        more.setdefault("described", plainly)
        return Operation("POST", f"{prefix}/{path}", handler, summary, body=body, answer=answer, **more)

    yield post("callinglist/get/{list}/{campaign}", handlers.get, "Query a record", wire.Record, wire.Queried)
    yield Operation(
        "GET",
        f"{prefix}/campaign/getAll",
        handlers.campaigns,
        "Get campaigns",
        answer=list[wire.Campaign],
        described=plainly,
    )
    yield post("callinglist/add/{list}", handlers.add, "Add a record", wire.Record, None, status=written)
    yield post(
        "callinglist/addAll/{list}",
        handlers.add_all,
        "Add a number of records",
        wire.Records,
        wire.AddedAnswer,
        limits=_BATCH,
        described=batch,
    )
    yield post("callinglist/update/{list}", handlers.update, "Update a record", wire.Record, None, status=written)
    yield post("callinglist/deleteAll/{list}", handlers.delete_all, "Delete all records", None, None, status=written)
    yield post(
        "callinglist/getCompleted/{list}/{campaign}",
        handlers.get_completed,
        "Get completed records",
        wire.Since,
        list[wire.Completed],
    )
    yield post(
        "callinglist/getChanged/{list}/{campaign}",
        handlers.get_changed,
        "Get updated records",
        wire.Since,
        list[wire.Changed],
    )
    yield post(
        "callinglist/getAll/{list}/{campaign}", handlers.get_all, "Get all records", wire.From, list[wire.Indexed]
    )
    yield post(
        "donotcalllist/add/{dnc}",
        handlers.add_barred,
        "Add records to a do-not-call list",
        wire.DncEntries,
        wire.DncAdded,
        limits=_BATCH,
    )
    yield post(
        "donotcalllist/replaceAll/{dnc}",
        handlers.replace_barred,
        "Replace the records of a do-not-call list",
        wire.DncEntries,
        wire.DncAdded,
        limits=_BATCH,
    )


OPERATIONS: Sequence[AnyOperation] = (
    *_lists("/admin/ws/t/{tenant}", wire.OLD.added, _OLD, _OLD_BATCH),
    OpenOperation(
        "POST",
        "/configapi/v2/oauth/token",
        credentials.token,
        "A token for a user's API secret",
        form=wire.TokenForm,
        answer=wire.Token,
    ),
    *_lists("/configapi/v2", wire.V2.added, _V2, _V2),
    Operation(
        "POST",
        "/configapi/v2/donotcalllist/delete/{dnc}",
        handlers.delete_barred,
        "Delete records of a do-not-call list",
        body=wire.DncKeys,
        answer=wire.DncDeleted,
        limits=_BATCH,
        described=_V2,
    ),
    Operation(
        "POST",
        "/configapi/v2/donotcalllist/deleteAll/{dnc}",
        handlers.delete_all_barred,
        "Delete all records of a do-not-call list",
        answer=wire.DncDeleted,
        described=_V2,
    ),
    *V3,
)

BRIGHTPATTERN = Dialect(
    name="brightpattern",
    title="Bright Pattern List Management",
    prefixes=("/admin/ws/t/", "/configapi/"),
    operations=OPERATIONS,
    authenticate=credentials.authenticate,
    problem=problem,
    wrap=as_clients_do,
    decode=decode,
    wording=WORDING,
    security={
        "digest": {"type": "http", "scheme": "digest"},
        "token": BEARER,
    },
)
