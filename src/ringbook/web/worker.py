"""What one worker process has, whatever the dialect."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from ringbook.core.access import Core
from ringbook.web.exchanges import Exchanges
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Worker:
    core: Core
    limits: SharedLimits
    log: RequestLog
    metrics: Metrics
    exchanges: Exchanges | None = None
    """Where requests are kept for who looks at them; None where that is switched off."""


SCOPE = "ringbook.worker"
"""Where a request's scope has the worker, for who is given the request alone."""
REQUEST_ID = "ringbook.request_id"
"""The same for the id under which a request is in the log."""


def worker_of(request: Request) -> Worker:
    """The worker that answers this request."""
    worker: Worker = request.scope[SCOPE]
    return worker
