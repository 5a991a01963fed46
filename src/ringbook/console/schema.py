"""The schema of contacts and the mapping of call variables, with a try-it: who would pop, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form, lines
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.screenpop import ScreenPop
from ringbook.domain.mapping import PHONE, Condition, with_built_in
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.domain.schema import Attribute, AttributeType
from ringbook.web.dialect import Call


class Query(msgspec.Struct, frozen=True):
    ani: str = ""
    dnis: str = ""
    variables: str = ""
    said: str = ""


class NewAttribute(Form, frozen=True):
    key: str = ""
    label: str = ""
    type: AttributeType = "Text"
    required: bool = False
    unique: bool = False
    searchable: bool = False
    pii: bool = False
    max_length: str = ""
    description: str = ""


class NewCondition(Form, frozen=True):
    variable: str = ""
    key: str = ""


_SAID = {
    "made": "The attribute is there.",
    "changed": "The attribute is changed.",
    "hidden": "The attribute is gone. Its values come back if it is made again.",
    "mapped": "The condition takes part from now on.",
    "unmapped": "The condition is gone.",
}


async def schema(records: Records, call: Call[Query, None]) -> Response:
    return await _page(records, call, call.query)


async def create(records: Records, call: Call[None, NewAttribute]) -> Response:
    form = call.body
    try:
        attribute = _attribute(form)
        await records.schema.create(attribute, attribute.type)
    except (Invalid, Conflict) as told:
        return await _page(records, call, Query(), told.message, given=form)
    return go(f"{HOME}/schema?said=made")


async def show_attribute(records: Records, call: Call[None, None]) -> Response:
    return page(call.request, "attribute.html", attribute=await _known(records, call.path["id"]), fault="")


async def change(records: Records, call: Call[None, NewAttribute]) -> Response:
    before = await _known(records, call.path["id"])
    form = call.body
    try:
        said: dict[str, Any] = {"label": form.label.strip()}
        if not before.predefined:
            wanted = _attribute(form)
            names = ("key", "type", "required", "unique", "searchable", "pii", "max_length", "description")
            said |= {name: getattr(wanted, name) for name in names}
        await records.schema.change(before.id, said)
    except (Invalid, Conflict) as told:
        return page(call.request, "attribute.html", 409, attribute=before, fault=told.message)
    return go(f"{HOME}/schema?said=changed")


async def hide(records: Records, call: Call[None, Form]) -> Response:
    await records.schema.hide((await _known(records, call.path["id"])).key)
    return go(f"{HOME}/schema?said=hidden")


async def add_condition(records: Records, call: Call[None, NewCondition]) -> Response:
    variable = call.body.variable.strip()
    try:
        if not variable:
            raise Invalid("A condition names a call variable.", field="variable")
        await records.schema.add_condition(variable, variable, call.body.key, "")
    except (Invalid, Conflict) as told:
        return await _page(records, call, Query(), told.message)
    return go(f"{HOME}/schema?said=mapped")


async def drop_condition(records: Records, call: Call[None, Form]) -> Response:
    await records.schema.drop_condition(words.id_of(call.path["id"]))
    return go(f"{HOME}/schema?said=unmapped")


async def _page(
    records: Records, call: Call[Any, Any], asked: Query, fault: str = "", given: NewAttribute | None = None
) -> Response:
    known = await records.schema.attributes()
    conditions = await records.schema.conditions()
    popped: ScreenPop | None = None
    if asked.ani or asked.variables:
        try:
            popped = await records.screenpops.evaluate(asked.ani, asked.dnis, _variables(asked.variables))
        except Invalid as told:
            fault = told.message
    return page(
        call.request,
        "schema.html",
        400 if fault else 200,
        attributes=known.attributes,
        labels={a.key: a.label for a in known.attributes} | {PHONE: "Any number"},
        conditions=[(c, _variable_of(c)) for c in with_built_in(conditions)],
        asked=asked,
        popped=popped,
        given=given or NewAttribute(searchable=True),
        fault=fault,
        said=_SAID.get(asked.said, ""),
        words=words,
    )


async def _known(records: Records, text: str) -> Attribute:
    attribute_id = words.id_of(text)
    found = next((a for a in (await records.schema.attributes()).attributes if a.id == attribute_id), None)
    if found is None:
        raise Missing
    return found


def _attribute(form: NewAttribute) -> Attribute:
    """The attribute as the form has it."""
    longest = form.max_length.strip()
    if longest and not longest.isdecimal():
        raise Invalid("The most characters are a number.", field="max_length")
    return Attribute(
        id=0,
        key=form.key.strip(),
        label=form.label.strip() or form.key.strip(),
        type=form.type,
        required=form.required,
        unique=form.unique,
        searchable=form.searchable,
        pii=form.pii,
        max_length=int(longest) if longest else None,
        description=form.description.strip(),
    )


def _variables(text: str) -> Mapping[str, str]:
    """Call variables, one a line: name = value."""
    found: dict[str, str] = {}
    for line in lines(text):
        name, equals, value = line.partition("=")
        if not equals:
            raise Invalid("A call variable is a line such as callVariable3 = M-2015-0047.", field="variables")
        found[name.strip()] = value.strip()
    return found


def _variable_of(condition: Condition) -> str:
    return condition.call_variable or condition.call_var


OPERATIONS = (
    looks("/schema", schema, "The schema and the mapping", Query),
    sends("/schema", create, "Make an attribute", NewAttribute),
    sends("/schema/conditions", add_condition, "Map a call variable", NewCondition),
    sends("/schema/conditions/{id}/delete", drop_condition, "Map a call variable no more"),
    looks("/schema/{id}", show_attribute, "Change an attribute"),
    sends("/schema/{id}", change, "Change an attribute", NewAttribute),
    sends("/schema/{id}/hide", hide, "Take an attribute out of the schema"),
)
