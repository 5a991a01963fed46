"""Answers as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


def json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` (nouns, dicts, stored JSON) as an application/json answer."""
    return Response(_encode(content), status, headers, "application/json")
