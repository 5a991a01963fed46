"""Mindful's data set templates, natively: the vendor has a page for them and no operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.core.templates import OwnedTemplate
from ringbook.dialects.native.handlers import id_of
from ringbook.dialects.native.wire import Line, Name, NoQuery, Request
from ringbook.web import answer
from ringbook.web.dialect import AnyOperation, Call, Operation

_SECONDS = 3600

Hours = Annotated[float, Meta(gt=0, le=48)]
DataKeys = Annotated[tuple[Name, ...], Meta(max_length=200)]
Token = Annotated[str, Meta(min_length=12, max_length=1000)]


class TemplateBody(Request, frozen=True):
    """A token is made where none is given. Data keys are told apart by their case."""

    name: Name
    retention_hours: Hours
    data_keys: DataKeys = ()
    description: Line = ""
    token: Token | None = None


class TemplateChange(Request, frozen=True):
    """What is not given stays. A template keeps its name, by which workspace files know it."""

    retention_hours: Hours | None = None
    data_keys: DataKeys | None = None
    description: Line | None = None


class TemplateAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`guid` is the id that Mindful's clients see. `token` is there in the answer that made it, and never again."""

    id: int
    guid: UUID
    name: str
    description: str
    retention_hours: float
    data_keys: tuple[str, ...]
    enabled: bool
    token: str | None = None


class TemplatesAnswer(msgspec.Struct, frozen=True):
    items: list[TemplateAnswer]


async def list_templates(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(TemplatesAnswer([_template(each) for each in await records.templates.all()]))


async def create_template(records: Records, call: Call[NoQuery, TemplateBody]) -> Response:
    asked = call.body
    made = await records.templates.create(
        asked.name,
        asked.retention_hours * _SECONDS,
        asked.data_keys,
        description=asked.description,
        token=asked.token,
    )
    return answer.json(_template(made), 201)


async def change_template(records: Records, call: Call[NoQuery, TemplateChange]) -> Response:
    asked = call.body
    changed = await records.templates.change(
        id_of(call),
        retention_seconds=None if asked.retention_hours is None else asked.retention_hours * _SECONDS,
        data_keys=asked.data_keys,
        description=asked.description,
    )
    return answer.json(_template(changed))


async def rotate_token(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_template(await records.templates.rotate_token(id_of(call))))


async def disable_template(records: Records, call: Call[NoQuery, None]) -> Response:
    return answer.json(_template(await records.templates.disable(id_of(call))))


def _template(noun: OwnedTemplate) -> TemplateAnswer:
    of = noun.template
    return TemplateAnswer(
        of.id,
        of.guid,
        of.name,
        of.description,
        of.retention_seconds / _SECONDS,
        of.data_keys,
        noun.enabled,
        noun.token,
    )


OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/templates",
        list_templates,
        "The data set templates, and whether their tokens are live",
        query=NoQuery,
        answer=TemplatesAnswer,
    ),
    Operation(
        "POST",
        "/v1/templates",
        create_template,
        "Make a template; its token is told once",
        query=NoQuery,
        body=TemplateBody,
        answer=TemplateAnswer,
        status=201,
    ),
    Operation(
        "PATCH",
        "/v1/templates/{id}",
        change_template,
        "Change how long a template keeps what, from the next submission on",
        query=NoQuery,
        body=TemplateChange,
        answer=TemplateAnswer,
    ),
    Operation(
        "POST",
        "/v1/templates/{id}/token",
        rotate_token,
        "Another token, told once; the one before ends",
        query=NoQuery,
        answer=TemplateAnswer,
    ),
    Operation(
        "POST",
        "/v1/templates/{id}/disable",
        disable_template,
        "End a template's token",
        query=NoQuery,
        answer=TemplateAnswer,
    ),
)
