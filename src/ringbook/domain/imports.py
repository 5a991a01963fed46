"""Imports as nouns: what is asked for, how far it is, and what became of the rows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from ringbook.domain.table import DecimalSign, FileForm, FileFormat

Of = Literal["contacts", "list"]
ImportMode = Literal["add", "update", "upsert", "replace"]
ImportState = Literal[
    "uploading", "waiting", "running", "interrupted", "done", "cancelled", "failed", "undoing", "undone"
]
OPEN: frozenset[str] = frozenset({"uploading", "waiting", "running", "interrupted", "undoing"})
"""The states in which an import is still to go on."""


class ImportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an import is to do.

    `key` is the attribute that says who a row is about (None: customer id, then number); a list has its own. `mapping`
    says for columns which attribute or field they are (None: none); what it does not name is proposed. `blanks`: an
    empty cell says nothing, or clears. `dates` and `decimal` are how the cells of CSV and XLSX write dates (None: ISO
    8601) and numbers, for attributes of these types; a list's fields have forms of their own.
    """

    of: Of = "contacts"
    list_id: int | None = None
    mode: ImportMode = "upsert"
    key: str | None = None
    dry_run: bool = False
    mapping: dict[str, str | None] = {}
    blanks: Literal["keep", "clear"] = "keep"
    format: FileFormat | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    dates: str | None = None
    decimal: DecimalSign = "."


class Counts(msgspec.Struct, frozen=True):
    """What became of the rows. `rows` is the sum of added, updated, unchanged and refused.

    `repeated` rows were about somebody whom an earlier row was about; `removed` records are those that a replaced list
    no longer has; `blank` lines are no rows.
    """

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    repeated: int = 0
    removed: int = 0
    blank: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            *(a + b for a, b in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


class LeftAlone(msgspec.Struct, frozen=True):
    """What an undo did not touch, because somebody has changed it since or works with it."""

    entity: str
    id: int
    reason: str


class Undo(msgspec.Struct, frozen=True):
    """How far an undo is: the step, and where in it; and how much it put back and left alone."""

    step: int = 0
    at: int = 0
    restored: int = 0
    deleted: int = 0
    left: int = 0
    some: tuple[LeftAlone, ...] = ()


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """One import: a job over a file."""

    id: int
    state: ImportState
    file_name: str
    size: int
    uploaded: bool
    settings: ImportSettings
    form: FileForm | None
    extent: int
    next_offset: int
    next_row: int
    counts: Counts
    active_seconds: float
    undo: Undo | None
    actor: str
    dialect: str
    worker: str | None
    cancel_asked: bool
    failure: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_rehearsed(self) -> bool:
        """Whether it is a dry run that went through."""
        return self.settings.dry_run and self.state == "done"

    @property
    def settings_for_real(self) -> ImportSettings:
        """What one like this is carried out with that is no dry run: columns go where they went here."""
        places = self.form.places if self.form else None
        return msgspec.structs.replace(self.settings, dry_run=False, mapping=places or self.settings.mapping)

    @property
    def share(self) -> float:
        """How much of the file is behind, from 0 to 1; of an undo, how much of what it takes back."""
        if self.state in ("done", "undone"):
            return 1.0
        if self.state == "undoing":
            return self._share_undone
        return min(1.0, self.next_offset / self.extent) if self.extent else 0.0

    @property
    def _share_undone(self) -> float:
        undo, counts = self.undo or Undo(), self.counts
        # A row of a list may have brought or changed a contact, too.
        wrote = (counts.added + counts.updated) * (1 if self.settings.list_id is None else 2)
        whole = wrote + counts.removed
        return min(1.0, (undo.restored + undo.deleted + undo.left) / whole) if whole else 0.0

    @property
    def rows_a_second(self) -> float:
        return self.counts.rows / self.active_seconds if self.active_seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """When it may be done; None before that can be told, and afterwards."""
        if not self.share or self.state != "running":
            return None
        return self.active_seconds * (1 - self.share) / self.share


class Progress(msgspec.Struct, frozen=True):
    """How far an import is: `share` of the file from 0 to 1, and when it may be done."""

    state: ImportState
    file: str
    share: float
    counts: Counts
    seconds_left: float | None


def progress_of(job: Import) -> Progress:
    return Progress(job.state, job.file_name, job.share, job.counts, job.seconds_left)


class Profile(msgspec.Struct, frozen=True):
    """Import settings under a name."""

    name: str
    settings: ImportSettings
    changed_at: datetime
