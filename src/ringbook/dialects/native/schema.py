"""The schema of contacts, natively: attributes made, changed with their values, hidden and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.mappings import MappingAnswer, mapping_answer
from ringbook.dialects.native.wire import NoQuery, Request
from ringbook.domain.schema import LONGEST_TEXT, Attribute, AttributeType
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

Key = Annotated[str, Meta(min_length=1, max_length=64)]
Label = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Length = Annotated[int, Meta(ge=1, le=LONGEST_TEXT)]
Order = Annotated[int, Meta(ge=0, le=1_000_000)]


class SchemaQuery(Request, frozen=True):
    """`hidden` asks for the attributes that were taken out instead."""

    hidden: bool = False


class AttributeBody(Request, frozen=True):
    """`order` is the place in forms; 0 is the last. `pii`: it tells of a person, and is masked where that matters."""

    key: Key
    label: Label = ""
    type: AttributeType = "Text"
    required: bool = False
    unique: bool = False
    searchable: bool = True
    default: Text | None = None
    max_length: Length | None = None
    pii: bool = False
    order: Order = 0
    description: Text = ""
    channel_identifier: Label | None = None


class AttributeChange(Request, frozen=True):
    """What is not given stays. Another key renames, and the old one goes on being understood."""

    key: Key | UnsetType = UNSET
    label: Label | UnsetType = UNSET
    type: AttributeType | UnsetType = UNSET
    required: bool | UnsetType = UNSET
    unique: bool | UnsetType = UNSET
    searchable: bool | UnsetType = UNSET
    default: Text | UnsetType | None = UNSET
    max_length: Length | UnsetType | None = UNSET
    pii: bool | UnsetType = UNSET
    order: Order | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    channel_identifier: Label | UnsetType | None = UNSET


class AttributeAnswer(msgspec.Struct, frozen=True):
    """`aliases` are keys that it had before: still understood, never told of a contact."""

    id: int
    key: str
    label: str
    type: AttributeType
    predefined: bool
    required: bool
    unique: bool
    searchable: bool
    default: str | None
    max_length: int | None
    pii: bool
    order: int
    description: str
    channel_identifier: str | None
    aliases: tuple[str, ...]


class SchemaAnswer(msgspec.Struct, frozen=True):
    """All attributes: there are some hundred at most."""

    items: list[AttributeAnswer]


class HiddenAnswer(msgspec.Struct, frozen=True):
    """The attribute that was hidden, and the mappings that were disabled with it."""

    attribute: AttributeAnswer
    disabled_mappings: list[MappingAnswer]


async def list_attributes(records: Records, call: Call[SchemaQuery, None]) -> Response:
    asked = records.schema.hidden() if call.query.hidden else _visible(records)
    return answer.json(SchemaAnswer([_attribute(attribute) for attribute in await asked]))


async def get_attribute(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_attribute(await records.schema.attribute(id_of(call))))


async def create_attribute(records: Records, call: Call[NoQuery, AttributeBody]) -> Response:
    asked = call.body
    made = await records.schema.create(Attribute(id=0, **msgspec.structs.asdict(asked)), asked.type)
    return answer.json(_attribute(made), 201)


async def change_attribute(records: Records, call: Call[NoQuery, AttributeChange]) -> Response:
    said: dict[str, Any] = {n: value for n, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
    return answer.json(_attribute(await records.schema.change(id_of(call), said)))


async def hide_attribute(records: Records, call: Call[NoQuery, None]) -> Response:
    hidden = await records.schema.hide_by_id(id_of(call))
    return answer.json(HiddenAnswer(_attribute(hidden.attribute), [mapping_answer(c) for c in hidden.disabled]))


async def bring_back_attribute(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_attribute(await records.schema.bring_back(id_of(call))))


async def _visible(records: Records) -> Sequence[Attribute]:
    return (await records.schema.attributes()).attributes


def _attribute(noun: Attribute) -> AttributeAnswer:
    return AttributeAnswer(**{name: getattr(noun, name) for name in AttributeAnswer.__struct_fields__})


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET", "/v1/schema", list_attributes, "The attributes of contacts", query=SchemaQuery, answer=SchemaAnswer
    ),
    Operation(
        "POST",
        "/v1/schema",
        create_attribute,
        "Add an attribute; a hidden one of its key comes back with its values",
        query=NoQuery,
        body=AttributeBody,
        answer=AttributeAnswer,
        status=201,
    ),
    Operation("GET", "/v1/schema/{id}", get_attribute, "One attribute", query=NoQuery, answer=AttributeAnswer),
    Operation(
        "PATCH",
        "/v1/schema/{id}",
        change_attribute,
        "Change an attribute with its values: rename it, give it another type",
        query=NoQuery,
        body=AttributeChange,
        answer=AttributeAnswer,
    ),
    Operation(
        "DELETE",
        "/v1/schema/{id}",
        hide_attribute,
        "Hide an attribute and its values",
        query=NoQuery,
        answer=HiddenAnswer,
    ),
    Operation(
        "POST",
        "/v1/schema/{id}/restore",
        bring_back_attribute,
        "Bring a hidden attribute back, with its values",
        query=NoQuery,
        answer=AttributeAnswer,
    ),
)
