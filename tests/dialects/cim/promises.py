"""What CIM's dialect promises."""

from __future__ import annotations

import httpx
import msgspec

from tests.dialects.promised import Promises, bearer

CIM_KEY = "cim-key-of-{slug}"


def _cim_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    told = msgspec.json.decode(answer.content)
    assert list(told)[:3] == ["error", "message", "field"]
    assert set(told) <= {"error", "message", "field", "existing_id", "count", "sample"}
    assert told["error"].isalpha()
    assert told["message"]


CIM = Promises(
    credential=lambda slug: bearer(CIM_KEY.format(slug=slug)),
    problem=_cim_problem,
    missing="65f0c1a20000000000000001",
    malformed_id=400,
    not_ids=frozenset({"/contacts/getContactByName/{name}", "/contacts/loadMore/{last_id}"}),
    may_be_empty=frozenset({"/contacts/getContactsBySearchTerms"}),
)
