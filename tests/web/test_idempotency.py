"""A write that is sent again with its Idempotency-Key is done once, and answered alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ringbook.background.expire import sweep_answers
from ringbook.core.access import Core, Records
from ringbook.core.idempotency import MOST_KEPT
from ringbook.dialects import ALL
from ringbook.domain.layout import Field
from ringbook.domain.problems import Conflict
from ringbook.store.idempotency import forget_answers
from ringbook.web.dialect import Dialect, Operation
from tests.core.cast import everybody, move_clock, only

PERSON = {"attributes": {"customer_id": "900", "phone1": "330-555-0101"}}


async def create(native: httpx.AsyncClient, key: str, body: Any = PERSON, path: str = "/v1/contacts") -> httpx.Response:
    return await native.post(path, json=body, headers={"Idempotency-Key": key})


async def rows(core: Core, records: Records) -> int:
    async with core.database.reading() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM kept_answer WHERE tenant_id = $1", records.tenant.id)
        return count


async def test_the_second_time_is_answered_as_the_first_and_does_nothing(
    native: httpx.AsyncClient, records: Records
) -> None:
    first = await create(native, "a")
    again = await create(native, "a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-type"] == "application/json"
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert only(await everybody(records)).version == 0
    assert len(await records.journal.changes(entity="contact")) == 1


async def test_without_a_key_or_with_another_one_it_is_done_again(native: httpx.AsyncClient, records: Records) -> None:
    body = {"name": "list", "fields": [{"name": "Phone", "type": "PHONE"}]}
    assert (await create(native, "a", body, "/v1/lists")).status_code == 201
    assert (await create(native, "b", body, "/v1/lists")).status_code == 409
    assert (await native.post("/v1/lists", json=body)).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/contacts", {"attributes": {"customer_id": "901"}}),
        ("POST", "/v1/contacts?", {"attributes": {"customer_id": "900", "phone1": "330-555-0102"}}),
        ("POST", "/v1/lists", PERSON),
        ("DELETE", "/v1/contacts/1", PERSON),
    ],
)
async def test_a_key_that_was_used_for_something_else_is_refused(
    native: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    await create(native, "a")
    answer = await native.request(method, path, json=body, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 422
    if path.startswith("/v1/contacts"):
        assert answer.json()["field"] == "Idempotency-Key"


async def test_keys_are_each_credentials_own(
    core: Core, router: httpx.AsyncClient, native: httpx.AsyncClient, records: Records
) -> None:
    other = await records.keys.create("other", "native", scopes=["write"])
    await create(native, "a")
    answer = await router.post(
        "/v1/contacts",
        json={"attributes": {"customer_id": "77"}},
        headers={"Idempotency-Key": "a", "authorization": f"Bearer {other.secret}"},
    )
    assert (answer.status_code, answer.json()["attributes"]) == (201, {"customer_id": "77"})


async def test_what_was_refused_is_tried_anew(native: httpx.AsyncClient, core: Core, records: Records) -> None:
    wrong = {"attributes": {"shoe_size": "44"}}
    assert (await create(native, "a", wrong)).status_code == 422
    assert await rows(core, records) == 0
    await native.post("/v1/schema", json={"key": "shoe_size", "label": "Shoe size", "type": "Text"})
    answer = await create(native, "a", wrong)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)


async def test_of_many_that_come_at_once_one_is_done_and_the_others_are_told_to_wait(
    native: httpx.AsyncClient, records: Records
) -> None:
    answers = await asyncio.gather(*(create(native, "a") for _ in range(20)))
    done = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert len(done) >= 1
    assert len(done) + len(waiting) == 20
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    for answer in waiting:
        assert answer.json()["type"] == "urn:ringbook:problem:in-flight"
        assert answer.headers["retry-after"] == "1"
    assert only(await everybody(records)).version == 0


async def test_one_in_flight_is_told_so_at_once(native: httpx.AsyncClient, records: Records) -> None:
    going, done = asyncio.Event(), asyncio.Event()

    async def act(within: Records) -> bytes:
        going.set()
        await done.wait()
        return b""

    first = asyncio.create_task(records.idempotency.once("a", b"slow", act))
    await going.wait()
    answer = await create(native, "a")
    done.set()
    await first
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:ringbook:problem:in-flight"


async def test_all_that_a_request_writes_is_undone_when_it_fails(records: Records, core: Core) -> None:
    async def act(within: Records) -> bytes:
        await within.contacts.save({"customer_id": "1"})
        assert len(await within.contacts.with_number("330-555-0101")) == 0
        await within.contacts.save({"customer_id": "2", "phone1": "330-555-0101"})
        assert len(await within.contacts.with_number("330-555-0101")) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await records.idempotency.once("a", b"two", act)
    assert await everybody(records) == []
    assert await rows(core, records) == 0


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ä", "\x7f"])
async def test_a_key_is_bounded(native: httpx.AsyncClient, records: Records, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await native.post("/v1/contacts", json=PERSON, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert await everybody(records) == []


async def test_two_keys_in_one_request_are_refused(native: httpx.AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (await native.post("/v1/contacts", json=PERSON, headers=headers)).status_code == 422


async def test_a_key_of_255_characters_is_one(native: httpx.AsyncClient) -> None:
    assert (await create(native, "x" * 255)).status_code == 201
    assert (await create(native, "x" * 255)).headers["idempotency-replayed"] == "true"


async def test_after_a_day_a_key_is_free_whether_it_was_swept_or_not(
    native: httpx.AsyncClient, core: Core, records: Records
) -> None:
    await create(native, "a")
    await create(native, "b")
    await move_clock(core, records, timedelta(hours=23, minutes=59))
    assert (await create(native, "a")).headers["idempotency-replayed"] == "true"
    await move_clock(core, records, timedelta(hours=24, minutes=1))
    fresh = await create(native, "a", {"attributes": {"customer_id": "77"}})
    assert (fresh.status_code, "idempotency-replayed" in fresh.headers) == (201, False)
    assert await rows(core, records) == 2
    await sweep_answers(core.database)
    assert await rows(core, records) == 1
    again = await create(native, "a", {"attributes": {"customer_id": "77"}})
    assert (again.headers["idempotency-replayed"], again.content) == ("true", fresh.content)


async def test_no_answer_can_be_read_in_the_database_not_even_a_secret_that_was_told(
    native: httpx.AsyncClient, core: Core, records: Records
) -> None:
    made = await create(native, "call +1 330 555 0101".replace(" ", "-"), {"name": "crm"}, "/v1/keys")
    async with core.database.reading() as tx:
        row = await tx.fetchrow("SELECT * FROM kept_answer WHERE tenant_id = $1", records.tenant.id)
    assert row is not None
    stored = b" ".join(bytes(part) for part in (row["key"], row["request"], row["answer"]))
    for text in (made.json()["secret"], "crm", "0101"):
        assert text.encode() not in stored
    again = await create(native, "call-+1-330-555-0101", {"name": "crm"}, "/v1/keys")
    assert again.json()["secret"] == made.json()["secret"]


async def test_what_is_forgotten_is_not_told_and_not_done_again(
    native: httpx.AsyncClient, core: Core, records: Records
) -> None:
    await create(native, "a")
    async with core.database.transaction() as tx:
        await forget_answers(tx, records.tenant.id)
    answer = await create(native, "a")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This request was carried out. Its answer is not told again.",
    )
    assert len(await records.journal.changes(entity="contact")) == 1


async def test_an_answer_that_is_too_long_is_not_kept_but_known(records: Records) -> None:
    async def act(within: Records) -> bytes:
        return b"x" * (MOST_KEPT + 1)

    assert len((await records.idempotency.once("a", b"", act)).answer) == MOST_KEPT + 1
    with pytest.raises(Exception, match="not told again"):
        await records.idempotency.once("a", b"", act)


async def test_a_search_takes_no_notice_of_a_key(native: httpx.AsyncClient, core: Core, records: Records) -> None:
    for _ in range(2):
        answer = await create(native, "a", {"criteria": {"phone": "330-555-0101"}}, "/v1/contacts/search")
        assert "idempotency-replayed" not in answer.headers
    assert await rows(core, records) == 0


async def test_cims_save_contact_is_done_once(router: httpx.AsyncClient, records: Records) -> None:
    headers = {"authorization": f"Bearer cim-key-of-{records.tenant.slug}", "Idempotency-Key": "a"}
    body = {"first_name": "Ann", "phone1": "330-555-0101"}
    first, again = [await router.post("/saveContact", json=body, headers=headers) for _ in range(2)]
    assert (first.headers["x-cim-result"], again.headers["x-cim-result"]) == ("created", "created")
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert only(await everybody(records)).version == 0


def writes(dialect: Dialect) -> list[Operation[Any, Any]]:
    return [o for o in dialect.operations if isinstance(o, Operation) and dialect.takes_keys(o)]


def test_every_native_write_takes_a_key_or_says_why_it_does_not() -> None:
    native = next(dialect for dialect in ALL if dialect.name == "native")
    unkept = {f"{o.method} {o.path}": o.unkept for o in writes(native) if o.unkept}
    assert len(writes(native)) > 20
    assert all(reason.endswith(".") for reason in unkept.values()), unkept


async def test_a_body_that_a_handler_reads_itself_is_part_of_what_is_asked(native: httpx.AsyncClient) -> None:
    async def put(zone: str) -> httpx.Response:
        table = f"postcode,time_zone\n443,{zone}\n"
        headers = {"Idempotency-Key": "a", "content-type": "text/csv"}
        return await native.put("/v1/postcodes", content=table, headers=headers)

    first, again, another = [await put(zone) for zone in ("America/New_York", "America/New_York", "America/Chicago")]
    assert (first.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert (another.status_code, another.json()["field"]) == (422, "Idempotency-Key")


async def test_who_gives_way_in_a_deadlock_is_tried_again(core: Core, records: Records) -> None:
    one, two = [(await records.contacts.save({"customer_id": str(n)}))[0].id for n in (1, 2)]
    met = asyncio.Barrier(2)
    tries: list[str] = []

    async def write(name: str, first: int, second: int) -> None:
        async def act(within: Records) -> bytes:
            tries.append(name)
            await within.contacts.update(first, {"city": name})
            if tries.count(name) == 1:
                await met.wait()
            await within.contacts.update(second, {"city": name})
            return b""

        await records.idempotency.once(name, b"both", act)

    await asyncio.gather(write("Akron", one, two), write("Kent", two, one))
    assert set(tries) == {"Akron", "Kent"}
    assert len(tries) in (3, 4), "a slow one may meet the other once more"
    cities = {contact.attributes["city"] for contact in await everybody(records)}
    assert len(cities) == 1


async def test_what_the_database_refuses_is_refused_alone_within_a_request(records: Records) -> None:
    async def act(within: Records) -> bytes:
        await within.lists.create("leads", [Field("Phone", "PHONE")])
        with pytest.raises(Conflict):
            await within.lists.create("leads", [Field("Phone", "PHONE")])
        return b""

    await records.idempotency.once("a", b"twice", act)
    assert "leads" in {known.name for known in await records.lists.all()}


async def test_what_a_request_writes_waits_for_others_as_without_a_key(core: Core, records: Records) -> None:
    async def act(within: Records) -> bytes:
        async with within.contacts._context.database.reading() as tx:
            patience: str = await tx.fetchval("SHOW lock_timeout")
            return patience.encode()

    async with core.database.reading() as tx:
        usual = await tx.fetchval("SHOW lock_timeout")
    assert (await records.idempotency.once("a", b"patience", act)).answer.decode() == usual != "50ms"
