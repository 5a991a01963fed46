"""find_record: over a campaign's own list and over the lists of others, and what is told when nothing is there."""

from __future__ import annotations

import pytest

from ringbook.core.access import Records
from ringbook.core.attempts import AttemptReport
from ringbook.dialects.wolkvox.wire import ATTRIBUTES
from ringbook.domain.attempt import Outcome
from tests.core.cast import LEADS, NOON, lead, number
from tests.dialects.wolkvox.conftest import SPRING, Ask, MakeOperation, load, record, told

KEYS = [
    *("customer_name", "customer_last_name", "customer_id", "country", "state", "city", "zone", "address"),
    *(f"opt{n}" for n in range(1, 13)),
    *(f"tel{n}" for n in range(1, 11)),
    *("date", "calls", "conn_id", "result", "campaign_id"),
]
SEED_KEYS = [key for key in KEYS if key not in ("country", "state", "city", "zone", "address")]
SEED_KEYS = [key for key in SEED_KEYS if not key.startswith("tel") or key in ("tel1", "tel2", "tel3")]


async def test_a_record_that_was_never_called_is_clean(campaign: Ask) -> None:
    await load(campaign, record("52000111", "93005550147", city="Cali", opt2="gold", tel10="3305550199"))
    answer = told(await campaign("GET", "find_record", campaign_id=SPRING, customer_id="52000111"), 200)
    assert (answer["code"], answer["error"], answer["msg"]) == ("200", None, "1 records were found")
    (row,) = answer["data"]
    assert list(row) == KEYS
    assert {key: row[key] for key in KEYS if row[key]} == {
        "customer_name": "Ines",
        "customer_last_name": "Prada",
        "customer_id": "52000111",
        "city": "Cali",
        "opt2": "gold",
        "tel1": "93005550147",
        "tel10": "3305550199",
        "calls": "0",
        "result": "CLEAN",
        "campaign_id": SPRING,
    }


async def test_the_last_attempt_is_shown_at_gmt_minus_5(campaign: Ask, records: Records) -> None:
    await load(campaign, record("52000111", number(1)))
    outcomes: tuple[Outcome, ...] = ("busy", "no_answer")
    for n, outcome in enumerate(outcomes):
        await records.attempts.report(
            AttemptReport(
                campaign=7224,
                key={"customer_id": "52000111"},
                outcome=outcome,
                started_at=NOON.replace(minute=n),
                call_id=f"1772464495.118{n}",
            )
        )
    (row,) = told(await campaign("GET", "find_record", customer_phone=number(1)), 200)["data"]
    assert (row["date"], row["calls"], row["conn_id"], row["result"]) == (
        "2026-03-02 07:01:00",
        "2",
        "1772464495.1181",
        "NO-ANSWER",
    )


async def test_a_record_of_another_systems_list_is_shown_in_wolkvoxs_columns(campaign: Ask, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), account="K-7", first="Ilse", last="Brandt", phone2=number(2)))
    (row,) = told(await campaign("GET", "find_record", customer_phone=number(2)), 200)["data"]
    assert list(row) == KEYS
    assert [row[key] for key in ("customer_name", "customer_last_name", "customer_id")] == ["Ilse", "Brandt", "K-7"]
    assert [row["tel1"][-10:], row["tel2"][-10:]] == ["3305550101", "3305550102"]
    assert row["campaign_id"] == SPRING
    assert told(await campaign("GET", "find_record", customer_id="K-7"), 200)["data"] == [row]


async def test_filters_are_anded_and_empty_ones_are_none(campaign: Ask) -> None:
    await load(campaign, record("1", number(1)), record("2", number(1)), record("3", number(3)))
    for query, customers in (
        ({"customer_phone": number(1)}, ["1", "2"]),
        ({"customer_phone": number(1), "customer_id": "2", "campaign_id": ""}, ["2"]),
        ({"campaign_id": SPRING}, ["1", "2", "3"]),
        ({"campaign_id": "all", "customer_id": "3", "customer_phone": ""}, ["3"]),
        ({"campaign_id": "ALL", "customer_phone": "+1 (330) 555-0103"}, ["3"]),
    ):
        answer = told(await campaign("GET", "find_record", **query), 200)
        assert [row["customer_id"] for row in answer["data"]] == customers
        assert answer["msg"] == f"{len(customers)} records were found"


