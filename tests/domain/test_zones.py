"""Where a number may be, by its digits and by a postcode."""

from __future__ import annotations

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from ringbook.domain.phone import match_key
from ringbook.domain.zones import folded_postcode, is_zone, prefixes_of, zones_of

HERE = "Europe/Paris"


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+1 330 555 0101", ("America/New_York",)),
        ("+1 213 555 0101", ("America/Los_Angeles",)),
        ("+49 30 23125 047", ("Europe/Berlin",)),
        ("+55 11 98765 4321", ("America/Sao_Paulo",)),
        ("4711", (HERE,)),
        ("nobody", (HERE,)),
        ("+800 1234 5678", (HERE,)),
    ],
)
def test_a_number_says_where_it_is_or_the_tenants_zone_is_taken(number: str, zones: tuple[str, ...]) -> None:
    assert zones_of(match_key(number, "DE"), (), HERE) == zones


def test_a_number_of_no_place_may_be_anywhere_in_its_country() -> None:
    found = zones_of(match_key("+1 800 555 0101", "US"), (), HERE)
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(found)


def test_a_postcode_says_which_of_the_numbers_zones_it_is_and_else_counts_too() -> None:
    free, new_york = match_key("+1 800 555 0101", "US"), match_key("+1 212 555 0101", "US")
    assert zones_of(free, ["America/Denver"], HERE) == ("America/Denver",)
    assert zones_of(new_york, ["America/Los_Angeles"], HERE) == ("America/New_York", "America/Los_Angeles")
    assert zones_of(match_key("4711", "US"), ["America/Denver"], HERE) == ("America/Denver",)


def test_every_zone_of_the_numbering_plans_has_a_clock_here() -> None:
    missing = {name for names in TIMEZONE_DATA.values() for name in names if not is_zone(name)}
    assert missing <= {"Etc/Unknown"}


def test_postcodes_are_compared_without_what_people_put_between() -> None:
    assert folded_postcode(" sw1a-1aa ") == folded_postcode("SW1A 1AA")
    assert prefixes_of("902 1") == ["9021", "902", "90", "9"]
    assert len(folded_postcode("9" * 1000)) == 20
