"""What the native API promises."""

from __future__ import annotations

import re

import httpx
import msgspec

from tests.conftest import NATIVE_KEY
from tests.dialects.promised import Promises, bearer

_FACTS = ("offenders", "version", "merged_into")


def _native_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    told = msgspec.json.decode(answer.content)
    assert list(told)[:4] == ["type", "title", "status", "detail"]
    assert set(told) <= {"type", "title", "status", "detail", "field", *_FACTS}
    assert re.fullmatch(r"urn:ringbook:problem:[a-z-]+", told["type"])
    assert told["status"] == answer.status_code
    assert all(isinstance(told[name], str) and told[name] for name in told if name not in ("status", *_FACTS))


NATIVE = Promises(
    credential=lambda slug: bearer(NATIVE_KEY.format(slug=slug)),
    problem=_native_problem,
    refuses_unknown_fields=True,
    may_be_empty=frozenset({"/v1/contacts/{id}/unmerge"}),
)
