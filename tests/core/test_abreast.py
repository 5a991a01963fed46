"""Slices abreast: they are committed in their order, and one that may be about somebody of the other waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ringbook.core.abreast import Abreast, Turn
from ringbook.core.import_files import Slice
from ringbook.domain.intake import Effect, Preparing, prepare
from ringbook.domain.problems import Conflict, Problem, Unavailable
from ringbook.domain.schema import PREDEFINED, Attribute

HOW = Preparing("US", tuple(Attribute(n, key, label, type_) for n, (key, label, type_) in enumerate(PREDEFINED, 1)))


def about(*customers: str) -> Slice:
    """A slice of rows about these customers."""
    rows = [{"customer_id": customer} for customer in customers]
    return Slice([], [], len(rows), prepared=prepare(HOW, rows))


class Writing:
    """Slices on their way, each as far as the test lets it come. It is named by its first customer."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.committed: list[str] = []
        self.taken_back: list[str] = []
        self.open: set[str] = set()
        self.most_open = 0
        self.failing: dict[str, list[Problem]] = {}
        self._written: dict[str, asyncio.Event] = {}
        self._decided: dict[str, asyncio.Future[Effect]] = {}
        self.abreast = Abreast(self._write, at_once)

    def decide(self, name: str, effect: Effect = "newcomers") -> None:
        self._decision(name).set_result(effect)

    def let_go(self, *names: str) -> None:
        """Let the slices come to their ends, now or as soon as they are begun."""
        for name in names:
            self._end(name).set()

    async def add(self, part: Slice) -> asyncio.Task[None]:
        """Have a slice added, as far as that comes by now."""
        adding = asyncio.create_task(self.abreast.add(part))
        await as_far_as_it_comes()
        return adding

    async def _write(self, part: Slice, turn: Turn) -> None:
        name = part.prepared.arrivals[0].customer if part.prepared else "unknown"
        self.begun.append(name)
        self.open.add(name)
        self.most_open = max(self.most_open, len(self.open))
        try:
            turn.decided(await asyncio.shield(self._decision(name)))
            await self._end(name).wait()
            for problem in self.failing.pop(name, []):
                raise problem
            await turn.comes()
            self.committed.append(name)
        except BaseException:
            self.taken_back.append(name)
            raise
        finally:
            self.open.discard(name)

    def _decision(self, name: str) -> asyncio.Future[Effect]:
        return self._decided.setdefault(name, asyncio.get_running_loop().create_future())

    def _end(self, name: str) -> asyncio.Event:
        return self._written.setdefault(name, asyncio.Event())


async def at_once(act: Callable[[], Awaitable[None]]) -> None:
    """Call again what is unavailable."""
    while True:
        try:
            return await act()
        except Unavailable:
            continue


async def as_far_as_it_comes() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def two_abreast() -> tuple[Writing, asyncio.Task[None]]:
    """Two slices that are open, and the task that has added the second one."""
    writing = Writing()
    await writing.add(about("1"))
    writing.decide("1")
    writing.decide("2")
    adding = await writing.add(about("2"))
    assert writing.open == {"1", "2"}
    return writing, adding


async def test_what_is_written_sooner_is_not_committed_sooner() -> None:
    writing, adding = await two_abreast()
    writing.let_go("2")
    await as_far_as_it_comes()
    assert writing.committed == []
    writing.let_go("1")
    await adding
    await writing.abreast.finish()
    assert writing.committed == ["1", "2"]
    assert writing.begun == ["1", "2"]


async def test_the_next_one_begins_as_soon_as_others_are_known_to_be_left_alone() -> None:
    writing = Writing()
    await writing.add(about("1"))
    await writing.add(about("2"))
    assert writing.begun == ["1"]
    writing.decide("1")
    await as_far_as_it_comes()
    assert writing.begun == ["1", "2"]
    await writing.abreast.stop()


async def test_who_shares_somebody_with_the_slice_before_waits() -> None:
    writing = Writing()
    await writing.add(about("1", "3"))
    writing.decide("1")
    adding = await writing.add(about("2", "3"))
    assert writing.begun == ["1"]
    writing.let_go("1", "2")
    writing.decide("2")
    await adding
    await writing.abreast.finish()
    assert writing.committed == ["1", "2"]
    assert writing.most_open == 1


