"""Problems in wolkvox's words (contract 2.0, "Error catalogue").

The vendor's own are the texts of 400, 401 and 403 in capitals, and those of 404 that recorded answers have. What it
tells nowhere is marked as ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.dialects.wolkvox.envelope import TooHeavy, failure
from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web.dialect import Wording
from ringbook.web.rations import DayUsedUp, TooManyAtOnce

LONGEST_ECHO = 200

NO_API = "THE API YOU WANT TO CONSULT DOES NOT EXIST"
PARAMETERS = "SOME PARAMETERS ARE REQUIRED"


class NoToken(problems.Unauthenticated):
    """There is no token in the request."""


class SaidSo(problems.Missing):
    """Nothing was done, in the words that the vendor has for it; `data` goes with them."""

    def __init__(self, message: str, data: Sequence[Mapping[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.data = data


class Parameters(problems.Invalid):
    """A parameter is missing, or is none that can be read."""

    def __init__(self) -> None:
        super().__init__(PARAMETERS)


def no_campaign(asked: str) -> SaidSo:
    """What a campaign is called that does not exist, or is another operation's."""
    return SaidSo(f"Campaign_id {asked[:LONGEST_ECHO]} does not exist in your operation.")


def nothing_found() -> SaidSo:
    return SaidSo("0 records were found")


def bad_dates() -> SaidSo:
    """Also what a report says that has no rows in good dates."""
    return SaidSo("Validate dates entered")


_ERRORS: tuple[tuple[type[Problem], int, str | None], ...] = (
    (NoToken, 401, "PLEASE ENTER THE WOLKVOX-TOKEN"),
    (problems.Unauthenticated, 403, "PLEASE VALIDATE TOKEN"),
    (problems.Forbidden, 403, "PLEASE VALIDATE TOKEN"),
    (TooManyAtOnce, 403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"),
    (DayUsedUp, 403, "TOKEN LIMIT EXCEEDED"),
    (problems.TooMany, 403, "TOKEN LIMIT EXCEEDED"),
    (problems.NoSuchOperation, 400, NO_API),
    (SaidSo, 404, None),
    # From here on the words are ours.
    (problems.Missing, 404, "0 records were found"),
    (problems.WrongVerb, 405, "THIS METHOD IS NOT ALLOWED FOR THIS API"),
    (TooHeavy, 400, "THE RESULT EXCEEDS THE LIMIT OF 256 MB"),
    (problems.TooLarge, 413, "THE BODY IS TOO LARGE"),
    (problems.Malformed, 400, PARAMETERS),
    (problems.Invalid, 400, PARAMETERS),
    (problems.Conflict, 409, None),
    (problems.NotBuilt, 501, "THIS API IS NOT AVAILABLE YET"),
    (problems.Unavailable, 503, "THE SERVICE IS NOT AVAILABLE, TRY AGAIN"),
    (Problem, 500, "AN ERROR HAS OCCURRED"),
)


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The code is a number where the tenant wants it as documented; `data` comes with what vendors tell in detail."""

    code: str | int
    error: str
    msg: str
    data: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


WORDING = Wording([(kind, status) for kind, status, _ in _ERRORS], ErrorAnswer)


def problem(request: Request, problem: Problem) -> Response:
    status, words = next((status, words) for kind, status, words in _ERRORS if isinstance(problem, kind))
    data = problem.data if isinstance(problem, SaidSo) else None
    return failure(request, status, words or problem.message, data)
