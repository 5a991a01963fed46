"""Is it alive, is it ready, how is it doing: no key needed, and no secret told."""

from __future__ import annotations

from starlette.responses import Response

from ringbook.web import answer, metrics
from ringbook.web.dialect import Call, OpenOperation
from ringbook.web.worker import Worker


async def live(worker: Worker, call: Call[None, None]) -> Response:
    return answer.json({"status": "alive"})


async def ready(worker: Worker, call: Call[None, None]) -> Response:
    """503 while the database does not answer, so that a balancer sends calls elsewhere."""
    if await worker.core.database.ready():
        return answer.json({"status": "ready"})
    return answer.json({"status": "the database does not answer"}, 503)


async def exposed_metrics(worker: Worker, call: Call[None, None]) -> Response:
    return Response(worker.metrics.exposition(), headers={"content-type": metrics.CONTENT_TYPE})


OPERATIONS = (
    OpenOperation("GET", "/health/live", live, "The process is alive"),
    OpenOperation("GET", "/health/ready", ready, "The database answers"),
    OpenOperation("GET", "/metrics", exposed_metrics, "Counters, in Prometheus' format"),
)
