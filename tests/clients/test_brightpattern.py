"""Bright Pattern's clients, unmodified, against the running demo: curl, Python's requests and httpx, OAuth."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient  # type: ignore[import-untyped]
from requests.auth import HTTPDigestAuth
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

from tests.clients.conftest import Demo

USER, PASSWORD, SECRET = "dana.keller", "demo-password", "demo-api-secret"
METER = {"Meter": "M-2015-0047"}


@pytest.fixture
def old(demo: Demo) -> str:
    return f"{demo.url}/admin/ws/t/demo"


@pytest.fixture
def v2(demo: Demo) -> str:
    return f"{demo.url}/configapi/v2"


def curl(*arguments: str) -> tuple[int, Any]:
    """The last status and the body."""
    done = subprocess.run(
        ["curl", "-s", "--digest", "-u", f"{USER}:{PASSWORD}", "-w", "\n%{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else None


def test_curl_signs_in_by_digest(old: str) -> None:
    status, campaigns = curl(f"{old}/campaign/getAll/")
    assert status == 200
    assert [campaign["name"] for campaign in campaigns] == ["Meter replacement", "Payment reminder"]
    content = ("-H", "Content-Type: application/json")
    new = {"Meter": "M-curl", "Phone": "030 23125-090"}
    assert curl(*content, "-d", json.dumps(new), f"{old}/callinglist/add/meters.csv") == (204, None)
    status, _ = curl(*content, "-d", json.dumps(new), f"{old}/callinglist/add/meters.csv")
    assert status == 500
    status, found = curl(
        *content, "-d", json.dumps({"Meter": "M-curl"}), f"{old}/callinglist/get/meters.csv/Meter%20replacement"
    )
    assert (status, found["entry"]["Phone"]) == (200, "493023125090")
    assert found["status"] == {"totalAttempts": 0, "completed": False}


def test_curl_is_refused_with_a_wrong_password(old: str) -> None:
    command = ["curl", "-s", "--digest", "-u", f"{USER}:wrong", "-w", "%{http_code}", f"{old}/campaign/getAll"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("401")


def test_requests_signs_in_once_and_goes_on(old: str) -> None:
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(USER, PASSWORD)
        for n in range(5):
            new = {"Meter": f"M-requests-{n}", "Phone": "030 23125-091"}
            answer = session.post(f"{old}/callinglist/add/meters.csv", json=new, timeout=10)
            assert answer.status_code == 204
            assert len(answer.history) == (1 if n == 0 else 0)
        many = session.post(f"{old}/callinglist/addAll/meters.csv", json=[{"Meter": "M-requests-0"}], timeout=10)
        assert many.json() == {"added": 0, "error": {"missingRequired": [{"meter": "M-requests-0"}]}}


def test_requests_sends_a_large_body_before_it_knows_the_challenge(old: str) -> None:
    body = json.dumps([{"Nothing": "x" * 100}] * 20_000)
    for _ in range(5):
        answer = requests.post(
            f"{old}/callinglist/addAll/meters.csv", data=body, auth=HTTPDigestAuth(USER, PASSWORD), timeout=30
        )
        assert len(answer.history) == 1
        assert answer.json()["added"] == 0


def test_httpx_signs_in_over_one_line(old: str) -> None:
    with httpx.Client(auth=httpx.DigestAuth(USER, PASSWORD), timeout=10) as client:
        for _ in range(5):
            answer = client.post(f"{old}//callinglist//get/meters.csv/x", json=METER)
            assert answer.status_code == 200
            assert "status" not in answer.json()


def test_sixteen_clients_of_one_user_are_served_by_all_workers(old: str) -> None:
    def work(n: int) -> list[int]:
        with requests.Session() as session:
            session.auth = HTTPDigestAuth(USER, PASSWORD)
            url = f"{old}/callinglist/get/meters.csv/Meter%20replacement"
            return [session.post(url, json=METER, timeout=10).status_code for _ in range(10)]

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(work, range(16))) == [[200] * 10] * 16


def test_a_replayed_request_is_refused_by_every_worker(old: str) -> None:
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(USER, PASSWORD)
        first = session.get(f"{old}/campaign/getAll", timeout=10)
    header = {"Authorization": first.request.headers["Authorization"]}
    for _ in range(10):  # each on a line of its own, so that the kernel picks the worker
        again = requests.get(f"{old}/campaign/getAll", headers=header, timeout=10)
        assert again.status_code == 401
        assert "stale=true" in again.headers["WWW-Authenticate"]


@pytest.fixture(params=[True, None], ids=["in the form", "as Basic"])
def oauth(request: pytest.FixtureRequest, v2: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OAuth2Session]:
    """A session with a token, fetched in the documented way, and in the one that oauthlib has by default."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the demo has no certificate
    with OAuth2Session(client=BackendApplicationClient(USER), scope="demo.brightpattern.example") as session:
        token = session.fetch_token(
            f"{v2}/oauth/token", client_id=USER, client_secret=SECRET, include_client_id=request.param, timeout=10
        )
        assert (token["token_type"], int(token["expires_in"])) == ("Bearer", 3600)
        yield session


def test_an_oauth_client_asks_and_writes(oauth: OAuth2Session, v2: str) -> None:
    meter = f"M-oauth-{uuid4().hex[:8]}"  # tokens of one moment begin alike
    new = {"Meter": meter, "Phone": "030 23125-092", "First name": "Ilse"}
    added = oauth.post(f"{v2}/callinglist/add/meters.csv", json=new, timeout=10)
    assert (added.status_code, added.content) == (200, b"")
    assert oauth.post(f"{v2}/callinglist/add/meters.csv", json=new, timeout=10).status_code == 409
    found = oauth.post(f"{v2}/callinglist/get/meters.csv/Meter%20replacement", json={"Meter": meter}, timeout=10)
    assert found.json()["entry"] == {"meter": meter, "first name": "Ilse", "phone": "493023125092"}


def test_a_demo_record_has_its_attempts(oauth: OAuth2Session, v2: str) -> None:
    asked = {"fromTime": "2020-01-01T00:00:00.000", "maxSize": "1000"}
    url = f"{v2}/callinglist/getChanged/meters.csv/Meter%20replacement"
    changed = oauth.post(url, json=asked, timeout=10).json()
    assert changed
    assert all(record["attempts"] and record["totalAttempts"] >= 1 for record in changed)
