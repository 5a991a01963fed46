"""The console: what people see. Server-rendered pages on the core alone, in a browser's words.

It is a dialect like the others: a route table, a credential (the session's cookie) and a way to word problems. So it
has their routing, limits, metrics, log line and request ids. `ALL` does not have it: it is no vendor's API.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringbook.console import (
    campaigns,
    contacts,
    datasets,
    dnc,
    door,
    exports,
    frame,
    import_form,
    imports,
    keys,
    lists,
    live,
    lookup,
    merging,
    observing,
    schema,
    users,
)
from ringbook.console.errors import problem
from ringbook.console.forms import decode
from ringbook.console.frame import HOME
from ringbook.web.dialect import AnyOperation, Dialect, OpenOperation

_OPEN = (
    OpenOperation("GET", f"{HOME}/sign-in", door.show_sign_in, "Sign in"),
    OpenOperation("POST", f"{HOME}/sign-in", door.sign_in, "Sign in"),
    OpenOperation("GET", f"{HOME}/link", door.use_link, "Sign in by a link that works once"),
    OpenOperation("POST", f"{HOME}/theme", frame.change_theme, "Light, dark, or as the system has it"),
    OpenOperation("GET", f"{HOME}/assets/{{tag}}/{{name}}", frame.asset, "What pages are made of"),
)


def console(described: Sequence[Dialect]) -> Dialect:
    """The console, which also shows what these dialects describe."""
    operations: Sequence[AnyOperation] = (
        *_OPEN,
        door.sends("/sign-out", door.sign_out, "Sign out"),
        *contacts.OPERATIONS,
        *merging.OPERATIONS,
        *lookup.OPERATIONS,
        *campaigns.OPERATIONS,
        *lists.OPERATIONS,
        *datasets.OPERATIONS,
        *dnc.OPERATIONS,
        *schema.OPERATIONS,
        *import_form.OPERATIONS,
        *imports.OPERATIONS,
        *exports.OPERATIONS,
        *live.OPERATIONS,
        *keys.OPERATIONS,
        *users.OPERATIONS,
        *observing.operations(described),
    )
    return Dialect(
        name="console",
        title="console",
        prefixes=(HOME,),
        operations=operations,
        authenticate=door.authenticate,
        problem=problem,
        credential_first=True,
        decode=decode,
        kept=False,
    )
