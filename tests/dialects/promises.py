"""What each dialect promises, for the rules that hold for all of them: where its credential is, how a problem looks.

A dialect in ringbook.dialects.ALL without an entry here fails test_every_dialect_has_promises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import msgspec

from tests.conftest import MINDFUL_TOKEN, NATIVE_KEY


@dataclass(frozen=True)
class Promises:
    """`credential` makes the headers of the tenant with this slug; `problem` asserts that an answer is one.

    `unknown_fields` is False where the vendor ignores what it does not know.
    """

    credential: Callable[[str], Mapping[str, str]]
    problem: Callable[[httpx.Response], None]
    refuses_unknown_fields: bool


def _native_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    told = msgspec.json.decode(answer.content)
    assert list(told)[:4] == ["type", "title", "status", "detail"]
    assert set(told) <= {"type", "title", "status", "detail", "field"}
    assert re.fullmatch(r"urn:ringbook:problem:[a-z-]+", told["type"])
    assert told["status"] == answer.status_code
    assert all(isinstance(told[name], str) and told[name] for name in told if name != "status")


def _mindful_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(rb'\{"error":"[A-Z][A-Za-z]+"\}', answer.content), answer.text


PROMISES: Mapping[str, Promises] = {
    "native": Promises(
        credential=lambda slug: {"authorization": f"Bearer {NATIVE_KEY.format(slug=slug)}"},
        problem=_native_problem,
        refuses_unknown_fields=True,
    ),
    "mindful": Promises(
        credential=lambda slug: {"authorization": f"Bearer {MINDFUL_TOKEN.format(slug=slug)}"},
        problem=_mindful_problem,
        refuses_unknown_fields=False,
    ),
}
