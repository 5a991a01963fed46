"""The native API: what the vendors' APIs cannot say, said well. JSON, Bearer keys, RFC 9457 problems, cursors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from ringbook.dialects.native import (
    batches,
    calling,
    campaigns,
    contacts,
    describe,
    dialling,
    dnc,
    events,
    exports,
    handlers,
    imports,
    interactions,
    keys,
    mappings,
    schema,
    screenpop,
    templates,
    webhooks,
    wire,
)
from ringbook.dialects.native.errors import WORDING, problem
from ringbook.domain.caller import Caller
from ringbook.web import health
from ringbook.web.dialect import AnyOperation, Dialect, Operation
from ringbook.web.openapi import document

OPERATIONS: Sequence[AnyOperation] = (
    Operation(
        "GET",
        "/v1/lookup",
        handlers.lookup,
        "Who is calling, what do we know, what happened last",
        query=wire.LookupQuery,
        answer=Caller,
    ),
    *screenpop.OPERATIONS,
    *contacts.OPERATIONS,
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
    *events.OPERATIONS,
    *webhooks.OPERATIONS,
    *templates.OPERATIONS,
    *calling.OPERATIONS,
    *campaigns.OPERATIONS,
    *dialling.OPERATIONS,
    *keys.OPERATIONS,
    *interactions.OPERATIONS,
    *dnc.OPERATIONS,
    *batches.OPERATIONS,
    *schema.OPERATIONS,
    *mappings.OPERATIONS,
    *imports.OPERATIONS,
    *exports.OPERATIONS,
    *health.OPERATIONS,
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
        decode=contacts.decode,
        keeps_answers=True,
        wording=WORDING,
    )
    documents["native"] = cache(partial(document, described))
    return described
