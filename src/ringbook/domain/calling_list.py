"""Calling lists, their records, and the layout of the list that every campaign has as its own."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec

from ringbook.domain.layout import EXTERNAL_ID_FIELD, Field, FieldType, Layout


class ListRecord(msgspec.Struct, frozen=True):
    id: int
    list_id: int
    position: int
    fields: dict[str, str]
    key_text: str
    customer_id: str | None
    contact_id: int | None
    link: str | None
    updated_at: datetime


_WOLKVOX_MASTER_DATA: tuple[tuple[str, FieldType, tuple[str, ...]], ...] = (
    ("customer_name", "FIRST_NAME", ("FirstName",)),
    ("customer_last_name", "LAST_NAME", ("Name",)),
    ("id_type", "OTHER", ()),
    ("customer_id", "ACCOUNT", ()),
    ("age", "OTHER", ()),
    ("gender", "OTHER", ()),
    ("country", "OTHER", ()),
    ("state", "STATE", ("Region",)),
    ("city", "OTHER", ()),
    ("zone", "OTHER", ()),
    ("address", "OTHER", ()),
)
_JTEL_COLUMNS = [
    "RandomSortOrder",
    "Client",
    "Service",
    "ReferenceNumber",
    "Salutation",
    "Title",
    "FaxNumber",
    "Website",
    "Comment",
    "AccountOwner",
    "AccountBank",
    "AccountNationalBankCode",
    "AccountBIC",
    "AccountNumber",
    "AccountIBAN",
    "Amount",
    "ExternalSystemLink",
    "Model",
    "Tag",
    "ReservedUsersUID",
    "FollowUpUsersUID",
    "FollowUpDateTime",
    "ResultCodesExportKey",
]

OWN_LAYOUT = Layout(
    [
        *(Field(n, type=t, key=t == "ACCOUNT", aliases=a) for n, t, a in _WOLKVOX_MASTER_DATA),
        *(Field(f"opt{n}") for n in range(1, 13)),
        *(
            Field(f"tel{n}", type="PHONE", phone_type="AS_GIVEN", aliases=(f"PhoneNumber{n}",) if n <= 6 else ())
            for n in range(1, 11)
        ),
        Field("tel_extra", type="PHONE", phone_type="AS_GIVEN"),
        Field("email"),
        Field("recall_date"),
        Field("recall_telephone", type="PHONE", phone_type="AS_GIVEN"),
        Field("agent_id", type="AGENT_LOGIN_ID"),
        Field(EXTERNAL_ID_FIELD),
        Field("Company", type="COMPANY"),
        Field("PostalCode", type="ZIP_CODE"),
        *(Field(name) for name in _JTEL_COLUMNS),
    ],
    strict=False,
)
"""The layout of a campaign's own list: wolkvox's columns and jtel's, one column for what both have."""


class CallingList(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaign_id: int | None
    fields: tuple[Field, ...]
    unique_keys: bool

    @property
    def layout(self) -> Layout:
        return _layout(self.fields, strict=self.campaign_id is None)


@lru_cache(maxsize=1000)
def _layout(fields: tuple[Field, ...], *, strict: bool) -> Layout:
    """A layout, made once: every request for a list's record needs it."""
    return Layout(fields, strict)
