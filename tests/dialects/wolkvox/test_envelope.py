"""How answers are printed, and what is told of one that is too heavy."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ringbook.dialects.wolkvox import envelope
from ringbook.dialects.wolkvox.envelope import failure, printed, success
from tests.dialects.wolkvox.conftest import Ask, load, record, told


def request() -> Request:
    return Request({"type": "http"})


def test_a_recorded_body_of_84_characters_is_printed_so() -> None:
    assert len(bytes(failure(request(), 404, "Validate dates entered").body)) == 84


def test_what_is_empty_is_printed_on_one_line() -> None:
    body = bytes(success(request(), 200, "1 records were found", [{"labels": {}, "rows": []}]).body)  # type: ignore[dict-item]
    assert b'"labels": {},\n            "rows": []\n' in body


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_printed_in_ascii_and_read_again(text: str) -> None:
    body = bytes(printed(request(), {"text": text}, 200).body)
    assert body.isascii()
    assert json.loads(body) == {"text": text}
    assert b"/" not in body.replace(b"\\/", b"")


async def test_an_answer_that_is_too_heavy_says_so(campaign: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    await load(campaign, record("1"))
    monkeypatch.setattr(envelope, "MOST_BYTES", 200)
    answer = await campaign("GET", "find_record", customer_id="1")
    assert told(answer, 400)["msg"] == "THE RESULT EXCEEDS THE LIMIT OF 256 MB"
