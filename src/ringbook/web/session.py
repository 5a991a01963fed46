"""The cookie with a session's secret: the console gives it, and the stream of events takes it too."""

from __future__ import annotations

from starlette.requests import Request

COOKIE = "ringbook_session"


def secret_of(request: Request) -> str:
    """The secret that a browser sends; empty where it sends none."""
    return request.cookies.get(COOKIE, "")
