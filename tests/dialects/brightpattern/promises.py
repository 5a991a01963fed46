"""What Bright Pattern's dialect promises."""

from __future__ import annotations

from functools import cache

import httpx

from tests.dialects.brightpattern.signing_in import Either
from tests.dialects.promised import Promises


def _brightpattern_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert list(told) == ["error", "error_description"], told
    assert told["error"].replace("_", "").islower()
    assert told["error_description"]


BRIGHTPATTERN = Promises(
    credential=cache(Either),
    problem=_brightpattern_problem,
    place=lambda slug: {"tenant": slug},
    folder="/configapi/v2",
    arrays=True,
)
