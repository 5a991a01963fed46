"""Problems as RFC 9457 says: application/problem+json, with the field that is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.domain import problems
from ringbook.domain.problems import Invalid, Problem, TooMany, WrongVerb

_STATUS: tuple[tuple[type[Problem], int, str, str], ...] = (
    (problems.Unauthenticated, 401, "unauthenticated", "Unauthorized"),
    (problems.Forbidden, 403, "forbidden", "Forbidden"),
    (problems.Missing, 404, "missing", "Not Found"),
    (problems.NoSuchOperation, 404, "no-such-operation", "Not Found"),
    (problems.WrongVerb, 405, "wrong-verb", "Method Not Allowed"),
    (problems.Stale, 412, "stale", "Precondition Failed"),
    (problems.Conflict, 409, "conflict", "Conflict"),
    (problems.TooLarge, 413, "too-large", "Content Too Large"),
    (problems.Malformed, 400, "malformed", "Bad Request"),
    (problems.Invalid, 422, "invalid", "Unprocessable Content"),
    (problems.TooMany, 429, "too-many", "Too Many Requests"),
    (problems.NotBuilt, 501, "not-yet", "Not Implemented"),
    (problems.Unavailable, 503, "unavailable", "Service Unavailable"),
    (Problem, 500, "bug", "Internal Server Error"),
)


def problem(request: Request, problem: Problem) -> Response:
    status, name, title = next((s, n, t) for kind, s, n, t in _STATUS if isinstance(problem, kind))
    told: dict[str, Any] = {
        "type": f"urn:ringbook:problem:{name}",
        "title": title,
        "status": status,
        "detail": problem.message.partition("\n")[0],
    }
    headers: dict[str, str] = {}
    if isinstance(problem, Invalid) and problem.field:
        told["field"] = problem.field
    if isinstance(problem, TooMany):
        headers["retry-after"] = str(problem.retry_after)
    if isinstance(problem, problems.Unavailable):
        headers["retry-after"] = "1"
    if isinstance(problem, WrongVerb):
        headers["allow"] = ", ".join(problem.allowed)
    if isinstance(problem, problems.Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(told), status, headers, "application/problem+json")
