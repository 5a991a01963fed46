"""Files are read row by row, and from any mark on the rest is what it would have been."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.import_csv import CsvReader, form_of
from ringbook.domain.import_encoding import checked, encoding_of, mark_length
from ringbook.domain.import_lines import text_of
from ringbook.domain.problems import Invalid
from ringbook.domain.table import FileForm, Mark, Row

CELLS = st.text(st.sampled_from("ab ,;\"'\n\r\té€"), max_size=8)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12)


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    yield from (content[at : at + size] for at in range(0, len(content), size))


def reader(form: FileForm, content: bytes, size: int, at: Mark) -> CsvReader:
    return CsvReader(form, text_of(pieces(content[at.offset :], size), form.encoding), at)


@given(TABLES, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "cp1252"]), st.integers(1, 40))
def test_reading_goes_on_from_any_mark_as_if_it_had_not_stopped(
    table: list[list[str]], encoding: str, size: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([["x", "y", "z"], *table])
    content = text.getvalue().encode(encoding)
    form = FileForm("csv", encoding, ";", columns=("x", "y", "z"))
    reading = reader(form, content, size, Mark())
    seen: list[Row] = []
    marks: list[Mark] = []
    for row in reading:
        seen.append(row)
        marks.append(reading.mark)
    assert [list(row.values.values()) for row in seen] == table
    for n, mark in enumerate(marks, 1):
        assert list(reader(form, content, size, mark)) == seen[n:]


@given(
    st.lists(
        st.sampled_from(["1,a", '2,"b', '3,"c""d"', "4,e,f", "5,g, ,", '"6\n7",h', "", "8,\x01", "9,é"]), max_size=12
    ),
    st.sampled_from([None, 5, 40]),
    st.integers(1, 9),
)
def test_a_table_has_the_rows_that_are_read_row_by_row(lines: list[str], size: int | None, most: int) -> None:
    content = "\n".join(["x,y", *lines]).encode()
    form = FileForm("csv", columns=("x", "y"))
    alone = reader(form, content, size or 4096, Mark())
    at_once = reader(form, content, size or 4096, Mark())
    rows, blank = list(alone), alone.blank
    by_row = iter(at_once)
    seen: list[Row] = []
    while not at_once.is_over:
        table = at_once.table(most, 1000)
        if table is None:
            seen += islice(by_row, 1)
        else:
            seen += [Row(n, dict(zip("xy", cells, strict=True))) for n, cells in zip(*table[:2], strict=True)]
            seen += table.unread
        assert at_once.mark.row >= max((row.number for row in seen), default=0)
    assert [(row.number, row.fault) for row in sorted(seen, key=lambda row: row.number)] == [
        (row.number, row.fault) for row in rows
    ]
    assert [row for row in seen if not row.fault] == [row for row in rows if not row.fault]
    assert at_once.blank == blank


@given(st.lists(st.sampled_from(["1,a", '2,"b', '3,"c"d', "4,e,f", "5", '"6\n7",g', "", '8,"h""i"']), max_size=10))
def test_every_line_is_told_whatever_the_quotes_are(lines: list[str]) -> None:
    content = "\n".join(["x,y", *lines]).encode()
    form = FileForm("csv", columns=("x", "y"))
    rows = list(reader(form, content, 7, Mark()))
    text = "".join(str(cell) for row in rows for cell in row.values.values())
    for letter in "abcdefghi":
        assert text.count(letter) == sum(line.count(letter) for line in lines)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        ("Müller".encode(), "utf-8"),
        ("Müller".encode("utf-8-sig"), "utf-8"),
        ("Müller".encode("cp1252"), "cp1252"),
        ("5 €".encode("cp1252"), "cp1252"),
        ("M\x81".encode("latin-1"), "cp1252"),
        ("Müller".encode("utf-16"), "utf-16-le"),
        ("Müller".encode("utf-16-be"), "utf-16-be"),
        ("Müller,Müller,".encode() + b"J\xf6rg", "utf-8"),
    ],
)
def test_an_encoding_is_found_out(content: bytes, encoding: str) -> None:
    assert (
        encoding_of(pieces(content, 3 if encoding.startswith(("utf-8", "cp")) and content[:1] < b"\x80" else 99))
        == encoding
    )


def test_an_encoding_can_be_said() -> None:
    assert checked("Shift_JIS", b"") == "shift_jis"
    assert checked("utf-16", "x".encode("utf-16-be")) == "utf-16-be"
    assert mark_length("utf-8", "x".encode("utf-8-sig")) == 3
    for name in ("no such", "base64", "idna", "\n"):
        with pytest.raises(Invalid):
            checked(name, b"")


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("id;name\n1;a,b\n2;c,d\n", ";", True),
        ("id\tname\n1\ta\n", "\t", True),
        ("1,Ann,330-555-0101\n2,Bo,330-555-0102\n", ",", False),
        ("name\nAnn\n", ",", True),
        ("Ann|ann@example.com\n", "|", False),
    ],
)
def test_a_delimiter_and_a_header_are_found_out(text: str, delimiter: str, header: bool) -> None:
    form = form_of(text, "utf-8")
    assert (form.delimiter, form.header) == (delimiter, header)


def test_columns_of_one_name_are_told_apart() -> None:
    assert form_of("Phone,Phone,\nx,y,z\n", "utf-8").columns == ("Phone", "Phone (2)", "column 3")
