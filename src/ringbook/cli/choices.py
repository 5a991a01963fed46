"""What an option can be, where there are a few things: told, when somebody asks for another."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from ringbook.domain.problems import Invalid


def one_of(text: str, choices: Any, option: str) -> Any:
    """The text, if it is one of a Literal's; Invalid, with all of them, otherwise."""
    try:
        return msgspec.convert(text, choices)
    except msgspec.ValidationError:
        *first, last = get_args(choices)
        raise Invalid(f"{option} is {', '.join(first)} or {last}, and not {text[:60]}.") from None
