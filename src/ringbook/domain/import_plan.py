"""What a row of a file says: its cells, by column, become values of attributes or of a list's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringbook.domain.cell_forms import cell_forms
from ringbook.domain.cells import RINGBOOK_ID, undefused
from ringbook.domain.layout import Layout
from ringbook.domain.schema import Attribute, Schema
from ringbook.domain.table import FileForm, Row


class Plan:
    """`mapping` says which column goes where. In a format whose rows name their columns, one that the mapping does not
    speak of goes where its name says, or nowhere.
    """

    def __init__(
        self, mapping: Mapping[str, str | None], target: Schema | Layout, form: FileForm, *, clear: bool = False
    ) -> None:
        self.form = form
        self._target = target
        self._textual = form.is_textual
        self._clear = clear
        self._forms = cell_forms(form.dates, form.decimal)
        self._places = dict(mapping)
        self._attributes: dict[str, Attribute | None] = {}
        if isinstance(target, Schema):
            self._attributes = {key: target.by_key.get(key) for key in mapping.values() if key}
        self._used = [(column, place) for column, place in mapping.items() if place]

    def column_of(self, place: str | None) -> str:
        """The file's own name for what goes there; empty where no column does."""
        asked = (place or "").casefold()
        return next((column for column, to in self._places.items() if to and to.casefold() == asked), "")

    def said(self, row: Row) -> dict[str, Any]:
        """What the row says; `ringbook_id` is among it where it says who it is about."""
        return self._of_cells(row.values) if self._textual else self._of_object(row.values)

    @property
    def is_by_column(self) -> bool:
        """Whether each column can be read by itself."""
        has_ids = any(place == RINGBOOK_ID for _, place in self._used)
        return self._textual and not self._clear and not has_ids

    def columns(self, rows: Sequence[Sequence[str]]) -> dict[str, Sequence[str]]:
        """The cells of rows by what they say something of, in the form of an export."""
        cells = zip(*rows, strict=True) if rows else ((),) * len(self.form.columns)
        by_column = dict(zip(self.form.columns, cells, strict=True))
        return {place: self._plain(place, by_column[column]) for column, place in self._used}

    def _plain(self, place: str, cells: Sequence[str]) -> Sequence[str]:
        attribute = self._attributes.get(place)
        return cells if attribute is None else self._forms.plain(attribute, cells)

    def _of_cells(self, cells: Mapping[str, str]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for column, place in self._used:
            cell = cells.get(column)
            if cell:
                attribute = self._attributes.get(place)
                value = undefused(cell) if attribute is None else self._forms.value_of(attribute, cell)
                if value != "":
                    told[place] = value
                    continue
            if self._clear and place != RINGBOOK_ID:
                told[place] = self._cleared
        return told

    @property
    def _cleared(self) -> str | None:
        return None if isinstance(self._target, Schema) else ""

    def _of_object(self, values: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in values.items():
            place = self._places[name] if name in self._places else self._named(name)
            if place is not None:
                # Names that go nowhere are not kept: each row may have others.
                self._places[name] = place
                told[place] = value
        return told

    def _named(self, name: str) -> str | None:
        if isinstance(self._target, Schema):
            found = self._target.named(name)
            place = RINGBOOK_ID if name == RINGBOOK_ID else found.key if found else None
        else:
            field = self._target[name]
            place = field.name if field and not field.skip else None
        return None if place in self._places.values() else place
