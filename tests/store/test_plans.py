"""Every hot statement reads through its indexes and scans no large table, on the plan that a prepared one keeps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from ringbook.app import open_core
from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.domain.calling_list import CallingList
from ringbook.domain.campaign import Chosen, Recall
from ringbook.domain.contact import Contact
from ringbook.domain.criteria import Group, Way
from ringbook.domain.event import Place
from ringbook.domain.layout import Field
from ringbook.domain.linking import Person
from ringbook.domain.may_call import Hold, TriesRule
from ringbook.domain.merging import Evidence, Merge
from ringbook.domain.page import FIRST, LARGEST_ID, TimeCursor
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.problems import Missing
from ringbook.domain.schema import Schema
from ringbook.store import (
    attribute_values,
    call_search,
    callees,
    caller_name,
    calls,
    campaign_records,
    campaign_seats,
    campaigns,
    claimed_numbers,
    claiming,
    contact_order,
    contact_search,
    contacts,
    credentials,
    datasets,
    dialling,
    directory,
    dnc_lists,
    erasure,
    events,
    exports,
    holds,
    idempotency,
    import_content,
    import_replace,
    import_undo,
    import_work,
    intake,
    interactions,
    journal,
    linking,
    listeners,
    lists,
    may_call,
    merging,
    progress,
    reports,
    results,
    screenpop,
    webhooks,
)
from ringbook.store import do_not_call as dnc
from ringbook.store import identity as identities
from ringbook.store.call_search import CallSearch
from ringbook.store.contact_search import WITH_NUMBER
from ringbook.store.database import PLANNED_ONCE
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
from tests.store.plans import Plan, nodes_of, plan_of, plans_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx

T, ID, KEY = 1, 2, "+13305550101"
TOKEN = UUID(int=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNIQUE = CallingList(ID, "u", None, (Field("id", key=True),), True)
OWN = CallingList(ID, "o", 7, (Field("customer_id", key=True),), False)


def asked_keys() -> intake.Asked:
    """A value and a number."""
    asked = intake.Asked()
    asked.add(1, 0, "x")
    asked.add(None, 0, KEY)
    return asked


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
        (WITH_NUMBER, 3, {"contact_phone_pkey", "contact_pkey"}),
        (caller_name.NAMES, 2, {"contact_phone_pkey", "contact_pkey"}),
        (
            caller_name.ROUTING,
            3,
            {"interaction_contact", "leg_tenant_id_interaction_id_identity_key", "dnc_entry_key"},
        ),
        (datasets.BY_TEMPLATE, 3, {"data_set_pkey"}),
        (
            campaign_records.BY_NUMBER,
            3,
            {"list_record_phone_match", "campaign_record_record", "list_record_pkey", "attempt_record"},
        ),
        (
            campaign_records.BY_CUSTOMER,
            3,
            {"list_record_customer", "campaign_record_record", "list_record_pkey", "attempt_record"},
        ),
        (
            campaign_records.BY_EXTERNAL_ID,
            3,
            {"list_record_external", "campaign_record_record", "list_record_pkey", "attempt_record"},
        ),
        (campaign_records.BY_ID, 2, {"campaign_record_pkey", "list_record_pkey", "attempt_record"}),
        (
            campaign_records.BY_KEY,
            4,
            {
                "list_record_unique",
                "list_record_key",
                "list_record_submitted",
                "list_record_pkey",
                "campaign_record_record",
                "attempt_record",
            },
        ),
        (credentials.BY_DIGEST, 2, {"credential_pkey", "former_secret_pkey"}),
        (directory.BY_LOGIN, 2, {"app_user_tenant_id_login_key"}),
        (directory.BY_USER_ID, 2, {"app_user_pkey"}),
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
    "an answer that is kept": ({"kept_answer_pkey"}, lambda tx, s: idempotency.keep(tx, T, "1", b"k", b"a")),
    "answers that are old": ({"kept_answer_age"}, lambda tx, s: idempotency.sweep(tx, 500)),
    "page of lists": ({"calling_list_pkey"}, lambda tx, s: lists.page(tx, T, 0, 50)),
    "page of campaigns": ({"campaign_pkey"}, lambda tx, s: campaigns.page(tx, T, 0, 50)),
    "page of do-not-call lists": ({"dnc_list_pkey"}, lambda tx, s: dnc_lists.page(tx, T, 0, 50)),
    "page of do-not-call entries": ({"dnc_entry_pkey"}, lambda tx, s: dnc_lists.entries(tx, T, ID, "", 100)),
    "journal of a kind": ({"change_kind"}, lambda tx, s: _changes(tx, "contact", None)),
    "journal of an id": ({"change_of"}, lambda tx, s: _changes(tx, None, ID)),
    "whole journal": ({"change_pkey"}, lambda tx, s: _changes(tx, None, None)),
    "calls of a contact by page": ({"interaction_contact"}, lambda tx, s: _calls(tx, contact_id=ID)),
    "calls of a number": ({"interaction_number"}, lambda tx, s: _calls(tx, match_key=KEY)),
    "calls of a time": ({"interaction_time"}, lambda tx, s: _calls(tx, since=NOON, until=NOON)),
    "calls of an agent": ({"leg_agent", "interaction_pkey"}, lambda tx, s: _calls(tx, agent="kim.lee")),
    "calls of an agent with a contact": (
        {"interaction_contact"},
        lambda tx, s: _calls(tx, agent="kim.lee", contact_id=ID),
    ),
    "page of contacts": ({"contact_newest"}, lambda tx, s: contacts.page(tx, T, FIRST, 50)),
    "contacts by value, name and number": (
        {"contact_search_pkey", "contact_phone_pkey"},
        lambda tx, s: contact_search.newest(tx, T, s, [_group("value", "prefix", "number")], LARGEST_ID, 50),
    ),
    "contacts by a common value beside another": (
        {"contact_search_pkey", "contact_phone_pkey", "contact_pkey", "contact_phone_contact"},
        lambda tx, s: _found(tx, s, "value", "number"),
    ),
    "contacts by a common beginning": ({"contact_search_pkey", "contact_pkey"}, lambda tx, s: _found(tx, s, "prefix")),
    "contacts in a range beside a number": (
        {"contact_search_pkey", "contact_phone_pkey"},
        lambda tx, s: contact_search.newest(tx, T, s, [((_RANGE,), *_group("number"))], LARGEST_ID, 50),
    ),
    "contacts in a range": (
        {"contact_search_pkey"},
        lambda tx, s: contact_search.newest(tx, T, s, [((_RANGE,),)], LARGEST_ID, 50),
    ),
    "what contacts have behind them": (
        {"list_record_contact", "interaction_contact", "attempt_contact"},
        lambda tx, s: merging.count_links(tx, T, [ID], 100),
    ),
    "holding contacts that are merged": (
        {"list_record_contact", "interaction_contact"},
        lambda tx, s: _hold(tx),
    ),
    "what a merge moves": (
        {"list_record_contact", "interaction_contact", "attempt_contact", "contact_phone_contact"},
        lambda tx, s: merging.move(tx, T, ID, ID + 1),
    ),
    "what undoing a merge moves back": (
        {"list_record_contact", "contact_phone_contact"},
        lambda tx, s: merging.move_back(tx, T, _merge()),
    ),
    "merges of a contact": (
        {"contact_merge_kept", "contact_merge_merged"},
        lambda tx, s: merging.of_contact(tx, T, ID, LARGEST_ID, 20),
    ),
    "the merge that is undone, and those after it": (
        {"contact_merge_kept", "contact_merge_merged"},
        lambda tx, s: _standing(tx),
    ),
    "all of a person": (
        {"contact_pkey", "contact_merge_kept", "change_of", "contact_phone_contact", "list_record_contact"},
        lambda tx, s: _person(tx),
    ),
    "what of a person is others'": (
        {"contact_phone_pkey", "contact_merge_kept", "contact_merge_merged"},
        lambda tx, s: _of_others(tx),
    ),
    "a person's records": (
        {"list_record_contact", "list_record_phone_match", "list_record_pkey"},
        lambda tx, s: erasure.records(tx, T, [ID], [KEY]),
    ),
    "a person's attempts": (
        {"attempt_contact", "attempt_record", "attempt_number"},
        lambda tx, s: erasure.forget_attempts(tx, T, [ID], [ID], [KEY]),
    ),
    "a person's calls": (
        {"interaction_contact", "interaction_unlinked", "call_alias_interaction"},
        lambda tx, s: erasure.forget_calls(tx, T, [ID], [KEY]),
    ),
    "what an erased person was found by": (
        {"contact_phone_contact", "contact_merge_kept", "contact_merge_merged", "contact_pkey"},
        lambda tx, s: erasure.drop_contacts(tx, T, [ID]),
    ),
    "do-not-call entries of an erased person": (
        {"dnc_entry_key"},
        lambda tx, s: erasure.suppress(tx, T, ID, {MatchKey(KEY): "h:00"}),
    ),
    "journal of an erased person": (
        {"change_of"},
        lambda tx, s: erasure.blank_journal(tx, T, "contact", [ID]),
    ),
    "how many contacts": ({"contact_newest"}, lambda tx, s: contacts.count(tx, T, 20_000)),
    "calls of a contact": (
        {"interaction_contact", "interaction_unlinked", "leg_tenant_id_interaction_id_identity_key"},
        lambda tx, s: calls.of_contact(tx, T, ID, [KEY], before=None, supervision=False, calls=500, legs=100),
    ),
    "a call that was transferred": (
        {"call_alias_pkey", "interaction_tenant_id_call_id_key", "leg_call"},
        lambda tx, s: _transfer(tx),
    ),
    "what a schema that changes is about": (
        {"contact_pkey"},
        lambda tx, s: _first(attribute_values.carriers(tx, T, "k")),
    ),
    "hidden values": ({"hidden_value_pkey"}, lambda tx, s: _first(attribute_values.hidden(tx, T, ID))),
    "contact by id": ({"contact_pkey"}, lambda tx, s: _missing(contacts.get(tx, T, ID, for_update=True))),
    "contacts in an attribute's order": (
        {"contact_search_pkey"},
        lambda tx, s: contact_order.walk(tx, T, ID, None, 50, down=False),
    ),
    "contacts in an attribute's order, from the end": (
        {"contact_search_pkey"},
        lambda tx, s: contact_order.walk(tx, T, ID, contact_order.Position("k", ID), 50, down=True),
    ),
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
    "keys that nobody holds": (
        {"identity_key_pkey"},
        lambda tx, s: identities.forget_keys(tx, identities.FIRST_KEY, 1000),
    ),
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
    "keys that records of an own list have": (
        {"list_record_key"},
        lambda tx, s: lists.taken_loose_keys(tx, T, ID, ["k"]),
    ),
    "results from a position": (
        {"list_record_position", "list_record_pkey", "campaign_record_record", "attempt_record"},
        lambda tx, s: results.from_position(tx, T, ID, ID, 0, 100),
    ),
    "results by completion": (
        {"campaign_record_completed", "campaign_record_pkey", "list_record_pkey", "attempt_record"},
        lambda tx, s: results.completed_since(tx, T, ID, ID, datetime.now(UTC), 100),
    ),
    "results by change": (
        {"campaign_record_told", "campaign_record_pkey", "list_record_pkey", "attempt_record"},
        lambda tx, s: results.changed_since(tx, T, ID, ID, datetime.now(UTC), 100),
    ),
    "attempts of records": ({"attempt_record"}, lambda tx, s: results.attempts_of(tx, T, [ID])),
    "entries that a do-not-call list loses": ({"dnc_entry_pkey"}, lambda tx, s: dnc.remove(tx, T, ID, [KEY])),
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
    "records of customers in a campaign": (
        {"list_record_customer", "campaign_record_record"},
        lambda tx, s: dialling.chosen_ids(tx, T, ID, Chosen(customers=("c1",))),
    ),
    "records of a result in a campaign": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: dialling.chosen_ids(tx, T, ID, Chosen(results=("busy",))),
    ),
    "records with a barred number": (
        {"dnc_entry_key"},
        lambda tx, s: dialling.barred_by_number(tx, T, ID, [(ID, MatchKey(KEY))]),
    ),
    "numbers of new records": ({"list_record_phone_pkey"}, lambda tx, s: dialling.numbers_of(tx, T, [ID])),
    "whether anything is barred": ({"dnc_entry_key"}, lambda tx, s: dnc.has_entries(tx, T)),
    "campaign records of list records": (
        {"campaign_record_record"},
        lambda tx, s: dialling.of_list_records(tx, T, ID, [ID]),
    ),
    "records that are coded, recalled, renewed, barred and filtered": (
        {"campaign_record_pkey"},
        lambda tx, s: _decide(tx),
    ),
    "campaigns over a list that have a filter": (
        {"campaign_list_list"},
        lambda tx, s: campaigns.over_list_with(tx, T, ID, "filter"),
    ),
    "promised calls": ({"campaign_record_recall"}, lambda tx, s: dialling.recalls(tx, T)),
    "how far campaigns are": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: dialling.tallies(tx, T, [ID]),
    ),
    "whether a campaign has records": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: dialling.has_records(tx, T, ID),
    ),
    "attempts of campaigns": (
        {"attempt_campaign", "list_record_pkey", "contact_pkey", "campaign_record_pkey"},
        lambda tx, s: reports.attempts(tx, T, [ID], NOON, NOON, None),
    ),
    "outcomes of campaigns": ({"attempt_campaign"}, lambda tx, s: reports.outcomes(tx, T, [ID], NOON, NOON)),
    "results of campaigns": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: reports.results(tx, T, [ID], NOON, NOON),
    ),
    "dispositions of campaigns": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: reports.dispositions(tx, T, [ID], NOON, NOON),
    ),
    "when campaigns called last": ({"attempt_campaign"}, lambda tx, s: reports.paces(tx, T, [ID])),
    "numbers that records were called on": ({"attempt_record"}, lambda tx, s: reports.numbers_called(tx, T, [ID])),
    "directions in which numbers are barred": (
        {"dnc_entry_pkey"},
        lambda tx, s: dnc.directions(tx, T, ID, [KEY]),
    ),
    "campaigns of a record": ({"campaign_record_record"}, lambda tx, s: campaigns.of_record(tx, T, ID)),
    "whose records may be": (
        {"contact_search_pkey", "contact_phone_pkey"},
        lambda tx, s: linking.candidates(tx, s, T, ["none"], [KEY]),
    ),
    "who may be told": ({"contact_pkey"}, lambda tx, s: linking.held(tx, T, [ID])),
    "who is told": (
        {"contact_phone_contact"},
        lambda tx, s: linking.persons_of(tx, T, [linking.Held(ID, {}, NOON)]),
    ),
    "keys that are there": ({"identity_key_pkey"}, lambda tx, s: identities.are_there(tx, T, [KEY])),
    "who has unique values": ({"contact_search_pkey"}, lambda tx, s: linking.holders(tx, T, [(1, "x")])),
    "keys that are taken": ({"list_record_unique"}, lambda tx, s: linking.taken_keys(tx, T, ID, ["k"])),
    "rows that are somebody known": (
        {"contact_search_pkey", "contact_phone_pkey"},
        lambda tx, s: intake.known(tx, T, asked_keys()),
    ),
    "rows that may say nothing new": (
        {"contact_search_pkey", "contact_phone_pkey", "contact_pkey"},
        lambda tx, s: intake.recognised(tx, T, asked_keys(), {}),
    ),
    "contacts of an import": (
        {"import_range_pkey", "contact_pkey"},
        lambda tx, s: intake.inserted(tx, T, ID, "contact", 0, 100),
    ),
    "records of an import": (
        {"import_range_pkey", "list_record_pkey"},
        lambda tx, s: intake.inserted(tx, T, ID, "list_record", 0, 100),
    ),
    "what an import changed": ({"change_import"}, lambda tx, s: intake.changed(tx, T, ID, LARGEST_ID, 100)),
    "contacts by their ids": (
        {"contact_pkey", "contact_phone_contact"},
        lambda tx, s: exports.contacts(tx, T, 0, 1000),
    ),
    "numbers as they were submitted": (
        {"list_record_phone_pkey"},
        lambda tx, s: exports.written_numbers(tx, T, [ID]),
    ),
    "calls by their ids": (
        {"interaction_pkey", "leg_tenant_id_interaction_id_identity_key"},
        lambda tx, s: exports.interactions(tx, T, None, 0, 1000),
    ),
    "changes by their ids": ({"change_pkey"}, lambda tx, s: exports.changes(tx, T, None, LARGEST_ID, 1000)),
    "columns of what an import refused": (
        {"import_refusal_pkey"},
        lambda tx, s: import_content.refused_columns(tx, T, ID, 1000),
    ),
    "what an import inserted of these": (
        {"contact_pkey"},
        lambda tx, s: import_work.own_among(tx, T, ID, "contact", [ID]),
    ),
    "records that an import does not name": (
        {"list_record_position"},
        lambda tx, s: import_replace.unnamed(tx, T, ID, ID, 1000),
    ),
    "records that somebody works with": (
        {"change_of", "campaign_record_record"},
        lambda tx, s: import_undo.touched_records(tx, T, ID, [ID]),
    ),
    "contacts that somebody works with": (
        {"change_of", "list_record_contact", "interaction_contact"},
        lambda tx, s: import_undo.touched_contacts(tx, T, ID, [ID]),
    ),
    "contacts that are taken away": (
        {"contact_pkey", "contact_phone_contact", "interaction_contact"},
        lambda tx, s: import_undo.remove_contacts(tx, T, [ID]),
    ),
    "calls of many unknown callers": (
        {"interaction_unlinked"},
        lambda tx, s: _unknown(tx),
    ),
    "the record that was called": (
        {"campaign_record_pkey", "campaign_record_record", "list_record_pkey"},
        lambda tx, s: lists.hold_called(tx, T, ID, ID),
    ),
    "what contacts are found by no more": (
        {"contact_search_pkey", "contact_phone_contact"},
        lambda tx, s: linking.write_changes(tx, s, T, datetime.now(UTC), [_other_person()]),
    ),
    "records that a campaign loses": (
        {"campaign_record_pkey", "attempt_record"},
        lambda tx, s: campaigns.detach(tx, T, ID, ID, [ID]),
    ),
    "records of a list, a part": ({"list_record_position"}, lambda tx, s: lists.places(tx, T, ID, 0, 100)),
    "numbers of records": ({"list_record_phone_pkey"}, lambda tx, s: lists.numbers_of(tx, T, [ID])),
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
    "records of a campaign": (
        {"campaign_record_tenant_id_campaign_id_record_id_key", "list_record_pkey", "attempt_record"},
        lambda tx, s: campaign_records.of_campaign(tx, T, ID, 0, 100),
    ),
    "records in their campaigns": (
        {"campaign_record_record", "list_record_pkey", "attempt_record"},
        lambda tx, s: campaign_records.of_records(tx, T, [ID], 0),
    ),
    "records of a foreign id, read on": (
        {"list_record_external"},
        lambda tx, s: campaign_records.external_after(tx, T, "x", 0, 200),
    ),
    "records in the order of names": (
        {"list_record_name"},
        lambda tx, s: campaign_seats.places_after(tx, T, {ID: campaign_seats.FIRST_PLACE}, 100),
    ),
    "what a campaign record is of": ({"campaign_record_pkey"}, lambda tx, s: campaign_seats.seat(tx, T, ID)),
    "the first with a foreign id": (
        {"list_record_external", "campaign_record_record"},
        lambda tx, s: campaign_seats.first_seat(tx, T, "x", 0),
    ),
    "a campaign record that begins anew": (
        {"campaign_record_pkey", "attempt_record"},
        lambda tx, s: campaign_seats.begin_anew(tx, T, ID),
    ),
    "data sets of a number": ({"data_set_match"}, lambda tx, s: datasets.of_number(tx, T, KEY)),
    "callback": ({"data_set_match"}, lambda tx, s: datasets.register_callback(tx, T, KEY, 60, None)),
    "changed number": ({"data_set_match"}, lambda tx, s: datasets.move(tx, T, KEY, "1", "d:1")),
    "call by its id": (
        {"interaction_tenant_id_call_id_key"},
        lambda tx, s: calls.by_call_id(tx, T, "none"),
    ),
    "calls of unknown callers": (
        {"interaction_unlinked"},
        lambda tx, s: _unknown(tx),
    ),
    "journal": ({"change_pkey"}, lambda tx, s: _changes(tx, None, None)),
    "journal of an entity": ({"change_of"}, lambda tx, s: _changes(tx, "contact", ID)),
    "what happened since the last batch": (
        {"event_batch_pkey", "change_xact", "event_xact"},
        lambda tx, s: events.gather(tx, [T]),
    ),
    "what comes behind a place": (
        {"event_batch_pkey", "change_xact", "event_xact"},
        lambda tx, s: events.behind(tx, T, Place(1, LARGEST_ID), 500),
    ),
    "the rest of a batch": (
        {"event_batch_pkey", "change_pkey", "event_pkey"},
        lambda tx, s: events.behind(tx, T, Place(1, 1), 500),
    ),
    "pops behind a place": (
        {"event_batch_pkey", "event_xact"},
        lambda tx, s: events.behind(tx, T, Place(1, LARGEST_ID), 500, journal=False),
    ),
    "the rest of a batch's pops": (
        {"event_batch_pkey", "event_pkey"},
        lambda tx, s: events.behind(tx, T, Place(1, 1), 500, journal=False),
    ),
    "who may still listen": (
        {"credential_pkey", "former_secret_pkey", "console_session_pkey"},
        lambda tx, s: listeners.still_good(tx, [("native", b"x"), ("console", b"x")]),
    ),
    "what an agent should know at once": (
        {"interaction_contact", "contact_phone_contact", "data_set_match"},
        lambda tx, s: screenpop.standings(tx, T, [ID]),
    ),
    "whose an entry of the journal is": (
        {"interaction_pkey"},
        lambda tx, s: journal.record(tx, Author(T, "a", "native"), "interaction", ID, None, {}),
    ),
    "whose many entries of the journal are": (
        {"campaign_record_pkey", "list_record_pkey"},
        lambda tx, s: journal.record_all(tx, Author(T, "a", "native"), "campaign_record", [(ID, None, {})]),
    ),
    "events by their places": ({"change_pkey", "event_pkey"}, lambda tx, s: events.at(tx, T, [Place(1, ID)])),
    "how far a stream goes": ({"event_batch_pkey"}, lambda tx, s: events.last_place(tx, T)),
    "whether a place is kept": ({"event_batch_pkey"}, lambda tx, s: events.is_kept(tx, T, Place(1, 1))),
    "what is due to a receiver": ({"webhook_delivery_waiting"}, lambda tx, s: webhooks.due(tx, T, ID, 16)),
    "how much waits for a receiver": ({"webhook_delivery_waiting"}, lambda tx, s: webhooks.waiting(tx, T, ID)),
    "receivers that have something to do": (
        {"event_batch_pkey", "webhook_delivery_waiting"},
        lambda tx, s: webhooks.busy(tx, "me"),
    ),
    "dead deliveries": (
        {"webhook_delivery_dead"},
        lambda tx, s: webhooks.deliveries(tx, T, ID, state="dead", below=LARGEST_ID, limit=50),
    ),
    "deliveries": (
        {"webhook_delivery_pkey"},
        lambda tx, s: webhooks.deliveries(tx, T, ID, state=None, below=LARGEST_ID, limit=50),
    ),
    "what bars people": (
        {"dnc_entry_key"},
        lambda tx, s: may_call.barring(tx, T, ID, [may_call.Asked(1, "INTERNAL", KEY)]),
    ),
    "tries of numbers": (
        {"attempt_number"},
        lambda tx, s: may_call.full_since(tx, T, [KEY], TriesRule(most=3, hours=24), NOON),
    ),
    "postcodes of a number": (
        {"contact_phone_pkey", "contact_pkey"},
        lambda tx, s: may_call.postcodes_of_number(tx, T, KEY),
    ),
    "the next records to claim": (
        {"campaign_record_next"},
        lambda tx, s: claiming.candidates(tx, T, ID, NOON, "kim", 10),
    ),
    "records at random places": (
        {"campaign_record_tenant_id_campaign_id_record_id_key", "campaign_record_pkey"},
        lambda tx, s: claiming.scattered(tx, T, ID, NOON, "kim", 10),
    ),
    "when the next is due": ({"campaign_record_next"}, lambda tx, s: claiming.next_due(tx, T, ID, "kim")),
    "whether records may be called": (
        {"list_record_pkey", "contact_pkey", "list_record_phone_pkey"},
        lambda tx, s: callees.facts(tx, T, [ID]),
    ),
    "records that are claimed": (
        {"campaign_record_pkey"},
        lambda tx, s: claiming.take(tx, T, [ID], "kim", TOKEN, NOON),
    ),
    "records that are passed by": (
        {"campaign_record_pkey"},
        lambda tx, s: holds.pass_by(tx, T, {ID: Hold("hours", NOON)}),
    ),
    "a claim that is renewed": (
        {"campaign_record_claim", "campaign_record_pkey"},
        lambda tx, s: claiming.renew(tx, T, ID, TOKEN, None, NOON, NOON),
    ),
    "a claim that is given back": (
        {"campaign_record_claim", "campaign_record_pkey"},
        lambda tx, s: claiming.release(tx, T, ID, TOKEN, None),
    ),
    "how far a campaign is": (
        {"attempt_campaign"},
        lambda tx, s: progress.attempts_by_hour(tx, T, ID, NOON),
    ),
    "a page of a campaign's records": (
        {"campaign_record_tenant_id_campaign_id_record_id_key"},
        lambda tx, s: progress.page(tx, T, ID, NOON, 0, "new", 100),
    ),
    "campaign records that are arranged": (
        {"campaign_record_pkey"},
        lambda tx, s: progress.arrange(tx, T, ID, [ID], 1, None),
    ),
    "records that claims passed by": ({"campaign_record_next"}, lambda tx, s: holds.look_again(tx, T, ID)),
    "a record that says something else": ({"campaign_record_record"}, lambda tx, s: holds.release_records(tx, T, [ID])),
    "who has a number that is barred no more": (
        {"list_record_phone_match", "campaign_record_record"},
        lambda tx, s: holds.release_numbers(tx, T, [KEY]),
    ),
    "numbers of a claim": (
        {"claimed_number_record"},
        lambda tx, s: claimed_numbers.keep(tx, T, TOKEN, [ID], NOON),
    ),
    "numbers that are called no more": ({"claimed_number_record"}, lambda tx, s: claimed_numbers.free(tx, T, [ID])),
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


_FIRST_DAY = 2000


@pytest.mark.parametrize(
    ("statement", "scope", "key"),
    [
        (campaign_records.BY_NUMBER, "$tenant, 0", "+13305550101"),
        (campaign_records.BY_CUSTOMER, "$tenant, 0", "77"),
        (campaign_records.BY_EXTERNAL_ID, "$tenant, 0", "u77"),
        (campaign_records.BY_KEY, "$tenant, $list, 'Spring'", "$key"),
    ],
    ids=lambda value: value.name if isinstance(value, HotStatement) else None,
)
async def test_a_first_days_records_are_not_read_through(
    first_day: tuple[Core, int], statement: HotStatement, scope: str, key: str
) -> None:
    """Before PostgreSQL has counted a table, any index that begins alike seems as good as any other."""
    core, tenant_id = first_day
    async with core.database.transaction() as tx:
        one = await tx.fetchrow("SELECT list_id, key_text FROM list_record WHERE customer_id = '77'")
        assert one is not None
        scope = scope.replace("$tenant", str(tenant_id)).replace("$list", str(one["list_id"]))
        key = key.replace("$key", one["key_text"])
        for setting, value in PLANNED_ONCE.items():
            await tx.execute(f"SET LOCAL {setting} = {value}")
        await tx.execute(f"PREPARE asked AS {statement.sql}")
        said = await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({scope}, ARRAY['{key}'])")
        await tx.execute("DEALLOCATE asked")
    nodes = list(nodes_of(json.loads(said)[0]["Plan"]))
    assert nodes[0]["Actual Rows"] == 1
    assert sum(node.get("Rows Removed by Filter", 0) for node in nodes) < 10, said


@pytest.mark.parametrize(
    ("ask", "own", "others"),
    [
        (results.completed_since, "campaign_record_completed", "campaign_record_told"),
        (results.changed_since, "campaign_record_told", "campaign_record_completed"),
    ],
)
async def test_no_order_of_results_is_read_from_the_index_of_the_other(
    crowded: Core, ask: Callable[..., Awaitable[object]], own: str, others: str
) -> None:
    async def used(tx: Tx) -> set[str]:
        plans = await plans_of(tx, lambda tx: ask(tx, T, ID, ID, NOON, 100))
        return {name for plan in plans for name in plan.indexes}

    with pytest.raises(_TakenBackError):
        async with crowded.database.transaction() as tx:
            found = await used(tx)
            assert own in found
            assert others not in found
            await tx.execute(f"DROP INDEX {own}")
            assert others not in await used(tx)
            raise _TakenBackError


class _TakenBackError(Exception):
    """What was done to the database is undone."""


@pytest.fixture(scope="module")
async def first_day(server: EmbeddedServer, passwords: Passwords) -> AsyncIterator[tuple[Core, int]]:
    """A tenant and its campaign's own list, filled at once, in a database without statistics."""
    name = await make_database(server)
    connection = await connect(server, name)
    await migrate(connection)
    for table in ("list_record", "list_record_phone", "campaign_record"):
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    await connection.close()
    core = open_core(server.dsn.replace(f"/{DATABASE}?", f"/{name}?"))
    await core.database.open()
    records = await make_tenant(core, passwords)
    rows = [
        {"customer_id": f"{n}", "UserData": f"u{n}", "tel1": f"+1330555{n:04}" if n != 77 else "+13305550101"}
        for n in range(_FIRST_DAY)
        if n != 101
    ]
    await records.lists.add_many("Spring", rows)
    yield core, records.tenant.id
    await core.database.close()


