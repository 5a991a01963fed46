"""What wolkvox's dialect promises."""

from __future__ import annotations

import httpx

from tests.dialects.promised import Headers, Promises

TOKEN = "wolkvox-key-of-{slug}"


def _wolkvox_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told)[:3] == ["code", "error", "msg"]
    assert told["code"] == str(answer.status_code)
    assert told["error"] == answer.reason_phrase
    assert answer.text.startswith('{\n    "code": "')
    assert answer.text.endswith("\n}")


WOLKVOX = Promises(
    credential=lambda slug: Headers({"wolkvox-token": TOKEN.format(slug=slug)}),
    problem=_wolkvox_problem,
    refused_with=frozenset({401, 403}),
)
