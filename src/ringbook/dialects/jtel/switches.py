"""What a tenant may have otherwise: the table [jtel] of its workspace file."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ringbook.domain.access import Tenant
from ringbook.domain.problems import Conflict


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`unknown_user_data_is_missing`: who asks for UserData that nobody has gets 404 instead of no records (J3).

    `end_reasons`: the AcdAgentEndReasonsID of a disposition, for the columns that show one; one that is a number is
    its own.
    """

    unknown_user_data_is_missing: bool = False
    end_reasons: Mapping[str, int] = {}

    def end_reason(self, disposition: str | None) -> int | None:
        """The id that stands for a disposition, if any does."""
        if not disposition:
            return None
        known = self.end_reasons.get(disposition)
        if known is None and disposition.isascii() and disposition.isdecimal() and len(disposition) < 10:
            return int(disposition)
        return known


_NONE = Switches()


def switches_of(tenant: Tenant) -> Switches:
    """The tenant's switches; Conflict where its table does not fit."""
    table = tenant.switches.get("jtel")
    if not table:
        return _NONE
    try:
        return msgspec.convert(table, Switches)
    except msgspec.ValidationError as error:
        raise Conflict(f"The table [jtel] of this tenant's workspace does not fit: {error}.") from None
