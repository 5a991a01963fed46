"""Events between the worker processes of a real server, and how its streams end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbook.cli.demo import NATIVE_KEY
from tests.cli.running import Running, until

HEADERS = {"authorization": f"Bearer {NATIVE_KEY}"}


class Desktop:
    """An agent's screen: a stream of events that a thread reads."""

    def __init__(self, url: str, query: str = "", **headers: str) -> None:
        self.lines: list[tuple[float, str]] = []
        self.worker = ""
        self.status = 0
        self.ended: float | None = None
        self.leaves = False
        asked = f"{url}/v1/events{query}", headers
        threading.Thread(target=self._read, args=asked, name="desktop", daemon=True).start()
        until(lambda: self.lines or self.ended)

    def _read(self, url: str, headers: dict[str, str]) -> None:
        try:
            with httpx.stream("GET", url, headers=headers, timeout=httpx.Timeout(10, read=60)) as answer:
                self.status = answer.status_code
                self.worker = answer.headers["x-request-id"].partition("-")[0]
                for line in answer.iter_lines():
                    self.lines.append((time.monotonic(), line))
                    if self.leaves:
                        break
        except httpx.HTTPError as error:
            self.lines.append((time.monotonic(), f"broken off: {error}"))
        self.ended = time.monotonic()

    @property
    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def at(self, part: str) -> float:
        """When something came that has this in it."""
        until(lambda: part in self.text)
        return next(at for at, line in self.lines if part in line)

    @property
    def last_id(self) -> str:
        return [line for _, line in self.lines if line.startswith("id: ")][-1].removeprefix("id: ")


@pytest.fixture
def server(folder: Path) -> Iterator[Running]:
    running = Running(folder, "--workers", "2")
    yield running
    if running.process.poll() is None:
        assert running.end() == 0
    for thread in threading.enumerate():
        if thread.name == "desktop":
            thread.join(10)
    assert "Traceback" not in running.err.read_text()


def on_both_workers(server: Running, **query: str) -> list[Desktop]:
    """Desktops that listen, at least one at each worker."""
    asked = "?" + "&".join(f"{name}={value}" for name, value in query.items())
    desktops: list[Desktop] = []
    while len({desktop.worker for desktop in desktops}) < 2:
        assert len(desktops) < 50
        desktops.append(Desktop(server.url, asked, **HEADERS))
    return desktops


