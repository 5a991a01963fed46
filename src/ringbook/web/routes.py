"""From a method, a path and a query to an operation: literal paths at once, templates in the table's order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from urllib.parse import quote, unquote

from starlette.types import Scope

from ringbook.domain.problems import NoSuchOperation, WrongVerb
from ringbook.web.body import parameters
from ringbook.web.dialect import AnyOperation

_PARAMETER = re.compile(r"\{(\w+)\}")
_NOTHING: Mapping[str, str] = MappingProxyType({})

_Verbs = dict[str, AnyOperation]

_ENCODED_SLASH = re.compile(b"%2f", re.IGNORECASE)
_SLASH_IN_A_PART = "\ue000"
"""Stands for a slash within a part of a path until the path has been taken apart: nobody's text has it."""
_SLASHES = re.compile("/{2,}")


def path_of(scope: Scope) -> str:
    """The request's path, decoded, doubled slashes collapsed; a slash that was encoded stays within its part."""
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" in raw and _ENCODED_SLASH.search(raw):
        kept = _ENCODED_SLASH.sub(quote(_SLASH_IN_A_PART).encode(), raw.partition(b"?")[0])
        with suppress(UnicodeDecodeError):
            path = unquote(kept.decode("latin-1"), errors="strict")
    return _SLASHES.sub("/", path) if "//" in path else path


class Routes:
    """A table's operations. A path may end in `?name=value`: operations of one path, told apart by a parameter."""

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        self._literal: dict[str, _Verbs] = {}
        self._asked: dict[str, tuple[str, dict[str, _Verbs]]] = {}
        templates: dict[str, _Verbs] = {}
        for operation in operations:
            verbs = self._verbs(operation.path, templates)
            assert operation.method not in verbs, f"{operation.method} {operation.path} is there twice"
            verbs[operation.method] = operation
        self._templates = [(_pattern(path), verbs) for path, verbs in templates.items()]

    def find(self, method: str, path: str, query: bytes) -> tuple[AnyOperation, Mapping[str, str]]:
        """The operation and its path's parameters; NoSuchOperation, or WrongVerb with the verbs that are right."""
        parameters = _NOTHING
        verbs = self._literal.get(path) or self._of_query(path, query)
        if verbs is None:
            for pattern, candidate in self._templates:
                match = pattern.fullmatch(path)
                if match:
                    verbs, parameters = candidate, match.groupdict()
                    if _SLASH_IN_A_PART in path:
                        parameters = {name: text.replace(_SLASH_IN_A_PART, "/") for name, text in parameters.items()}
                    break
            else:
                raise NoSuchOperation
        operation = verbs.get(method)
        if operation is None:
            raise WrongVerb(tuple(sorted(verbs)))
        return operation, parameters

    def _verbs(self, path: str, templates: dict[str, _Verbs]) -> _Verbs:
        """Where an operation of this path belongs."""
        path, _, asked = path.partition("?")
        if not asked:
            return (templates if "{" in path else self._literal).setdefault(path, {})
        name, _, value = asked.partition("=")
        known, by_value = self._asked.setdefault(path, (name, {}))
        assert name == known, f"{path} is told apart by {known}, not by {name}"
        return by_value.setdefault(value, {})

    def _of_query(self, path: str, query: bytes) -> _Verbs | None:
        if path not in self._asked:
            return None
        name, by_value = self._asked[path]
        value = next((value for key, value in parameters(query) if key.strip() == name), "")
        return by_value.get(value.strip())


def _pattern(path: str) -> re.Pattern[str]:
    literal = _PARAMETER.split(path)
    parts = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(literal)]
    return re.compile("".join(parts))
