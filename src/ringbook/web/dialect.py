"""The contract of a dialect: a route table, where its credential is, and how it words a problem.

The table is the specification. From it come routing, authentication, limits, the OpenAPI document, the metrics and the
list of what is not there yet. A handler is called with Records, so it cannot run unauthenticated or for another tenant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Problem
from ringbook.web.body import decode
from ringbook.web.rations import Place, Rations
from ringbook.web.worker import Worker

Q = TypeVar("Q")
B = TypeVar("B")

MEGABYTE = 1024 * 1024
IDEMPOTENCY_KEY = "Idempotency-Key"

_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

BEARER: Mapping[str, Any] = {"type": "http", "scheme": "bearer"}
BASIC: Mapping[str, Any] = {"type": "http", "scheme": "basic"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request of an operation may cost."""

    body: int = MEGABYTE
    seconds: float = 30.0


@dataclass(slots=True)
class Call(Generic[Q, B]):
    """One request, read: path parameters as text, query and body as the operation's types.

    `place` is where the request stands among those of its key, in a dialect that is rationed.
    """

    request: Request
    path: Mapping[str, str]
    query: Q
    body: B
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What an operation's description says beyond its types.

    `also` are further statuses of a success, `media_types` the kinds of a success's body where it is not JSON alone,
    `tables` the kinds of a request's body that are good besides JSON, as text that `Operation.decode` reads,
    `files` those of a request whose body is a file (web/upload.py), which may also be the one file of a form,
    `headers` the request's headers that it looks at. `security` are the dialect's schemes that are good here (none:
    all of them). `statuses` are those of problems that this operation words otherwise than its dialect does.
    """

    also: Sequence[int] = ()
    media_types: Sequence[str] = ("application/json",)
    tables: Sequence[str] = ()
    files: Sequence[str] = ()
    headers: Sequence[str] = ()
    security: Sequence[str] = ()
    statuses: Sequence[tuple[type[Problem], int]] = ()


PLAINLY = Described()


@dataclass(frozen=True, slots=True)
class Wording:
    """How a dialect words problems: the status of each kind, the first that fits, and the type of the answer's JSON."""

    statuses: Sequence[tuple[type[Problem], int]]
    answer: Any = None
    media_type: str = "application/json"

    def status_of(self, kind: type[Problem]) -> int | None:
        return next((status for known, status in self.statuses if issubclass(kind, known)), None)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Q, B]):
    """What a credential's holder may do.

    A path may end in `?name=value`, where a vendor tells operations of one path apart by a parameter.

    `query` and `body` are msgspec types that the request is checked against (None: the handler reads it itself, or
    there is none), by `decode` where it comes otherwise than its dialect's bodies do; `answer` is the type of a
    success's JSON, for the description. What is not `rationed` takes nothing of the day's requests, in a dialect where
    they are limited.

    `reads`: it writes nothing, whatever its method says. `unkept`: why its answer cannot be kept, in a dialect that
    keeps them for who sends a write again: who asks for that is told so, and nothing is done.
    """

    method: str
    path: str
    handler: Callable[[Records, Call[Q, B]], Awaitable[Response]]
    summary: str
    query: type[Q] | None = None
    body: type[B] | None = None
    decode: Callable[[Request, bytes], B] | None = None
    answer: Any = None
    status: int = 200
    limits: Limits = field(default_factory=Limits)
    rationed: bool = True
    reads: bool = False
    unkept: str = ""
    described: Described = PLAINLY


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """What needs no credential, and is visible as such in the table. `form` is the type of a form that it reads."""

    method: str
    path: str
    handler: Callable[[Worker, Call[None, None]], Awaitable[Response]]
    summary: str
    limits: Limits = field(default_factory=Limits)
    query: Any = None
    form: Any = None
    answer: Any = None
    described: Described = PLAINLY


@dataclass(frozen=True, slots=True)
class NotYet:
    """What the vendor has and Ringbook does not: it says so in the vendor's shape, and is listed with its reason."""

    method: str
    path: str
    why: str


AnyOperation = Operation[Any, Any] | OpenOperation | NotYet


def _unwrapped(app: ASGIApp) -> ASGIApp:
    return app


@dataclass(frozen=True)
class Dialect:
    """One vendor's API. Prefixes are matched after doubled slashes are collapsed.

    `decode` reads a body's bytes as an operation's type, for a vendor that accepts more than JSON.

    `keeps_answers`: its writes take an Idempotency-Key (web/idempotency.py).

    `wording` and `security` (the schemes of OpenAPI, any of which will do) are for the description.

    `kept`: its requests are kept for who looks at exchanges, where that is switched on.

    `credential_first`: who has none, or has used up its `rations`, is told so before it is told that an operation does
    not exist.
    """

    name: str
    title: str
    prefixes: Sequence[str]
    operations: Sequence[AnyOperation]
    authenticate: Callable[[Request, Core], Awaitable[Records]]
    problem: Callable[[Request, Problem], Response]
    wrap: Callable[[ASGIApp], ASGIApp] = _unwrapped
    credential_first: bool = False
    rations: Rations | None = None
    decode: Callable[[bytes, Any], Any] = decode
    kept: bool = True
    keeps_answers: bool = False
    wording: Wording = Wording(())
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"key": BEARER})

    def takes_keys(self, operation: Operation[Any, Any]) -> bool:
        """Whether a request for this may have an Idempotency-Key."""
        return self.keeps_answers and not operation.reads and operation.method in _WRITING
