"""What all pages share: the frame around them, their headers, and the files they are made of."""

from __future__ import annotations

import gzip
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ringbook.console.show import show_to
from ringbook.core.sessions import Visit
from ringbook.domain.access import Scope
from ringbook.domain.problems import Missing
from ringbook.web.dialect import Call
from ringbook.web.stream import Stream
from ringbook.web.worker import REQUEST_ID, Worker, worker_of

HOME = "/console"
THEME_COOKIE = "ringbook_theme"
_THEMES = ("auto", "light", "dark")
_VISIT = "ringbook.visit"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind} 'self'" for kind in ("script-src", "style-src", "img-src", "font-src", "connect-src")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation, for those who have the scope."""

    path: str
    label: str
    icon: str
    scope: Scope = "read"

    def holds(self, path: str) -> bool:
        """Whether a page is below this entry."""
        return path == self.path or (self.path != HOME and path.startswith(f"{self.path}/"))


PLACES = (
    (
        Place(HOME, "Lookup", "search"),
        Place(f"{HOME}/live", "Live", "bolt"),
        Place(f"{HOME}/contacts", "Contacts", "people"),
        Place(f"{HOME}/campaigns", "Campaigns", "megaphone"),
        Place(f"{HOME}/lists", "Lists", "list"),
        Place(f"{HOME}/imports", "Imports", "upload"),
        Place(f"{HOME}/exports", "Exports", "download", "write"),
        Place(f"{HOME}/datasets", "Data sets", "clock"),
        Place(f"{HOME}/dnc", "Do not call", "bar"),
    ),
    (
        Place(f"{HOME}/schema", "Schema and mapping", "fields"),
        Place(f"{HOME}/keys", "Keys", "key", "admin"),
        Place(f"{HOME}/users", "Users", "user", "admin"),
        Place(f"{HOME}/api", "API", "code"),
        Place(f"{HOME}/exchanges", "Exchanges", "arrows", "admin"),
        Place(f"{HOME}/journal", "Journal", "book"),
    ),
)


def enter(request: Request, visit: Visit) -> None:
    """Note who this request is from."""
    request.scope[_VISIT] = visit


def visit_of(request: Request) -> Visit:
    visit: Visit = request.scope[_VISIT]
    return visit


def page(request: Request, template: str, status: int = 200, /, **facts: Any) -> Response:
    """The page of this template, as an answer; `facts` are what the template speaks of."""
    visit: Visit | None = request.scope.get(_VISIT)
    path = request.scope["path"].rstrip("/") or HOME
    said = {
        "visit": visit,
        "show": visit and show_to(visit),
        "may": (lambda scope: visit is not None and scope in visit.records.scopes),
        "places": PLACES,
        "path": path,
        "here": path + (f"?{query}" if (query := request.scope["query_string"].decode("latin-1")) else ""),
        "theme": _theme_of(request),
        "asset": asset_path,
        "search": "",
        "request_id": request.scope.get(REQUEST_ID, ""),
        "exchanges_on": worker_of(request).exchanges is not None,
    }
    html = _templates.get_template(template).render(said | facts)
    return Response(html, status, HEADERS, "text/html; charset=utf-8")


def file(pieces: AsyncGenerator[bytes, None], content_type: str, name: str) -> Response:
    """A file to be kept, made while it is sent; under the headers of a page."""
    answer = Stream(pieces, content_type, name)
    answer.headers.update(HEADERS)
    return answer


def go(path: str) -> Response:
    """Look there next: the answer to a form that has done its work."""
    return RedirectResponse(path, 303, HEADERS)


def _theme_of(request: Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return theme if theme in _THEMES else "auto"


async def change_theme(worker: Worker, call: Call[None, None]) -> Response:
    """The next theme, for browsers without script; it is no secret and changes nothing else."""
    themes = {"light": "dark", "dark": "auto", "auto": "light"}
    chosen = themes[_theme_of(call.request)]
    back = call.request.headers.get("referer", "")
    host = call.request.headers.get("host", "")
    path = back.partition(f"://{host}")[2] if host else ""
    answer = go(path if path.startswith(HOME) else HOME)
    answer.set_cookie(THEME_COOKIE, chosen, max_age=365 * 86400, path=HOME, samesite="lax", httponly=False)
    return answer


@dataclass(frozen=True, slots=True)
class _Asset:
    kind: str
    plain: bytes
    packed: bytes
    tag: str


@cache
def _assets() -> dict[str, _Asset]:
    found: dict[str, _Asset] = {}
    for file in (resources.files("ringbook.console") / "assets").iterdir():
        kind = _KINDS.get(file.name.rpartition(".")[2])
        if kind is not None:
            plain = file.read_bytes()
            found[file.name] = _Asset(kind, plain, gzip.compress(plain, 9, mtime=0), sha256(plain).hexdigest()[:12])
    return found


def asset_path(name: str) -> str:
    """Where a file of the console is, under a name that changes with its content."""
    return f"{HOME}/assets/{_assets()[name].tag}/{name}"


async def asset(worker: Worker, call: Call[None, None]) -> Response:
    """A file that pages are made of. Its name says its content, so a browser asks once."""
    found = _assets().get(call.path["name"])
    if found is None:
        raise Missing
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if found.tag == call.path["tag"] else "no-cache",
        "x-content-type-options": "nosniff",
        "vary": "accept-encoding",
    }
    if "gzip" in call.request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers=headers | {"content-encoding": "gzip"}, media_type=found.kind)
    return Response(found.plain, headers=headers, media_type=found.kind)


_templates = Environment(
    loader=PackageLoader("ringbook.console", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["values_of"] = lambda stored: msgspec.json.decode(stored, type=dict[str, Any])
_templates.globals["is_null"] = lambda stored: bytes(stored) == b"null"
