"""JSON as Gson reads it leniently, its words, and what is refused all the same."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.dialects.brightpattern.gson import DEEPEST, Shape, read
from ringbook.domain.problems import Invalid, Malformed, Problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'x', 'b': None, 'c': True}", {"a": "x", "b": "None", "c": True}),
        ("{a: 1, b = 2; c => TRUE, d: null}", {"a": 1, "b": 2, "c": True, "d": None}),
        ('{"a": 01, "b": 1.0.0, "c": -x}', {"a": "01", "b": "1.0.0", "c": "-x"}),
        ('// said\n{"a": /* of */ 1 # this\n}', {"a": 1}),
        ('{\'a\': "it\'s", "b": \'say "x"\'}', {"a": "it's", "b": 'say "x"'}),
        (r"{'a': '\u0041\n\'\"\\\/\t'}", {"a": "A\n'\"\\/\t"}),
        (r"{'a': '\ud83d\ude00'}", {"a": "😀"}),
        ('{"a": "first\nsecond"}', {"a": "first\nsecond"}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"a": NaN}', {"a": "NaN"}),
        ("{}", {}),
        (" { } ", {}),
    ],
)
def test_what_is_nearly_json_is_understood(text: str, value: Any) -> None:
    assert read(text.encode(), "object") == value


def test_missing_elements_are_null() -> None:
    assert read(b"[1,,2,]", "array") == [1, None, 2, None]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("1.50", Decimal("1.50")),
        ("12345678901234567890123", Decimal("12345678901234567890123")),
        ("1e400", Decimal("1e400")),
    ],
)
def test_a_number_keeps_its_spelling(text: str, value: Any) -> None:
    for body in (f'{{"a": {text}}}', f"{{'a': {text}}}"):
        found = read(body.encode(), "object")["a"]
        assert (found, type(found)) == (value, type(value))


# The columns are where the contract has them: the position after the sign that is wrong.
@pytest.mark.parametrize(
    ("text", "shape", "complaint"),
    [
        ("Phone1", "object", "Expected BEGIN_OBJECT but was STRING at line 1 column 1 path $"),
        ("[1]", "object", "Expected BEGIN_OBJECT but was BEGIN_ARRAY at line 1 column 2 path $"),
        ("{}", "array", "Expected BEGIN_ARRAY but was BEGIN_OBJECT at line 1 column 2 path $"),
        ("null", "object", "Expected BEGIN_OBJECT but was NULL at line 1 column 5 path $"),
        ("true", "object", "Expected BEGIN_OBJECT but was BOOLEAN at line 1 column 5 path $"),
        ('"x"', "object", "Expected BEGIN_OBJECT but was STRING at line 1 column 2 path $"),
        ("[{}, 1]", "array of objects", "Expected BEGIN_OBJECT but was NUMBER at line 1 column 7 path $[1]"),
        ('{"a": 1,}', "object", "Expected name at line 1 column 10 path $"),
        ('{\n"a" 1}', "object", "Expected ':' at line 2 column 6 path $"),
        ('{"a": 1 "b": 2}', "object", "Unterminated object at line 1 column 10 path $"),
        ("[{}, {} {}]", "array of objects", "Unterminated array at line 1 column 10 path $[2]"),
        ('{"a": 1', "object", "End of input at line 1 column 8 path $"),
        ('{"a": "x', "object", "Unterminated string at line 1 column 9 path $"),
        ('{"a": "\\x"}', "object", "Invalid escape sequence at line 1 column 10 path $"),
        ('{"a": "\\u12"}', "object", '\\u12"} at line 1 column 10 path $'),
        ('{"a": "\\u1', "object", "Unterminated escape sequence at line 1 column 10 path $"),
        ("{/* a", "object", "Unterminated comment at line 1 column 4 path $"),
        ('{"a": }', "object", "Expected value at line 1 column 7 path $"),
        ("{} x", "object", "JSON document was not fully consumed."),
        ("{'a': 1, 'b': 2, 'a': 3}", "object", "duplicate key: a"),
        ('[{"a": 1, "A": 2, "a": 3}]', "array of objects", "duplicate key: a"),
        ("", "object", "A JSON body is required."),
        (" \n", "array", "A JSON body is required."),
    ],
)
def test_what_is_wrong_is_told_in_gsons_words(text: str, shape: Shape, complaint: str) -> None:
    with pytest.raises(Malformed) as told:
        read(text.encode(), shape)
    assert told.value.message == complaint


@pytest.mark.parametrize("sign", ["\\u0000", "\\u001f", "\\u007f", "\\b", "\\f", "\x7f", "\\ud800", "\\udc00x", "\x01"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_control_character_is_refused_however_it_comes(sign: str, quote: str) -> None:
    for body in (f"{{{quote}a{quote}: {quote}x{sign}y{quote}}}", f"{{{quote}a{sign}{quote}: 1}}"):
        with pytest.raises(Invalid):
            read(body.encode(), "object")


@pytest.mark.parametrize("raw", [b"\xff", b'{"a": "\xc3\x28"}', b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16")])
def test_what_is_not_utf_8_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read(raw, "object")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_depth_is_bounded(quote: str) -> None:
    for depth in (DEEPEST + 1, 1000, 100_000):
        for opening, closing in ((f"{{{quote}a{quote}:", "}"), ("[", "]")):
            with pytest.raises(Malformed):
                read((f"{{{quote}x{quote}:" + opening * depth + "1" + closing * depth + "}").encode(), "object")
    assert read(b'{"a": [[[]]]}', "object") == {"a": [[[]]]}


def test_a_large_body_is_not_read_the_long_way() -> None:
    body = str([{"id": "1", "Phone": "13305550147"}] * 80_000).encode()
    began = time.monotonic()
    with pytest.raises(Malformed, match="not valid JSON"):
        read(body, "array of objects")
    assert time.monotonic() - began < 1


_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
_SCALAR = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | _TEXT


@given(st.dictionaries(_TEXT, _SCALAR | st.lists(_SCALAR, max_size=3), max_size=5))
def test_json_means_the_same_to_it_and_to_python(value: dict[str, Any]) -> None:
    assert read(json.dumps(value).encode(), "object") == value
    assert read(json.dumps(value, ensure_ascii=False).encode(), "object") == value
    # A comment makes it take the long way.
    assert read(b"#\n" + json.dumps(value).encode(), "object") == value


@given(
    st.text(st.sampled_from("{}[]:,;='\"\\/*# \nanu01e.-truefals\x00é"), max_size=30),
    st.sampled_from(["object", "array"]),
)
def test_no_text_breaks_it(text: str, shape: Shape) -> None:
    try:
        value = read(text.encode(), shape)
    except Problem:
        return
    assert isinstance(value, dict if shape == "object" else list)
