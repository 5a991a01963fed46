"""Problems as RFC 9457 says: application/problem+json, with the field that is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.domain import problems
from ringbook.domain.problems import Invalid, Problem, TooMany, WrongVerb
from ringbook.web.dialect import Wording

_STATUS: tuple[tuple[type[Problem], int, str, str], ...] = (
    (problems.Unauthenticated, 401, "unauthenticated", "Unauthorized"),
    (problems.Forbidden, 403, "forbidden", "Forbidden"),
    (problems.MergedAway, 404, "merged", "Not Found"),
    (problems.Missing, 404, "missing", "Not Found"),
    (problems.NoSuchOperation, 404, "no-such-operation", "Not Found"),
    (problems.WrongVerb, 405, "wrong-verb", "Method Not Allowed"),
    (problems.Stale, 412, "stale", "Precondition Failed"),
    (problems.InFlight, 409, "in-flight", "Conflict"),
    (problems.Conflict, 409, "conflict", "Conflict"),
    (problems.TooLarge, 413, "too-large", "Content Too Large"),
    (problems.Malformed, 400, "malformed", "Bad Request"),
    (problems.Invalid, 422, "invalid", "Unprocessable Content"),
    (problems.TooMany, 429, "too-many", "Too Many Requests"),
    (problems.NotBuilt, 501, "not-yet", "Not Implemented"),
    (problems.Unavailable, 503, "unavailable", "Service Unavailable"),
    (Problem, 500, "bug", "Internal Server Error"),
)


class Offenders(msgspec.Struct, frozen=True):
    """How many stored values do not fit, and some of them."""

    count: int
    sample: list[Any]


class ProblemAnswer(msgspec.Struct, frozen=True):
    """RFC 9457; `field` names what does not fit, `offenders` are stored values that stand in the way.

    `version` is the one that there is instead, `merged_into` the contact that the one asked for is part of now.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    offenders: Offenders | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET
    merged_into: int | msgspec.UnsetType = msgspec.UNSET


WORDING = Wording([(kind, status) for kind, status, *_ in _STATUS], ProblemAnswer, "application/problem+json")


def told(problem: Problem) -> ProblemAnswer:
    """What an answer, or an item of one, says of a problem."""
    status, name, title = next((s, n, t) for kind, s, n, t in _STATUS if isinstance(problem, kind))
    field = problem.field if isinstance(problem, Invalid) else problem.facts.get("field")
    return ProblemAnswer(
        f"urn:ringbook:problem:{name}",
        title,
        status,
        problem.message.partition("\n")[0],
        field or msgspec.UNSET,
        Offenders(problem.facts["count"], problem.facts["sample"]) if "sample" in problem.facts else msgspec.UNSET,
        problem.facts.get("version", msgspec.UNSET),
        problem.facts.get("merged_into", msgspec.UNSET),
    )


def problem(request: Request, problem: Problem) -> Response:
    answer = told(problem)
    headers: dict[str, str] = {}
    if isinstance(problem, TooMany):
        headers["retry-after"] = str(problem.retry_after)
    if isinstance(problem, problems.Unavailable | problems.InFlight):
        headers["retry-after"] = "1"
    if isinstance(answer.version, int):
        headers["etag"] = f'"{answer.version}"'
    if isinstance(problem, WrongVerb):
        headers["allow"] = ", ".join(problem.allowed)
    if isinstance(problem, problems.Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(answer), answer.status, headers, "application/problem+json")
