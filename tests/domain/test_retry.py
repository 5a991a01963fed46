"""What a campaign's rules decide after an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.attempt import Outcome
from ringbook.domain.retry import UNDECIDED, RetryRule, RetryRules, Tried, decide

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = RetryRules(most_tries=6, busy=RetryRule(after_minutes=10, tries=3))
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def test_every_outcome_can_have_a_rule() -> None:
    assert set(OUTCOMES) == set(RetryRules.__struct_fields__) - {"most_tries"}


def test_a_number_is_tried_again_until_it_is_used_up_then_the_next_then_none() -> None:
    again = decide(RULES, "busy", Tried(total=2, same=2, others_left=True), NOON)
    assert (again.by, again.next_try_at, again.final) == ("rule", NOON + timedelta(minutes=10), False)
    other = decide(RULES, "busy", Tried(total=3, same=3, others_left=True), NOON)
    assert (other.next_try_at, other.number_used_up, other.final) == (NOON, True, False)
    over = decide(RULES, "busy", Tried(total=5, same=3, others_left=False), NOON)
    assert (over.next_try_at, over.number_used_up, over.final) == (None, True, True)


def test_the_last_try_of_all_is_final_whatever_its_outcome() -> None:
    assert decide(RULES, "answered", Tried(6, 1, True), NOON).final
    assert decide(RULES, "busy", Tried(6, 1, True), NOON).final


def test_what_has_no_rule_is_left_to_the_caller() -> None:
    assert decide(None, "busy", Tried(9, 9, False), NOON) == UNDECIDED
    assert decide(RULES, "answered", Tried(1, 1, False), NOON) == UNDECIDED


_RULE = st.none() | st.builds(RetryRule, after_minutes=st.floats(0, 1e4), tries=st.integers(1, 8))
_RULES = st.builds(RetryRules, most_tries=st.none() | st.integers(1, 20), **dict.fromkeys(OUTCOMES, _RULE))
_TRIED = st.builds(Tried, total=st.integers(1, 30), same=st.none() | st.integers(1, 30), others_left=st.booleans())


@given(_RULES, st.sampled_from(OUTCOMES), _TRIED)
def test_a_decision_is_to_go_on_or_to_end_and_never_both(rules: RetryRules, outcome: Outcome, tried: Tried) -> None:
    made = decide(rules, outcome, tried, NOON)
    if made.by == "none":
        assert made == UNDECIDED
        assert rules.of(outcome) is None
    else:
        assert made.final == (made.next_try_at is None)
        assert made.next_try_at is None or made.next_try_at >= NOON
        assert made.final or rules.most_tries is None or tried.total < rules.most_tries
        assert made.why
