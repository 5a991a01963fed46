"""Records read by column: each is the draft that the layout makes of its row, and what is odd is left to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from ringbook.domain.calling_list import OWN_LAYOUT
from ringbook.domain.cells import undefused
from ringbook.domain.drafting import Drafting, Drafts
from ringbook.domain.layout import LONGEST_VALUE, Field, Layout, RecordDraft
from ringbook.domain.phone import normalise
from ringbook.domain.plain_records import plain_drafts
from ringbook.domain.problems import Problem

LAYOUT = Layout(
    [
        Field("id", key=True),
        Field("branch", key=True),
        Field("customer", type="ACCOUNT"),
        Field("last name", type="LAST_NAME", required=True),
        Field("city"),
        Field("age", type="INTEGER"),
        Field("call at", type="DATETIME"),
        Field("home", type="PHONE", phone_type="US_CANADA"),
        Field("office", type="PHONE", remove_prefix="9", default_country_code="1"),
        Field("mobile", type="PHONE", phone_type="AS_GIVEN"),
        Field("UserData"),
    ]
)
COLUMNS = [field.name for field in LAYOUT.fields]
TYPICAL = [
    "7",
    "x",
    "C7",
    "Doe",
    "Bern",
    "41",
    "11/22/2026 09:30",
    "(212) 555-0107",
    "92125550108",
    "212 555 0109",
    "u",
]

cells = st.sampled_from(
    ["", " ", "7", " Doe ", "'=1", "'x", "x\ny", "Ünal", "9", "212-555-0101", "12125550102", "n" * 401]
)
rows = st.lists(st.tuples(*[st.just(cell) | cells for cell in TYPICAL]), max_size=6)


def columns_of(table: Sequence[Sequence[str]]) -> Mapping[str, Sequence[str]]:
    return {name: [row[at] for row in table] for at, name in enumerate(COLUMNS)}


def drafted(layout: Layout, row: Sequence[str]) -> RecordDraft | None:
    try:
        return layout.draft({name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell})
    except Problem:
        return None


@given(rows)
@example([tuple(TYPICAL)])
def test_each_is_what_the_layout_makes_of_its_row(table: Sequence[Sequence[str]]) -> None:
    plain = plain_drafts(LAYOUT, columns_of(table), len(table))
    for at, row in enumerate(table):
        if at in plain:
            expected = drafted(LAYOUT, [undefused(cell) for cell in row])
            assert plain[at] == expected
            assert expected is not None and list(plain[at].fields) == list(expected.fields)


def test_what_people_type_is_plain() -> None:
    table = [TYPICAL, ["8", "x", "", "Doe", "", "", "", "", "", " 212 555 0109", ""]]
    assert list(plain_drafts(LAYOUT, columns_of(table), 2)) == [0, 1]


def test_the_fields_stand_in_the_layouts_order() -> None:
    columns = dict(reversed(list(columns_of([TYPICAL]).items())))
    (draft,) = plain_drafts(LAYOUT, columns, 1).values()
    assert list(draft.fields) == COLUMNS


def test_what_lacks_something_or_does_not_fit_is_left_to_the_layout() -> None:
    def but(name: str, cell: str) -> list[str]:
        return [cell if column == name else typical for column, typical in zip(COLUMNS, TYPICAL, strict=True)]

    without_numbers = [cell if at < 7 else "" for at, cell in enumerate(TYPICAL)]
    table = [
        but("id", ""),
        but("branch", " "),
        but("last name", ""),
        but("city", "x" * (LONGEST_VALUE + 1)),
        but("city", "  "),
        but("age", "old"),
        but("call at", "soon"),
        but("home", "1"),
        without_numbers,
        TYPICAL,
    ]
    assert list(plain_drafts(LAYOUT, columns_of(table), len(table))) == [len(table) - 1]


def test_a_column_that_an_export_has_made_harmless_is_as_it_was() -> None:
    table = [["'=1+1" if name == "city" else cell for name, cell in zip(COLUMNS, TYPICAL, strict=True)]]
    assert plain_drafts(LAYOUT, columns_of(table), 1)[0].fields["city"] == "=1+1"


def test_a_list_that_forgives_what_is_missing_has_none() -> None:
    assert plain_drafts(OWN_LAYOUT, {"customer_id": ["7"], "tel1": ["2125550107"]}, 1) == {}


def test_two_fields_of_one_attribute_are_for_the_layout_to_choose_from() -> None:
    layout = Layout([Field("id", key=True), Field("tel", type="PHONE"), Field("city"), Field("City.")])
    columns = {"id": ["7"], "tel": ["2125550107"], "city": ["Bern"]}
    assert list(plain_drafts(layout, columns, 1)) == [0]
    assert plain_drafts(layout, columns | {"City.": ["Basel"]}, 1) == {}


def test_plain_ones_and_others_stand_in_their_order_with_their_numbers() -> None:
    how = Drafting(LAYOUT, "US")
    others = Drafts(how).add([(1, dict(zip(COLUMNS, TYPICAL, strict=True))), (3, {"id": "1"})])
    plain = plain_drafts(LAYOUT, columns_of([TYPICAL, TYPICAL, TYPICAL]), 3)
    drafts = others.with_plain({at: plain[at] for at in (0, 2)})
    assert list(drafts.fit) == [0, 1, 2]
    assert list(drafts.problems) == [3]
    assert drafts.phones(drafts.fit[2]) == {slot: normalise(raw, "US") for slot, raw in enumerate(TYPICAL[7:10], 1)}
