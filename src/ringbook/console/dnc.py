"""Do not call: the lists that bar, what is on them, and whether a number may be called at this moment."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form, lines
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.domain.do_not_call import DncType
from ringbook.domain.may_call import MayCall
from ringbook.domain.problems import Conflict, Invalid
from ringbook.web.dialect import Call, Limits

_A_PAGE = 100
_LONG = Limits(body=4 * 1024 * 1024, seconds=30.0)
_REASONS = {
    "do_not_call": "It is on a do-not-call list.",
    "hours": "It is outside the hours in which this person may be called.",
    "tries": "It was called as often as is allowed lately.",
}


_SAID = {
    "made": "The list is there. It bars from all campaigns unless it is bound to some.",
    "added": "They are barred from now on.",
    "removed": "It is barred no more.",
    "bound": "From now on the list bars from what is chosen here.",
}


class Query(msgspec.Struct, frozen=True):
    number: str = ""
    campaign: int = 0
    said: str = ""


class ListQuery(msgspec.Struct, frozen=True):
    name: str = ""
    after: str = ""
    said: str = ""


class NewList(Form, frozen=True):
    name: str = ""
    type: DncType = "INTERNAL"


class Entries(Form, frozen=True):
    name: str = ""
    entries: str = ""
    comment: str = ""


class Binding(Form, frozen=True):
    name: str = ""
    campaigns: list[int] = msgspec.field(default_factory=list)


async def lists(records: Records, call: Call[Query, None]) -> Response:
    return await _lists(records, call, call.query)


async def create(records: Records, call: Call[None, NewList]) -> Response:
    name = call.body.name.strip()
    try:
        if not name:
            raise Invalid("A list has a name.", field="name")
        await records.dnc_lists.create(name, call.body.type)
    except (Invalid, Conflict) as told:
        return await _lists(records, call, Query(), told.message)
    return _to(name, "made")


async def one_list(records: Records, call: Call[ListQuery, None]) -> Response:
    asked = call.query
    return await _list(records, call, asked.name, after=asked.after, said=asked.said)


async def add(records: Records, call: Call[None, Entries]) -> Response:
    form = call.body
    entries = lines(form.entries)
    if not entries:
        return await _list(records, call, form.name, fault="Type at least one entry, each in a line of its own.")
    try:
        comments = dict.fromkeys(entries, form.comment.strip()) if form.comment.strip() else {}
        await records.do_not_call.add(form.name, entries, comments=comments)
    except (Invalid, Conflict) as told:
        return await _list(records, call, form.name, fault=told.message)
    return _to(form.name, "added")


async def remove(records: Records, call: Call[None, Entries]) -> Response:
    await records.do_not_call.remove(call.body.name, lines(call.body.entries))
    return _to(call.body.name, "removed")


async def bind(records: Records, call: Call[None, Binding]) -> Response:
    await records.dnc_lists.bind(call.body.name, call.body.campaigns)
    return _to(call.body.name, "bound")


async def drop(records: Records, call: Call[None, NewList]) -> Response:
    await records.dnc_lists.drop(call.body.name)
    return go(f"{HOME}/dnc?said=gone")


async def _lists(records: Records, call: Call[Any, Any], asked: Query, fault: str = "") -> Response:
    kinds = await records.do_not_call.kinds()
    verdict: MayCall | None = None
    if asked.number.strip():
        try:
            verdict = await records.calling.may_call(asked.number, asked.campaign or None)
        except Invalid as told:
            fault = told.message
    return page(
        call.request,
        "dnc.html",
        400 if fault else 200,
        lists=sorted(kinds.items()),
        asked=asked,
        verdict=verdict,
        reason=_REASONS.get(str(verdict.reason), "") if verdict else "",
        campaigns=await records.campaigns.all(),
        fault=fault,
        said={"gone": "The list is gone, and bars nobody any more."}.get(asked.said, ""),
    )


async def _list(
    records: Records, call: Call[Any, Any], name: str, *, after: str = "", fault: str = "", said: str = ""
) -> Response:
    target = await records.dnc_lists.get(name)
    start = words.position(after, str)[0] if after else ""
    found = await records.dnc_lists.entries(target.list.id, start, _A_PAGE)
    return page(
        call.request,
        "dnc_list.html",
        400 if fault else 200,
        name=target.list.name,
        kind=target.list.type,
        bound=target.campaigns,
        entries=found,
        after=after,
        next=words.cursor(found[-1].key) if len(found) == _A_PAGE else "",
        campaigns=await records.campaigns.all(),
        fault=fault,
        said=_SAID.get(said, ""),
    )


def _to(name: str, said: str) -> Response:
    query = urlencode({"name": name, "said": said})
    return go(f"{HOME}/dnc/list?{query}")


OPERATIONS = (
    looks("/dnc", lists, "Do-not-call lists", Query),
    sends("/dnc", create, "Make a do-not-call list", NewList),
    looks("/dnc/list", one_list, "What a list bars", ListQuery),
    sends("/dnc/list", add, "Bar entries", Entries, _LONG),
    sends("/dnc/list/remove", remove, "Bar an entry no more", Entries),
    sends("/dnc/list/bind", bind, "Bar from some campaigns only", Binding),
    sends("/dnc/list/delete", drop, "Delete a do-not-call list", NewList),
)
