"""From a method and a path to an operation: literal paths at once, templates in the table's order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ringbook.domain.problems import NoSuchOperation, WrongVerb
from ringbook.web.dialect import AnyOperation

_PARAMETER = re.compile(r"\{(\w+)\}")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Routes:
    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        self._literal: dict[str, dict[str, AnyOperation]] = {}
        templates: dict[str, dict[str, AnyOperation]] = {}
        for operation in operations:
            table = templates if "{" in operation.path else self._literal
            verbs = table.setdefault(operation.path, {})
            assert operation.method not in verbs, f"{operation.method} {operation.path} is there twice"
            verbs[operation.method] = operation
        self._templates = [(_pattern(path), verbs) for path, verbs in templates.items()]

    def find(self, method: str, path: str) -> tuple[AnyOperation, Mapping[str, str]]:
        """The operation and its path's parameters; NoSuchOperation, or WrongVerb with the verbs that are right."""
        parameters = _NOTHING
        verbs = self._literal.get(path)
        if verbs is None:
            for pattern, candidate in self._templates:
                match = pattern.fullmatch(path)
                if match:
                    verbs, parameters = candidate, match.groupdict()
                    break
            else:
                raise NoSuchOperation
        operation = verbs.get(method)
        if operation is None:
            raise WrongVerb(tuple(sorted(verbs)))
        return operation, parameters


def _pattern(path: str) -> re.Pattern[str]:
    literal = _PARAMETER.split(path)
    parts = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(literal)]
    return re.compile("".join(parts))
