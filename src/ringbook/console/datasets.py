"""Data sets: what was left for a number, and the templates under which it may be left, each with its token."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form, lines
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.templates import OwnedTemplate
from ringbook.domain.dataset import DataSet
from ringbook.domain.problems import Conflict, Invalid
from ringbook.web.dialect import Call

_SECONDS_AN_HOUR = 3600


class Query(msgspec.Struct, frozen=True):
    number: str = ""


class TemplatesQuery(msgspec.Struct, frozen=True):
    said: str = ""


class NewTemplate(Form, frozen=True):
    name: str = ""
    hours: str = "24"
    data_keys: str = ""
    description: str = ""


async def lookup(records: Records, call: Call[Query, None]) -> Response:
    """Mindful's page Lookup Data Set: the live sets of a number, over all templates."""
    found: Sequence[DataSet] = []
    fault = ""
    if call.query.number:
        try:
            found = await records.datasets.of_number(call.query.number)
        except Invalid as told:
            fault = told.message
    return page(call.request, "datasets.html", number=call.query.number, found=found, fault=fault)


async def templates(records: Records, call: Call[TemplatesQuery, None]) -> Response:
    said = {"changed": "The template is changed.", "ended": "The token is ended: nobody can use it any more."}
    return await _templates(records, call, said=said.get(call.query.said, ""))


async def create(records: Records, call: Call[None, NewTemplate]) -> Response:
    form = call.body
    try:
        seconds, keys = _seconds(form.hours), lines(form.data_keys)
        made = await records.templates.create(form.name.strip(), seconds, keys, description=form.description.strip())
    except (Invalid, Conflict) as told:
        return await _templates(records, call, given=form, fault=told.message)
    return await _templates(records, call, made=made)


async def change(records: Records, call: Call[None, NewTemplate]) -> Response:
    form = call.body
    try:
        await records.templates.change(
            words.id_of(call.path["id"]),
            retention_seconds=_seconds(form.hours),
            data_keys=lines(form.data_keys),
            description=form.description.strip(),
        )
    except Invalid as told:
        return await _templates(records, call, fault=told.message)
    return go(f"{HOME}/datasets/templates?said=changed")


async def rotate(records: Records, call: Call[None, Form]) -> Response:
    return await _templates(records, call, made=await records.templates.rotate_token(words.id_of(call.path["id"])))


async def disable(records: Records, call: Call[None, Form]) -> Response:
    await records.templates.disable(words.id_of(call.path["id"]))
    return go(f"{HOME}/datasets/templates?said=ended")


async def _templates(
    records: Records,
    call: Call[TemplatesQuery, None] | Call[None, NewTemplate] | Call[None, Form],
    *,
    said: str = "",
    fault: str = "",
    made: OwnedTemplate | None = None,
    given: NewTemplate | None = None,
) -> Response:
    return page(
        call.request,
        "templates.html",
        400 if fault else 200,
        templates=await records.templates.all(),
        made=made,
        given=given or NewTemplate(),
        said=said,
        fault=fault,
        hours=_hours,
    )


def _seconds(hours: str) -> float:
    try:
        return float(hours.replace(",", ".")) * _SECONDS_AN_HOUR
    except ValueError:
        raise Invalid("Hours are a number, such as 24 or 0.5.", field="hours") from None


def _hours(seconds: float) -> str:
    return f"{seconds / _SECONDS_AN_HOUR:g}"


OPERATIONS = (
    looks("/datasets", lookup, "What was left for a number", Query),
    looks("/datasets/templates", templates, "Data set templates", TemplatesQuery),
    sends("/datasets/templates", create, "Make a template", NewTemplate),
    sends("/datasets/templates/{id}", change, "Change a template", NewTemplate),
    sends("/datasets/templates/{id}/rotate", rotate, "Give a template another token"),
    sends("/datasets/templates/{id}/disable", disable, "End a template's token"),
)
