"""The dialects' OpenAPI documents, as Schemathesis reads them, and answers held to them."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
import schemathesis
from schemathesis.specs.openapi.schemas import OpenApiSchema

from ringbook.dialects import ALL
from ringbook.domain.problems import NoSuchOperation, WrongVerb
from ringbook.web.dialect import Dialect
from ringbook.web.openapi import document
from ringbook.web.routes import Routes

DIALECTS = {dialect.name: dialect for dialect in ALL}


@cache
def schema_of(name: str) -> OpenApiSchema:
    """The document of the dialect of this name. Credentials are ours to send, not Schemathesis' to invent."""
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    return schemathesis.openapi.from_dict(document(DIALECTS[name]), config=config)


@cache
def _routes(name: str) -> Routes:
    return Routes(DIALECTS[name].operations)


def operation_of(dialect: Dialect, request: httpx.Request) -> Any | None:
    """What the document calls the operation that answers the request; None where there is none."""
    path = request.url.path
    while "//" in path:
        path = path.replace("//", "/")
    for spelled in (path, path.rstrip("/")):
        try:
            found, _ = _routes(dialect.name).find(request.method, spelled, request.url.query)
        except (NoSuchOperation, WrongVerb):
            continue
        return schema_of(dialect.name)[found.path][found.method]
    return None


def assert_described(dialect: Dialect, answer: httpx.Response) -> None:
    """Assert that the dialect's document allows this answer to its request, if it has an operation for it."""
    operation = operation_of(dialect, answer.request)
    if operation is None:
        return
    documented = operation.definition.raw["responses"]
    assert str(answer.status_code) in documented, (operation.label, answer.status_code, answer.text)
    operation.validate_response(answer)
