"""Formulas of a workbook that have no result: a program wrote them, and no spreadsheet has worked them out since."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import IO, Any

from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

NO_RESULT = "#NO RESULT"
"""How such a formula is shown."""

_ANY = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PIECE = 1 << 20
_BORDER = 100
_ROWS, _ROW, _CELL, _FORMULA, _VALUE = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("sheetData", "row", "c", "f", "v"))


def without_results(file: Path, part: str) -> dict[int, int]:
    """By row, the column of a formula without a result, both from 1, in the part of a workbook that is a sheet.

    The library that reads the cells tells neither such a formula nor one that came to an empty text from no cell.
    """
    with zipfile.ZipFile(file) as packed:
        with packed.open(part) as sheet:
            if not _has_formulas(sheet):
                return {}
        with packed.open(part) as sheet:
            return _found(sheet)


def _has_formulas(sheet: IO[bytes]) -> bool:
    before = b""
    while piece := sheet.read(_PIECE):
        if _ANY.search(before + piece):
            return True
        before = piece[-_BORDER:]
    return False


def _found(sheet: IO[bytes]) -> dict[int, int]:
    found: dict[int, int] = {}
    number = 0
    rows: Any = None
    for event, element in iterparse(sheet, ("start", "end")):
        if event == "start":
            rows = element if element.tag == _ROWS else rows
        elif element.tag == _ROW:
            number = int(element.get("r", number + 1))
            for place, cell in enumerate(element.iter(_CELL), 1):
                if _lacks(cell):
                    found[number] = coordinate_to_tuple(cell.get("r"))[1] if cell.get("r") else place
            rows.clear()  # a sheet may have a million of them
    return found


def _lacks(cell: Any) -> bool:
    """An empty text is a result."""
    return cell.find(_FORMULA) is not None and cell.get("t") != "str" and not cell.findtext(_VALUE)
