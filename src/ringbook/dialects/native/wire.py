"""The native API's requests and answers. Most answers are the nouns themselves: this API is theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ringbook.core.attempts import AttemptReport
from ringbook.core.screenpop import Matched, ScreenPop
from ringbook.domain.access import Credential, KeyDialect
from ringbook.domain.attempt import Attempt
from ringbook.domain.campaign import CampaignRecord
from ringbook.domain.contact import Contact, ContactPhone
from ringbook.domain.dataset import DataSet
from ringbook.domain.page import LARGEST_ID


class _Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends: a name that is not known is told, not ignored."""


class LookupQuery(_Request, frozen=True):
    phone: str


class PageQuery(_Request, frozen=True):
    cursor: str | None = None
    limit: int = 50


class ChangesQuery(_Request, frozen=True):
    entity: str | None = None
    id: int | None = None
    limit: int = 50
    cursor: int = LARGEST_ID


class NumberQuery(_Request, frozen=True):
    number: str


class DialectQuery(_Request, frozen=True):
    dialect: str = "native"


class ContactBody(_Request, frozen=True):
    attributes: dict[str, Any]


class SearchBody(_Request, frozen=True):
    criteria: dict[str, str]
    cursor: str | None = None
    limit: int = 50


class ScreenPopBody(_Request, frozen=True):
    ani: str = ""
    dnis: str = ""
    variables: dict[str, str] = {}


class DataSetBody(_Request, frozen=True):
    template: str
    number: str
    values: dict[str, str] = {}


class CallbackBody(_Request, frozen=True):
    number: str
    ecbt: int | None
    new_number: str | None = None
    callback_id: str | None = None


class KeyBody(_Request, frozen=True):
    name: str
    for_: KeyDialect = msgspec.field(name="for", default="native")
    scopes: tuple[str, ...] = ()
    per_second: int | None = None
    expires_at: datetime | None = None


class AttemptBody(AttemptReport, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attempt as it is reported; see core/attempts.py."""


class ContactAnswer(msgspec.Struct, frozen=True):
    id: int
    attributes: dict[str, Any]
    phones: tuple[ContactPhone, ...]
    version: int
    created_at: datetime
    updated_at: datetime


class ContactsAnswer(msgspec.Struct, frozen=True):
    items: list[ContactAnswer]
    next_cursor: str | None


class CandidateAnswer(msgspec.Struct, frozen=True):
    id: int
    attributes: dict[str, Any]
    phones: tuple[ContactPhone, ...]
    score: int
    matched_by: list[Matched]


class ScreenPopAnswer(msgspec.Struct, frozen=True):
    match: str
    candidates: list[CandidateAnswer]
    create: dict[str, Any] | None
    more: bool


class RecordStatus(msgspec.Struct, frozen=True):
    id: int
    campaign_id: int
    list_id: int
    status: str
    tries: int
    next_try_at: datetime | None
    outcome: str | None
    disposition: str | None
    completed_at: datetime | None


class AttemptAnswer(msgspec.Struct, frozen=True):
    attempt: Attempt
    record: RecordStatus


class DataSetAnswer(msgspec.Struct, frozen=True):
    template: str
    number: str
    ani: str
    values: dict[str, str]
    expires_at: datetime
    ecbt: int | None


class DataSetsAnswer(msgspec.Struct, frozen=True):
    items: list[DataSetAnswer]


class ChangeAnswer(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    by: str
    dialect: str
    entity: str
    entity_id: int
    before: msgspec.Raw
    after: msgspec.Raw


class KeyAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`secret` is there in the answer that made the key, and never again."""

    id: int
    name: str
    for_: str = msgspec.field(name="for")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    per_second: int | None = None
    secret: str | None = None


class KeysAnswer(msgspec.Struct, frozen=True):
    items: list[KeyAnswer]


def contact(noun: Contact) -> ContactAnswer:
    return ContactAnswer(noun.id, noun.attributes, noun.phones, noun.version, noun.created_at, noun.updated_at)


def screenpop(noun: ScreenPop) -> ScreenPopAnswer:
    return ScreenPopAnswer(
        noun.match,
        [
            CandidateAnswer(c.contact.id, c.contact.attributes, c.contact.phones, c.score, c.matched_by)
            for c in noun.candidates
        ],
        noun.create,
        noun.more,
    )


def record_status(noun: CampaignRecord) -> RecordStatus:
    return RecordStatus(
        noun.id,
        noun.campaign_id,
        noun.list_id,
        noun.status,
        noun.tries,
        noun.next_try_at,
        noun.outcome,
        noun.disposition,
        noun.completed_at,
    )


def data_set(noun: DataSet) -> DataSetAnswer:
    return DataSetAnswer(noun.template, noun.number, noun.ani, noun.values, noun.expires_at, noun.ecbt)


def key(noun: Credential, secret: str | None = None) -> KeyAnswer:
    return KeyAnswer(
        noun.id,
        noun.name,
        noun.dialect,
        sorted(noun.scopes),
        noun.created_at,
        noun.expires_at,
        noun.per_second,
        secret,
    )