async def test_who_shares_somebody_with_a_slice_that_does_nothing_need_not_wait() -> None:
    writing = Writing()
    await writing.add(about("1", "3"))
    writing.decide("1", "nothing")
    await writing.add(about("2", "3"))
    assert writing.begun == ["1", "2"]
    await writing.abreast.stop()


async def test_who_comes_behind_a_slice_that_changes_somebody_waits() -> None:
    writing = Writing()
    await writing.add(about("1"))
    writing.decide("1", "changes")
    adding = await writing.add(about("2"))
    assert writing.begun == ["1"]
    writing.let_go("1")
    await adding
    await as_far_as_it_comes()
    assert writing.committed == ["1"]
    assert writing.begun == ["1", "2"]
    await writing.abreast.stop()


@pytest.mark.parametrize("unknown_first", [True, False])
async def test_who_may_be_about_anybody_is_alone(unknown_first: bool) -> None:
    writing = Writing()
    parts = [about("1"), Slice([], [], 0)]
    names = ["1", "unknown"]
    if unknown_first:
        parts.reverse()
        names.reverse()
    for name in names:
        writing.decide(name)
    await writing.add(parts[0])
    adding = await writing.add(parts[1])
    assert writing.begun == names[:1]
    writing.let_go(*names)
    await adding
    await writing.abreast.finish()
    assert writing.committed == names
    assert writing.most_open == 1


async def test_there_are_two_at_most() -> None:
    writing = Writing()
    names = [str(n) for n in range(6)]
    for name in names:
        writing.decide(name)
        adding = await writing.add(about(name))
        if name != "0":
            assert not adding.done(), "the one before this one is still open"
            writing.let_go(str(int(name) - 1))
        await adding
    writing.let_go("5")
    await writing.abreast.finish()
    assert writing.committed == names
    assert writing.most_open == 2


async def test_one_that_is_unavailable_takes_the_next_with_it_and_they_go_one_after_the_other() -> None:
    writing, adding = await two_abreast()
    writing.failing["1"] = [Unavailable("away")]
    writing.let_go("2")
    await as_far_as_it_comes()
    writing.most_open = 0
    writing.let_go("1")
    await adding
    await writing.abreast.finish()
    assert writing.taken_back == ["1", "2"]
    assert writing.begun == ["1", "2", "1", "2"]
    assert writing.committed == ["1", "2"]
    assert writing.most_open == 1


async def test_the_second_one_fails_alone() -> None:
    writing, adding = await two_abreast()
    writing.failing["2"] = [Unavailable("away")]
    writing.let_go("2")
    await as_far_as_it_comes()
    assert writing.taken_back == ["2"]
    assert not adding.done(), "the first one is still under way"
    writing.let_go("1")
    await adding
    await writing.abreast.finish()
    assert writing.begun == ["1", "2", "2"]
    assert writing.committed == ["1", "2"]


async def test_who_comes_behind_one_that_failed_before_it_could_tell_waits_until_it_is_there() -> None:
    writing = Writing()
    writing.failing["1"] = [Unavailable("away")]
    await writing.add(about("1"))
    adding = await writing.add(about("2"))
    writing.let_go("1", "2")
    writing.decide("1", "changes")
    writing.decide("2")
    await adding
    await writing.abreast.finish()
    assert writing.begun == ["1", "1", "2"]
    assert writing.committed == ["1", "2"]


async def test_what_cannot_be_mended_is_raised_and_the_next_is_not_committed() -> None:
    writing, adding = await two_abreast()
    writing.failing["1"] = [Conflict("taken over")]
    writing.let_go("1", "2")
    with pytest.raises(Conflict):
        await adding
    await writing.abreast.stop()
    assert writing.committed == []
    assert writing.taken_back == ["1", "2"]
    assert not writing.open


async def test_who_stops_leaves_none_open() -> None:
    writing, adding = await two_abreast()
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await writing.abreast.stop()
    assert not writing.open
    assert writing.committed == []
    assert sorted(writing.taken_back) == ["1", "2"]


async def test_who_stops_while_one_falls_with_the_other_leaves_none_open() -> None:
    writing, adding = await two_abreast()
    writing.failing["1"] = [Unavailable("away")]
    writing.let_go("1")
    await as_far_as_it_comes()
    assert writing.open == {"2"}
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await writing.abreast.stop()
    assert not writing.open
    assert writing.begun == ["1", "2"]
