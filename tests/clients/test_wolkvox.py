"""The life of a wolkvox campaign, told with nothing but Python's requests, against the running demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.clients.conftest import Demo

CUSTOMERS = {"900": "2025550147", "901": "2025550148"}


class Wolkvox:
    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["wolkvox-token"] = "demo-wolkvox-token"

    def ask(self, verb: str, script: str, api: str, body: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
        answer = self._session.request(
            verb, f"{self._url}/api/v2/{script}.php", params={"api": api, **query}, json=body, timeout=30
        )
        told: dict[str, Any] = answer.json()
        assert told["code"] == str(answer.status_code), "the code is the status, and text"
        assert all(isinstance(value, str) for row in _rows(told) for value in row.values()), told
        return answer.status_code, told

    def rows(self, script: str, api: str, **query: str) -> list[dict[str, str]]:
        status, told = self.ask("GET", script, api, **query)
        assert status == 200, told
        return _rows(told)


def _rows(told: dict[str, Any]) -> list[dict[str, str]]:
    data = told.get("data", [])
    return data if isinstance(data, list) else [data]


@pytest.fixture
def wolkvox(demo: Demo) -> Wolkvox:
    return Wolkvox(demo.url)


def test_the_life_of_a_campaign(demo: Demo, wolkvox: Wolkvox) -> None:
    status, told = wolkvox.ask(
        "POST",
        "campaign",
        "create_campaign",
        {"campaign_name": "Life", "campaign_description": "", "skill_id": "1", "opt1": "Plan"},
        type_campaign="predictive",
    )
    assert status == 201
    id_ = told["data"][0]["id_campaign"]
    assert told["msg"] == f"The {id_} campaign_id has been created successfully"

    new = [{"customer_name": "Ines", "customer_id": key, "tel1": tel1} for key, tel1 in CUSTOMERS.items()]
    load = {"type_campaign": "predictive", "campaign_id": id_, "campaign_status": "1"}
    status, told = wolkvox.ask("POST", "campaign", "add_record", new, **load)
    assert (status, told["msg"], told["data"]) == (
        201,
        "All records has been added successfully",
        [{"total_registers": "2"}],
    )
    (live,) = wolkvox.rows("real_time", "campaigns", campaign_id=id_)
    assert (live["status"], live["records"], live["clean"], live["dial"]) == ("started", "2", "2", "0")

    for outcome, final in (("busy", False), ("answered", True)):
        attempt: dict[str, Any] = {"campaign": int(id_), "key": {"customer_id": "900"}, "phone": CUSTOMERS["900"]}
        reported = requests.post(
            f"{demo.url}/v1/attempts",
            json=attempt | {"outcome": outcome, "final": final, "disposition": "002", "talk_seconds": 42},
            headers={"Authorization": "Bearer demo-native-key"},
            timeout=30,
        )
        assert reported.status_code == 201, reported.text

    (found,) = wolkvox.rows("campaign", "find_record", customer_phone=CUSTOMERS["900"], campaign_id=id_)
    assert (found["result"], found["calls"], found["customer_id"]) == ("ANSWER", "2", "900")
    day = timedelta(days=1)
    span = {
        "campaign_id": id_,
        "date_ini": (datetime.now(UTC) - day).strftime("%Y%m%d%H%M%S"),
        "date_end": (datetime.now(UTC) + day).strftime("%Y%m%d%H%M%S"),
    }
    assert {row["result"]: row["records"] for row in wolkvox.rows("reports_manager", "campaign_1", **span)} == {
        "answer": "1",
        "do-not-call_clean": "1",
    }
    assert [row["result"] for row in wolkvox.rows("reports_manager", "campaign_3", **span)] == ["busy", "answer"]
    assert [row["cod_act"] for row in wolkvox.rows("reports_manager", "cdr_1", **span)] == ["002"]

    later = (datetime.now(UTC) + day).strftime("%Y%m%d%H%M%S")
    recall = {"recall_date": later, "recall_telephone": CUSTOMERS["901"], "customer_id": "901"}
    status, told = wolkvox.ask("PUT", "campaign", "recall", recall, campaign_id=id_)
    assert (status, told["msg"]) == (
        202,
        f"customer_id 901 has been updated and will be call back on {later} to phone {CUSTOMERS['901']}",
    )
    assert "901" in {row["customer_id"] for row in wolkvox.rows("campaign", "find_record", campaign_id=id_)}

    for _ in range(2):
        status, told = wolkvox.ask("PUT", "campaign", "stop", campaign_id=id_)
        assert (status, told["msg"]) == (202, f"The {id_} campaign_id has been stopped successfully")
    doomed = {"type_campaign": "predictive", "campaign_id": id_}
    assert wolkvox.ask("DELETE", "campaign", "clear_campaign", **doomed)[0] == 202
    assert wolkvox.ask("DELETE", "campaign", "clear_campaign", **doomed)[0] == 404
    status, told = wolkvox.ask("DELETE", "campaign", "delete_campaign", {"campaign_ids": [id_]})
    assert (status, told["msg"]) == (200, "1 campaigns deleted successfully. 0 operations failed.")
    assert wolkvox.ask("GET", "real_time", "campaigns", campaign_id=id_)[0] == 404
