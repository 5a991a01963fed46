"""Nonces: known again by every worker, good for a while, and used once for each count."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ringbook.web import nonces
from ringbook.web.nonces import LIFETIME_SECONDS, WINDOW, SharedNonces


class Clock:
    """The host's clock, for the nonces alone."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(nonces, "time", clock)
    return clock


@pytest.fixture
def workers(tmp_path: Path, clock: Clock) -> list[SharedNonces]:
    """What two workers see of one memory, each with a column of its own."""
    first, second = SharedNonces(tmp_path, workers=2), SharedNonces(tmp_path, workers=2)
    assert first._columns.own != second._columns.own
    return [first, second]


def test_a_nonce_is_used_once_for_each_count(workers: list[SharedNonces]) -> None:
    one, other = workers
    nonce = one.make("acme")
    assert one.use("acme", nonce, 1)
    assert not one.use("acme", nonce, 1)
    assert not other.use("acme", nonce, 1)
    assert other.use("acme", nonce, 2)
    assert not one.use("acme", nonce, 2)


def test_counts_may_arrive_in_any_order(workers: list[SharedNonces]) -> None:
    nonce = workers[0].make("acme")
    counts = list(range(1, WINDOW))
    random.Random(1).shuffle(counts)
    assert all(workers[count % 2].use("acme", nonce, count) for count in counts)
    assert not any(workers[(count + 1) % 2].use("acme", nonce, count) for count in counts)


def test_a_count_that_is_far_behind_is_refused(workers: list[SharedNonces]) -> None:
    one, other = workers
    nonce = one.make("acme")
    assert one.use("acme", nonce, 5 * WINDOW)
    assert not other.use("acme", nonce, 4 * WINDOW)
    assert other.use("acme", nonce, 4 * WINDOW + 1)
    assert one.use("acme", nonce, 5 * WINDOW - 1)
    assert not one.use("acme", nonce, 5 * WINDOW - 1)


def test_after_a_jump_every_count_within_the_window_is_new_once(workers: list[SharedNonces]) -> None:
    one, _ = workers
    nonce = one.make("acme")
    for start in (1, WINDOW // 2, 3 * WINDOW, 3 * WINDOW + WINDOW // 3):
        assert one.use("acme", nonce, start)
    fresh = [count for count in range(2 * WINDOW + WINDOW // 3 + 1, 3 * WINDOW) if one.use("acme", nonce, count)]
    assert len(fresh) == WINDOW - WINDOW // 3 - 1
    assert not any(one.use("acme", nonce, count) for count in fresh)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_begins_with_one(workers: list[SharedNonces], count: int) -> None:
    assert not workers[0].use("acme", workers[0].make("acme"), count)


def test_a_nonce_is_for_one_realm(workers: list[SharedNonces]) -> None:
    nonce = workers[0].make("acme")
    assert not workers[0].use("other", nonce, 1)
    assert not workers[0].is_fresh("other", nonce)


def test_a_nonce_ends(workers: list[SharedNonces], clock: Clock) -> None:
    nonce = workers[0].make("acme")
    assert LIFETIME_SECONDS >= 300
    clock.seconds += LIFETIME_SECONDS - 1
    assert workers[0].use("acme", nonce, 1)
    clock.seconds += 2
    assert not workers[0].is_fresh("acme", nonce)
    assert not workers[0].use("acme", nonce, 2)


@pytest.mark.parametrize("nonce", ["", "x", "AAAA", "é", "\x00", "A" * 44, "=" * 100])
def test_what_nobody_handed_out_is_no_nonce(workers: list[SharedNonces], nonce: str) -> None:
    assert not workers[0].use("acme", nonce, 1)
    assert not workers[0].is_fresh("acme", nonce)


def test_a_changed_nonce_is_none(workers: list[SharedNonces]) -> None:
    nonce = workers[0].make("acme")
    for at in (0, 5, 12, 20, 40):
        changed = nonce[:at] + ("B" if nonce[at] != "B" else "C") + nonce[at + 1 :]
        assert not workers[0].use("acme", changed, 1)


def test_another_run_knows_none_of_them(tmp_path: Path, workers: list[SharedNonces]) -> None:
    (tmp_path / "again").mkdir()
    assert not SharedNonces(tmp_path / "again", workers=2).use("acme", workers[0].make("acme"), 1)


def test_what_is_forgotten_is_never_new_again(workers: list[SharedNonces], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "_SETS", 1)  # so that all of them meet in one set
    one, other = workers
    old = one.make("acme")
    assert one.use("acme", old, 1)
    for _ in range(20):
        assert one.use("acme", one.make("acme"), 1)
    for worker in (one, other):
        assert not worker.use("acme", old, 1)
        assert not worker.use("acme", old, 2)


def test_a_worker_that_begins_anew_believes_no_nonce_that_it_may_have_seen(
    tmp_path: Path, workers: list[SharedNonces]
) -> None:
    nonce = workers[0].make("acme")
    third = SharedNonces(tmp_path, workers=2)
    assert not third.use("acme", nonce, 1)
    assert not workers[1].use("acme", nonce, 2)
    assert third.use("acme", third.make("acme"), 1)
