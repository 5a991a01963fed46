"""Keys and users of a tenant: made, listed, revoked. A secret is answered once, and stored nowhere."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ringbook.core.context import Context
from ringbook.core.passwords import Passwords
from ringbook.domain.access import MANAGE_LISTS, Credential, KeyDialect, Role, User, digest, implied, new_secret
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing
from ringbook.store import credentials, directory, journal

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_A_PAGE = 500
LONGEST_OVERLAP = 30 * 86_400
_SCOPED: frozenset[str] = frozenset({"native", "cim"})
_SCOPES = frozenset({"read", "write", "admin"})
_CALLERID_PER_SECOND = 50
"""More calls than any telephone system gets, and too few to draw the names of a whole town."""


class NewKey(msgspec.Struct, frozen=True):
    """A key and, this once, its secret."""

    credential: Credential
    secret: str


class Rotated(msgspec.Struct, frozen=True):
    """A key with, this once, its new secret, and when the one before it ends."""

    credential: Credential
    secret: str
    former_until: datetime


class Keys:
    """`holder` is the key that asks, which grants no more than it has; None is an operator."""

    def __init__(self, context: Context, holder: Credential | None = None) -> None:
        self._context = context
        self._holder = holder

    async def page(self, after: int = 0, limit: int = 50) -> list[Credential]:
        """Live keys in the order they were made, after the one of this id."""
        self._context.require("admin")
        if not 1 <= limit <= MOST_A_PAGE:
            raise Invalid(f"limit is from 1 to {MOST_A_PAGE}.", field="limit")
        async with self._context.database.reading() as tx:
            return await credentials.page(tx, self._tenant_id, after, limit)

    async def get(self, key_id: int) -> Credential:
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await credentials.get(tx, self._tenant_id, key_id)

    async def all(self) -> list[Credential]:
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await credentials.live(tx, self._tenant_id)

    async def create(
        self,
        name: str,
        dialect: KeyDialect,
        *,
        scopes: Sequence[str] = (),
        secret: str | None = None,
        per_second: int | None = None,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """A new key; its secret is random unless given. Conflict if the name or the secret is taken.

        native and cim keys have scopes (a cim key without any is admin); the others every operation of their dialect.
        A callerid key without a limit gets one. What a key makes has no more than that key: not its scopes, not its
        limit, and it ends with it; Forbidden where more is asked.
        """
        self._context.require("admin")
        granted = _granted(dialect, scopes)
        per_second, expires_at = self._within_own(granted, per_second, expires_at)
        async with self._context.database.transaction() as tx:
            return await add_key(
                tx,
                self._context,
                name,
                dialect,
                secret or new_secret(),
                scopes=granted,
                per_second=_limit(dialect, per_second),
                expires_at=expires_at,
            )

    async def put_grants(
        self, name: str, dialect: KeyDialect, *, scopes: Sequence[str] = (), per_second: int | None = None
    ) -> bool:
        """Give the key of this name these scopes and this limit; False if it has them, Missing if there is none."""
        self._context.require("admin")
        granted = _granted(dialect, scopes)
        per_second = _limit(dialect, per_second)
        async with self._context.database.transaction() as tx:
            before = await key_named(tx, self._tenant_id, name, dialect)
            if before is None:
                raise Missing
            if (before.scopes, before.per_second) == (frozenset(granted), per_second):
                return False
            after = await credentials.put_grants(tx, self._tenant_id, before.id, granted, per_second)
            await journal.record(tx, self._context.author, "key", after.id, _told(before), _told(after))
            return True

    async def replace_secret(self, name: str, dialect: KeyDialect, secret: str) -> bool:
        """Give the key of this name another secret, and end the old one at once; False if it is the same."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            before = await key_named(tx, self._tenant_id, name, dialect)
            if before is None:
                raise Missing
            if await credentials.has_secret(tx, before.id, digest(secret), dialect):
                return False
            await end_key(tx, self._context, before)
            await add_key(
                tx,
                self._context,
                name,
                dialect,
                secret,
                scopes=sorted(before.scopes),
                per_second=before.per_second,
                expires_at=before.expires_at,
            )
            return True

    async def rotate(self, key_id: int, *, overlap_seconds: float = 0) -> Rotated:
        """Another secret for a key; the one before it goes on opening for so long, at most 30 days.

        Everything else about the key stays: its id, what it may, its limit, its end. Revoking it ends both secrets.
        """
        self._context.require("admin")
        if not 0 <= overlap_seconds <= LONGEST_OVERLAP:
            raise Invalid(f"Secrets overlap for {LONGEST_OVERLAP} seconds at most.", field="overlap_seconds")
        async with self._context.database.transaction() as tx:
            key = await credentials.get(tx, self._tenant_id, key_id, for_update=True)
            self._check_covers(key)
            secret = new_token() if key.dialect == "mindful" else new_secret()
            until = await credentials.replace_secret(tx, key, digest(secret), overlap_seconds)
            said = {"secret": "replaced", "former_until": until}
            await journal.record(tx, self._context.author, "key", key.id, _told(key), _told(key) | said)
            return Rotated(key, secret, until)

    async def revoke(self, key_id: int) -> Credential:
        """End a key: within a second, no worker accepts it. Missing if there is no such live key."""
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            revoked = await credentials.revoke(tx, self._tenant_id, key_id)
            await journal.record(tx, self._context.author, "key", key_id, _told(revoked), None)
            return revoked

    async def users(self) -> list[User]:
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await directory.users(tx, self._tenant_id)

    async def put_user(
        self,
        passwords: Passwords,
        login: str,
        role: Role,
        privileges: Sequence[str],
        password: str | None,
        api_secret: str | None,
    ) -> User:
        """Create a user or change one; a password or API secret of None stays as it is.

        Digest's HA1 is kept only for users who may manage lists, encrypted, under the realm of the tenant's slug.
        """
        self._context.require("admin")
        realm = self._context.tenant.slug
        may_digest = MANAGE_LISTS in privileges
        needs_digest = password is not None and may_digest
        async with self._context.database.transaction() as tx:
            user = await directory.put_user(
                tx,
                self._tenant_id,
                login=login,
                role=role,
                privileges=privileges,
                password_hash=None if password is None else passwords.hashed(password),
                api_secret_hash=None if api_secret is None else passwords.hashed(api_secret),
                digest_realm=realm if needs_digest else None,
                digest_ha1=passwords.digest_ha1(login, realm, password) if password and needs_digest else None,
                may_digest=may_digest,
            )
            await journal.record(tx, self._context.author, "user", user.id, None, user)
            return user

    async def disable_user(self, login: str) -> None:
        self._context.require("admin")
        async with self._context.database.transaction() as tx:
            user = await directory.disable_user(tx, self._tenant_id, login)
            if user is not None:
                await journal.record(tx, self._context.author, "user", user.id, user, None)

    def _within_own(
        self, scopes: Sequence[str], per_second: int | None, expires_at: datetime | None
    ) -> tuple[int | None, datetime | None]:
        """The limit and the end that the asking key may give to another one; what is not said is its own."""
        if not implied(frozenset(scopes)) <= self._context.scopes:
            raise Forbidden("A key grants no scope that it has not.")
        if self._holder is None:
            return per_second, expires_at
        most, last = self._holder.per_second, self._holder.expires_at
        if most is not None and (per_second or 0) > most:
            raise Forbidden(f"This key may make {most} requests a second, and grants no more.")
        if last is not None and expires_at is not None and expires_at > last:
            raise Forbidden("A key grants nothing beyond its own end.")
        return per_second or most, expires_at or last

    def _check_covers(self, key: Credential) -> None:
        """Forbidden where the key may more than the one that asks, which would have its secret."""
        most, last = (None, None) if self._holder is None else (self._holder.per_second, self._holder.expires_at)
        if (most is not None and key.per_second is None) or (last is not None and key.expires_at is None):
            raise Forbidden("That key may more than the one that asks.")
        self._within_own(sorted(key.scopes), key.per_second, key.expires_at)

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


