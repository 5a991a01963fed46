"""The schema of contacts, and the mapping of call variables: unpack, ask the core, render."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.cim import wire
from ringbook.dialects.cim.ids import asked_id, object_id
from ringbook.dialects.cim.switches import switches_of
from ringbook.domain.mapping import ANI, BUILT_IN, Condition, effective_variable, with_built_in
from ringbook.domain.object_id import ObjectId, parse_object_id
from ringbook.domain.problems import Conflict, Missing
from ringbook.domain.schema import Attribute
from ringbook.web import answer
from ringbook.web.dialect import Call

_NOTHING = Condition(0, "", "", "", "")


async def attributes(records: Records, call: Call[None, None]) -> Response:
    schema = await records.schema.attributes()
    ordered = sorted(schema.attributes, key=lambda attribute: (attribute.order, attribute.id))
    return answer.json([wire.attribute(attribute) for attribute in ordered])


async def save(records: Records, call: Call[None, wire.SchemaBody]) -> Response:
    draft, spelled = wire.attribute_of(call.body)
    most = switches_of(records.tenant).max_custom_attributes
    made = await records.schema.create(draft, spelled, most_custom=most)
    return answer.json(wire.attribute(made, spelled))


async def update(records: Records, call: Call[None, wire.SchemaBody]) -> Response:
    records.require("admin")  # who may not change any is not told which there are
    asked = await _asked(records, call.path["schema_id"])
    said, spelled = wire.said_of(call.body)
    strict = switches_of(records.tenant).strict
    changed = await records.schema.change(asked.id, said, spelled, lasting_searchable=strict)
    return answer.json(wire.attribute(changed, spelled))


async def delete(records: Records, call: Call[None, None]) -> Response:
    """200 without a body, as the page prints it. The header says which conditions no longer take part."""
    records.require("admin")
    hidden = await records.schema.hide((await _asked(records, call.path["schema_id"])).key)
    if hidden is None:
        raise Missing
    headers = {}
    if hidden.disabled:
        ids = ", ".join(object_id(condition) for condition in hidden.disabled)
        headers["x-cim-warning"] = f"mapping conditions disabled: {ids}"
    return Response(status_code=200, headers=headers)


async def conditions(records: Records, call: Call[None, Any]) -> Response:
    known = with_built_in(await records.schema.conditions())
    return answer.json([wire.condition(condition) for condition in known])


async def add_condition(records: Records, call: Call[None, wire.MappingBody]) -> Response:
    made = await _add(records, wire.texts(call.body, _NOTHING))
    if switches_of(records.tenant).mapping_post == "array":
        return await conditions(records, call)
    return answer.json(wire.condition(made))


async def change_condition(records: Records, call: Call[None, wire.MappingBody]) -> Response:
    """The built-in condition is replaced by the first one for ANI; whatever that says of the rest."""
    records.require("admin")
    asked, new = asked_id(call.path["id"], "id"), call.body
    if await _is_built_in(records, asked):
        texts = wire.texts(new, BUILT_IN)
        if effective_variable(texts[0], texts[1], texts[3]) != ANI:
            raise Conflict("The built-in condition is replaced by another one for ANI.")
        return answer.json(wire.condition(await _add(records, texts)))
    changed = await records.schema.change_condition(
        asked.id, new.callVar, new.callVariable, new.key, new.varNumber, created_second=asked.second
    )
    return answer.json(wire.condition(changed))


async def drop_condition(records: Records, call: Call[None, None]) -> Response:
    records.require("admin")
    asked = asked_id(call.path["id"], "id")
    if await _is_built_in(records, asked):
        raise Conflict("The built-in condition goes when there is another one for ANI.")
    await records.schema.drop_condition(asked.id, created_second=asked.second)
    return Response(status_code=200)


async def _add(records: Records, texts: tuple[str, str, str, str]) -> Condition:
    """The condition of these texts, made if there is none."""
    await records.schema.add_condition(*texts)
    key = (await records.schema.attributes()).named(texts[2])
    meant = (texts[0], texts[1], texts[2] if key is None else key.key, texts[3])
    for condition in await records.schema.conditions():
        if (condition.call_var, condition.call_variable, condition.key, condition.var_number) == meant:
            return condition
    raise Missing  # somebody has just taken it away again


async def _is_built_in(records: Records, asked: ObjectId) -> bool:
    """Whether this id is the built-in condition's, and that takes part."""
    if asked != (BUILT_IN.created_second, BUILT_IN.id):
        return False
    return BUILT_IN in with_built_in(await records.schema.conditions())


async def _asked(records: Records, text: str) -> Attribute:
    """The attribute of this id or key."""
    schema = await records.schema.attributes()
    asked = parse_object_id(text)
    if asked is not None:
        for attribute in schema.attributes:
            if (attribute.created_second, attribute.id) == (asked.second, asked.id):
                return attribute
    found = schema.named(text)
    if found is None:
        raise Missing
    return found
