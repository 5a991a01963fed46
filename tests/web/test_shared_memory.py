"""Columns of numbers that processes share: whose they are, and what happens to those of the dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ringbook.web.shared_memory import SharedColumns

_WRITES_AND_DIES = """
import sys
from pathlib import Path
from ringbook.web.shared_memory import SharedColumns
columns = SharedColumns(Path(sys.argv[1]), 2, 4, everybodys=3)
columns.cells[columns.own] = 7
columns.cells[0] += 1
"""


def columns(file: Path) -> SharedColumns:
    return SharedColumns(file, 2, 4, everybodys=3)


def test_workers_have_columns_of_their_own_and_see_each_others(tmp_path: Path) -> None:
    one, two = columns(tmp_path / "file"), columns(tmp_path / "file")
    assert one.own != two.own
    one.cells[one.own] = 5
    two.cells[two.own] = 2**63 - 1
    assert [two.cells[one.own], one.cells[two.own]] == [5, 2**63 - 1]
    assert [one.lives(one.own), one.lives(two.own)] == [True, True]


def test_a_dead_workers_column_is_empty_for_the_next_and_everybodys_cells_stay(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for _ in range(4):  # more than there are columns
        subprocess.run([sys.executable, "-c", _WRITES_AND_DIES, file], check=True, timeout=20)
    one = columns(file)
    assert list(one.cells[one.own : one.own + 4]) == [0, 0, 0, 0]
    assert one.cells[0] == 4
    left = [start for start in one.starts if one.cells[start] == 7]
    assert not any(one.lives(start) for start in left)


def test_a_pid_that_is_somebody_elses_by_now_is_nobody(tmp_path: Path) -> None:
    one = columns(tmp_path / "file")
    free = next(start for start in one.starts if start != one.own)
    one.cells[free - 2] = os.getpid()
    one.cells[free - 1] = 1  # who had this pid was started long before
    assert not one.lives(free)


def test_a_column_that_nobody_had_is_nobodys(tmp_path: Path) -> None:
    one = columns(tmp_path / "file")
    assert [one.lives(start) for start in one.starts] == [start == one.own for start in one.starts]
