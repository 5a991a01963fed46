"""A dialect's description, from its route table."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Problem
from ringbook.web import answer
from ringbook.web.dialect import Call, Dialect, NotYet, OpenOperation, Operation
from ringbook.web.openapi import document
from ringbook.web.worker import Worker


class Query(msgspec.Struct):
    name: str
    limit: int = 5


class Part(msgspec.Struct):
    size: int


class Body(msgspec.Struct):
    parts: list[Part]


async def _authenticate(request: Request, core: Core) -> Records:
    raise AssertionError


async def _handle(records: Records, call: Call[Query, Body]) -> Response:
    raise AssertionError


async def _open(worker: Worker, call: Call[None, None]) -> Response:
    raise AssertionError


def _problem(request: Request, problem: Problem) -> Response:
    return answer.json({}, 400)


DIALECT = Dialect(
    name="acme",
    title="Acme",
    prefixes=("/acme/",),
    operations=(
        Operation(
            "POST", "/acme/{shelf}/things", _handle, "Put", query=Query, body=Body, answer=dict[str, Part], status=201
        ),
        OpenOperation("POST", "/acme/token", _open, "Log in"),
        NotYet("DELETE", "/acme/{shelf}/things", "nobody asked for it"),
    ),
    authenticate=_authenticate,
    problem=_problem,
)


def test_an_operation_is_described_by_its_types() -> None:
    told = document(DIALECT)
    put = told["paths"]["/acme/{shelf}/things"]["post"]
    assert [(p["in"], p["name"], p["required"]) for p in put["parameters"]] == [
        ("path", "shelf", True),
        ("query", "name", True),
        ("query", "limit", False),
    ]
    assert put["parameters"][2]["schema"] == {"type": "integer", "default": 5}
    assert put["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Body"}
    part = {"$ref": "#/components/schemas/Part"}
    assert told["components"]["schemas"]["Body"]["properties"]["parts"] == {"type": "array", "items": part}
    assert put["responses"]["201"]["content"]["application/json"]["schema"]["additionalProperties"] == part


def test_what_needs_no_key_and_what_is_not_there_yet_are_visible() -> None:
    told = document(DIALECT)["paths"]
    assert told["/acme/token"]["post"]["security"] == []
    later = told["/acme/{shelf}/things"]["delete"]
    assert later["summary"] == "Not yet: nobody asked for it"
    assert list(later["responses"]) == ["501"]
