"""The calls that the demo prints, made by curl as they are pasted, and by Python's requests."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from ringbook.cli.demo import NATIVE_KEY, sample_calls
from tests.clients.conftest import Demo

COUNT = sum(line.startswith("curl ") for line in sample_calls("http://ringbook.example"))


def test_the_demo_prints_at_least_seven_calls_each_below_a_sentence(demo: Demo) -> None:
    assert len(demo.calls) >= 7
    assert demo.lines[0] == f"Ringbook is ready at {demo.url}"
    assert f"{demo.url}/docs" in demo.lines[2]
    for at, line in enumerate(demo.lines):
        if line.startswith("curl "):
            assert demo.lines[at - 1].startswith("# ")
            assert demo.url in line
            assert "|" not in line


@pytest.mark.parametrize("n", range(COUNT))
def test_every_printed_call_answers_200_as_pasted_and_the_same_to_requests(demo: Demo, n: int) -> None:
    by_curl = _pasted(demo.calls[n])
    by_requests = _with_requests(demo.calls[n])
    assert by_curl
    assert _without_times(by_curl) == _without_times(by_requests)


def test_a_number_in_any_spelling_is_ilse_brandt_with_her_history(demo: Demo) -> None:
    national, international = (_pasted(call) for call in demo.calls[:2])
    assert national == international
    assert national["number"] == "+493023125047"
    (contact,) = national["contacts"]
    assert (contact["attributes"]["first_name"], contact["attributes"]["last_name"]) == ("Ilse", "Brandt")
    assert {m["how"] for m in contact["matched_by"]} == {"same number"}
    assert [i["call_id"] for i in national["interactions"]] == [
        "demo-call-1003",
        "demo-try-2001",
        "demo-call-1002",
        "demo-call-1001",
    ]
    ivr, first, second = national["interactions"][2]["legs"]
    assert ivr["ivr_trail"] == "welcome > electricity > bill > agent"
    assert (first["agent"], first["disposition"]) == ("dana.keller", "Transferred")
    assert (second["agent"], second["wrap_up"]) == ("tom.berg", "Meter check agreed")
    assert {(r["campaign"]["name"], r["status"], r["tries"]) for r in national["campaign_records"]} == {
        ("Meter replacement", "in_progress", 1),
        ("Payment reminder", "new", 0),
    }
    (data_set,) = national["data_sets"]
    assert data_set["values"]["FirstName"] == "Ilse"


def test_mindful_answers_with_the_context_of_her_call(demo: Demo) -> None:
    found = _pasted(demo.calls[2])
    assert {key: found[key] for key in ("AccNum", "LastName", "FirstName", "Callid")} == {
        "AccNum": "K-10047",
        "LastName": "Brandt",
        "FirstName": "Ilse",
        "Callid": "demo-call-1010",
    }


def test_what_one_api_writes_the_other_reads_a_moment_later(demo: Demo) -> None:
    left = _pasted(demo.calls[3])
    assert left["data_set_template_name"] == "IVR context"
    (read,) = _pasted(demo.calls[4])["items"]
    assert read["values"] == {"AccNum": "K-10012", "LastName": "Yilmaz"}


def test_a_call_variable_finds_who_calls_from_an_unknown_number(demo: Demo) -> None:
    popped = _pasted(demo.calls[5])
    assert popped["match"] == "one"
    (candidate,) = popped["candidates"]
    assert candidate["attributes"]["customer_id"] == "K-10023"
    assert [m["key"] for m in candidate["matched_by"]] == ["meter_number"]


def test_the_beginning_of_a_name_finds_both_schneiders(demo: Demo) -> None:
    found = _pasted(demo.calls[6])["items"]
    assert {c["attributes"]["first_name"] for c in found} == {"Anna", "Thomas"}


def test_the_journal_says_who_did_what(demo: Demo) -> None:
    items = _pasted(demo.calls[7])["items"]
    assert len(items) == 5
    assert {"at", "by", "dialect", "entity", "id", "before", "after"} <= set(items[0])


def test_the_four_diallers_and_desktops_tell_of_the_same_person(demo: Demo) -> None:
    queried, found, contacts, people = (_pasted(call) for call in demo.calls[8:12])
    assert queried["entry"]["Last name"] == "Brandt"
    assert (queried["status"]["totalAttempts"], queried["status"]["completed"]) == (1, False)
    by_campaign = {row["campaign_id"]: row for row in found["data"]}
    assert (by_campaign["101"]["customer_last_name"], by_campaign["101"]["calls"]) == ("Brandt", "1")
    (contact,) = (one for one in contacts["records"] if one["Name"] == "Brandt")
    assert sum(contact[f"nTriesPhoneNumber{n}"] for n in range(1, 7)) == 1
    (person,) = people
    assert (person["first_name"], person["last_name"]) == ("Ilse", "Brandt")


def test_a_household_shares_a_number_and_a_stranger_has_none(demo: Demo) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {NATIVE_KEY}"
    shared = session.get(f"{demo.url}/v1/lookup", params={"phone": "030 23125-023"}, timeout=5).json()
    assert {c["attributes"]["first_name"] for c in shared["contacts"]} == {"Anna", "Thomas"}
    stranger = session.get(f"{demo.url}/v1/lookup", params={"phone": "030 23125-099"}, timeout=5).json()
    assert stranger["contacts"] == []
    assert [i["call_id"] for i in stranger["interactions"]] == ["demo-call-1009"]
    session.close()


def test_every_customer_is_there_once(demo: Demo) -> None:
    answer = requests.get(
        f"{demo.url}/v1/contacts",
        params={"limit": "500"},
        headers={"Authorization": f"Bearer {NATIVE_KEY}"},
        timeout=5,
    ).json()
    ids = [c["attributes"]["customer_id"] for c in answer["items"] if "customer_id" in c["attributes"]]
    assert len(ids) == len(set(ids)) == 25


def _pasted(call: str) -> Any:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{call} -w '\\n%{{http_code}}'"], capture_output=True, text=True, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    assert (status, done.stderr) == ("200", "")
    return json.loads(body)


def _with_requests(call: str) -> Any:
    words = shlex.split(call)
    assert words[:2] == ["curl", "-s"]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1] if "-d" in words else None
    user = words[words.index("-u") + 1].split(":") if "-u" in words else None
    auth = HTTPDigestAuth(*user) if user else None
    method = "GET" if body is None else "POST"
    answer = requests.request(method, words[-1], headers=headers, data=body, auth=auth, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def _without_times(found: Any) -> Any:
    """Without what differs between two askings: an expiry, and the journal, which grows."""
    if isinstance(found, list):
        return found
    return {k: v for k, v in found.items() if k not in ("time_to_expire", "items", "next_cursor")}


def test_the_last_lines_open_the_console_signed_in_once(demo: Demo) -> None:
    (link,) = (line for line in demo.lines if line.startswith(f"{demo.url}/console/link?"))
    with requests.Session() as browser:
        answer = browser.get(link, timeout=10)
        assert answer.url == f"{demo.url}/console"
        assert "dana.keller" in answer.text
        assert browser.get(link, timeout=10).status_code == 401
