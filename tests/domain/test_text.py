"""Folding: what two people would call the same spelling is one key, and any key fits an index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.text import LONGEST_KEY, MOST_WORDS, bounded, fold, plain_search_keys, search_key, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MULLER"),
        ("  Anna   Maria ", "anna maria"),
        ("François", "francois"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ﬁne", "fine"),
        ("\uff21nna", "anna"),
        ("Zoe\u0308", "Zoë"),
    ],
)
def test_case_accents_and_blanks_make_no_difference(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Anna", "Ana"), ("a b", "ab"), ("42", "4 2"), ("я", "r")])
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=2000))
def test_a_key_is_never_longer_than_an_index_holds(text: str) -> None:
    assert len(search_key(text)) <= LONGEST_KEY


@given(st.text(alphabet="ab", min_size=LONGEST_KEY + 1, max_size=LONGEST_KEY + 20), st.text(alphabet="ab", min_size=1))
def test_long_texts_with_one_beginning_have_different_keys(text: str, more: str) -> None:
    assert bounded(text) != bounded(text + more)
    assert bounded(text) == bounded(text)


def test_a_text_that_just_fits_is_its_own_key() -> None:
    assert bounded("x" * LONGEST_KEY) == "x" * LONGEST_KEY
    assert bounded("x" * (LONGEST_KEY + 1)) != "x" * (LONGEST_KEY + 1)


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert len(bounded("\ud800" * 500)) == LONGEST_KEY


def test_words_are_folded_and_each_is_there_once() -> None:
    assert words("O'Brien-Smith, Anna  ANNA") == ["o", "brien", "smith", "anna"]
    assert words("... - _ !") == []


def test_a_name_has_so_many_words_at_most() -> None:
    assert len(words(" ".join(f"w{n}" for n in range(100)))) == MOST_WORDS


@given(st.lists(st.text(st.sampled_from("aZ1 -_'\"\\"), max_size=12)))
def test_plain_texts_have_the_keys_that_they_have_one_by_one(texts: list[str]) -> None:
    keys = plain_search_keys(texts)
    if keys is None:
        assert any(text != " ".join(text.split()) for text in texts), "all of them are plain"
    else:
        assert list(keys) == [search_key(text) for text in texts]


@pytest.mark.parametrize("odd", ["é", "a\nb", "a\tb", "\0", " a", "a ", "a  b", "x" * (LONGEST_KEY + 1)])
def test_one_odd_text_and_they_are_not_plain(odd: str) -> None:
    assert plain_search_keys(["a", odd, "b"]) is None
