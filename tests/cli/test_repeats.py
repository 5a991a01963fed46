"""Writes that are sent again with their Idempotency-Key until they are answered, while everything is killed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx

from ringbook.cli.demo import NATIVE_KEY
from tests.cli.running import Running, until

RECORDS = "/v1/lists/repeats/records"
WRITERS = 4


class Writer:
    """Adds one record after another to a list that takes any twice; each is sent until it is answered."""

    def __init__(self, name: int) -> None:
        self._name = name
        self.added = 0
        self.replayed = 0

    def until_killed(self, running: Running) -> None:
        with running.client(NATIVE_KEY) as native:
            while True:
                try:
                    answer = self._send(native, self.added)
                except httpx.TransportError:
                    return
                assert answer.status_code in (201, 409, 503), answer.text
                if answer.status_code == 201:
                    self.added += 1
                    self.replayed += "idempotency-replayed" in answer.headers

    def until_answered(self, running: Running) -> None:
        """Send once more what was unanswered, and the three before it."""
        with running.client(NATIVE_KEY) as native:
            for n in range(max(0, self.added - 3), self.added + 1):
                answer = self._send(native, n)
                while answer.status_code in (409, 503):
                    answer = self._send(native, n)
                assert answer.status_code == 201, answer.text
                assert answer.json()["fields"]["n"] == f"{self._name}-{n}"
                assert n == self.added or answer.headers["idempotency-replayed"] == "true"
        self.added += 1

    def _send(self, native: httpx.Client, n: int) -> httpx.Response:
        text = f"{self._name}-{n}"
        return native.post(
            RECORDS,
            json={"fields": {"n": text, "Phone": f"9{self._name}{n:05}"}},
            headers={"Idempotency-Key": f"add-{text}"},
        )


def test_every_write_is_done_exactly_once_under_kill_9(folder: Path) -> None:
    writers = [Writer(name) for name in range(WRITERS)]
    running = Running(folder, "--workers", "2")
    with running.client(NATIVE_KEY) as native:
        fields = [{"name": "n", "type": "OTHER"}, {"name": "Phone", "type": "PHONE"}]
        made = native.post("/v1/lists", json={"name": "repeats", "fields": fields})
        assert made.status_code == 201
    for database in (False, True):
        before = sum(writer.added for writer in writers)
        threads = [threading.Thread(target=writer.until_killed, args=(running,)) for writer in writers]
        for thread in threads:
            thread.start()
        _until_added(writers, before + 40)
        running.kill(database=database)
        for thread in threads:
            thread.join()
        running = Running(folder, "--workers", "2")
        for writer in writers:
            writer.until_answered(running)
    assert _records(running) == Counter(f"{w}-{n}" for w, writer in enumerate(writers) for n in range(writer.added))
    assert running.end() == 0


def _records(running: Running) -> Counter[str]:
    found: Counter[str] = Counter()
    with running.client(NATIVE_KEY) as native:
        start: int | None = 0
        while start is not None:
            page = native.get(RECORDS, params={"from": start, "limit": 1000}).json()
            found.update(record["fields"]["n"] for record in page["items"])
            start = page["next_from"]
    return found


def _until_added(writers: Sequence[Writer], many: int) -> None:
    until(lambda: sum(writer.added for writer in writers) > many, patience=20)
