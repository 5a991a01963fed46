"""A problem as a page: what went wrong, in a sentence that says what to do."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ringbook.console.frame import HOME, go, page
from ringbook.domain import problems
from ringbook.domain.problems import Problem


class _Wording(NamedTuple):
    kind: type[Problem]
    status: int
    title: str
    sentence: str = ""
    """In place of the problem's own, where that is for programs."""


_WORDINGS = (
    _Wording(problems.Unauthenticated, 401, "You are signed out", "Sign in again. What you had typed was not saved."),
    _Wording(problems.Forbidden, 403, "You may not do that"),
    _Wording(problems.Missing, 404, "Not found", "There is no such record, or it is gone."),
    _Wording(problems.NoSuchOperation, 404, "No such page", "The address may be mistyped, or from another version."),
    _Wording(problems.WrongVerb, 405, "Not this way", "This address is for a form. Begin again from its page."),
    _Wording(problems.Stale, 409, "Somebody was faster"),
    _Wording(problems.Conflict, 409, "That does not go together"),
    _Wording(problems.TooLarge, 413, "Too large"),
    _Wording(problems.TooMany, 429, "Too many at once"),
    _Wording(problems.Invalid, 400, "Something does not fit"),
    _Wording(problems.Malformed, 400, "Not readable"),
    _Wording(problems.Unavailable, 503, "One moment", "The database does not answer. Try again shortly."),
)
_WHOSE = {
    "write": "This is for supervisors and administrators.",
    "admin": "This is for administrators.",
}
"""Who may, for whom the core has refused."""
_BUG = _Wording(Problem, 500, "Something went wrong here", "It is in the log, under the id below.")


def problem(request: Request, told: Problem) -> Response:
    """The page for a problem. Who is not signed in, and only looks, is asked to sign in."""
    if isinstance(told, problems.Unauthenticated) and request.method == "GET":
        return sign_in_first(request)
    wording = next((w for w in _WORDINGS if isinstance(told, w.kind)), _BUG)
    answer = page(
        request,
        "problem.html",
        wording.status,
        title=wording.title,
        sentence=_WHOSE.get(told.facts.get("scope", "")) or wording.sentence or told.message,
        kind=wording.status,
    )
    if isinstance(told, problems.TooMany):
        answer.headers["retry-after"] = str(told.retry_after)
    return answer


def sign_in_first(request: Request) -> Response:
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    wanted = f"{path}?{query}" if query else path
    return go(f"{HOME}/sign-in" + ("" if wanted == HOME else f"?{urlencode({'next': wanted})}"))
