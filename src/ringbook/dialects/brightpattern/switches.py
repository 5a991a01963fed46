"""What a contact centre may set of this dialect in its workspace file, in the table `[brightpattern]`."""

from __future__ import annotations

from typing import Literal

import msgspec

from ringbook.core.access import Records
from ringbook.domain.access import Tenant
from ringbook.domain.problems import Invalid


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`add_all`: what addAll of 3.x answers with; 204 as its page says, without the body that it also shows (B1)."""

    add_all: Literal[200, 204] = 200


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
            switches = msgspec.convert(tenant.switches.get("brightpattern", {}), Switches)
        except msgspec.ValidationError as error:
            raise Invalid(f"The workspace file's table brightpattern is not valid: {error}.") from None
        known = _read[tenant.id] = (tenant, switches)
    return known[1]
