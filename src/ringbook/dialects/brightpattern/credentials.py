"""Who asks: HTTP Digest below the tenant's path (3.x), a bearer token elsewhere (v2), and where tokens come from."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ringbook.core.access import Core, Records
from ringbook.core.users import TOKEN_SECONDS, Peer, Users
from ringbook.domain.problems import Forbidden, Invalid, Unauthenticated
from ringbook.web import answer, body
from ringbook.web.auth import basic, bearer
from ringbook.web.dialect import Call
from ringbook.web.digest import challenge as digest_challenge
from ringbook.web.digest import claim_of
from ringbook.web.forwarding import is_forwarded
from ringbook.web.guesses import Guesser
from ringbook.web.worker import Worker, worker_of

OLD_PREFIX = "/admin/ws/t/"
_LONGEST_FORM = 16 * 1024
_FORM_SECONDS = 10.0


async def authenticate(request: Request, core: Core) -> Records:
    """Records for the user; Unauthenticated, told alike, for an unknown tenant, an unknown user and a wrong password.

    Forbidden for a user without the privilege to manage lists: in 3.x whatever the password is, since no HA1 is kept
    of such a user that the request could be checked against. Only the nonce must be one of this server's. TooMany for
    who has been wrong too often lately.
    """
    slug = _tenant_of(request)
    if slug is None:
        return await core.users.by_token(bearer(request))
    claim = claim_of(request)
    if claim is None or claim.realm != slug:
        raise Unauthenticated
    nonces, guesses = worker_of(request).limits.nonces, worker_of(request).limits.guesses
    peer = _peer(request)
    who = Guesser(slug, claim.login, peer.address, peer.forwards)
    guesses.check(who, claim.nonce)
    try:
        records = await core.users.by_digest(slug, claim.login, claim.is_proven_by)
    except Forbidden:
        if not nonces.is_fresh(slug, claim.nonce):
            raise Unauthenticated from None
        raise
    except Unauthenticated:
        guesses.was_wrong(who)
        raise
    guesses.was_right(who, claim.nonce)
    if not nonces.use(slug, claim.nonce, claim.count):
        raise Unauthenticated(stale=True)
    return records


def challenge(request: Request, problem: Unauthenticated) -> str:
    """The WWW-Authenticate header of a 401; `stale` where only the nonce was wrong."""
    slug = _tenant_of(request)
    if slug is None:
        return "Bearer"
    nonce = worker_of(request).limits.nonces.make(slug)
    return digest_challenge(slug, nonce, stale=bool(problem.facts.get("stale")))


async def token(worker: Worker, call: Call[None, None]) -> Response:
    """A token for a user's API secret: the client-credentials grant, credentials in the form (contract 4.0).

    Python's oauthlib sends them as Basic unless told otherwise; what RFC 6749 lets a client do is understood too.
    """
    raw = await body.read(call.request, _LONGEST_FORM, _FORM_SECONDS)
    form: dict[str, str] = dict(reversed(body.parameters(raw)))
    if form.get("grant_type") != "client_credentials":
        raise Invalid("unsupported grant_type: client_credentials is expected", field="grant_type")
    users = worker.core.users
    asked = form.get("scope") or form.get("tenant")
    host = call.request.headers.get("host", "")
    slug = await _meant(users, asked, host)
    login, api_secret = form.get("client_id"), form.get("client_secret", "")
    if login is None:
        login, api_secret = basic(call.request.headers.get("authorization", "")) or ("", "")
    secret = await users.token(slug, login, api_secret, _peer(call.request))
    told: dict[str, Any] = {"access_token": secret, "token_type": "Bearer", "expires_in": str(TOKEN_SECONDS)}
    if form.get("scope"):
        told["scope"] = form["scope"]
    return answer.json(told, headers={"Cache-Control": "no-store"})


def _tenant_of(request: Request) -> str | None:
    """The tenant that the path names, in 3.x."""
    path: str = request.scope["path"]
    if not path.startswith(OLD_PREFIX):
        return None
    return path[len(OLD_PREFIX) :].partition("/")[0]


async def _meant(users: Users, asked: str | None, host: str) -> str:
    """The tenant that is asked for, by slug or domain; else the host's; else the only one (B22)."""
    if asked:
        return await users.tenant_of((asked.strip().lower(), _label(asked))) or ""
    return await users.tenant_of((_label(host),)) or await users.only_tenant() or ""


def _peer(request: Request) -> Peer:
    """Whose request it is. What says that it was forwarded comes from many, or somebody wants us to think so."""
    client = request.scope.get("client")
    return Peer("" if client is None else str(client[0]), is_forwarded(request.scope["headers"]))


def _label(domain: str) -> str:
    return domain.strip().partition(".")[0].partition(":")[0].lower()