async def test_every_number_of_a_record_finds_it(campaign: Ask) -> None:
    row = record("1", "93005550147", tel10=number(1), tel_extra=number(2), recall_telephone=number(3))
    await load(campaign, row, record("2", number(9)))
    for asked in ("93005550147", "9 300 555 0147", number(1), number(2), number(3), "+1 330 555 0103"):
        (found,) = told(await campaign("GET", "find_record", customer_phone=asked), 200)["data"]
        assert found["customer_id"] == "1"
    assert (await campaign("GET", "find_record", customer_phone="3005550147")).status_code == 404, (
        "no prefix is guessed"
    )


async def test_what_is_not_there_is_an_error(campaign: Ask) -> None:
    await load(campaign, record("1", number(1)))
    for query in (
        {"customer_phone": number(2)},
        {"customer_id": "9"},
        {"customer_id": "1", "customer_phone": number(2)},
        {"customer_phone": "no number"},
    ):
        answer = await campaign("GET", "find_record", **query)
        assert answer.status_code == 404
        assert answer.text == ('{\n    "code": "404",\n    "error": "Not Found",\n    "msg": "0 records were found"\n}')
    for unknown in ("26687", "0", "99999999999999999999", "abc"):
        answer = await campaign("GET", "find_record", campaign_id=unknown, customer_id="1")
        assert told(answer, 404)["msg"] == f"Campaign_id {unknown} does not exist in your operation."
    for nothing in ({}, {"campaign_id": "all"}, {"campaign_id": " ", "customer_id": ""}):
        answer = await campaign("GET", "find_record", **nothing)
        assert told(answer, 400)["msg"] == "SOME PARAMETERS ARE REQUIRED"


async def test_anothers_record_looks_like_a_missing_one(campaign: Ask, other: Records) -> None:
    made = await other.campaigns.create("Autumn", campaign_id=26687)
    await other.lists.add("Autumn", record("1", number(1)))
    gone = await campaign("GET", "find_record", customer_phone=number(1))
    assert told(gone, 404)["msg"] == "0 records were found"
    answer = await campaign("GET", "find_record", campaign_id=str(made.id))
    assert told(answer, 404)["msg"] == "Campaign_id 26687 does not exist in your operation."


async def test_it_is_printed_as_php_prints_it(campaign: Ask) -> None:
    await load(campaign, record("1", number(1), address='Cra. 7 "A/B" \\ Bogotá 😀'))
    answer = await campaign("GET", "find_record", customer_id="1")
    assert answer.headers["content-type"] == "application/json"
    assert r'"address": "Cra. 7 \"A\/B\" \\ Bogot\u00e1 \ud83d\ude00"' in answer.text
    assert answer.json()["data"][0]["address"] == 'Cra. 7 "A/B" \\ Bogotá 😀'
    assert answer.text.startswith('{\n    "code": "200",\n    "error": null,\n    "msg": "1 records were found",\n')
    assert '    "data": [\n        {\n            "customer_name": "Ines",\n' in answer.text
    assert answer.text.endswith('"campaign_id": "7224"\n        }\n    ]\n}')


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ('find_record = "seed"', ("200", SEED_KEYS)),
        ('code = "documented"', ("200", KEYS)),
    ],
)
async def test_an_operation_may_have_the_older_pages_keys(
    operation: MakeOperation, switch: str, expected: tuple[str, list[str]]
) -> None:
    own = await operation(more=f"[wolkvox]\n{switch}")
    await own.records.lists.add("Spring", record("1", number(1)))
    answer = await own.ask("GET", "find_record", customer_id="1")
    assert (answer.json()["code"], list(answer.json()["data"][0])) == expected


def test_every_column_of_an_answer_has_its_place_in_the_table() -> None:
    assert set(KEYS[:-5]) <= set(ATTRIBUTES)
