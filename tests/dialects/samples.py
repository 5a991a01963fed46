"""Requests that fit an operation's types, made from the types themselves, and the ways to spoil them."""

from __future__ import annotations

import copy
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import quote

import msgspec

from ringbook.web.dialect import Dialect, Operation

KINDS: Mapping[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "x",
    "array": [],
    "object": {},
}

T = TypeVar("T")

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Sample:
    """A well-typed request of one operation; not always one that finds anything.

    `arrays`: what the type says is an array is sent as one, since a single object of it will not do.
    """

    dialect: Dialect
    operation: Operation[Any, Any]
    place: Mapping[str, str]
    arrays: bool = False

    @property
    def path(self) -> str:
        return self.path_with("1")

    def path_with(self, value: str) -> str:
        """The path with `value`, as it is to stand on the wire, for each parameter but those of the tenant's place."""
        return _PARAMETER.sub(lambda parameter: self.place.get(parameter[1], value), self.operation.path)

    @property
    def has_path_parameters(self) -> bool:
        return bool(set(_PARAMETER.findall(self.operation.path)) - set(self.place))

    @property
    def query(self) -> dict[str, str]:
        """A value for each parameter that is required."""
        return {name: str(value) for name, value in _example_of(self.operation.query).items()}

    @property
    def query_names(self) -> list[str]:
        return list(_described(self.operation.query)[0]["properties"])

    @property
    def url(self) -> str:
        return self.url_with(self.query)

    def url_with(self, query: Mapping[str, str]) -> str:
        return self.url_asking("&".join(f"{quote(name)}={quote(value)}" for name, value in query.items()))

    def url_asking(self, pairs: str) -> str:
        """The path with this query, as it is to stand on the wire."""
        return f"{self.path}{'&' if '?' in self.path else '?'}{pairs}" if pairs else self.path

    @property
    def body(self) -> dict[str, Any]:
        """All properties, each with a value of its type."""
        return {name: _example(schema, self._components) for name, schema in self.body_schemas.items()}

    @property
    def body_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        properties: Mapping[str, Mapping[str, Any]] = _described(self.operation.body)[0]["properties"]
        return properties

    @property
    def content(self) -> bytes | None:
        return None if self.operation.body is None else self.encoded(self.body)

    def encoded(self, body: Mapping[str, Any]) -> bytes:
        """The body as JSON: an object, or the array that the operation takes."""
        if not self._is_array:
            return msgspec.json.encode(body)
        return msgspec.json.encode([body] if _holds_objects(self.operation.body) else list(body.values()))

    @property
    def _is_array(self) -> bool:
        return self.arrays and _described_whole(self.operation.body).get("type") == "array"

    def mistyped(self) -> Iterator[tuple[str, bytes, bool]]:
        """The body with each JSON kind in the place of each property; whether the type says that it fits."""
        for name, schema in self.body_schemas.items():
            for kind, value in KINDS.items():
                spoilt = self.body | {name: value}
                yield f"{name}: {kind}", self.encoded(spoilt), kind in _kinds(schema, self._components)
        for kind, value in KINDS.items():
            if kind != ("array" if self._is_array else "object"):
                yield kind, msgspec.json.encode(value), False

    def with_text(self, text: bytes) -> Iterator[bytes]:
        """The body with this JSON string's inside in the place of some of its texts, from the first to the last."""
        for path in _some(list(_texts(self.body))):
            spoilt = copy.deepcopy(self.body)
            _put(spoilt, path, "@@")
            yield self.encoded(spoilt).replace(b'"@@"', b'"' + text + b'"')

    def with_value(self, value: bytes) -> Iterator[bytes]:
        """The body with this JSON in the place of some of its properties, from the first to the last."""
        for name in _some(list(self.body)):
            yield self.encoded(self.body | {name: "@@"}).replace(b'"@@"', value)

    @property
    def _components(self) -> Mapping[str, Any]:
        return _described(self.operation.body)[1]


def samples(dialect: Dialect, place: Mapping[str, str], *, arrays: bool = False) -> list[Sample]:
    return [Sample(dialect, o, place, arrays) for o in dialect.operations if isinstance(o, Operation)]


def _described(type_: type[Any] | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A type's schema, and what it refers to."""
    return ({"properties": {}}, {}) if type_ is None else _schema_of(cast("Hashable", type_))


@cache
def _schema_of(type_: Hashable) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    (schema,), components = msgspec.json.schema_components([type_], ref_template="{name}")
    # Of an array, what is in it is described.
    described = schema.get("items", schema)
    described = components[described["$ref"]] if "$ref" in described else described
    if "properties" not in described:
        # Any names are good, or it is no object: then its one property stands for it.
        described = {"properties": {"phone": described.get("additionalProperties", described)}}
    return described, components


def _holds_objects(type_: Any) -> bool:
    items = _described_whole(type_).get("items", {})
    return "$ref" in items or items.get("type") == "object"


def _described_whole(type_: Any) -> Mapping[str, Any]:
    (schema,), _ = msgspec.json.schema_components([type_], ref_template="{name}")
    return schema


def _example_of(type_: Any) -> dict[str, Any]:
    schema, components = _described(type_)
    return {name: _example(schema["properties"][name], components) for name in schema.get("required", ())}


def _variants(schema: Mapping[str, Any], components: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in schema:
        schema = components[schema["$ref"]]
    return [v for inner in schema["anyOf"] for v in _variants(inner, components)] if "anyOf" in schema else [schema]


def _kinds(schema: Mapping[str, Any], components: Mapping[str, Any]) -> set[str]:
    """The kinds of JSON that fit; all of them where the type says nothing, or names single values."""
    kinds: set[str] = set()
    for variant in _variants(schema, components):
        kind = variant.get("type")
        if kind is None and "enum" not in variant:
            return set(KINDS)
        kinds |= {kind} if isinstance(kind, str) else set(kind or ())
        kinds |= {"integer"} if kind == "number" else set()
    return kinds


def _example(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    variant = next((v for v in _variants(schema, components) if v.get("type") != "null"), {})
    if "enum" in variant:
        return variant["enum"][0]
    if "minimum" in variant:
        return max(variant["minimum"], 1)
    if variant.get("format") == "date-time":
        return "2035-01-01T00:00:00Z"
    if variant.get("type") == "object":
        properties = variant.get("properties")
        return {n: _example(v, components) for n, v in properties.items()} if properties else {"first_name": "Ilse"}
    if variant.get("type") == "array" and variant.get("minItems"):
        return [_example(variant["items"], components)]
    kind = variant.get("type", "string")
    by_kind = {"string": "330-555-0147", "integer": 7, "number": 1.5, "boolean": True, "array": []}
    return by_kind[kind if isinstance(kind, str) else kind[0]]


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*path, at))


def _some(places: list[T]) -> list[T]:
    """A few of many, evenly: a body is checked whole, wherever in it something is wrong."""
    return places[:: max(1, len(places) // 3)]


def _put(value: Any, path: tuple[Any, ...], text: str) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = text