async def test_the_helper_sees_a_scan(crowded: Core) -> None:
    async with crowded.database.reading() as tx:
        plan = await plan_of(tx, "SELECT 1 FROM contact WHERE attributes::text = $1", 1)
    with pytest.raises(AssertionError, match="contact"):
        refuse_scans([plan])


def _contact(contact_id: int) -> Contact:
    return Contact(contact_id, 0, {}, 0, datetime.now(UTC), datetime.now(UTC))


def _other_person() -> Person:
    """A contact that has another name and no number any more."""
    gone = {(0, "phone1"): Phone("1", None, "1", MatchKey("d:1"), "")}
    return Person(ID, {"first_name": "Ada"}, {"first_name": "Eve"}, gone, {}, 1, writes=1)


_RANGE: Way = Way("range", "value 1", 1, "city", high="value 3")


def _merge() -> Merge:
    told = Evidence([], [], {}, {}, [(ID, "phone")], [ID], [ID], [ID])
    return Merge(ID, ID, ID + 1, NOON, None, told)


async def _hold(tx: Tx) -> None:
    await merging.hold_records(tx, T, [ID])
    await merging.hold_calls(tx, T, [ID])


async def _standing(tx: Tx) -> None:
    await merging.standing(tx, T, ID, None)
    await merging.later(tx, T, _merge())


