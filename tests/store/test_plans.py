"""Every hot statement reads through its indexes and scans no large table, on the plan that a prepared one keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ringbook.app import open_core
from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.domain.calling_list import CallingList, Field
from ringbook.domain.contact import Contact
from ringbook.domain.page import FIRST, LARGEST_ID
from ringbook.domain.problems import Missing
from ringbook.domain.schema import Schema
from ringbook.store import campaigns, contacts, datasets, directory, interactions, journal, lists
from ringbook.store import do_not_call as dnc
from ringbook.store import identity as identities
from ringbook.store.embedded import EmbeddedServer
from ringbook.store.journal import Author
from ringbook.store.lanes import HotStatement
from ringbook.store.lookup import BY_NUMBER
from ringbook.store.migrate import migrate
from ringbook.store.postmaster import DATABASE
from ringbook.store.schema import schema as stored_schema
from tests.conftest import make_tenant
from tests.store.conftest import connect, make_database
from tests.store.crowd import LARGE, gather_crowd
from tests.store.plans import Plan, plan_of, plans_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx

T, ID, KEY = 1, 2, "+13305550101"
UNIQUE = CallingList(ID, "u", None, (Field("id", key=True),), True)
OWN = CallingList(ID, "o", 7, (Field("customer_id", key=True),), False)


@pytest.fixture(scope="module")
async def crowded(server: EmbeddedServer, passwords: Passwords) -> AsyncIterator[Core]:
    """A database with a crowd in it and nobody else, so that the plans are always the same."""
    name = await make_database(server)
    connection = await connect(server, name)
    await migrate(connection)
    await connection.close()
    core = open_core(server.dsn.replace(f"/{DATABASE}?", f"/{name}?"))
    await core.database.open()
    records = await make_tenant(core, passwords)
    async with core.database.transaction() as tx:
        await gather_crowd(tx, records.tenant)
    yield core
    await core.database.close()


def refuse_scans(plans: list[Plan]) -> None:
    for plan in plans:
        assert not plan.scanned & set(LARGE), plan


@pytest.mark.parametrize(
    ("statement", "parameters", "indexes"),
    [
        (
            BY_NUMBER,
            2,
            {
                "contact_phone_pkey",
                "contact_pkey",
                "contact_phone_contact",
                "data_set_match",
                "list_record_contact",
                "list_record_phone_match",
                "campaign_record_record",
                "interaction_contact",
                "interaction_unlinked",
                "leg_tenant_id_interaction_id_identity_key",
            },
        ),
        (datasets.BY_TEMPLATE, 3, {"data_set_pkey"}),
        (directory.BY_DIGEST, 2, {"credential_pkey"}),
    ],
)
async def test_a_ringing_phone_is_answered_over_indexes_alone(
    crowded: Core, statement: HotStatement, parameters: int, indexes: set[str]
) -> None:
    async with crowded.database.reading() as tx:
        plan = await plan_of(tx, statement.sql, parameters)
    refuse_scans([plan])
    assert indexes <= plan.indexes


USES: dict[str, tuple[set[str], Callable[[Tx, Schema], Awaitable[Any]]]] = {
    "page of contacts": ({"contact_newest"}, lambda tx, s: contacts.page(tx, T, FIRST, 50)),
    "contacts by value, name and number": (
        {"contact_search_pkey", "contact_phone_pkey", "contact_pkey"},
        lambda tx, s: contacts.search(tx, T, [(1, "x")], ["x"], [KEY], FIRST, 50),
    ),
    "contact by id": ({"contact_pkey"}, lambda tx, s: _missing(contacts.get(tx, T, ID, for_update=True))),
    "contacts by ids": ({"contact_pkey"}, lambda tx, s: contacts.several(tx, T, [ID])),
    "numbers of contacts": (
        {"contact_phone_contact"},
        lambda tx, s: contacts.with_phones(tx, T, [_contact(ID)]),
    ),
    "who has a customer id or number": (
        {"contact_search_pkey", "contact_phone_pkey", "contact_pkey"},
        lambda tx, s: identities.identify(tx, s, T, "none", [KEY]),
    ),
    "keys of an identity": ({"identity_key_pkey"}, lambda tx, s: identities.lock_identity(tx, T, [KEY])),
    "who has a unique value": ({"contact_search_pkey"}, lambda tx, s: identities.holder_of(tx, T, (1, "x"), 0)),
    "who meets the conditions of a screen pop": (
        {"contact_search_pkey", "contact_phone_pkey"},
        lambda tx, s: contacts.matching(tx, T, [(0, 1, "x")], [(1, KEY)], 200),
    ),
    "record by unique key": (
        {"list_record_unique", "list_record_submitted"},
        lambda tx, s: lists.by_key(tx, T, UNIQUE, "k", "k"),
    ),
    "record by own list's key": (
        {"list_record_key", "list_record_submitted"},
        lambda tx, s: lists.by_key(tx, T, OWN, "k", "k"),
    ),
    "record by foreign id": ({"list_record_external"}, lambda tx, s: lists.by_external_id(tx, T, ID, "x")),
    "contact by foreign id": ({"list_record_external"}, lambda tx, s: lists.contact_of_external_id(tx, T, "x")),
    "page of records": ({"list_record_position"}, lambda tx, s: lists.records(tx, T, ID, 0, 100)),
    "numbers of a record": ({"list_record_phone_pkey"}, lambda tx, s: lists.phones(tx, T, ID)),
    "records of a contact": ({"list_record_contact"}, lambda tx, s: lists.hold_of_contact(tx, T, ID)),
    "campaign record by either id": (
        {"campaign_record_pkey"},
        lambda tx, s: _missing(campaigns.record(tx, T, ID, ID)),
    ),
    "campaign record by number": (
        {"list_record_phone_match"},
        lambda tx, s: campaigns.with_number(tx, T, ID, KEY),
    ),
    "campaigns of a record": ({"campaign_record_record"}, lambda tx, s: campaigns.of_record(tx, T, ID)),
    "a record that campaigns take up": (
        {"list_record_pkey"},
        lambda tx, s: campaigns.materialise(tx, T, ID, record_id=ID),
    ),
    "records that a campaign loses": (
        {"campaign_record_pkey", "attempt_record"},
        lambda tx, s: campaigns.detach(tx, T, ID, ID, [ID]),
    ),
    "records that a list loses": (
        {
            "list_record_pkey",
            "list_record_phone_pkey",
            "contact_phone_contact",
            "campaign_record_record",
            "attempt_record",
        },
        lambda tx, s: lists.delete_records(tx, T, ID, [ID]),
    ),
    "records that the journal keeps": (
        {"list_record_pkey"},
        lambda tx, s: journal.record_deletion(tx, Author(T, "a", "native"), ID, [ID]),
    ),
    "data sets of a number": ({"data_set_match"}, lambda tx, s: datasets.of_number(tx, T, KEY)),
    "callback": ({"data_set_match"}, lambda tx, s: datasets.register_callback(tx, T, KEY, 60, None)),
    "changed number": ({"data_set_match"}, lambda tx, s: datasets.move(tx, T, KEY, "1", "d:1")),
    "call by its id": (
        {"interaction_tenant_id_call_id_key"},
        lambda tx, s: interactions.by_call_id(tx, T, "none"),
    ),
    "calls of unknown callers": (
        {"interaction_unlinked"},
        lambda tx, s: interactions.link_unknown(tx, T, [KEY], ID),
    ),
    "journal": ({"change_pkey"}, lambda tx, s: _changes(tx, None, None)),
    "journal of an entity": ({"change_entity"}, lambda tx, s: _changes(tx, "contact", ID)),
    "what bars a number": ({"dnc_entry_key"}, lambda tx, s: dnc.barring(tx, T, ID, KEY)),
    "deleting a contact": (
        {"contact_phone_contact", "list_record_contact", "interaction_contact"},
        lambda tx, s: contacts.delete(tx, s, T, _contact(ID)),
    ),
}


@pytest.mark.parametrize("use", USES)
async def test_the_store_reads_through_its_indexes(crowded: Core, use: str) -> None:
    indexes, run = USES[use]
    async with crowded.database.transaction() as tx:
        schema = await stored_schema(tx, (await directory.tenants(tx))[0].id)
        plans = await plans_of(tx, lambda tx: run(tx, schema))
    assert plans
    refuse_scans(plans)
    assert indexes <= frozenset().union(*(plan.indexes for plan in plans)), plans


async def test_the_helper_sees_a_scan(crowded: Core) -> None:
    async with crowded.database.reading() as tx:
        plan = await plan_of(tx, "SELECT 1 FROM contact WHERE attributes::text = $1", 1)
    with pytest.raises(AssertionError, match="contact"):
        refuse_scans([plan])


def _contact(contact_id: int) -> Contact:
    return Contact(contact_id, 0, {}, 0, datetime.now(UTC), datetime.now(UTC))


async def _missing(asked: Awaitable[object]) -> None:
    with pytest.raises(Missing):
        await asked


async def _changes(tx: Tx, entity: str | None, entity_id: int | None) -> None:
    await journal.changes(tx, T, entity=entity, entity_id=entity_id, below=LARGEST_ID, limit=50)
