"""What jtel's dialect promises."""

from __future__ import annotations

import httpx
import msgspec

from tests.conftest import clients_id_of
from tests.dialects.promised import Promises, bearer


def _jtel_problem(answer: httpx.Response) -> None:
    if answer.status_code == 404 and not answer.content:
        assert "content-type" not in answer.headers  # the endpoint does not exist
        return
    assert answer.headers["content-type"] == "application/json"
    told = msgspec.json.decode(answer.content)
    assert list(told) == ["status", "error"]
    assert told["status"] == answer.status_code
    assert isinstance(told["error"], str)
    assert told["error"]


JTEL = Promises(
    credential=lambda slug: bearer(f"jtel-key-of-{slug}"),
    problem=_jtel_problem,
    place=lambda slug: {"ClientsID": str(clients_id_of(slug))},
    folder="/rest/v1.0/{ClientsID}/dialler",
    malformed_id=400,
)
