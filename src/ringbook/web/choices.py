"""What a value may be, where it is one of a few: the decoder says only that another is none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[[^\]]*\]")


def choices(type_: Any, path: str) -> list[str]:
    """The values that fit at a path of the decoder's, such as `$.items[0].mode`; none where these are not a few."""
    found = [inspect.type_info(type_)]
    for step in _STEP.finditer(path):
        found = [inner for each in found for inner in _inner(each, step["name"])]
    return [str(value) for each in found for one in _plain(each) for value in getattr(one, "values", ())]


def _inner(type_: inspect.Type, name: str | None) -> Iterator[inspect.Type]:
    for one in _plain(type_):
        if name is None:
            inner = getattr(one, "item_type", None) or getattr(one, "value_type", None)
            yield from (inner,) if inner else getattr(one, "item_types", ())
        elif isinstance(one, inspect.StructType):
            yield from (field.type for field in one.fields if field.encode_name == name)


def _plain(type_: inspect.Type) -> Iterator[inspect.Type]:
    """The type without what is said about it; of several that are good, each."""
    if isinstance(type_, inspect.Metadata):
        yield from _plain(type_.type)
    elif isinstance(type_, inspect.UnionType):
        for each in type_.types:
            yield from _plain(each)
    else:
        yield type_
