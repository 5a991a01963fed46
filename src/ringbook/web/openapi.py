"""A dialect's OpenAPI 3.1 document, from its route table and its table of problems: what it may answer, and no more.

A path that ends in `?name=value` is one of several operations that a vendor tells apart by a parameter. OpenAPI has no
word for that; written so, each is an operation of its own, and the tools that read the document send what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ringbook import __version__
from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web.dialect import IDEMPOTENCY_KEY, AnyOperation, Described, Dialect, NotYet, OpenOperation, Operation

_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCES = "#/components/schemas/{name}"
_TEXT = {"type": "string"}
_FILE = {"type": "string", "format": "binary"}
_FORM_OF_FILE = {"schema": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}}
_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}

_OF_NO_OPERATION = (problems.NoSuchOperation, problems.WrongVerb, problems.NotBuilt)
_OF_WRITES = (problems.Conflict,)
_OF_BODIES = (problems.TooLarge,)


def document(dialect: Dialect) -> dict[str, Any]:
    """What the dialect answers, and how it says what it does not do yet."""
    types = list(dict.fromkeys(_types(dialect)))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCES)
    described = _Document(dialect, dict(zip(types, schemas, strict=True)), components)
    paths: dict[str, dict[str, Any]] = {}
    for operation in dialect.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = described.operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Ringbook: {dialect.title}", "version": __version__},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": dict(dialect.security)},
    }


def _types(dialect: Dialect) -> Iterator[Any]:
    if dialect.wording.answer is not None:
        yield dialect.wording.answer
    for o in dialect.operations:
        if isinstance(o, Operation):
            yield from (t for t in (o.query, o.body, o.answer) if t is not None)
        elif isinstance(o, OpenOperation):
            yield from (t for t in (o.query, o.form, o.answer) if t is not None)


class _Document:
    def __init__(self, dialect: Dialect, by_type: dict[Any, Any], components: dict[str, Any]) -> None:
        self._dialect = dialect
        self._by_type = by_type
        self._components = components

    def operation(self, operation: AnyOperation) -> dict[str, Any]:
        parameters = list(_path_parameters(operation.path))
        if isinstance(operation, NotYet):
            status = self._dialect.wording.status_of(problems.NotBuilt) or 501
            return {
                "summary": f"Not yet: {operation.why}",
                "parameters": parameters,
                "security": [],
                "responses": self._problems({status}),
            }
        said = operation.described
        if operation.query is not None:
            parameters += self._query_parameters(operation.query)
        parameters += [_header(name) for name in said.headers]
        told: dict[str, Any] = {"summary": operation.summary, "parameters": parameters, "security": []}
        reads, writes, status = False, operation.method != "GET", 200
        if isinstance(operation, Operation):
            status, writes = operation.status, writes and not operation.reads
            if self._dialect.takes_keys(operation) and not operation.unkept:
                parameters.append(_header(IDEMPOTENCY_KEY) | {"schema": _KEY})
            told["security"] = [{name: []} for name in said.security or self._dialect.security]
            reads = operation.body is not None or bool(said.files)
            content: dict[str, Any] = {kind: {"schema": _FILE} for kind in said.files}
            if said.files:
                content["multipart/form-data"] = _FORM_OF_FILE
            if operation.body is not None:
                content |= self._content(operation.body) | {kind: {"schema": _TEXT} for kind in said.tables}
            if content:
                told["requestBody"] = {"required": True, "content": content}
        elif operation.form is not None:
            reads = True
            form = self._content(operation.form, ("application/x-www-form-urlencoded",))
            told["requestBody"] = {"required": True, "content": form}
        told["responses"] = self._problems(self._statuses(said, reads, writes))
        for good in (status, *said.also):
            told["responses"][str(good)] = self._success(operation.answer, said)
        return told

    def _statuses(self, said: Described, reads: bool, writes: bool) -> set[int]:
        """The statuses of the problems that may befall an operation: one that reads a body, one that writes."""
        never: tuple[type[Problem], ...] = _OF_NO_OPERATION
        never += () if writes else _OF_WRITES
        never += () if reads else _OF_BODIES
        own = [(kind, status) for kind, status in said.statuses if not issubclass(kind, never)]
        never += tuple(kind for kind, _ in own)
        usual = (each for each in self._dialect.wording.statuses if each[0] is not Problem)
        return {status for kind, status in usual if not issubclass(kind, never)} | {status for _, status in own}

    def _problems(self, statuses: Iterable[int]) -> dict[str, Any]:
        told: dict[str, Any] = {"description": "A problem"}
        wording = self._dialect.wording
        if wording.answer is not None:
            told["content"] = self._content(wording.answer, (wording.media_type,))
        return {str(status): told for status in sorted(statuses)}

    def _success(self, answer: Any, said: Described) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Success"}
        if answer is not None:
            success["content"] = self._content(answer, said.media_types)
        elif said.media_types != Described().media_types:
            success["content"] = {name: {} for name in said.media_types}
        return success

    def _content(self, type_: Any, media_types: Iterable[str] = ("application/json",)) -> dict[str, Any]:
        return {name: {"schema": self._by_type[type_]} for name in media_types}

    def _query_parameters(self, type_: Any) -> list[dict[str, Any]]:
        resolved = self._components[self._by_type[type_]["$ref"].rsplit("/", 1)[1]]
        required = set(resolved.get("required", ()))
        return [
            {"name": name, "in": "query", "required": name in required, "schema": inner}
            for name, inner in resolved["properties"].items()
        ]


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
