"""Many records of a list as its layout reads them, before anything is known of whom they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from ringbook.domain.layout import Layout, RecordDraft
from ringbook.domain.phone import Phone, normalise, phones_of
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
                self.problems[at] = problem.to_keep()
                continue
            for phone in draft.phones:
                if phone.raw not in self.numbers:
                    self.numbers[phone.raw] = normalise(phone.raw, self.how.region)
        return self

    def with_plain(self, plain: Mapping[int, RecordDraft]) -> Drafts:
        """The same, and between them records that were read by column (domain/plain_records.py)."""
        raws = {phone.raw for draft in plain.values() for phone in draft.phones}
        fit = {**plain, **self.fit}
        ordered = dict(sorted(fit.items(), key=itemgetter(0))) if self.fit else fit
        return Drafts(self.how, ordered, self.problems, phones_of(raws, self.how.region) | self.numbers)

    def phones(self, draft: RecordDraft) -> dict[int, Phone]:
        """The numbers of one of the records, by their slots."""
        return {phone.slot: self.numbers[phone.raw] for phone in draft.phones}
