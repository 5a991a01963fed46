"""Where CIM's clients have their key, and who needs none (contracts/cim.md 0.2). The vendor documents neither."""

from __future__ import annotations

from starlette.requests import Request

from ringbook.core.access import Core, Records
from ringbook.dialects.cim.switches import switches_of
from ringbook.domain.problems import Unauthenticated
from ringbook.web.auth import basic, bearer
from ringbook.web.neighbours import check_means_us, neighbour
from ringbook.web.worker import worker_of

_LONGEST = 1024


async def authenticate(request: Request, core: Core) -> Records:
    """The holder of a key; or, for a request without any, a client of the tenant's anonymous networks."""
    key = _key(request)
    if key is not None:
        return await core.authenticate("cim", key)
    address = neighbour(request)
    records = await core.admit_neighbour(address)
    switches = switches_of(records.tenant)
    check_means_us(request, switches.hosts)
    worker_of(request).limits.take_anonymous(address, switches.anonymous_per_second)
    return records


def _key(request: Request) -> str | None:
    """The key as a Bearer, as Basic's password or in X-API-Key; None where there is no credential of any kind."""
    given = request.headers.get("authorization")
    if given is not None:
        return _of_basic(given) if given[:6].lower() == "basic " else bearer(request)
    key = request.headers.get("x-api-key")
    if key is not None and not 0 < len(key) <= _LONGEST:
        raise Unauthenticated
    return key


def _of_basic(given: str) -> str:
    """The password; whose name it is does not matter."""
    _, password = basic(given) or ("", "")
    if not 0 < len(password) <= _LONGEST:
        raise Unauthenticated
    return password
