"""Keys: which systems may ask, with what rights; a secret is shown once."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form
from ringbook.console.frame import HOME, go, page
from ringbook.core.access import Records
from ringbook.core.keys import NewKey
from ringbook.domain.access import KeyDialect
from ringbook.domain.problems import Conflict, Invalid
from ringbook.web.dialect import Call


class Query(msgspec.Struct, frozen=True):
    said: str = ""


class MakeKey(Form, frozen=True):
    name: str = ""
    dialect: KeyDialect = "native"
    scope: str = "read"
    per_second: str = ""


async def keys(records: Records, call: Call[Query, None]) -> Response:
    said = {"revoked": "The key is ended. Within a second, no request with it is answered."}
    return await _keys(records, call, said=said.get(call.query.said, ""))


async def create(records: Records, call: Call[None, MakeKey]) -> Response:
    form = call.body
    try:
        if not form.name.strip():
            raise Invalid("A key has a name.", field="name")
        if form.per_second and not form.per_second.isdecimal():
            raise Invalid("Requests a second are a number.", field="per_second")
        made = await records.keys.create(
            form.name.strip(),
            form.dialect,
            scopes=(form.scope,) if form.dialect in ("native", "cim") else (),
            per_second=int(form.per_second) if form.per_second else None,
        )
    except (Invalid, Conflict) as told:
        return await _keys(records, call, fault=told.message, given=form)
    return await _keys(records, call, made=made)


async def revoke(records: Records, call: Call[None, Form]) -> Response:
    await records.keys.revoke(words.id_of(call.path["id"]))
    return go(f"{HOME}/keys?said=revoked")


async def _keys(
    records: Records,
    call: Call[Any, Any],
    *,
    said: str = "",
    fault: str = "",
    made: NewKey | None = None,
    given: MakeKey | None = None,
) -> Response:
    return page(
        call.request,
        "keys.html",
        400 if fault else 200,
        keys=[key for key in await records.keys.all() if key.template_id is None],
        made=made,
        given=given or MakeKey(),
        said=said,
        fault=fault,
    )


OPERATIONS = (
    looks("/keys", keys, "Keys", Query),
    sends("/keys", create, "Make a key", MakeKey),
    sends("/keys/{id}/revoke", revoke, "End a key"),
)
