"""Searches and lists (contracts/cim.md 2.1 to 2.3 and 2.7)."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.domain.problems import Invalid
from ringbook.store import contact_search
from tests.core.cast import number, only
from tests.dialects.cim.conftest import Switched, saved, searched

TERMS = "/contacts/getContactsBySearchTerms"


async def test_any_spelling_of_a_number_finds_it_alone_and_beside_other_criteria(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, phone2=number(1), first_name="Ada")
    await saved(cim, phone1=number(2), first_name="Ada")
    for spelling in ("330-555-0101", "+1 (330) 555-0101", "001 330 555 0101", "13305550101", "330.555.0101"):
        assert await searched(cim, phone=spelling) == [contact["_id"]]
        assert await searched(cim, phone=spelling, first_name="ada") == [contact["_id"]]
        assert await searched(cim, phone2=spelling) == [contact["_id"]]


async def test_the_fast_way_and_the_long_way_answer_alike(cim: httpx.AsyncClient) -> None:
    await saved(cim, phone1=number(1), first_name="Zoë", city="Paris \u2028")
    fast = await cim.post(TERMS, json={"phone": number(1)})
    long = await cim.post(TERMS, json={"phone": number(1), "city": ""})
    assert fast.json() == long.json() != []
    assert (await cim.post(TERMS, json={"phone": number(2)})).json() == []


async def test_a_contact_is_found_by_what_it_has(typed: httpx.AsyncClient) -> None:
    ada = await saved(
        typed,
        first_name="Ada",
        last_name="O'Brien Smith",
        email="Ada@example.org",
        city="Akron",
        phone1=number(1),
        vip="true",
        size="43",
        born="1990-02-28",
        seen="2026-02-28T10:00:00Z",
    )
    await saved(typed, first_name="Eve", last_name="Bell", city="Kent", phone1=number(2), vip=False, size=44)
    meant: list[dict[str, Any]] = [
        {"first_name": "ADA"},
        {"first_name": " ada "},
        {"last_name": "o'b*"},
        {"last_name": "O'BRIEN*"},
        {"email": "ADA@example.org"},
        {"vip": True},
        {"vip": "true"},
        {"size": 43},
        {"size": "43.0"},
        {"born": "1990-02-28"},
        {"seen": "2026-02-28T11:00:00+01:00"},
        {"name": "bri ada"},
        {"q": "akron"},
        {"q": "330 555 0101"},
        {"q": "akr*"},
        {"q": 43},
        {"phone": "330-555-0101", "city": "Akron", "vip": "", "size": None},
    ]
    for criteria in meant:
        assert await searched(typed, **criteria) == [ada["_id"]], criteria


async def test_nobody_is_found_by_nothing_or_by_what_cannot_be(typed: httpx.AsyncClient) -> None:
    await saved(typed, first_name="Ada", city="Akron", vip=False, born="1990-02-28")
    vain: list[dict[str, Any]] = [
        {},
        {"phone": "", "first_name": " ", "vip": None},
        {"first_name": "Ad"},
        {"name": "!?"},
        {"name": "!?", "city": "Akron"},
        {"vip": "perhaps"},
        {"born": "yesterday", "city": "Akron"},
        {"no_such": "x", "city": "Akron"},
        {"city": "Akron", "first_name": "Eve"},
    ]
    for criteria in vain:
        assert await searched(typed, **criteria) == [], criteria


async def test_a_star_stands_at_the_end_behind_something(cim: httpx.AsyncClient) -> None:
    for value in ("*", "**", "a*b", "*a", " * "):
        answer = await cim.post(TERMS, json={"city": value})
        assert (answer.status_code, answer.json()["field"]) == (400, "city"), value


async def test_a_criterion_is_plain_and_bounded(cim: httpx.AsyncClient) -> None:
    for value in (["Akron"], {"a": 1}, "x" * 1001):
        assert (await cim.post(TERMS, json={"city": value})).status_code == 400, value
    assert (await cim.post(TERMS, json={f"k{n}": "1" for n in range(51)})).status_code == 400


async def test_any_criterion_is_enough_where_the_client_or_the_switch_says_so(
    cim: httpx.AsyncClient, switched: Switched
) -> None:
    ada = await saved(cim, first_name="Ada", city="Akron")
    eve = await saved(cim, first_name="Eve", phone1=number(1))
    criteria = {"first_name": "Ada", "phone": number(1), "no_such": "x"}
    answer = await cim.post(TERMS, json=criteria, params={"mode": "or"})
    assert [c["_id"] for c in answer.json()] == [eve["_id"], ada["_id"]]
    assert (await cim.post(TERMS, json=criteria, params={"mode": "xor"})).status_code == 400
    by_switch = await switched(search_mode="or")
    assert await searched(by_switch, **criteria) == [eve["_id"], ada["_id"]]
    assert (await by_switch.post(TERMS, json=criteria, params={"mode": "and"})).json() == []


async def test_a_part_of_a_text_is_found_beside_another_criterion(switched: Switched) -> None:
    cim = await switched(text_match="contains")
    ada = await saved(cim, first_name="Ada", company="Müller & Sons", phone1=number(1))
    await saved(cim, first_name="Eve", company="Bell", phone2=number(2))
    assert await searched(cim, company="muller", name="a") == [ada["_id"]]
    assert await searched(cim, company="SONS", phone=number(1)) == [ada["_id"]]
    assert await searched(cim, company="bell", name="a") == []
    assert (await cim.post(TERMS, json={"company": "sons"})).status_code == 400


async def test_a_renamed_key_is_still_understood(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, customer_number="K-1")
    await cim.put("/schema/customer_number", json={"key": "account"})
    assert await searched(cim, customer_number="k-1") == await searched(cim, account="k-1") == [contact["_id"]]
    assert (await saved(cim, customer_number="K-2"))["account"] == "K-2"


# ---- Lists


async def test_a_list_can_come_in_an_envelope_and_in_pages_of_another_size(switched: Switched) -> None:
    cim = await switched(list_envelope="object", page_size=2)
    for n in range(3):
        await saved(cim, first_name="Ada", city=str(n), phone1="4711" if n == 2 else "")
    for answer in (
        await cim.get("/getContactList"),
        await cim.post(TERMS, json={"first_name": "Ada"}),
        await cim.get("/contacts/getContactByName/ada"),
    ):
        assert [c["city"] for c in answer.json()["contacts"]] == ["2", "1"]
    assert len((await cim.post(TERMS, json={"phone": "4711"})).json()["contacts"]) == 1
    assert len((await cim.get("/getContactList", params={"limit": 3})).json()["contacts"]) == 3


async def test_a_page_is_bounded(cim: httpx.AsyncClient) -> None:
    for limit in ("0", "-1", "501", "x"):
        assert (await cim.get("/getContactList", params={"limit": limit})).status_code == 400, limit


async def test_load_more_goes_on_with_the_search_of_its_cursor_or_the_whole_list(cim: httpx.AsyncClient) -> None:
    ids = [(await saved(cim, first_name="Ada" if n % 2 else "Eve", city="Akron"))["_id"] for n in range(6)]
    for first in (
        await cim.get("/contacts/getContactByName/ada", params={"limit": 2}),
        await cim.post(TERMS, json={"first_name": "ada", "city": "akron"}, params={"limit": 2}),
    ):
        assert [c["_id"] for c in first.json()] == [ids[5], ids[3]]
        rest = await cim.get(f"/contacts/loadMore/{ids[3]}", params={"cursor": first.headers["x-cim-cursor"]})
        assert [c["_id"] for c in rest.json()] == [ids[1]]
    assert [c["_id"] for c in (await cim.get(f"/contacts/loadMore/{ids[3]}")).json()] == ids[2::-1]


async def test_a_cursor_is_one_of_ours(cim: httpx.AsyncClient) -> None:
    for cursor in ("x", "!!!", "e30", "eyJjcml0ZXJpYSI6WzFdfQ", "é"):
        answer = await cim.get("/contacts/loadMore/65f0c1a20000000000000001", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor"), cursor


async def test_a_position_needs_no_record(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Ada")
    gone = await saved(cim, first_name="Eve")
    await cim.delete(f"/contacts/{gone['_id']}")
    for position in (gone["_id"], "ffffffffffffffffffffffff", "7fffffff0123456789abcdef"):
        assert [c["_id"] for c in (await cim.get(f"/contacts/loadMore/{position}")).json()] == [contact["_id"]]
    assert (await cim.get("/contacts/loadMore/000000000000000000000000")).json() == []


async def test_load_more_walks_ten_thousand_while_others_insert_and_delete(
    cim: httpx.AsyncClient, core: Core, records: Records
) -> None:
    """No contact comes twice, and none that was there before and after is missing."""
    async with core.database.transaction() as tx:
        made = await tx.fetch(
            """
            INSERT INTO contact (tenant_id, created_second, attributes, created_at, updated_at)
            SELECT $1, 1700000000 + n / 10, json_build_object('city', n::text), now(), now()
              FROM generate_series(1, 10000) AS n
            RETURNING id
            """,
            records.tenant.id,
        )
    doomed = [row["id"] for row in made[7::20]]

    async def disturb(at: int) -> None:
        async with core.database.transaction() as tx:
            await tx.execute(
                "UPDATE contact SET deleted_at = now() WHERE tenant_id = $1 AND id = ANY ($2::bigint[])",
                records.tenant.id,
                doomed[at : at + 20],
            )
            await tx.execute(
                """
                INSERT INTO contact (tenant_id, created_second, attributes, created_at, updated_at)
                SELECT $1, extract(epoch FROM now()), '{}', now(), now()
                  FROM generate_series(1, 20)
                """,
                records.tenant.id,
            )

    seen: list[str] = []
    page = (await cim.get("/getContactList", params={"limit": 400})).json()
    turn = 0
    while page:
        seen += [contact["_id"] for contact in page]
        more = cim.get(f"/contacts/loadMore/{seen[-1]}", params={"limit": 400})
        answer, _ = await asyncio.gather(more, disturb(turn * 20))
        page, turn = answer.json(), turn + 1
    assert turn == 25
    assert len(set(seen)) == len(seen)
    survivors = {row["id"] for row in made} - set(doomed)
    assert len(survivors) == 9500
    assert survivors <= {int(one[8:], 16) for one in seen}
    assert (await cim.get("/getContactList")).headers["x-total-count"] == "10000"


# ---- Common names


@pytest.fixture
async def crowd(core: Core, records: Records, monkeypatch: pytest.MonkeyPatch) -> Records:
    """Three hundred contacts called Anna, every tenth of them Bell, where a hundred of a name is very many."""
    monkeypatch.setattr(contact_search, "COMMON", 100)
    schema = await records.schema.attributes()
    async with core.database.transaction() as tx:
        await tx.execute(
            """
            WITH made AS (
                INSERT INTO contact (tenant_id, created_second, attributes, created_at, updated_at)
                SELECT $1, 1700000000 + n, json_build_object('first_name', 'Anna', 'last_name',
                       CASE WHEN n % 10 = 0 THEN 'Bell' ELSE 'Cox' || n END, 'city', (n % 3)::text), now(), now()
                  FROM generate_series(1, 300) AS n
                RETURNING id, attributes
            )
            INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
            SELECT $1, e.attribute_id, lower(e.folded), made.id
              FROM made
             CROSS JOIN LATERAL (
                    VALUES ($2::bigint, made.attributes ->> 'first_name'),
                           ($3, made.attributes ->> 'last_name'),
                           ($4, made.attributes ->> 'city')
                   ) AS e (attribute_id, folded)
            """,
            records.tenant.id,
            *(schema.by_key[key].id for key in ("first_name", "last_name", "city")),
        )
    return records


async def test_common_names_come_newest_first_and_whole(crowd: Records, cim: httpx.AsyncClient) -> None:
    asked: list[tuple[dict[str, str], int]] = [
        ({"name": "an"}, 300),
        ({"name": "ann bel"}, 30),
        ({"name": "anna cox7"}, 10),
        ({"first_name": "Anna"}, 300),
        ({"first_name": "Anna", "last_name": "Bell"}, 30),
        ({"first_name": "an*", "city": "1"}, 100),
        ({"name": "a c", "city": "2"}, 90),
        ({"q": "anna"}, 300),
    ]
    for criteria, count in asked:
        seen = await walked(cim, criteria)
        assert len(seen) == count, criteria
        assert seen == sorted(set(seen), reverse=True)


async def walked(client: httpx.AsyncClient, criteria: dict[str, str]) -> list[str]:
    """The ids of a search, page by page."""
    first = await client.post(TERMS, json=criteria, params={"limit": 40})
    seen = [contact["_id"] for contact in first.json()]
    while True:
        query: dict[str, Any] = {"limit": 40, "cursor": first.headers["x-cim-cursor"]}
        page = (await client.get(f"/contacts/loadMore/{seen[-1]}", params=query)).json()
        if not page:
            return seen
        seen += [contact["_id"] for contact in page]


@pytest.fixture
async def typed(cim: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client of a tenant with an attribute of each kind."""
    for key, kind in (("vip", "bool"), ("size", "number"), ("born", "date"), ("seen", "DateTime")):
        answer = await cim.post("/saveSchema", json={"key": key, "label": key, "type": kind})
        assert answer.status_code == 200, answer.text
    return cim


