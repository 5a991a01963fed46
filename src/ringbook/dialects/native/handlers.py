"""The native API's operations: unpack, ask the core, render."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.dialects.native import wire
from ringbook.dialects.native.listening import by_ticket_or_session
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Missing
from ringbook.web import answer
from ringbook.web.auth import bearer
from ringbook.web.dialect import Call


async def authenticate(request: Request, core: Core) -> Records:
    return await by_ticket_or_session(request, core) or await core.authenticate("native", bearer(request))


async def lookup(records: Records, call: Call[wire.LookupQuery, None]) -> Response:
    return answer.json(await records.lookup.by_number(call.query.phone))


async def report_attempt(records: Records, call: Call[wire.NoQuery, wire.AttemptBody]) -> Response:
    made = await records.attempts.report(call.body)
    return answer.json(wire.AttemptAnswer(made.attempt, wire.record_status(made.record), made.decision), 201)


async def submit_data_set(records: Records, call: Call[wire.NoQuery, wire.DataSetBody]) -> Response:
    asked = call.body
    made = await records.datasets.submit(asked.template, asked.number, asked.values)
    return answer.json(wire.data_set(made), 201)


async def list_data_sets(records: Records, call: Call[wire.NumberQuery, None]) -> Response:
    found = await records.datasets.of_number(call.query.number)
    return answer.json(wire.DataSetsAnswer([wire.data_set(d) for d in found]))


async def register_callback(records: Records, call: Call[wire.NoQuery, wire.CallbackBody]) -> Response:
    asked = call.body
    changed = await records.datasets.callback(
        asked.number, new_number=asked.new_number, ecbt=asked.ecbt, callback_id=asked.callback_id
    )
    return answer.json(wire.DataSetsAnswer([wire.data_set(d) for d in changed]))


async def list_changes(records: Records, call: Call[wire.ChangesQuery, None]) -> Response:
    asked = call.query
    changes = await records.journal.changes(
        entity=asked.entity, entity_id=asked.id, below=asked.cursor or LARGEST_ID, limit=asked.limit
    )
    return answer.json(wire.changes_answer(changes, asked.limit))


def id_of(call: Call[Any, Any], of: str = "record") -> int:
    """The id in the path. A text that cannot be one names no record, which is all that anybody learns."""
    text = call.path["id"]
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST_ID):
        raise Missing(f"There is no such {of}.")
    return int(text)
