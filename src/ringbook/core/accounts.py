"""Users as administrators manage them, and what each user may settle alone: password, time zone, saved filters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from ringbook.core.context import Context
from ringbook.core.passwords import Passwords
from ringbook.domain.access import MANAGE_LISTS, Role, User
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing
from ringbook.store import directory, journal
from ringbook.store import sessions as stored
from ringbook.store.sessions import UserRow

if TYPE_CHECKING:
    from ringbook.store.database import Tx

SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 1024
_LONGEST_LOGIN = 200
_LONGEST_FILTER = 1000
_LONGEST_FILTER_NAME = 60
MOST_FILTERS = 30
_ROLES = ("agent", "supervisor", "admin")


class Accounts:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def all(self) -> list[UserRow]:
        """The users by login, with when each used the console last."""
        self._context.require("admin")
        async with self._context.database.reading() as tx:
            return await stored.users(tx, self._tenant_id)

    async def create(
        self, passwords: Passwords, login: str, password: str, role: Role, privileges: Sequence[str] = ()
    ) -> User:
        """A new user; Conflict where the login is taken."""
        self._context.require("admin")
        login = login.strip()
        if not 0 < len(login) <= _LONGEST_LOGIN or not login.isprintable() or "/" in login or ":" in login:
            raise Invalid("A login has 1 to 200 characters, and neither / nor : in it.", field="login")
        _check(role, privileges)
        _check_password(login, password)
        hashed = await asyncio.to_thread(passwords.hashed, password)
        async with self._context.database.transaction() as tx:
            if any(user.login == login for user in await directory.users(tx, self._tenant_id)):
                raise Conflict("There is a user of this login already.", field="login")
            return await self._put(tx, passwords, None, login, role, privileges, password, hashed)

    async def change(
        self,
        passwords: Passwords,
        user_id: int,
        role: Role,
        privileges: Sequence[str] = (),
        password: str | None = None,
    ) -> User:
        """The user with this role and these privileges and, unless None, this password, which ends the sessions.

        Conflict where nobody would be administrator any more.
        """
        self._context.require("admin")
        _check(role, privileges)
        before = await self._get(user_id)
        hashed = None
        if password is not None:
            _check_password(before.login, password)
            hashed = await asyncio.to_thread(passwords.hashed, password)
        async with self._context.database.transaction() as tx:
            if role != "admin":
                await self._keep_an_admin(tx, user_id)
            if password is not None:
                await stored.end_all(tx, self._tenant_id, user_id)
            return await self._put(tx, passwords, before, before.login, role, privileges, password, hashed)

    async def disable(self, user_id: int) -> User:
        """Shut a user out at once. Conflict for the last administrator."""
        self._context.require("admin")
        before = await self._get(user_id)
        async with self._context.database.transaction() as tx:
            await self._keep_an_admin(tx, user_id)
            await directory.disable_user(tx, self._tenant_id, before.login)
            await stored.end_all(tx, self._tenant_id, user_id)
            await journal.record(tx, self._context.author, "user", user_id, before, None)
            return before

    async def change_own_password(self, passwords: Passwords, own: User, old: str, new: str, session: bytes) -> None:
        """Another password for who knows the old one; all sessions but this one end."""
        _check_password(own.login, new)
        async with self._context.database.reading() as tx:
            known = await stored.password_hash(tx, self._tenant_id, own.id)
        if len(old) > _LONGEST_PASSWORD or known is None or not await asyncio.to_thread(passwords.verify, known, old):
            raise Forbidden("The password that you have now is another one.")
        hashed = await asyncio.to_thread(passwords.hashed, new)
        async with self._context.database.transaction() as tx:
            await stored.end_all(tx, self._tenant_id, own.id, but=session)
            await self._put(tx, passwords, own, own.login, own.role, own.privileges, new, hashed)

    async def put_zone(self, own: User, time_zone: str) -> None:
        """The zone in which this user reads times; an empty text is the tenant's. Invalid for one that nobody knows."""
        if time_zone and time_zone not in available_timezones():
            raise Invalid("There is no such time zone.", field="time_zone")
        async with self._context.database.transaction() as tx:
            await stored.put_zone(tx, self._tenant_id, own.id, (time_zone and ZoneInfo(time_zone).key) or None)

    async def filters(self, own: User) -> list[tuple[str, str]]:
        """The user's saved filters by name: (name, query)."""
        async with self._context.database.reading() as tx:
            return await stored.filters(tx, self._tenant_id, own.id)

    async def save_filter(self, own: User, name: str, query: str) -> None:
        name = name.strip()
        if not 0 < len(name) <= _LONGEST_FILTER_NAME or len(query) > _LONGEST_FILTER:
            raise Invalid(f"A filter's name has 1 to {_LONGEST_FILTER_NAME} characters.", field="name")
        async with self._context.database.transaction() as tx:
            known = await stored.filters(tx, self._tenant_id, own.id)
            if len(known) >= MOST_FILTERS and name not in dict(known):
                raise Conflict(f"There are {MOST_FILTERS} saved filters at most.")
            await stored.put_filter(tx, self._tenant_id, own.id, name, query)

    async def drop_filter(self, own: User, name: str) -> None:
        async with self._context.database.transaction() as tx:
            await stored.drop_filter(tx, self._tenant_id, own.id, name)

    async def _get(self, user_id: int) -> User:
        async with self._context.database.reading() as tx:
            known = await directory.users(tx, self._tenant_id)
        found = next((user for user in known if user.id == user_id), None)
        if found is None:
            raise Missing
        return found

    async def _keep_an_admin(self, tx: Tx, leaving: int) -> None:
        known = await directory.users(tx, self._tenant_id)
        admins = {user.id for user in known if user.role == "admin"}
        if admins == {leaving}:
            raise Conflict("This is the last administrator.")

    async def _put(
        self,
        tx: Tx,
        passwords: Passwords,
        before: User | None,
        login: str,
        role: Role,
        privileges: Sequence[str],
        password: str | None,
        hashed: str | None,
    ) -> User:
        realm = self._context.tenant.slug
        may_digest = MANAGE_LISTS in privileges
        ha1 = passwords.digest_ha1(login, realm, password) if password is not None and may_digest else None
        user = await directory.put_user(
            tx,
            self._tenant_id,
            login=login,
            role=role,
            privileges=privileges,
            password_hash=hashed,
            api_secret_hash=None,
            digest_realm=None if ha1 is None else realm,
            digest_ha1=ha1,
            may_digest=may_digest,
        )
        if user != before or password is not None:
            told = {"login": login, "role": role, "privileges": list(privileges)}
            said = told | ({"password": "changed"} if before is not None and password is not None else {})
            await journal.record(tx, self._context.author, "user", user.id, before, said)
        return user

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _check(role: str, privileges: Sequence[str]) -> None:
    if role not in _ROLES:
        raise Invalid("A role is agent, supervisor or admin.", field="role")
    if set(privileges) - {MANAGE_LISTS}:
        raise Invalid("There is no such privilege.", field="privileges")


def _check_password(login: str, password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise Invalid(f"A password has {SHORTEST_PASSWORD} characters or more.", field="password")
    if password.casefold() == login.casefold():
        raise Invalid("A password is something else than the login.", field="password")
