"""What comes after an attempt: a campaign's rules by outcome, and what they decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringbook.domain.attempt import Outcome

MOST_TRIES = 1000


class RetryRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try a number again after so long, until it had this outcome so often; then it is used up."""

    after_minutes: Annotated[float, Meta(ge=0, le=366 * 24 * 60)]
    tries: Annotated[int, Meta(ge=1, le=MOST_TRIES)]


class RetryRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often in all, and by outcome. What has no rule is decided by whoever reports the attempt."""

    most_tries: Annotated[int, Meta(ge=1, le=MOST_TRIES)] | None = None
    answered: RetryRule | None = None
    no_answer: RetryRule | None = None
    busy: RetryRule | None = None
    machine: RetryRule | None = None
    abandoned: RetryRule | None = None
    congestion: RetryRule | None = None
    unavailable: RetryRule | None = None
    failed: RetryRule | None = None
    refused: RetryRule | None = None
    unknown: RetryRule | None = None

    def of(self, outcome: Outcome) -> RetryRule | None:
        rule: RetryRule | None = getattr(self, outcome)
        return rule


class TriedPhone(msgspec.Struct, frozen=True):
    """What a campaign record keeps of one number's tries, as far as it matters for who is called next."""

    tries: int = 0
    outcomes: dict[str, int] = {}
    used_up: bool = False


class Tried(msgspec.Struct, frozen=True):
    """How it stands after an attempt: tries of the record, tries of this number with this outcome, other numbers left.

    `same` is None for an attempt on none of the record's numbers.
    """

    total: int
    same: int | None
    others_left: bool


class Decision(msgspec.Struct, frozen=True):
    """What comes next, and who said so: the caller, a rule, or (`none`) nobody.

    `number_used_up`: the record's next number is tried from now on.
    """

    by: Literal["caller", "rule", "none"]
    final: bool = False
    next_try_at: datetime | None = None
    number_used_up: bool = False
    why: str = ""


UNDECIDED = Decision("none")


def decide(rules: RetryRules | None, outcome: Outcome, tried: Tried, at: datetime) -> Decision:
    """What a campaign's rules say after an attempt that ended `at`."""
    if rules is None:
        return UNDECIDED
    if rules.most_tries is not None and tried.total >= rules.most_tries:
        return Decision("rule", final=True, why=f"try {tried.total} of {rules.most_tries}")
    rule = rules.of(outcome)
    return UNDECIDED if rule is None else _by_rule(rule, outcome, tried, at)


def _by_rule(rule: RetryRule, outcome: Outcome, tried: Tried, at: datetime) -> Decision:
    again = at + timedelta(minutes=rule.after_minutes)
    if tried.same is None:
        return Decision("rule", next_try_at=again, why=outcome)
    why = f"{outcome} {tried.same} of {rule.tries}"
    if tried.same < rule.tries:
        return Decision("rule", next_try_at=again, why=why)
    if tried.others_left:
        return Decision("rule", next_try_at=at, number_used_up=True, why=why)
    return Decision("rule", final=True, number_used_up=True, why=why)
