"""jtel's requests and answers: records of columns with Hungarian prefixes, in envelopes; null is what is not set.

What each column is, is in the tables here: ATTRIBUTES says which attribute, the rest is told by the column's own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

PHONES = range(1, 7)

ATTRIBUTES: Mapping[str, str] = {
    "Name": "last_name",
    "FirstName": "first_name",
    "Company": "company",
    "Address": "address",
    "PostalCode": "postal_code",
    "City": "city",
    "Region": "state",
    "Country": "country",
    "Email": "email",
    **{f"PhoneNumber{n}": f"phone{n}" for n in PHONES},
}
"""Which attribute a column is. The columns of SAID that are not here are fields of their own."""

SAID: Mapping[str, type] = {
    **dict.fromkeys(ATTRIBUTES, str),
    **dict.fromkeys(
        (
            "UserData",
            "Client",
            "Service",
            "ReferenceNumber",
            "Salutation",
            "Title",
            "AccountOwner",
            "AccountBank",
            "AccountNationalBankCode",
            "AccountBIC",
            "AccountNumber",
            "AccountIBAN",
            "FaxNumber",
            "Website",
            "Comment",
            "ReservedUsersUID",
            "FollowUpUsersUID",
            "FollowUpDateTime",
            "ResultCodesExportKey",
            "ExternalSystemLink",
            "Model",
            "Tag",
        ),
        str,
    ),
    "RandomSortOrder": int,
    "Amount": float,
}
"""What the record itself says, and how it is written in JSON."""

# As the vendor's page prints them; where it has "...", the columns that it leaves out, by their kind.
COLUMNS: Mapping[str, type] = {
    "bLastResultMailbox": bool,
    "bPhoneNumber3Invalid": bool,
    "bPhoneNumber4Invalid": bool,
    "Company": str,
    "ExternalSystemLink": str,
    "Email": str,
    "LastAcdAgentEndReasonsID": int,
    "Address": str,
    "bPhoneNumber6Invalid": bool,
    "PhoneNumber2LastAcdAgentEndReasonsID": int,
    "dtNextTry": str,
    "bPhoneNumber5Invalid": bool,
    "bPhoneNumber1Invalid": bool,
    "bPhoneNumber2Invalid": bool,
    "Name": str,
    "nTriesPhoneNumber5": int,
    "nTriesPhoneNumber4": int,
    "nTriesPhoneNumber6": int,
    "nTriesPhoneNumber1": int,
    "nTriesPhoneNumber2": int,
    "nTriesPhoneNumber3": int,
    "ID": int,
    "DiallerCampaignsID": int,
    "DiallerCampaignsName": str,
    "dtImported": str,
    **{name: kind for name, kind in SAID.items() if name not in {"Model", "Tag"}},
    "PhoneNumber1LastAcdAgentEndReasonsID": int,
    "PhoneNumber4LastAcdAgentEndReasonsID": int,
    "PhoneNumber5LastAcdAgentEndReasonsID": int,
    "PhoneNumber6LastAcdAgentEndReasonsID": int,
    "nPhoneNumber1LastCause": int,
    "nPhoneNumber2LastCause": int,
    "nPhoneNumber3LastCause": int,
    "nPhoneNumber5LastCause": int,
    "nPhoneNumber4LastCause": int,
    "nPhoneNumber6LastCause": int,
    "Model": str,
    "PhoneNumber3LastAcdAgentEndReasonsID": int,
    "Tag": str,
}
"""All columns of a contact (contract 10.1, J19), in their order."""

_ALWAYS = {"ID", "DiallerCampaignsID", *(f"nTriesPhoneNumber{n}" for n in PHONES)}


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?Z?| \d\d:\d\d:\d\d)", re.ASCII)
_TO_SECONDS = len("2020-08-09T02:33:50")


# ---- Requests

_Text10 = Annotated[str, Meta(max_length=10)] | None | UnsetType
_Text11 = Annotated[str, Meta(max_length=11)] | None | UnsetType
_Text16 = Annotated[str, Meta(max_length=16)] | None | UnsetType
_Text20 = Annotated[str, Meta(max_length=20)] | None | UnsetType
_Text32 = Annotated[str, Meta(max_length=32)] | None | UnsetType
_Text34 = Annotated[str, Meta(max_length=34)] | None | UnsetType
_Text64 = Annotated[str, Meta(max_length=64)] | None | UnsetType
_Text256 = Annotated[str, Meta(max_length=256)] | None | UnsetType
_Text = str | None | UnsetType
_Integer = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None
_Amount = Annotated[float, Meta(gt=-1e15, lt=1e15)] | None | UnsetType


class ContactsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """An empty filter is not none: nothing asked is never everything."""

    campaign: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | UnsetType = msgspec.field(
        name="diallerCampaignsID", default=UNSET
    )


class UserDataQuery(msgspec.Struct, frozen=True, kw_only=True):
    user_data: str = msgspec.field(name="userData", default="")


class ImportQuery(msgspec.Struct, frozen=True, kw_only=True):
    overwrite: bool = msgspec.field(name="overwriteDuplicates", default=False)


class ImportBody(msgspec.Struct, frozen=True, kw_only=True):
    """One contact. The longest texts are those of contract 10.1, after release 3.19; other names are ignored (J18)."""

    DiallerCampaignsID: _Integer = None
    DiallerCampaignsName: Annotated[str, Meta(max_length=64)] | None = None
    ResetContact: bool | None = None
    RandomSortOrder: _Integer | UnsetType = UNSET
    UserData: _Text64 = UNSET
    Client: _Text64 = UNSET
    Service: _Text64 = UNSET
    ReferenceNumber: _Text64 = UNSET
    Name: _Text64 = UNSET
    FirstName: _Text64 = UNSET
    Salutation: _Text16 = UNSET
    Title: _Text16 = UNSET
    Company: _Text64 = UNSET
    Address: _Text64 = UNSET
    PostalCode: _Text10 = UNSET
    City: _Text64 = UNSET
    Region: _Text256 = UNSET
    Country: _Text64 = UNSET
    AccountOwner: _Text64 = UNSET
    AccountBank: _Text32 = UNSET
    AccountNationalBankCode: _Text10 = UNSET
    AccountBIC: _Text11 = UNSET
    AccountNumber: _Text20 = UNSET
    AccountIBAN: _Text34 = UNSET
    Amount: _Amount = UNSET
    PhoneNumber1: _Text32 = UNSET
    PhoneNumber2: _Text32 = UNSET
    PhoneNumber3: _Text32 = UNSET
    PhoneNumber4: _Text32 = UNSET
    PhoneNumber5: _Text32 = UNSET
    PhoneNumber6: _Text32 = UNSET
    FaxNumber: _Text32 = UNSET
    Email: _Text256 = UNSET
    Website: _Text = UNSET
    Comment: _Text = UNSET
    ReservedUsersUID: _Text32 = UNSET
    FollowUpUsersUID: _Text32 = UNSET
    FollowUpDateTime: _Text32 = UNSET
    ResultCodesExportKey: _Text32 = UNSET
    ExternalSystemLink: _Text = UNSET
    Model: _Text = UNSET
    Tag: _Text = UNSET

    @property
    def said(self) -> dict[str, Any]:
        """What the contact says, by column."""
        values = {name: getattr(self, name) for name in SAID}
        return {name: _plain(value) for name, value in values.items() if value is not UNSET and value is not None}

    @property
    def cleared(self) -> list[str]:
        """The columns that are null, not absent (J10)."""
        return [name for name in SAID if getattr(self, name) is None]

    @property
    def missing(self) -> str | None:
        """Which mandatory field is not there, as a sentence."""
        if not (self.Name or "").strip():
            return "Name is required"
        if not any((getattr(self, f"PhoneNumber{n}") or "").strip() for n in PHONES):
            return "PhoneNumber1 is required, or another of the six"
        if self.DiallerCampaignsID is None and not self.DiallerCampaignsName:
            return "DiallerCampaignsID is required, or DiallerCampaignsName"
        return None


def is_date_time(text: str) -> bool:
    """Whether this is a date and a time in one of jtel's forms (contract 8), or nothing at all."""
    plain = text.strip()
    if not plain:
        return True
    if not _DATE_TIME.fullmatch(plain):
        return False
    try:
        datetime.fromisoformat(plain[:_TO_SECONDS])
    except ValueError:
        return False
    return True


