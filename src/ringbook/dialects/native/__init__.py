"""The native API: what the vendors' APIs cannot say, said well. JSON, Bearer keys, RFC 9457 problems, cursors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from ringbook.dialects.native import calling, describe, handlers, templates, wire
from ringbook.dialects.native.errors import problem
from ringbook.domain.caller import Caller
from ringbook.web import health
from ringbook.web.dialect import AnyOperation, Dialect, NotYet, Operation
from ringbook.web.openapi import document

_LATER = "planned with the rest of the native API"
_WITH_IMPORT = "planned with bulk import and export"

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/lookup",
        handlers.lookup,
        "Who is calling, what do we know, what happened last",
        query=wire.LookupQuery,
        answer=Caller,
    ),
    Operation(
        "POST",
        "/v1/screenpop",
        handlers.screenpop,
        "Whom a ringing call is about, by the tenant's mapping",
        query=wire.NoQuery,
        body=wire.ScreenPopBody,
        answer=wire.ScreenPopAnswer,
    ),
    Operation(
        "GET",
        "/v1/contacts",
        handlers.list_contacts,
        "Contacts, newest first",
        query=wire.PageQuery,
        answer=wire.ContactsAnswer,
    ),
    Operation(
        "POST",
        "/v1/contacts",
        handlers.save_contact,
        "Create a contact, or change the one it is about (200)",
        query=wire.NoQuery,
        body=wire.ContactBody,
        answer=wire.ContactAnswer,
        status=201,
    ),
    Operation(
        "POST",
        "/v1/contacts/search",
        handlers.search_contacts,
        "Contacts that meet all criteria",
        query=wire.NoQuery,
        body=wire.SearchBody,
        answer=wire.ContactsAnswer,
    ),
    Operation(
        "GET", "/v1/contacts/{id}", handlers.get_contact, "One contact", query=wire.NoQuery, answer=wire.ContactAnswer
    ),
    Operation(
        "PATCH",
        "/v1/contacts/{id}",
        handlers.update_contact,
        "Write attributes over a contact's; null clears one",
        query=wire.NoQuery,
        body=wire.ContactBody,
        answer=wire.ContactAnswer,
    ),
    Operation(
        "PUT",
        "/v1/contacts/{id}",
        handlers.update_contact,
        "The same as PATCH: what is not named stays",
        query=wire.NoQuery,
        body=wire.ContactBody,
        answer=wire.ContactAnswer,
    ),
    Operation(
        "DELETE",
        "/v1/contacts/{id}",
        handlers.delete_contact,
        "Take a contact away",
        query=wire.DeleteQuery,
        answer=wire.ContactAnswer,
    ),
    Operation(
        "POST",
        "/v1/attempts",
        handlers.report_attempt,
        "Report a call attempt",
        query=wire.NoQuery,
        body=wire.AttemptBody,
        answer=wire.AttemptAnswer,
        status=201,
    ),
    Operation(
        "GET",
        "/v1/datasets",
        handlers.list_data_sets,
        "The live data sets of a number, over all templates",
        query=wire.NumberQuery,
        answer=wire.DataSetsAnswer,
    ),
    Operation(
        "POST",
        "/v1/datasets",
        handlers.submit_data_set,
        "Leave context for a number",
        query=wire.NoQuery,
        body=wire.DataSetBody,
        answer=wire.DataSetAnswer,
        status=201,
    ),
    Operation(
        "POST",
        "/v1/datasets/callback",
        handlers.register_callback,
        "A callback's estimate or changed number",
        query=wire.NoQuery,
        body=wire.CallbackBody,
        answer=wire.DataSetsAnswer,
    ),
    Operation(
        "GET",
        "/v1/changes",
        handlers.list_changes,
        "The journal, newest first",
        query=wire.ChangesQuery,
        answer=wire.ChangesAnswer,
    ),
    *templates.OPERATIONS,
    *calling.OPERATIONS,
    Operation("GET", "/v1/keys", handlers.list_keys, "The tenant's keys", query=wire.NoQuery, answer=wire.KeysAnswer),
    Operation(
        "POST",
        "/v1/keys",
        handlers.create_key,
        "Make a key; its secret is told once",
        query=wire.NoQuery,
        body=wire.KeyBody,
        answer=wire.KeyAnswer,
        status=201,
    ),
    Operation("DELETE", "/v1/keys/{id}", handlers.revoke_key, "End a key", query=wire.NoQuery, answer=wire.KeyAnswer),
    *health.OPERATIONS,
    *(
        NotYet(method, path, _LATER)
        for method, path in (
            ("POST", "/v1/contacts/{id}/merge"),
            ("POST", "/v1/contacts/{id}/unmerge"),
            ("GET", "/v1/schema"),
            ("GET", "/v1/mappings"),
            ("POST", "/v1/campaigns/{id}/claim"),
            ("GET", "/v1/may-call"),
            ("GET", "/v1/interactions"),
            ("GET", "/v1/dnc"),
            ("GET", "/v1/webhooks"),
            ("GET", "/v1/events"),
        )
    ),
    NotYet("POST", "/v1/imports", _WITH_IMPORT),
    NotYet("POST", "/v1/exports", _WITH_IMPORT),
)


def native(vendors: Sequence[Dialect]) -> Dialect:
    """The native dialect, which also describes the vendors' ones."""
    documents = {vendor.name: cache(partial(document, vendor)) for vendor in vendors}
    described = Dialect(
        name="native",
        title="native API",
        prefixes=("/v1/", "/health/", "/docs", "/metrics"),
        operations=(*OPERATIONS, *describe.operations(documents)),
        authenticate=handlers.authenticate,
        problem=problem,
    )
    documents["native"] = cache(partial(document, described))
    return described
