"""Is it alive, is it ready, how is it doing: no key needed, and no secret told."""

from __future__ import annotations

from starlette.responses import Response

from ringbook.core.access import Core
from ringbook.web import answer, metrics
from ringbook.web.dialect import Call, OpenOperation


async def live(core: Core, call: Call[None, None]) -> Response:
    return answer.json({"status": "alive"})


async def ready(core: Core, call: Call[None, None]) -> Response:
    """503 while the database does not answer, so that a balancer sends calls elsewhere."""
    if await core.database.ready():
        return answer.json({"status": "ready"})
    return answer.json({"status": "the database does not answer"}, 503)


async def exposed_metrics(core: Core, call: Call[None, None]) -> Response:
    return Response(metrics.exposition(), headers={"content-type": metrics.CONTENT_TYPE})


OPERATIONS = (
    OpenOperation("GET", "/health/live", live, "The process is alive"),
    OpenOperation("GET", "/health/ready", ready, "The database answers"),
    OpenOperation("GET", "/metrics", exposed_metrics, "Counters, in Prometheus' format"),
)
