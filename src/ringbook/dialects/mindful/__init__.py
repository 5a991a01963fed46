"""Mindful (Medallia, formerly VHT) Datastore: two operations, no more are documented."""

from __future__ import annotations

from ringbook.dialects.mindful import handlers, wire
from ringbook.dialects.mindful.errors import WORDING, problem
from ringbook.dialects.mindful.habits import without_blanks
from ringbook.web.dialect import Dialect, Operation

MINDFUL = Dialect(
    name="mindful",
    title="Mindful Datastore",
    prefixes=("/api/v1/data_sets",),
    operations=(
        Operation(
            "POST",
            "/api/v1/data_sets",
            handlers.submit,
            "Submit data",
            body=wire.SubmitBody,
            answer=wire.SubmitAnswer,
        ),
        Operation(
            "GET",
            "/api/v1/data_sets/search",
            handlers.get,
            "Get data",
            query=wire.SearchQuery,
            answer=wire.GetAnswer,
        ),
    ),
    authenticate=handlers.authenticate,
    problem=problem,
    wording=WORDING,
    wrap=without_blanks,
)
