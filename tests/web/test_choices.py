"""Who sends what is none of a few values is told which there are."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from ringbook.domain.problems import Invalid
from ringbook.web.body import convert_query, parse

Mode = Annotated[Literal["add", "update"], msgspec.Meta(description="how")]


class Inner(msgspec.Struct):
    mode: Mode | None = None
    size: Literal[1, 2, 3] = 1


class Outer(msgspec.Struct):
    items: list[Inner] = []
    named: dict[str, Inner] = {}
    pair: tuple[int, Mode] = (1, "add")
    mode: Mode = "add"


MODES = "Invalid enum value 'x': it is add or update."


@pytest.mark.parametrize(
    ("body", "told", "field"),
    [
        ('{"mode": "x"}', MODES, "mode"),
        ('{"items": [{}, {"mode": "x"}]}', MODES, "items[1].mode"),
        ('{"named": {"a": {"mode": "x"}}}', MODES, "named[...].mode"),
        ('{"items": [{"size": 4}]}', "Invalid enum value 4: it is 1, 2 or 3.", "items[0].size"),
    ],
)
def test_the_values_that_there_are_are_told(body: str, told: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(body.encode(), Outer)
    assert (caught.value.message, caught.value.field) == (told, field)


def test_those_of_a_parameter_too() -> None:
    with pytest.raises(Invalid, match=r"^Invalid enum value 'x': it is add or update\.$"):
        convert_query([("mode", "x")], Outer)
