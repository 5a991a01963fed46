"""Cursors: every position comes back, and nothing else is taken for one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.page import FIRST, LARGEST_ID, Cursor, decode_cursor, encode_cursor, fits
from ringbook.domain.problems import Invalid

positions = st.builds(Cursor, st.integers(0, FIRST.second), st.integers(0, LARGEST_ID))


@given(positions)
def test_a_position_comes_back_from_its_cursor(position: Cursor) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@given(positions)
def test_a_cursor_needs_no_quoting_in_a_url(position: Cursor) -> None:
    assert set(encode_cursor(position)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=60))
def test_any_other_text_is_invalid(text: str) -> None:
    try:
        position = decode_cursor(text)
    except Invalid as problem:
        assert problem.field == "cursor"
    else:
        assert encode_cursor(position) == text


@pytest.mark.parametrize(
    "content", ["", "1", "1.2.3", "a.b", "-1.5", "1.-5", "2147483648.1", f"1.{2**63}", "1_0.5", "+1.5"]
)
def test_a_forged_cursor_is_invalid(content: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(base64.urlsafe_b64encode(content.encode()).decode().rstrip("="))


def test_ids_are_positive_and_fit_a_bigint() -> None:
    assert [fits(n) for n in (-1, 0, 1, LARGEST_ID, LARGEST_ID + 1)] == [False, False, True, True, False]
