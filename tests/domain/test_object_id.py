"""The 24-hex form of an id: reversible, ordered as created, and strict about what it accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.object_id import ObjectId, parse_object_id

seconds = st.integers(0, 2**31 - 1)
ids = st.integers(0, 2**63 - 1)
object_ids = st.builds(ObjectId, seconds, ids)


@given(object_ids)
def test_an_id_comes_back_from_its_text(object_id: ObjectId) -> None:
    assert len(str(object_id)) == 24
    assert parse_object_id(str(object_id)) == object_id


@given(object_ids, object_ids)
def test_texts_sort_as_the_ids_do(one: ObjectId, other: ObjectId) -> None:
    assert (str(one) < str(other)) == (one < other)


@given(st.text(alphabet="0123456789abcdefxXABCDEF_+- ", min_size=24, max_size=24))
def test_a_text_that_is_read_is_the_text_that_is_written(text: str) -> None:
    parsed = parse_object_id(text)
    assert parsed is None or str(parsed) == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 23,
        "0" * 25,
        "g" * 24,
        "0x1234560000000000000001",
        "0000000_0000000000000001",
        "80000000" + "0" * 16,  # a second after 2038
        "00000000" + "8" + "0" * 15,  # an id that no row can have
        "\u0660" * 24,  # digits, but not ASCII ones
    ],
)
def test_what_cannot_be_an_id_is_none(text: str) -> None:
    assert parse_object_id(text) is None
