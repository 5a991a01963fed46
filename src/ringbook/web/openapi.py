"""A dialect's OpenAPI 3.1 document, from its route table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from ringbook import __version__
from ringbook.web.dialect import AnyOperation, Dialect, NotYet, Operation

_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCES = "#/components/schemas/{name}"


def document(dialect: Dialect) -> dict[str, Any]:
    """What the dialect answers, and (as 501) what it does not yet."""
    operations = [o for o in dialect.operations if isinstance(o, Operation)]
    types = list(dict.fromkeys(t for o in operations for t in (o.query, o.body, o.answer) if t is not None))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCES)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in dialect.operations:
        described = _operation(operation, by_type, components)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Ringbook: {dialect.title}", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: AnyOperation, by_type: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    if isinstance(operation, NotYet):
        return {
            "summary": f"Not yet: {operation.why}",
            "parameters": list(_path_parameters(operation.path)),
            "responses": {"501": {"description": "Not in Ringbook yet"}},
        }
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": list(_path_parameters(operation.path)),
    }
    if not isinstance(operation, Operation):
        return described | {"security": [], "responses": {"default": {"description": "The answer"}}}
    described["security"] = [{"key": []}]
    if operation.query is not None:
        described["parameters"] += _query_parameters(by_type[operation.query], components)
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json(by_type[operation.body])}
    success: dict[str, Any] = {"description": "Success"}
    if operation.answer is not None:
        success["content"] = _json(by_type[operation.answer])
    described["responses"] = {str(operation.status): success, "default": {"description": "A problem"}}
    return described


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    resolved = components[schema["$ref"].rsplit("/", 1)[1]]
    required = set(resolved.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": inner}
        for name, inner in resolved["properties"].items()
    ]


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
