"""CIM's errors. The vendor documents none: one shape for all, whose names are ours (contracts/cim.md 0.3)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.contacts import PhoneTaken
from ringbook.dialects.cim.ids import object_id
from ringbook.domain import problems
from ringbook.domain.problems import Invalid, Problem, TooMany, WrongVerb
from ringbook.domain.schema import TooManyAttributes
from ringbook.web import answer
from ringbook.web.dialect import Wording

_ERRORS: tuple[tuple[type[Problem], int, str], ...] = (
    (problems.Unauthenticated, 401, "Unauthorized"),
    (problems.Forbidden, 403, "Forbidden"),
    (problems.Missing, 404, "NotFound"),
    (problems.NoSuchOperation, 404, "NotFound"),
    (problems.WrongVerb, 405, "MethodNotAllowed"),
    (problems.Conflict, 409, "Conflict"),
    (problems.TooLarge, 413, "PayloadTooLarge"),
    (problems.Malformed, 400, "BadRequest"),
    (TooManyAttributes, 400, "AttributeLimit"),
    (problems.Invalid, 400, "BadRequest"),
    (problems.TooMany, 429, "TooManyRequests"),
    (problems.NotBuilt, 501, "NotImplemented"),
    (problems.Unavailable, 503, "ServiceUnavailable"),
    (Problem, 500, "InternalError"),
)


class ErrorAnswer(msgspec.Struct, frozen=True):
    """`existing_id` where a phone is taken; `count` and `sample` where stored values do not fit."""

    error: str
    message: str
    field: str | None
    existing_id: str | msgspec.UnsetType = msgspec.UNSET
    count: int | msgspec.UnsetType = msgspec.UNSET
    sample: list[Any] | msgspec.UnsetType = msgspec.UNSET


WORDING = Wording([(kind, status) for kind, status, _ in _ERRORS], ErrorAnswer)


def problem(request: Request, problem: Problem) -> Response:
    status, name = next((status, name) for kind, status, name in _ERRORS if isinstance(problem, kind))
    field = problem.field if isinstance(problem, Invalid) else problem.facts.get("field")
    told: dict[str, Any] = {"error": name, "message": problem.message, "field": field}
    headers: dict[str, str] = {}
    if isinstance(problem, PhoneTaken):
        told["existing_id"] = object_id(problem.facts["contact"])
    told |= {fact: problem.facts[fact] for fact in ("count", "sample") if fact in problem.facts}
    if isinstance(problem, TooMany):
        headers["retry-after"] = str(problem.retry_after)
    if isinstance(problem, problems.Unavailable):
        headers["retry-after"] = "1"
    if isinstance(problem, WrongVerb):
        headers["allow"] = ", ".join(problem.allowed)
    if isinstance(problem, problems.Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return answer.json(told, status, headers)
