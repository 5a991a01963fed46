"""A dialect's description, from its route table."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Conflict, NotBuilt, Problem, TooLarge, Unauthenticated, WrongVerb
from ringbook.web import answer
from ringbook.web.dialect import (
    BASIC,
    BEARER,
    Call,
    Described,
    Dialect,
    NotYet,
    OpenOperation,
    Operation,
    Wording,
)
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


class Told(msgspec.Struct):
    error: str


class Form(msgspec.Struct):
    grant_type: str


DIALECT = Dialect(
    name="acme",
    title="Acme",
    prefixes=("/acme/",),
    operations=(
        Operation(
            "POST",
            "/acme/{shelf}/things",
            _handle,
            "Put",
            query=Query,
            body=Body,
            answer=dict[str, Part],
            status=201,
            described=Described(also=(200,), headers=("If-Match",), security=("key",), statuses=((Conflict, 500),)),
        ),
        Operation("GET", "/acme/{shelf}/list", _handle, "List", described=Described(media_types=("text/csv",))),
        Operation("POST", "/acme/{shelf}/search", _handle, "Search", body=Body, reads=True),
        Operation("POST", "/acme/{shelf}/file", _handle, "File", described=Described(files=("text/csv",))),
        OpenOperation("POST", "/acme/token", _open, "Log in", form=Form, answer=Part),
        NotYet("DELETE", "/acme/{shelf}/things", "nobody asked for it"),
    ),
    authenticate=_authenticate,
    problem=_problem,
    wording=Wording(
        [(Unauthenticated, 401), (WrongVerb, 405), (Conflict, 409), (TooLarge, 413), (NotBuilt, 501), (Problem, 500)],
        Told,
    ),
    security={"key": BEARER, "password": BASIC},
    keeps_answers=True,
)


def test_an_operation_is_described_by_its_types() -> None:
    told = document(DIALECT)
    put = told["paths"]["/acme/{shelf}/things"]["post"]
    assert [(p["in"], p["name"], p["required"]) for p in put["parameters"]] == [
        ("path", "shelf", True),
        ("query", "name", True),
        ("query", "limit", False),
        ("header", "If-Match", False),
        ("header", "Idempotency-Key", False),
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
    assert later["security"] == []
    assert list(later["responses"]) == ["501"]


def test_the_statuses_are_those_of_the_problems_that_may_befall_an_operation() -> None:
    paths = document(DIALECT)["paths"]

    def statuses(path: str, verb: str) -> set[str]:
        return set(paths[path][verb]["responses"])

    assert statuses("/acme/{shelf}/things", "post") == {"200", "201", "401", "413", "500"}, "a conflict is 500 here"
    assert statuses("/acme/{shelf}/list", "get") == {"200", "401"}
    assert statuses("/acme/{shelf}/search", "post") == {"200", "401", "413"}, "it writes nothing"
    assert statuses("/acme/token", "post") == {"200", "401", "409", "413"}
    told = paths["/acme/{shelf}/things"]["post"]["responses"]["401"]["content"]
    assert told == {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}}


def test_what_is_no_json_and_how_to_sign_in_are_told() -> None:
    told = document(DIALECT)
    put, listed = told["paths"]["/acme/{shelf}/things"]["post"], told["paths"]["/acme/{shelf}/list"]["get"]
    assert put["security"] == [{"key": []}]
    assert listed["security"] == [{"key": []}, {"password": []}]
    assert set(told["components"]["securitySchemes"]) == {"key", "password"}
    assert list(listed["responses"]["200"]["content"]) == ["text/csv"]
    token = told["paths"]["/acme/token"]["post"]
    form = token["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form == {"$ref": "#/components/schemas/Form"}
    assert token["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Part"}


def test_a_body_that_is_a_file_may_be_the_file_of_a_form() -> None:
    told = document(DIALECT)["paths"]["/acme/{shelf}/file"]["post"]
    content = told["requestBody"]["content"]
    assert told["requestBody"]["required"]
    assert list(content) == ["text/csv", "multipart/form-data"]
    assert content["multipart/form-data"]["schema"]["properties"] == {"file": content["text/csv"]["schema"]}
    assert "413" in told["responses"]
