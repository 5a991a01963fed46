"""A person is erased: no trace in any table but receipt and hashes, barred as before, and nobody else is touched."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.contact import Contact
from ringbook.domain.erasure import ERASED_LIST, Traces
from ringbook.domain.imports import ImportSettings
from ringbook.domain.phone import normalise
from ringbook.domain.problems import Conflict, Forbidden, MergedAway, Missing, Stale
from ringbook.domain.schema import Attribute
from ringbook.store import erasure as stored
from tests.core.cast import (
    LEADS,
    SPRING,
    agent_leg,
    attempt,
    everybody,
    history,
    lead,
    number,
    only,
    save,
    told,
    with_number,
)

NAME = "Zerlina"
EMAIL = "zerlina@example.org"
OWN = (number(1), number(2), number(3), number(4), number(5), number(6))
_NOT_DIGITS = re.compile(r"\D")


async def texts_of(core: Core, tenant_id: int) -> list[str]:
    """What a dump of the database would have of the tenant: all rows of all its tables, as text."""
    async with core.database.reading() as tx:
        tables = await tx.fetch(
            """
            SELECT c.relname AS name
              FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relkind = 'r'
               AND c.relnamespace = 'public'::regnamespace
               AND a.attname = 'tenant_id'
            """
        )
        return [
            f"{table['name']}: {row['text']}"
            for table in tables
            for row in await tx.fetch(f"SELECT t::text AS text FROM {table['name']} t WHERE tenant_id = $1", tenant_id)
        ]


def traces_in(texts: list[str]) -> list[str]:
    """The texts that tell of the person: its names, its address, or one of its numbers in any spelling."""
    tails = [_NOT_DIGITS.sub("", raw) for raw in OWN]
    return [
        text
        for text in texts
        if NAME.lower() in text.lower()
        or EMAIL in text.lower()
        or any(tail in re.sub(r"[-\s().+/]", "", text) for tail in tails)
    ]


async def leave_traces(core: Core, records: Records) -> Contact:
    """A person who is everywhere."""
    await records.contacts.save_profile({"first_name": NAME, "phone1": number(1)})
    await records.schema.put(Attribute(id=0, key="nickname", label="Nickname", type="Text"), "Text")
    zerlina = await save(
        records, first_name=NAME, phone1=number(1), email=EMAIL, customer_number="K-1", nickname="zerlinA"
    )
    await records.contacts.update(zerlina.id, {"phone1": number(2), "phone2": number(1)})
    await records.contacts.update(zerlina.id, {"phone2": None, "city": "Akron"})
    await records.schema.hide("nickname")
    await records.lists.add(LEADS, lead(f"{NAME}-1", number(2), first=NAME, phone2=number(3)))
    await records.lists.add("Spring", {"customer_id": f"{NAME}-2", "customer_name": NAME, "tel1": number(2)})
    await attempt(
        records, phone=number(3), disposition=f"{NAME} is away", notes="call 330.555.0102", call_id="330-555-0103"
    )
    await agent_leg(records, f"call-of-{NAME}", ani="+1 (330) 555-0102", notes=NAME, submitted={"who": NAME})
    await agent_leg(records, "call-2", ani="13305550101", wrap_up=NAME)
    await records.datasets.submit("Inbound IVR context", number(2), {"LastName": NAME})
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(2), number(9), "330.555.0103"], comments={number(2): NAME})
    # One that was merged with her, one that was so for a while, and her record of a list that was deleted since.
    part = await save(records, company=f"{NAME} Ltd", phone1=number(4))
    await records.merging.merge(zerlina.id, [part.id])
    friend = await save(records, first_name="Ada", phone1=number(20))
    await records.merging.merge(friend.id, [zerlina.id], {"first_name": zerlina.id})
    await records.merging.unmerge(friend.id)
    await records.lists.add(LEADS, lead("gone", number(2), last=NAME))
    await records.lists.clear(LEADS, [(await records.lists.get(LEADS, {"id": "gone"})).id])
    return await records.contacts.get(zerlina.id)


async def test_no_trace_is_left_in_the_whole_database(core: Core, records: Records) -> None:
    await save(records, first_name="Max", phone1=number(30), city="Akron")
    zerlina = await leave_traces(core, records)
    assert len({text.partition(":")[0] for text in traces_in(await texts_of(core, records.tenant.id))}) >= 12
    receipt = await records.erasure.erase(zerlina.id)
    assert traces_in(await texts_of(core, records.tenant.id)) == []
    assert receipt.reached["contacts"] == 2
    assert receipt.reached["numbers_barred"] == 4
    assert receipt.reached["list_records"] == 2
    assert {"Ada", "Max"} == {contact.attributes["first_name"] for contact in await everybody(records)}
    with pytest.raises(Missing):
        await records.contacts.get(zerlina.id)
    with pytest.raises(Missing):
        await records.erasure.erase(zerlina.id)


async def test_the_receipt_is_in_the_journal_and_names_nobody(core: Core, records: Records) -> None:
    zerlina = await leave_traces(core, records)
    receipt = await records.erasure.erase(zerlina.id)
    entry = only(await history(records, "erasure", zerlina.id))
    assert (entry.by, told(entry.before), told(entry.after)) == ("tests", None, receipt.reached)
    for change in await history(records, "contact", zerlina.id):
        assert (told(change.before), told(change.after)) == (None, None)
        assert change.by == "tests"


async def test_who_was_erased_stays_barred(core: Core, records: Records) -> None:
    zerlina = await leave_traces(core, records)
    await records.erasure.erase(zerlina.id)
    for n in (1, 2, 3, 4):
        assert await records.campaigns.barred_by(SPRING, number(n)) == ERASED_LIST, n
        assert await records.campaigns.barred_by(SPRING, f"+1 (330) 555-01{n:02}") == ERASED_LIST, n
    assert await records.campaigns.barred_by(SPRING, number(9)) == "internal"
    assert await records.campaigns.barred_by(SPRING, number(8)) is None
    await records.campaigns.create("Autumn")
    assert await records.campaigns.barred_by("Autumn", number(2)) == ERASED_LIST


async def test_the_hash_needs_the_key_file_and_is_another_one_in_each_tenant(
    core: Core, records: Records, other: Records
) -> None:
    for one in (records, other):
        await one.erasure.erase((await save(one, phone1=number(2))).id)
    async with core.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT key FROM dnc_entry WHERE tenant_id = ANY ($1::bigint[])", [records.tenant.id, other.tenant.id]
        )
    assert len({row["key"] for row in rows}) == 2
    elsewhere = Passwords(b"A" * 43 + b"=")
    assert all(
        elsewhere.signature("number of an erased person", f"{one.tenant.id}:+13305550102".encode()).hex()
        not in {row["key"][2:] for row in rows}
        for one in (records, other)
    )


async def test_nobody_edits_what_bars_the_erased(records: Records) -> None:
    await records.erasure.erase((await save(records, phone1=number(2))).id)
    lists = records.do_not_call
    for edit in (
        lists.add(ERASED_LIST, [number(8)]),
        lists.replace(ERASED_LIST, []),
        lists.remove(ERASED_LIST),
        lists.take(ERASED_LIST, None),
        lists.bind(ERASED_LIST, SPRING),
        lists.put_list(ERASED_LIST, "AREA_CODES"),
        lists.drop_list(ERASED_LIST),
        records.dnc_lists.create(ERASED_LIST, "EXCLUSION"),
        records.dnc_lists.bind(ERASED_LIST, [SPRING]),
        records.dnc_lists.drop(ERASED_LIST),
        records.dnc_lists.remove(ERASED_LIST, [number(2)]),
    ):
        with pytest.raises(Conflict):
            await edit
    assert await records.campaigns.barred_by(SPRING, number(2)) == ERASED_LIST


async def test_a_number_that_another_contact_has_too_stays_that_ones(core: Core, records: Records) -> None:
    ada = await save(records, customer_id="900", first_name="Ada", phone1=number(1))
    eve = await save(records, customer_id="901", first_name="Eve", phone1=number(1), phone2=number(2))
    await records.lists.add(LEADS, lead(1, number(1), account="900"))
    await records.interactions.link((await _call(records, "hers", number(1))), eve.id)
    await records.interactions.link((await _call(records, "adas", number(1))), ada.id)
    await records.datasets.submit("Inbound IVR context", number(1), {"LastName": "Bell"})
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    receipt = await records.erasure.erase(eve.id)
    assert (receipt.reached["numbers_barred"], receipt.reached["numbers_of_others"]) == (1, 1)
    assert (await records.contacts.get(ada.id)).attributes == ada.attributes
    assert (await records.lists.get(LEADS, {"id": "1"})).contact_id == ada.id
    assert (await records.interactions.get("adas")).contact_id == ada.id
    with pytest.raises(Missing):
        await records.interactions.get("hers")
    assert len(await records.datasets.of_number(number(1))) == 1
    assert await records.campaigns.barred_by(SPRING, number(1)) == "internal"
    assert told(only(await history(records, "contact", ada.id)).after) == ada.attributes | {}


async def _call(records: Records, call_id: str, ani: str) -> str:
    await agent_leg(records, call_id, ani=ani)
    return call_id


async def test_what_a_campaign_counts_stays(core: Core, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(2), first=NAME))
    await attempt(records, phone=number(2), outcome="answered", agent="kim", talk_seconds=60)
    await records.erasure.erase(only(await everybody(records)).id)
    async with core.database.reading() as tx:
        row = await tx.fetchrow("SELECT * FROM attempt WHERE tenant_id = $1", records.tenant.id)
    assert row is not None
    assert (row["campaign_id"], row["outcome"], row["agent"], row["talk_seconds"]) == (SPRING, "answered", "kim", 60)
    assert (row["phone"], row["contact_id"], row["campaign_record_id"]) == ("", None, None)


async def test_a_deleted_contact_can_be_erased_and_one_that_is_part_of_another_cannot(
    core: Core, records: Records
) -> None:
    deleted = await save(records, first_name=NAME, phone1=number(2))
    await records.lists.add(LEADS, lead(1, number(2), last=NAME))
    await records.contacts.delete(deleted.id)
    assert traces_in(await texts_of(core, records.tenant.id))
    await records.erasure.erase(deleted.id)
    assert traces_in(await texts_of(core, records.tenant.id)) == []
    a, b = await save(records, city="a"), await save(records, city="b")
    await records.merging.merge(a.id, [b.id])
    with pytest.raises(MergedAway):
        await records.erasure.erase(b.id)


async def test_erasing_needs_the_admin_scope_the_version_that_was_read_and_ones_own_tenant(
    core: Core, records: Records, other: Records
) -> None:
    contact = await save(records, city="Akron")
    key = await records.keys.create("writer", "native", scopes=["write"])
    assert key.secret is not None
    writer = await core.authenticate("native", key.secret)
    with pytest.raises(Forbidden):
        await writer.erasure.erase(contact.id)
    await records.contacts.update(contact.id, {"city": "Kent"})
    with pytest.raises(Stale):
        await records.erasure.erase(contact.id, version=0)
    for id_ in (contact.id, 0, 2**63, 2**70):
        with pytest.raises(Missing):
            await other.erasure.erase(id_)
    assert (await records.contacts.get(contact.id)).attributes == {"city": "Kent"}


async def test_a_person_who_comes_again_is_a_new_one_and_barred(records: Records) -> None:
    zerlina = await save(records, first_name=NAME, phone1=number(2))
    await records.erasure.erase(zerlina.id)
    await records.lists.add(LEADS, lead(1, number(2), first=NAME))
    again = only(await with_number(records, number(2)))
    assert again.id != zerlina.id
    assert await records.campaigns.barred_by(SPRING, number(2)) == ERASED_LIST


async def test_exchanges_that_were_kept_lose_what_told_of_the_person(core: Core, records: Records) -> None:
    async with core.database.transaction() as tx:
        for asked in (f'{{"phone": "330 555 0102", "who": "{NAME}"}}', '{"phone": "330 555 0199"}'):
            await tx.execute(
                """
                INSERT INTO exchange (tenant_id, dialect, key_name, request_id, at, operation, target, asked, status,
                                      answered, milliseconds)
                VALUES ($1, 'native', 'k', 'r', now(), 'o', '/v1', $2, 200, '', 1)
                """,
                records.tenant.id,
                asked,
            )
    await records.erasure.erase((await save(records, first_name=NAME, phone1=number(2))).id)
    async with core.database.reading() as tx:
        left = await tx.fetch("SELECT asked FROM exchange WHERE tenant_id = $1", records.tenant.id)
    assert [row["asked"] for row in left] == ['{"phone": "330 555 0199"}']


async def test_answers_that_were_kept_are_not_told_again(core: Core, records: Records) -> None:
    zerlina = await save(records, first_name=NAME, phone1=number(2))

    async def act(within: Records) -> bytes:
        return msgspec.json.encode((await within.contacts.get(zerlina.id)).attributes)

    await records.idempotency.once("a", b"read", act)
    await records.erasure.erase(zerlina.id)
    async with core.database.reading() as tx:
        kept = await tx.fetch("SELECT answer FROM kept_answer WHERE tenant_id = $1", records.tenant.id)
    assert [row["answer"] for row in kept] == [None]


async def test_nobody_is_erased_while_a_file_that_may_have_them_is_imported(core: Core, records: Records) -> None:
    zerlina = await save(records, first_name=NAME, phone1=number(2))

    async def content() -> AsyncIterator[bytes]:
        yield f"First name,Phone\n{NAME},{number(2)}\n".encode()

    job = await records.imports.upload("people.csv", ImportSettings(), content())
    with pytest.raises(Conflict) as refused:
        await records.erasure.erase(zerlina.id)
    assert refused.value.facts == {"import_id": job.id}
    assert await _blocks(core, records) == 1
    await records.imports.cancel(job.id)
    assert await _blocks(core, records) == 0
    await records.erasure.erase(zerlina.id)


async def _blocks(core: Core, records: Records) -> int:
    async with core.database.reading() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM import_block WHERE tenant_id = $1", records.tenant.id)
        return count


async def test_the_places_where_an_import_met_others_are_gone(core: Core, records: Records) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield f"first_name,phone1,email\n{NAME},{number(2)},{EMAIL}\n".encode()

    settings = await records.imports.settings(ImportSettings(key="email"))
    await records.imports.upload("people.csv", settings, content())
    assert await records.imports.work()
    assert traces_in(await texts_of(core, records.tenant.id))
    await records.erasure.erase(only(await everybody(records)).id)
    assert traces_in(await texts_of(core, records.tenant.id)) == []


async def test_every_table_of_tenants_is_reached_or_has_a_reason_not_to_be(core: Core) -> None:
    async with core.database.reading() as tx:
        rows = await tx.fetch(
            """
            SELECT c.relname AS name
              FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relkind = 'r'
               AND c.relnamespace = 'public'::regnamespace
               AND a.attname = 'tenant_id'
            """
        )
    reached = stored.REACHED | set(stored.COPIES)
    assert not reached & set(stored.UNTOUCHED)
    unknown = {row["name"] for row in rows} - reached - set(stored.UNTOUCHED)
    assert not unknown, f"store/erasure.py: what is to become of an erased person in {sorted(unknown)}?"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("330-555-0101", True),
        ("+1 (330) 555 01 01", True),
        ("call 330.555.0101 at noon", True),
        ("ask ADA@example.ORG", True),
        ("+1 212 555 0101", False),
        ("5550101", False),
        ("ada", False),
    ],
)
def test_a_persons_traces_are_found_in_any_spelling(text: str, found: bool) -> None:
    traces = Traces(["+13305550101"], ["ada@example.org"], lambda raw: normalise(raw, "US"))
    assert traces.are_in(text) is found
    value: Any = {"a": [text, 1, None], "b": {"c": text}}
    assert traces.without(value) == ({"a": [None, 1, None], "b": {"c": None}} if found else value)
