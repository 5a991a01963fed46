"""Another tenant's record looks exactly like a missing one, whatever is done to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ringbook.core.access import Records
from ringbook.core.attempts import AttemptReport
from ringbook.domain.dataset import Template
from ringbook.domain.interaction import LegDraft
from ringbook.domain.layout import Field
from ringbook.domain.object_id import ObjectId
from ringbook.domain.problems import Missing
from tests.core.cast import LEADS, SPRING, agent_leg, everybody, lead, number, only, save


class Theirs:
    """What another tenant has: ids and names that mean nothing here."""

    def __init__(self, **ids: int) -> None:
        self.contact = ids["contact"]
        self.list = ids["list"]
        self.record = ids["record"]
        self.campaign = ids["campaign"]
        self.campaign_record = ids["campaign_record"]
        self.key = ids["key"]
        self.condition = ids["condition"]


@pytest.fixture
async def theirs(other: Records) -> Theirs:
    campaign = await other.campaigns.create("Theirs", campaign_id=99)
    made = await other.lists.create("theirs.csv", [Field("id", key=True), Field("Phone", type="PHONE")])
    await other.campaigns.bind(campaign.id, made.id)
    record = await other.lists.add(made.id, {"id": "1", "Phone": number(1)})
    await other.datasets.submit("Inbound IVR context", number(1), {"AccNum": "7"})
    await agent_leg(other, "their-call", ani=number(1))
    await other.do_not_call.put_list("theirs", "INTERNAL")
    await other.do_not_call.add("theirs", [number(1)])
    await other.schema.add_condition("", "callVariable1", "city", "")
    return Theirs(
        contact=record.contact_id or 0,
        list=made.id,
        record=record.id,
        campaign=campaign.id,
        campaign_record=only(await other.campaigns.records_of(record.id)).id,
        key=only([key for key in await other.keys.all() if key.dialect == "native"]).id,
        condition=only(await other.schema.conditions()).id,
    )


def _attempt(records: Records, campaign: int, record_id: int) -> Awaitable[object]:
    return records.attempts.report(AttemptReport(campaign=campaign, outcome="busy", record_id=record_id))


CALLS: dict[str, Callable[[Records, Theirs], Awaitable[object]]] = {
    "read a contact": lambda r, t: r.contacts.get(t.contact),
    "update a contact": lambda r, t: r.contacts.update(t.contact, {"city": "Akron"}),
    "delete a contact": lambda r, t: r.contacts.delete(t.contact),
    "read a list's records": lambda r, t: r.lists.records(t.list),
    "read a record": lambda r, t: r.lists.get(t.list, {"id": "1"}),
    "read a record by the list's name": lambda r, t: r.lists.get("theirs.csv", {"id": "1"}),
    "add a record": lambda r, t: r.lists.add(t.list, {"id": "2", "Phone": number(2)}),
    "update a record": lambda r, t: r.lists.update(t.list, {"id": "1", "Phone": number(2)}),
    "clear a list": lambda r, t: r.lists.clear(t.list),
    "drop a list": lambda r, t: r.lists.drop(t.list),
    "read a campaign": lambda r, t: r.campaigns.get(t.campaign),
    "read a campaign's lists": lambda r, t: r.campaigns.lists_of(t.campaign),
    "update a campaign": lambda r, t: r.campaigns.update("Theirs", enabled=False),
    "bind our list to it": lambda r, t: r.campaigns.bind(t.campaign, LEADS),
    "bind its list to ours": lambda r, t: r.campaigns.bind(SPRING, t.list),
    "unbind its list": lambda r, t: r.campaigns.unbind(SPRING, t.list),
    "clear a campaign": lambda r, t: r.campaigns.clear(t.campaign),
    "drop a campaign": lambda r, t: r.campaigns.drop(t.campaign),
    "ask what bars a number": lambda r, t: r.campaigns.barred_by(t.campaign, number(1)),
    "report an attempt on its campaign": lambda r, t: _attempt(r, t.campaign, t.record),
    "report an attempt on its record": lambda r, t: _attempt(r, SPRING, t.record),
    "report an attempt on its campaign record": lambda r, t: _attempt(r, SPRING, t.campaign_record),
    "read a call": lambda r, t: r.interactions.get("their-call"),
    "register a callback": lambda r, t: r.datasets.callback(number(1), ecbt=60),
    "bar a number": lambda r, t: r.do_not_call.add("theirs", [number(2)]),
    "bind a do-not-call list": lambda r, t: r.do_not_call.bind("theirs", SPRING),
    "revoke a key": lambda r, t: r.keys.revoke(t.key),
    "drop a condition": lambda r, t: r.schema.drop_condition(t.condition),
}


@pytest.mark.parametrize("call", CALLS)
async def test_what_another_tenant_has_is_missing(records: Records, theirs: Theirs, call: str) -> None:
    with pytest.raises(Missing) as foreign:
        await CALLS[call](records, theirs)
    nowhere = Theirs(**dict.fromkeys(vars(theirs), 2**62))
    with pytest.raises(Missing) as unknown:
        await CALLS[call](records, nowhere)
    assert (foreign.value.message, foreign.value.facts) == (unknown.value.message, unknown.value.facts)


async def test_nothing_of_theirs_was_changed_by_trying(records: Records, other: Records, theirs: Theirs) -> None:
    for call in CALLS.values():
        with pytest.raises(Missing):
            await call(records, theirs)
    assert only(await everybody(other)).version == 0
    assert only(await other.lists.records(theirs.list)).fields == {"id": "1", "Phone": "3305550101"}
    assert only(await other.campaigns.records_of(theirs.record)).tries == 0
    assert only(await other.datasets.of_number(number(1))).ecbt is None
    assert len(await other.schema.conditions()) == 1
    assert [known.name for known in await other.campaigns.lists_of("Theirs")] == ["Theirs", "theirs.csv"]


async def test_what_lists_and_finds_shows_ones_own_alone(records: Records, other: Records, theirs: Theirs) -> None:
    assert await everybody(records) == []
    assert await records.contacts.search({"phone": number(1)}) == []
    assert await records.datasets.of_number(number(1)) == []
    assert await records.campaigns.records_of(theirs.record) == []
    assert await records.campaigns.barred_by(SPRING, number(1)) is None
    assert await records.schema.conditions() == []
    assert await records.do_not_call.names() == []
    assert [known.name for known in await records.lists.all()] == [LEADS]
    assert [campaign.name for campaign in await records.campaigns.all()] == ["Spring"]
    assert theirs.key not in [key.id for key in await records.keys.all()]
    assert all(c.entity_id != theirs.contact for c in await records.journal.changes(limit=500))
    found = await records.lookup.by_number(number(1))
    assert (found.contacts, found.data_sets, found.campaign_records, found.interactions) == ([], [], [], [])


async def test_a_template_of_theirs_reads_and_takes_nothing_here(
    records: Records, other: Records, theirs: Theirs
) -> None:
    template: Template = only(await other.datasets.templates())
    with pytest.raises(Missing):
        await records.datasets.of_template(template, number(1))


async def test_ids_of_theirs_pop_nobody(records: Records, other: Records, theirs: Theirs) -> None:
    contact = await other.contacts.get(theirs.contact)
    object_id = str(ObjectId(contact.created_second, contact.id))
    popped = await records.screenpops.evaluate(number(1), "", {"callVariable1": object_id})
    assert popped.match == "none"


async def test_ids_of_theirs_in_our_own_calls_count_for_nothing(records: Records, theirs: Theirs) -> None:
    await records.lists.add(LEADS, lead(1, number(2)))
    assert await records.lists.clear(LEADS, [theirs.record]) == 0
    assert await records.campaigns.clear(SPRING, [theirs.campaign_record]) == 0


async def test_the_same_person_keys_and_calls_are_apart(records: Records, other: Records) -> None:
    ours, foreign = [
        await save(r, customer_id="900", customer_number="K-1", phone1=number(1)) for r in (records, other)
    ]
    await records.interactions.save_leg("call", number(1), LegDraft(actor="AGENT", agent="kim"))
    await other.interactions.save_leg("call", number(1), LegDraft(actor="AGENT", agent="lee"))
    assert (await records.interactions.get("call")).contact_id == ours.id
    assert (await other.interactions.get("call")).contact_id == foreign.id
    assert only((await records.interactions.get("call")).legs).agent == "kim"