async def add_key(
    tx: Tx,
    context: Context,
    name: str,
    dialect: str,
    secret: str,
    *,
    scopes: Sequence[str],
    template_id: int | None = None,
    per_second: int | None = None,
    expires_at: datetime | None = None,
) -> NewKey:
    """A new key, noted in the journal."""
    tenant_id = context.tenant.id
    await credentials.make_way(tx, tenant_id, digest(secret), dialect, name)
    credential = await credentials.add(
        tx,
        tenant_id,
        digest(secret),
        dialect=dialect,
        name=name,
        scopes=scopes,
        template_id=template_id,
        per_second=per_second,
        expires_at=expires_at,
    )
    await journal.record(tx, context.author, "key", credential.id, None, _told(credential))
    return NewKey(credential, secret)


async def key_named(tx: Tx, tenant_id: int, name: str, dialect: str) -> Credential | None:
    """The live key of this name, if there is one."""
    known = await credentials.live(tx, tenant_id)
    return next((key for key in known if (key.name, key.dialect) == (name, dialect)), None)


async def end_key(tx: Tx, context: Context, key: Credential) -> None:
    """Revoke a key, noted in the journal."""
    await credentials.revoke(tx, context.tenant.id, key.id)
    await journal.record(tx, context.author, "key", key.id, _told(key), None)


def _granted(dialect: KeyDialect, scopes: Sequence[str]) -> tuple[str, ...]:
    unknown = set(scopes) - _SCOPES
    if unknown:
        raise Invalid(f"There is no scope {min(unknown)}.", field="scopes")
    if dialect not in _SCOPED:
        if scopes:
            raise Conflict(f"A {dialect} key has every operation of its dialect and takes no scopes.")
        return ("read",) if dialect == "callerid" else ("write",)
    return tuple(scopes) or (("admin",) if dialect == "cim" else ("read",))


def _limit(dialect: KeyDialect, per_second: int | None) -> int | None:
    return _CALLERID_PER_SECOND if per_second is None and dialect == "callerid" else per_second


def new_token() -> str:
    """A Mindful token as the vendor's look: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _told(credential: Credential) -> dict[str, object]:
    return {"name": credential.name, "for": credential.dialect, "scopes": sorted(credential.scopes)}
