"""Reading a request: bounded, strict, and telling what is wrong."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from ringbook.domain.problems import Invalid, Malformed, TooLarge
from ringbook.web.body import CONTROL, convert_query, decode, parameters, read
from ringbook.web.dialect import MEGABYTE

TIME = 5.0


class Person(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    age: int = 0
    tags: dict[str, str] = {}


def request(messages: Iterable[Message], headers: dict[str, str] | None = None) -> Request:
    waiting = iter(messages)

    async def receive() -> Message:
        for message in waiting:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


def chunk(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_put_together() -> None:
    assert await read(request([chunk(b"ab"), chunk(b""), chunk(b"c", more=False)]), MEGABYTE, TIME) == b"abc"


async def test_a_body_up_to_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert len(await read(request([chunk(b"x" * 10, more=False)]), 10, TIME)) == 10
    with pytest.raises(TooLarge):
        await read(request([chunk(b"x" * 6), chunk(b"x" * 5)]), 10, TIME)
    with pytest.raises(TooLarge):
        await read(request([], {"content-length": "11"}), 10, TIME)
    with pytest.raises(TooLarge):
        await read(request([], {"content-length": "9" * 5000}), 10, TIME)


async def test_a_body_that_does_not_arrive_in_time_is_given_up() -> None:
    with pytest.raises(Malformed, match="in time"):
        await read(request([chunk(b"{")]), MEGABYTE, 0.02)


async def test_a_client_that_hangs_up_is_no_bug() -> None:
    with pytest.raises(Malformed, match="did not arrive"):
        await read(request([chunk(b"{"), {"type": "http.disconnect"}]), MEGABYTE, TIME)


async def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(Malformed, match="uncompressed"):
        await read(request([chunk(b"", more=False)], {"content-encoding": "gzip"}), MEGABYTE, TIME)
    assert await read(request([chunk(b"x", more=False)], {"content-encoding": "Identity"}), MEGABYTE, TIME) == b"x"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"{}", "name"),
        (b'{"name": 5}', "name"),
        (b'{"name": "x", "age": "5"}', "age"),
        (b'{"name": "x", "tags": {"a": 1}}', "tags[...]"),
        (b'{"name": "x", "more": 1}', "more"),
        (b"[]", None),
    ],
)
def test_what_does_not_fit_is_named(raw: bytes, field: str | None) -> None:
    with pytest.raises(Invalid) as told:
        decode(raw, Person)
    assert told.value.field == field
    assert "`$" not in told.value.message


def test_a_name_of_any_length_is_not_echoed_whole() -> None:
    with pytest.raises(Invalid) as told:
        decode(json.dumps({"name": "x", "y" * 100_000: 1}).encode(), Person)
    assert len(told.value.message) < 300
    assert len(told.value.field or "") < 300


@given(st.dictionaries(st.text(), st.text()))
@settings(max_examples=150, deadline=None, database=None)
def test_text_is_refused_exactly_if_it_has_a_control_character(value: dict[str, str]) -> None:
    has_control = any(CONTROL.search(text) for pair in value.items() for text in pair)
    for ascii_only in (True, False):
        raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        if has_control:
            with pytest.raises(Invalid):
                decode(raw, Any)
        else:
            assert decode(raw, dict[str, str]) == value


def test_an_escaped_backslash_before_a_letter_is_no_control_character() -> None:
    assert decode(rb'{"name": "C:\\bin\\files\\u0000"}', Person).name == r"C:\bin\files\u0000"
    for raw in (rb'{"name": "\\\b"}', rb'{"name": "C:\\bin\u0007"}'):
        with pytest.raises(Invalid):
            decode(raw, Person)
    with pytest.raises(Malformed):
        decode(b"\\", Person)


@pytest.mark.parametrize("text", [b"plain ", rb"\\", rb"\\bin\\", rb"\u00e4", b"[", rb"\n"])
def test_a_long_body_is_read_in_no_time(text: bytes) -> None:
    began = time.perf_counter()
    decode(b'{"name": "' + text * (2_000_000 // len(text)) + b'"}', Person)
    assert time.perf_counter() - began < 1.5


def test_what_a_type_leaves_unread_is_text_all_the_same() -> None:
    with pytest.raises(Malformed):
        decode(b'{"a": "\xff"}', dict[str, msgspec.Raw])


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None, database=None)
def test_any_bytes_are_a_query_or_a_problem(query: bytes) -> None:
    try:
        pairs = parameters(query)
    except (Invalid, Malformed):
        return
    assert all(not CONTROL.search(name + value) for name, value in pairs)


def test_a_query_keeps_its_order_and_its_first_values_count() -> None:
    class Query(msgspec.Struct):
        a: int
        b: str = ""

    assert parameters(b"a=1&b=x%20y+z&a=2&&c") == [("a", "1"), ("b", "x y z"), ("a", "2"), ("c", "")]
    assert convert_query(parameters(b"a=1&b=x&a=2"), Query) == Query(1, "x")
    with pytest.raises(Invalid) as told:
        convert_query(parameters(b"a=x"), Query)
    assert told.value.field == "a"


def test_a_query_has_a_hundred_parameters_at_most() -> None:
    assert len(parameters(b"&".join(b"a=1" for _ in range(100)))) == 100
    with pytest.raises(Malformed):
        parameters(b"&".join(b"a=1" for _ in range(101)))