def _plain(value: Any) -> Any:
    """A number in plain decimal, however small it is; anything else as it is."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else value


# ---- Answers


def _column(name: str, kind: Any) -> tuple[str, Any]:
    return name, kind if name in _ALWAYS else kind | None


DiallerContact = msgspec.defstruct("DiallerContact", [_column(*column) for column in COLUMNS.items()])

CAMPAIGN_COLUMNS: Mapping[str, Any] = {
    "ContactPreviewTime": int,
    "nMaxParallelLines": int | None,
    "bCloseContactsOnIncomingCallsMatchCallerID": bool,
    "dtTo": str | None,
    "LanguagesID": int | None,
    "bCallerIDActive": bool,
    "Name": str,
    "ClientsID": int,
    "AbortOnNoTelNumberResultCodesID": int | None,
    "IncomingCallResultCodesID": int | None,
    "ID": int,
}
"""The columns of a campaign that are known (contract 9.1)."""

DiallerCampaign = msgspec.defstruct("DiallerCampaign", list(CAMPAIGN_COLUMNS.items()))


class Found(msgspec.Struct, frozen=True):
    """What is found by its id or its user data."""

    records: Sequence[Mapping[str, Any]]
    count: int
    status: int = 200


class Collection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is listed. `filter` and the limits are reserved by the vendor."""

    filter: str = ""
    limit_start: int = 0
    limit_page_size: int = -1
    records: Sequence[Mapping[str, Any]]
    count: int
    order_by: str = "Name"
    ascending: bool = True
    status: int = 200


class Contacts(Found, frozen=True):
    records: Sequence[DiallerContact]  # type: ignore[valid-type]


class ContactCollection(Collection, frozen=True, kw_only=True):
    records: Sequence[DiallerContact]  # type: ignore[valid-type]


class Campaigns(Found, frozen=True):
    records: Sequence[DiallerCampaign]  # type: ignore[valid-type]


class CampaignCollection(Collection, frozen=True, kw_only=True):
    records: Sequence[DiallerCampaign]  # type: ignore[valid-type]


class Done(msgspec.Struct, frozen=True):
    status: int = 200


def found(records: Sequence[Mapping[str, Any]]) -> Found:
    return Found(records, len(records))