async def _person(tx: Tx) -> None:
    """A contact of the crowd, so that all statements run."""
    tenant_id = (await directory.tenants(tx))[0].id
    contact_id = await tx.fetchval("SELECT min(id) FROM contact WHERE tenant_id = $1", tenant_id)
    assert await erasure.person(tx, tenant_id, contact_id) is not None


async def _of_others(tx: Tx) -> None:
    await erasure.shared(tx, T, [KEY], [ID])
    await erasure.partners(tx, T, [ID])


def _group(*kinds: Any) -> Group:
    texts = {"value": "value 7", "prefix": "value", "number": "+13300000007"}
    return tuple((Way(kind, texts[kind], n % 5, "city"),) for n, kind in enumerate(kinds, start=7))


async def _found(tx: Tx, schema: Schema, *kinds: Any) -> None:
    """A search in the crowd that finds somebody, so that all of its statements run."""
    tenant_id = (await directory.tenants(tx))[0].id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contact_search, "COMMON", 1)
        await contact_search.newest(tx, tenant_id, schema, [_group(*kinds)], LARGEST_ID, 50)


async def _unknown(tx: Tx) -> None:
    """A call of nobody that becomes somebody's."""
    await interactions.put_root(tx, T, "unknown", "", KEY, None, None)
    await interactions.link_unknown(tx, T, {KEY: ID})


