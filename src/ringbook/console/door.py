"""Signing in and out, and whose request it is: a cookie has the session's secret, forms have its token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.console import frame
from ringbook.console.forms import Form, decode
from ringbook.console.frame import HOME, go, page, visit_of
from ringbook.core.access import Core, Records
from ringbook.core.sessions import LONGEST_SECONDS
from ringbook.domain.access import digest
from ringbook.domain.problems import Forbidden, Problem, TooMany, Unauthenticated
from ringbook.web import body
from ringbook.web.dialect import Call, Limits, Operation
from ringbook.web.session import COOKIE, secret_of
from ringbook.web.worker import Worker, worker_of

_FORM = Limits(body=64 * 1024, seconds=10.0)

Handler = Callable[[Records, Call[Any, Any]], Awaitable[Response]]


class SignIn(Form, frozen=True):
    login: str = ""
    password: str = ""
    slug: str = ""
    next: str = ""


class Link(msgspec.Struct, frozen=True):
    link: str = ""


async def authenticate(request: Request, core: Core) -> Records:
    """Records for who is signed in. What changes something must come from a page of this server."""
    visit = await core.sessions.visit(secret_of(request))
    frame.enter(request, visit)
    if request.method != "GET":
        check_origin(request)
    return visit.records


def looks(path: str, handler: Handler, summary: str, query: Any = None) -> Operation[Any, Any]:
    """A page to look at."""
    return Operation("GET", f"{HOME}{path}", handler, summary, query=query)


def sends(path: str, handler: Handler, summary: str, form: Any = Form, limits: Limits = _FORM) -> Operation[Any, Any]:
    """A form's work: done only for a form that this user's own page has made."""

    async def own(records: Records, call: Call[Any, Any]) -> Response:
        check_token(call.request, call.body.form_token)
        return await handler(records, call)

    return Operation("POST", f"{HOME}{path}", own, summary, body=form, limits=limits)


async def show_sign_in(worker: Worker, call: Call[None, None]) -> Response:
    asked = dict(body.parameters(call.request.scope["query_string"]))
    return await _ask(worker, call.request, next_=asked.get("next", ""))


async def sign_in(worker: Worker, call: Call[None, None]) -> Response:
    request = call.request
    check_origin(request)
    form: SignIn = decode(await body.read(request, _FORM.body, _FORM.seconds), SignIn)
    slug, login = form.slug.strip(), form.login.strip()
    if "/" in login:
        slug, _, login = login.partition("/")
    slug = slug or await worker.core.sessions.only_tenant() or ""
    try:
        secret = await worker.core.sessions.sign_in(slug, login, form.password, _address(request))
    except TooMany as told:
        answer = await _ask(worker, request, 429, told, form.next, slug, login)
        answer.headers["retry-after"] = str(told.retry_after)
        return answer
    except Unauthenticated:
        wrong = Unauthenticated("Login or password is wrong.")
        return await _ask(worker, request, 401, wrong, form.next, slug, login)
    return _let_in(request, secret, form.next)


async def use_link(worker: Worker, call: Call[None, None]) -> Response:
    """Sign in by a link that works once."""
    asked = body.convert_query(body.parameters(call.request.scope["query_string"]), Link)
    try:
        secret = await worker.core.sessions.use_link(asked.link)
    except Unauthenticated:
        told = Unauthenticated("This link was used already, or has expired. Sign in with your password.")
        return await _ask(worker, call.request, 401, told)
    return _let_in(call.request, secret, "")


async def sign_out(records: Records, call: Call[None, Form]) -> Response:
    await worker_of(call.request).core.sessions.end(secret_of(call.request))
    answer = go(f"{HOME}/sign-in")
    answer.delete_cookie(COOKIE, path="/")
    return answer


def session_digest(request: Request) -> bytes:
    """Under which this request's session is kept."""
    return digest(secret_of(request))


def check_origin(request: Request) -> None:
    """Forbidden for what a page of another origin sends. Browsers say whose page it is; other programs do not."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("This came from another site's page.")
    for origin in request.headers.getlist("origin"):
        if site is None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
            raise Forbidden("This came from another site's page.")


def check_token(request: Request, token: str) -> None:
    """Forbidden unless a form carries the token of who sends it."""
    if not hmac.compare_digest(token.encode(), visit_of(request).form_token.encode()):
        raise Forbidden("This form is from another session. Load its page again, and send it once more.")


async def _ask(
    worker: Worker,
    request: Request,
    status: int = 200,
    told: Problem | None = None,
    next_: str = "",
    slug: str = "",
    login: str = "",
) -> Response:
    only = await worker.core.sessions.only_tenant()
    facts = {"told": told and told.message, "next": _inside(next_), "slug": slug, "login": login}
    return page(request, "sign_in.html", status, asks_tenant=only is None, **facts)


def _let_in(request: Request, secret: str, next_: str) -> Response:
    answer = go(_inside(next_) or HOME)
    # Path / and not the console's alone: the stream of events at /v1/events takes it too.
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=LONGEST_SECONDS,
        path="/",
        secure=request.scope.get("scheme") == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


def _inside(path: str) -> str:
    """A path of the console to go on to; none for any other place."""
    inside = path == HOME or path.startswith((f"{HOME}/", f"{HOME}?"))
    return path if inside and "\\" not in path and "//" not in path and path.isprintable() else ""


def _address(request: Request) -> str:
    client = request.scope.get("client")
    return client[0] if client else ""
