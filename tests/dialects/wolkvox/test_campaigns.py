"""Campaigns: their settings, when they may start, and the life of one from beginning to end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ringbook.core.access import Core, Records
from tests.core.cast import move_clock, number
from tests.dialects.wolkvox.conftest import SPRING, Ask, MakeOperation, load, record, results, told

NOT_STARTED = "The campaign has not been started, please validate the data"


async def create(ask: Ask, name: str, kind: str = "predictive", **body: Any) -> str:
    body = {"campaign_name": name, "skill_id": "5001"} | body
    data = told(await ask("POST", "create_campaign", body, type_campaign=kind), 201)["data"]
    return str(data[0]["id_campaign"])


@pytest.mark.parametrize(
    "spoilt",
    [
        {"campaign_name": ""},
        {"skill_id": None},
        {"start_time": "250000"},
        {"start_time": "8"},
        {"start_time": "200000", "end_time": "080000"},
        {"amd": "XXX"},
        {"enable_edition": "perhaps"},
        {"campaign_name": "x" * 201},
    ],
)
async def test_what_cannot_be_a_campaign_needs_parameters(campaign: Ask, spoilt: dict[str, Any]) -> None:
    body = {"campaign_name": "Autumn", "skill_id": "5001"} | spoilt
    assert (await campaign("POST", "create_campaign", body, type_campaign="predictive")).status_code == 400
    assert (await campaign("POST", "create_campaign", body)).status_code == 400


async def test_a_new_campaign_is_stopped_and_what_is_edited_is_shown(campaign: Ask, manager: Ask) -> None:
    id_ = await create(campaign, "Autumn", "preview", campaign_description="Renewals")
    (row,) = told(await manager("GET", "information", "campaigns", campaign=id_), 200)["data"]
    assert (row["type_campaign"], row["status"], row["speed"], row["campaign_description"]) == (
        "preview",
        "Stopped",
        "0",
        "Renewals",
    )
    edited = {"campaign_name": "Winter", "type_camp": "Predictive", "turbo_dial": "yes"}
    told(await campaign("PUT", "edit_campaign", edited, campaign_id=id_), 200)
    told(await campaign("PUT", "speed", {"speed": "55"}, campaign_id=id_), 202)
    (row,) = told(await manager("GET", "information", "campaigns", campaign=id_), 200)["data"]
    assert (row["campaign_name"], row["type_campaign"], row["turbo_dial"], row["speed"]) == (
        "Winter",
        "predictive",
        "yes",
        "55",
    )


async def test_a_skill_has_two_names(campaign: Ask) -> None:
    edited = told(await campaign("PUT", "edit_campaign", {"VAGENT": "44"}, campaign_id=SPRING), 200)
    assert edited["data"][0]["skill_id"] == "44"


async def test_a_renamed_campaigns_own_list_has_its_name(campaign: Ask, records: Records) -> None:
    await load(campaign, record("1"))
    told(await campaign("PUT", "edit_campaign", {"campaign_name": "Summer"}, campaign_id=SPRING), 200)
    assert {known.name for known in await records.lists.all()} == {"Summer", "leads.csv"}


# ---- Starting


async def test_a_campaign_needs_records_and_does_not_start_twice(campaign: Ask) -> None:
    id_ = await create(campaign, "Autumn")
    assert told(await campaign("PUT", "start", campaign_id=id_), 404)["msg"] == NOT_STARTED
    await load(campaign, record("1"), campaign_id=id_)
    told(await campaign("PUT", "start", campaign_id=id_), 202)
    assert told(await campaign("PUT", "start", campaign_id=id_), 404)["msg"] == NOT_STARTED
    assert told(await campaign("PUT", "start", campaign_id="26687"), 404)["msg"] == NOT_STARTED
    assert (await campaign("PUT", "start")).status_code == 400


async def test_a_campaign_starts_within_its_hours_alone(campaign: Ask, core: Core, records: Records) -> None:
    id_ = await create(campaign, "Autumn", start_time="080000", end_time="200000")
    await load(campaign, record("1"), campaign_id=id_)

    async def at(hour: int) -> None:
        noon = datetime.now(UTC).replace(hour=17, minute=0) + timedelta(days=1)
        await move_clock(core, records, noon + timedelta(hours=hour - 12) - datetime.now(UTC))

    for hour, status in ((7, 404), (21, 404), (9, 202)):
        await at(hour)
        assert (await campaign("PUT", "start", campaign_id=id_)).status_code == status, hour


@pytest.mark.parametrize(("licences", "kind", "most"), [(1, "shared", 2), (5, "shared", 3), (7, "dedicated", 4)])
async def test_the_licences_limit_how_many_predictive_campaigns_run(
    operation: MakeOperation, licences: int, kind: str, most: int
) -> None:
    own = await operation(licences=licences, more=f'[wolkvox]\nlicences = "{kind}"')
    told(await own.ask("PUT", "stop", campaign_id=SPRING), 202)
    ids = [await create(own.ask, f"Autumn {n}") for n in range(most + 1)]
    by_hand = await create(own.ask, "By hand", "preview")
    for id_ in (*ids, by_hand):
        await load(own.ask, record("1"), campaign_id=id_)
    for id_ in ids[:most]:
        told(await own.ask("PUT", "start", campaign_id=id_), 202)
    assert told(await own.ask("PUT", "start", campaign_id=ids[most]), 404)["msg"] == (
        f"You must turn off a predictive before starting this one, you currently have {most} active predictives"
    )
    told(await own.ask("PUT", "start", campaign_id=by_hand), 202)
    await load(own.ask, record("2"), campaign_id=ids[most], status="start")
    assert (await own.records.campaigns.get(int(ids[most]))).state == "stopped", "a load never fails because of it"
    told(await own.ask("PUT", "stop", campaign_id=ids[0]), 202)
    told(await own.ask("PUT", "start", campaign_id=ids[most]), 202)


# ---- Deleting


async def test_deleting_counts_what_was_and_what_was_not(campaign: Ask) -> None:
    one = await create(campaign, "One")
    other = await create(campaign, "Other")
    by_hand = await create(campaign, "By hand", "preview")
    body = {"campaign_ids": [other, "26687", by_hand, one]}
    answer = await campaign("DELETE", "delete_campaign", body, type_campaign="predictive", campaign_id=one)
    assert told(answer, 200)["msg"] == "2 campaigns deleted successfully. 2 operations failed."
    assert (await campaign("DELETE", "delete_campaign", {})).status_code == 400


# ---- The life of a campaign


async def test_the_life_of_a_campaign(campaign: Ask, manager: Ask, native: httpx.AsyncClient) -> None:
    id_ = await create(campaign, "Autumn")
    await load(campaign, *(record(str(n), number(n)) for n in (1, 2, 3)), campaign_id=id_, status="1")
    live = await live_row(manager, id_)
    assert (live["status"], live["records"], live["clean"], live["dial"]) == ("started", "3", "3", "0")
    assert live["campaign"].startswith(f"{id_} - Autumn - ")

    now = datetime.now(UTC)
    for customer, outcome, more in (
        ("1", "busy", {}),
        ("1", "answered", {"final": True, "disposition": "002", "talk_seconds": 61, "agent": "kim.lee"}),
        ("2", "machine", {}),
    ):
        report = {"campaign": int(id_), "key": {"customer_id": customer}, "outcome": outcome} | more
        report["phone"] = number(int(customer))
        assert (await native.post("/v1/attempts", json=report)).status_code == 201
    assert await results(campaign, id_) == {"1": "ANSWER", "2": "ANSWER-MACHINE", "3": "CLEAN"}
    live = await live_row(manager, id_)
    assert (live["status"], live["clean"], live["dial"], live["answer"], live["answer_machine"]) == (
        "started",
        "1",
        "2",
        "1",
        "1",
    )
    assert (live["penetration_day"], live["calls_x_min"]) == ("66.67 %", "3")

    report_of = reporting(manager, id_, now)
    assert await report_of("campaign_1") == [
        {"result": "answer", "records": "1", "percent": "33.33 %"},
        {"result": "answer-machine", "records": "1", "percent": "33.33 %"},
        {"result": "do-not-call_clean", "records": "1", "percent": "33.33 %"},
    ]
    assert await report_of("campaign_4") == [
        {"result": word, "records": "1", "percent": "33.33 %"} for word in ("answer", "answer-machine", "busy")
    ]
    assert [row["telephone"] for row in await report_of("campaign_3")] == [number(1), number(1), number(2)]
    assert [(row["time_seg"], row["time_min"]) for row in await report_of("cdr_1")] == [("61", "2")]

    tomorrow = (now + timedelta(days=1)).strftime("%Y%m%d%H%M%S")
    body = {"recall_date": tomorrow, "recall_telephone": number(2), "customer_id": "2"}
    told(await campaign("PUT", "recall", body, campaign_id=id_), 202)
    assert {row["result"] for row in await report_of("campaign_1")} == {"answer", "do-not-call_clean", "recall"}

    told(await campaign("PUT", "stop", campaign_id=id_), 202)
    assert (await live_row(manager, id_))["status"] == "stopped"
    told(await campaign("DELETE", "clear_campaign", type_campaign="predictive", campaign_id=id_), 202)
    live = await live_row(manager, id_)
    assert (live["records"], live["dial"], live["clean"]) == ("0", "0", "0")
    assert [row["customer_id"] for row in await report_of("cdr_1")] == ["1"], "who was reached stays in the reports"
    assert await report_of("cdr_5") == []
    told(await campaign("DELETE", "delete_campaign", {"campaign_ids": [id_]}), 200)
    assert (await manager("GET", "real_time", "campaigns", campaign_id=id_)).status_code == 404
    history = (await native.get("/v1/lookup", params={"phone": number(1)})).json()["interactions"]
    assert {leg["outcome"] for call in history for leg in call["legs"]} == {"busy", "answered"}


async def live_row(manager: Ask, id_: str) -> dict[str, str]:
    (row,) = told(await manager("GET", "real_time", "campaigns", campaign_id=id_), 200)["data"]
    return dict(row)


def reporting(manager: Ask, id_: str, now: datetime) -> Callable[[str], Any]:
    """Asks for a report of the day before and after this moment; no rows where it answers that there are none."""
    start, end = ((now + timedelta(days=days)).strftime("%Y%m%d%H%M%S") for days in (-1, 1))

    async def report(api: str) -> list[dict[str, str]]:
        answer = await manager("GET", "reports_manager", api, campaign_id=id_, date_ini=start, date_end=end)
        assert answer.status_code == 200 or answer.json()["msg"] == "Validate dates entered"
        rows: list[dict[str, str]] = answer.json().get("data", [])
        return rows

    return report


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("20260301000000", "20260401000001"),
        ("20260302000000", "20260301000000"),
        ("2026-03-01", "2026-03-02"),
        ("20260229000000", "20260301000000"),
        ("00010101000000", "00010102000000"),
        ("99991231000000", "99991231235959"),
    ],
)
async def test_dates_that_are_none_or_too_far_apart_are_to_be_validated(manager: Ask, start: str, end: str) -> None:
    query = {"campaign_id": SPRING, "date_ini": start, "date_end": end}
    answer = await manager("GET", "reports_manager", "cdr_1", **query)
    assert told(answer, 404)["msg"] == "Validate dates entered"
