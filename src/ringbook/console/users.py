"""Users: made, given a role, shut out; and what each user settles alone."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends, session_digest
from ringbook.console.forms import Form
from ringbook.console.frame import HOME, go, page, visit_of
from ringbook.core.access import Records
from ringbook.core.accounts import SHORTEST_PASSWORD
from ringbook.core.passwords import Passwords
from ringbook.domain.access import Role
from ringbook.domain.problems import Conflict, Forbidden, Invalid, Missing, Unavailable
from ringbook.web.dialect import Call
from ringbook.web.worker import worker_of


class Query(msgspec.Struct, frozen=True):
    said: str = ""


class MakeUser(Form, frozen=True):
    login: str = ""
    password: str = ""
    role: Role = "agent"
    privileges: list[str] = msgspec.field(default_factory=list)


class Zone(Form, frozen=True):
    time_zone: str = ""


class NewPassword(Form, frozen=True):
    old: str = ""
    new: str = ""
    again: str = ""


_SAID = {
    "made": "The user can sign in from now on.",
    "changed": "The user is changed.",
    "disabled": "The user is shut out, also where signed in.",
}
_SAID_TO_ONESELF = {
    "zone": "Times are in this zone from now on.",
    "password": "Your password is changed. Wherever else you were signed in, you are signed out.",
}


async def users(records: Records, call: Call[Query, None]) -> Response:
    return await _users(records, call, said=_SAID.get(call.query.said, ""))


async def create(records: Records, call: Call[None, MakeUser]) -> Response:
    form = call.body
    try:
        await records.accounts.create(_passwords(call), form.login, form.password, form.role, form.privileges)
    except (Invalid, Conflict) as told:
        return await _users(records, call, fault=told.message, given=form)
    return go(f"{HOME}/users?said=made")


async def show_user(records: Records, call: Call[None, None]) -> Response:
    return await _user(records, call)


async def change(records: Records, call: Call[None, MakeUser]) -> Response:
    form, user_id = call.body, words.id_of(call.path["id"])
    try:
        await records.accounts.change(_passwords(call), user_id, form.role, form.privileges, form.password or None)
    except (Invalid, Conflict) as told:
        return await _user(records, call, told.message)
    worker_of(call.request).core.sessions.forget()
    return go(f"{HOME}/users?said=changed")


async def disable(records: Records, call: Call[None, Form]) -> Response:
    try:
        await records.accounts.disable(words.id_of(call.path["id"]))
    except Conflict as told:
        return await _user(records, call, told.message)
    worker_of(call.request).core.sessions.forget()
    return go(f"{HOME}/users?said=disabled")


async def account(records: Records, call: Call[Query, None]) -> Response:
    return _account(call, said=_SAID_TO_ONESELF.get(call.query.said, ""))


async def put_zone(records: Records, call: Call[None, Zone]) -> Response:
    try:
        await records.accounts.put_zone(visit_of(call.request).user, call.body.time_zone.strip())
    except Invalid as told:
        return _account(call, fault=told.message)
    worker_of(call.request).core.sessions.forget()
    return go(f"{HOME}/account?said=zone")


async def put_password(records: Records, call: Call[None, NewPassword]) -> Response:
    form, own = call.body, visit_of(call.request).user
    try:
        if form.new != form.again:
            raise Invalid("The two new passwords are not the same.", field="again")
        await records.accounts.change_own_password(
            _passwords(call), own, form.old, form.new, session_digest(call.request)
        )
    except (Invalid, Forbidden) as told:
        return _account(call, fault=told.message)
    return go(f"{HOME}/account?said=password")


def _account(call: Call[Any, Any], *, said: str = "", fault: str = "") -> Response:
    zones = sorted(available_timezones())
    return page(
        call.request,
        "account.html",
        400 if fault else 200,
        zones=zones,
        said=said,
        fault=fault,
        shortest=SHORTEST_PASSWORD,
    )


async def _users(
    records: Records, call: Call[Any, Any], *, said: str = "", fault: str = "", given: MakeUser | None = None
) -> Response:
    return page(
        call.request,
        "users.html",
        400 if fault else 200,
        users=await records.accounts.all(),
        given=given or MakeUser(),
        said=said,
        fault=fault,
        shortest=SHORTEST_PASSWORD,
    )


async def _user(records: Records, call: Call[Any, Any], fault: str = "") -> Response:
    user_id = words.id_of(call.path["id"])
    found = next((user for user in await records.accounts.all() if user.id == user_id), None)
    if found is None:
        raise Missing
    facts = {"user": found, "fault": fault, "shortest": SHORTEST_PASSWORD}
    return page(call.request, "user.html", 409 if fault else 200, **facts)


def _passwords(call: Call[Any, Any]) -> Passwords:
    """What hashes with this place's key."""
    passwords = worker_of(call.request).core.passwords
    if passwords is None:
        raise Unavailable("This server has no key file, so that no user can be changed.")
    return passwords


OPERATIONS = (
    looks("/users", users, "Users", Query),
    sends("/users", create, "Make a user", MakeUser),
    looks("/users/{id}", show_user, "Change a user"),
    sends("/users/{id}", change, "Change a user", MakeUser),
    sends("/users/{id}/disable", disable, "Shut a user out"),
    looks("/account", account, "Your account", Query),
    sends("/account/zone", put_zone, "Choose a time zone", Zone),
    sends("/account/password", put_password, "Change one's password", NewPassword),
)
