"""add_record: what is loaded, what is refused, and what campaign_status orders."""

from __future__ import annotations

import json
from typing import Any, Literal

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.dialects.wolkvox import wire
from ringbook.dialects.wolkvox.switches import Switches
from tests.conftest import make_tenant
from tests.core.cast import number
from tests.dialects.wolkvox.conftest import (
    CAMPAIGN,
    SPRING,
    Ask,
    MakeOperation,
    Operation,
    found,
    record,
    results,
    told,
)
from tests.dialects.wolkvox.promises import TOKEN


async def test_all_are_added(campaign: Ask) -> None:
    answer = await campaign(
        "POST",
        "add_record",
        [record("1", number(1)), record("2", number(2))],
        type_campaign="predictive",
        campaign_id=SPRING,
        campaign_status="start",
    )
    assert told(answer, 201) == {
        "code": "201",
        "error": None,
        "msg": "All records has been added successfully",
        "data": [{"total_registers": "2"}],
    }


async def test_a_record_without_a_customers_id_is_refused_alone(campaign: Ask) -> None:
    error = {
        "error": "CUSTOMER_ID is empty, object position 1",
        "msg": "CUSTOMER_ID is a required field, see schema for required fields",
    }
    rows = [record("1", number(1)), record(" ", number(2)), record("3", number(3))]
    answer = told(await campaign("POST", "add_record", rows, type_campaign="preview", campaign_id=SPRING), 201)
    assert answer["msg"] == "2 records has been added, please validate the data"
    assert answer["data"] == [
        {"total_registers": "3", "total_success": "2", "total_errors": "1", "array_errors": [error]}
    ]
    assert [row["customer_id"] for row in await found(campaign, campaign_id=SPRING)] == ["1", "3"]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"customer_id": "b1", "opt1": {"x": 1}}, "OPT1 is not valid, object position 1"),
        ({"customer_id": ["b1"]}, "CUSTOMER_ID is not valid, object position 1"),
        ({"customer_id": "b1", "city": "Ca\0li"}, "CITY is not valid, object position 1"),
        ({"customer_id": "b1", "city": "Ca\x7fli"}, "CITY is not valid, object position 1"),
        ({"customer_id": "b1", "more": ["\x01"]}, "The record is not valid, object position 1"),
        ({"customer_id": "b1", "recall_date": "garbage"}, "RECALL_DATE is not valid, object position 1"),
        ({"customer_id": "b1", "recall_date": "20261326160000"}, "RECALL_DATE is not valid, object position 1"),
        (None, "The record is not valid, object position 1"),
        ([], "The record is not valid, object position 1"),
        (7, "The record is not valid, object position 1"),
    ],
)
async def test_a_record_that_cannot_be_read_is_refused_alone(campaign: Ask, bad: Any, error: str) -> None:
    rows = [record("1", number(1)), bad, record("3", number(3))]
    answer = told(await campaign("POST", "add_record", rows, type_campaign="preview", campaign_id=SPRING), 201)
    assert answer["msg"] == "2 records has been added, please validate the data"
    (row,) = answer["data"]
    assert [row[name] for name in ("total_registers", "total_success", "total_errors")] == ["3", "2", "1"]
    assert [one["error"] for one in row["array_errors"]] == [error]
    assert row["array_errors"][0]["msg"]
    assert [one["customer_id"] for one in await found(campaign, campaign_id=SPRING)] == ["1", "3"]


@pytest.mark.parametrize("body", [b'[{"customer_id": "1"}', b'[{"customer_id": "1"}, {"city": "\\ud800"}]', b"[\xff]"])
async def test_what_is_no_json_is_refused_whole(wolkvox: httpx.AsyncClient, campaign: Ask, body: bytes) -> None:
    answer = await wolkvox.post(CAMPAIGN, params={"api": "add_record", "campaign_id": SPRING}, content=body)
    assert told(answer, 400)["msg"] == "SOME PARAMETERS ARE REQUIRED"
    assert await results(campaign) == {}


