"""Signing in to the console: a password or a link gives a secret, and the secret gives Records for its user.

A secret is kept by the browser and stored here as a hash. What a user may is what the role says (domain/access.py),
and is asked anew twice a second: who is disabled, or is somebody else from now on, is so at once on every worker.
"""

from __future__ import annotations

import hmac
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ringbook.core.context import Context
from ringbook.core.users import Peer, Users
from ringbook.domain.access import Tenant, User, digest, new_secret, scopes_of
from ringbook.domain.problems import TooMany, Unauthenticated
from ringbook.store import directory
from ringbook.store import sessions as stored
from ringbook.store.database import Database
from ringbook.store.journal import Author

if TYPE_CHECKING:
    from ringbook.core.access import Records

LONGEST_SECONDS = 12 * 3600
"""A session's length: a shift. It ends earlier when it has not been used for two hours."""
LINK_SECONDS = 15 * 60
_TRUSTED_SECONDS = 0.5
_MOST_CACHED = 10_000
_NOTED_EVERY = timedelta(minutes=1)
THROTTLE_SECONDS = 300.0
_MOST_OF_BOTH = 10
"""Failures of one login from one address in THROTTLE_SECONDS."""
_MOST_OF_ONE = 100
"""The same of one login from anywhere, and of one address with any login."""
_SECRET = re.compile("rb_[0-9a-f]{64}")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in: who, with what Records, in which zone times are read.

    `form_token` is what this user's forms carry, so that nobody else's page can send them.
    """

    user: User
    tenant: Tenant
    records: Records
    zone: ZoneInfo
    form_token: str
    ends_at: datetime


class _Seen(NamedTuple):
    visit: Visit
    at: float


class Sessions:
    def __init__(self, database: Database, users: Users, records_of: type[Records]) -> None:
        self._database = database
        self._users = users
        self._records_of = records_of
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    async def sign_in(self, slug: str, login: str, password: str, address: str) -> str:
        """A session's secret for the tenant's user with this password; Unauthenticated for anybody else.

        TooMany where this login, this address, or both together have failed too often lately.
        """
        if len(slug) > _LONGEST_NAME or len(login) > _LONGEST_NAME:
            raise Unauthenticated
        keys = _throttled(slug, login, address)
        await self._take_tries(keys)
        async with self._database.reading() as tx:
            known = await stored.known(tx, slug, login) if (slug + login).isprintable() else None
        hashed = None if known is None else known.password_hash
        proven = await self._users.proves((slug, login), Peer(address), hashed, password)
        if known is None or not proven:
            raise Unauthenticated
        async with self._database.transaction() as tx:
            await stored.forgive(tx, list(keys))
        return await self._begin(known)

    async def use_link(self, secret: str) -> str:
        """A session's secret for who has this link; Unauthenticated for one that was used, or has expired."""
        async with self._database.transaction() as tx:
            known = await stored.use_link(tx, digest(secret)) if _SECRET.fullmatch(secret) else None
        if known is None:
            raise Unauthenticated
        return await self._begin(known)

    async def make_link(self, slug: str, login: str) -> str:
        """What signs this user in once, within LINK_SECONDS; Unauthenticated if there is no such user."""
        async with self._database.transaction() as tx:
            known = await stored.known(tx, slug, login)
            if known is None:
                raise Unauthenticated
            secret = new_secret()
            await stored.make_link(tx, known.tenant_id, known.user_id, digest(secret), LINK_SECONDS)
            return secret

    async def visit(self, secret: str) -> Visit:
        """Who holds this session's secret; Unauthenticated once it, or its user, has ended."""
        if not _SECRET.fullmatch(secret):
            raise Unauthenticated
        hashed = digest(secret)
        seen = self._seen.get(hashed)
        if seen is not None and time.monotonic() - seen.at < _TRUSTED_SECONDS:
            return seen.visit
        async with self._database.reading() as tx:
            found = await stored.find(tx, hashed)
            if found is not None and found.login.now - found.seen_at > _NOTED_EVERY:
                await stored.note_use(tx, hashed)
        if found is None:
            self._seen.pop(hashed, None)
            raise Unauthenticated
        visit = self._visit(secret, found, None if seen is None else seen.visit)
        self._seen[hashed] = _Seen(visit, time.monotonic())
        self._seen.move_to_end(hashed)
        if len(self._seen) > _MOST_CACHED:
            self._seen.popitem(last=False)
        return visit

    async def end(self, secret: str) -> None:
        """Sign out: the secret is worth nothing from now on, on other workers within half a second."""
        self._seen.pop(digest(secret), None)
        async with self._database.transaction() as tx:
            await stored.end(tx, digest(secret))

    async def only_tenant(self) -> str | None:
        """The slug of the only tenant, so that nobody has to type it."""
        async with self._database.reading() as tx:
            return await directory.only_slug(tx)

    def forget(self) -> None:
        """Ask about everybody anew: what a user may see or how has just changed here."""
        self._seen.clear()

    async def _take_tries(self, keys: dict[bytes, int]) -> None:
        async with self._database.transaction() as tx:
            tries = await stored.take_tries(tx, list(keys), THROTTLE_SECONDS)
        if any(taken > most for taken, most in zip(tries, keys.values(), strict=True)):
            raise TooMany("Too many failed attempts. Wait five minutes.", retry_after=int(THROTTLE_SECONDS))

    async def _begin(self, known: stored.Known) -> str:
        secret = new_secret()
        async with self._database.transaction() as tx:
            await stored.begin(tx, known.tenant_id, known.user_id, digest(secret), LONGEST_SECONDS)
        return secret

    def _visit(self, secret: str, found: stored.SignedIn, before: Visit | None) -> Visit:
        user, tenant = found.login.user, found.login.tenant
        if before is not None and (before.user, before.tenant) == (user, tenant):
            records = before.records
        else:
            author = Author(tenant.id, user.login, "console")
            context = Context(self._database, tenant, author, scopes_of(user))
            records = self._records_of(context, secret=digest(secret))
        token = hmac.digest(secret.encode(), b"form", "sha256").hex()[:32]
        zone = ZoneInfo(found.time_zone or tenant.time_zone)
        return Visit(user, tenant, records, zone, token, found.ends_at)


def _throttled(slug: str, login: str, address: str) -> dict[bytes, int]:
    """What is counted when signing in fails, and how often it may, in the order in which everybody counts."""
    both = "\0".join((slug, login, address))
    limits = {
        digest(f"both {both}"): _MOST_OF_BOTH,
        digest(f"login {slug}\0{login}"): _MOST_OF_ONE,
        digest(f"address {address}"): _MOST_OF_ONE,
    }
    return dict(sorted(limits.items()))
