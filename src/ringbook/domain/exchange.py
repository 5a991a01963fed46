"""Imports and exports as nouns: what is asked for, how far it is, and how a value looks in a cell."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

import msgspec

from ringbook.domain.schema import Attribute, fault_of
from ringbook.domain.table import FileForm, FileFormat

Of = Literal["contacts", "list"]
ImportMode = Literal["add", "update", "upsert", "replace"]
ImportState = Literal[
    "uploading", "waiting", "running", "interrupted", "done", "cancelled", "failed", "undoing", "undone"
]
OPEN: frozenset[str] = frozenset({"uploading", "waiting", "running", "interrupted", "undoing"})
"""The states in which an import is still to go on."""

RINGBOOK_ID = "ringbook_id"
"""The column by which an export says which contact a row is about."""
REPORT_COLUMNS = ("import_row", "import_column", "import_reason")
"""What a report has beside the row itself; an import takes no notice of them."""


class ImportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an import is to do.

    `key` is the attribute that says who a row is about (None: customer id, then number); a list has its own. `mapping`
    says for columns which attribute or field they are (None: none); what it does not name is proposed. `blanks`: an
    empty cell says nothing, or clears.
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
    def share(self) -> float:
        """How much of the file is behind, from 0 to 1."""
        if self.state not in OPEN:
            return 1.0
        return min(1.0, self.next_offset / self.extent) if self.extent else 0.0

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


# ---- Cells

_DANGER = re.compile(r"'*[=+\-@\t\r]")
"""How a text begins that a spreadsheet would take for a formula, also behind apostrophes of ours."""
_HARMLESS = re.compile(r"\+[\d\s().\-/]{3,30}|-\d{1,20}([.,]\d{1,20})?")
"""A telephone number, or a number below zero."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)")
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def defused(text: str) -> str:
    """A text as a cell that no spreadsheet runs as a formula: with an apostrophe in front, if it needs one."""
    return "'" + text if _DANGER.match(text) and not _HARMLESS.fullmatch(text) else text


def undefused(cell: str) -> str:
    """The text that defused() was given."""
    return cell[1:] if cell.startswith("'") and _DANGER.match(cell) else cell


def cell_of(attribute: Attribute | None, value: Any) -> str:
    """A value as a cell of a CSV file; value_of() reads it back, but for an empty text, which says nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        return defused(msgspec.json.encode(value).decode())
    if attribute is not None and attribute.type in ("Number", "Bool"):
        # A text where a number might be expected stays a text.
        return "'" + value if value.startswith("'") or value_of(attribute, value) is not value else value
    return defused(value)


def value_of(attribute: Attribute, cell: str) -> Any:
    """What a cell says of an attribute; whether that fits is not decided here."""
    if attribute.type in ("Text", "Phone"):
        return undefused(cell)
    if attribute.type == "Number":
        return cell[1:] if cell.startswith("'") else _number(cell)
    if attribute.type == "Bool":
        return cell[1:] if cell.startswith("'") else _BOOLS.get(cell.strip().lower(), cell)
    text = undefused(cell)
    return text.strip() if fault_of(attribute, text) else text


def _number(cell: str) -> Any:
    """A number that is written in the one way in which it would be exported; any other text as it is."""
    text = cell.strip()
    if _NUMBER.fullmatch(text) and len(text) < 4000 and text != "-0":
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text and number - number == 0 else text