@pytest.mark.parametrize("nothing", ["", " ", "00000000000000", None])
async def test_no_recall_is_promised_where_none_is_told(campaign: Ask, records: Records, nothing: str | None) -> None:
    told(await campaign("POST", "add_record", [record("1") | {"recall_date": nothing}], campaign_id=SPRING), 201)
    (one,) = await records.campaign_records.find(customer_id="1")
    assert one.state is not None
    assert one.state.recall is None


def test_a_full_upload_is_read() -> None:
    row = record("1", number(1), **{f"opt{n}": "some text" for n in range(1, 13)})
    raw = json.dumps([row] * 10_000).encode()
    rows = [wire.loaded(wire.read(one)) for one in wire.decode(raw, list[wire.Unread])]
    assert len(rows) == 10_000
    assert rows[-1]["opt12"] == "some text"


async def test_where_none_is_good_it_is_an_error(campaign: Ask) -> None:
    answer = told(await campaign("POST", "add_record", [{"tel1": number(1)}], campaign_id=SPRING), 404)
    assert (answer["error"], answer["msg"]) == ("Not Found", "0 records has been added, please validate the data")
    assert answer["data"][0]["array_errors"][0]["error"] == "CUSTOMER_ID is empty, object position 0"


async def test_what_is_too_long_is_cut_and_what_is_not_known_is_ignored(campaign: Ask) -> None:
    row = record("1", opt6="x" * 150, opt7="y" * 250, no_such_column="z")
    await campaign("POST", "add_record", [row], campaign_id=SPRING)
    (kept,) = await found(campaign, customer_id="1")
    assert (len(kept["opt6"]), len(kept["opt7"])) == (100, 200)


async def test_a_single_object_and_numbers_will_do(campaign: Ask) -> None:
    body = {"customer_id": 52000111, "customer_name": None, "tel1": 3305550101, "opt1": True}
    told(await campaign("POST", "add_record", body, type_campaign="1", campaign_id=SPRING), 201)
    (row,) = await found(campaign, customer_phone=number(1))
    assert [row[key] for key in ("customer_id", "customer_name", "tel1", "opt1")] == ["52000111", "", "3305550101", "1"]


async def test_the_same_customer_again_is_another_record(campaign: Ask) -> None:
    for _ in range(2):
        told(await campaign("POST", "add_record", [record("1", number(1))], campaign_id=SPRING), 201)
    assert len(await found(campaign, customer_id="1")) == 2


@pytest.mark.parametrize("body", [[], None, "text", 7])
async def test_what_is_no_record_needs_parameters(campaign: Ask, body: object) -> None:
    answer = await campaign("POST", "add_record", body, campaign_id=SPRING)
    assert told(answer, 400)["msg"] == "SOME PARAMETERS ARE REQUIRED"


async def test_an_unknown_campaign_is_told_before_anything_is_loaded(campaign: Ask) -> None:
    answer = await campaign("POST", "add_record", [record("1")], campaign_id="26687")
    assert told(answer, 404)["msg"] == "Campaign_id 26687 does not exist in your operation."
    assert told(await campaign("POST", "add_record", [record("1")]), 400)["msg"] == "SOME PARAMETERS ARE REQUIRED"


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        ("stopped", "1", "running"),
        ("stopped", "start", "running"),
        ("stopped", "Started", "running"),
        ("stopped", "", "stopped"),
        ("running", "stop", "stopped"),
        ("running", "0", "stopped"),
        ("running", "", "running"),
        ("running", "start", "running"),
    ],
)
async def test_campaign_status_is_an_order(
    campaign: Ask, records: Records, before: str, status: str, after: str
) -> None:
    await records.campaigns.update(7224, state="stopped" if before == "stopped" else "running")
    query = {"campaign_status": status} if status else {}
    told(await campaign("POST", "add_record", [record("1")], campaign_id=SPRING, **query), 201)
    assert (await records.campaigns.get(7224)).state == after


