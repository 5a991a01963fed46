"""What became of a record, in wolkvox's many spellings of the one vocabulary (contract 2.0, "Result vocabulary")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, get_args

from ringbook.domain.attempt import Outcome
from ringbook.domain.campaign import Result


class Words(NamedTuple):
    """A result where records are shown and filtered; in campaign_15; in cdr_5."""

    canonical: str
    export: str
    unconnected: str


_WORDS: Mapping[Result, Words] = {
    "clean": Words("CLEAN", "CLEAN", "Clean"),
    "no_answer": Words("NO-ANSWER", "NO ANSWER", "No answer"),
    "machine": Words("ANSWER-MACHINE", "ANSWER MACHINE", "Answer machine"),
    "abandoned": Words("ABANDON", "ABANDON", "Abandon"),
    "busy": Words("BUSY", "BUSY", "Busy"),
    "congestion": Words("CONGESTION", "CONGESTION", "Congestion"),
    "failed": Words("FAILED", "FAILED", "Failed"),
    "refused": Words("FAILED", "FAILED", "Failed"),
    "unknown": Words("UNKNOWN", "UNKNOWN", "Unknown"),
    "do_not_call": Words("DO-NOT-CALL", "DO NOT CALL", "Do not call"),
    "unavailable": Words("CHANUNAVAIL", "CHANUNAVAIL", "Chanunavail"),
    "answered": Words("ANSWER", "ANSWER", "Answer"),
}
# recall_records has a name of its own for one of them.
_ALIASES = {"NOT-AVAILABLE": "CHANUNAVAIL", "DO-NOT-CALL-CLEAN": "CLEAN"}

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def shown(result: Result) -> str:
    """As find_record and detail show it (D-W7)."""
    return _WORDS[result].canonical


def reported(result: Result) -> str:
    """As campaign_1, campaign_3 and campaign_4 have it, with their odd word for what was never called."""
    return "do-not-call_clean" if result == "clean" else _WORDS[result].canonical.lower()


def exported(result: Result) -> str:
    """As campaign_15 has it."""
    return _WORDS[result].export


def turbo(result: Result) -> str:
    """As campaign_10 has it."""
    return _WORDS[result].export.lower()


def unconnected(result: Result) -> str:
    """As cdr_5 and cdr_6 have it."""
    return _WORDS[result].unconnected


def normalised(word: str) -> str:
    """A machine code in any of its spellings, as find_record shows it."""
    plain = "-".join(word.strip().upper().replace("_", "-").split())
    return _ALIASES.get(plain, plain)


def meant(word: str) -> tuple[Result, ...]:
    """The results that a word in any spelling stands for; none for a word that is not known."""
    plain = normalised(word)
    return tuple(result for result, words in _WORDS.items() if words.canonical == plain)
