"""What each dialect promises, gathered.

A dialect in ringbook.dialects.ALL without an entry here fails test_every_dialect_has_promises.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.dialects.brightpattern.promises import BRIGHTPATTERN
from tests.dialects.callerid.promises import CALLERID
from tests.dialects.cim.promises import CIM
from tests.dialects.jtel.promises import JTEL
from tests.dialects.mindful.promises import MINDFUL
from tests.dialects.native.promises import NATIVE
from tests.dialects.promised import Promises
from tests.dialects.wolkvox.promises import WOLKVOX

PROMISES: Mapping[str, Promises] = {
    "native": NATIVE,
    "mindful": MINDFUL,
    "brightpattern": BRIGHTPATTERN,
    "cim": CIM,
    "jtel": JTEL,
    "wolkvox": WOLKVOX,
    "callerid": CALLERID,
}