async def _transfer(tx: Tx) -> None:
    await interactions.put_root(tx, T, "related", "", "t:", None, None)
    await interactions.put_root(tx, T, "new", "", "t:", None, None)
    await interactions.put_joined(tx, T, "new", "related", "", "t:", None, None)
    await interactions.put_joined(tx, T, "new", "old", "", "t:", None, None)
    await interactions.put_root(tx, T, "old", "", "t:", None, None)


async def _first(batches: AsyncIterator[object]) -> None:
    async for _ in batches:
        return


async def _decide(tx: Tx) -> None:
    await dialling.code(tx, T, [ID], "002", None, None)
    await dialling.arrange(tx, T, [(ID, NOON, Recall())])
    await dialling.give_up_recall(tx, T, [ID])
    await dialling.renew(tx, T, [ID])
    await dialling.bar(tx, T, [ID])
    await dialling.leave_out(tx, T, [ID], left_out=True)


async def _missing(asked: Awaitable[object]) -> None:
    with pytest.raises(Missing):
        await asked


async def _calls(tx: Tx, **asked: Any) -> None:
    await call_search.search(tx, T, CallSearch(**asked), TimeCursor(NOON, ID), 50, 50)


async def _changes(tx: Tx, entity: str | None, entity_id: int | None) -> None:
    await journal.changes(tx, T, entity=entity, entity_id=entity_id, below=LARGEST_ID, limit=50)