def pop(server: Running, **call: Any) -> float:
    """Pop; when it was asked for."""
    began = time.monotonic()
    answer = httpx.post(f"{server.url}/v1/screenpop", json=call, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return began


def test_a_pop_is_on_the_screen_whatever_worker_took_it(server: Running) -> None:
    desktops = on_both_workers(server, types="pop", agent="kim")
    for n in range(6):  # each a new connection, so that both workers take some
        pop(server, ani="+493023125047", agent="sam", call_id=f"other-{n}")
        began = pop(server, ani="+493023125047", agent="kim", call_id=f"call-{n}")
        for desktop in desktops:
            assert desktop.at(f'"call_id":"call-{n}"') - began < 1
    assert all("other-" not in desktop.text for desktop in desktops)
    answer = httpx.post(f"{server.url}/v1/contacts", json={"attributes": {"customer_id": "K-77"}}, headers=HEADERS)
    missed = Desktop(server.url, "?types=pop,contact", **HEADERS, **{"last-event-id": desktops[0].last_id})
    assert missed.at(f'"entity_id":{answer.json()["id"]}')


def test_sigterm_ends_streams_at_once_and_the_server_exits_0(server: Running) -> None:
    desktops = on_both_workers(server)
    began = time.monotonic()
    assert server.end() == 0
    for desktop in desktops:
        until(lambda each=desktop: each.ended is not None)  # type: ignore[misc]
        assert desktop.ended is not None
        assert desktop.ended - began < 2
        assert "broken off" not in desktop.text
    assert time.monotonic() - began < 8, "nobody was waited for"
    log = [line for line in server.err.read_text().splitlines() if "GET /v1/events" in line]
    assert len(log) == len(desktops), "a line for each stream, at its end"


def test_revoking_a_key_ends_its_streams_within_a_second(server: Running) -> None:
    with server.client(NATIVE_KEY) as client:
        key = client.post("/v1/keys", json={"name": "desktop", "for": "native", "scopes": ["read"]}).json()
        desktops = [Desktop(server.url, authorization=f"Bearer {key['secret']}") for _ in range(4)]
        stays = Desktop(server.url, **HEADERS)
        assert client.delete(f"/v1/keys/{key['id']}").status_code == 200
        began = time.monotonic()
        for desktop in desktops:
            until(lambda each=desktop: each.ended is not None)  # type: ignore[misc]
        assert time.monotonic() - began < 1.5
        pop(server, call_id="after")
        stays.at('"call_id":"after"')


def test_a_ticket_opens_one_stream(server: Running) -> None:
    made = httpx.post(f"{server.url}/v1/events/ticket", headers=HEADERS)
    assert made.status_code == 201
    ticket = made.json()["ticket"]
    desktop = Desktop(server.url, f"?types=pop&ticket={ticket}")
    pop(server, call_id="c-1")
    desktop.at('"call_id":"c-1"')
    assert Desktop(server.url, f"?ticket={ticket}").status == 401
    assert ticket not in server.err.read_text()


def test_what_a_killed_worker_had_not_told_is_told_by_another(server: Running) -> None:
    desktop = Desktop(server.url, "?types=contact", **HEADERS)
    with server.client(NATIVE_KEY) as client:
        saved = client.post("/v1/contacts", json={"attributes": {"customer_id": "K-78"}}).json()
        server.kill()
    again = Running(server.data.parent, "--workers", "2")
    resumed = Desktop(again.url, "?types=contact", **HEADERS, **{"last-event-id": desktop.last_id})
    assert f'"entity_id":{saved["id"]}' in desktop.text or resumed.at(f'"entity_id":{saved["id"]}')
    assert "reset" not in resumed.text
    assert again.end() == 0


def test_webhooks_go_to_private_addresses_only_where_that_is_allowed(folder: Path) -> None:
    got: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        for allowed in ((), ("--webhook-private-networks", "127.0.0.0/8")):
            running = Running(folder, "--workers", "2", *allowed)
            with running.client(NATIVE_KEY) as client:
                ping = _pinged(client, f"http://127.0.0.1:{receiver.server_port}/")
            assert running.end() == 0
            assert ping["error"] == (None if allowed else "The address is not public.")
            assert ping["state"] == ("delivered" if allowed else "waiting")
            assert (b"webhook.ping" in b"".join(got)) == bool(allowed)
        receiver.shutdown()


def _pinged(client: httpx.Client, url: str) -> dict[str, Any]:
    """What became of a ping to a new webhook."""
    path = f"/v1/webhooks/{client.post('/v1/webhooks', json={'url': url, 'types': ['pop']}).json()['id']}"
    assert client.post(f"{path}/ping").status_code == 202

    def tried() -> list[dict[str, Any]]:
        return [each for each in client.get(f"{path}/deliveries").json()["items"] if each["tries"]]

    until(tried)
    return tried()[0]


def test_requests_are_counted_when_they_were_answered(server: Running) -> None:
    desktop = Desktop(server.url, **HEADERS)
    time.sleep(1.2)
    desktop.leaves = True
    pop(server)
    until(lambda: "GET /v1/events" in server.err.read_text())

    def seconds() -> float:
        told = httpx.get(f"{server.url}/metrics").text
        name = 'ringbook_request_seconds_sum{dialect="native",operation="GET /v1/events"}'
        found = [line for line in told.splitlines() if line.startswith(name)]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    until(seconds)
    assert 0 < seconds() < 1
