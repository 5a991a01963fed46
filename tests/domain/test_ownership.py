"""What a list record may write to its contact, by how it found it."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.ownership import Link, writable

KNOWN = {"first_name": "Ada", "city": "", "phone1": "330-555-0101"}
SAID = {"first_name": "Eve", "city": "Akron", "state": "Ohio", "phone1": "330-555-0102", "phone2": "330-555-0103"}
PHONE_KEYS = {"phone1", "phone2"}

links = st.sampled_from(get_args(Link))
values = st.dictionaries(st.sampled_from([*SAID, "email"]), st.text(max_size=2))


@pytest.mark.parametrize(
    ("link", "taken"),
    [
        ("created", SAID),
        ("customer_id", {"first_name": "Eve", "city": "Akron", "state": "Ohio", "phone2": "330-555-0103"}),
        ("phone", {"city": "Akron", "state": "Ohio", "phone2": "330-555-0103"}),
        ("hand", {"city": "Akron", "state": "Ohio", "phone2": "330-555-0103"}),
    ],
)
def test_the_link_says_what_is_overwritten(link: Link, taken: dict[str, Any]) -> None:
    assert writable(link, SAID, KNOWN, PHONE_KEYS, lambda raw: False) == taken


def test_a_number_that_the_contact_has_fills_no_second_attribute() -> None:
    assert writable("phone", {"phone2": "x"}, {}, PHONE_KEYS, lambda raw: raw == "x") == {}
    assert writable("created", {"phone2": "x"}, {}, PHONE_KEYS, lambda raw: raw == "x") == {"phone2": "x"}


@given(links, values, values)
def test_nothing_is_invented_and_empties_are_always_filled(
    link: Link, said: dict[str, str], known: dict[str, str]
) -> None:
    taken = writable(link, said, known, (), lambda raw: False)
    assert taken.items() <= said.items()
    assert {key for key in said if not known.get(key)} <= set(taken)


@given(st.sampled_from(["phone", "hand"]), values, values)
def test_a_record_found_by_number_never_overwrites(link: Link, said: dict[str, str], known: dict[str, str]) -> None:
    assert all(not known.get(key) for key in writable(link, said, known, PHONE_KEYS, lambda raw: False))
