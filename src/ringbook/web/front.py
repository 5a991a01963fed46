"""One port for all dialects: each request goes to the dialect that owns its path, and through the same steps there.

Route, authenticate, count against the limits, read, handle; whatever goes wrong on the way becomes a Problem in the
dialect's own words. A bug is logged whole and answered without its cause.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbook.domain.problems import Invalid, NotBuilt, Problem
from ringbook.web import body
from ringbook.web.dialect import Call, Dialect, NotYet, OpenOperation, Operation
from ringbook.web.routes import Routes
from ringbook.web.worker import Worker

log = structlog.get_logger()

_SLASHES = re.compile("/{2,}")


class DialectApp:
    """One dialect as an ASGI app."""

    def __init__(self, dialect: Dialect, worker: Worker) -> None:
        self._dialect = dialect
        self._worker = worker
        self._routes = Routes(dialect.operations)
        self._counts = {id(o): worker.metrics.of(dialect.name, f"{o.method} {o.path}") for o in dialect.operations}
        self._unrouted = worker.metrics.of(dialect.name, "none")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        worker = self._worker
        request_id = worker.log.next_id()
        request = Request(scope, receive)
        tenant: str | None = None
        counts = self._unrouted
        try:
            operation, path = self._routes.find(scope["method"], scope["path"])
            counts = self._counts[id(operation)]
            if isinstance(operation, Operation):
                records = await self._dialect.authenticate(request, worker.core)
                tenant = records.tenant.slug
                if records.credential is not None:
                    worker.limits.take(records.credential)
                response = await operation.handler(records, await _read(operation, request, path))
            elif isinstance(operation, OpenOperation):
                response = await operation.handler(worker, Call(request, path, None, None))
            else:
                response = self._not_yet(request, operation)
        except Problem as problem:
            response = self._dialect.problem(request, problem)
        except Exception:
            log.exception("bug", request_id=request_id, dialect=self._dialect.name, operation=counts.operation)
            response = self._dialect.problem(request, Bug())
        response.raw_headers.append((b"x-request-id", request_id.encode()))
        await response(scope, receive, send)
        seconds = time.perf_counter() - started
        counts.count(response.status_code, seconds)
        worker.log.line(counts, response.status_code, seconds, tenant, request_id)

    def _not_yet(self, request: Request, operation: NotYet) -> Response:
        log.info("not yet", dialect=self._dialect.name, operation=f"{operation.method} {operation.path}")
        return self._dialect.problem(request, NotBuilt(f"Not in Ringbook yet: {operation.why}"))


class Bug(Problem):
    """Something went wrong here. The request id finds it in the log."""


class Front:
    """The ASGI app: finds a path's dialect by its prefix; what nobody owns is the last dialect's, the native one."""

    def __init__(self, dialects: Sequence[Dialect], worker: Worker) -> None:
        apps = [(dialect, dialect.wrap(DialectApp(dialect, worker))) for dialect in dialects]
        prefixes = [(prefix, app) for dialect, app in apps for prefix in dialect.prefixes]
        # The longest prefix first, so that a dialect inside another's tree wins.
        self._prefixes: list[tuple[str, ASGIApp]] = sorted(prefixes, key=lambda p: len(p[0]), reverse=True)
        self._rest = apps[-1][1]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path: str = scope["path"]
        if "//" in path:
            path = _SLASHES.sub("/", path)
            scope = dict(scope, path=path)
        for prefix, app in self._prefixes:
            if path.startswith(prefix):
                return app(scope, receive, send)
        return self._rest(scope, receive, send)


async def _read(operation: Operation[Any, Any], request: Request, path: Any) -> Call[Any, Any]:
    for value in path.values():
        if body.CONTROL.search(value):
            raise Invalid("The path contains a control character.")
    query = content = None
    if operation.query is not None:
        query = body.convert_query(body.parameters(request.scope["query_string"]), operation.query)
    if operation.body is not None:
        content = body.decode(await body.read(request, operation.limits), operation.body)
    return Call(request, path, query, content)
