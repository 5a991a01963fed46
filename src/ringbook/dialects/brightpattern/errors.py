"""Bright Pattern's errors: the texts that its clients look for, in the envelope that v3 documents (contract 6.2, B7).

3.x and v2 document no shape. Clients of 3.x look at the code alone, those of v2 for a text somewhere in the body.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.dialects.brightpattern import credentials
from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web import answer
from ringbook.web.dialect import Wording

_NOT_AUTHENTICATED = "Session is not authenticated"
_NO_PRIVILEGE = "User authenticated but does not have sufficient privileges"
_MISSING = {
    "list": "calling list not found",
    "campaign": "campaign is not found",
    "dnc_list": "Object does not exist",
}

# Status, name and, where the vendor has one, text. Every problem has a row, the last catches what is a bug.
_ERRORS: tuple[tuple[type[Problem], int, str, str], ...] = (
    (problems.Unauthenticated, 401, "unauthorized", _NOT_AUTHENTICATED),
    (problems.Forbidden, 403, "forbidden", _NO_PRIVILEGE),
    (problems.Missing, 404, "not_found", "record is not found"),
    (problems.NoSuchOperation, 404, "not_found", "HTTP 404 Not Found"),
    (problems.WrongVerb, 405, "method_not_allowed", "Method Not Allowed"),
    (problems.Conflict, 409, "conflict", ""),
    (problems.TooLarge, 413, "payload_too_large", ""),
    (problems.Malformed, 400, "bad_request", ""),
    (problems.Invalid, 400, "bad_request", ""),
    (problems.TooMany, 429, "too_many_requests", ""),
    (problems.NotBuilt, 501, "not_implemented", ""),
    (problems.Unavailable, 503, "service_unavailable", ""),
    (Problem, 500, "internal_server_error", ""),
)


class ErrorAnswer(msgspec.Struct, frozen=True):
    error: str
    error_description: str


WORDING = Wording([(kind, status) for kind, status, *_ in _ERRORS], ErrorAnswer)
TAKEN_IN_3X = ((problems.Conflict, 500),)
"""A taken key is 500 in 3.x (B6)."""


def problem(request: Request, problem: Problem) -> Response:
    _, status, name, text = next(row for row in _ERRORS if isinstance(problem, row[0]))
    if isinstance(problem, problems.Missing):
        text = _MISSING.get(problem.facts.get("of", ""), text)
    return answer.json(
        {"error": name, "error_description": text or problem.message},
        _status(request, problem, status),
        _headers(request, problem),
    )


def _status(request: Request, problem: Problem, status: int) -> int:
    """A taken key is 500 in 3.x (B6)."""
    taken = isinstance(problem, problems.Conflict) and request.scope.get("path", "").startswith(credentials.OLD_PREFIX)
    return 500 if taken else status


def _headers(request: Request, problem: Problem) -> dict[str, str]:
    if isinstance(problem, problems.Unauthenticated):
        return {"WWW-Authenticate": credentials.challenge(request, problem)}
    if isinstance(problem, problems.WrongVerb):
        return {"Allow": ", ".join(problem.allowed)}
    if isinstance(problem, problems.TooMany):
        return {"Retry-After": str(problem.retry_after)}
    return {}