async def test_a_barred_number_is_loaded_and_not_called(campaign: Ask, records: Records) -> None:
    await records.do_not_call.put_list("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(1)])
    rows = [record("1", "", tel3=number(1)), record("2", number(2))]
    told(await campaign("POST", "add_record", rows, campaign_id=SPRING), 201)
    assert await results(campaign) == {"1": "DO-NOT-CALL", "2": "CLEAN"}


async def test_a_number_is_barred_also_where_only_the_plus_differs(
    core: Core, passwords: Passwords, router: httpx.AsyncClient
) -> None:
    records = await make_tenant(core, passwords, region="DE")
    own = Operation(router, records, TOKEN.format(slug=records.tenant.slug))
    body = {"type_call": "outbound", "telephones": ["573000000010", "15105550999", "+15105550777"]}
    told(await own.ask("POST", "add_dnc", body, script="/api/v2/configuration.php"), 201)
    tels = ("+57 300 0000010", "+15105550999", "15105550777", "+15105550778")
    rows = [record(str(n), tel) for n, tel in enumerate(tels)]
    told(await own.ask("POST", "add_record", rows, campaign_id=SPRING), 201)
    barred = {"0": "DO-NOT-CALL", "1": "DO-NOT-CALL", "2": "DO-NOT-CALL", "3": "CLEAN"}
    assert await results(own.ask) == barred
    by = [await records.campaigns.barred_by(int(SPRING), tel) for tel in tels]
    assert by == ["wolkvox", "wolkvox", "wolkvox", None]


async def test_a_recall_comes_with_the_record(campaign: Ask, records: Records) -> None:
    row = record("1", number(1), recall_date="20260426160000", recall_telephone=number(2))
    told(await campaign("POST", "add_record", [record("0"), row], campaign_id=SPRING), 201)
    (one,) = await records.campaign_records.find(customer_id="1")
    assert one.state is not None
    assert one.state.next_try_at is not None
    assert one.state.next_try_at.isoformat() == "2026-04-26T21:00:00+00:00"
    assert one.state.recall is not None
    assert one.state.recall.phone == number(2)


async def test_the_licences_limit_what_a_campaign_holds(operation: MakeOperation) -> None:
    own = await operation(more="[wolkvox]\nrecords = 3")
    told(await own.ask("POST", "add_record", [record("1"), record("2")], campaign_id=SPRING), 201)
    for rows, left in (([record("3"), record("4")], 1), ([record(str(n)) for n in range(9)], 3)):
        answer = await own.ask("POST", "add_record", rows, campaign_id=SPRING)
        assert told(answer, 404)["msg"] == (
            f"You are uploading ({len(rows)}) records to the system. According to quantity active licenses, "
            f"You can upload {left} records. Try again."
        )
    assert len((await own.ask("GET", "find_record", campaign_id=SPRING)).json()["data"]) == 2


async def test_more_than_one_upload_may_have_is_refused_whole(operation: MakeOperation) -> None:
    own = await operation(more="[wolkvox]\nupload = 3\nrecords = 5")
    for sent, told_of in ((4, "You can upload 3 records at a time."), (6, "You can upload 5 records. Try again.")):
        answer = await own.ask("POST", "add_record", [record(str(n)) for n in range(sent)], campaign_id=SPRING)
        assert told(answer, 404)["msg"].startswith(f"You are uploading ({sent}) records to the system.")
        assert answer.json()["msg"].endswith(told_of), "the licences are told first"
    assert await results(own.ask) == {}


@pytest.mark.parametrize(
    ("licences", "kind", "most"),
    [(1, "shared", 50_000), (2, "dedicated", 50_000), (3, "shared", 21_000), (10, "dedicated", 95_000)],
)
def test_what_a_campaign_may_hold_follows_from_the_licences(
    licences: int, kind: Literal["shared", "dedicated"], most: int
) -> None:
    assert Switches().upload == 10_000
    assert Switches(licences=kind).most_records(licences) == most
    assert Switches(licences=kind).most_records(None) is None


async def test_a_thousand_are_loaded_in_their_order(campaign: Ask) -> None:
    rows = [record(str(n), f"+1212{n:07}") for n in range(2000, 3000)]
    told(await campaign("POST", "add_record", rows, campaign_id=SPRING), 201)
    assert list(await results(campaign)) == [row["customer_id"] for row in rows]
