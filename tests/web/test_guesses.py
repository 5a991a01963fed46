"""Wrong passwords over several workers of one host."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ringbook.domain.problems import TooMany
from ringbook.web.guesses import MOST_WRONG, MOST_WRONG_OF_ADDRESS, Guesser, SharedGuesses

KIM = Guesser("acme", "kim.lee", "198.51.100.7", of_many=False)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets what second it is."""

    def set_to(moment: float) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: moment)

    set_to(6_000.0)
    return set_to


@pytest.fixture
def workers(tmp_path: Path, second: Callable[[float], None]) -> list[SharedGuesses]:
    return [SharedGuesses(tmp_path, workers=2) for _ in range(2)]


def held_up(of: SharedGuesses, who: Guesser, nonce: str = "n") -> int:
    """For how many seconds; 0 for who is not."""
    try:
        of.check(who, nonce)
    except TooMany as problem:
        return problem.retry_after
    return 0


def be_wrong(workers: list[SharedGuesses], who: Guesser, times: int) -> None:
    for n in range(times):
        workers[n % 2].was_wrong(who)


def test_so_many_wrong_ones_a_minute_count_over_all_workers(
    workers: list[SharedGuesses], second: Callable[[float], None]
) -> None:
    be_wrong(workers, KIM, MOST_WRONG - 1)
    assert not any(held_up(worker, KIM) for worker in workers)
    be_wrong(workers, KIM, 1)
    assert [held_up(worker, KIM) for worker in workers] == [60, 60]
    second(6_059.0)
    assert held_up(workers[0], KIM) == 1
    second(6_060.0)
    assert not any(held_up(worker, KIM) for worker in workers)


def test_another_login_and_another_address_are_not_held_up(workers: list[SharedGuesses]) -> None:
    be_wrong(workers, KIM, MOST_WRONG)
    for other in (
        KIM._replace(login="dana.keller"),
        KIM._replace(address="198.51.100.8"),
        KIM._replace(realm="other"),
    ):
        assert not held_up(workers[0], other)


def test_who_has_proven_the_login_goes_on_on_any_worker(
    workers: list[SharedGuesses], second: Callable[[float], None]
) -> None:
    workers[0].was_right(KIM, "proven")
    be_wrong(workers, KIM, MOST_WRONG)
    assert not held_up(workers[1], KIM, "proven")
    assert held_up(workers[1], KIM, "another")
    assert held_up(workers[1], KIM._replace(login="dana.keller"), "proven") == 0, "she was never wrong"
    be_wrong(workers, KIM._replace(login="dana.keller"), MOST_WRONG)
    assert held_up(workers[1], KIM._replace(login="dana.keller"), "proven"), "whose login was proven on it is not hers"
    second(6_599.0)
    be_wrong(workers, KIM, MOST_WRONG)
    assert not held_up(workers[1], KIM, "proven"), "as long as a nonce lives"
    second(7_800.0)
    be_wrong(workers, KIM, MOST_WRONG)
    assert held_up(workers[1], KIM, "proven")


def test_an_address_is_wrong_so_often_whatever_the_login(workers: list[SharedGuesses]) -> None:
    for n in range(MOST_WRONG_OF_ADDRESS):
        workers[0].was_wrong(KIM._replace(login=f"user-{n}"))
    assert held_up(workers[1], KIM)
    assert not held_up(workers[1], KIM._replace(address="198.51.100.8"))


def test_an_address_that_stands_for_many_has_more(workers: list[SharedGuesses]) -> None:
    be_wrong(workers, KIM, MOST_WRONG)
    assert not held_up(workers[0], KIM._replace(of_many=True))
    be_wrong(workers, KIM, 9 * MOST_WRONG)
    assert held_up(workers[0], KIM._replace(of_many=True))
