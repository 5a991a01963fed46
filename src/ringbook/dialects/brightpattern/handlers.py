"""Calling lists and campaigns: unpack, ask the core, render."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.brightpattern import wire
from ringbook.dialects.brightpattern.switches import switches_of
from ringbook.dialects.brightpattern.wire import Generation, generation_of
from ringbook.domain.problems import Conflict, Missing
from ringbook.web import answer
from ringbook.web.answer import JsonAnswer
from ringbook.web.dialect import Call


async def campaigns(records: Records, call: Call[None, None]) -> Response:
    return answer.json(wire.campaigns(_generation(call), await records.results.enabled_campaigns()))


async def add(records: Records, call: Call[None, wire.Record]) -> Response:
    try:
        await records.lists.add(call.path["list"], call.body, told_apart=True)
    except Conflict:
        with suppress(Missing):  # it has gone meanwhile
            found = await records.campaign_records.in_campaign(call.path["list"], "", call.body)
            raise Conflict(wire.taken(found)) from None
        raise
    return Response(status_code=_generation(call).added)


async def add_all(records: Records, call: Call[None, wire.Records]) -> Response:
    """200 also in 3.x, unless the tenant wants the 204 of its page, which shows a body that 204 cannot have (B1)."""
    status = switches_of(records).add_all if _generation(call) is wire.OLD else 200
    told = await records.lists.add_many(call.path["list"], call.body, told_apart=True)
    if status == 204:
        return Response(status_code=status)
    return JsonAnswer(wire.encode(wire.added(call.body, told)), 200, None)


async def update(records: Records, call: Call[None, wire.Record]) -> Response:
    await records.lists.update(call.path["list"], call.body)
    return Response(status_code=_generation(call).added)


async def get(records: Records, call: Call[None, wire.Record]) -> Response:
    path = call.path
    found = await records.campaign_records.in_campaign(path["list"], path["campaign"], call.body)
    return answer.json(wire.queried(_generation(call), found))


async def delete_all(records: Records, call: Call[None, None]) -> Response:
    """The body, if there is one, is not read: some clients send one, some none (contract 6.4)."""
    await records.lists.clear(call.path["list"])
    return Response(status_code=_generation(call).added)


async def get_all(records: Records, call: Call[None, wire.From]) -> Response:
    asked, path, of = call.body, call.path, _generation(call)
    start, most = asked.start, asked.most
    found = await records.results.from_position(path["list"], path["campaign"], start, most)
    return answer.json([wire.indexed(of, one) for one in found])


async def get_completed(records: Records, call: Call[None, wire.Since]) -> Response:
    asked, path, of = call.body, call.path, _generation(call)
    moment, most = asked.moment, asked.most
    found = await records.results.completed_since(path["list"], path["campaign"], moment, most)
    return answer.json([wire.completed(of, one) for one in found])


async def get_changed(records: Records, call: Call[None, wire.Since]) -> Response:
    asked, path, of = call.body, call.path, _generation(call)
    moment, most = asked.moment, asked.most
    found = await records.results.changed_since(path["list"], path["campaign"], moment, most)
    return answer.json([wire.changed(of, one) for one in found])


async def add_barred(records: Records, call: Call[None, wire.DncEntries]) -> Response:
    entries = wire.dnc_entries(call.body)
    keys = [key for key, _ in entries]
    return answer.json({"added": await records.do_not_call.add(call.path["dnc"], keys, comments=dict(entries))})


async def replace_barred(records: Records, call: Call[None, wire.DncEntries]) -> Response:
    entries = wire.dnc_entries(call.body)
    keys = [key for key, _ in entries]
    return answer.json({"added": await records.do_not_call.replace(call.path["dnc"], keys, comments=dict(entries))})


async def delete_barred(records: Records, call: Call[None, wire.DncKeys]) -> Response:
    removed = await records.do_not_call.remove(call.path["dnc"], wire.dnc_keys(call.body))
    told: dict[str, Any] = {"deleted": removed.count}
    if removed.missing:
        told["error"] = {"keyNotFound": [{"key": key} for key in removed.missing]}
    return answer.json(told)


async def delete_all_barred(records: Records, call: Call[None, None]) -> Response:
    removed = await records.do_not_call.remove(call.path["dnc"])
    return answer.json({"deleted": removed.count})


def _generation(call: Call[Any, Any]) -> Generation:
    return generation_of(call.request.scope["path"])
