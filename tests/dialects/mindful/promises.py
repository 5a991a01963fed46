"""What Mindful's dialect promises."""

from __future__ import annotations

import re

import httpx

from tests.conftest import MINDFUL_TOKEN
from tests.dialects.promised import Promises, bearer


def _mindful_problem(answer: httpx.Response) -> None:
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(rb'\{"error":"[A-Z][A-Za-z]+"\}', answer.content), answer.text


MINDFUL = Promises(credential=lambda slug: bearer(MINDFUL_TOKEN.format(slug=slug)), problem=_mindful_problem)
