"""What a tenant may have otherwise: the table [cim] of its workspace file (contracts/cim.md)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ringbook.core.contacts import MOST_A_PAGE, Known
from ringbook.core.schema import MOST_ATTRIBUTES
from ringbook.domain.access import Tenant
from ringbook.domain.problems import Conflict


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`hosts` are names by which anonymous clients may call this server.

    `anonymous_per_second` is how many requests a second each of their addresses may make.

    `search_mode` says whether all criteria of a search must be met or one; `text_match` whether a text is met by its
    whole or by any part. `list_envelope` is how lists of contacts come: bare, or in an object. `duplicate_phone` is
    what becomes of a profile whose number is saved again. `load_interactions` gives one object for all calls, or one
    each. `mapping_post` answers with all conditions, or the new one. `strict` refuses keys that the schema lacks.
    """

    hosts: tuple[str, ...] = ()
    anonymous_per_second: Annotated[int, msgspec.Meta(ge=1)] = 50
    search_mode: Literal["and", "or"] = "and"
    text_match: Literal["exact", "contains"] = "exact"
    list_envelope: Literal["array", "object"] = "array"
    page_size: Annotated[int, msgspec.Meta(ge=1, le=MOST_A_PAGE)] = 50
    duplicate_phone: Known = "overwrite"
    load_interactions: Literal["object", "array"] = "object"
    mapping_post: Literal["array", "object"] = "array"
    strict: bool = False
    max_custom_attributes: Annotated[int, msgspec.Meta(ge=0, le=MOST_ATTRIBUTES)] = 200
    hide_supervision_legs: bool = True


_NONE = Switches()


def switches_of(tenant: Tenant) -> Switches:
    """The tenant's switches; Conflict where its table does not fit."""
    table = tenant.switches.get("cim")
    if not table:
        return _NONE
    try:
        return msgspec.convert(table, Switches)
    except msgspec.ValidationError as error:
        raise Conflict(f"The table [cim] of this tenant's workspace does not fit: {error}.") from None
