"""What an operation may set of this dialect in its workspace file, in the table `[wolkvox]`."""

from __future__ import annotations

from typing import Literal

import msgspec

from ringbook.core.access import Records
from ringbook.domain.access import Tenant
from ringbook.domain.problems import Invalid

_PER_LICENCE = {"shared": 7_000, "dedicated": 9_500}
_FEW_LICENCES = 2
_RECORDS_OF_FEW = 50_000
_LICENCES_PER_PREDICTIVE = {"shared": 7, "dedicated": 4}
_PREDICTIVES_OF_ALL = 2


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`find_record`: the answer's keys of today, or those of the older page. `code`: always a text, or as each page
    prints it. `error`: in title case as in recorded traffic, or in capitals as in the catalogue. `escape`: as PHP does
    by default, or plain. `licences`: which of the vendor's two kinds they are. `records`, `predictives`: what a
    campaign may hold and how many may run, instead of what follows from the licences. `upload`: records in one call.
    """

    find_record: Literal["current", "seed"] = "current"
    code: Literal["text", "documented"] = "text"
    error: Literal["title", "capitals"] = "title"
    escape: Literal["php", "plain"] = "php"
    licences: Literal["shared", "dedicated"] = "shared"
    records: int | None = None
    predictives: int | None = None
    upload: int = 10_000

    def most_records(self, licences: int | None) -> int | None:
        """How many records a campaign may hold; None for any number."""
        if self.records is not None or licences is None:
            return self.records
        return _RECORDS_OF_FEW if licences <= _FEW_LICENCES else licences * _PER_LICENCE[self.licences]

    def most_predictives(self, licences: int | None) -> int | None:
        """How many predictive campaigns may run at once; None for any number."""
        if self.predictives is not None or licences is None:
            return self.predictives
        # The vendor's round() is taken to be everyday rounding, a half upwards.
        return int(licences / _LICENCES_PER_PREDICTIVE[self.licences] + 0.5) + _PREDICTIVES_OF_ALL


_DEFAULT = Switches()
_read: dict[int, tuple[Tenant, Switches]] = {}


def switches_of(records: Records) -> Switches:
    """The tenant's switches; Invalid where the workspace file has what is none."""
    tenant = records.tenant
    if not tenant.switches:
        return _DEFAULT
    known = _read.get(tenant.id)
    if known is None or known[0] is not tenant:
        try:
            switches = msgspec.convert(tenant.switches.get("wolkvox", {}), Switches)
        except msgspec.ValidationError as error:
            raise Invalid(f"The workspace file's table wolkvox is not valid: {error}.") from None
        known = _read[tenant.id] = (tenant, switches)
    return known[1]
