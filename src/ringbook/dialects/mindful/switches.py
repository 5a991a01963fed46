"""What a tenant may have otherwise: the table [mindful] of its workspace file."""

from __future__ import annotations

import msgspec

from ringbook.domain.access import Tenant
from ringbook.domain.problems import Conflict


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`refuse_unknown_keys`: a data key that the template lacks is a 400, instead of being dropped (D-M2)."""

    refuse_unknown_keys: bool = False


_NONE = Switches()


def switches_of(tenant: Tenant) -> Switches:
    """The tenant's switches; Conflict where its table does not fit."""
    table = tenant.switches.get("mindful")
    if not table:
        return _NONE
    try:
        return msgspec.convert(table, Switches)
    except msgspec.ValidationError as error:
        raise Conflict(f"The table [mindful] of this tenant's workspace does not fit: {error}.") from None
