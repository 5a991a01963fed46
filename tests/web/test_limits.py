"""Limits over several workers of one host."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringbook.domain.access import Credential
from ringbook.domain.problems import TooMany
from ringbook.web.limits import SharedLimits


def credential(id_: int, per_second: int | None) -> Credential:
    return Credential(id_, 1, "native", "tests", frozenset(), datetime.now(UTC), per_second=per_second)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets what second it is."""

    def set_to(moment: float) -> None:
        monkeypatch.setattr(time, "time", lambda: moment)

    set_to(1_000_000.0)
    return set_to


def refused(of: SharedLimits, who: Credential) -> bool:
    try:
        of.take(who)
    except TooMany:
        return True
    return False


def test_a_key_without_a_limit_is_not_counted(tmp_path: Path, second: Callable[[float], None]) -> None:
    one = SharedLimits(tmp_path, workers=1)
    assert not any(refused(one, credential(7, None)) for _ in range(1000))


def test_a_second_is_used_up_and_the_next_one_is_not(tmp_path: Path, second: Callable[[float], None]) -> None:
    one = SharedLimits(tmp_path, workers=1)
    who = credential(7, 3)
    assert [refused(one, who) for _ in range(5)] == [False, False, False, True, True]
    second(1_000_001.0)
    assert [refused(one, who) for _ in range(4)] == [False, False, False, True]


def test_the_counts_of_two_workers_add_up(tmp_path: Path, second: Callable[[float], None]) -> None:
    one, two = SharedLimits(tmp_path, workers=2), SharedLimits(tmp_path, workers=2)
    who = credential(7, 4)
    assert [refused(of, who) for of in (one, two, one, two, one, two)] == [False] * 4 + [True] * 2
    second(1_000_001.0)
    assert not refused(two, who)


def test_keys_do_not_use_up_each_others_seconds(tmp_path: Path, second: Callable[[float], None]) -> None:
    one, two = SharedLimits(tmp_path, workers=2), SharedLimits(tmp_path, workers=2)
    busy = [credential(7 + n * 512, 1000) for n in range(1, 8)]
    for who in busy:
        for of in (one, two):
            for _ in range(10):
                of.take(who)
    assert [refused(one, credential(7, 2)) for _ in range(3)] == [False, False, True]


def test_ids_of_any_size_are_counted(tmp_path: Path, second: Callable[[float], None]) -> None:
    one = SharedLimits(tmp_path, workers=1)
    for id_ in (1, 511, 512, 4096, 2**31, 2**63 - 1):
        assert [refused(one, credential(id_, 1)) for _ in range(2)] == [False, True]


_ANOTHER_WORKER = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from ringbook.domain.access import Credential
from ringbook.web.limits import SharedLimits

time.time = lambda: 1_000_000.0
of = SharedLimits(Path(sys.argv[1]), workers=2)
for _ in range(2):
    of.take(Credential(7, 1, "native", "tests", frozenset(), datetime.now(UTC), per_second=100))
"""


def test_a_dead_workers_column_is_taken_over_empty(tmp_path: Path, second: Callable[[float], None]) -> None:
    one = SharedLimits(tmp_path, workers=2)
    who = credential(7, 4)
    for _ in range(5):  # more workers come and die than there are columns
        subprocess.run([sys.executable, "-c", _ANOTHER_WORKER, str(tmp_path)], check=True, timeout=20)
    assert [refused(one, who) for _ in range(3)] == [False, False, True], "what a dead worker counted counts"
    two = SharedLimits(tmp_path, workers=2)
    second(1_000_001.0)
    assert [refused(of, who) for of in (one, two, one, two, one)] == [False] * 4 + [True]


def test_counting_costs_microseconds(tmp_path: Path) -> None:
    one = SharedLimits(tmp_path, workers=4)
    who = credential(7, 10**9)
    began = time.perf_counter()
    for _ in range(1000):
        one.take(who)
    assert time.perf_counter() - began < 0.5
