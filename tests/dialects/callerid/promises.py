"""What the callerid dialect promises."""

from __future__ import annotations

import httpx

from tests.dialects.promised import Promises, bearer

CALLERID_KEY = "callerid-key-of-{slug}"


def _nobody(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.content == b""


CALLERID = Promises(
    credential=lambda slug: bearer(CALLERID_KEY.format(slug=slug)),
    problem=_nobody,
    refused_with=frozenset({200}),
    never_refuses=True,
)
