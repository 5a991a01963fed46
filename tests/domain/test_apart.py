"""Which records of a batch share nobody with another one."""

from __future__ import annotations

from ringbook.domain.apart import apart


def test_who_shares_no_key_is_apart_and_means_who_has_one() -> None:
    assert apart([["+1", "c:a"], ["+2"], []], [("+1", 7), ("c:a", 7)]) == {0: 7, 1: None, 2: None}


def test_a_shared_key_entangles_all_who_have_it() -> None:
    assert apart([["+1"], ["+2", "+1"], ["+3"], ["+1"]], []) == {2: None}


def test_a_key_twice_in_one_record_is_shared_with_nobody() -> None:
    assert apart([["+1", "+1"]], []) == {0: None}


def test_two_keys_of_one_contact_entangle() -> None:
    assert apart([["+1"], ["+2"], ["+3"]], [("+1", 7), ("+2", 7), ("+3", 8)]) == {2: 8}


def test_who_may_mean_several_is_not_apart() -> None:
    assert apart([["+1", "+2"], ["+3"]], [("+1", 7), ("+2", 8)]) == {1: None}


def test_a_contact_of_a_shared_key_entangles_another_that_means_it() -> None:
    assert apart([["+1"], ["+1"], ["+2"], ["+3"]], [("+1", 7), ("+2", 7)]) == {3: None}
