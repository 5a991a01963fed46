"""`ringbook serve` as a process: ready, ended, killed, and without its database for a while."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from ringbook.cli.demo import MINDFUL_TOKEN, NATIVE_KEY
from ringbook.store.embedded import open_embedded
from tests.cli.conftest import Ringbook
from tests.cli.running import PATIENCE, Running, postmaster, until

LOOKUP = "/v1/lookup?phone=030%2023125-047"


def test_it_says_ready_once_and_then_every_worker_accepts(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700  # for root, PostgreSQL's difficulty
    running = Running(folder, "--workers", "2")
    began = time.monotonic()
    workers: set[str] = set()
    while len(workers) < 2:
        answer = httpx.get(f"{running.url}/health/ready")
        assert answer.status_code == 200
        workers.add(answer.headers["x-request-id"].partition("-")[0])
        assert time.monotonic() - began < 5
    assert running.said == f"Ringbook is ready at {running.url}\n"
    assert running.end() == 0
    assert running.said == f"Ringbook is ready at {running.url}\n"
    assert "Traceback" not in running.err.read_text()


async def test_sigterm_lets_the_request_in_flight_finish_and_exits_0(folder: Path) -> None:
    running = Running(folder)
    with open_embedded(running.data, serving=False) as server:
        connection = await asyncpg.connect(server.dsn)
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {NATIVE_KEY}"}, timeout=15) as client:
            async with connection.transaction():
                await connection.execute("LOCK TABLE contact IN EXCLUSIVE MODE")
                save = {"attributes": {"customer_id": "K-90001", "last_name": "Arndt"}}
                asked = asyncio.create_task(client.post(f"{running.url}/v1/contacts", json=save))
                await _until_waiting(connection)
                running.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.3)
                assert running.process.poll() is None
            assert (await asked).status_code == 201
        await connection.close()
        assert running.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_control_c_and_a_closed_terminal_end_it_too(folder: Path, how: signal.Signals) -> None:
    running = Running(folder)
    os.killpg(running.process.pid, how)
    assert running.process.wait(PATIENCE) == 0
    assert postmaster(running.data) is None


def test_what_was_acknowledged_survives_kill_9_of_the_whole_process_group(folder: Path) -> None:
    running = Running(folder, "--workers", "2")
    writes = _acknowledged_until(running, running.kill)
    again = Running(folder)
    assert again.seconds < 10
    _all_there(again, *writes)
    assert again.end() == 0


def test_what_was_acknowledged_survives_kill_9_of_everything_with_postgresql(folder: Path) -> None:
    running = Running(folder)
    writes = _acknowledged_until(running, lambda: running.kill(database=True))
    again = Running(folder)
    assert again.seconds < 10
    _all_there(again, *writes)
    assert again.end() == 0
    assert postmaster(again.data) is None


def test_the_workers_of_a_killed_supervisor_go_and_leave_the_port(folder: Path) -> None:
    running = Running(folder, "--workers", "2")
    running.process.kill()
    running.process.wait()
    port = running.url.rpartition(":")[2]
    again = Running(folder, "--port", port)
    assert again.url == running.url
    assert httpx.get(f"{again.url}/health/ready").status_code == 200
    assert again.end() == 0


def test_a_killed_worker_is_replaced(folder: Path) -> None:
    running = Running(folder)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    worker = next(pid for pid in children if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(int(worker), signal.SIGKILL)
    with running.client(NATIVE_KEY) as client:
        until(lambda: _status(client, LOOKUP) == 200)
    assert running.end() == 0


def test_a_postgresql_that_dies_comes_back_and_meanwhile_every_dialect_says_so(folder: Path) -> None:
    running = Running(folder)
    with running.client(NATIVE_KEY) as native, running.client(MINDFUL_TOKEN) as mindful:
        assert native.get(LOOKUP).status_code == 200
        before = postmaster(running.data)
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)
        answers: list[httpx.Response] = []
        while not answers or answers[-1].status_code != 200:
            answers.append(native.get(LOOKUP))
            answers.append(mindful.get("/api/v1/data_sets/search?customer_contact_number=03023125047"))
            assert len(answers) < 5000
            time.sleep(0.005)
        away = {(a.status_code, a.headers["content-type"], a.json().get("error")) for a in answers} - {
            (200, "application/json", None)
        }
        assert away <= {
            (503, "application/problem+json", None),
            (503, "application/json", "ServiceUnavailable"),
        }
        assert away
        until(lambda: native.get(LOOKUP).status_code == 200)
        saved = native.post("/v1/contacts", json={"attributes": {"customer_id": "K-90002"}})
        assert saved.status_code == 201
    after = postmaster(running.data)
    assert after is not None
    assert after.pid != before.pid
    assert running.end() == 0
    assert "was started again" in running.err.read_text()
    assert running.said == f"Ringbook is ready at {running.url}\n"


def test_a_revoked_key_fails_within_a_second_on_every_worker(folder: Path, ringbook: Ringbook) -> None:
    running = Running(folder, "--workers", "2")
    made = ringbook("key", "create", "short", "--data", running.data)
    with running.client(NATIVE_KEY) as admin:
        key = next(k for k in admin.get("/v1/keys").json()["items"] if k["name"] == "short")
        clients = [running.client(made.out.strip()) for _ in range(16)]
        answers = [client.get(LOOKUP) for client in clients]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.headers["x-request-id"].partition("-")[0] for answer in answers}) == 2
        assert admin.delete(f"/v1/keys/{key['id']}").status_code == 200
        time.sleep(1)
        assert {client.get(LOOKUP).status_code for client in clients} == {401}
        for client in clients:
            client.close()
    assert running.end() == 0


def test_a_second_server_on_the_same_data_is_refused_in_one_sentence(folder: Path, ringbook: Ringbook) -> None:
    running = Running(folder)
    second = ringbook("serve", "--port", "0", "--data", running.data)
    assert (second.code, second.out, second.err.count("\n")) == (1, "", 1)
    assert f"is in use by another Ringbook (pid {running.process.pid})" in second.err
    port = running.url.rpartition(":")[2]
    taken = ringbook("serve", "--port", port, "--data", folder / "other")
    assert (taken.code, taken.err) == (1, f"Cannot listen on 127.0.0.1:{port}: Address already in use.\n")
    assert not (folder / "other").exists()
    assert running.end() == 0


def test_it_runs_on_a_postgresql_of_ones_own(folder: Path, ringbook: Ringbook) -> None:
    with open_embedded(folder / "data", serving=False) as theirs:
        running = Running(folder, "--database", theirs.dsn, "--data", str(folder / "keys"), data=False)
        with running.client(NATIVE_KEY) as client:
            assert client.get(LOOKUP).json()["contacts"][0]["attributes"]["last_name"] == "Brandt"
        assert '"Brandt"' in ringbook("lookup", "030 23125-047", "--database", theirs.dsn, "--json").out
        assert running.end() == 0
        assert postmaster(folder / "data") is not None


def test_it_serves_on_names_and_on_the_other_family_of_addresses(folder: Path) -> None:
    hosts = ["localhost"]
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
            hosts.append("::1")
        except OSError:  # a machine without it
            pass
    for host in hosts:
        running = Running(folder, "--host", host)
        shown = f"[{host}]" if ":" in host else host
        assert running.url.startswith(f"http://{shown}:")
        assert httpx.get(f"{running.url}/health/live").status_code == 200
        assert running.end() == 0


Writes = tuple[list[str], list[str]]


def _acknowledged_until(running: Running, killing: Callable[[], None]) -> Writes:
    """Customer ids and Mindful numbers whose writes were acknowledged before everything was killed."""
    contacts: list[str] = []
    data_sets: list[str] = []

    def write(writer: int) -> None:
        with running.client(NATIVE_KEY) as native, running.client(MINDFUL_TOKEN) as mindful:
            for n in range(10_000):
                customer, number = f"W{writer}-{n}", f"9{writer}{n:05}"
                try:
                    made = native.post("/v1/contacts", json={"attributes": {"customer_id": customer}})
                    contacts.extend([customer] if made.status_code == 201 else [])
                    submit = {"customer_contact_number": number, "data_values": {"AccNum": customer}}
                    left = mindful.post("/api/v1/data_sets", json=submit)
                    data_sets.extend([number] if left.status_code == 200 else [])
                except httpx.HTTPError:
                    return

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(contacts) > 60 and len(data_sets) > 60)
    killing()
    for thread in threads:
        thread.join()
    return contacts, data_sets


def _all_there(running: Running, contacts: list[str], data_sets: list[str]) -> None:
    with running.client(NATIVE_KEY) as native, running.client(MINDFUL_TOKEN) as mindful:
        for customer in contacts:
            found = native.post("/v1/contacts/search", json={"criteria": {"customer_id": customer}}).json()
            assert [c["attributes"]["customer_id"] for c in found["items"]] == [customer]
        for number in data_sets:
            answer = mindful.get("/api/v1/data_sets/search", params={"customer_contact_number": number})
            assert answer.json()["customer_contact_number"] == number
        assert native.get(LOOKUP).json()["contacts"][0]["attributes"]["last_name"] == "Brandt"


async def _until_waiting(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Until another session waits for a lock of ours."""
    for _ in range(500):
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


def _status(client: httpx.Client, path: str) -> int:
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return 0


def test_where_no_key_file_can_be_written_users_are_not_let_in_and_all_else_is_served(
    folder: Path, tmp_path: Path
) -> None:
    with open_embedded(folder / "data", serving=True) as server:
        running = Running(tmp_path, "--database", server.dsn, "--data", "/dev/null/nowhere", data=False)
        with running.client(NATIVE_KEY) as client:
            assert client.get(LOOKUP).status_code == 200
            user = httpx.DigestAuth("dana.keller", "demo-password")
            assert client.get("/admin/ws/t/demo/campaign/getAll", auth=user).status_code == 401
        assert running.end() == 0
    assert "Users cannot sign in." in running.err.read_text()
