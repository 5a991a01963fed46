"""jtel's errors: {"status": …, "error": …} with the status again; an endpoint that does not exist has no body at all.

"Dialler campaign not found" is the vendor's, the other sentences are ours (contract 8, J2).
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web import answer
from ringbook.web.dialect import Wording


class CampaignNotFound(problems.Missing):
    """Dialler campaign not found"""


_STATUS: tuple[tuple[type[Problem], int, str], ...] = (
    (problems.Unauthenticated, 401, "Invalid token or ClientsID"),
    (problems.Forbidden, 401, "Invalid token or ClientsID"),
    (CampaignNotFound, 404, "Dialler campaign not found"),
    (problems.Missing, 404, "Dialler contact not found"),
    (problems.Conflict, 409, ""),
    # jtel has no code of its own for these (contract 8).
    (problems.TooLarge, 400, ""),
    (problems.Malformed, 400, ""),
    (problems.Invalid, 400, ""),
    (problems.TooMany, 429, ""),
    (problems.NotBuilt, 501, ""),
    (problems.Unavailable, 503, ""),
    (Problem, 500, "Internal error"),
)


class ErrorAnswer(msgspec.Struct, frozen=True):
    status: int
    error: str


WORDING = Wording([(kind, status) for kind, status, _ in _STATUS], ErrorAnswer)


def problem(request: Request, problem: Problem) -> Response:
    if isinstance(problem, problems.NoSuchOperation | problems.WrongVerb):
        return Response(status_code=404)
    status, words = next((status, words) for kind, status, words in _STATUS if isinstance(problem, kind))
    return answer.json({"status": status, "error": words or _told(problem)}, status)


def _told(problem: Problem) -> str:
    field = problem.field if isinstance(problem, problems.Invalid) else None
    return f"{field}: {problem.message}" if field and field not in problem.message else problem.message
