"""What clients do before any operation can look at it: bodies that are sent too early, slashes that are too many."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from ringbook.dialects.brightpattern import habits
from ringbook.dialects.brightpattern.habits import as_clients_do


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that looks at nothing but the path."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b""})


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await refuse(scope, receive, send)


class Line:
    """A client that sends chunks, and what happened in which order."""

    def __init__(self, chunks: int, ends: bool = True) -> None:
        self._left = chunks
        self._ends = ends
        self.happened: list[str] = []

    async def receive(self) -> Message:
        self.happened.append("read")
        self._left -= 1
        if self._left < 0:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"x" * 1000, "more_body": self._left > 0 or not self._ends}

    async def send(self, message: Message) -> None:
        self.happened.append(message["type"].rpartition(".")[2])


async def answered(app: Any, line: Line, path: str = "/x", **headers: str) -> list[str]:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "headers": raw}
    await as_clients_do(app)(scope, line.receive, line.send)
    return line.happened


LENGTH = {"content-length": "3000"}


async def test_an_answer_waits_for_the_body() -> None:
    assert await answered(refuse, Line(3), **LENGTH) == ["read"] * 3 + ["start", "body"]


async def test_a_body_is_read_once() -> None:
    assert await answered(read_all, Line(3), **LENGTH) == ["read"] * 3 + ["start", "body"]


async def test_who_has_left_is_not_waited_for() -> None:
    assert await answered(refuse, Line(2, ends=False), **LENGTH) == ["read"] * 3 + ["start", "body"]


async def test_without_a_body_nothing_is_waited_for() -> None:
    assert await answered(refuse, Line(3)) == ["start", "body"]


async def test_who_asks_before_sending_is_told_at_once() -> None:
    assert await answered(refuse, Line(3), **LENGTH, expect="100-continue") == ["start", "body"]


async def test_a_body_without_end_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits, "_MOST_AWAITED", 5000)
    happened = await answered(refuse, Line(10**6), **{"transfer-encoding": "chunked"})
    assert happened == ["read"] * 5 + ["start", "body"]


@pytest.mark.parametrize(("asked", "meant"), [("/x/", "/x"), ("/x", "/x"), ("/x//", "/x/")])
async def test_one_slash_at_the_end_is_none(asked: str, meant: str) -> None:
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    await as_clients_do(refuse)({"type": "http", "path": asked, "headers": []}, Line(0).receive, send)
    assert told[0]["headers"] == [(b"path", meant.encode())]
