"""Many records of a list as its layout reads them, before anything is known of whom they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ringbook.domain.calling_list import Layout, RecordDraft
from ringbook.domain.phone import Phone, normalise
from ringbook.domain.problems import Problem


class Drafting(NamedTuple):
    """What records are read by: the list's layout, and the tenant's region."""

    layout: Layout
    region: str


@dataclass(frozen=True, slots=True)
class Drafts:
    """By place, the records that fit, and why others do not; and how their numbers are read."""

    how: Drafting
    fit: dict[int, RecordDraft] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)
    numbers: dict[str, Phone] = field(default_factory=dict)

    def add(self, records: Iterable[tuple[int, Mapping[str, Any]]]) -> Drafts:
        """Read records, with their places. It needs no database, so that another thread can do it."""
        for at, record in records:
            try:
                draft = self.fit[at] = self.how.layout.draft(record)
            except Problem as problem:
                self.problems[at] = problem
                continue
            for phone in draft.phones:
                if phone.raw not in self.numbers:
                    self.numbers[phone.raw] = normalise(phone.raw, self.how.region)
        return self

    def phones(self, draft: RecordDraft) -> dict[int, Phone]:
        """The numbers of one of the records, by their slots."""
        return {phone.slot: self.numbers[phone.raw] for phone in draft.phones}
