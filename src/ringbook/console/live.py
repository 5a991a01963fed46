"""Live: pops and changes as they happen. It is the one page that needs script: it listens to /v1/events."""

from __future__ import annotations

from starlette.responses import Response

from ringbook.console.door import looks
from ringbook.console.frame import page
from ringbook.core.access import Records
from ringbook.web.dialect import Call

TYPES = ("pop", "contact", "interaction", "attempt", "data_set", "campaign")
"""The kinds of events that the page can show."""


async def live(records: Records, call: Call[None, None]) -> Response:
    return page(call.request, "live.html", types=TYPES)


OPERATIONS = (looks("/live", live, "What happens now"),)
