"""Tries by phone, also when attempts are told in the wrong order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.attempt import Attempt, Outcome, next_phone_tries
from ringbook.domain.campaign import status_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def attempt(outcome: Outcome, minute: int = 0, cause: int | None = None, zone: timezone = UTC) -> Attempt:
    at = (NOON + timedelta(minutes=minute)).astimezone(zone)
    return Attempt(1, 7, 2, "330-555-0101", at, None, None, outcome, "", False, "", "", cause, None, "")


def test_tries_count_by_phone_and_keep_the_last_outcome_and_cause() -> None:
    tries = next_phone_tries({}, 1, attempt("busy", 0, 17))
    tries = next_phone_tries(tries, 2, attempt("answered", 1, 16))
    tries = next_phone_tries(tries, 1, attempt("no_answer", 2, 19))
    assert {slot: (t["tries"], t["outcome"], t["cause"]) for slot, t in tries.items()} == {
        "1": (2, "no_answer", 19),
        "2": (1, "answered", 16),
    }


def test_an_attempt_on_none_of_the_phones_changes_nothing() -> None:
    before: dict[str, Any] = {"1": {"tries": 3}}
    assert next_phone_tries(before, None, attempt("busy")) == before


def test_time_zones_make_no_difference_to_what_is_late() -> None:
    tries = next_phone_tries({}, 1, attempt("answered", 30))
    tries = next_phone_tries(tries, 1, attempt("busy", 0, zone=timezone(timedelta(hours=9))))
    assert tries["1"]["outcome"] == "answered"


@given(st.permutations(range(6)))
def test_the_order_of_telling_does_not_matter(order: list[int]) -> None:
    tries: dict[str, Any] = {}
    for n in order:
        tries = next_phone_tries(tries, 1, attempt("answered" if n == 5 else "busy", n, n))
    assert (tries["1"]["tries"], tries["1"]["outcome"], tries["1"]["cause"]) == (6, "answered", 5)


def test_a_record_is_new_until_it_is_tried_and_completed_once_it_is_final() -> None:
    assert [status_of(0, False), status_of(1, False), status_of(1, True), status_of(0, True)] == [
        "new",
        "in_progress",
        "completed",
        "completed",
    ]
