"""Calling lists: their layout and records, and the campaigns that run over them."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.campaigns import name_of_record
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form, lines
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.domain.calling_list import CallingList
from ringbook.domain.campaign import ListedRecord
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.web.dialect import Call

_A_PAGE = 50
_MOST_COLUMNS = 8


class ListsQuery(msgspec.Struct, frozen=True):
    said: str = ""


class ListQuery(msgspec.Struct, frozen=True):
    start: int = 0
    said: str = ""


class NewList(Form, frozen=True):
    name: str = ""
    key: str = ""
    phones: str = ""
    first_name: str = ""
    last_name: str = ""
    account: str = ""
    others: str = ""


async def lists(records: Records, call: Call[ListsQuery, None]) -> Response:
    found = await records.lists.all()
    campaigns = {campaign.id: campaign for campaign in await records.campaigns.all()}
    said = {"gone": "The list is gone."}.get(call.query.said, "")
    return page(call.request, "lists.html", lists=found, campaigns=campaigns, said=said)


async def show_new(records: Records, call: Call[None, None]) -> Response:
    return page(call.request, "list_new.html", given=NewList(), fault="")


async def create(records: Records, call: Call[None, NewList]) -> Response:
    try:
        made = await records.lists.create(call.body.name.strip(), _fields(call.body))
    except (Invalid, Conflict) as told:
        return page(call.request, "list_new.html", 400, given=call.body, fault=told.message)
    return go(f"{HOME}/lists/{made.id}?said=made")


async def calling_list(records: Records, call: Call[ListQuery, None]) -> Response:
    target = await _target(records, call.path["id"])
    start = max(call.query.start, 0)
    found = await records.lists.records(target.id, start, _A_PAGE + 1)
    shown = [field for field in target.fields if not field.skip]
    filled = [f for f in shown if f.key or f.required or any(one.fields.get(f.name) for one in found)] or shown
    return page(
        call.request,
        "list.html",
        list=target,
        columns=filled[:_MOST_COLUMNS],
        records=[(one, name_of_record(ListedRecord(one, target.name, target.layout))) for one in found[:_A_PAGE]],
        start=start,
        next=found[_A_PAGE].position if len(found) > _A_PAGE else None,
        said={"made": "The list is there.", "emptied": "The list is empty."}.get(call.query.said, ""),
    )


async def clear(records: Records, call: Call[None, Form]) -> Response:
    target = await _target(records, call.path["id"])
    await records.lists.clear(target.id)
    return go(f"{HOME}/lists/{target.id}?said=emptied")


async def drop(records: Records, call: Call[None, Form]) -> Response:
    target = await _target(records, call.path["id"])
    await records.lists.drop(target.id)
    return go(f"{HOME}/lists?said=gone")


async def _target(records: Records, text: str) -> CallingList:
    list_id = words.id_of(text)
    found = next((one for one in await records.lists.all() if one.id == list_id), None)
    if found is None:
        raise Missing
    return found


def _fields(form: NewList) -> list[Field]:
    """A layout out of the names that were given for each kind of column."""
    fields = [Field(name, key=True, required=True) for name in lines(form.key.replace(",", "\n"))]
    fields += [Field(name, type="ACCOUNT") for name in lines(form.account)]
    fields += [Field(name, type="FIRST_NAME") for name in lines(form.first_name)]
    fields += [Field(name, type="LAST_NAME") for name in lines(form.last_name)]
    fields += [Field(name, type="PHONE", phone_type="AS_GIVEN") for name in lines(form.phones)]
    return fields + [Field(name) for name in lines(form.others)]


OPERATIONS = (
    looks("/lists", lists, "Calling lists", ListsQuery),
    looks("/lists/new", show_new, "A new list"),
    sends("/lists/new", create, "Make a list", NewList),
    looks("/lists/{id}", calling_list, "A list's records", ListQuery),
    sends("/lists/{id}/clear", clear, "Delete a list's records"),
    sends("/lists/{id}/delete", drop, "Delete a list"),
)
