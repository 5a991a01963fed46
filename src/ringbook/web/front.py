"""One port for all dialects: each request goes to the dialect that owns its path, and through the same steps there.

Route, authenticate, count against the limits, read, handle; whatever goes wrong on the way becomes a Problem in the
dialect's own words. A bug is logged whole and answered without its cause.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbook.core.access import Records
from ringbook.domain.problems import Invalid, NotBuilt, Problem
from ringbook.web import body
from ringbook.web.dialect import AnyOperation, Call, Dialect, NotYet, OpenOperation, Operation
from ringbook.web.idempotency import answered
from ringbook.web.rations import Place
from ringbook.web.routes import Routes, path_of
from ringbook.web.sse import EventStream
from ringbook.web.worker import REQUEST_ID, SCOPE, Worker

log = structlog.get_logger()
_UNLIMITED: AbstractAsyncContextManager[Place | None] = nullcontext()


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
        scope[SCOPE] = worker
        scope[REQUEST_ID] = request_id
        request = Request(scope, receive)
        tenant: str | None = None
        records: Records | None = None
        counts = self._unrouted
        try:
            operation, path = await self._find(request)
            counts = self._counts[id(operation)]
            if isinstance(operation, Operation):
                records = await self._dialect.authenticate(request, worker.core)
                tenant = records.tenant.slug
                if records.credential is not None:
                    worker.limits.take(records.credential)
                async with self._place(records, operation.rationed) as place:
                    call = await self._read(operation, request, path)
                    call.place = place
                    response = await answered(self._dialect, operation, records, call)
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
        try:
            await response(scope, receive, send)
        finally:
            seconds = time.perf_counter() - started
            opened = response.opened if isinstance(response, EventStream) else None
            # What goes on for hours was answered when it began.
            counts.count(response.status_code, seconds if opened is None else opened - started)
            worker.log.line(counts, response.status_code, seconds, tenant, request_id)
            if worker.exchanges is not None and records is not None and self._dialect.kept:
                worker.exchanges.note(records, request, counts, response, seconds, request_id)

    async def _find(self, request: Request) -> tuple[AnyOperation, Mapping[str, str]]:
        scope = request.scope
        try:
            return self._routes.find(scope["method"], scope["path"], scope["query_string"])
        except Problem:
            if self._dialect.credential_first:
                records = await self._dialect.authenticate(request, self._worker.core)
                async with self._place(records, rationed=True):
                    raise
            raise

    def _place(self, records: Records, rationed: bool) -> AbstractAsyncContextManager[Place | None]:
        """A place for the request among those of its key, in a dialect that is rationed."""
        rations, credential = self._dialect.rations, records.credential
        if rations is None or credential is None:
            return _UNLIMITED
        worker = self._worker
        return worker.limits.rations.place(worker.core, rations, records.tenant, credential, rationed)

    async def _read(self, operation: Operation[Any, Any], request: Request, path: Mapping[str, str]) -> Call[Any, Any]:
        for value in path.values():
            if body.CONTROL.search(value):
                raise Invalid("The path contains a control character.")
        query = content = None
        if operation.query is not None:
            query = body.convert_query(body.parameters(request.scope["query_string"]), operation.query)
        if operation.body is not None:
            raw = await body.read(request, operation.limits.body, operation.limits.seconds)
            content = (
                self._dialect.decode(raw, operation.body)
                if operation.decode is None
                else operation.decode(request, raw)
            )
        return Call(request, path, query, content)

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
        path = path_of(scope)
        if path != scope["path"]:
            scope = dict(scope, path=path)
        for prefix, app in self._prefixes:
            if path.startswith(prefix):
                return app(scope, receive, send)
        return self._rest(scope, receive, send)
