"""The APIs that Ringbook answers in. The native one is last: it owns every path that nobody else does."""

from __future__ import annotations

from ringbook.dialects.mindful import MINDFUL
from ringbook.dialects.native import native
from ringbook.web.dialect import Dialect

VENDORS: tuple[Dialect, ...] = (MINDFUL,)

ALL: tuple[Dialect, ...] = (*VENDORS, native(VENDORS))
