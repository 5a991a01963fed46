"""`python -m bench`: measure, and tell it as a table or (--json) as one line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import report
from bench.data import HERE, Size
from bench.problem import BenchProblem
from bench.runs import Plan, measure


@dataclass(frozen=True)
class Options:
    plan: Plan
    place: Path
    json: bool


def options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--contacts", type=int, help="how many (1000000; with --quick 50000)")
    parser.add_argument("--rounds", type=int, help="runs of each subject; medians are told (3)")
    parser.add_argument("--seconds", type=int, help="length of one run (5)")
    parser.add_argument("--quick", action="store_true", help="a smoke test: few contacts, one short round")
    parser.add_argument("--json", action="store_true", help="for a program: one line of JSON")
    given = parser.parse_args()
    contacts, rounds, seconds = (50_000, 1, 1) if given.quick else (1_000_000, 3, 5)
    plan = Plan(Size(given.contacts or contacts), given.rounds or rounds, given.seconds or seconds)
    return Options(plan, Path(os.environ.get("RINGBOOK_BENCH_DATA", HERE.parent / ".bench")), given.json)


def main() -> int:
    given = options()
    try:
        results = measure(given.plan, given.place)
    except BenchProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(json.dumps(report.plain(results)) if given.json else report.table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