async def test_a_name_is_bounded_and_needs_letters(cim: httpx.AsyncClient) -> None:
    contact = await saved(cim, first_name="Zoë", last_name="de la Cruz")
    for name in ("zoe", "CRUZ zo", "de%20la", "zo%2B"):
        assert only((await cim.get(f"/contacts/getContactByName/{name}")).json())["_id"] == contact["_id"], name
    assert (await cim.get("/contacts/getContactByName/!%3F")).json() == []
    assert (await cim.get(f"/contacts/getContactByName/{'x' * 401}")).status_code == 400


async def test_a_search_that_takes_too_long_is_cut_short_and_says_so(
    crowd: Records, cim: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_search, "MOST_CHECKED", 200)
    whole = await cim.get("/contacts/getContactByName/an%20co", params={"limit": 20})
    assert (len(whole.json()), "x-cim-warning" in whole.headers) == (20, False)
    cut = await cim.get("/contacts/getContactByName/an%20co", params={"limit": 200})
    assert (len(cut.json()), "cut short" in cut.headers["x-cim-warning"]) == (180, True)
    nobody = await cim.get("/contacts/getContactByName/an%20zz")
    assert (nobody.json(), "x-cim-warning" in nobody.headers) == ([], False), "no name begins so: that is soon known"
    with pytest.raises(Invalid):
        await crowd.contacts.search({"name": "an co"}, limit=200)


async def test_a_search_gives_up_when_its_time_is_over(
    crowd: Records, cim: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_search, "_LONGEST_SECONDS", 0)
    cut = await cim.get("/contacts/getContactByName/an%20be")
    assert (cut.json(), "cut short" in cut.headers["x-cim-warning"]) == ([], True)
