"""Answers that are made while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from ringbook.domain.problems import Unavailable
from ringbook.web.stream import JsonStream, started


class Reader:
    """Somebody who reads, and hangs up after so many pieces."""

    def __init__(self, most: int | None = None) -> None:
        self.got: list[Message] = []
        self._most = most
        self._hung_up = asyncio.Event()

    async def receive(self) -> Message:
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.got.append(message)
        if self._most is not None and len(self.bodies) >= self._most:
            self._hung_up.set()
        await asyncio.sleep(0)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.got if message["type"] == "http.response.body"]


class Pieces:
    """Pieces that say how many of them were made, and whether they were left in order."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.made = 0
        self.left = False
        self._count = count
        self._error = error

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for n in range(self._count):
                self.made += 1
                yield b"%d " % n
            if self._error:
                raise self._error
        finally:
            self.left = True


async def test_every_piece_is_sent_before_the_next_is_made() -> None:
    pieces, reader = Pieces(3), Reader()
    made_when_sent: list[int] = []

    async def send(message: Message) -> None:
        made_when_sent.append(pieces.made)
        await reader.send(message)

    await JsonStream(pieces())({}, reader.receive, send)
    assert reader.bodies == [b"0 ", b"1 ", b"2 ", b""]
    assert made_when_sent == [0, 1, 2, 3, 3]
    assert [message.get("more_body") for message in reader.got[1:]] == [True, True, True, False]
    assert (reader.got[0]["status"], dict(reader.got[0]["headers"])) == (200, {b"content-type": b"application/json"})
    assert pieces.left


async def test_who_hangs_up_has_no_more_made() -> None:
    pieces, reader = Pieces(1000), Reader(most=2)
    await JsonStream(pieces())({}, reader.receive, reader.send)
    assert pieces.made < 5
    assert pieces.left


@pytest.mark.parametrize(("error", "is_bug"), [(Unavailable(), False), (ZeroDivisionError("secret"), True)])
async def test_what_cannot_be_made_to_its_end_is_broken_off(error: Exception, is_bug: bool) -> None:
    pieces, reader = Pieces(2, error), Reader()
    answer = JsonStream(pieces())
    with capture_logs() as logged, pytest.raises(type(error)):
        await answer({}, reader.receive, reader.send)
    assert reader.bodies == [b"0 ", b"1 "]
    assert reader.got[-1]["more_body"], "the end was never said"
    assert answer.status_code == 500, "which the log and the counts have"
    (line,) = logged
    assert (line["event"], line["error"], bool(line["exc_info"])) == ("answer broken off", type(error).__name__, is_bug)


async def test_what_fails_before_the_first_piece_can_still_be_answered() -> None:
    with pytest.raises(Unavailable):
        await started(Pieces(0, Unavailable())())


async def test_what_has_begun_brings_the_first_piece_too() -> None:
    pieces = Pieces(3)
    begun = await started(pieces())
    assert pieces.made == 1
    assert [piece async for piece in begun] == [b"0 ", b"1 ", b"2 "]
    assert pieces.left


async def test_what_has_begun_can_be_left() -> None:
    pieces = Pieces(3)
    begun = await started(pieces())
    await anext(begun)
    await begun.aclose()
    assert pieces.left
