"""People and programs with a login: let in by Digest or by a token that their API secret gave them."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from ringbook.core.context import Context
from ringbook.core.passwords import Passwords
from ringbook.domain.access import MANAGE_LISTS, implied
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Forbidden, TooMany, Unauthenticated
from ringbook.store import directory
from ringbook.store.database import Database
from ringbook.store.directory import Login
from ringbook.store.journal import Author

if TYPE_CHECKING:
    from ringbook.core.access import Records

TOKEN_SECONDS = 3600
_TRUSTED_SECONDS = 0.5
"""How long a user is believed without asking: one who was disabled is out within a second on every worker."""
_MOST_CACHED = 10_000
_LONGEST_LOGIN = 200
_LONGEST_SECRET = 1024
_VERIFIED_AT_ONCE = 2  # each takes a processor and 64 MB for a tenth of a second
_MOST_WAITING = 200
_SHARE = 16
"""Of those that wait, how many may be one peer's, and how many of one login's."""
_SHARE_OF_MANY = 100
"""The same for a peer that speaks for many."""
_PROVEN_SECONDS = 600.0
"""How long a secret is known that was proven, so that its owner gets tokens while strangers queue."""
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

_TENANT_BYTES = 4
_USER_BYTES = 8
_EXPIRY_BYTES = 4
_PAYLOAD_BYTES = _TENANT_BYTES + _USER_BYTES + _EXPIRY_BYTES
_SIGNATURE_BYTES = 16
_TOKEN = re.compile(rf"[0-9A-Fa-f]{{{2 * (_PAYLOAD_BYTES + _SIGNATURE_BYTES)}}}")

# As long as a real one, so that asking for nobody takes as long as asking for somebody.
_NOBODYS_HA1 = "0" * 32


class Peer(NamedTuple):
    """Where a request comes from: a client, or somebody who says to forward what others ask."""

    address: str
    forwards: bool = False


class _Known(NamedTuple):
    login: Login
    ha1: str
    records: Records
    seen: float


class Users:
    """What the core knows of users. Without the place's key (a command's core has none) nobody is let in."""

    def __init__(
        self, database: Database, passwords: Passwords | None, records_of: Callable[[Context], Records]
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._records_of = records_of
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._verifying = asyncio.Semaphore(_VERIFIED_AT_ONCE)
        self._waiting: Counter[tuple[str, ...]] = Counter()
        self._being_verified: dict[bytes, asyncio.Task[bool]] = {}
        self._proven: OrderedDict[bytes, float] = OrderedDict()
        self._own_key = secrets.token_bytes(32)
        self._nobodys_hash = ""
        self._nobodys_encrypted_ha1 = b"" if passwords is None else passwords.digest_ha1("", "", "")

    async def by_digest(self, slug: str, login: str, proves: Callable[[str], bool]) -> Records:
        """Records for the tenant's user of this login whose HA1 `proves` accepts; Unauthenticated if it does not.

        Forbidden for a user without the privilege to manage lists, of whom no HA1 is kept that could be proven.
        """
        name = (slug, login)
        known = self._trusted(name)
        if known is not None and proves(known.ha1):
            return known.records
        if _UNSTORABLE.search(slug + login) or len(login) > _LONGEST_LOGIN:
            raise Unauthenticated
        found = directory.login_of(await self._database.lanes.ask(directory.BY_LOGIN, (slug,), login))
        if found is not None and MANAGE_LISTS not in found.user.privileges:
            raise Forbidden
        ha1 = self._ha1(found)
        if not proves(ha1 or _NOBODYS_HA1) or found is None or ha1 is None:
            raise Unauthenticated
        return self._remember(name, found, ha1)

    async def by_token(self, token: str) -> Records:
        """Records for the holder of a token of token(); Unauthenticated once it, its user or its secret has ended.

        Forbidden for a user without the privilege to manage lists.
        """
        name = ("", token)
        known = self._trusted(name)
        if known is not None:
            return known.records
        if self._passwords is None or not _TOKEN.fullmatch(token):
            raise Unauthenticated
        raw = bytes.fromhex(token)
        signature = raw[_PAYLOAD_BYTES:]
        payload = _masked(self._passwords, raw[:_PAYLOAD_BYTES], signature)
        tenant_id = int.from_bytes(payload[:_TENANT_BYTES], "big")
        user_id = int.from_bytes(payload[_TENANT_BYTES:-_EXPIRY_BYTES], "big")
        if user_id > LARGEST_ID:
            raise Unauthenticated
        found = directory.login_of(await self._database.lanes.ask(directory.BY_USER_ID, (tenant_id,), str(user_id)))
        if (
            found is None
            or not hmac.compare_digest(signature, self._signature(self._passwords, payload, found))
            or found.now.timestamp() >= int.from_bytes(payload[-_EXPIRY_BYTES:], "big")
        ):
            raise Unauthenticated
        if MANAGE_LISTS not in found.user.privileges:
            raise Forbidden
        return self._remember(name, found, "")

    async def token(self, slug: str, login: str, secret: str, peer: Peer | None = None) -> str:
        """A token of TOKEN_SECONDS for the tenant's user with this API secret: 64 upper-case hexadecimal digits.

        It is signed, not stored, and ends with the user and with the secret. TooMany where `peer`, or
        others who use the login, have too many that are not decided yet; never for a secret that was
        proven lately.
        """
        passwords = self._passwords
        if passwords is None or _UNSTORABLE.search(slug + login) or len(login) > _LONGEST_LOGIN:
            raise Unauthenticated
        found = directory.login_of(await self._database.lanes.ask(directory.BY_LOGIN, (slug,), login))
        hashed = None if found is None else found.api_secret_hash
        proven = await self._verify(passwords, (slug, login), peer, hashed, secret)
        if found is None or not proven:
            raise Unauthenticated
        ends = int((found.now + timedelta(seconds=TOKEN_SECONDS)).timestamp())
        payload = (
            found.tenant.id.to_bytes(_TENANT_BYTES, "big")
            + found.user.id.to_bytes(_USER_BYTES, "big")
            + ends.to_bytes(_EXPIRY_BYTES, "big")
        )
        signature = self._signature(passwords, payload, found)
        return (_masked(passwords, payload, signature) + signature).hex().upper()

    async def tenant_of(self, slugs: Sequence[str]) -> str | None:
        """The first of these slugs that a tenant has."""
        storable = [slug for slug in slugs if not _UNSTORABLE.search(slug)]
        async with self._database.reading() as tx:
            known = await directory.slugs_among(tx, storable)
        return next((slug for slug in storable if slug in known), None)

    async def only_tenant(self) -> str | None:
        """The slug of the only tenant, if it is the only one."""
        async with self._database.reading() as tx:
            return await directory.only_slug(tx)

    async def proves(self, name: tuple[str, str], peer: Peer | None, hashed: str | None, secret: str) -> bool:
        """Whether the secret is the one of this hash; for nobody's (None) it takes as long, and is not.

        `name` is the tenant's slug and the login that somebody says to be. TooMany as for token().
        """
        if self._passwords is None or _UNSTORABLE.search("".join(name)):
            raise Unauthenticated
        return await self._verify(self._passwords, name, peer, hashed, secret)

    def _trusted(self, name: tuple[str, str]) -> _Known | None:
        known = self._known.get(name)
        return known if known is not None and time.monotonic() - known.seen < _TRUSTED_SECONDS else None

    def _remember(self, name: tuple[str, str], found: Login, ha1: str) -> Records:
        before = self._known.get(name)
        if before is not None and (before.login.user, before.login.tenant) == (found.user, found.tenant):
            records = before.records
        else:
            author = Author(found.tenant.id, found.user.login, "brightpattern")
            scopes = implied(frozenset({"write"}))
            records = self._records_of(Context(self._database, found.tenant, author, scopes))
        self._known[name] = _Known(found, ha1, records, time.monotonic())
        self._known.move_to_end(name)
        if len(self._known) > _MOST_CACHED:
            self._known.popitem(last=False)
        return records

    def _ha1(self, found: Login | None) -> str | None:
        """The user's HA1. For nobody something is decrypted too, and always anew, so that it takes as long."""
        if self._passwords is None:
            return None
        encrypted = None if found is None else found.digest_ha1
        ha1 = self._passwords.opened_ha1(encrypted or self._nobodys_encrypted_ha1)
        return None if encrypted is None else ha1

    def _signature(self, passwords: Passwords, payload: bytes, of: Login) -> bytes:
        signed = payload + (of.api_secret_hash or "").encode()
        return passwords.signature("Bright Pattern token", signed)[:_SIGNATURE_BYTES]

    async def _verify(
        self, passwords: Passwords, name: tuple[str, str], peer: Peer | None, hashed: str | None, secret: str
    ) -> bool:
        """Whether the secret fits; for nobody (None) it takes as long, and does not."""
        if len(secret) > _LONGEST_SECRET or _UNSTORABLE.search(secret):
            return False
        told = "\0".join((*name, hashed or "", secret))
        claim = hmac.digest(self._own_key, told.encode(), "sha256")
        if self._proven.get(claim, 0.0) > time.monotonic():
            return True
        task = self._being_verified.get(claim)
        if task is None:
            shares: dict[tuple[str, ...], int] = {(): _MOST_WAITING, ("login", *name): _SHARE}
            if peer is not None:
                shares["peer", peer.address, str(peer.forwards)] = _SHARE_OF_MANY if peer.forwards else _SHARE
            if any(self._waiting[share] >= most for share, most in shares.items()):
                raise TooMany("Too many sign in at once.")
            self._waiting.update(shares.keys())
            task = asyncio.create_task(self._verify_slowly(passwords, claim, hashed, secret, list(shares)))
            self._being_verified[claim] = task
        return await asyncio.shield(task)

    async def _verify_slowly(
        self, passwords: Passwords, claim: bytes, hashed: str | None, secret: str, shares: Sequence[tuple[str, ...]]
    ) -> bool:
        try:
            async with self._verifying:
                if hashed is None and not self._nobodys_hash:
                    self._nobodys_hash = await asyncio.to_thread(passwords.hashed, "nobody's")
                fits = await asyncio.to_thread(passwords.verify, hashed or self._nobodys_hash, secret)
            if not fits or hashed is None:
                return False
            self._proven[claim] = time.monotonic() + _PROVEN_SECONDS
            self._proven.move_to_end(claim)
            if len(self._proven) > _MOST_CACHED:
                self._proven.popitem(last=False)
            return True
        finally:
            del self._being_verified[claim]
            self._waiting.subtract(shares)
            for share in shares:
                if not self._waiting[share]:
                    del self._waiting[share]


def _masked(passwords: Passwords, payload: bytes, signature: bytes) -> bytes:
    """A token's payload hidden or shown, so that nobody reads ids and counts users from it."""
    mask = passwords.signature("Bright Pattern token mask", signature)
    return bytes(one ^ other for one, other in zip(payload, mask, strict=False))
