"""The APIs that Ringbook answers in. The native one is last: it owns every path that nobody else does."""

from __future__ import annotations

from ringbook.dialects.brightpattern import BRIGHTPATTERN
from ringbook.dialects.callerid import CALLERID
from ringbook.dialects.cim import CIM
from ringbook.dialects.jtel import JTEL
from ringbook.dialects.mindful import MINDFUL
from ringbook.dialects.native import native
from ringbook.dialects.wolkvox import WOLKVOX
from ringbook.web.dialect import Dialect

VENDORS: tuple[Dialect, ...] = (MINDFUL, CIM, BRIGHTPATTERN, WOLKVOX, JTEL, CALLERID)

ALL: tuple[Dialect, ...] = (*VENDORS, native(VENDORS))
