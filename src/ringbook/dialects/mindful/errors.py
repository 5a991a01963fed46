"""Mindful's errors: one key, `error`, an UpperCamel name (contracts: mindful, "Further decisions").

Only InvalidToken is the vendor's; the other names are ours, and live here.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web import answer
from ringbook.web.dialect import Wording


class InvalidPhoneNumber(problems.Invalid):
    """The contact number has no digits."""


_ERRORS: tuple[tuple[type[Problem], int, str], ...] = (
    (problems.Unauthenticated, 401, "InvalidToken"),
    (problems.Forbidden, 401, "InvalidToken"),
    (problems.Missing, 404, "NotFound"),
    (problems.NoSuchOperation, 404, "NotFound"),
    (problems.WrongVerb, 405, "MethodNotAllowed"),
    (problems.TooLarge, 413, "PayloadTooLarge"),
    (InvalidPhoneNumber, 400, "InvalidPhoneNumber"),
    (problems.Malformed, 400, "InvalidParameters"),
    (problems.Invalid, 400, "InvalidParameters"),
    (problems.Conflict, 409, "Conflict"),
    (problems.TooMany, 429, "TooManyRequests"),
    (problems.NotBuilt, 501, "NotImplemented"),
    (problems.Unavailable, 503, "ServiceUnavailable"),
    (Problem, 500, "InternalError"),
)


class ErrorAnswer(msgspec.Struct, frozen=True):
    error: str


WORDING = Wording([(kind, status) for kind, status, _ in _ERRORS], ErrorAnswer)


def problem(request: Request, problem: Problem) -> Response:
    status, name = next((status, name) for kind, status, name in _ERRORS if isinstance(problem, kind))
    return answer.json({"error": name}, status)
