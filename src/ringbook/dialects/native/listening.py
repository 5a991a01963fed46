"""Who listens from a browser: its EventSource sends no header, and a key does not belong into a URL.

So they come with a ticket that a key has asked for, or with the cookie of who is signed in to the console.
"""

from __future__ import annotations

from starlette.requests import Request

from ringbook.core.access import Core, Records
from ringbook.web.session import secret_of

PATH = "/v1/events"
_LONGEST = 200


async def by_ticket_or_session(request: Request, core: Core) -> Records | None:
    """Records for who comes to listen with one of the two, and no key; None for everybody else."""
    if request.scope["path"] != PATH or request.scope["method"] != "GET" or "authorization" in request.headers:
        return None
    if ticket := request.query_params.get("ticket"):
        return await core.redeem(ticket[:_LONGEST])
    if secret := secret_of(request):
        return (await core.sessions.visit(secret)).records
    return None
