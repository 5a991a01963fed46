"""Which call variable finds which attribute, natively. How a screen pop uses them: contracts/cim.md 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import NoQuery, Request
from ringbook.domain.mapping import BUILT_IN, LONGEST_VARIABLE, Condition, with_built_in
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Described, Operation

Variable = Annotated[str, Meta(min_length=1, max_length=LONGEST_VARIABLE)]


class MappingBody(Request, frozen=True):
    """`key` is an attribute's, or `phone`: any attribute of type Phone."""

    variable: Variable
    key: Annotated[str, Meta(min_length=1, max_length=64)]


class MappingAnswer(msgspec.Struct, frozen=True):
    """`variable` is what the screen pop reads, without case. The built-in one takes part until one for ANI does."""

    id: int
    variable: str
    key: str
    enabled: bool
    built_in: bool


class MappingsAnswer(msgspec.Struct, frozen=True):
    """All mappings: there are some hundred at most."""

    items: list[MappingAnswer]


async def list_mappings(records: Records, call: Call[NoQuery, None]) -> Response:
    known = await records.schema.conditions(disabled=True)
    built_in = [BUILT_IN] if BUILT_IN in with_built_in([each for each in known if each.enabled]) else []
    return answer.json(MappingsAnswer([mapping_answer(each) for each in (*built_in, *known)]))


async def create_mapping(records: Records, call: Call[NoQuery, MappingBody]) -> Response:
    made, new = await records.schema.put_condition(call.body.variable, call.body.key)
    return answer.json(mapping_answer(made), 201 if new else 200)


async def change_mapping(records: Records, call: Call[NoQuery, MappingBody]) -> Response:
    asked = call.body
    return answer.json(
        mapping_answer(await records.schema.change_condition(id_of(call), "", asked.variable, asked.key, ""))
    )


async def enable_mapping(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(mapping_answer(await records.schema.change_condition(id_of(call), None, None, None, None)))


async def disable_mapping(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(mapping_answer(await records.schema.disable_condition(id_of(call))))


async def delete_mapping(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(mapping_answer(await records.schema.drop_condition(id_of(call))))


def mapping_answer(noun: Condition) -> MappingAnswer:
    return MappingAnswer(noun.id, noun.variable, noun.key, noun.enabled, noun == BUILT_IN)


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/mappings",
        list_mappings,
        "Which call variable finds which attribute",
        query=NoQuery,
        answer=MappingsAnswer,
    ),
    Operation(
        "POST",
        "/v1/mappings",
        create_mapping,
        "Map a call variable to an attribute (200: it was there)",
        query=NoQuery,
        body=MappingBody,
        answer=MappingAnswer,
        status=201,
        described=Described(also=(200,)),
    ),
    Operation(
        "PUT",
        "/v1/mappings/{id}",
        change_mapping,
        "Change a mapping; it takes part from now on",
        query=NoQuery,
        body=MappingBody,
        answer=MappingAnswer,
    ),
    Operation("DELETE", "/v1/mappings/{id}", delete_mapping, "Remove a mapping", query=NoQuery, answer=MappingAnswer),
    Operation(
        "POST",
        "/v1/mappings/{id}/disable",
        disable_mapping,
        "Have a mapping take part no more",
        query=NoQuery,
        answer=MappingAnswer,
    ),
    Operation(
        "POST",
        "/v1/mappings/{id}/enable",
        enable_mapping,
        "Have a mapping take part again",
        query=NoQuery,
        answer=MappingAnswer,
    ),
)
